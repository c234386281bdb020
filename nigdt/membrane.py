"""Smooth continuation of known values into unknown pixels, cheaply. No torch."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["membrane", "push_pull"]

_WORKING = 256  # longest side that a membrane is computed at


def push_pull(values: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill in where the weight is 0: average down until everything is known, then interpolate back up.

    Args:
        values: (h, w, c).
        weight: (h, w), 0 to 1.

    Returns:
        (h, w, c): `values` where the weight is 1, smoothly interpolated where it is 0.
    """
    height, width = weight.shape
    if min(height, width) <= 2 or weight.min() >= 1:
        total = float(weight.sum())
        mean = (values * weight[..., None]).sum((0, 1)) / max(total, 1e-6)
        return weight[..., None] * values + (1 - weight[..., None]) * mean.astype(np.float32)
    size = ((width + 1) // 2, (height + 1) // 2)
    coarse_weight = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(values * weight[..., None], size, interpolation=cv2.INTER_AREA)
    coarse = coarse / np.maximum(coarse_weight, 1e-6)[..., None]
    # Saturate, so that known borders keep their values instead of fading towards the far mean.
    coarse = push_pull(coarse.astype(np.float32), np.minimum(1, coarse_weight * 4).astype(np.float32))
    finer = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return weight[..., None] * values + (1 - weight[..., None]) * finer


def membrane(
    values: NDArray[np.float32], rows: NDArray[np.intp], columns: NDArray[np.intp], shape: tuple[int, int]
) -> NDArray[np.float32]:
    """A smooth sheet over a rectangle through scattered values, such as those along the border of a hole.

    Args:
        values: (n, c).
        rows: (n,), where each lies, 0 to shape[0] - 1.
        columns: (n,), 0 to shape[1] - 1.
        shape: Height and width of the rectangle.

    Returns:
        (h, w, c); near a value it is the mean of those that lie there.
    """
    scale = min(1.0, _WORKING / max(shape))
    height, width = (max(1, round(side * scale)) for side in shape)
    cell = (rows * height // shape[0]) * width + columns * width // shape[1]
    count = np.bincount(cell, minlength=height * width)
    sums = [np.bincount(cell, values[:, i], height * width) for i in range(values.shape[1])]
    mean = (np.stack(sums, 1) / np.maximum(count, 1)[:, None]).reshape(height, width, -1)
    sheet = push_pull(mean.astype(np.float32), (count > 0).astype(np.float32).reshape(height, width))
    if (height, width) == shape:
        return sheet
    return cv2.resize(sheet, shape[::-1], interpolation=cv2.INTER_LINEAR).astype(np.float32, copy=False)
