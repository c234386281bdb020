"""What may serve: few striking spots do not, a texture of many does."""

from __future__ import annotations

import numpy as np

from nigdt.removal.sources import choose_sources

HEIGHT, WIDTH = 160, 220


def fitting(places: list[tuple[int, int]]) -> np.ndarray:
    """Return the sources of sand with dark stones of 3 x 3 pixels at those rows and columns."""
    lab = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    lab[..., 0] = 70 + np.random.default_rng(0).normal(0, 1, (HEIGHT, WIDTH))
    for row, column in places:
        lab[row : row + 3, column : column + 3, 0] = 25
    hole = np.zeros((HEIGHT, WIDTH), np.bool_)
    hole[40:120, 70:150] = True
    return choose_sources(lab, np.zeros((HEIGHT, WIDTH), np.float32), hole, ~hole).fitting


def test_a_stone_that_everybody_would_see_twice_is_no_source() -> None:
    sources = fitting([(20, 100), (130, 30), (60, 170)])
    for row, column in ((20, 100), (130, 30), (60, 170)):
        assert not sources[row : row + 3, column : column + 3].any()
    assert sources[:30, :60].all()


def test_gravel_stays_gravel() -> None:
    places = [
        (row, column)
        for row in range(4, HEIGHT - 4, 16)
        for column in range(4, WIDTH - 4, 16)
        if not (36 <= row <= 122 and 66 <= column <= 152)
    ]
    sources = fitting(places)
    kept = [sources[row : row + 3, column : column + 3].all() for row, column in places]
    assert np.mean(kept) > 0.8
