"""Smooth continuation of known values into unknown pixels, cheaply. No torch."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Membrane", "push_pull"]

_WORKING = 256  # longest side that a membrane is computed at


def push_pull(values: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill in where the weight is 0: average down until everything is known, then interpolate back up.

    Args:
        values: (h, w, c).
        weight: (h, w), 0 to 1.

    Returns:
        (h, w, c): `values` where the weight is 1, smoothly interpolated where it is 0.
    """
    return _fill_in(values, _pyramid(weight))


def _pyramid(weight: NDArray[np.float32]) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Per level, fine to coarse: the weight (h, w, 1), and what the next level's means are divided by."""
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
    """`push_pull` of values (h, w, c), given the weight's pyramid."""
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
        self._cell = (rows * height // shape[0]) * width + columns * width // shape[1]
        count = np.bincount(self._cell, minlength=height * width)
        self._count = np.maximum(count, 1)[:, None]
        self._levels = _pyramid((count > 0).astype(np.float32).reshape(height, width))

    @property
    def nbytes(self) -> int:
        """Memory it holds."""
        return self._cell.nbytes + self._count.nbytes + sum(w.nbytes + d.nbytes for w, d in self._levels)

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The sheet (h, w, c) through values (n, c); near one it is the mean of those that lie there."""
        height, width = self._size
        sums = [np.bincount(self._cell, column, height * width) for column in values.T]
        mean = (np.stack(sums, 1) / self._count).reshape(height, width, -1)
        sheet = _fill_in(mean.astype(np.float32), self._levels)
        if self._size == self._shape:
            return sheet
        return cv2.resize(sheet, self._shape[::-1], interpolation=cv2.INTER_LINEAR).astype(
            np.float32, copy=False
        )
