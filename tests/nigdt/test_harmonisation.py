"""A drawn thing in the light of its photo."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from nigdt.colours import rgb_to_lab
from nigdt.harmonisation import harmonised

SIDE = 96
OUTLINE = cv2.circle(np.zeros((SIDE, SIDE), np.float32), (48, 48), 20, 1, -1)
VISIBLE = np.ones((SIDE, SIDE), np.bool_)
VISIBLE[20:76, 20:76] = False


def drawn(colour: tuple[int, int, int]) -> np.ndarray:
    picture = np.full((SIDE, SIDE, 3), 128, np.float32)
    picture[OUTLINE > 0] = colour
    return picture


def photo(low: int, high: int, colour: tuple[float, float, float] = (1, 1, 1)) -> np.ndarray:
    values = np.random.default_rng(0).uniform(low, high, (SIDE, SIDE, 1)).astype(np.float32)
    return values * np.array(colour, np.float32)


def lab_in(picture: np.ndarray) -> np.ndarray:
    return np.median(rgb_to_lab(picture[OUTLINE > 0] / np.float32(255)), axis=0)


def test_in_haze_nothing_is_black() -> None:
    black = drawn((8, 8, 8))
    in_haze = lab_in(harmonised(black, OUTLINE, photo(150, 190), VISIBLE))
    in_sun = lab_in(harmonised(black, OUTLINE, photo(0, 255), VISIBLE))
    assert in_haze[0] > 8
    assert in_sun[0] < 6
    white = drawn((250, 250, 250))
    in_the_dark = lab_in(harmonised(white, OUTLINE, photo(5, 60), VISIBLE))
    assert in_the_dark[0] < lab_in(white)[0] - 10


@pytest.mark.parametrize("colour", [(220, 20, 20), (20, 40, 220), (240, 200, 30)])
def test_under_a_grey_sky_no_colour_is_bright(colour: tuple[int, int, int]) -> None:
    before = lab_in(drawn(colour))
    grey = lab_in(harmonised(drawn(colour), OUTLINE, photo(0, 255), VISIBLE))
    vivid = lab_in(harmonised(drawn(colour), OUTLINE, photo(0, 255, (1, 0.2, 0.2)), VISIBLE))
    chromas = [float(np.hypot(*lab[1:])) for lab in (before, grey, vivid)]
    assert chromas[1] < 0.93 * chromas[0]
    assert chromas[2] > 0.97 * chromas[0]


def test_only_the_thing_changes_and_only_by_what_is_visible() -> None:
    picture = drawn((220, 20, 20))
    seen = photo(150, 190)
    result = harmonised(picture, OUTLINE, seen, VISIBLE)
    assert np.array_equal(result[OUTLINE == 0], picture[OUTLINE == 0])
    hidden = np.where(VISIBLE[..., None], seen, 0).astype(np.float32)
    assert np.array_equal(harmonised(picture, OUTLINE, hidden, VISIBLE), result)


def test_without_a_thing_or_surroundings_all_stays() -> None:
    picture = drawn((220, 20, 20))
    assert np.array_equal(harmonised(picture, np.zeros_like(OUTLINE), photo(0, 99), VISIBLE), picture)
    assert np.array_equal(harmonised(picture, OUTLINE, photo(0, 99), np.zeros_like(VISIBLE)), picture)
