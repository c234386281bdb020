"""Beaks and legs keep their colour when the body gets another, as far as they reach."""

from __future__ import annotations

import numpy as np

from nigdt.colours import find_colours, rgb_to_lab
from nigdt.painting import tinted_body

SIDE = 96
BEAK, BROW = np.s_[30:60, 70:90], np.s_[22:30, 70:90]


def painted(beak_colour: tuple[int, int, int]) -> np.ndarray:
    """Return where a red bird takes blue, whose finder takes some of its brow for its beak too."""
    bird = np.full((SIDE, SIDE, 3), (190, 40, 30), np.float32)
    bird[BEAK] = beak_colour
    kept = np.zeros((SIDE, SIDE), np.float32)
    kept[BEAK] = kept[BROW] = 1
    whole = np.ones((SIDE, SIDE), np.float32)
    (blue,) = find_colours("a blue bird")
    target = tinted_body(whole, whole, kept, rgb_to_lab(bird / np.float32(255)), blue)
    return target[0]


def test_a_beak_of_another_colour_ends_where_the_bodys_colour_begins() -> None:
    place = painted((60, 60, 66))
    assert place[34:56, 74:86].max() < 0.1, "the beak"
    assert place[24:28, 74:86].min() > 0.9, "the brow"


def test_a_beak_of_the_bodys_colour_is_kept_where_the_finder_is_sure_of_it() -> None:
    place = painted((190, 40, 30))
    assert place[24:56, 74:86].max() < 0.1
    assert place[:, :60].min() > 0.9
