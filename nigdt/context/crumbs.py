"""Ends of a thing that its selection leaves out: the tip of a horn, a claw, a few hairs.

A lasso cuts them off, and what is left hangs in the air once the thing is gone.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.box import selection_box
from nigdt.context.membrane import push_pull
from nigdt.limits import removal_extent

__all__ = ["with_crumbs"]

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_WORKING, _SMALLEST = 256, 64
"""Root of the selection's area, in pixels: larger ones are reduced to the first, and in one below the second
nothing can be told."""
_REACH = 0.07
"""How far beside the selection an end may reach, as a fraction of the root of its area."""
_LARGEST = 0.01
"""Area of an end, as a fraction of the selection's."""
_DISTINCT = 14.0
"""An end differs so much from what lies around, in Lab units, ..."""
_DEVIATIONS = 3.0
"""... and by so many standard deviations of it."""
_THING = 0.1
"""The thing is what differs so in the selection and has at least this fraction of its area."""
_STEP = 12.0
"""It goes on from the selection's inside without a step of more, in Lab units, ..."""
_ALONG = 0.5
"""... along this fraction of where it touches it."""
_BESIDE = 2
"""Pixels around an end that are taken too, at the size at which is looked."""


def with_crumbs(crop: NDArray[np.uint8], selection: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Add to a selection what it leaves out of its thing by a hair.

    That is what begins in the selection, is unlike what lies around, and ends close beside the selection.
    What leads on, as a twig or a horizon does, is none.

    Args:
        crop: (h, w, 3) RGB, the surroundings included.
        selection: (h, w), 255 = selected.

    Returns:
        (h, w), the selection itself where nothing is left out.
    """
    inside = selection > 0
    if not inside.any() or inside.all():
        return selection
    box, area = selection_box(selection), int(np.count_nonzero(inside))
    root = area**0.5
    if root < _SMALLEST or removal_extent(max(box.width, box.height), area) < max(box.width, box.height):
        return selection  # the latter is a stroke along a wire
    box = box.grown(round(3 * _REACH * root) + 8, selection.shape[1], selection.shape[0])
    within, pixels = inside[box.slices], crop[box.slices]
    scale = min(1.0, _WORKING / root)
    size = (max(8, round(within.shape[1] * scale)), max(8, round(within.shape[0] * scale)))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    selected = cv2.resize(within.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5
    found = _ends(small, selected)
    if not found.any():
        return selection
    taken = cv2.dilate(found.astype(np.uint8), np.ones((2 * _BESIDE + 1,) * 2, np.uint8))
    whole = cv2.resize(taken * np.uint8(255), within.shape[::-1], interpolation=cv2.INTER_LINEAR)
    result = selection.copy()
    result[box.slices][whole > 127] = 255
    return result


def _ends(pixels: NDArray[np.uint8], within: Mask) -> Mask:
    """Return the ends (h, w) outside the selection."""
    blurred = cv2.blur(pixels, (3, 3)).astype(np.float32) / 255
    lab = np.asarray(cv2.cvtColor(blurred, cv2.COLOR_RGB2Lab), np.float32)
    area = int(np.count_nonzero(within))
    reach = max(4.0, _REACH * area**0.5)
    away = cv2.distanceTransform((~within).astype(np.uint8), cv2.DIST_L2, 3)
    beyond = (away > reach).astype(np.float32)
    if not beyond.any():
        return np.zeros(within.shape, np.bool_)
    around = push_pull(lab, beyond)
    deviation = ((lab - cv2.blur(lab, (2 * int(reach) + 1,) * 2)) ** 2).sum(2, keepdims=True)
    spread = np.sqrt(np.maximum(push_pull(deviation, beyond)[..., 0], 0))
    apart = np.linalg.norm(lab - around, axis=2)
    distinct = apart > np.maximum(_DISTINCT, _DEVIATIONS * spread)
    count, pieces, boxes, _ = cv2.connectedComponentsWithStats((distinct & ~within).astype(np.uint8))
    _, inner_pieces, sizes, _ = cv2.connectedComponentsWithStats((distinct & within).astype(np.uint8))
    large = sizes[:, cv2.CC_STAT_AREA] >= _THING * area
    large[0] = False
    thing = large[inner_pieces]
    found = np.zeros(within.shape, np.bool_)
    inner = [(down, right) for down in (-3, 0, 3) for right in (-3, 0, 3)]
    edge = np.ones(within.shape, np.bool_)
    edge[1:-1, 1:-1] = False
    led_on = set(np.unique(pieces[(away > reach - 1) | edge]).tolist())
    for piece in range(1, count):
        if piece in led_on or boxes[piece, cv2.CC_STAT_AREA] > _LARGEST * area:
            continue
        y, x = np.nonzero((pieces == piece) & (away < 1.5))
        if not len(y):
            continue
        step = np.full(len(y), np.inf, np.float32)
        for down, right in inner:
            there = np.clip(y + down, 0, within.shape[0] - 1), np.clip(x + right, 0, within.shape[1] - 1)
            theirs = np.linalg.norm(lab[y, x] - lab[there], axis=1)
            step = np.where(thing[there], np.minimum(step, theirs), step)
        if (step <= _STEP).mean() >= _ALONG:
            found |= pieces == piece
    return found
