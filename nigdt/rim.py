"""The rim beside a selection, onto which a colour may go where the object ends there.

Selections that are drawn along an object miss hair, feet and the last pixels of its edge. Where the object
goes on beyond the rim, the selection cuts through it on purpose, and its border holds.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.box import Box, selection_box

__all__ = ["ends_on", "rim_width", "wider", "within_rim"]

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_WIDTH = 1 / 30
"""Width of the rim as a fraction of the selection's longest side."""
_LEAST = 2
_OUTSIDE = 0.1
"""Selection below which a place is surely outside it."""
_CUT = (1.2, 2.2)
"""Widths of the rim from a place where the object goes on beyond it: nearer than the first it counts as cut
there, from the second on it does not."""
_SELECTED = 128
_SOFT = 3.0
"""Pixels in which a selection fades out, from which on its border is meant to be soft."""


def rim_width(selection: NDArray[np.uint8]) -> int:
    """Return the width of the rim of a selection (h, w) in pixels; 0 where its border is soft."""
    box = selection_box(selection)
    part = selection[box.slices]
    chosen = np.pad((part >= _SELECTED).astype(np.uint8), 1)
    border = int((chosen != cv2.erode(chosen, np.ones((3, 3), np.uint8))).sum())
    fading = int(((part > 8) & (part < 247)).sum())
    if fading > _SOFT * max(1, border):
        return 0
    return max(_LEAST, round(_WIDTH * max(box.width, box.height)))


def within_rim(selection: NDArray[np.uint8]) -> tuple[Mask, Box]:
    """Return a selection (h, w) with its rim, as a part of it and where that lies."""
    height, width = selection.shape
    reach = rim_width(selection)
    box = selection_box(selection).grown(reach, width, height)
    apart = (selection[box.slices] < _SELECTED).astype(np.uint8)
    if reach == 0:
        return apart == 0, box
    return cv2.distanceTransform(apart, cv2.DIST_L2, 3) <= reach, box


def wider(selection: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a selection (h, w) with its rim, which is selected as a whole."""
    chosen, box = within_rim(selection)
    result = selection.copy()
    part = result[box.slices]
    part[chosen] = 255
    return result


def ends_on(thing: Floats, wide: Floats, rim: float) -> Floats:
    """Return how surely an object ends on a selection's rim, (h, w) in 0..1: not where it goes on beyond.

    Args:
        thing: (h, w), 0 to 1, the object.
        wide: (h, w), 0 to 1, the selection with its rim.
        rim: Width of the rim in pixels.
    """
    beyond = ((thing > 0.5) & (wide < _OUTSIDE)).astype(np.uint8)
    ended = cv2.erode(beyond, np.ones((3, 3), np.uint8)) == 0
    if ended.all():
        return np.ones_like(thing)
    away = cv2.distanceTransform(ended.astype(np.uint8), cv2.DIST_L2, 3) / max(1.0, rim)
    low, high = _CUT
    return np.clip((away - low) / (high - low), 0, 1).astype(np.float32)
