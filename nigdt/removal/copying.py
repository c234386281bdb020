"""The hole's pixels fetched from their sources at full size, and the seams between them hidden."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.box import selection_box

__all__ = ["copied", "index"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]

_LARGEST_STEP = 24.0
"""Grey levels; what is more is an edge that does not fit, and spreading it would make it glow, ..."""
_BLURRED, _SHARP = float(np.log(12.0)), float(np.log(25.0))
"""... but in what is out of focus, where every edge would show: log roughness up to which any step is spread,
and from which on only that much."""
_BLUR = 120.0
"""Grey levels; a greater step is no blur's, but one between two smooth things."""
_NEARBY = 8
"""Pixels of the reduced picture within which the highest roughness counts."""
_BESIDE = 4
"""Pixels beside the hole's box that a place in it may fall on when sizes are rounded."""
_NO_MAP = np.empty(0, np.float32)  # OpenCV takes it for "whole pixels only"


def copied(
    pixels: NDArray[np.uint8], hole: Mask, offsets: Ints, reach: float, feather: int, roughness: Floats
) -> NDArray[np.uint8]:
    """Fetch the hole's pixels from their sources into the photo.

    Args:
        pixels: (h, w, 3), the photo.
        hole: (h, w).
        offsets: (H, W, 2), to the sources, at the photo's size or a smaller one.
        reach: Pixels over which the step in colour at a seam fades out.
        feather: Pixels on either side of a seam over which its sides fade into each other.
        roughness: (r, c), log of the finest detail's strength in the photo, reduced.
    """
    height, width = hole.shape
    box = selection_box(hole).slices
    y, x = (np.arange(part.start, part.stop) for part in box)
    ratio = np.array([height / offsets.shape[0], width / offsets.shape[1]])
    offset = np.rint(_spread(offsets) * ratio).astype(np.int16)[
        index(y, ratio[0], offsets.shape[0])[:, None], index(x, ratio[1], offsets.shape[1])[None]
    ]
    columns, rows = x + offset[..., 1], y[:, None] + offset[..., 0]
    source: NDArray[np.int16] = np.empty((*offset.shape[:2], 2), np.int16)
    np.clip(columns, 0, width - 1, out=source[..., 0], casting="unsafe")
    np.clip(rows, 0, height - 1, out=source[..., 1], casting="unsafe")
    fetched = cv2.remap(pixels, source, _NO_MAP, cv2.INTER_NEAREST).astype(np.float32)
    inside = hole[box]
    correction = _steps_spread(pixels, fetched, source, inside, reach, roughness)
    fetched += correction
    _feather(pixels, fetched, source, correction, inside, feather)
    filled = pixels.copy()
    filled[box][inside] = np.clip(np.rint(fetched[inside]), 0, 255).astype(np.uint8)
    return filled


def _steps_spread(
    pixels: NDArray[np.uint8],
    fetched: Floats,
    source: NDArray[np.int16],
    inside: Mask,
    reach: float,
    roughness: Floats,
) -> Floats:
    """Return what to add to the fetched pixels so that seams show no step (Perez et al. 2003, screened).

    Across a seam the picture shall change as it does on average in the two places it was fetched from; the
    correction `c` minimises the squared deviation from that everywhere, plus `c^2 / reach^2`. With mirrored
    borders the cosine transform solves that exactly.

    Args:
        pixels: (H, W, 3), the photo.
        fetched: (h, w, 3), what was taken from it.
        source: (h, w, 2), from which column and row.
        inside: (h, w), where seams matter.
        reach: Pixels over which a step fades out.
        roughness: As in `copied`.
    """
    height, width = inside.shape
    # A smooth wall beside a sharp edge is not out of focus.
    nearby = cv2.dilate(roughness, np.ones((2 * _NEARBY + 1, 2 * _NEARBY + 1), np.uint8))
    sharp = np.clip((np.asarray(nearby, np.float32) - _BLURRED) / (_SHARP - _BLURRED), 0, 1)
    ratio = np.array([pixels.shape[1] / sharp.shape[1], pixels.shape[0] / sharp.shape[0]])
    right = np.zeros((*inside.shape, 3), np.float32)
    last = np.array([pixels.shape[1] - 1, pixels.shape[0] - 1])
    for axis in (0, 1):
        unit = np.array([axis, 1 - axis])
        first = np.s_[: height - (axis == 0), : width - (axis == 1)]
        second = np.s_[int(axis == 0) :, int(axis == 1) :]
        seam = ((source[second] - source[first]) != unit).any(2) & inside[first] & inside[second]
        y, x = np.nonzero(seam)
        here, there = source[first][y, x], source[second][y, x]
        after, before = np.clip(here + unit, 0, last), np.clip(there - unit, 0, last)
        natural = _at(pixels, after) - _at(pixels, here) + _at(pixels, there) - _at(pixels, before)
        step = natural / 2 - (fetched[second][y, x] - fetched[first][y, x])
        rough = np.maximum(*(_sharpness(sharp, place, ratio) for place in (here, there)))
        rough[np.abs(step).max(1, initial=0) > _BLUR] = 1
        largest = (_BLUR + (_LARGEST_STEP - _BLUR) * rough)[:, None].astype(np.float32)
        np.clip(step, -largest, largest, out=step)
        right[second][y, x] += step
        right[first][y, x] -= step
    return _screened(right, reach)


def _sharpness(sharp: Floats, place: NDArray[np.int16], ratio: NDArray[np.float64]) -> Floats:
    """Return the values of a reduced picture at places (column, row) in the photo."""
    columns, rows = (
        index(place[:, axis].astype(np.intp), ratio[axis], sharp.shape[1 - axis]) for axis in (0, 1)
    )
    return sharp[rows, columns]


def _at(pixels: NDArray[np.uint8], place: NDArray[np.integer]) -> Floats:
    return pixels[place[:, 1], place[:, 0]].astype(np.float32)


def _screened(right: Floats, reach: float) -> Floats:
    """Solve `(L + 1 / reach^2) c = right` for each channel; L is the Laplacian with mirrored borders."""
    height, width, channels = right.shape
    size = [cv2.getOptimalDFTSize((side + 1) // 2) * 2 for side in (height, width)]
    frequency = [2 - 2 * np.cos(np.pi * np.arange(side) / side) for side in size]
    divisor = (frequency[0][:, None] + frequency[1][None] + reach**-2).astype(np.float32)
    result = np.empty_like(right)
    whole = np.zeros(size, np.float32)
    for channel in range(channels):
        whole[:height, :width] = right[..., channel]
        result[..., channel] = cv2.idct(cv2.dct(whole) / divisor)[:height, :width]
    return result


def _feather(
    pixels: NDArray[np.uint8],
    fetched: Floats,
    source: NDArray[np.int16],
    correction: Floats,
    inside: Mask,
    width: int,
) -> None:
    """Let both sides of a seam fade into each other, in place.

    Near a seam a pixel becomes the mean of what the offsets of the pixels around it would fetch for it, each
    with its own correction. Elsewhere these are all the same.

    Args:
        pixels: (H, W, 3), the photo.
        fetched: (h, w, 3), changed.
        source: (h, w, 2), from which column and row each was fetched.
        correction: (h, w, 3), what was added.
        inside: (h, w), what is filled.
        width: Pixels on either side, at least 1.
    """
    seam = np.zeros(inside.shape, np.uint8)
    seam[:, 1:] |= ((source[:, 1:] - source[:, :-1]) != (1, 0)).any(2)
    seam[1:] |= ((source[1:] - source[:-1]) != (0, 1)).any(2)
    near = cv2.dilate(seam, np.ones((2 * width + 1, 2 * width + 1), np.uint8)) > 0
    y, x = np.nonzero(near & inside)
    last = np.array([pixels.shape[1] - 1, pixels.shape[0] - 1])
    total = np.zeros((len(y), 3), np.float32)
    for down, down_weight in ((-width, 0.25), (0, 0.5), (width, 0.25)):
        for right, right_weight in ((-width, 0.25), (0, 0.5), (width, 0.25)):
            there_y = np.clip(y + down, 0, inside.shape[0] - 1)
            there_x = np.clip(x + right, 0, inside.shape[1] - 1)
            place = source[there_y, there_x] + np.stack([x - there_x, y - there_y], 1)
            mixed = _at(pixels, np.clip(place, 0, last)) + correction[there_y, there_x]
            total += np.float32(down_weight * right_weight) * mixed
    fetched[y, x] = total


def _spread(offsets: Ints) -> Ints:
    """Extend offsets a little beyond the hole: each pixel gets those of the nearest in it."""
    near = selection_box(offsets[..., 0] | offsets[..., 1]).grown(_BESIDE, offsets.shape[1], offsets.shape[0])
    spread = offsets.copy()
    spread[near.slices] = _nearest(offsets[near.slices])
    return spread


def _nearest(offsets: Ints) -> Ints:
    inside = (offsets[..., 0] | offsets[..., 1]) != 0
    _, label = cv2.distanceTransformWithLabels(
        (~inside).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    nearest = np.zeros(int(label.max()) + 1, np.intp)
    nearest[label[inside]] = np.flatnonzero(inside)
    return offsets.reshape(-1, 2)[nearest[label]]


def index(at: NDArray[np.intp], ratio: float, length: int) -> NDArray[np.intp]:
    """Return the places in an array of that length of places in one that is longer by a ratio."""
    return np.minimum(((at + 0.5) / ratio).astype(np.intp), length - 1)
