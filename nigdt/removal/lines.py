"""The direction in which the surroundings run through a hole: a horizon, a slope, the edge of a trunk.

PatchMatch alone does not know that the horizon on the left of a hole is the one on its right. So the colours
where lines of one direction enter the hole are compared with those where they leave it. If they agree far
better than places of different lines do, what is on one line belongs together.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["across", "edges", "running"]

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_ANGLES = (*range(-60, 61, 5), 80, 90, 100)
"""Directions that are tried, in degrees clockwise from the horizontal, ..."""
_FINER = 4
"""... and so many degrees to either side of the best one."""
_SLOPING = 0.05
"""How much better than the horizontal and the vertical any other direction must be."""
_DEPTH = 5
"""Pixels beside the hole over which a line's colour is averaged."""
_FEWEST = 16
"""A direction is judged by at least so many lines."""
_ALIKE = 0.59
"""Difference between the ends of a line, as a fraction of that between ends of different lines, up to which
the surroundings run in its direction, ..."""
_CLEARLY = 0.64
"""... and as a fraction of what the directions have in the median: where a meadow has bright and dark
parts, many directions are somewhat alike."""
_RING, _EDGE = 8.0, 4.0
"""Within so many pixels of the hole the strongest edges have so many Lab units per pixel; else nothing can
break."""
_CONTRAST = 13.0
"""Lab units by which ends of different lines differ at least on average."""


def running(lab: Floats, hole: Mask, usable: Mask) -> float | None:
    """Return the direction in which most of the surroundings continue through the hole.

    Args:
        lab: (h, w, 3), CIE Lab, reduced.
        hole: (h, w), what is to be filled.
        usable: (h, w), what may be looked at.

    Returns:
        Radians clockwise from the horizontal; None where no direction is better than any other.
    """
    smooth = np.asarray(cv2.blur(lab, (3, 3)), np.float32)
    if not edges(smooth, hole, usable):
        return None
    unlike: dict[int, float] = {}

    def best(angles: Iterable[int]) -> int:
        for angle in angles:
            if angle not in unlike:
                unlike[angle] = _unlike(smooth, hole, usable, np.deg2rad(angle))
        return min(unlike, key=lambda angle: (unlike[angle] + _SLOPING * (angle % 90 != 0), abs(angle)))

    near = best(_ANGLES)
    middle = float(np.median([value for value in unlike.values() if np.isfinite(value)] or [0]))
    angle = best(range(near - _FINER, near + _FINER + 1))
    return float(np.deg2rad(angle)) if unlike[angle] <= min(_ALIKE, _CLEARLY * middle) else None


def across(shape: tuple[int, ...], direction: float) -> Floats:
    """Return how far each pixel is from one line of that direction, as a fraction of the longest side.

    Args:
        shape: (h, w).
        direction: Radians clockwise from the horizontal.
    """
    height, width = shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return np.asarray((y * np.cos(direction) - x * np.sin(direction)) / max(height, width), np.float32)


def edges(lab: Floats, hole: Mask, usable: Mask) -> bool:
    """Return whether there are edges beside the hole that could break: light under water has none."""
    away = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, 3)
    ring = usable & (away > 2) & (away <= _RING)
    if not ring.any():
        return False
    light = np.ascontiguousarray(lab[..., 0])
    to_right, down = (cv2.Sobel(light, cv2.CV_32F, *axis, scale=1 / 8) for axis in ((1, 0), (0, 1)))
    return bool(np.quantile(np.hypot(to_right, down)[ring], 0.99) >= _EDGE)


def _unlike(lab: Floats, hole: Mask, usable: Mask, direction: float) -> float:
    """Return how the ends of lines through the hole differ on average, relative to all pairs of ends."""
    height, width = hole.shape
    step = np.array([np.sin(direction), np.cos(direction)])

    def inside(places: NDArray[np.intp]) -> Mask:
        return np.asarray(((places >= 0) & (places < (height, width))).all(1))

    def at(mask: Mask, places: NDArray[np.intp]) -> Mask:
        within = inside(places)
        within[within] = mask[places[within, 0], places[within, 1]]
        return within

    beside = (cv2.dilate(hole.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & ~hole
    starts = np.argwhere(beside)
    starts = starts[at(hole, np.rint(starts + step).astype(np.intp))]
    if not len(starts):
        return np.inf
    rows, columns = np.nonzero(hole)
    longest = 2 + int(np.hypot(np.ptp(rows) + 1, np.ptp(columns) + 1))
    on_line = starts[:, None] + np.arange(1, longest + 1)[:, None] * step
    places = np.rint(on_line).astype(np.intp).reshape(-1, 2)
    out = ~at(hole, places).reshape(len(starts), longest)
    first_out = out.argmax(1)
    seen_out = inside(places).reshape(out.shape)[np.arange(len(starts)), first_out]
    length = np.where(seen_out, first_out + 1.0, 0.0)
    crossing = length > _DEPTH
    starts, length = starts[crossing], length[crossing]
    ends = []
    for first, sign in ((starts, -1), (starts + length[:, None] * step, 1)):
        total, count = np.zeros((len(starts), 3)), np.zeros(len(starts))
        for pixel in range(_DEPTH):
            places = np.rint(first + sign * pixel * step).astype(np.intp)
            seen = at(usable, places)
            total[seen] += lab[places[seen, 0], places[seen, 1]]
            count += seen
        ends.append((total, count))
    both = (ends[0][1] > 0) & (ends[1][1] > 0)
    if both.sum() < _FEWEST:
        return np.inf
    here, there = (total[both] / count[both, None] for total, count in ends)
    own = np.linalg.norm(here - there, axis=1).mean()
    others = np.linalg.norm(here[:, None] - there[None], axis=2).mean()
    return float(own / others) if others >= _CONTRAST else np.inf
