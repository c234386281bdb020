"""Ground that runs from out of focus to sharp does so where something was removed from it, too."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from nigdt.removal import remove
from nigdt.removal.focus import (
    by_degrees,
    expected,
    refocus,
    ring_of,
    roughness_of,
    same_material,
    scarce,
)
from nigdt.removal.layout import Variation, lab_of, lay_out
from nigdt.removal.quilting import quilt

HEIGHT, WIDTH = 360, 520


def ground(seed: int = 0, sharpest: float = 0.6) -> np.ndarray:
    """Return gravel that is the sharper the nearer it lies, which is the lower in the picture."""
    rng = np.random.default_rng(seed)
    gravel = np.clip(rng.normal(125, 90, (HEIGHT, WIDTH, 1)) + rng.normal(0, 12, (HEIGHT, WIDTH, 3)), 0, 255)
    sigmas = np.geomspace(6, sharpest, 12)
    blurred = np.stack([cv2.GaussianBlur(gravel, (0, 0), sigma) for sigma in sigmas])
    # As much contrast at each height, or it would be plain in the distance.
    spread = blurred.std((1, 2, 3), keepdims=True)
    blurred = 125 + (blurred - 125) * np.minimum(3, 22 / spread)
    place = np.linspace(0, len(sigmas) - 1.001, HEIGHT)
    number, part = place.astype(int), (place % 1)[:, None, None]
    rows = np.arange(HEIGHT)
    mixed = (1 - part) * blurred[number, rows] + part * blurred[number + 1, rows]
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def hidden() -> np.ndarray:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.hypot((y - HEIGHT / 2) / 100, (x - WIDTH / 2) / 245) < 1


def strengths(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Return log roughness by height in the middle of the hole, of every eight rows."""
    size = (WIDTH // 8, HEIGHT // 8)
    rough = roughness_of(picture, np.zeros_like(hole), size)
    inside = cv2.resize(hole.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.999
    rows = np.flatnonzero(inside.sum(1) > 20)
    return np.array([rough[row][inside[row]].mean() for row in rows])


def reduced(mask: np.ndarray) -> np.ndarray:
    small = cv2.resize(mask.astype(np.uint8), (WIDTH // 4, HEIGHT // 4), interpolation=cv2.INTER_NEAREST)
    return np.asarray(small > 0)


@pytest.mark.parametrize("seed", [0, 1])
def test_sharpness_has_no_step_where_the_photo_has_none(seed: int) -> None:
    picture, hole = ground(seed), hidden()
    shown = np.where(hole[..., None], np.uint8(0), picture)
    there = strengths(picture, hole)
    found = strengths(remove(shown, hole.astype(np.uint8) * np.uint8(255)), hole)
    assert np.abs(found - there).mean() < 0.15
    assert np.abs(np.diff(found)).max() < 0.15


def test_only_what_changes_smoothly_changes_by_degrees() -> None:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    round_hole = np.hypot(y - HEIGHT / 2, x - WIDTH / 2) < 90
    hole = reduced(round_hole)
    ring = ring_of(hole, ~hole)
    gravel = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    torn = gravel.copy()
    torn[: HEIGHT // 2] = cv2.GaussianBlur(gravel, (0, 0), 6)[: HEIGHT // 2]
    for picture, smoothly in ((ground(), True), (torn, False), (gravel, False)):
        assert by_degrees(roughness_of(picture, round_hole, hole.shape[::-1]), ring) == smoothly
    assert not by_degrees(roughness_of(ground(), round_hole, hole.shape[::-1]), np.zeros_like(ring))


def test_a_sky_above_a_meadow_is_not_one_material() -> None:
    hole = reduced(hidden())
    size = hole.shape[::-1]
    roughness = roughness_of(ground(), hidden(), size)
    grey = cv2.resize(ground(), size, interpolation=cv2.INTER_AREA)
    below = np.arange(size[1])[:, None, None] > size[1] // 2
    coloured = np.where(below, grey * np.array([0.6, 1, 0.4]), grey * np.array([0.7, 0.9, 1.3]))
    landscape = np.clip(coloured, 0, 255).astype(np.uint8)
    ring = ring_of(hole, ~hole)
    assert same_material(lab_of(grey), roughness, ring)
    assert not same_material(lab_of(landscape), roughness, ring)


def test_what_is_too_sharp_for_its_place_is_blurred_and_nothing_else() -> None:
    picture = ground()
    hole = np.zeros((HEIGHT, WIDTH), np.bool_)
    hole[90:270, 60:460] = True
    size = (WIDTH // 6, HEIGHT // 6)
    wanted = roughness_of(picture, np.zeros_like(hole), size)
    filled = picture.copy()
    refocus(filled, hole, wanted)
    assert np.abs(filled.astype(int) - picture).mean() < 0.5
    pasted = picture.copy()
    pasted[90:180, 200:320] = picture[270:360, 200:320]
    filled = pasted.copy()
    refocus(filled, hole, wanted)
    assert np.array_equal(filled[~hole], pasted[~hole])
    before, after = (roughness_of(one, np.zeros_like(hole), size)[18:27, 36:50] for one in (pasted, filled))
    meant = wanted[18:27, 36:50]
    assert (before - meant).mean() > 0.5
    assert abs(after - meant).mean() < 0.2


def test_a_speck_in_what_is_blurred_is_no_source() -> None:
    picture, hole = ground(), hidden()
    place = (30, 60)
    cv2.circle(picture, place, 2, (220, 220, 215), -1, cv2.LINE_AA)
    layout = lay_out(picture, hole, None, 80.0, Variation())
    assert layout.gradual
    ratio = layout.hole.shape[1] / WIDTH
    row, column = (int(ratio * place[axis]) for axis in (1, 0))
    assert not layout.usable[row, column]
    blurred = layout.usable[: row + 5]
    assert blurred[~layout.hole[: row + 5]].mean() > 0.8


def test_what_stands_far_away_does_not_stand_near() -> None:
    picture, hole = ground(), hidden()
    # Olive reeds above, straw below; too little contrast for a horizon.
    near = np.arange(HEIGHT)[:, None, None] > 0.55 * HEIGHT
    tinted = picture * np.where(near, np.array([1.1, 1, 0.9]), np.array([0.9, 1, 0.9]))
    picture = np.clip(tinted, 0, 255).astype(np.uint8)
    shown = np.where(hole[..., None], np.uint8(0), picture)
    filled = remove(shown, hole.astype(np.uint8) * np.uint8(255))
    green = cv2.blur(lab_of(filled)[..., 1] - lab_of(picture)[..., 1], (9, 9))
    assert np.abs(green[hole]).mean() < 2


def test_sharpness_that_falls_off_fast_is_expected_as_it_is_at_that_height() -> None:
    y, x = np.mgrid[:60, :100].astype(np.float32)
    roughness = 3 * np.exp(-y / 8)
    hole = (abs(x - 50) < 14) & (y > 3) & (y < 55)
    seen = np.where(hole, np.float32(0), roughness)
    meant = expected(seen, ~hole, level=True)
    assert np.abs(meant - roughness)[hole & (y > 8)].max() < 0.2
    # From all sides it would be halfway, far below the ripples.
    assert (expected(seen, ~hole, level=False) - roughness)[hole].max() > 0.4


def test_sources_are_scarce_where_the_hole_leaves_little_of_its_heights() -> None:
    hole = np.zeros((60, 100), np.bool_)
    hole[20:40, 10:90] = True
    assert scarce(hole, ~hole)
    hole[:, 40:] = False
    assert not scarce(hole, ~hole)
    assert scarce(hole, ~hole & (np.arange(100) < 50))


def test_sources_are_not_sharper_than_their_place_where_there_are_enough() -> None:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    hole = np.hypot((y - HEIGHT / 2) / 150, (x - WIDTH / 2) / 60) < 1
    layout = lay_out(ground(), hole, None, 80.0, Variation())
    assert layout.gradual
    assert not layout.short
    sharper = layout.roughness.copy()
    sharper[:, : sharper.shape[1] // 3] += 0.5

    def excess(short: bool) -> float:
        offsets = quilt(replace(layout, short=short, roughness=sharper), Variation())
        rows, columns = np.nonzero(layout.hole)
        down, right = offsets[rows, columns].T
        bottom, side = np.array(layout.hole.shape) - 1
        source = np.clip(rows + down, 0, bottom), np.clip(columns + right, 0, side)
        return float(np.maximum(sharper[source] - sharper[rows, columns], 0).mean())

    assert excess(short=False) < 0.1 < excess(short=True)
