"""The rest of a thing that a selection clips is told from neighbours and from what is left out on purpose."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from nigdt.cutout import fine_object
from nigdt.rest import rest_of

SIZE = 300
GREEN, BROWN = (60.0, -40.0, 40.0), (35.0, 10.0, 20.0)
BODY = np.s_[100:200, 60:240]


def seen(*places: tuple[slice, slice], sure: float = 0.97) -> np.ndarray:
    """Return how sure a finder is that sees things in these places."""
    there = np.full((SIZE, SIZE), 0.02, np.float32)
    for place in places:
        there[place] = sure
    return cv2.GaussianBlur(there, (0, 0), 1.0)


def rest(*places: tuple[slice, slice], colour=GREEN, sure: np.ndarray | None = None) -> np.ndarray:
    """Return the rest of a green body that is selected, where a finder sees more in places of a colour."""
    lab = np.full((SIZE, SIZE, 3), BROWN, np.float32)
    for place in places:
        lab[place] = colour
    lab[BODY] = GREEN
    chosen = np.zeros((SIZE, SIZE), np.float32)
    chosen[BODY] = 1
    around = seen(BODY, *places)
    return rest_of(lab, chosen, around * chosen, around if sure is None else sure, around)


LEG = np.s_[200:222, 80:100]


def test_a_leg_that_the_selection_clips_is_of_the_thing() -> None:
    found = rest(LEG)
    assert found[202:220, 82:98].min() > 0.9
    found[195:228, 74:106] = 0
    assert not found.any()


def test_a_leg_of_another_colour_is_of_the_thing_where_the_finder_is_sure() -> None:
    assert rest(LEG, colour=(80.0, 5.0, 10.0))[204:218, 84:96].min() > 0.9


@pytest.mark.parametrize(
    ("place", "why"),
    [
        (np.s_[200:260, 80:100], "it goes on beyond the reach, as a neighbour does"),
        (np.s_[200:226, 30:270], "it is as large as a third of the body"),
        (np.s_[204:222, 80:100], "it does not touch"),
    ],
)
def test_what_is_no_clipped_part_is_left(place: tuple[slice, slice], why: str) -> None:
    assert not rest(place).any(), why


def test_what_hangs_on_by_a_thread_is_left() -> None:
    assert not rest(np.s_[200:206, 89:90], np.s_[206:224, 80:100]).any()


def test_both_answers_of_the_finder_count() -> None:
    """It sees any number of things in a large selection, so it must see the rest in the small one too."""
    assert not rest(LEG, sure=seen(BODY)).any()


def test_where_much_is_left_out_it_is_on_purpose() -> None:
    legs = [np.s_[200:224, left : left + 24] for left in (62, 92, 122, 152, 182, 212)]
    above = [np.s_[76:100, left : left + 24] for left in (62, 92, 122, 152, 182, 212)]
    assert rest(*legs).any()
    assert not rest(*legs, *above, np.s_[120:180, 36:60], np.s_[120:180, 240:264]).any()


def test_nothing_selected_has_no_rest() -> None:
    empty = np.zeros((SIZE, SIZE), np.float32)
    lab = np.full((SIZE, SIZE, 3), BROWN, np.float32)
    assert not rest_of(lab, empty, empty, empty, seen(BODY)).any()


def test_selected_ground_in_a_colour_that_the_thing_has_too_is_not_of_it() -> None:
    """A selection that follows a thing is believed, but not against finder and surroundings together."""
    lab = np.full((SIZE, SIZE, 3), BROWN, np.float32)
    lab[BODY] = GREEN
    lab[150:200, 60:240] = BROWN  # its belly
    chosen = np.zeros((SIZE, SIZE), np.float32)
    chosen[BODY] = 1
    chosen[170:200, 240:258] = 1
    sure = seen(BODY)
    thing = fine_object(lab, chosen, sure, sure)
    assert thing[110:190, 70:230].min() > 0.9
    assert thing[175:195, 246:256].max() < 0.2
