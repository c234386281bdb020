"""Where a bird that is drawn into a photo can stand: on a branch, or on the ground's edge. No torch here."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.box import selection_box
from nigdt.colours import rgb_to_lab

__all__ = ["above", "footing"]

Floats = NDArray[np.float32]

_LOWER = (0.6, 0.97)
"""Fractions of a hole's height between which feet may stand."""
_MIDDLE = (0.3, 0.7)
"""Fractions of its width between which they may."""
_REACH = 0.04
"""Height, beside the hole's, over which an edge is looked for, and by which it may rise or fall."""
_SLOPED = 25
"""Percentile over the columns of how clear an edge is: most of them must have it."""
_CLEAR = 15.0
"""Lab units from which on an edge is clear."""
_AS_CLEAR = 0.85
"""Of the clearest edge, from which on a row belongs to it."""
_SUNK = 0.03
"""Height, beside the hole's, by which feet reach below an edge."""
_LEAST_HEIGHT, _LEAST_WIDTH = 16, 10
"""Sides in pixels of the smallest hole that is looked at."""


def footing(
    picture: NDArray[np.uint8], hole: NDArray[np.bool_], thing: NDArray[np.bool_] | None
) -> int | None:
    """Return the row at which a bird in a hole can stand, or None where nothing is seen to stand on.

    Where a thing is replaced, what stands there next stands where it stood. Else it is the clearest edge in
    the lower part of the hole that goes through its middle from left to right.

    Args:
        picture: (H, W, 3), what the photo shows.
        hole: (H, W), at the same size.
        thing: (H, W), the thing that is to be replaced, or None.
    """
    if not hole.any():
        return None
    box = selection_box(hole)
    if box.height < _LEAST_HEIGHT or box.width < _LEAST_WIDTH:
        return None
    first, last = (box.top + int(part * box.height) for part in _LOWER)
    sunk = round(_SUNK * box.height)
    if thing is not None:
        rows = np.flatnonzero((thing & hole).any(axis=1))
        return int(rows[-1]) if len(rows) and first <= rows[-1] < last else None
    smooth = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), max(0.8, 0.3 * _REACH * box.height))
    lab = rgb_to_lab(smooth / np.float32(255))
    reach = max(2, round(_REACH * box.height))
    padded = np.pad(lab, ((reach, reach), (0, 0), (0, 0)), mode="edge")
    step = np.linalg.norm(padded[2 * reach :] - padded[: -2 * reach], axis=2).astype(np.float32)
    step = cv2.dilate(step, np.ones((2 * reach + 1, 1), np.uint8))
    left, right = (box.left + int(part * box.width) for part in _MIDDLE)
    clear = np.percentile(step[first:last, left:right], _SLOPED, axis=1)
    if clear.max() < _CLEAR:
        return None
    return first + int(np.median(np.flatnonzero(clear > _AS_CLEAR * clear.max()))) + sunk


def above(hole: NDArray[np.bool_], row: int | None) -> NDArray[np.bool_]:
    """Return the part of a hole (H, W) above a row, from `footing`; all of it where there is none."""
    if row is None:
        return hole
    part = hole.copy()
    part[row:] = False
    return part if part.any() else hole
