"""Offsets to sources: borders between them move to where less is used twice."""

from __future__ import annotations

import numpy as np

from nigdt.removal.shifts import Shifts

HEIGHT, WIDTH = 40, 100
HOLE = np.zeros((HEIGHT, WIDTH), np.bool_)
HOLE[10:30, 30:50] = True


def doubled(offsets: np.ndarray) -> float:
    """Return the fraction of the hole's pixels whose source another one uses too."""
    y, x = np.nonzero(HOLE)
    sources = (y + offsets[y, x, 0]) * WIDTH + x + offsets[y, x, 1]
    return float((np.bincount(sources)[sources] > 1).mean())


def test_the_same_piece_is_not_copied_twice_where_another_one_is_as_good() -> None:
    offsets = np.zeros((HEIGHT, WIDTH, 2), np.int32)
    offsets[10:30, 30:40] = (0, 30)
    offsets[10:30, 40:50] = (0, 20)
    assert doubled(offsets) == 1
    plain = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    shifts = Shifts(offsets, HOLE, ~HOLE, plain)
    shifts.settle(plain, plain, passes=30)
    assert doubled(shifts.offsets()) < 0.1


def test_a_source_that_alone_fits_the_plan_is_used_twice() -> None:
    offsets = np.zeros((HEIGHT, WIDTH, 2), np.int32)
    offsets[10:30, 30:40] = (0, 30)
    offsets[10:30, 40:50] = (0, 20)
    planned = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    seen = np.full((HEIGHT, WIDTH, 3), 30, np.float32)
    seen[:, 60:70] = 0
    shifts = Shifts(offsets, HOLE, ~HOLE, seen)
    shifts.settle(planned, seen, passes=30)
    assert doubled(shifts.offsets()) == 1
