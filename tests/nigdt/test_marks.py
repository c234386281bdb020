"""A bird's parts, as the model is told them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from nigdt.marks import Landmarks, draw_parts, draw_told

NOTHING = np.zeros((64, 64), np.float32)


def body() -> np.ndarray:
    """An upright body of 96 x 96 pixels whose lower edge is at y = 64."""
    return cv2.ellipse(np.zeros((96, 96), np.float32), (48, 44), (16, 20), 0, 0, 360, 1, cv2.FILLED)


def told(outline: np.ndarray, landmarks: Landmarks) -> tuple[np.ndarray, np.ndarray]:
    return draw_told(outline, draw_parts(outline, landmarks))


def middle(picture: np.ndarray) -> tuple[float, float]:
    y, x = np.nonzero(picture > 0.5)
    return float(x.mean()), float(y.mean())


def test_a_beak_points_away_from_the_eye() -> None:
    outline, marks = told(NOTHING, Landmarks(eyes=[(40.0, 20.0)], beak=(24.0, 20.0)))
    rows = [np.count_nonzero(outline[:, x] > 0.5) for x in (30, 24, 18)]
    assert rows[0] > rows[1] > rows[2] > 0
    assert not (outline[:, 34:] > 0.1).any()
    assert not (outline[:, :14] > 0.1).any()
    assert (marks >= outline).all()


def test_an_eye_is_a_disc_whose_size_is_the_heads() -> None:
    for distance in (10.0, 30.0):
        head = Landmarks(eyes=[(60.0, 40.0)], beak=(60.0 - distance, 40.0))
        beak, marks = told(np.zeros((96, 96), np.float32), head)
        eye = marks - beak
        assert np.allclose(middle(eye), (60, 40), atol=0.6)
        assert np.isclose(eye.sum(), np.pi * (0.2 * distance) ** 2, rtol=0.3)


def test_what_is_not_seen_is_not_drawn() -> None:
    for none in (Landmarks(), Landmarks(beak=(10.0, 10.0)), Landmarks(wings=[(30.0, 30.0)])):
        assert not np.any(told(NOTHING, none))
    outline, marks = told(NOTHING, Landmarks(eyes=[(10.0, 10.0)]))
    assert marks[10, 10] == 1
    assert not outline.any(), "an eye alone is no part of the outline"
    assert not np.any(told(NOTHING, Landmarks(eyes=[(900.0, -700.0)], beak=(920.0, -690.0))))
    assert not np.any(told(NOTHING, Landmarks(legs=[(20.0, 20.0)]))), "a leg belongs to a body"


def test_both_eyes_of_a_face_are_drawn_and_the_beak_between_them() -> None:
    _, marks = told(NOTHING, Landmarks(eyes=[(24.0, 24.0), (40.0, 24.0)], beak=(32.0, 34.0)))
    assert marks[24, 24] > 0.9
    assert marks[24, 40] > 0.9
    assert marks[34, 32] > 0.9
    assert marks[24, 32] == 0


def test_legs_go_from_the_body_beyond_their_places() -> None:
    outline, marks = told(body(), Landmarks(legs=[(44.0, 72.0), (56.0, 72.0)]))
    for x in (44, 56):
        assert marks[72, x - 2 : x + 3].max() > 0.9
    assert np.array_equal(marks[66:] > 0.5, outline[66:] > 0.5), "they are part of the outline"
    lowest = int(np.nonzero(marks > 0.5)[0].max())
    assert 74 <= lowest <= 78
    assert (marks[67] > 0.5).sum() < 8, "they are thin"


def test_a_leg_far_from_a_body_that_was_cut_short_is_left_out() -> None:
    outline, marks = told(body(), Landmarks(legs=[(48.0, 90.0)]))
    assert np.array_equal(outline, body())
    assert not marks.any()


def test_a_leg_that_the_body_hides_stands_straight_down() -> None:
    marks = told(body(), Landmarks(legs=[(48.0, 61.0)]))[1]
    assert marks[63:65, 46:51].max() > 0.9
    assert not (marks[:, :44] > 0.1).any()


@pytest.mark.parametrize("tail", [(48.0, 63.0), (60.0, 58.0)])
def test_a_wing_lies_towards_the_tail_within_the_outline_and_is_drawn_weakly(
    tail: tuple[float, float],
) -> None:
    outline, marks = told(body(), Landmarks(wings=[(48.0, 40.0)], tail=tail))
    assert np.array_equal(outline, body())
    wing = marks > 0.2
    assert marks.max() < 0.5
    assert (outline[wing] > 0.5).all()
    along = np.array(tail) - (48, 40)
    assert np.dot(np.array(middle(marks + 0.3)) - (48, 40), along) > 0
    ys, xs = np.nonzero(wing)
    spread = np.linalg.svd(np.stack([xs - xs.mean(), ys - ys.mean()]), full_matrices=False)[0][:, 0]
    assert abs(np.dot(spread, along) / np.hypot(*along)) > 0.95, "it is longest along the bird"


def test_parts_are_known_by_the_ends_of_their_names() -> None:
    places = {"left_eye": (1.0, 2.0), "right_leg": (3.0, 4.0), "hind leg": (5.0, 6.0), "tail": (7.0, 8.0)}
    found = Landmarks.of(places)
    assert found == Landmarks(eyes=[(1.0, 2.0)], legs=[(3.0, 4.0), (5.0, 6.0)], wings=[], tail=(7.0, 8.0))
