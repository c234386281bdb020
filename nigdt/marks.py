"""Where the thing that a model draws has its eyes and its beak: what makes a shape a bird to whoever looks.

An outline alone leaves the head to chance, and the model then draws none of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["draw_beak", "draw_marks"]

Floats = NDArray[np.float32]
Point = tuple[float, float]

_EYE = 0.2
"""Radius of an eye, as a fraction of the distance from there to the middle of the beak."""
_LEAST_EYE = 1.1
"""The same in pixels, at least."""
_BASE, _TIP = 0.45, 0.5
"""How far a beak reaches from its middle towards the eye and away from it, in terms of their distance, ..."""
_HALF = 0.26
"""... and half its width at the base."""
_SHIFT = 4
_ONE = 2**_SHIFT


def draw_beak(shape: tuple[int, int], eyes: Sequence[Point], beak: Point | None) -> Floats:
    """Draw a beak.

    Args:
        shape: (H, W).
        eyes: (x, y) of each that is seen, in pixels.
        beak: (x, y) of its middle, if it is seen.

    Returns:
        (H, W), 0 to 1; all 0 where the beak is not seen, or nothing tells where it points.
    """
    picture = np.zeros(shape, np.uint8)
    if beak is not None and eyes:
        middle = np.array(beak, np.float64)
        towards = middle - np.mean(eyes, axis=0)
        across = np.array([-towards[1], towards[0]]) * _HALF
        base = middle - _BASE * towards
        corners = np.stack([base + across, middle + _TIP * towards, base - across])
        fixed = np.rint((np.clip(corners, -(2.0**15), 2.0**15)) * _ONE).astype(np.int32)
        cv2.fillConvexPoly(picture, fixed, 255, cv2.LINE_AA, _SHIFT)
    return picture.astype(np.float32) / np.float32(255)


def draw_marks(shape: tuple[int, int], eyes: Sequence[Point], beak: Point | None) -> Floats:
    """Draw eyes as discs, and a beak as a triangle; arguments as in `draw_beak`.

    Returns:
        (H, W), 0 to 1.
    """
    marks = draw_beak(shape, eyes, beak)
    apart = max((float(np.hypot(x - beak[0], y - beak[1])) for x, y in eyes if beak), default=0.0)
    radius = max(_LEAST_EYE, _EYE * apart)
    for x, y in eyes:
        if not (-radius <= x < shape[1] + radius and -radius <= y < shape[0] + radius):
            continue
        disc = np.zeros(shape, np.uint8)
        centre = (round(x * _ONE), round(y * _ONE))
        cv2.circle(disc, centre, round(radius * _ONE), 255, cv2.FILLED, cv2.LINE_AA, _SHIFT)
        marks = np.maximum(marks, disc.astype(np.float32) / np.float32(255))
    return marks
