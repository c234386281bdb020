"""Removal on small made pictures, with the real PatchMatch."""

from __future__ import annotations

import numpy as np
import pytest

from nigdt.errors import SelectionError
from nigdt.removal import NothingFitsError, RemovalCancelledError, remove, variation
from nigdt.removal.figures import measure
from nigdt.removal.layout import lay_out

SIDE = 160


def hole(top: int = 50, left: int = 50, side: int = 56) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[top : top + side, left : left + side] = 255
    return mask


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(60, 200, (SIDE, SIDE, 3)).astype(np.uint8)


def gradient() -> np.ndarray:
    ramp = np.linspace(40, 215, SIDE)
    return np.broadcast_to(ramp[:, None, None], (SIDE, SIDE, 3)).round().astype(np.uint8)


def stripes(period: int = 12) -> np.ndarray:
    light = (np.arange(SIDE) // (period // 2)) % 2 == 0
    row = np.where(light[:, None], [210, 200, 180], [60, 70, 90])
    return np.broadcast_to(row[None], (SIDE, SIDE, 3)).astype(np.uint8)


def with_ball(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.where(mask[..., None] > 0, np.array([255, 0, 0], np.uint8), picture)


@pytest.mark.parametrize("quality", ["soft", "preview", "final"])
def test_only_the_hole_changes_and_what_it_hides_is_not_looked_at(quality: str) -> None:
    picture, mask = noise(), hole()
    filled = remove(with_ball(picture, mask), mask, quality=quality)
    other = remove(picture, mask, quality=quality)
    assert (filled[mask == 0] == picture[mask == 0]).all()
    assert (filled == other).all()
    assert filled[..., 0][mask > 0].max() < 230


def test_stripes_are_continued_in_step() -> None:
    picture, mask = stripes(), hole()
    filled = remove(with_ball(picture, mask), mask)
    difference = np.abs(filled.astype(int) - picture)[mask > 0].mean()
    assert difference < 8, difference


def test_a_gradient_is_continued_smoothly() -> None:
    picture, mask = gradient(), hole()
    filled = remove(with_ball(picture, mask), mask)
    assert np.abs(filled.astype(int) - picture)[mask > 0].max() <= 12
    steps = np.abs(np.diff(filled.astype(int), axis=1))[50:106, 49:106]
    assert steps.max() <= 6


def test_noise_keeps_its_grain() -> None:
    mask = hole()
    figures = measure(remove(noise(), mask), mask)
    assert 0.6 < figures.energy < 1.6
    assert figures.colour < 9
    assert figures.repetition < 1.1 * figures.ring_repetition


def test_the_same_arguments_give_the_same_bytes_and_variants_differ() -> None:
    picture, mask = noise(), hole()
    first = remove(picture, mask, variant=4, seed=3)
    assert (first == remove(picture, mask, variant=4, seed=3)).all()
    inside = mask > 0
    for other in (remove(picture, mask, variant=2, seed=3), remove(picture, mask, variant=4, seed=4)):
        assert np.abs(first[inside].astype(int) - other[inside]).mean() > 10


def test_another_thing_in_the_picture_does_not_serve() -> None:
    mask = hole(80, 80, 40)
    picture = noise()
    picture[4:40, 4:40] = [20, 20, 230]
    filled = remove(picture, mask)
    blue = (filled[..., 2].astype(int) - filled[..., 0] > 150)[mask > 0]
    assert blue.mean() < 0.02


def test_only_what_is_allowed_serves() -> None:
    mask = hole()
    picture = noise()
    picture[:, : SIDE // 2] //= 3
    allowed = np.zeros((SIDE, SIDE), np.uint8)
    allowed[:, : SIDE // 2 - 4] = 255
    left = remove(picture, mask, allowed=allowed)
    right = remove(picture, mask, allowed=255 - allowed)
    assert left[mask > 0].mean() < right[mask > 0].mean() - 15


def test_nothing_that_fits_is_said() -> None:
    mask = np.full((SIDE, SIDE), 255, np.uint8)
    with pytest.raises(NothingFitsError):
        remove(noise(), mask)
    mask[:, :3] = 0
    with pytest.raises(NothingFitsError):
        remove(noise(), mask)
    with pytest.raises(NothingFitsError):
        remove(noise(), hole(), allowed=np.zeros((SIDE, SIDE), np.uint8))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(SelectionError):
        remove(noise(), np.zeros((SIDE, SIDE), np.uint8))
    with pytest.raises(SelectionError):
        remove(noise(), hole()[:-1])
    with pytest.raises(SelectionError):
        remove(noise()[..., 0], hole())
    with pytest.raises(ValueError, match="negative"):
        variation(-1)


def test_progress_rises_and_it_can_be_stopped_between_steps() -> None:
    shares: list[float] = []
    remove(noise(), hole(), quality="preview", progress=shares.append)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    with pytest.raises(RemovalCancelledError):
        remove(noise(), hole(), cancelled=lambda: len(shares) > 0)


@pytest.mark.parametrize(("top", "left"), [(0, 0), (104, 104), (0, 60)])
def test_a_hole_at_the_edge_is_filled(top: int, left: int) -> None:
    mask = hole(top, left)
    filled = remove(with_ball(noise(), mask), mask)
    assert (filled == remove(noise(), mask)).all()
    assert measure(filled, mask).energy > 0.6


@pytest.mark.parametrize("variant", [0, 2, 3])
def test_new_borders_on_both_sides_are_filled_whichever_side_serves(variant: int) -> None:
    wide = np.random.default_rng(0).integers(120, 200, (SIDE, 3 * SIDE, 3)).astype(np.uint8)
    mask = np.full(wide.shape[:2], 255, np.uint8)
    mask[:, 48:-48] = 0
    filled = remove(with_ball(wide, mask), mask, variant=variant, quality="preview")
    for border in (filled[:, :48], filled[:, -48:]):
        assert border.mean() == pytest.approx(wide.mean(), abs=12)
        assert border.min() > 60


def test_sources_far_from_the_hole_serve() -> None:
    picture = np.random.default_rng(0).integers(160, 200, (60, SIDE, 3)).astype(np.uint8)
    hidden = np.zeros(picture.shape[:2], bool)
    hidden[:, :16] = True
    allowed = np.zeros_like(hidden)
    allowed[:, 60:] = True
    for recipe in (variation(0), variation(1)):
        guess = lay_out(picture, hidden, allowed, 1e6, recipe).guess
        assert guess[hidden].min() > 120


def test_a_hole_of_one_pixel_is_filled() -> None:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[80, 80] = 255
    picture = gradient()
    filled = remove(with_ball(picture, mask), mask)
    assert np.abs(filled[80, 80].astype(int) - picture[80, 80]).max() <= 12


def test_a_scratch_is_filled_by_what_lies_beside_it() -> None:
    far = np.random.default_rng(0).integers(0, 256, (900, 900, 3)).astype(np.uint8)
    near, mask = far.copy(), np.zeros((900, 900), np.uint8)
    mask[440:460, 200:700] = 255
    near[:200], near[700:] = 0, 255  # its length away it no longer counts
    assert (remove(far, mask)[mask > 0] == remove(near, mask)[mask > 0]).all()
