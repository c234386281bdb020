"""The mask kinds of the paper. Torch-free; every mask is (H, W) uint8 with 255 = to be filled."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from nigdt.errors import NigdtError


def centre_mask(height: int, width: int) -> np.ndarray:
    """Return the middle half by half."""
    mask = np.zeros((height, width), np.uint8)
    mask[height // 4 : height // 4 + height // 2, width // 4 : width // 4 + width // 2] = 255
    return mask


def rectangle_mask(height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """Draw one random rectangle, each side a fifth to three fifths of the picture's."""
    h = int(random.integers(max(1, height // 5), max(1, 3 * height // 5) + 1))
    w = int(random.integers(max(1, width // 5), max(1, 3 * width // 5) + 1))
    top = int(random.integers(0, height - h + 1))
    left = int(random.integers(0, width - w + 1))
    mask = np.zeros((height, width), np.uint8)
    mask[top : top + h, left : left + w] = 255
    return mask


def irregular_mask(height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """Draw random thick strokes that wander, covering roughly a tenth to two fifths of the picture."""
    mask = np.zeros((height, width), np.uint8)
    side = min(height, width)
    goal = random.uniform(0.1, 0.4)
    for _ in range(12):
        point = np.array([random.uniform(0, width), random.uniform(0, height)])
        angle = random.uniform(0, 2 * np.pi)
        thickness = max(2, int(side * random.uniform(0.06, 0.16)))
        for _ in range(int(random.integers(3, 9))):
            angle += random.normal(0, 0.8)
            step = side * random.uniform(0.08, 0.25)
            end = np.clip(point + step * np.array([np.cos(angle), np.sin(angle)]), 0, [width - 1, height - 1])
            cv2.line(mask, _pixel(point), _pixel(end), 255, thickness, cv2.LINE_8)
            point = end
        if (mask > 0).mean() >= goal:
            break
    return mask


def box_mask(height: int, width: int, box: Sequence[float]) -> np.ndarray:
    """Return the object's box (x, y, w, h in pixels), clipped to the picture, at least one pixel.

    Raises:
        NigdtError: The box lies outside the picture.
    """
    x, y, w, h = box
    left, top = round(x), round(y)
    right, bottom = max(left + 1, round(x + w)), max(top + 1, round(y + h))
    left, top, right, bottom = max(0, left), max(0, top), min(width, right), min(height, bottom)
    if left >= right or top >= bottom:
        raise NigdtError(f"The box {tuple(box)} lies outside the {width} x {height} picture.")
    mask = np.zeros((height, width), np.uint8)
    mask[top:bottom, left:right] = 255
    return mask


def outline_mask(outline: np.ndarray, grow: int = 0) -> np.ndarray:
    """Return the object's segmentation, grown by a disc.

    Args:
        outline: (H, W) uint8, 255 on the object; soft edges count from a half up.
        grow: Radius in pixels.
    """
    mask = np.where(outline >= 128, 255, 0).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grow + 1, 2 * grow + 1))
    return cv2.dilate(mask, disc)


def _pixel(point: np.ndarray) -> tuple[int, int]:
    return int(point[0]), int(point[1])
