"""Drawing training squares from a cache, and measuring how fast that goes."""

from __future__ import annotations

import time
from dataclasses import dataclass

import cv2
import numpy as np

from nigdt_training.data.cache import Cache


@dataclass(frozen=True)
class Square:
    """A square drawn from a photo.

    Attributes:
        photo: (size, size, 3) uint8 RGB.
        object_mask: (size, size) uint8 soft object mask, cut and turned with the photo; None when unknown.
    """

    photo: np.ndarray
    object_mask: np.ndarray | None


def draw_square(
    cache: Cache, i: int, size: int, rng: np.random.Generator | None = None, least: float = 1.0
) -> Square:
    """Cuts a square out of a cached photo and resizes it; photo and object mask get the same cut and flip.

    Args:
        cache: The photos.
        i: Which one.
        size: Side of the result, in pixels.
        rng: Random place and flip, for training; without it the centre of the frame, unflipped, for
            measuring.
        least: Smallest side of a random square, as a share of the frame's short side.

    Returns:
        The square; new arrays.
    """
    photo, mask = cache.photo(i), cache.object_mask(i)
    height, width = photo.shape[:2]
    side = min(height, width)
    flip = False
    if rng is None:
        top, left = (height - side) // 2, (width - side) // 2
    else:
        side = max(1, round(side * rng.uniform(least, 1.0)))
        top, left = int(rng.integers(0, height - side + 1)), int(rng.integers(0, width - side + 1))
        flip = bool(rng.random() < 0.5)

    def cut(plane: np.ndarray) -> np.ndarray:
        plane = plane[top : top + side, left : left + side]
        if side != size:
            method = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
            plane = cv2.resize(plane, (size, size), interpolation=method)
        return np.ascontiguousarray(plane[:, ::-1] if flip else plane)

    # Without a resize or flip `cut` may hand out the mapped file's own pages, which are read-only.
    return Square(cut(photo).copy(), None if mask is None else cut(mask).copy())


def measure_loading(cache: Cache, size: int, seconds: float = 2.0, seed: int = 0) -> float:
    """Squares per second that one thread draws from a cache, in random order.

    Args:
        cache: The photos.
        size: Side of the squares.
        seconds: How long to measure.
        seed: Seed of order and squares.
    """
    rng = np.random.default_rng(seed)
    start, count = time.perf_counter(), 0
    while (spent := time.perf_counter() - start) < seconds or count == 0:
        draw_square(cache, int(rng.integers(len(cache))), size, rng, least=0.7)
        count += 1
    return count / spent
