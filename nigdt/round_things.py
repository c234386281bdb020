"""Things that are round from every side: their name alone gives their outline."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.backdrop import things_named
from nigdt.text import tokenise

__all__ = ["circle_in", "names_round_thing"]

_ROUND_NAMES = """
apple ball balloon bauble bubble cherry globe grapefruit marble moon ornament orb planet sphere sun tomato
"""
_ROUND = frozenset(_ROUND_NAMES.split())
_FRUITS = frozenset({"orange", "peach", "plum"})
"""Colours too, unless an article says that a thing is meant."""
_ADJECTIVES = """
beach big billiard bouncing bowling christmas full fresh glossy golf huge large little one party ripe round
rubber shiny small snooker sweet tennis tiny toy
"""
_BESIDE = frozenset(_ADJECTIVES.split())
"""Words beside which a caption still names nothing but a round thing."""
_MARGIN = 0.94
"""Radius, as a fraction of that of the largest circle in the hole."""
_LEAST = 4
"""Radius in pixels below which there is no room for one."""


def names_round_thing(caption: str) -> bool:
    """Return whether a caption names one round thing and nothing else."""
    said, things = tokenise(caption), things_named(caption)
    fruit = len(said) > 1 and said[0] in {"a", "an", "one", "the"} and said[-1] in _FRUITS
    return (fruit or not _ROUND.isdisjoint(things)) and set(things) <= _ROUND | _BESIDE


def circle_in(hole: NDArray[np.bool_]) -> NDArray[np.float32] | None:
    """Return the largest circle in a hole, as near to its middle as it can be.

    Args:
        hole: (H, W).

    Returns:
        (H, W), 0 to 1; None where there is no room for one.
    """
    inside = np.pad(hole, 1).astype(np.uint8)
    away = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    largest = float(away.max())
    if largest * _MARGIN < _LEAST:
        return None
    rows, columns = np.nonzero(hole)
    middle = rows.mean(), columns.mean()
    y, x = np.nonzero(away >= largest - 0.5)
    nearest = int(np.argmin((y - middle[0]) ** 2 + (x - middle[1]) ** 2))
    circle = np.zeros(hole.shape, np.uint8)
    centre = (int(x[nearest]) * 16, int(y[nearest]) * 16)
    cv2.circle(circle, centre, round(largest * _MARGIN * 16), 255, cv2.FILLED, cv2.LINE_AA, 4)
    return circle.astype(np.float32) / np.float32(255)
