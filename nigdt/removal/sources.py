"""Which parts of the surroundings may serve to fill a hole: what continues the hole's own ring."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Sources", "choose_sources", "spots_of"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]

_MATERIALS = 10
_SAMPLE = 8000
"""At most about twice so many pixels are looked at to find the materials."""
_WEIGHTS = np.array([0.5, 1.5, 1.5], np.float32)
"""Of L, a and b: light and shade change within a material, its hue hardly does."""
_ROUGHNESS = 12.0
"""Weighted Lab units that a difference of 1 in log roughness counts as."""
_RING = 0.2
"""Width of the ring as a fraction of the root of the hole's area."""
_FRACTION = 0.02
"""A material belongs to the surroundings from this fraction of the ring on, ..."""
_PRESENCE = 0.25
"""... where it is at least this many times as frequent there as elsewhere."""
_ALIKE = 8.0
"""A material this near to one that belongs, in weighted Lab units, is a shade of it and belongs too."""
_THING = (0.02, 1.5)
"""Least and largest area of another thing, as a fraction of the hole's."""
_DISTINCT = 25.0
"""A thing's mean colour is at least this far from that of what lies around it, in Lab units."""
_SPOT = (0.012, 0.2)
"""Largest area of a spot as a fraction of the hole's, and its extent as one of the root of that, ..."""
_STRIKING, _DEVIATIONS = 14.0, 5.0
"""... Lab units and typical deviations that it differs at least from what is around, ..."""
_FEW = 30
"""... and how many there are at most: more are a texture."""
_NEARBY, _FEW_NEARBY = 0.35, 5
"""... or, judged place by place, within so far, as a fraction of the root of the hole's area, how many."""
_ISOLATED = 0.65
"""What is around a spot is a source to this fraction: else it may be a piece of a twig that goes on."""
_TYPICAL, _MEAN = 1.18, 1.25
"""Median and mean length of a deviation in the plane, in standard deviations."""
_AROUND = 11
"""Width in pixels of what is around a spot."""


@dataclass(frozen=True)
class Sources:
    """What may serve.

    Attributes:
        fitting: (h, w), the pixels.
        material: (h, w), number of each pixel's material, -1 where unknown.
        ring: (h, w), the pixels around the hole.
    """

    fitting: Mask
    material: Ints
    ring: Mask

    def cover_ring(self, part: Mask) -> float:
        """Return the fraction of the ring, 0 to 1, whose materials a part of the sources has as well."""
        count = int(self.material.max(initial=0)) + 1
        wanted = np.bincount(self.material[self.ring & self.fitting], minlength=count)
        there = np.bincount(self.material[part & self.fitting], minlength=count)
        return float(wanted[there >= 0.5 * wanted].sum() / max(1, wanted.sum()))


def choose_sources(lab: Floats, roughness: Floats, hole: Mask, usable: Mask) -> Sources:
    """Keep other things and unlike materials out.

    The picture is parted into materials by colour and roughness (k-means). Those that hardly occur in the
    ring around the hole are left out: a wall behind, another animal. So are pieces of a distinct colour that
    are no larger than the hole and surrounded by something else, even beside the hole. Small specks of a
    material are no reason to leave a place out, so the parting is smoothed.

    Args:
        lab: (h, w, 3), CIE Lab, reduced.
        roughness: (h, w), log of the local gradient's strength.
        hole: (h, w), what is to be filled.
        usable: (h, w), what may be looked at at all.
    """
    extent = float(np.sqrt(hole.sum()))
    away = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, 3)
    known = usable & ~hole
    ring = known & (away <= max(4.0, _RING * extent))
    material: Ints = np.full(hole.shape, -1, np.int32)
    if not ring.any():
        return Sources(known, material, ring)
    features = np.concatenate([cv2.blur(lab * _WEIGHTS, (3, 3)), _ROUGHNESS * roughness[..., None]], 2)
    points = features[known].astype(np.float32)
    if len(points) < 2:  # a row of one would be a column to OpenCV
        return Sources(known, material, ring)
    sample = points[:: 1 + len(points) // _SAMPLE]
    count = min(_MATERIALS, len(sample))
    cv2.setRNGSeed(0)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 0.5)
    unset = np.zeros((len(sample), 1), np.int32)
    _, _, centres = cv2.kmeans(sample, count, unset, criteria, 1, cv2.KMEANS_PP_CENTERS)
    labels = ((centres**2).sum(1) - 2 * points @ centres.T).argmin(1)
    material[known] = labels
    in_ring = np.bincount(material[ring], minlength=count) / ring.sum()
    overall = np.bincount(labels, minlength=count) / len(points)
    fits = (in_ring >= _FRACTION) & (in_ring >= _PRESENCE * overall)
    apart = np.linalg.norm(centres[:, None] - centres[fits][None], axis=2)
    fits |= apart.min(1, initial=np.inf) < _ALIKE
    kept = np.zeros(hole.shape, np.float32)
    kept[known] = fits[labels]
    weight = cv2.blur(known.astype(np.float32), (5, 5))
    smooth = cv2.blur(kept, (5, 5)) / np.maximum(weight, 1e-3)
    fitting = known & (smooth >= 0.5) & ~_things(lab, material, hole)
    return Sources(fitting & ~spots_of(lab, fitting, hole), material, ring)


def _things(lab: Floats, material: Ints, hole: Mask) -> Mask:
    """Return the pieces of a distinct colour that something else surrounds, with the pixels at their edge."""
    least, largest = (fraction * float(hole.sum()) for fraction in _THING)
    edge = np.ones(hole.shape, np.bool_)
    edge[1:-1, 1:-1] = False
    window = np.ones((3, 3), np.uint8)
    found = np.zeros(hole.shape, np.bool_)
    for number in range(int(material.max()) + 1):
        opened = cv2.morphologyEx((material == number).astype(np.uint8), cv2.MORPH_OPEN, window)
        _, pieces, boxes, _ = cv2.connectedComponentsWithStats(opened)
        at_edge = set(np.unique(pieces[edge]).tolist())
        for piece, (left, top, width, height, area) in enumerate(boxes.tolist()):
            if piece == 0 or piece in at_edge or not least <= area <= largest:
                continue
            part = np.s_[max(0, top - 4) : top + height + 4, max(0, left - 4) : left + width + 4]
            inner = pieces[part] == piece
            near, wide = (cv2.dilate(inner.astype(np.uint8), window, iterations=n) > 0 for n in (2, 4))
            around = wide & ~near & ~hole[part]
            colour = lab[part]
            if around.any() and np.linalg.norm(colour[inner].mean(0) - colour[around].mean(0)) > _DISTINCT:
                found[part] |= near
    return found


def spots_of(lab: Floats, fitting: Mask, hole: Mask, local: bool = False) -> Mask:
    """Return small striking things, of which a copy would be noticed, unless there are many of them.

    Args:
        lab: (h, w, 3), CIE Lab.
        fitting: (h, w), the sources.
        hole: (h, w).
        local: Whether what is striking and what are many is judged place by place, as where a part is out
            of focus and another sharp.
    """
    none = np.zeros(hole.shape, np.bool_)
    if not fitting.any():
        return none
    # OpenCV's median of so large a window is of bytes alone.
    scale, shift = np.array([2.55, 1, 1], np.float32), np.array([0, 128, 128], np.float32)
    around = cv2.medianBlur(np.clip(lab * scale + shift, 0, 255).astype(np.uint8), _AROUND)
    apart = np.linalg.norm(cv2.blur(lab, (2, 2)) - (around - shift) / scale, axis=2)
    if local:
        window = (2 * round(_NEARBY / 2 * float(np.sqrt(hole.sum()))) + 1,) * 2
        weight = fitting.astype(np.float32)
        typical = cv2.blur(apart * weight, window) / np.maximum(cv2.blur(weight, window), 1e-3) / _MEAN
    else:
        typical = np.float32(np.median(apart[fitting])) / np.float32(_TYPICAL)
    striking = fitting & (apart > np.maximum(_STRIKING, _DEVIATIONS * typical))
    _, pieces, boxes, middles = cv2.connectedComponentsWithStats(striking.astype(np.uint8))
    area = float(hole.sum())
    spots = boxes[:, cv2.CC_STAT_AREA] <= _SPOT[0] * area
    spots &= boxes[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(1) <= _SPOT[1] * np.sqrt(area)
    spots &= boxes[:, cv2.CC_STAT_AREA] > 1
    spots[0] = False
    if local:
        apart_by = np.linalg.norm(middles[:, None] - middles[None], axis=2)
        spots &= ((apart_by < _NEARBY * np.sqrt(area)) & spots).sum(1) <= _FEW_NEARBY
    elif spots.sum() > _FEW:
        return none
    whole = fitting & ~striking
    for piece in np.flatnonzero(spots):
        left, top, width, height = boxes[piece, : cv2.CC_STAT_AREA]
        part = np.s_[max(0, top - 2) : top + height + 2, max(0, left - 2) : left + width + 2]
        inner = pieces[part] == piece
        beside = (cv2.dilate(inner.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0) & ~inner
        spots[piece] = whole[part][beside].mean() >= _ISOLATED
    return cv2.dilate(spots[pieces].astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
