"""The context: the square crop around the hole that the model gets to see. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nigdt.errors import SelectionError

__all__ = ["MIN_PADDING", "Box", "check_selection", "context_box", "crop", "selection_box"]

MIN_PADDING = 16
"""Least number of photo pixels between selection and the context's border."""


@dataclass(frozen=True)
class Box:
    """A rectangle in the pixels of the upright photo; it may reach beyond the photo.

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
    """The smallest box around all pixels above 0.

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


def context_box(selection: NDArray[np.uint8], minimum: int, widen: float = 1.0) -> Box:
    """The square the model gets to see.

    The selection's box is padded on each side by a quarter of its longest side, at least `MIN_PADDING`, made
    square and at least `minimum` wide, and shifted into the photo. Where the photo is smaller than the
    square, the square reaches beyond it evenly on both sides; `crop` reflects there.

    Args:
        selection: (H, W), 255 = to be filled.
        minimum: Least side in pixels, the model's working size.
        widen: Factor on the padded side, 1 or more; more shows the model more of the surroundings.

    Raises:
        SelectionError: Nothing is selected.
        ValueError: `widen` is below 1.
    """
    if not widen >= 1.0:
        raise ValueError(f"widen {widen} is below 1")
    height, width = selection.shape
    inner = selection_box(selection)
    longest = max(inner.width, inner.height)
    padded = longest + 2 * max(round(longest / 4), MIN_PADDING)
    # Beyond the photo's longest side more would only show reflections, but never less than the padded
    # selection.
    side = max(min(round(padded * widen), max(padded, width, height)), minimum)
    return Box(
        _place(inner.left + inner.width / 2, side, width),
        _place(inner.top + inner.height / 2, side, height),
        side,
        side,
    )


def _place(centre: float, side: int, available: int) -> int:
    """First pixel of a span of `side` around `centre`, shifted into 0..available or centred when too long."""
    if side >= available:
        return (available - side) // 2
    return min(max(round(centre - side / 2), 0), available - side)


def crop(
    rgb8: NDArray[np.uint8], selection: NDArray[np.uint8], box: Box
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Cut the context out of photo and selection, reflecting both where the box leaves the photo.

    Args:
        rgb8: (H, W, 3), the upright photo.
        selection: (H, W), 255 = to be filled.
        box: The context.

    Returns:
        The crop (box.height, box.width, 3) and the selection on it (box.height, box.width), both uint8,
        contiguous.
    """
    rows = _reflected(box.top, box.height, rgb8.shape[0])
    columns = _reflected(box.left, box.width, rgb8.shape[1])
    if box.top >= 0 and box.bottom <= rgb8.shape[0] and box.left >= 0 and box.right <= rgb8.shape[1]:
        inside = np.s_[box.top : box.bottom, box.left : box.right]
        return rgb8[inside].copy(order="C"), selection[inside].copy(order="C")
    grid = np.ix_(rows, columns)
    return np.ascontiguousarray(rgb8[grid]), np.ascontiguousarray(selection[grid])


def _reflected(start: int, length: int, available: int) -> NDArray[np.intp]:
    """Indices start..start+length folded into 0..available, without repeating the border pixel."""
    index = np.arange(start, start + length, dtype=np.intp)
    if available == 1:
        return np.zeros_like(index)
    period = 2 * (available - 1)
    index = np.mod(index, period)
    return np.where(index < available, index, period - index)
