"""Applied fills, and how they are drawn over a photo."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.box import Box
from nigdt.photo.provenance import DrawnSelection
from nigdt.photo.samples import share_over
from nigdt.recipe import Recipe
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.selection import Patch

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
_Parts = tuple[tuple[Region, float | None], ...]

_TILE = 96


class Origin(NamedTuple):
    """Where pixels came from: region on the photo, recipe, and the selection that was filled, if known."""

    region: Region
    recipe: Recipe
    selection: DrawnSelection | None


@dataclass(frozen=True, eq=False)
class Layer:
    """One applied fill, or several merged.

    Attributes:
        region: Where it lies, inside the photo.
        rgb: (h, w, 3) uint8.
        weight: (h, w) float32 in 0..1, as it was drawn; pixels of weight 0 keep the photo's exact bytes.
        recipe: How it came about; of a merged layer that of its topmost fill.
        visible: Whether it is drawn.
        round: Id of the round of fills it came from; a round has at most one layer.
        fill: Id of the fill.
        selection: What was selected; None where that is not known.
        merged: What went into a merged layer.
        name: What the user calls it; empty for what was asked for.
        opacity: 0 to 1, on top of `weight`.
        mask: (h, w) uint8, what the brush left of it: 255 for all; None where nothing was hidden.
    """

    region: Region
    rgb: Pixels
    weight: Floats
    recipe: Recipe = field(default_factory=Recipe)
    visible: bool = True
    round: str = ""
    fill: str = ""
    selection: DrawnSelection | None = None
    merged: tuple[Origin, ...] = ()
    name: str = ""
    opacity: float = 1.0
    mask: Pixels | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def recut(self, part: Region) -> Layer | None:
        """Return the layer in coordinates of a part of the photo, cut to it; None if it lies outside."""
        region = self.region.moved(-part.left, -part.top)
        inside = region.clipped(part.width, part.height)
        if inside.empty:
            return None
        own = inside.moved(-region.left, -region.top).slices
        merged = tuple(
            Origin(where, origin.recipe, None)
            for origin in self.merged
            if not (
                where := origin.region.moved(-part.left, -part.top).clipped(part.width, part.height)
            ).empty
        )
        return replace(
            self,
            region=inside,
            rgb=self.rgb[own].copy(),
            weight=self.weight[own].copy(),
            mask=None if self.mask is None else self.mask[own].copy(),
            selection=None,
            merged=merged,
            id=uuid.uuid4().hex,
        )

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return self.rgb.nbytes + self.weight.nbytes + (0 if self.mask is None else self.mask.nbytes)

    @property
    def covers(self) -> bool:
        """Whether it makes transparent pixels opaque: a recolouring leaves them as they are."""
        return any(origin.recipe.effective_mode != "recolour" for origin in self.origins)

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Every fill that is in it."""
        return self.merged or (Origin(self.region, self.recipe, self.selection),)

    @property
    def caption(self) -> str:
        """What was asked for."""
        return self.recipe.caption

    @property
    def model(self) -> str:
        """Name of the bundle that drew it."""
        return self.recipe.bundle

    @property
    def box(self) -> Box:
        """The region as the library's box."""
        return self.region.box

    def shown(self, visible: bool) -> Layer:
        """Return the layer, drawn or not."""
        return replace(self, visible=visible)._with_parts(self.parts)

    def at_opacity(self, opacity: float) -> Layer:
        """Return the layer with another opacity."""
        return replace(self, opacity=opacity)

    def named(self, name: str) -> Layer:
        """Return the layer under another name."""
        return replace(self, name=name)._with_parts(self.parts)

    def copied(self) -> Layer:
        """Return a layer of its own that shows the same; it belongs to no round of fills."""
        return replace(self, round="", fill="", id=uuid.uuid4().hex)._with_parts(self.parts)

    def masked(self, patch: Patch, *, shown: bool) -> Layer:
        """Return the layer with a part of it hidden, or shown as it was drawn.

        Args:
            patch: Where, and how much.
            shown: Whether it is to be seen there.
        """
        region = patch.region.clipped(self.region.right, self.region.bottom)
        left, top = max(region.left, self.region.left), max(region.top, self.region.top)
        region = Region(left, top, max(left, region.right), max(top, region.bottom))
        if region.empty:
            return self
        values = patch.mask[
            region.top - patch.top : region.bottom - patch.top,
            region.left - patch.left : region.right - patch.left,
        ]
        mask = np.full(self.weight.shape, 255, np.uint8) if self.mask is None else self.mask.copy()
        own = mask[region.moved(-self.region.left, -self.region.top).slices]
        own[:] = np.maximum(own, values) if shown else np.minimum(own, 255 - values)
        return replace(self, mask=None if (mask == 255).all() else mask, id=uuid.uuid4().hex)

    def unmasked(self) -> Layer:
        """Return the layer with all that was drawn."""
        return replace(self, mask=None, id=uuid.uuid4().hex)

    @cached_property
    def kept(self) -> Floats:
        """What its mask leaves of its weight, (h, w) float32 in 0..1."""
        if self.mask is None:
            return self.weight
        return self.weight * (self.mask.astype(np.float32) / np.float32(255))

    @cached_property
    def alpha(self) -> Floats:
        """How much of it is seen, (h, w) float32 in 0..1."""
        return self.kept if self.opacity == 1 else self.kept * np.float32(self.opacity)

    def at_strength(self, recipe: Recipe) -> Layer:
        """Return this layer, blended at full strength, at that of a recipe.

        A slider that is moved needs no more than that.
        """
        if recipe.strength == 1:
            return replace(self, recipe=recipe, id=uuid.uuid4().hex)._with_parts(self.parts)
        levels = np.rint(np.arange(256, dtype=np.uint8) * np.float32(recipe.strength)) / np.float32(255)
        weight = levels[cv2.convertScaleAbs(self.weight, alpha=255)]
        other = replace(self, weight=weight, recipe=recipe, id=uuid.uuid4().hex)
        scaled = ((part, None if it is None else float(levels[round(255 * it)])) for part, it in self.parts)
        return other._with_parts(tuple((part, it) for part, it in scaled if it != 0))

    def _with_parts(self, parts: _Parts) -> Layer:
        vars(self)["parts"] = parts  # known already: not worked out again
        return self

    @cached_property
    def parts(self) -> _Parts:
        """Rectangles of the layer with their weight, None where it varies; those of weight 0 are left out.

        Most of a large layer has one weight, and drawing that is several times as quick.
        """
        height, width = self.alpha.shape
        rows, columns = np.arange(0, height, _TILE), np.arange(0, width, _TILE)
        low = np.minimum.reduceat(np.minimum.reduceat(self.alpha, rows, axis=0), columns, axis=1)
        high = np.maximum.reduceat(np.maximum.reduceat(self.alpha, rows, axis=0), columns, axis=1)
        found: list[tuple[Region, float | None]] = []
        for row, top in enumerate(rows.tolist()):
            bottom = min(top + _TILE, height)
            for column, left in enumerate(columns.tolist()):
                weight = float(low[row, column]) if low[row, column] == high[row, column] else None
                if weight == 0:
                    continue
                region = Region(left, top, min(left + _TILE, width), bottom)
                if found:
                    before, its_weight = found[-1]
                    if its_weight == weight and (before.right, before.top) == (left, top):
                        found.pop()
                        region = before.union(region)
                found.append((region, weight))
        return tuple(found)

    def draw(self, target: Pixels, origin: Region, opacity: Pixels | None = None) -> None:
        """Draw over a picture, in place.

        Args:
            target: (h, w, 3), which shows a region of the photo.
            origin: That region.
            opacity: (h, w), the picture's, 255 = opaque; None where all of it is.
        """
        dx, dy = self.region.left - origin.left, self.region.top - origin.top
        for part, weight in self.parts:
            if part.bottom <= -dy or part.top >= origin.height - dy:
                continue
            left, top = max(part.left, -dx), max(part.top, -dy)
            right, bottom = min(part.right, origin.width - dx), min(part.bottom, origin.height - dy)
            mine = Region(left, top, right, bottom)
            if not mine.empty:
                there = np.s_[top + dy : bottom + dy, left + dx : right + dx]
                if opacity is not None and self.covers:
                    self._cover_part(target[there], opacity[there], mine)
                else:
                    self._draw_part(target[there], mine, weight)

    def _cover_part(self, there: Pixels, opacity: Pixels, mine: Region) -> None:
        below, above = _share_of(opacity), self.alpha[mine.slices]
        share = share_over(above, below)
        rgb = np.ascontiguousarray(self.rgb[mine.slices])
        mixed = cv2.blendLinear(rgb, np.ascontiguousarray(there), share, 1 - share)
        there[:] = cv2.copyTo(mixed, (above > 0).astype(np.uint8), np.ascontiguousarray(there))
        opacity[:] = np.rint(255 * (above + below * (1 - above)))

    def _draw_part(self, there: Pixels, mine: Region, weight: float | None) -> None:
        if weight == 1:
            there[:] = self.rgb[mine.slices]
            return
        rgb = np.ascontiguousarray(self.rgb[mine.slices])
        below = np.ascontiguousarray(there)
        if weight is not None:
            there[:] = cv2.addWeighted(rgb, weight, below, 1 - weight, 0)
        else:
            alpha = np.ascontiguousarray(self.alpha[mine.slices])
            mixed = cv2.blendLinear(rgb, below, alpha, 1 - alpha)
            there[:] = cv2.copyTo(mixed, (alpha > 0).astype(np.uint8), below)


def covered(layers: Sequence[Layer]) -> tuple[Region, Floats]:
    """Return the region that layers lie in, and how much of the photo they hide there, (h, w) in 0..1."""
    region = Region(0, 0, 0, 0)
    for layer in layers:
        region = region.union(layer.region)
    clear = np.ones((region.height, region.width), np.float32)
    for layer in layers:
        inside = Region(
            layer.region.left - region.left,
            layer.region.top - region.top,
            layer.region.right - region.left,
            layer.region.bottom - region.top,
        )
        clear[inside.slices] *= 1 - layer.alpha
    return region, 1 - clear


def _share_of(opacity: Pixels) -> Floats:
    return (opacity / np.float32(255)).astype(np.float32, copy=False)


def lone_colour(
    original: Pixels, seen: Pixels, weight: Floats, least: float, opacity: Pixels | None = None
) -> Pixels:
    """Return the colour that gives what is seen when it is drawn over the original: straight alpha.

    Args:
        original: (h, w, 3) uint8, what lies below.
        seen: (h, w, 3) uint8, what is to be seen.
        weight: (h, w), 0 to 1, how it is drawn.
        least: Smaller weights count as this one; nothing is seen of such a colour.
        opacity: (h, w) uint8, of the original; None where it is opaque.
    """
    if opacity is not None:
        weight = share_over(weight, _share_of(opacity))
    below = original.astype(np.float32)
    colour = below + (seen.astype(np.float32) - below) / np.maximum(weight, least)[..., None]
    return np.rint(np.clip(colour, 0, 255)).astype(np.uint8)
