"""What a selection leaves out of the thing that it was made for: a snout, feet, the tip of a tail.

Selections clip things, whether a hand or a program draws them. A colour for the whole thing goes on over such
pieces. It does not go on to a neighbour, nor over what was left out on purpose, which is larger.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.box import selection_box
from nigdt.cutout import both_say, likelier_colours, matted, smooth_step

__all__ = ["rest_of"]

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_REACH = 0.15
"""How far from the selection a piece may end, as a fraction of its longest side."""
_PAST = 0.1
"""Fraction of a piece that may lie farther away: more goes on from there, as a neighbour does."""
_LARGEST, _ALL = 0.3, 0.43
"""Area of a piece and of all of them, beside that of the selected thing: more was left out on purpose."""
_LEAST = 0.0015
"""Area of a piece below which it is none."""
_NECK = 0.25
"""Length along which a piece touches the selected thing at least, beside the root of its area."""
_THIN = 0.01
"""Half the width of what is too thin to hang on by, as a fraction of the selection's longest side."""
_LIKELY, _SURE, _ALIKE = 0.76, 0.42, 0.45
"""How likely a piece is of the thing on average, at least; how sure the finder is of it that was told of the
selection alone; and how likely its colours are the thing's."""
_CORE, _ELSEWHERE = 0.6, 0.15
"""How sure the finder is of places whose colours are the thing's, and of those whose are not, at most."""
_ROUNDS = 2
"""Times that the pieces are looked for: they show colours of the thing that the selection does not."""
_AROUND = 20
"""Pixels around a piece that its edge is worked out in."""
_EDGE, _WITHIN = (0.2, 0.5), (0.7, 0.9)
"""How likely places must be to belong to a piece a little, and wholly, where the finder was told of the
selection alone, and of a wider one: that takes more of the surroundings for the thing."""
_TOUCH = 2
"""Pixels, at half the size, by which a piece may be off the thing that it touches."""


def rest_of(lab: Floats, chosen: Floats, thing: Floats, sure: Floats, around: Floats) -> Floats:
    """Tell where the rest of a selected thing lies outside the selection.

    Args:
        lab: (h, w, 3), the context.
        chosen: (h, w), 0 to 1, the selection.
        thing: (h, w), 0 to 1, the thing that was cut out of it.
        sure: (h, w), 0 to 1, how sure the finder is of the thing, told of the selection.
        around: (h, w), 0 to 1, the same, told of a selection grown so far that it holds the rest.

    Returns:
        (h, w), 0 to 1; 0 everywhere where the selection leaves out nothing, or much on purpose.
    """
    height, width = chosen.shape
    rest = np.zeros_like(chosen)
    inside = chosen > 0.5
    if not inside.any():
        return rest
    box = selection_box(inside)
    side = max(box.width, box.height)
    part = box.grown(round(2 * _REACH * side), width, height).slices
    chosen, thing = chosen[part], thing[part]
    alike, pieces = _found(
        *(_halved(one[part]) for one in (lab, sure, around)), *map(_halved, (chosen, thing))
    )
    if not pieces.any():
        return rest
    size = chosen.shape[::-1]
    near = cv2.dilate(cv2.resize(pieces.astype(np.uint8), size), _disc(_THIN * side))
    alike = np.asarray(cv2.resize(alike, size, interpolation=cv2.INTER_LINEAR), np.float32)
    belongs = smooth_step(both_say(sure[part], alike), *_EDGE)
    belongs = np.maximum(belongs, smooth_step(both_say(around[part], alike), *_WITHIN))
    held = np.maximum(thing * chosen, near * (1 - chosen) * belongs)
    there = selection_box(near).grown(_AROUND, *size).slices
    whole = np.zeros_like(chosen)
    whole[there] = matted(lab[part][there], held[there].astype(np.float32))
    rest[part] = near * whole * (1 - chosen)
    return rest


def _found(lab: Floats, sure: Floats, around: Floats, chosen: Floats, thing: Floats) -> tuple[Floats, Mask]:
    """Return how likely each place's colour is the thing's, and its pieces; arguments as of `rest_of`."""
    inside = chosen > 0.5
    own = inside & (thing > 0.5)
    pieces = np.zeros_like(inside)
    alike = around
    if not inside.any():
        return alike, pieces
    box = selection_box(inside)
    for _ in range(_ROUNDS):
        known = np.where(pieces, np.float32(1), thing * chosen)
        likely, alike = _likely(lab, chosen, known, around)
        pieces = _pieces(own, inside, likely, alike, sure, max(box.width, box.height))
        if not pieces.any():
            break
    return alike, pieces


def _likely(lab: Floats, chosen: Floats, thing: Floats, around: Floats) -> tuple[Floats, Floats]:
    """Return how likely each place is of the thing, by the finder and by its colour, and by that alone."""
    own = thing * (around > _CORE)
    alike = likelier_colours(lab, own, (1 - chosen) * (around < _ELSEWHERE))
    return both_say(around, alike), alike


def _pieces(own: Mask, inside: Mask, likely: Floats, alike: Floats, sure: Floats, side: int) -> Mask:
    """Return where pieces of a thing lie outside its selection.

    Args:
        own: (h, w), where the selected thing is.
        inside: (h, w), the selection.
        likely: (h, w), 0 to 1, from `_likely`.
        alike: (h, w), 0 to 1, too.
        sure: (h, w), 0 to 1, how sure the finder is of the thing.
        side: The longest side of the selection, in pixels.
    """
    whole = (own | ((likely > 0.5) & ~inside)).astype(np.uint8)
    held = (cv2.morphologyEx(whole, cv2.MORPH_OPEN, _disc(_THIN * side)) > 0) & ~inside
    count, names, boxes, _ = cv2.connectedComponentsWithStats(held.astype(np.uint8), connectivity=4)
    areas = np.maximum(1, boxes[:, cv2.CC_STAT_AREA])
    away = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 5)

    def mean(values: NDArray[np.generic]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(names.ravel(), values.ravel(), count) / areas)

    size = max(1.0, float(own.sum()))
    good = (areas >= _LEAST * size) & (areas <= _LARGEST * size) & (mean(away > _REACH * side) <= _PAST)
    good &= (mean(likely) > _LIKELY) & (mean(sure) > _SURE) & (mean(alike) > _ALIKE)
    good[0] = False
    border = own & (cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5) <= 1.5)
    for name in np.flatnonzero(good):
        close = cv2.dilate((names == name).astype(np.uint8), _disc(_TOUCH)) > 0
        good[name] = np.count_nonzero(close & border) >= _NECK * areas[name] ** 0.5
    if areas[good].sum() > _ALL * size:
        return np.zeros_like(inside)
    return np.asarray(good[names])


def _halved(values: Floats) -> Floats:
    """Return a map (h, w) or (h, w, C) at half its size, which is enough to find pieces."""
    size = (max(1, values.shape[1] // 2), max(1, values.shape[0] // 2))
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)


def _disc(radius: float) -> NDArray[np.uint8]:
    side = 2 * max(1, round(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)
