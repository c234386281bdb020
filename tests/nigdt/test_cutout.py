"""How much of a selection is the object that it was drawn around."""

import numpy as np
import pytest

from nigdt.colours import rgb_to_lab
from nigdt.cutout import object_in, possible

SIDE = 160
SKY, COAT, LEGS = (90, 140, 190), (150, 80, 40), (220, 120, 30)


def lab_of(rgb):
    return rgb_to_lab(np.asarray(rgb, np.float32) / np.float32(255))


def pattern(background, things, noise=6.0):
    """A grainy photo (SIDE, SIDE, 3) of rectangles, and where each is."""
    photo = np.zeros((SIDE, SIDE, 3), np.float32) + np.float32(background)
    places = []
    for rows, columns, colour in things:
        photo[rows, columns] = colour
        place = np.zeros((SIDE, SIDE), bool)
        place[rows, columns] = True
        places.append(place)
    photo += np.random.default_rng(0).normal(0, noise, photo.shape)
    return np.clip(photo, 0, 255).astype(np.uint8), places


def found(photo, chosen, sure):
    return object_in(photo, lab_of(photo), chosen.astype(np.float32), sure.astype(np.float32))


def grown(place, by):
    rows, columns = (np.flatnonzero(place.any(1 - axis)) for axis in (0, 1))
    chosen = np.zeros_like(place)
    chosen[rows[0] - by : rows[-1] + 1 + by, columns[0] - by : columns[-1] + 1 + by] = True
    return chosen


def test_an_object_in_a_loose_selection_is_found_to_its_edge():
    photo, (body, tail) = pattern(
        SKY, [(slice(50, 100), slice(50, 100), COAT), (slice(70, 80), slice(100, 125), COAT)]
    )
    chosen = grown(body | tail, 14)
    sure = np.zeros((SIDE, SIDE))
    sure[60:90, 60:90] = 1  # the finder sees the middle alone
    got = found(photo, chosen, sure)
    assert got[52:98, 52:98].min() > 0.9
    assert got[72:78, 102:122].min() > 0.9, "the tail, of which the finder knew nothing"
    outside = chosen & ~grown(body, 3) & ~grown(tail, 3)
    assert got[outside].max() < 0.2


def test_ground_between_legs_that_the_finder_takes_for_the_object_is_not():
    photo, (body, left, right) = pattern(
        (70, 130, 50),
        [
            (slice(40, 90), slice(40, 120), (235, 232, 225)),
            (slice(90, 125), slice(45, 58), (225, 222, 215)),
            (slice(90, 125), slice(100, 113), (225, 222, 215)),
        ],
    )
    chosen = grown(body | left | right, 8)
    sure = 0.95 * body + 0.55 * (chosen & ~body)
    got = found(photo, chosen, sure)
    assert got[96:120, 64:94].max() < 0.1
    for legs in (np.s_[95:120, 48:56], np.s_[95:120, 103:111]):
        assert got[legs].min() > 0.9


def test_a_selection_that_ends_within_a_thing_is_taken_to_its_end():
    photo, (wall,) = pattern(SKY, [(slice(20, 140), slice(0, 160), COAT)])
    chosen = np.zeros((SIDE, SIDE), bool)
    chosen[50:110, 40:120] = True
    got = found(photo, chosen, 0.9 * wall)
    assert got[chosen].min() > 0.9


def test_what_a_selection_follows_is_believed_where_colour_tells_nothing():
    photo, (body, shade) = pattern(
        (30, 36, 30),
        [(slice(40, 110), slice(40, 110), (230, 230, 222)), (slice(40, 110), slice(110, 116), (48, 50, 40))],
    )
    thing = body | shade
    got = found(photo, thing, 0.95 * body + 0.6 * shade)
    assert got[45:105, 111:115].min() > 0.6, "shade on the object's own edge"


def test_hair_at_the_edge_is_partly_object():
    photo, (body,) = pattern(SKY, [(slice(40, 120), slice(40, 100), COAT)], noise=1.0)
    mixed = 0.5 * np.float32(SKY) + 0.5 * np.float32(COAT)
    photo[40:120, 100:102] = mixed.astype(np.uint8)
    got = found(photo, grown(body, 12), 0.95 * body)
    assert np.median(got[50:110, 100:102]) == pytest.approx(0.5, abs=0.2)


@pytest.mark.parametrize("everything", [False, True])
def test_a_selection_of_everything_or_a_finder_that_sees_nothing_is_no_failure(everything):
    photo, (body,) = pattern(SKY, [(slice(50, 100), slice(50, 100), COAT)])
    got = found(photo, np.ones((SIDE, SIDE), bool), np.full((SIDE, SIDE), float(everything)))
    assert np.isfinite(got).all()
    assert got.shape == (SIDE, SIDE)
    if everything:
        assert got[body].min() > 0.9


def test_ground_between_legs_has_a_colour_of_the_surroundings():
    lab = lab_of(np.full((SIDE, SIDE, 3), 25))
    lab[20:60, 20:76] = lab_of((235, 232, 225))
    lab[60:80, 28:36] = lab[60:80, 60:68] = lab_of(LEGS)  # of a colour seen nowhere else
    inside, chosen = (np.zeros((SIDE, SIDE), np.float32) for _ in range(2))
    inside[20:60, 20:76] = 1
    chosen[18:82, 18:78] = 1
    can = possible(lab, inside, chosen)
    assert can[64:80, 40:56].max() < 0.05, "what is seen around the selection and not in the object"
    assert can[25:55, 25:70].min() > 0.95
    assert can[64:78, 31:33].min() > 0.9, "nobody can know"
