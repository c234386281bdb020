"""A fill as the screen shows it, within tenths of a second: the part in sight, at the size that is seen.

What is applied and saved is always the whole, which `Preview` works out meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.box import Box
from nigdt.context import Context
from nigdt.context.blend import Border, ColourShift, blend_weight, greyed, growth
from nigdt.recipe import Recipe
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.fills import Candidate, Round, region_of
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.layers import Layer, Pixels

_LARGE = 700_000
"""Pixels of a context from which on the whole takes too long to follow a slider."""
_EDGE_SIDE = 768
"""Longest side at which the fill's edge is worked out, ..."""
_SHIFT_SIDE = 256
"""... and at which its colours are compared with the photo, in a quarter of the time the whole takes."""


@dataclass(frozen=True)
class Seen:
    """What of a photo is on the screen.

    Attributes:
        level: Of the pyramid; its pixels are 2 ** level of the photo's wide and high.
        region: In the photo's pixels.
    """

    level: int
    region: Region


@dataclass(frozen=True, eq=False)
class Draft:
    """Pixels to show until the whole is there.

    Attributes:
        level: Of the pyramid.
        region: In that level's pixels.
        pixels: (h, w, 3) uint8.
    """

    level: int
    region: Region
    pixels: Pixels

    @property
    def covered(self) -> Region:
        """The region in the photo's pixels."""
        return Region(*(value << self.level for value in self.region))


class _Edge:
    """Where the fills of a context fade out, worked out at a moderate size."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.scale = min(1.0, _EDGE_SIDE / max(context.selection.shape))

    @cached_property
    def _small(self) -> tuple[NDArray[np.uint8], int]:
        selection, scale = self.context.selection, self.scale
        widest = growth(selection)
        if scale < 1:
            size = (round(selection.shape[1] * scale), round(selection.shape[0] * scale))
            selection = cv2.resize(selection, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
        return selection, widest

    def weight(self, feather: int | None) -> NDArray[np.uint8]:
        """Return `blend_weight`, reduced."""
        selection, widest = self._small
        steps = widest if feather is None else feather
        return blend_weight(selection, round(steps * self.scale), max(1, round(widest * self.scale)))


class Drafts:
    """Makes drafts, one at a time, in a thread; what the next one needs again is kept.

    Args:
        document: The photo.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._edge: _Edge | None = None
        self._shift: tuple[Candidate, ColourShift | None] | None = None
        self._border: tuple[Context, Border | None] | None = None
        self._ground: tuple[object, Pixels] | None = None
        self._picture: tuple[object, Pixels] | None = None
        self._weight: tuple[object, NDArray[np.float32]] | None = None

    def possible(self, entry: Round) -> bool:
        """Return whether drafts help, and show what the whole will: the fill has to be the topmost layer."""
        box, document = entry.context.box, self._document
        if box.width * box.height < _LARGE or document.alpha is not None:
            return False
        return not any(layer.round == entry.id for layer in document.layers[:-1])

    def of(
        self,
        entry: Round,
        fill: Candidate,
        recipe: Recipe,
        seen: Seen,
        layers: tuple[Layer, ...],
        detailed: Pixels | None,
    ) -> Draft | None:
        """Blend what is seen of a fill; None where nothing of it is.

        Args:
            entry: The round it belongs to.
            fill: The fill.
            recipe: How it meets the photo.
            seen: What of the photo is on the screen.
            layers: Of the document.
            detailed: `Candidate.at` with its detail, if known.
        """
        context, step = entry.context, 1 << seen.level
        photo = region_of(context)
        left, top = -(-max(photo.left, seen.region.left) // step), -(-max(photo.top, seen.region.top) // step)
        right, bottom = (
            min(photo.right, seen.region.right) // step,
            min(photo.bottom, seen.region.bottom) // step,
        )
        part = Region(left, top, right, bottom)
        if part.empty:
            return None
        # The part in the context's own pixels.
        inside = Region(*(value * step for value in part)).moved(-photo.left, -photo.top)
        ground = self._ground_of(part, seen.level, tuple(it for it in layers if it.round != entry.id))
        picture = self._picture_of(context, fill, inside, part, detailed)
        if context.mode == "recolour":
            if detailed is None:
                picture = cv2.add(ground, picture, dtype=cv2.CV_8U).astype(np.uint8, copy=False)
            pixels = cv2.addWeighted(picture, recipe.strength, ground, 1 - recipe.strength, 0)
            return Draft(seen.level, part, pixels.astype(np.uint8, copy=False))
        if recipe.match_colours > 0 and (shift := self._shift_of(context, fill)) is not None:
            # Parts begin at whole pixels of their level, a context at any.
            picture = shift.add_to(picture, _steps(inside, step), recipe.match_colours, step)
        if self._document.photo.grey:
            picture = greyed(picture)
        alpha = self._weight_of(context, recipe.feather, inside, part) * np.float32(recipe.strength / 255)
        pixels = cv2.blendLinear(picture, ground, alpha, 1 - alpha)
        return Draft(seen.level, part, pixels.astype(np.uint8, copy=False))

    def _ground_of(self, part: Region, level: int, layers: tuple[Layer, ...]) -> Pixels:
        """Return the photo with its other layers, as the level shows it."""
        key = part, level, tuple(map(id, layers)), id(self._document.photo)
        if self._ground is None or self._ground[0] != key:
            region = Region(*(value << level for value in part))
            document = self._document
            whole = (
                document.rgb[region.slices]
                if layers == document.layers
                else document.composite(region, layers)
            )
            self._ground = key, _reduced(whole, part)
        return self._ground[1]

    def _picture_of(
        self, context: Context, fill: Candidate, inside: Region, part: Region, detailed: Pixels | None
    ) -> Pixels:
        """Return the fill in a part, (h, w, 3); of a recolouring without its detail, what it changes."""
        key = fill.id, part, detailed is None
        if self._picture is None or self._picture[0] != key:
            if detailed is not None:
                pixels = _reduced(detailed[inside.slices], part)
            elif context.mode == "recolour":
                pixels = _placed(fill.pixels.astype(np.float32) - context.sent[0], context, inside, part)
            else:
                pixels = _placed(fill.pixels, context, inside, part)
            self._picture = key, pixels
        return self._picture[1]

    def _shift_of(self, context: Context, fill: Candidate) -> ColourShift | None:
        if self._shift is None or self._shift[0] is not fill:
            crop, hole = context.sent
            if self._border is None or self._border[0] is not context:
                self._border = context, Border.of(crop, hole, _SHIFT_SIDE)
            border = self._border[1]
            shift = None if border is None else border.shift(fill.pixels)
            if shift is not None:
                across, down = context.box.width / crop.shape[1], context.box.height / crop.shape[0]
                shift = ColourShift(shift.values, round(shift.width * across), round(shift.height * down))
            self._shift = fill, shift
        return self._shift[1]

    def _weight_of(
        self, context: Context, feather: int | None, inside: Region, part: Region
    ) -> NDArray[np.float32]:
        """Return the fill's weight in a part, (h, w), 0 to 255; only another feather or view changes it."""
        edge = self._edge_of(context)
        key = edge, feather, part
        if self._weight is None or self._weight[0] != key:
            self._weight = key, _placed(edge.weight(feather), context, inside, part).astype(np.float32)
        return self._weight[1]

    def _edge_of(self, context: Context) -> _Edge:
        if self._edge is None or self._edge.context is not context:
            self._edge = _Edge(context)
        return self._edge


def _steps(inside: Region, step: int) -> Box:
    """Return a part of the context in pixels of `step` by `step`, to the nearest."""
    return Box(
        round(inside.left / step), round(inside.top / step), inside.width // step, inside.height // step
    )


def _reduced(whole: Pixels, part: Region) -> Pixels:
    if whole.shape[:2] == (part.height, part.width):
        return np.ascontiguousarray(whole)
    size = (part.width, part.height)
    return cv2.resize(whole, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _placed(picture: NDArray, context: Context, inside: Region, part: Region) -> NDArray:
    """Return a part of a picture that covers the context at another size, as large as the part is shown."""
    rows, columns = picture.shape[:2]
    across, down = columns / context.box.width, rows / context.box.height
    step_x, step_y = inside.width / part.width, inside.height / part.height
    matrix = np.array(
        [
            [across * step_x, 0, (inside.left + step_x / 2) * across - 0.5],
            [0, down * step_y, (inside.top + step_y / 2) * down - 0.5],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(
        picture, matrix, (part.width, part.height), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
