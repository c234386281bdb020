from __future__ import annotations

import numpy as np
import pytest

from nigdt.box import selection_box
from nigdt.context.blend import ColourShift, blend, blend_weight, colour_match, growth, hole_of
from nigdt.recipe import Recipe


@pytest.fixture
def selection() -> np.ndarray:
    selection = np.zeros((120, 160), np.uint8)
    selection[40:80, 50:110] = 255
    return selection


@pytest.fixture
def crop() -> np.ndarray:
    rows, columns = np.mgrid[0:120, 0:160]
    return np.stack([rows + 60, columns + 40, rows + columns // 2], -1).astype(np.uint8)


@pytest.mark.parametrize("feather", [0, 1, 2])
def test_a_short_feather_lies_outside_the_selection(selection: np.ndarray, feather: int) -> None:
    hole, weight = hole_of(selection), blend_weight(selection, feather)
    assert growth(selection) == 2
    assert (weight[selection == 255] == 255).all()
    assert (hole[weight > 0] == 255).all()
    reach = np.zeros_like(selection, bool)
    reach[40 - feather : 80 + feather, 50 - feather : 110 + feather] = True
    assert (weight[~reach] == 0).all()
    if feather:
        falling = weight[60, 110 : 110 + feather].astype(int)
        assert (np.diff(falling, prepend=255) < 0).all()
        assert falling[-1] > 0


@pytest.mark.parametrize("feather", [3, 12, 200])
def test_a_long_feather_reaches_into_the_selection(selection: np.ndarray, feather: int) -> None:
    hole, weight = hole_of(selection), blend_weight(selection, feather)
    np.testing.assert_array_equal(hole > 0, weight > 0)
    assert weight.max() == 255, "the deepest place is the fill's alone"
    across = weight[38:60, 80].astype(int)
    assert (np.diff(across) >= 0).all()
    assert (across < 255).sum() == pytest.approx(min(feather, 21), abs=1.5)


def test_a_feather_does_not_fade_at_the_photos_edge(selection: np.ndarray) -> None:
    edge = np.zeros_like(selection)
    edge[:, :60] = 255
    assert (blend_weight(edge, 30)[:, 0] == 255).all()
    assert (blend_weight(np.full_like(selection, 255), 30) == 255).all()


def test_the_hole_does_not_depend_on_the_feather(selection: np.ndarray) -> None:
    hole = hole_of(selection)
    assert set(np.unique(hole)) == {0, 255}
    assert hole[38:82, 60].all()
    assert not hole[37, 60]
    assert not hole_of(np.zeros_like(selection)).any()


def test_soft_edges_of_the_user_are_kept(selection: np.ndarray) -> None:
    soft = selection.copy()
    soft[:, 90:110] = np.where(selection[:, 90:110] > 0, np.linspace(250, 10, 20).astype(np.uint8), 0)
    assert growth(soft) == 1
    np.testing.assert_allclose(blend_weight(soft)[60, 92:108], soft[60, 92:108], atol=16)
    np.testing.assert_array_equal(blend_weight(soft, 0), soft)


def test_negative_feather_is_refused(selection: np.ndarray) -> None:
    with pytest.raises(ValueError, match="negative"):
        blend_weight(selection, -1)


@pytest.mark.parametrize("scale", [1, 9])
def test_colour_cast_is_removed_at_the_seam(crop: np.ndarray, selection: np.ndarray, scale: int) -> None:
    crop, selection = crop.repeat(scale, 0).repeat(scale, 1), selection.repeat(scale, 0).repeat(scale, 1)
    cast = np.array([20, -15, 10])
    fill = (crop.astype(int) + cast).clip(0, 255).astype(np.uint8)
    matched = colour_match(crop, fill, selection).astype(float)
    inside = selection > 0
    before = np.abs(fill.astype(float) - crop)[inside].mean()
    border = inside.copy()
    border[43 * scale : 77 * scale, 53 * scale : 107 * scale] = False
    assert np.abs(matched - crop)[border].mean() < 0.25 * before
    assert (
        np.abs(matched - crop)[60 * scale, 80 * scale].mean() > 0.4 * before
    )  # the middle keeps the colour asked for


@pytest.mark.parametrize("where", [np.s_[300:800, 400:900], np.s_[700:, 900:], np.s_[40:, 40:]])
def test_the_cast_is_found_as_well_for_a_draft(where: tuple[slice, slice]) -> None:
    height, width = 1051, 1307  # no multiple of what they are reduced by
    slope = np.linspace(60, 190, width, dtype=np.float32)[None, :, None]
    crop = np.broadcast_to(slope, (height, width, 3)).astype(np.uint8)
    fill = (crop + np.array([20, 0, 10])).astype(np.uint8)
    hole = np.zeros((height, width), np.uint8)
    hole[where] = 255
    box = selection_box(hole)
    exact, draft = (ColourShift.of(crop, fill, hole, side) for side in (2000, 256))
    assert exact is not None
    assert draft is not None
    assert max(draft.values.shape) < 300
    wanted = exact.at(box)
    assert wanted[..., 0].min() < -15
    np.testing.assert_allclose(draft.at(box), wanted, atol=2.0)
    np.testing.assert_allclose((draft.width, draft.height), (width, height), rtol=0.01)


def test_perfect_fill_is_left_alone(crop: np.ndarray, selection: np.ndarray) -> None:
    np.testing.assert_allclose(colour_match(crop, crop, selection), crop, atol=1e-3)


def test_whole_crop_selected_has_nothing_to_match(crop: np.ndarray) -> None:
    fill = np.full_like(crop, 99)
    np.testing.assert_array_equal(colour_match(crop, fill, np.full(crop.shape[:2], 255, np.uint8)), fill)


def test_strength_and_colour_match_are_a_matter_of_degree(crop: np.ndarray, selection: np.ndarray) -> None:
    fill = np.random.default_rng(0).integers(0, 256, crop.shape, dtype=np.uint8)
    hole, full = hole_of(selection), blend_weight(selection)
    matched, weight = blend(crop, fill, full, hole, Recipe())
    plain, half = blend(crop, fill, full, hole, Recipe(match_colours=0, strength=0.5))
    between, none = blend(crop, fill, full, hole, Recipe(match_colours=0.5, strength=0))
    assert matched.dtype == weight.dtype == np.uint8
    np.testing.assert_array_equal(plain, fill)
    np.testing.assert_allclose(half, weight / 2, atol=0.5)
    assert not none.any()
    assert np.abs(between.astype(float) - (matched.astype(float) + fill) / 2).max() <= 1
    assert not np.array_equal(matched, fill)
