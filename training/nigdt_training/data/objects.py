"""Finding the object of a photo that comes without its outline, or even its box."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from nigdt_training.data.recolour import bytes_to_lab
from nigdt_training.data.segment import segment_box

XYWH = tuple[float, float, float, float]
LEAST_AGREEMENT = 0.75
"""Overlap (intersection over union) of two cuts from slightly different boxes: below, neither is believed."""
LEAST_CONTRAST = 9.0
"""Median colour of the object against that of its ring, in Lab units: below, nobody would say what the
object is."""
_REDUCED = 0.45
_SAME = 0.3  # overlap from which two cuts are of one object


@dataclass(frozen=True)
class Finder:
    """Another way to find the object of a photo than `find_objects`.

    Attributes:
        key: What its masks depend on; caches are built anew where it differs.
        find: Photo (H, W, 3) uint8 to soft mask (H, W) uint8, 255 on its object; None where it shows no
            clear one. Called from one thread at a time.
    """

    key: str
    find: Callable[[np.ndarray], np.ndarray | None]


def find_objects(
    photo: np.ndarray, box: XYWH | None, *, one: bool, rng: np.random.Generator
) -> list[np.ndarray]:
    """Cut out what stands out from its surroundings and comes out alike from boxes a little apart.

    Args:
        photo: (H, W, 3) uint8 RGB.
        box: The object's x, y, w, h in pixels, or None where nobody knows.
        one: The photo shows one thing, in its middle.
        rng: For the boxes to try where `box` is None and there may be several things.

    Returns:
        (H, W) uint8 masks, 255 on the object, soft at its edge; one, or two where neither
        `box` nor `one` is given.
    """
    found: list[np.ndarray] = []
    for tried in [box] if box is not None else _boxes(photo.shape[:2], one, rng):
        mask = _believable(photo, tried, trusted=box is not None)
        if mask is not None and all(_overlap(mask, other) < _SAME for other in found):
            found.append(mask)
        if len(found) == (1 if one or box is not None else 2):
            break
    return found


def _boxes(shape: tuple[int, ...], one: bool, rng: np.random.Generator) -> Iterator[XYWH]:
    height, width = shape
    if one:
        for margin in (0.03, 0.1, 0.18):
            yield margin * width, margin * height, (1 - 2 * margin) * width, (1 - 2 * margin) * height
        return
    yield 0.15 * width, 0.12 * height, 0.7 * width, 0.76 * height
    for _ in range(2):
        w, h = rng.uniform(0.28, 0.7) * width, rng.uniform(0.28, 0.8) * height
        yield rng.uniform(0, width - w), rng.uniform(0, height - h), w, h


def _believable(photo: np.ndarray, box: XYWH, trusted: bool) -> np.ndarray | None:
    if not trusted and not _agrees(photo, box):
        return None
    mask = segment_box(photo, box)
    if mask is None or not _stands_out(photo, mask):
        return None
    return mask


def _agrees(photo: np.ndarray, box: XYWH) -> bool:
    """Return whether two slightly different boxes give the same object; a small copy answers that sooner."""
    small = cv2.resize(photo, None, fx=_REDUCED, fy=_REDUCED, interpolation=cv2.INTER_AREA)
    x, y, w, h = (value * _REDUCED for value in box)
    one = segment_box(small, (x, y, w, h))
    if one is None or not _stands_out(small, one):
        return False
    other = segment_box(small, (x + 0.04 * w, y + 0.04 * h, 0.92 * w, 0.92 * h))
    return other is not None and _overlap(one, other) >= LEAST_AGREEMENT


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    a, b = one > 127, other > 127
    return float((a & b).sum() / max(1, (a | b).sum()))


def _stands_out(photo: np.ndarray, mask: np.ndarray) -> bool:
    hard = (mask > 127).astype(np.uint8)
    ring = cv2.dilate(hard, np.ones((13, 13), np.uint8)) - cv2.dilate(hard, np.ones((3, 3), np.uint8))
    if hard.sum() < 100 or ring.sum() < 40:
        return False
    lab = bytes_to_lab(photo)
    return float(np.linalg.norm(np.median(lab[hard > 0], 0) - np.median(lab[ring > 0], 0))) >= LEAST_CONTRAST
