"""From the model's picture to pixels that sit in the photo: hole, blend weight, colour match. Needs no torch.

The order of work, all at the crop's own resolution:

1. `hole_and_weight`: the selection grown by the feather is the hole, which the model fills; the weight falls
   from the selection's value to 0 across the feather, so pixels outside the hole are never touched.
2. `colour_match`: what the model's picture misses of the photo along the hole's border is spread into it.
3. `Photo.paste` mixes at the photo's own depth; `composite` does so for plain 8-bit crops.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.context.box import MIN_PADDING, selection_box
from nigdt.context.membrane import push_pull

__all__ = ["blend", "colour_match", "composite", "default_feather", "hole_and_weight"]

_RING = 0.04  # width of the compared ring outside the hole, as a share of the crop's side
_REACH = 0.25  # distance into the hole, as a share of the hole's size, at which 1/e of the correction is left
_WORKING = 512  # longest side at which the correction is computed
_LIMIT = 48.0  # largest correction, in grey levels: beyond that it is content, not colour cast


def default_feather(selection: NDArray[np.uint8]) -> int:
    """Feather in pixels for a selection (h, w): a fortieth of its extent, 2 to 24.

    A selection with soft edges of its own gets 1: its edge is the user's to choose. Where a context mirrors
    its photo, the mirrored selection counts.
    """
    selected = selection > 0
    if not selected.any():
        return 2
    if np.count_nonzero((selection > 0) & (selection < 255)) > np.count_nonzero(selection == 255) ** 0.5:
        return 1
    return int(np.clip(round(_extent(selection) / 40), 2, 24))


def _extent(selection: NDArray[np.uint8]) -> int:
    """Longest side of the selection's box in pixels; at least one pixel must be selected."""
    box = selection_box(selection)
    return max(box.width, box.height)


def hole_and_weight(
    selection: NDArray[np.uint8], feather: int | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Grow the selection to the hole and feather it.

    Args:
        selection: (h, w), 255 = to be filled; soft edges are kept.
        feather: Pixels beyond the selection over which the fill fades out, at most what the context pads a
            selection with; None takes `default_feather`.

    Returns:
        The hole (h, w) uint8, 255 wherever the weight is above 0 and 0 elsewhere, and the weight (h, w)
        float32 in 0 to 1: at least selection / 255, 0 from `feather` pixels beyond the selection on.
    """
    steps = default_feather(selection) if feather is None else feather
    if steps < 0:
        raise ValueError(f"feather {feather} is negative")
    if steps >= MIN_PADDING:  # a fade that reached the context's border would leave an edge there
        steps = min(steps, max(MIN_PADDING, _extent(selection) // 4) - 1)
    weight: NDArray[np.float32] = (selection / np.float32(255)).astype(np.float32)
    if steps and selection.any():
        box = selection_box(selection)
        top, left = max(box.top - steps, 0), max(box.left - steps, 0)
        near = weight[top : box.bottom + steps, left : box.right + steps]
        # Grey dilation by a cone, a pixel at a time, square and cross by turns so that the front stays round.
        kernels = [cv2.getStructuringElement(shape, (3, 3)) for shape in (cv2.MORPH_CROSS, cv2.MORPH_RECT)]
        for step in range(steps):
            np.maximum(near, cv2.dilate(near, kernels[step % 2]) - np.float32(1 / (steps + 1)), out=near)
        near[near < 1e-3] = 0
    return np.where(weight > 0, 255, 0).astype(np.uint8), weight


def colour_match(
    crop: NDArray[np.uint8], fill: NDArray[np.uint8], hole: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Shift the fill's colours so that it meets the photo along the border of the hole.

    The difference between photo and model picture in a ring around the hole is spread smoothly into it (a
    membrane, by multiresolution push-pull) and fades with the distance from the border, so that the middle
    keeps the colour the caption asked for.

    Args:
        crop: (h, w, 3), the photo.
        fill: (h, w, 3), the model's picture, which covers the surroundings of the hole too.
        hole: (h, w), above 0 where the model's picture is to be used.

    Returns:
        (h, w, 3) in 0 to 255, equal to `fill` where nothing needs correction.
    """
    inside = hole > 0
    if inside.all() or not inside.any():
        return fill.astype(np.float32)
    height, width = hole.shape
    # The correction is smooth, so a moderate size shows all of it.
    scale = min(1.0, _WORKING / max(height, width))
    if scale == 1:
        correction = _correction(crop, fill, inside)
    else:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        seen, drawn, hidden = (
            cv2.resize(values, size, interpolation=cv2.INTER_AREA)
            for values in (crop, fill, inside.astype(np.float32))
        )
        reduced = _correction(seen.astype(np.uint8), drawn.astype(np.uint8), hidden > 1e-4)
        enlarged = cv2.resize(reduced, (width, height), interpolation=cv2.INTER_LINEAR)
        correction = enlarged.astype(np.float32, copy=False)
    correction += fill
    return np.clip(correction, 0, 255, out=correction)


def _correction(
    crop: NDArray[np.uint8], fill: NDArray[np.uint8], inside: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """What to add to the fill, (h, w, 3); fades out towards the middle of the hole."""
    outside_distance = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 3)
    inside_distance = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3)
    width = max(2.0, _RING * max(inside.shape))
    known = np.where(inside, 0, np.clip(1 - (outside_distance - 1) / width, 0, 1)).astype(np.float32)
    difference = np.clip(crop.astype(np.float32) - fill, -_LIMIT, _LIMIT)
    extent = 2 * float(inside_distance.max())
    fade = np.exp(-inside_distance / max(1.0, _REACH * extent)).astype(np.float32)
    return push_pull(difference, known) * fade[..., None]


def blend(
    crop: NDArray[np.uint8],
    fill: NDArray[np.uint8],
    selection: NDArray[np.uint8],
    feather: int | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Make a model picture ready for `Photo.paste` or `composite`.

    Args:
        crop: (h, w, 3), the photo.
        fill: (h, w, 3), the model's picture at the crop's resolution.
        selection: (h, w), 255 = to be filled, as the user drew it (not the hole).
        feather: As in `hole_and_weight`; give the same value there and here.

    Returns:
        The fill with its colours matched, (h, w, 3) uint8, **not yet mixed** with the photo, and the weight
        (h, w) float32 to mix it with.
    """
    hole, weight = hole_and_weight(selection, feather)
    matched = colour_match(crop, fill, hole)
    return np.rint(matched).astype(np.uint8), weight


def composite(
    crop: NDArray[np.uint8], fill: NDArray[np.uint8], weight: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Mix a fill into an 8-bit crop: ``(1 - weight) * crop + weight * fill``; weight 0 keeps the exact bytes.

    Args:
        crop: (h, w, 3).
        fill: (h, w, 3), from `blend`.
        weight: (h, w), 0 to 1, from `blend`.
    """
    share = weight[..., None]
    mixed = np.rint(crop + share * (fill.astype(np.float32) - crop)).astype(np.uint8)
    return np.where(share > 0, mixed, crop)
