"""Where the context lies: the part of the photo around the selection that the model gets to see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nigdt.errors import SelectionError
from nigdt.limits import PADDING, Mode

__all__ = ["Box", "check_selection", "context_box", "selection_box"]


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


def selection_box(selection: NDArray[np.uint8]) -> Box:
    """Return the smallest box around all pixels above 0.

    Args:
        selection: (H, W), 255 = to be filled.

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


def context_box(
    selection: NDArray[np.uint8], minimum: int, widen: float = 1.0, mode: Mode = "describe"
) -> Box:
    """Return the part of the photo that the model gets to see.

    The selection's box is padded on each side by a share of its longest side (`nigdt.limits.PADDING`), made
    square, multiplied by `widen`, made at least `minimum` wide, and shifted into the photo. Where the photo
    is smaller, the context ends with the photo and need not be square.

    Args:
        selection: (H, W), 255 = to be filled.
        minimum: Least side in pixels, the model's working size.
        widen: Factor on the padded side, 1 or more; more shows the model more of the surroundings.
        mode: What is to be done; a removal looks further around for what it can take.

    Returns:
        A box that lies inside the photo and holds the selection.

    Raises:
        SelectionError: Nothing is selected.
        ValueError: `widen` is below 1.
    """
    if not widen >= 1.0:
        raise ValueError(f"widen is {widen}, below 1.")
    inner = selection_box(selection)
    longest = max(inner.width, inner.height)
    share, least = PADDING[mode]
    padded = longest + 2 * max(round(longest * share), least)
    side = max(round(padded * widen), minimum)
    left, width = _place(inner.left, inner.width, side, selection.shape[1])
    top, height = _place(inner.top, inner.height, side, selection.shape[0])
    return Box(left, top, width, height)


def _place(start: int, length: int, side: int, available: int) -> tuple[int, int]:
    """First pixel and length of a span of `side` centred on start..start+length, inside 0..available."""
    side = min(side, available)
    return min(max(round(start + length / 2 - side / 2), 0), available - side), side
