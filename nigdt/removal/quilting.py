"""A coarse answer's sources found again: pieces of the photo, as large as possible, that make up its layout.

PatchMatch averages many overlapping patches, so its answer is soft and only coarse. Here it serves as a
plan: each tile of it takes the source that looks most like it, is as rough as its surroundings, lies at a
similar height, continues its neighbours and was not used before. `nigdt.removal.shifts` then moves the
tiles' borders.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.removal.layout import Layout, Variation, lab_of

__all__ = ["TILE", "features", "quilt", "sharpness"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]

TILE = 8
"""Side of a tile in coarse pixels."""
_ROUGH = 10.0
"""Lab units that a difference of 1 in log roughness counts as."""
_HEIGHT = 50.0
"""Lab units that a difference of the picture's whole longest side in height counts as, ..."""
_DIRECTED = 500.0
"""... and the same across the direction in which the surroundings run, ..."""
_GRADUAL = 80.0
"""... and the same where sharpness changes by degrees: few sources are as sharp, and those of one height soon
repeat."""
_LACK = 60.0
"""Lab units that each 1 in log roughness counts as which a source lacks there. What is sharper can be
blurred, and costs nothing where sources at its height are scarce."""
_REUSE = 2.5
"""Cost of a source that is used already, in units of the typical cost of a good match, as the next."""
_FOLLOW = 0.7
"""Gain of a source that continues that of a neighbouring tile."""
_NOISE = 1.5
"""Squared Lab units below which a match is as good as perfect."""
_NEIGHBOURS = tuple(
    (down, right)
    for down, sides in ((0, (-TILE, TILE)), (-TILE, (-TILE // 2, TILE // 2)), (TILE, (-TILE // 2, TILE // 2)))
    for right in sides
)
"""Where the tiles beside one start, down and right of it; they lie like bricks."""


def features(lab: Floats, layout: Layout, reach: int) -> Floats:
    """Return what a place looks like: blurred colours of a window around it, roughness and height, (h, w, c).

    Args:
        lab: (h, w, 3).
        layout: Gives the roughness.
        reach: Even number of pixels that the window extends to each side.
    """
    height, width = lab.shape[:2]
    blurred = cv2.blur(lab, (3, 3))
    wide = cv2.copyMakeBorder(blurred, *(reach,) * 4, cv2.BORDER_REFLECT_101)
    steps = range(0, 2 * reach + 1, 2)
    window = [wide[down : down + height, right : right + width] for down in steps for right in steps]
    strict = _DIRECTED if layout.directed else _GRADUAL if layout.gradual else _HEIGHT
    lines = layout.height * np.float32(strict)
    # Of the weight of the whole window, so that means over features are squared Lab units.
    weight = np.float32(len(window) ** 0.5)
    more = [weight * _ROUGH * layout.roughness, weight * lines]
    return np.concatenate([*window, *(part[..., None] for part in more)], 2, dtype=np.float32) / weight


def sharpness(layout: Layout, size: tuple[int, int] | None = None) -> Floats | None:
    """Return how sharp the photo is, and in the hole how sharp sources are to be, in Lab units.

    Args:
        layout: Gives the roughness.
        size: Width and height; None is the layout's.

    Returns:
        (h, w); None where sharpness does not change by degrees.
    """
    if not layout.gradual:
        return None
    rough = layout.roughness
    if size is not None:
        rough = np.asarray(cv2.resize(rough, size, interpolation=cv2.INTER_LINEAR), np.float32)
    return np.float32(_LACK) * rough


def compressed(first: Floats, second: Floats, at: Mask, number: int) -> tuple[Floats, Floats]:
    """Project both on the `number` directions in which the second varies most.

    Args:
        first: (..., c).
        second: (h, w, c).
        at: (h, w), where the second counts.
        number: Of directions.
    """
    places = np.flatnonzero(at)
    sample = second.reshape(-1, second.shape[-1])[places[:: max(1, len(places) // 4000)]]
    mean = sample.mean(0)
    _, directions = np.linalg.eigh((sample - mean).T @ (sample - mean))
    projection = directions[:, -number:].astype(np.float32)
    middle = mean @ projection  # taken off afterwards, where there are fewer numbers
    return first @ projection - middle, second @ projection - middle


def quilt(layout: Layout, variation: Variation) -> Ints:
    """Choose a source for every tile of the hole.

    Returns:
        (h, w, 2), for each pixel of the hole the offset, down and right, to its source; 0 elsewhere.
    """
    height, width = layout.hole.shape
    reach = TILE // 2 + TILE // 2 % 2
    planned, seen = (features(lab_of(values), layout, reach) for values in (layout.guess, layout.pixels))
    usable = _whole_windows(layout.usable, TILE)
    tiles = _tiles(layout.hole)
    middle = np.minimum(tiles + TILE // 2, [height - 1, width - 1])
    target, seen = compressed(planned[middle[:, 0], middle[:, 1]], seen, usable, 24)
    sources = np.flatnonzero(usable)
    place_of = np.full(height * width, -1)
    place_of[sources] = np.arange(len(sources))
    source = seen.reshape(height * width, -1)[sources]
    cost = (target**2).sum(1)[:, None] + (source**2).sum(1)[None]
    cost = cv2.gemm(target, source, -2, cost.astype(np.float32), 1, flags=cv2.GEMM_2_T)
    if (sharp := sharpness(layout)) is not None:
        lack = sharp[middle[:, 0], middle[:, 1]][:, None] - sharp.reshape(-1)[sources][None]
        cost += np.square(np.maximum(lack, 0) if layout.short else lack, dtype=np.float32)
    typical = float(np.median(cost.min(1))) + _NOISE
    random = np.random.default_rng(variation.seed)
    offsets = np.zeros((height, width, 2), np.int32)
    used = np.zeros((height, width), np.float32)
    taken: dict[tuple[int, int], NDArray[np.intp]] = {}
    for (top, left), at, total in zip(tiles, middle, cost, strict=True):
        if variation.temper:
            total *= np.exp(variation.temper * random.standard_normal(len(total), np.float32))
        overlap = cv2.blur(used, (TILE, TILE), borderType=cv2.BORDER_CONSTANT)
        total += np.float32(_REUSE * typical) * overlap.reshape(-1)[sources]
        for down, right in _NEIGHBOURS:
            offset = taken.get((int(top) + down, int(left) + right))
            if offset is None:
                continue
            y, x = at + offset
            if 0 <= y < height and 0 <= x < width and (place := place_of[y * width + x]) >= 0:
                total[place] -= _FOLLOW * typical
        chosen = int(sources[total.argmin()])
        offset = np.array([chosen // width, chosen % width]) - at
        taken[int(top), int(left)] = offset
        offsets[max(top, 0) : top + TILE, max(left, 0) : left + TILE] = offset
        y, x = np.maximum(np.array([top, left]) + offset, 0)
        used[y : y + TILE, x : x + TILE] += 1
    offsets[~layout.hole] = 0
    return offsets


def _tiles(hole: Mask) -> Ints:
    """Return top and left of each tile that holds a part of the hole, those at its border first, (n, 2)."""
    depth = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 3)
    found = []
    for row, top in enumerate(range(0, hole.shape[0], TILE)):
        # Like bricks, so that borders do not line up.
        for left in range(-TILE // 2 * (row % 2), hole.shape[1], TILE):
            deepest = depth[top : top + TILE, max(left, 0) : left + TILE].max(initial=0)
            if deepest:
                found.append((float(deepest), top, left))
    return np.array([(top, left) for _, top, left in sorted(found)], np.int32).reshape(-1, 2)


def _whole_windows(usable: Mask, side: int) -> Mask:
    """Return where a window of that side, or else a smaller one, lies in usable pixels only."""
    while side > 1:
        window = np.ones((side + 1, side + 1), np.uint8)
        whole = cv2.erode(usable.astype(np.uint8), window, borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
        if whole.sum() >= 64:
            return whole
        side //= 2
    return usable
