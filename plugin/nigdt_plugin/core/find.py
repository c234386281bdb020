"""Selections found in the picture itself: pixels of a similar colour."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt_plugin.core.selection import Mask, Patch

Pixels = NDArray[np.uint8]


def similar_colour(rgb: Pixels, x: int, y: int, tolerance: int, connected: bool = True) -> Patch:
    """Return the pixels whose colour is near that of pixel (x, y).

    Args:
        rgb: Photo (H, W, 3) uint8.
        x: Column of the pixel that gives the colour.
        y: Row of that pixel.
        tolerance: Largest difference per channel, 0-255.
        connected: Only the area around the pixel; otherwise the whole photo.
    """
    if connected:
        height, width = rgb.shape[:2]
        found = np.zeros((height + 2, width + 2), np.uint8)
        flags = 8 | (255 << 8) | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE
        span = (tolerance,) * 3
        # Mask-only, so the photo is not written to.
        _, _, _, (left, top, box_width, box_height) = cv2.floodFill(
            np.ascontiguousarray(rgb), found, (x, y), (0, 0, 0), span, span, flags
        )
        mask = found[top + 1 : top + 1 + box_height, left + 1 : left + 1 + box_width]
        return Patch(left, top, _closed(mask))
    colour = rgb[y, x].astype(np.int16)
    lower, upper = np.clip(colour - tolerance, 0, 255), np.clip(colour + tolerance, 0, 255)
    return Patch(0, 0, _closed(cv2.inRange(rgb, lower, upper).astype(np.uint8)))


def _closed(mask: Mask) -> Mask:
    """Fill specks of one or two pixels: noise in the photo, not meant by the user."""
    return cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)).astype(np.uint8)
