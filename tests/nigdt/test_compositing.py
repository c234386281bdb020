from __future__ import annotations

import numpy as np
import pytest

from nigdt.context.compositing import blend, colour_match, composite, default_feather, hole_and_weight


@pytest.fixture
def selection() -> np.ndarray:
    selection = np.zeros((120, 160), np.uint8)
    selection[40:80, 50:110] = 255
    return selection


@pytest.fixture
def crop() -> np.ndarray:
    rows, columns = np.mgrid[0:120, 0:160]
    return np.stack([rows + 60, columns + 40, rows + columns // 2], -1).astype(np.uint8)


@pytest.mark.parametrize("feather", [0, 1, 4, 12])
def test_weight_is_full_inside_and_zero_beyond_the_feather(selection: np.ndarray, feather: int) -> None:
    hole, weight = hole_and_weight(selection, feather)
    assert (weight[selection == 255] == 1).all()
    assert ((hole == 255) == (weight > 0)).all()
    reach = np.zeros_like(selection, bool)
    reach[40 - feather : 80 + feather, 50 - feather : 110 + feather] = True
    assert (weight[~reach] == 0).all()
    if feather:
        falling = weight[60, 110 : 110 + feather]
        assert (np.diff(falling, prepend=1.0) < 0).all()
        assert falling[-1] > 0


def test_soft_edges_of_the_user_are_kept(selection: np.ndarray) -> None:
    soft = selection.copy()
    soft[:, 90:110] = np.where(selection[:, 90:110] > 0, np.linspace(250, 10, 20).astype(np.uint8), 0)
    assert default_feather(soft) == 1
    assert default_feather(selection) == 2
    _, weight = hole_and_weight(soft)
    np.testing.assert_allclose(weight[60, 92:108], soft[60, 92:108] / 255, atol=0.06)
    _, exact = hole_and_weight(soft, 0)
    np.testing.assert_array_equal(exact, (soft / np.float32(255)).astype(np.float32))


def test_negative_feather_is_refused(selection: np.ndarray) -> None:
    with pytest.raises(ValueError, match="negative"):
        hole_and_weight(selection, -1)


@pytest.mark.parametrize("scale", [1, 9])
def test_colour_cast_is_removed_at_the_seam(crop: np.ndarray, selection: np.ndarray, scale: int) -> None:
    crop, selection = crop.repeat(scale, 0).repeat(scale, 1), selection.repeat(scale, 0).repeat(scale, 1)
    cast = np.array([20, -15, 10])
    fill = (crop.astype(int) + cast).clip(0, 255).astype(np.uint8)
    matched = colour_match(crop, fill, selection)
    inside = selection > 0
    before = np.abs(fill.astype(float) - crop)[inside].mean()
    border = inside.copy()
    border[43 * scale : 77 * scale, 53 * scale : 107 * scale] = False
    assert np.abs(matched - crop)[border].mean() < 0.25 * before
    assert (
        np.abs(matched - crop)[60 * scale, 80 * scale].mean() > 0.4 * before
    )  # the middle keeps the colour asked for


def test_perfect_fill_is_left_alone(crop: np.ndarray, selection: np.ndarray) -> None:
    np.testing.assert_allclose(colour_match(crop, crop, selection), crop, atol=1e-3)


def test_whole_crop_selected_has_nothing_to_match(crop: np.ndarray) -> None:
    fill = np.full_like(crop, 99)
    np.testing.assert_array_equal(colour_match(crop, fill, np.full(crop.shape[:2], 255, np.uint8)), fill)


def test_composite_keeps_bytes_outside_the_weight(crop: np.ndarray, selection: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    fill = rng.integers(0, 256, crop.shape, dtype=np.uint8)
    matched, weight = blend(crop, fill, selection, feather=5)
    assert matched.dtype == np.uint8
    out = composite(crop, matched, weight)
    np.testing.assert_array_equal(out[weight == 0], crop[weight == 0])
    np.testing.assert_array_equal(out[weight == 1], matched[weight == 1])
    between = (weight > 0) & (weight < 1)
    low, high = np.minimum(crop, matched)[between], np.maximum(crop, matched)[between]
    assert ((out[between] >= low) & (out[between] <= high)).all()
