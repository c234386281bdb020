"""Selections found in the picture itself: pixels of a similar colour, and the object in a box."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.objects import grab_cut
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.selection import Mask, Patch

Pixels = NDArray[np.uint8]

# GrabCut's time grows with the area; beyond this it runs on a smaller copy and the edge is refined.
_OBJECT_PIXELS = 300_000


def similar_colour(rgb: Pixels, x: int, y: int, tolerance: int, connected: bool = True) -> Patch:
    """Pixels whose colour is near that of pixel (x, y).

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
    """Specks of one or two pixels filled: noise in the photo, not meant by the user."""
    return cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)).astype(np.uint8)


def object_in(rgb: Pixels, box: Region, rounds: int = 4) -> Patch:
    """Return the object inside a box drawn loosely around it (GrabCut, Rother et al. 2004).

    Args:
        rgb: Photo (H, W, 3) uint8.
        box: Rectangle around the object.
        rounds: Iterations of segmentation and colour model.

    Returns:
        Patch of the object, with a smooth edge; the box itself if no object stands out.
    """
    height, width = rgb.shape[:2]
    box = box.clipped(width, height)
    if box.width < 4 or box.height < 4:
        return Patch(box.left, box.top, np.full((box.height, box.width), 255, np.uint8))
    # Surroundings teach what is background.
    outer = box.grown(max(8, (box.width + box.height) // 6)).clipped(width, height)
    crop = rgb[outer.slices]
    scale = min(1.0, (_OBJECT_PIXELS / (outer.width * outer.height)) ** 0.5)
    small = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else crop
    small = np.ascontiguousarray(small)
    labels = np.full(small.shape[:2], cv2.GC_BGD, np.uint8)
    left, top = round((box.left - outer.left) * scale), round((box.top - outer.top) * scale)
    right = left + max(2, round(box.width * scale))
    bottom = top + max(2, round(box.height * scale))
    labels[top:bottom, left:right] = cv2.GC_PR_FGD
    whole = Patch(box.left, box.top, np.full((box.height, box.width), 255, np.uint8))
    if not (labels == cv2.GC_BGD).any():
        return whole
    mask = np.where(grab_cut(small, labels, rounds), 255, 0).astype(np.uint8)
    mask = _main_parts(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)).astype(np.uint8))
    if int(np.count_nonzero(mask)) < 0.02 * (right - left) * (bottom - top):
        return whole
    mask = cv2.GaussianBlur(mask, (0, 0), 1.0).astype(np.uint8)
    if scale < 1:
        mask = cv2.resize(mask, (outer.width, outer.height), interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    return Patch(outer.left, outer.top, mask)


def _main_parts(mask: Mask) -> Mask:
    """Return the largest part and those at least a tenth of it, their small holes filled."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count <= 1:
        return mask
    areas = stats[1:, cv2.CC_STAT_AREA]
    keep = np.flatnonzero(areas >= areas.max() / 10) + 1
    kept = np.where(np.isin(labels, keep), 255, 0).astype(np.uint8)
    contours, tree = cv2.findContours(kept, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    limit = areas.max() / 50
    for contour, (_, _, _, parent) in zip(contours, tree[0] if tree is not None else [], strict=True):
        if parent >= 0 and cv2.contourArea(contour) < limit:
            cv2.drawContours(kept, [contour], -1, 255, cv2.FILLED)
    return kept
