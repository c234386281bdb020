"""From ways at a coarse size to the fill at full size, in the photo's own pixels."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.context.membrane import Membrane
from nigdt.removal.layout import Layout, lab_of
from nigdt.removal.quilting import compressed, features
from nigdt.removal.shifts import Shifts

__all__ = ["carry"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]

_FINEST = 400_000
"""Seams are moved up to the size at which the hole has this many pixels."""
_SPREAD = 8.0
"""Coarse pixels over which the step at a seam is spread."""
_LARGEST_STEP = 24.0
"""Grey levels; what is more is an edge that does not fit, and spreading it would make it glow."""
_SMOOTH = 2.0
"""Sigma, in coarse pixels, below which the coarse answer's colours count no more."""
_NO_MAP = np.empty(0, np.float32)  # OpenCV takes it for "whole pixels only"
_REACH = 0.06
"""Share of the context's longest side at which 1/e of the border's correction is left."""
_BAND = 0.006
"""Width, as a share of the context's longest side, over which the border's difference is averaged."""


def carry(
    pixels: NDArray[np.uint8],
    hole: Mask,
    allowed: Mask | None,
    layout: Layout,
    ways: Ints,
    advance: Callable[[float], None],
    settled: bool = True,
) -> NDArray[np.uint8]:
    """Bring a coarse answer to full size.

    Args:
        pixels: (h, w, 3), the photo.
        hole: (h, w).
        allowed: (h, w), where patches may be taken from; None is everywhere.
        layout: The coarse answer.
        ways: (H, W, 2), its sources, at its size.
        advance: Told the share that is done, 0 to 1; may raise to stop.
        settled: Whether to move seams at finer sizes too, which takes most of the time.

    Returns:
        (h, w, 3): the photo outside the hole, the fill inside.
    """
    ways = _settle_coarse(layout, ways)
    advance(0.3)
    sizes = _sizes(layout.hole.shape, hole) if settled else []
    plan = [lab_of(values) for values in (layout.guess, layout.pixels)]
    for number, size in enumerate(sizes):
        ways = _settle_finer(pixels, hole, allowed, plan, ways, size)
        advance(0.3 + 0.4 * (number + 1) / len(sizes))
    filled = _copied(pixels, hole, ways, _SPREAD * hole.shape[1] / layout.hole.shape[1])
    advance(0.85)
    _match_colours(pixels, filled, hole, layout)
    advance(1.0)
    return filled


def _settle_coarse(layout: Layout, ways: Ints) -> Ints:
    lab = lab_of(layout.pixels)
    planned, seen = features(lab_of(layout.guess), layout, 2), features(lab, layout, 2)
    planned, seen = compressed(planned, seen, layout.usable, 12)
    shifts = Shifts(ways, layout.hole, _inside(layout.usable, 2), lab)
    shifts.settle(planned, seen, passes=10, far=True)
    return shifts.ways()


def _settle_finer(
    pixels: NDArray[np.uint8],
    hole: Mask,
    allowed: Mask | None,
    plan: list[Floats],
    ways: Ints,
    size: tuple[int, int],
) -> Ints:
    """Ways (h, w, 2) at a finer size (w, h), from those at a coarser one."""
    small, hidden = pixels, hole
    if size != hole.shape[::-1]:
        small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        hidden = cv2.resize(hole.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 1e-4
    usable = ~hidden
    if allowed is not None:
        usable &= cv2.resize(allowed.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    planned, seen = (cv2.resize(lab, size, interpolation=cv2.INTER_LINEAR) * np.float32(0.7) for lab in plan)
    shifts = Shifts(_enlarged(ways, size), hidden, _inside(usable, 1), lab_of(small))
    shifts.align()
    shifts.settle(planned, seen, passes=6)
    return shifts.ways()


def _sizes(coarse: tuple[int, ...], hole: Mask) -> list[tuple[int, int]]:
    """Width and height of the finer sizes, each at most about twice the one before, up to `_FINEST`."""
    height, width = hole.shape
    finest = min(1.0, (_FINEST / max(1, int(hole.sum()))) ** 0.5)
    last = (round(width * finest), round(height * finest))
    ratio = last[0] / coarse[1]
    steps = max(0, round(np.log2(ratio) + 0.2)) if ratio > 1.05 else 0
    sizes = [
        (round(coarse[1] * ratio ** (i / steps)), round(coarse[0] * (last[1] / coarse[0]) ** (i / steps)))
        for i in range(1, steps)
    ]
    return [*sizes, last] if steps else []


def _enlarged(ways: Ints, size: tuple[int, int]) -> Ints:
    """Ways at a larger size (w, h), whose longer steps are rounded to whole pixels."""
    height, width = ways.shape[:2]
    if (width, height) == size:
        return ways
    ratio = np.array([size[1] / height, size[0] / width])
    rows = np.minimum(((np.arange(size[1]) + 0.5) / ratio[0]).astype(int), height - 1)
    columns = np.minimum(((np.arange(size[0]) + 0.5) / ratio[1]).astype(int), width - 1)
    return np.rint(ways * ratio).astype(np.int32)[rows[:, None], columns[None]]


def _inside(usable: Mask, margin: int) -> Mask:
    """Keep what is at least `margin` pixels away from anything unusable and from the picture's edge."""
    window = np.ones((2 * margin + 1,) * 2, np.uint8)
    return cv2.erode(usable.astype(np.uint8), window, borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0


def _copied(pixels: NDArray[np.uint8], hole: Mask, ways: Ints, reach: float) -> NDArray[np.uint8]:
    """Fetch the hole's pixels from their sources into the photo; steps at seams fade over `reach`."""
    height, width = hole.shape
    y, x = (np.arange(*_span(hole, axis)) for axis in (0, 1))
    box = np.s_[y[0] : y[-1] + 1, x[0] : x[-1] + 1]
    ratio = np.array([height / ways.shape[0], width / ways.shape[1]])
    way = np.rint(_spread(ways) * ratio).astype(np.int16)[
        _index(y, ratio[0], ways.shape[0])[:, None], _index(x, ratio[1], ways.shape[1])[None]
    ]
    columns, rows = x + way[..., 1], y[:, None] + way[..., 0]
    source: NDArray[np.int16] = np.empty((*way.shape[:2], 2), np.int16)
    np.clip(columns, 0, width - 1, out=source[..., 0], casting="unsafe")
    np.clip(rows, 0, height - 1, out=source[..., 1], casting="unsafe")
    fetched = cv2.remap(pixels, source, _NO_MAP, cv2.INTER_NEAREST).astype(np.float32)
    fetched += _steps_spread(pixels, fetched, source, hole[box], reach)
    filled = pixels.copy()
    inside = hole[box]
    filled[box][inside] = np.clip(np.rint(fetched[inside]), 0, 255).astype(np.uint8)
    return filled


def _steps_spread(
    pixels: NDArray[np.uint8], fetched: Floats, source: NDArray[np.int16], inside: Mask, reach: float
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
    """
    height, width = inside.shape
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
        np.clip(step, -_LARGEST_STEP, _LARGEST_STEP, out=step)
        right[second][y, x] += step
        right[first][y, x] -= step
    return _screened(right, reach)


def _at(pixels: NDArray[np.uint8], place: NDArray[np.integer]) -> Floats:
    return pixels[place[:, 1], place[:, 0]].astype(np.float32)


def _screened(right: Floats, reach: float) -> Floats:
    """Solves `(L + 1 / reach^2) c = right` for each channel; L is the Laplacian with mirrored borders."""
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


def _span(hole: Mask, axis: int) -> tuple[int, int]:
    """Return the first row (axis 0) or column (1) with a part of the hole, and the first after the last."""
    at = np.flatnonzero(hole.any(1 - axis))
    return int(at[0]), int(at[-1]) + 1


def _index(at: NDArray[np.intp], ratio: float, length: int) -> NDArray[np.intp]:
    return np.minimum(((at + 0.5) / ratio).astype(np.intp), length - 1)


def _spread(ways: Ints) -> Ints:
    """Ways also outside the hole: each pixel gets those of the nearest in it."""
    inside = np.asarray(ways.any(2))
    _, label = cv2.distanceTransformWithLabels(
        (~inside).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    nearest = np.zeros(int(label.max()) + 1, np.intp)
    nearest[label[inside]] = np.flatnonzero(inside)
    return ways.reshape(-1, 2)[nearest[label]]


def _match_colours(pixels: NDArray[np.uint8], filled: NDArray[np.uint8], hole: Mask, layout: Layout) -> None:
    """Give the hole, in place, the coarse answer's colours inside and the photo's at its border."""
    size = layout.hole.shape[::-1]
    height, width = hole.shape
    difference = layout.guess.astype(np.float32) - cv2.resize(filled, size, interpolation=cv2.INTER_AREA)
    weight = layout.hole.astype(np.float32)
    share = np.maximum(cv2.GaussianBlur(weight, (0, 0), _SMOOTH), 1e-3)
    difference = cv2.GaussianBlur(difference * weight[..., None], (0, 0), _SMOOTH) / share[..., None]
    rows, columns = (_span(hole, axis) for axis in (0, 1))
    box = (slice(*rows), slice(*columns))
    x = (np.arange(*columns, dtype=np.float32) + 0.5) * (size[0] / width) - 0.5
    y = (np.arange(*rows, dtype=np.float32) + 0.5) * (size[1] / height) - 0.5
    map_x, map_y = (np.asarray(place, np.float32) for place in np.meshgrid(x, y))
    corrected = np.asarray(
        cv2.remap(difference, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32
    )
    corrected += filled[box]
    _meet_border(pixels, corrected, hole, box)
    inside = hole[box]
    filled[box][inside] = np.clip(np.rint(corrected[inside]), 0, 255).astype(np.uint8)


def _meet_border(pixels: NDArray[np.uint8], corrected: Floats, hole: Mask, box: tuple[slice, slice]) -> None:
    """Shift the colours inside, in place, so that they meet the photo's along the border."""
    height, width = hole.shape
    reach = max(2, round(_BAND * max(height, width)))
    rows = slice(max(0, box[0].start - reach), min(height, box[0].stop + reach))
    columns = slice(max(0, box[1].start - reach), min(width, box[1].stop + reach))
    inner = (
        slice(box[0].start - rows.start, box[0].stop - rows.start),
        slice(box[1].start - columns.start, box[1].stop - columns.start),
    )
    inside = hole[rows, columns]
    values = pixels[rows, columns].astype(np.float32)
    values[inner] = np.where(hole[box][..., None], corrected, values[inner])
    # Means on either side of the border, each over pixels of its own side.
    window = (2 * reach + 1, 2 * reach + 1)
    means = []
    for side in (inside, ~inside):
        weight = side.astype(np.float32)
        share = np.maximum(cv2.blur(weight, window), 1e-3)[..., None]
        means.append(cv2.blur(values * weight[..., None], window) / share)
    border = inside & (cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1) == 0)
    if not border.any():
        return
    y, x = np.nonzero(border)
    sheet = Membrane(y, x, inside.shape)(np.asarray((means[1] - means[0])[y, x], np.float32))
    depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3)
    sheet *= np.exp(depth / np.float32(-_REACH * max(height, width)))[..., None]
    corrected += sheet[inner]
