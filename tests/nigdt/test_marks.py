"""Eyes and beaks, as the model is told them."""

from __future__ import annotations

import numpy as np

from nigdt.marks import draw_beak, draw_marks


def middle(picture: np.ndarray) -> tuple[float, float]:
    y, x = np.nonzero(picture > 0.5)
    return float(x.mean()), float(y.mean())


def test_a_beak_points_away_from_the_eye() -> None:
    beak = draw_beak((64, 64), [(40.0, 20.0)], (24.0, 20.0))
    rows = [np.count_nonzero(beak[:, x] > 0.5) for x in (30, 24, 18)]
    assert rows[0] > rows[1] > rows[2] > 0
    assert not (beak[:, 34:] > 0.1).any()
    assert not (beak[:, :14] > 0.1).any()


def test_an_eye_is_a_disc_whose_size_is_the_heads() -> None:
    for distance in (10.0, 30.0):
        marks = draw_marks((96, 96), [(60.0, 40.0)], (60.0 - distance, 40.0))
        eye = marks - draw_beak((96, 96), [(60.0, 40.0)], (60.0 - distance, 40.0))
        assert np.allclose(middle(eye), (60, 40), atol=0.6)
        assert np.isclose(eye.sum(), np.pi * (0.2 * distance) ** 2, rtol=0.3)


def test_what_is_not_seen_is_not_drawn() -> None:
    assert not draw_beak((32, 32), [], (10.0, 10.0)).any()
    assert not draw_beak((32, 32), [(10.0, 10.0)], None).any()
    assert not draw_marks((32, 32), [], None).any()
    assert draw_marks((32, 32), [(10.0, 10.0)], None)[10, 10] == 1
    assert not draw_marks((32, 32), [(900.0, -700.0)], (920.0, -690.0)).any()


def test_both_eyes_of_a_face_are_drawn_and_the_beak_between_them() -> None:
    marks = draw_marks((64, 64), [(24.0, 24.0), (40.0, 24.0)], (32.0, 34.0))
    assert marks[24, 24] > 0.9
    assert marks[24, 40] > 0.9
    assert marks[34, 32] > 0.9
    assert marks[24, 32] == 0
