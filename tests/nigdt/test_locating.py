"""How a selection lies to the thing in it."""

from __future__ import annotations

import numpy as np
import pytest

from nigdt.locating import location

THING = np.zeros((64, 64), np.float32)
THING[20:44, 16:48] = 1


def chosen(rows: slice, columns: slice) -> np.ndarray:
    selection = np.zeros_like(THING)
    selection[rows, columns] = 1
    return selection


@pytest.mark.parametrize(
    ("selection", "bird", "holds"),
    [
        (chosen(slice(14, 50), slice(10, 54)), True, "whole"),
        (chosen(slice(14, 50), slice(10, 54)), False, "other"),
        (chosen(slice(20, 44), slice(16, 42)), True, "whole"),  # but for the tail
        (chosen(slice(24, 36), slice(20, 32)), True, "part"),
        (chosen(slice(24, 36), slice(20, 32)), False, None),
        (chosen(slice(4, 60), slice(4, 60)), False, "other"),
    ],
)
def test_what_a_selection_holds(selection: np.ndarray, bird: bool, holds: str | None) -> None:
    found = location(THING, THING, selection, bird)
    assert [name for name in ("whole", "part", "other") if getattr(found, name)] == ([holds] if holds else [])


def test_a_speck_in_a_large_selection_was_not_meant() -> None:
    speck = np.zeros_like(THING)
    speck[30:34, 30:34] = 1
    assert not location(speck, speck, chosen(slice(0, 64), slice(0, 64)), False).other
    assert location(speck, speck, chosen(slice(28, 36), slice(28, 36)), False).other


def test_what_is_replaced_is_what_the_selection_holds_most_of() -> None:
    two = THING.copy()
    two[:8, :8] = 1
    most = location(two, two, chosen(slice(14, 50), slice(10, 40)), False).thing
    assert most is not None
    assert np.array_equal(most, THING > 0)  # with what lies outside, without the other
    assert location(two, two, chosen(slice(24, 36), slice(20, 32)), False).thing is None


def test_a_piece_of_a_branch_stays() -> None:
    branch = np.zeros_like(THING)
    branch[44:50, 12:52] = 1
    assert location(branch, branch, chosen(slice(4, 60), slice(8, 56)), False).thing is None
    assert location(branch, branch, chosen(slice(40, 54), slice(8, 56)), False).thing is not None


@pytest.mark.parametrize("bird", [True, False])
def test_a_selection_amid_a_thing(bird: bool) -> None:
    found = location(THING, THING, chosen(slice(24, 36), slice(20, 32)), bird)
    assert found.amid
    assert found.within is bird
