"""Cutting the object out of a photo, so that augmentation and measures do not touch its whole rectangle."""

from __future__ import annotations

import cv2
import numpy as np

from nigdt.objects import grab_cut, largest_piece
from nigdt_training.data.records import BoxXYWH

GRABCUT_ITERATIONS = 5
WORKING_SIZE = 160
"""Longest side, in pixels, at which GrabCut runs: outlines get no better beyond, only slower."""
EDGE_SIGMA = 1.0
LEAST_FRACTION, MOST_FRACTION = 0.12, 0.8
"""Fraction of its box that a believable object covers."""
MOST_BORDER = 0.4
"""Fraction of the box's border that a believable object covers: more means that the background came along."""


def segment_box(photo: np.ndarray, box: BoxXYWH) -> np.ndarray | None:
    """Find the object in a box: GrabCut (Rother et al. 2004) from the box, largest piece, soft edge.

    Threads such as legs and the branch below go; holes wider than a speck stay holes.

    Args:
        photo: (H, W, 3) uint8 RGB.
        box: x, y, width, height in pixels; the object lies inside it.

    Returns:
        (H, W) uint8 soft mask, 255 on the object, or None where no believable object came out. The same input
        gives the same mask.
    """
    height, width = photo.shape[:2]
    pad = 0.3 * max(box[2], box[3])
    left, top = max(0, int(box[0] - pad)), max(0, int(box[1] - pad))
    right, bottom = min(width, int(box[0] + box[2] + pad) + 1), min(height, int(box[1] + box[3] + pad) + 1)
    window = photo[top:bottom, left:right]
    scale = min(1.0, WORKING_SIZE / max(window.shape[:2]))
    small = cv2.resize(window, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    x0, y0 = round((box[0] - left) * scale), round((box[1] - top) * scale)
    x1 = min(small.shape[1], round((box[0] + box[2] - left) * scale))
    y1 = min(small.shape[0], round((box[1] + box[3] - top) * scale))
    if x1 - x0 < 8 or y1 - y0 < 8:
        return None
    hard = _grabcut(small, x0, y0, x1, y1)
    inside = hard[y0:y1, x0:x1]
    border = np.concatenate([inside[0], inside[-1], inside[:, 0], inside[:, -1]])
    if not LEAST_FRACTION <= inside.mean() <= MOST_FRACTION or border.mean() > MOST_BORDER:
        return None
    smooth = cv2.resize(hard * np.float32(1), window.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    mask = np.zeros((height, width), np.uint8)
    mask[top:bottom, left:right] = smooth > 0.5
    return soften(mask)


def soften(hard: np.ndarray) -> np.ndarray:
    """Return a 0/1 mask (H, W) as a uint8 mask with an edge about two pixels wide."""
    return cv2.GaussianBlur(hard * np.uint8(255), (0, 0), EDGE_SIGMA)


def _grabcut(rgb: np.ndarray, x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    labels = np.full(rgb.shape[:2], cv2.GC_BGD, np.uint8)
    labels[y0:y1, x0:x1] = cv2.GC_PR_BGD
    # Corners of a box seldom hold the object: starting from the ellipse gives cleaner colour models than the
    # box.
    ellipse = np.zeros_like(labels)
    cv2.ellipse(ellipse, ((x0 + x1) // 2, (y0 + y1) // 2), ((x1 - x0) // 2, (y1 - y0) // 2), 0, 0, 360, 1, -1)
    labels[ellipse > 0] = cv2.GC_PR_FGD
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    return _clean(grab_cut(bgr, labels, GRABCUT_ITERATIONS).astype(np.uint8))


def _clean(hard: np.ndarray) -> np.ndarray:
    """Remove specks and threads, keep the largest piece, and fill specks inside it."""
    width = 2 * round(0.04 * np.sqrt(max(1, int(hard.sum())))) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    hard = cv2.morphologyEx(hard, cv2.MORPH_OPEN, kernel)
    hard = largest_piece(hard > 0, connectivity=4).astype(np.uint8)
    speck = 0.02 * hard.sum()
    count, labels, stats, _ = cv2.connectedComponentsWithStats(1 - hard, connectivity=4)
    for piece in range(1, count):
        if stats[piece, cv2.CC_STAT_AREA] < speck:
            hard[labels == piece] = 1
    return hard
