"""Smooth continuation of known values into unknown pixels, cheaply. No torch."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Membrane", "PushPull", "harmonic", "push_pull"]

_WORKING = 256  # longest side that a membrane is computed at
_TURNS = 200  # a coarse picture's values spread over some thirty pixels by then


def push_pull(values: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill in where the weight is 0: average down until everything is known, then interpolate back up.

    Args:
        values: (h, w, c).
        weight: (h, w), 0 to 1.

    Returns:
        (h, w, c): `values` where the weight is 1, smoothly interpolated where it is 0.
    """
    return PushPull(weight)(values)


def harmonic(values: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Fill in what is not known, each place with the mean of those around it.

    Slower than `push_pull`, and without its corners. Unknown places far from all known ones stay as that has
    them.

    Args:
        values: (h, w, c).
        known: (h, w), not all False.

    Returns:
        (h, w, c): `values` where they are known.
    """
    sheet = push_pull(values, known.astype(np.float32))
    for _ in range(_TURNS):
        sheet = np.asarray(cv2.blur(sheet, (5, 5)).reshape(values.shape), np.float32)
        np.copyto(sheet, values, where=known[..., None])
    return sheet


class PushPull:
    """Does `push_pull` again and again with one weight.

    Args:
        weight: (h, w), 0 to 1.
    """

    def __init__(self, weight: NDArray[np.float32]) -> None:
        self._levels = _pyramid(weight)

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Fill in values (h, w, c)."""
        return _fill_in(values, self._levels)


def _pyramid(weight: NDArray[np.float32]) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Return per level, fine to coarse, the weight (h, w, 1) and the divisor of the next level's means."""
    levels = []
    while min(weight.shape) > 2 and weight.min() < 1:
        size = ((weight.shape[1] + 1) // 2, (weight.shape[0] + 1) // 2)
        coarse = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
        levels.append((weight[..., None], np.maximum(coarse, 1e-6)[..., None]))
        # Saturate, so that known borders keep their values instead of fading towards the far mean.
        weight = np.minimum(1, coarse * 4).astype(np.float32)
    levels.append((weight[..., None], np.maximum(weight.sum(), np.float32(1e-6)).reshape(1, 1, 1)))
    return levels


def _fill_in(
    values: NDArray[np.float32], levels: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]
) -> NDArray[np.float32]:
    """Do `push_pull` with values (h, w, c), given the weight's pyramid."""
    (weight, divisor), coarser = levels[0], levels[1:]
    known = values * weight
    if not coarser:
        return known + (1 - weight) * (known.sum((0, 1)) / divisor[0, 0]).astype(np.float32)
    height, width = weight.shape[:2]
    size = ((width + 1) // 2, (height + 1) // 2)
    coarse = cv2.resize(known, size, interpolation=cv2.INTER_AREA).reshape(*size[::-1], -1) / divisor
    coarse = _fill_in(coarse.astype(np.float32, copy=False), coarser)
    finer = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return known + (1 - weight) * finer.reshape(height, width, -1)


class Membrane:
    """Smooth sheets over a rectangle through values scattered at fixed places, such as the border of a hole.

    Args:
        rows: (n,), where each value lies, 0 to shape[0] - 1.
        columns: (n,), 0 to shape[1] - 1.
        shape: Height and width of the rectangle.
    """

    def __init__(self, rows: NDArray[np.intp], columns: NDArray[np.intp], shape: tuple[int, int]) -> None:
        scale = min(1.0, _WORKING / max(shape))
        self._shape = shape
        self._size = height, width = tuple(max(1, round(side * scale)) for side in shape)
        cell = (rows * height // shape[0]) * width + columns * width // shape[1]
        self._cells, self._cell_of, count = np.unique(cell, return_inverse=True, return_counts=True)
        self._count = count[:, None]
        weight: NDArray[np.float32] = np.zeros(height * width, np.float32)
        weight[self._cells] = 1
        self._levels = _pyramid(weight.reshape(height, width))

    @property
    def nbytes(self) -> int:
        """Memory it holds."""
        held = (
            self._cells,
            self._cell_of,
            self._count,
            *(array for level in self._levels for array in level),
        )
        return sum(array.nbytes for array in held)

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Draw the sheet (h, w, c) through values (n, c); near one, it is the mean of those nearby."""
        height, width = self._size
        sums = np.stack([np.bincount(self._cell_of, column) for column in values.T], 1)
        mean: NDArray[np.float32] = np.zeros((height * width, values.shape[1]), np.float32)
        mean[self._cells] = sums / self._count
        sheet = _fill_in(mean.reshape(height, width, -1), self._levels)
        if self._size == self._shape:
            return sheet
        return cv2.resize(sheet, self._shape[::-1], interpolation=cv2.INTER_LINEAR).astype(
            np.float32, copy=False
        )
