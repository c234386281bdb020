"""Rectangles in the pixels of a photo, and what a selection must be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nigdt.errors import SelectionError

__all__ = ["Box", "check_selection", "selection_box"]


@dataclass(frozen=True)
class Box:
    """A rectangle in the pixels of the upright photo.

    Attributes:
        left: First column.
        top: First row.
        width: Columns, at least 1.
        height: Rows, at least 1.
    """

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """First column after the box."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """First row after the box."""
        return self.top + self.height

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, to cut the box out of an array of the photo's size."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def grown(self, by: int, width: int, height: int) -> Box:
        """Return the box around everything that is at most `by` pixels away, inside a photo of that size."""
        left, top = max(0, self.left - by), max(0, self.top - by)
        right, bottom = min(width, self.right + by), min(height, self.bottom + by)
        return Box(left, top, right - left, bottom - top)


def check_selection(selection: NDArray[np.uint8], width: int, height: int) -> None:
    """Refuse a selection that does not belong to a photo of the given upright size, or selects nothing.

    Raises:
        SelectionError: Wrong shape, type or size, or no pixel above 0.
    """
    if selection.ndim != 2 or selection.dtype != np.uint8:
        raise SelectionError(
            f"The selection is {selection.dtype} of shape {selection.shape}, not 8-bit grey.",
            "Give one value 0 to 255 a pixel; 255 is filled.",
        )
    if selection.shape != (height, width):
        raise SelectionError(
            f"The selection is {selection.shape[1]} x {selection.shape[0]} pixels,"
            f" the photo {width} x {height}.",
            "Give a selection of the size of the photo as it is seen upright.",
        )
    if not selection.any():
        raise SelectionError("Nothing is selected.", "Select the region to fill.")


def selection_box(selection: NDArray[Any]) -> Box:
    """Return the smallest box around all pixels above 0.

    Args:
        selection: (H, W), above 0 where something is selected: a selection, a hole, or any other mask.

    Raises:
        SelectionError: Nothing is selected.
    """
    rows = np.flatnonzero(selection.any(axis=1))
    if rows.size == 0:
        raise SelectionError("Nothing is selected.", "Select the region to fill.")
    columns = np.flatnonzero(selection[rows[0] : rows[-1] + 1].any(axis=0))
    return Box(
        int(columns[0]),
        int(rows[0]),
        int(columns[-1] - columns[0]) + 1,
        int(rows[-1] - rows[0]) + 1,
    )
