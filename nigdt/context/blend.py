"""From the model's picture to pixels that sit in the photo: hole, weight, colour match.

1. `hole_of`: the selection, grown, is the hole that the model fills.
2. `colour_match`: what the model's picture misses of the photo along the hole's border is spread into it.
3. `blend_weight`: how much of each pixel becomes the fill's, never outside the hole.

`Photo.paste` mixes at the photo's own depth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.box import Box, selection_box
from nigdt.context.membrane import PushPull
from nigdt.limits import widening
from nigdt.recipe import Recipe

__all__ = ["Border", "ColourShift", "blend", "blend_weight", "colour_match", "greyed", "growth", "hole_of"]

_RING = 0.04  # width of the compared ring outside the hole, as a fraction of the crop's side
_REACH = 0.25  # depth in the hole, as a fraction of its size, at which 1/e of the correction is left
_WORKING = 512  # longest side at which the correction is computed
_WHOLE = 4  # factor from which on a draft is compared reduced by a whole one, which is three times as fast
_LIMIT = 48.0  # largest correction, in grey levels: beyond that it is content, not colour cast


def growth(selection: NDArray[np.uint8]) -> int:
    """Return by how many pixels the hole is larger than the selection: a fortieth of its extent, 2 to 24.

    A selection with soft edges of its own gets 1: its edge is the user's to choose.

    Args:
        selection: (h, w), 255 = to be filled.
    """
    soft = np.count_nonzero((selection > 0) & (selection < 255))
    whole = np.count_nonzero(selection == 255)
    if not soft + whole:
        return 2
    if soft > whole**0.5:
        return 1
    box = selection_box(selection)
    return widening(max(box.width, box.height))


def hole_of(selection: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the pixels that the model makes: the selection, grown so that its edge can fade out.

    Args:
        selection: (h, w), 255 = to be filled.

    Returns:
        (h, w) uint8, 255 in the hole and 0 elsewhere.
    """
    return _dilated(np.where(selection > 0, 255, 0).astype(np.uint8), growth(selection))


def blend_weight(
    selection: NDArray[np.uint8], feather: int | None = None, widest: int | None = None
) -> NDArray[np.uint8]:
    """Return how much of each pixel is the fill's; 0 outside the hole.

    A feather of up to `growth` pixels lies outside the selection. A longer one starts at the hole's border
    and reaches into the selection, no further than to its deepest place.

    Args:
        selection: (h, w), 255 = to be filled; soft edges are kept.
        feather: Pixels over which the fill fades out; None takes `growth`.
        widest: By how much the hole is larger; None takes `growth`, which does not hold for what was reduced.

    Returns:
        (h, w) uint8, 255 = the fill alone.

    Raises:
        ValueError: `feather` is negative.
    """
    widest = growth(selection) if widest is None else widest
    steps = widest if feather is None else feather
    if steps < 0:
        raise ValueError(f"The feather {feather} is negative.")
    if steps == 0 or not selection.any():
        return selection.copy()
    if steps <= widest:
        return _dilated(selection, steps, fall=255 / (steps + 1))
    flat = _dilated(selection, widest)
    depth = cv2.distanceTransform((flat > 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    ramp = np.minimum(depth * (255 / min(steps + 1, float(depth.max()))), 255)
    return np.rint(np.minimum(flat, ramp)).astype(np.uint8)


def _dilated(selection: NDArray[np.uint8], steps: int, fall: float = 0.0) -> NDArray[np.uint8]:
    """Dilate a grey picture by an octagon, or by a cone that falls by `fall` a pixel."""
    if not selection.any():
        return selection.copy()
    box = selection_box(selection)
    grown = selection.astype(np.float32) if fall else selection.copy()
    near = grown[max(box.top - steps, 0) : box.bottom + steps, max(box.left - steps, 0) : box.right + steps]
    # A pixel at a time, square and cross by turns so that the front stays round.
    kernels = [cv2.getStructuringElement(shape, (3, 3)) for shape in (cv2.MORPH_CROSS, cv2.MORPH_RECT)]
    for step in range(steps):
        wider = cv2.dilate(near, kernels[step % 2])
        if fall:
            wider = wider - np.float32(fall)
        cv2.max(near, wider, dst=near)
    return np.rint(grown).astype(np.uint8)


class Border:
    """The photo along the border of a hole, with which fills are compared.

    Args:
        seen: (h, w, 3) uint8, the context, at the size at which they are compared.
        inside: (h, w) bool, the hole.
        width: Columns of the context that it stands for.
        height: Rows of the context that it stands for.
        reduce: Makes a fill as small.
    """

    def __init__(
        self,
        seen: NDArray[np.uint8],
        inside: NDArray[np.bool_],
        width: int,
        height: int,
        reduce: Callable[[NDArray[Any]], NDArray[Any]] = lambda values: values,
    ) -> None:
        outside_distance = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 3)
        inside_distance = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3)
        reach = max(2.0, _RING * max(inside.shape))
        known = np.where(inside, 0, np.clip(1 - (outside_distance - 1) / reach, 0, 1)).astype(np.float32)
        extent = 2 * float(inside_distance.max())
        self._fade = np.exp(-inside_distance / max(1.0, _REACH * extent)).astype(np.float32)
        self._spread = PushPull(known)
        self._seen = seen.astype(np.float32)
        self._reduce = reduce
        self._size = width, height

    @classmethod
    def of(cls, crop: NDArray[np.uint8], hole: NDArray[np.uint8], side: int = _WORKING) -> Border | None:
        """Look at the photo along a border, as `ColourShift.of`; None without one."""
        inside = hole > 0
        if inside.all() or not inside.any():
            return None
        height, width = hole.shape
        scale = min(1.0, side / max(height, width))
        if scale == 1:
            return cls(crop, inside, width, height)
        step = round(1 / scale)
        if side < _WORKING and step >= _WHOLE:
            covered = _by_whole(inside.astype(np.float32), step) > 1e-6
            if covered.any() and not covered.all():
                rows, columns = covered.shape
                seen = _by_whole(crop, step).astype(np.uint8)
                return cls(seen, covered, step * columns, step * rows, partial(_by_whole, step=step))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        reduce = partial(cv2.resize, dsize=size, interpolation=cv2.INTER_AREA)
        hidden = reduce(inside.astype(np.float32))
        return cls(reduce(crop).astype(np.uint8), hidden > 1e-4, width, height, reduce)

    def shift(self, fill: NDArray[np.uint8]) -> ColourShift:
        """Return what the colours of a fill (h, w, 3) miss."""
        drawn = self._reduce(fill).astype(np.uint8, copy=False)
        difference = np.clip(self._seen - drawn, -_LIMIT, _LIMIT)
        return ColourShift(self._spread(difference) * self._fade[..., None], *self._size)


@dataclass(frozen=True)
class ColourShift:
    """What a fill's colours miss of the photo's along the border of the hole, spread into the hole.

    Attributes:
        values: (h, w, 3) float32, what to add to the fill, in grey levels; a moderate size shows all of it,
            since it is smooth.
        width: Columns of the context that they stand for.
        height: Rows of the context that they stand for.
    """

    values: NDArray[np.float32]
    width: int
    height: int

    @classmethod
    def of(
        cls,
        crop: NDArray[np.uint8],
        fill: NDArray[np.uint8],
        hole: NDArray[np.uint8],
        side: int = _WORKING,
    ) -> ColourShift | None:
        """Compare a fill with the photo, as `colour_match` does; None without a border.

        Args:
            crop: (h, w, 3), the photo.
            fill: (h, w, 3), the model's picture.
            hole: (h, w), above 0 where that is used.
            side: Longest side in pixels at which they are compared; less than the default, for a draft, is
                met roughly only.
        """
        border = Border.of(crop, hole, side)
        return None if border is None else border.shift(fill)

    def at(self, box: Box, step: int = 1) -> NDArray[np.float32]:
        """Return what to add in a part of the context.

        Args:
            box: The part, in pixels of `step` by `step` pixels of the context.
            step: 1 for the context's own pixels.

        Returns:
            (box.height, box.width, 3).
        """
        across, down = self.values.shape[1] / self.width, self.values.shape[0] / self.height
        # Pixel middles of the one size on those of the other.
        matrix = np.array(
            [
                [across * step, 0, (box.left + 0.5) * step * across - 0.5],
                [0, down * step, (box.top + 0.5) * step * down - 0.5],
            ]
        )
        enlarged = cv2.warpAffine(
            self.values,
            matrix,
            (box.width, box.height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(enlarged, np.float32)

    def add_to(
        self, fill: NDArray[np.uint8], box: Box, fraction: float = 1.0, step: int = 1
    ) -> NDArray[np.uint8]:
        """Return a part of a fill, (h, w, 3), with `fraction` of the shift; `box` and `step` as for `at`."""
        shifted = cv2.add(fill, self.at(box, step), dtype=cv2.CV_8U)
        if fraction < 1:
            shifted = cv2.addWeighted(shifted, fraction, fill, 1 - fraction, 0)
        return shifted.astype(np.uint8, copy=False)


def _by_whole(values: NDArray[Any], step: int) -> NDArray[Any]:
    """Reduce a picture by a whole factor; what is left over at the right and at the bottom is dropped."""
    rows, columns = values.shape[0] // step, values.shape[1] // step
    whole = values[: rows * step, : columns * step]
    return np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA))


def colour_match(
    crop: NDArray[np.uint8], fill: NDArray[np.uint8], hole: NDArray[np.uint8], fraction: float = 1.0
) -> NDArray[np.uint8]:
    """Shift the fill's colours so that it meets the photo along the border of the hole.

    The difference between photo and model picture in a ring around the hole is spread smoothly into it (a
    membrane, by multiresolution push-pull) and fades with the distance from the border, so that the middle
    keeps the colour the caption asked for.

    Args:
        crop: (h, w, 3), the photo.
        fill: (h, w, 3), the model's picture, which covers the surroundings of the hole too.
        hole: (h, w), above 0 where the model's picture is to be used.
        fraction: How much of the shift is done, 0 to 1.

    Returns:
        (h, w, 3), equal to `fill` outside the box around the hole.
    """
    matched = fill.copy()
    shift = ColourShift.of(crop, fill, hole)
    if shift is not None:
        box = selection_box(hole)
        matched[box.slices] = shift.add_to(np.ascontiguousarray(fill[box.slices]), box, fraction)
    return matched


def blend(
    crop: NDArray[np.uint8],
    fill: NDArray[np.uint8],
    weight: NDArray[np.uint8],
    hole: NDArray[np.uint8],
    recipe: Recipe,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Make a fill ready to be mixed with the photo.

    Args:
        crop: (h, w, 3), the photo.
        fill: (h, w, 3), the model's picture at the crop's resolution.
        weight: (h, w), from `blend_weight` with the recipe's feather.
        hole: (h, w), from `hole_of`.
        recipe: `match_colours` and `strength` count.

    Returns:
        The fill with its colours matched, (h, w, 3) uint8, **not yet mixed** with the photo, and the weight
        (h, w) uint8 to mix it with, 255 = the fill alone.
    """
    matched = colour_match(crop, fill, hole, recipe.match_colours) if recipe.match_colours > 0 else fill
    if recipe.strength < 1:
        weight = np.rint(weight * np.float32(recipe.strength)).astype(np.uint8)
    return matched, weight


def greyed(fill: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Take the colour out of a fill (h, w, 3) for a photo that holds none: the luma of ITU-R BT.601."""
    luma = cv2.cvtColor(fill, cv2.COLOR_RGB2GRAY)
    return np.repeat(luma[..., None], 3, axis=2).astype(np.uint8)
