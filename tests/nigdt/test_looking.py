"""What is seen in a selection, and for how long it is kept."""

from __future__ import annotations

import numpy as np
import pytest

from nigdt.looking import Found, Looker
from nigdt.part_words import PARTS

SIDE = 160


def picture() -> tuple[np.ndarray, np.ndarray]:
    """An orange disc on grey, and a box around it."""
    y, x = np.mgrid[:SIDE, :SIDE]
    crop = np.full((SIDE, SIDE, 3), 120, np.uint8)
    crop[(y - 80) ** 2 + (x - 80) ** 2 < 45**2] = (230, 120, 20)
    selection = np.zeros((SIDE, SIDE), np.uint8)
    selection[24:136, 24:136] = 255
    return crop, selection


def seeing(bird: bool) -> Looker:
    """A looker that is sure of the disc, and sees a bird's parts in its left half."""
    looker = Looker(None, SIDE, "cpu")
    y, x = np.mgrid[:SIDE, :SIDE]
    sure = ((y - 80) ** 2 + (x - 80) ** 2 < 45**2).astype(np.float32)
    parts = np.zeros((SIDE, SIDE, len(PARTS)), np.float32)
    parts[..., 0] = sure * (x < 80)
    looker.find = lambda *_: Found(sure, parts, sure, bird)  # type: ignore[method-assign]
    return looker


@pytest.mark.parametrize("bird", [True, False])
def test_of_a_bird_only_what_is_near_its_parts_is_the_thing(bird: bool) -> None:
    thing = seeing(bird).look(*picture()).thing
    assert thing is not None
    height, width = thing.shape
    left, right = thing[height // 2, round(0.35 * width)], thing[height // 2, round(0.65 * width)]
    assert left > 0.9
    assert (right > 0.9) is not bird


def test_what_is_seen_is_kept_while_context_and_selection_are_the_same_arrays() -> None:
    looker, (crop, selection) = seeing(True), picture()
    first = looker.look(crop, selection)
    assert looker.look(crop, selection) is first
    assert looker.look(crop.copy(), selection) is not first
    assert looker.look(crop, selection, exact=True).found is None
