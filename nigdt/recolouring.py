"""Recolouring a context: the network says where and which colour, the photo's edges carry it to full size.

`nigdt.recolourer` asks the network, which takes 50 ms and more; `Recolouring.apply` paints any size of the
same context from its maps; the strength is a matter of mixing, quick enough for a slider. No torch here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.box import selection_box
from nigdt.colours import find_colours, lab_to_rgb, rgb_to_lab
from nigdt.errors import CaptionError

__all__ = [
    "PAINTED",
    "Recolouring",
    "check_caption",
    "enlarged",
    "finer_lab",
    "guided_colour",
    "guided_place",
    "meant",
    "seen_to_change",
    "snapped",
    "tightness",
]

Floats = NDArray[np.float32]

_SNAP_RADIUS = 6
"""Reach in the network's pixels of the filter that corrects the finder, whose cells are as large."""
_FINER = 3
"""How many times finer than the network's maps their guided filter works."""
_PLACE_RADIUS, _COLOUR_RADIUS = 1.6, 2.5
"""Reach of the guided filters in the network's pixels."""
_PLACE_SOFTNESS, _COLOUR_SOFTNESS = 12.0, 30.0
"""Variance, in Lab units squared, below which the filters take the photo's differences for noise."""
PAINTED = 0.2, 0.8
"""Alpha below the first counts as none at all, above the second as all: what is not meant stays exactly."""
_LOOSE, _TIGHT = 0.6, 0.8
"""Fraction of the selection that takes colour, up to which it is drawn around the object and from which on it
follows the object."""
_UNLIKELY, _LIKELY = 0.05, 0.35
"""In a selection that follows the object, alpha below the first is none and above the second is all."""
_FLATTEST = -0.65
"""Slope of the change of L on L: contrasts are reduced to no less than 1 plus this."""
_NOTICED, _LEAST_CHANGED = 6, 0.02
"""Grey levels of 255 that a pixel must change by to be seen, and fraction of the selection that must."""
_STRIP = 2**20
"""Pixels that are painted at once, so that large photos need little memory."""


@dataclass(frozen=True)
class Recolouring:
    """Where a caption's colour goes in one context, and which, at each place linear in the photo's colour.

    Attributes:
        alpha: (h, w, 4) float32: alpha = the first three times (L, a, b) + the last.
        colour: (h, w, 6) float32: slope and offset on L of the change of L, of a and of b.
        selection: (H, W) uint8, the selection at the size that is painted.
        beyond: (h, w) float32, 0 to 1, how far places outside the selection, on its rim (`nigdt.rim`) and on
            the rest of the thing (`nigdt.rest`), take the colour too; None is nowhere.
        barred: (H, W), where nothing is painted whatever else is said; None is nowhere.
        goes_on: Whether the rest of the thing is enough to be told of.
    """

    alpha: Floats
    colour: Floats
    selection: NDArray[np.uint8]
    beyond: Floats | None = None
    barred: NDArray[np.bool_] | None = None
    goes_on: bool = False

    @classmethod
    def of(
        cls, maps: Floats, selection: NDArray[np.uint8], barred: NDArray[np.bool_] | None = None
    ) -> Recolouring:
        """Return the recolouring that maps describe, for a selection (H, W) of their context at any size."""
        beyond = maps[..., 10] if maps.shape[2] > 10 and maps[..., 10].any() else None
        return cls(maps[..., :4], maps[..., 4:10], selection, beyond, barred)

    @property
    def maps(self) -> Floats:
        """Everything but the selection in one array (h, w, 11): what travels."""
        beyond = np.zeros(self.alpha.shape[:2], np.float32) if self.beyond is None else self.beyond
        return np.concatenate([self.alpha, self.colour, beyond[..., None]], axis=2)

    @property
    def nbytes(self) -> int:
        """Memory it holds, for caches."""
        beyond = 0 if self.beyond is None else self.beyond.nbytes
        return self.alpha.nbytes + self.colour.nbytes + self.selection.nbytes + beyond

    def apply(self, rgb: NDArray[Any]) -> tuple[NDArray[Any], Floats]:
        """Paint the context at full strength.

        Args:
            rgb: (H, W, 3) of the selection's size: uint8, uint16, or float32 in 0..1.

        Returns:
            The painted context, of the same kind, pixels with alpha 0 exactly as they were; and alpha (H, W).
        """
        height, width = self.selection.shape
        result, alphas = rgb.copy(), np.zeros((height, width), np.float32)
        if not self.selection.any():
            return result, alphas
        rim = self.selection
        if self.beyond is not None:
            touched = cv2.dilate((self.beyond > 0).astype(np.uint8), np.ones((3, 3), np.uint8))
            reached = cv2.resize(touched, (width, height), interpolation=cv2.INTER_NEAREST)
            rim = np.maximum(rim, reached.astype(np.uint8, copy=False))
        used = selection_box(rim)
        if self.barred is not None:
            rim = np.where(self.barred, np.uint8(0), rim)
        rows = max(1, _STRIP // width)
        for top in range(used.top, used.bottom, rows):
            strip = slice(top, min(top + rows, used.bottom))
            if rim[strip].any():
                self._paint(rgb, (strip, selection_box(rim[strip]).slices[1]), rim, result, alphas)
        return result, alphas

    def _paint(
        self,
        rgb: NDArray[Any],
        part: tuple[slice, slice],
        rim: NDArray[np.uint8],
        result: NDArray[Any],
        alphas: Floats,
    ) -> None:
        """Paint a part of a context, where `rim` (H, W) is above 0."""
        most = {"uint8": 255.0, "uint16": 65535.0}.get(rgb.dtype.name, 1.0)
        L, a, b = cv2.split(rgb_to_lab(rgb[part].astype(np.float32) / np.float32(most)))
        low, high = PAINTED
        # Plane by plane: sums over a last axis of three take several times as long.
        on_L, on_a, on_b, offset = self._enlarged(self.alpha, part)
        alpha = np.clip((on_L * L + on_a * a + on_b * b + offset - low) / (high - low), 0, 1)
        weight = self.selection[part] / np.float32(255)
        if self.beyond is not None:
            weight = np.maximum(weight, self._enlarged(self.beyond[..., None], part)[0])
        alpha *= weight * (rim[part] > 0)
        shade = self._enlarged(self.colour, part)
        moved = [slope * L + offset for slope, offset in zip(shade[0::2], shade[1::2], strict=True)]
        moved[0] += L
        painted = [old + alpha * (new - old) for old, new in zip((L, a, b), moved, strict=True)]
        painted[0] = np.clip(painted[0], 0, 100)
        out = lab_to_rgb(cv2.merge(painted)) * np.float32(most)
        if most > 1:
            out = np.rint(out)
        result[part] = np.where(alpha[..., None] > 0, out.astype(rgb.dtype), rgb[part])
        alphas[part] = alpha

    def _enlarged(self, maps: Floats, part: tuple[slice, slice]) -> list[Floats]:
        """Return a part of each map at the context's size, as if the whole had been enlarged bilinearly."""
        places = []
        for axis, length in enumerate(self.selection.shape):
            at = np.arange(part[axis].start, part[axis].stop, dtype=np.float32) + 0.5
            places.append(at * np.float32(maps.shape[axis] / length) - np.float32(0.5))
        x, y = (np.ascontiguousarray(one) for one in np.meshgrid(places[1], places[0]))
        return [
            np.asarray(
                cv2.remap(
                    np.ascontiguousarray(maps[..., i]),
                    x,
                    y,
                    cv2.INTER_LINEAR,
                    borderMode=cv2.BORDER_REPLICATE,
                ),
                np.float32,
            )
            for i in range(maps.shape[2])
        ]


def check_caption(caption: str) -> None:
    """Refuse a caption that names no colour.

    Raises:
        CaptionError: It names none.
    """
    if not find_colours(caption):
        raise CaptionError(
            "The words name no colour.", 'Name one: "a red bird", "dark green wings", or just "turquoise".'
        )


def seen_to_change(before: NDArray[np.uint8], after: NDArray[np.uint8], selection: NDArray[np.uint8]) -> bool:
    """Return whether one sees that the selection (h, w) of a picture (h, w, 3) was recoloured."""
    red, green, blue = cv2.split(cv2.absdiff(before, after))
    chosen = selection > 0
    changed = (cv2.max(cv2.max(red, green), blue) > _NOTICED) & chosen
    return bool(np.count_nonzero(changed) >= _LEAST_CHANGED * np.count_nonzero(chosen))


def meant(alpha: Floats, chosen: Floats) -> Floats:
    """Take doubtful places for the object where the selection follows it.

    Most of what is selected tightly is meant, so a place needs less to take colour: heads, ridges and rims
    would stay behind. In a selection that is drawn around the object, alpha stays as it is.

    Args:
        alpha: (h, w), 0 to 1, from a network that was asked for the whole object.
        chosen: (h, w), 0 to 1, the selection.
    """
    surer = np.clip((alpha - _UNLIKELY) / (_LIKELY - _UNLIKELY), 0, 1)
    return alpha + tightness(alpha, chosen) * np.maximum(surer - alpha, 0)


def tightness(alpha: Floats, chosen: Floats) -> np.float32:
    """Tell whether a selection follows the object (1) or is drawn around it (0), by how much of it is object.

    Args:
        alpha: (h, w), 0 to 1, where the object is.
        chosen: (h, w), 0 to 1, the selection.
    """
    fraction = float(((alpha > 0.5) * chosen).sum() / max(1e-3, float(chosen.sum())))
    return np.float32(np.clip((fraction - _LOOSE) / (_TIGHT - _LOOSE), 0, 1))


def finer_lab(crop: NDArray[np.uint8], shape: tuple[int, ...]) -> Floats:
    """Return a context's Lab, some times finer than the network's maps (h, w): its edges are sharp."""
    size = (min(crop.shape[1], _FINER * shape[1]), min(crop.shape[0], _FINER * shape[0]))
    rgb = cv2.resize(crop, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return rgb_to_lab(rgb / np.float32(255))


def enlarged(values: Floats, guide: Floats) -> Floats:
    """Return a map in 0..1 at the size of `finer_lab`."""
    size = (guide.shape[1], guide.shape[0])
    return cv2.resize(values, size, interpolation=cv2.INTER_CUBIC).clip(0, 1)


def guided_place(alpha: Floats, chosen: Floats, guide: Floats, scale: float) -> Floats:
    """Fit alpha as a local linear function of the photo's Lab (guided filter, He et al. 2013).

    Args:
        alpha: (h, w), 0 to 1.
        chosen: (h, w), 0 to 1, the selection.
        guide: (h, w, 3), from `finer_lab`.
        scale: How many times finer it is than the network's maps.
    """
    # What lies outside the selection was not asked about: it must not pull at the border.
    weight = chosen + np.float32(1e-3)
    side = 2 * max(1, round(_PLACE_RADIUS * scale)) + 1
    return _guided(alpha, guide, weight, side)


def snapped(place: Floats, lab: Floats, radius: int = _SNAP_RADIUS) -> Floats:
    """Move the edge of a coarse map to the photo's own edges.

    Args:
        place: (h, w), 0 to 1, as the finder gives it, sharp to a few pixels.
        lab: (h, w, 3), the photo at this size.
        radius: How far the edge may lie from its place, in pixels.
    """
    by_lab = _guided(place, lab, np.ones_like(place), 2 * radius + 1)
    return np.clip((by_lab[..., :3] * lab).sum(-1) + by_lab[..., 3], 0, 1)


def _guided(wanted: Floats, guide: Floats, weight: Floats, side: int) -> Floats:
    """Return slopes on L, a and b and an offset, (h, w, 4), that make the wanted map of the guide."""
    norm = cv2.boxFilter(weight, -1, (side, side), borderType=cv2.BORDER_REFLECT)

    def mean(values: Floats) -> Floats:
        return cv2.boxFilter(values * weight, -1, (side, side), borderType=cv2.BORDER_REFLECT) / norm  # type: ignore[return-value]

    means = np.stack([mean(guide[..., i]) for i in range(3)], axis=-1)
    middle = mean(wanted)
    ll, la, lb, aa, ab, bb = (
        mean(guide[..., i] * guide[..., j])
        - means[..., i] * means[..., j]
        + np.float32(_PLACE_SOFTNESS if i == j else 0)
        for i in range(3)
        for j in range(i, 3)
    )
    shared = [mean(guide[..., i] * wanted) - means[..., i] * middle for i in range(3)]
    # The covariance's adjugate: for three rows that is three times quicker than a solver.
    adjugate = (
        (aa * bb - ab * ab, lb * ab - la * bb, la * ab - lb * aa),
        (lb * ab - la * bb, ll * bb - lb * lb, la * lb - ll * ab),
        (la * ab - lb * aa, la * lb - ll * ab, ll * aa - la * la),
    )
    determinant = ll * adjugate[0][0] + la * adjugate[0][1] + lb * adjugate[0][2]
    rows = [sum(row[j] * shared[j] for j in range(3)) / determinant for row in adjugate]
    slope = np.stack(rows, axis=-1).astype(np.float32)
    offset = middle - (slope * means).sum(-1)
    return np.stack([*(mean(slope[..., i]) for i in range(3)), mean(offset)], axis=-1)


def guided_colour(target: Floats, weight: Floats, lab: Floats) -> Floats:
    """Return the change of L, and a and b to be had, as local linear functions of L, from coloured places.

    Around one line for the whole object, so that smooth places follow its shading too.
    """
    weight = weight.astype(np.float32) ** 2 + np.float32(1e-5)
    L = lab[..., 0]
    side = 2 * max(1, round(_COLOUR_RADIUS)) + 1
    norm = cv2.boxFilter(weight, -1, (side, side), borderType=cv2.BORDER_REFLECT)

    def mean(values: Floats) -> Floats:
        return cv2.boxFilter(values * weight, -1, (side, side), borderType=cv2.BORDER_REFLECT) / norm  # type: ignore[return-value]

    total = weight.sum()
    whole_mean = (weight * L).sum() / total
    whole_variance = (weight * (L - whole_mean) ** 2).sum() / total
    local_mean = mean(L)
    variance = np.maximum(mean(L * L) - local_mean**2, 0)
    layers = []
    for i in range(3):
        values = target[..., i]
        middle = (weight * values).sum() / total
        whole = ((weight * (L - whole_mean) * (values - middle)).sum() / total) / (
            whole_variance + _COLOUR_SOFTNESS
        )
        rest = values - whole * L
        rest_mean = mean(rest)
        slope = (mean(rest * L) - rest_mean * local_mean) / (variance + _COLOUR_SOFTNESS)
        if i == 0:  # black and white shall not flatten what they cover
            slope = np.maximum(slope, _FLATTEST - whole)
        layers += [mean(slope) + whole, mean(rest_mean - slope * local_mean)]
    return np.stack(layers, axis=-1).astype(np.float32)
