"""The colour that each place of an object takes: the asked one under the photo's own light.

A painted thing shows one pigment under many lights: deeper in shade, paler where light glances off, and what
is of another material (an eye, a claw, a white face) is not painted. So an object's main material is told
from the rest, and the asked colour varies around its own lightness and saturation as the photo's does. No
torch here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.colours import NamedColour, chroma_and_hue, lab_of_hue
from nigdt.cutout import smooth_step

__all__ = ["Material", "material_of", "tinted"]

Floats = NDArray[np.float32]

_COLOURED = 0.22
"""Saturation from which a place counts as coloured; an object is, if most of it does."""
_TINGED, _BLACK = (9.0, 14.0), (15.0, 30.0)
"""Median chroma up to which a coloured object may be a black one in which the sky is seen, and L up to which
its places are of its material then, even those where no sky is seen."""
_GRAIN = 12.0
"""Lab units; smaller differences between neighbours are smoothed before materials are told apart."""
_NOISE = 12.0
"""Added to lightness in the saturation, because dark places have none that one could trust."""
_LIT, _PALE = 0.65, (45.0, 70.0)
"""Quantile of the lightness of what light falls on; below the first L there it is a dark object, above the
second a pale one."""
_LARGEST_GLARE = 0.05
"""Size of a washed out place, beside the object's; what is larger is white."""
_PART_SIZE = (0.001, 0.02)
"""Size, beside the object's, of a part of another hue that black, white and grey leave as it is."""
_VIVID_PIECE = (0.5, 0.8)
"""Saturation beside the object's typical one from which on a part of another hue is one, not a shimmer."""
_WHITISH = (55.0, 70.0)
"""L from which on a place without colour is white, and stays so."""
_DARK_PATCH, _PATCH_SIZE = 42.0, 0.008
"""L below which places without colour (a dog's saddle) take black, white and grey too, and their least size
beside the object's: eyes and a nose are smaller."""
_RIM = 2
"""Pixels from an object's edge whose colours are mixed with the surroundings'."""
_WASHED_OUT, _SOFT_EDGE, _GLARING = 88.0, 0.5, 0.6
"""L from which a place without colour can be washed out by light; its edge's change of saturation within
three pixels at most, and the saturation that it is then taken to have, beside the object's typical one."""
_SAME_HUE = (0.12, 0.4)
"""A coloured object's places below the first fraction of its typical saturation are of another material,
those above the second are of its own."""
_FAINT = (0.24, 0.36), (0.3, 1.0)
"""Typical saturations, and how far an object's differences of saturation count there."""
_OTHER_HUE = (0.3, 0.7)
"""Radians of hue from a coloured object's own: below the first it is the same, above the second another."""
_STANDS_OUT = (12.0, 20.0)
"""Lab units from an uncoloured object's median a and b, beyond its spread: own material, another one."""
_VIVID_PART = (0.52, 0.68)
"""Saturation between which a place is too coloured for an uncoloured object: webs and straps in shade."""
_PATTERN_GAP, _PATTERN_EDGE = 38.0, 0.4
"""An uncoloured object has light and dark materials if their lightness differs by the first and if at least
the second, as a fraction of that, changes within three pixels where they meet. Shade changes by degrees."""
_SMALL_PART, _LIGHT = (0.25, 0.9), 62.0
"""Fraction of an object that its light places must have for it to have two materials, and their least L."""
_REACH = ((70, (6.0, 8.0)), (50, (8.0, 6.0)), (0, (12.0, 6.0)))
"""For named colours from a lightness on: how much darker and lighter than it the object may stay."""
_DARK, _SHEEN = (10.0, 35.0), 0.85
"""L of black and of no longer dark things. Black shows its form by sheen alone: so much of that stays."""
_TURN, _MOST_TURN = 0.2, 0.1
"""How much of the object's own differences of hue stays, and how many radians at most."""
_BASE = 0.05
"""Deviation of the blur that large differences are told from fine ones by, as a fraction of the side."""
_FLATTEN = 0.4
"""What stays of large differences of lightness under black, white and grey."""
_RELIEF = 0.85
"""What stays at least of fine detail where a dark thing becomes light."""
_DIMMEST = 0.3
"""What stays at least of fine detail where a thing that is darkened lies in shade."""
_PALE_THING, _PATCH = 60.0, (30.0, 0.25)
"""L from which on a thing is pale, and the fraction of it below another that is a pattern, not shade."""
_LIT_AT, _BLACKEST, _LIT_BLACK, _STEEP = 0.9, 3.0, 16.0, 1.8
"""A pale thing made black is a grey cut-out if its large differences are only reduced: black is steeper in
its shade. L goes from the second to the third at the first quantile of the thing's, with the last as the
exponent."""
_BRIGHTEST, _GLINT, _GLINTS = 1.12, 5.0, (0.98, 1.1)
"""Large-scale L beside the lit one, at most; by how much black is lighter where light glances off, and from
which L beside the lit one on, and until which, it comes to do so."""
_CREST, _FURROW, _CLOSE = 1.6, 3.0, 0.03
"""Factor on fine detail that is lighter than what is around it, since each feather of a black bird shines;
exponent of what is darker, beside that; and deviation of the blur that tells it from the rest, as `_BASE`."""
_SHADED = 0.25
"""What stays at least of the former in shade."""
_SOFT = 4.0
"""Units of L from black and from white within which differences shrink instead of being cut off."""
_DYED = 0.88
"""Chroma that something white takes, beside what other things do: wool is dyed, not painted."""
_VIVID = 0.95
"""Median chroma of what is painted, beside that of the named colour."""
_RAISED, _RAISED_DEEP = 1.45, 1.25
"""By how much chroma may be raised to reach it, for light and for deep colours: dark red is not neon blue."""


@dataclass(frozen=True)
class Material:
    """What an object is mainly made of.

    Attributes:
        membership: (h, w), 0 to 1, how far each place takes part in it; in a coloured object all that is
            coloured does.
        alike: (h, w), 0 to 1, where it has this very colour: in a coloured object, this hue.
        lightness: Its median L.
        vividness: (h, w), each place's saturation beside the material's; None if it is white, grey or black.
        turn: (h, w), how far each place's hue is from the commonest, in radians; None with vividness.
        pale: (h, w), 0 to 1, what of a coloured object has no colour of its own, and loses its tinge when the
            rest becomes black, white or grey; None otherwise.
    """

    membership: Floats
    alike: Floats
    lightness: float
    vividness: Floats | None = None
    turn: Floats | None = None
    pale: Floats | None = None

    @property
    def coloured(self) -> bool:
        """Whether it has a hue of its own."""
        return self.vividness is not None


def material_of(lab: Floats, weight: Floats, asked: NamedColour) -> Material:
    """Tell an object's main material from the rest of it.

    Args:
        lab: (h, w, 3), the photo.
        weight: (h, w), 0 to 1, where the object is.
        asked: The colour that it shall get: black and white cover a pattern of light and dark, others keep
            its dark places.
    """
    # Grain is not a change of material, and nor is an edge, where the surroundings shine through.
    lab = _without_rim(lab, weight)
    lab = np.asarray(cv2.bilateralFilter(lab, 5, _GRAIN, 2.0), np.float32)
    L, saturation = lab[..., 0], _saturation(lab)
    if _mean(saturation > _COLOURED, weight) > 0.5:
        typical = _quantile(saturation, weight, 0.6)
        tinge = _quantile(np.hypot(lab[..., 1], lab[..., 2]), weight, 0.5)
        black = typical * float(np.interp(tinge, _TINGED, (1, 0)))
        saturation = np.maximum(saturation, black * (1 - smooth_step(L, *_BLACK)))
        saturation = np.maximum(saturation, typical * _GLARING * _glare(L, saturation, weight, typical))
        membership = smooth_step(saturation, *(typical * fraction for fraction in _SAME_HUE))
        turn = _turned(lab, _commonest_hue(lab, weight * membership))
        alike = membership * (1 - smooth_step(np.abs(turn), *_OTHER_HUE))
        vividness = saturation / np.float32(max(typical, 1e-3))
        # Of a faint tinge, like a grey coat's, differences tell nothing.
        vividness = 1 + (vividness - 1) * np.float32(np.interp(typical, *_FAINT))
        pale = None
        if asked.neutral:
            pale = (1 - membership) * smooth_step(L, *_WHITISH)
            vivid = smooth_step(saturation, *(typical * fraction for fraction in _VIVID_PIECE))
            vivid = vivid * smooth_step(L, *_BLACK)
            membership = membership * (1 - _pieces((membership - alike) * vivid, weight, *_PART_SIZE))
            dark = (1 - membership) * (L < _DARK_PATCH)
            membership = np.maximum(membership, _pieces(dark, weight, _PATCH_SIZE, 1))
        middle = _quantile(L, weight * membership, 0.5)
        return Material(membership, alike, middle, vividness, turn, pale)
    away = np.hypot(*(lab[..., i] - np.float32(_quantile(lab[..., i], weight, 0.5)) for i in (1, 2)))
    spread = _quantile(away, weight, 0.5)
    membership = 1 - smooth_step(away, _STANDS_OUT[0] + spread, _STANDS_OUT[1] + 1.5 * spread)
    # Dark places differ by less than they are coloured.
    membership = membership * (1 - smooth_step(saturation, *_VIVID_PART))
    if not asked.neutral:
        membership = membership * _light_places(L, weight)
    darkens = not asked.neutral or asked.lab[0] < _DARK[1]
    own = _lit(L, weight * membership) if darkens else _quantile(L, weight * membership, 0.5)
    return Material(membership, membership, own)


def tinted(lab: Floats, weight: Floats, material: Material, asked: NamedColour) -> Floats:
    """Return the Lab that each place takes.

    Args:
        lab: (h, w, 3), the photo.
        weight: (h, w), 0 to 1, where the object is.
        material: What it is made of.
        asked: The colour that it shall get.

    Returns:
        (h, w, 3).
    """
    if asked.neutral:
        return _covered(lab, weight, material, asked)
    L, usual = _moved(lab[..., 0], material.lightness, asked.lab[0])
    chroma, hue = chroma_and_hue(asked.lab)
    shade = np.clip(L / usual, 0, 1) ** 0.7
    glance = 1 - 0.7 * np.clip((L - usual) / max(1.0, 100 - usual), 0, 1) ** 1.5
    if not material.coloured:
        chroma *= 1 - (1 - _DYED) * float(np.clip((material.lightness - 45) / 25, 0, 1))
    much, hues = np.where(usual > L, shade, glance), np.full_like(L, hue)
    if material.vividness is not None and material.turn is not None:
        ratio = material.vividness
        much = much * np.where(ratio < 0.7, ratio, 0.7 + 0.5 * np.tanh((ratio - 0.7) / 0.5))
        hues += np.clip(_TURN * material.turn, -_MOST_TURN, _MOST_TURN)
        L = lab[..., 0] + smooth_step(ratio, 0.1, 0.5) * (L - lab[..., 0])
    middle = _quantile(much, weight * material.membership, 0.5)
    much = much * np.clip(1 / max(middle, 1e-3), 1, _RAISED if asked.lab[0] >= 50 else _RAISED_DEEP)
    return lab_of_hue(L, np.float32(_VIVID * chroma) * much, hues)


def _moved(L: Floats, own: float, asked: float) -> tuple[Floats, float]:
    """Move lightness from the material's towards the asked one; return it, and where the material's went.

    Shade is a factor: contrasts below shrink and grow with it. Deep colours do not become pale in the light.
    """
    reach = next(reach for least, reach in _REACH if asked >= least)
    usual = float(np.clip(own, asked - reach[0], asked + reach[1]))
    dark = float(np.clip((_DARK[1] - own) / (_DARK[1] - _DARK[0]), 0, 1))
    below = float(np.clip(usual / max(own, 1.0), 0.5, 1.5 + dark))
    above = float(np.clip((100 - usual) / max(100 - own, 1.0), 0.4, 0.6 if asked < 60 else 1.1))
    above = max(above, _SHEEN * dark)
    off = L - np.float32(own)
    moved = usual + np.where(off < 0, np.float32(below) * off, np.float32(above) * off)
    return _bounded(moved), usual


def _lit(L: Floats, weight: Floats) -> float:
    """Return an uncoloured object's lightness where light falls on it, of a dark one the median.

    White shows its shade all over, and black patches may belong to it: neither is what it is painted by.
    """
    middle, lit = _quantile(L, weight, 0.5), _quantile(L, weight, _LIT)
    low, high = _PALE
    return middle + float(np.clip((lit - low) / (high - low), 0, 1)) * (lit - middle)


def _saturation(lab: Floats) -> Floats:
    """Chroma beside lightness, 0 to 1, (h, w) from Lab (h, w, 3); the same in light and in shade."""
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    return chroma / np.sqrt(chroma**2 + (lab[..., 0] + np.float32(_NOISE)) ** 2)


def _covered(lab: Floats, weight: Floats, material: Material, asked: NamedColour) -> Floats:
    """Black, white and grey."""
    L, (target, a, b) = lab[..., 0], asked.lab
    if target < _DARK[1] and _is_plain_and_pale(L, weight, material):
        moved = _blackened(L, weight * material.membership)
    else:
        moved = _flattened(L, weight, material, target)
    return np.stack([moved, np.full_like(L, a), np.full_like(L, b)], axis=-1).astype(np.float32)


def _blackened(L: Floats, weight: Floats) -> Floats:
    """Return the lightness of something pale that becomes black."""
    lit = np.float32(max(1.0, _quantile(L, weight, _LIT_AT)))
    base = _blurred(L, weight, _CLOSE)
    light = np.clip(base / lit, 0, _BRIGHTEST)
    black = _BLACKEST + (_LIT_BLACK - _BLACKEST) * light**_STEEP
    crests = _CREST * np.clip(light, _SHADED, 1) * np.maximum(0, L - base)
    furrows = np.clip(L / np.maximum(base, 1), 0, 1) ** _FURROW
    return _bounded(black * furrows + crests + _GLINT * smooth_step(L / lit, *_GLINTS))


def _blurred(values: Floats, weight: Floats, width: float) -> Floats:
    """Return a map (h, w) blurred within an object, by a fraction of its side."""
    own, sigma = weight + np.float32(1e-3), max(2.0, width * (values.shape[0] * values.shape[1]) ** 0.5)
    return np.asarray(cv2.GaussianBlur(values * own, (0, 0), sigma) / cv2.GaussianBlur(own, (0, 0), sigma))


def _flattened(L: Floats, weight: Floats, material: Material, target: float) -> Floats:
    """Return lightness moved to a target: large differences are reduced, fine ones stay."""
    base = _blurred(L, weight, _BASE)
    # Room for shading: nothing is whiter than white.
    darkest, lightest = (target - 12, target - 4) if target > 85 else (target - 5, target + 6)
    usual = float(np.clip(material.lightness, darkest, lightest))
    off = base - np.float32(material.lightness)
    flat, detail = usual + np.float32(_FLATTEN) * off, L - base
    if usual < material.lightness:
        # Shade is a factor of the light: what is dark already becomes a little darker, not a hole.
        shade = base / np.float32(material.lightness)
        flat = np.where(off < 0, np.float32(usual) * shade, flat)
        detail = detail * np.clip(shade, _DIMMEST, 1)
    else:
        # What is made much lighter is lit from all sides: full relief would look like plaster.
        lifted = (usual - material.lightness) / 100
        detail = detail * max(_RELIEF, 1 - lifted)
        flat = flat + np.float32(0.3 * lifted) * off
    moved = _bounded(flat + detail)
    return moved if material.pale is None else moved + material.pale * (L - moved)


def _is_plain_and_pale(L: Floats, weight: Floats, material: Material) -> bool:
    """Return whether an object is white or pale all over: no panda, whose black would stay apart."""
    dark = _mean(_PATCH[0] > L, weight)
    return not material.coloured and material.lightness > _PALE_THING and dark < _PATCH[1]


def _bounded(L: NDArray[np.floating[Any]]) -> Floats:
    """Let lightness approach black and white by degrees instead of being cut off."""
    deep = _SOFT * np.exp(np.minimum(0, L / _SOFT - 1))
    high = 100 - _SOFT * np.exp(np.minimum(0, (100 - L) / _SOFT - 1))
    return np.where(L < _SOFT, deep, np.where(L > 100 - _SOFT, high, L)).astype(np.float32)


def _light_places(L: Floats, weight: Floats) -> Floats | float:
    """Where an uncoloured object is of its lighter material; 1 everywhere if it has only one."""
    counts, edges = np.histogram(L, bins=50, range=(0, 100), weights=weight)
    middles, weights = (edges[:-1] + edges[1:]) / 2, counts / max(1e-9, counts.sum())
    below, sums = np.cumsum(weights)[:-1], np.cumsum(weights * middles)
    between = (sums[-1] * below - sums[:-1]) ** 2 / np.maximum(1e-9, below * (1 - below))  # Otsu 1979
    cut = int(np.argmax(between))
    dark = sums[cut] / max(1e-9, below[cut])
    light = (sums[-1] - sums[cut]) / max(1e-9, 1 - below[cut])
    gap = float(light - dark)
    if gap < _PATTERN_GAP or light < _LIGHT or not _SMALL_PART[0] < 1 - below[cut] < _SMALL_PART[1]:
        return 1.0
    square = np.ones((3, 3), np.uint8)
    lit = (edges[cut + 1] < L).astype(np.uint8)
    meet = (cv2.dilate(lit, square) != lit) & (cv2.erode(weight, np.ones((7, 7), np.uint8)) > 0.5)
    steep = cv2.dilate(L, square) - cv2.erode(L, square)
    if not meet.any() or float(np.median(steep[meet])) < _PATTERN_EDGE * gap:
        return 1.0
    return smooth_step(L, float(dark) + 0.25 * gap, float(dark) + 0.7 * gap)


def _without_rim(lab: Floats, weight: Floats) -> Floats:
    """Give an object's rim the colours that lie a little further inside."""
    inner = cv2.erode((weight > 0.5).astype(np.float32), np.ones((2 * _RIM + 1,) * 2, np.uint8))
    near = cv2.GaussianBlur(inner, (0, 0), _RIM) + np.float32(1e-6)
    inside = cv2.GaussianBlur(lab * inner[..., None], (0, 0), _RIM) / near[..., None]
    rim = (inner == 0) & (weight > 0.02) & (near > 0.02)
    return np.where(rim[..., None], inside, lab).astype(np.float32)


def _glare(L: Floats, saturation: Floats, weight: Floats, typical: float) -> Floats:
    """Where light has washed a coloured object's colour out, by degrees: 1, or 0 elsewhere, (h, w).

    A white face has an edge; what is washed out fades into the colour around it.
    """
    washed = (saturation < _SAME_HUE[1] * typical) & (weight > 0.5) & (_WASHED_OUT < L)
    square = np.ones((3, 3), np.uint8)
    change = cv2.dilate(saturation, square) - cv2.erode(saturation, square)
    within = cv2.erode(weight, np.ones((5, 5), np.uint8)) > 0.5
    count, names, stats, _ = cv2.connectedComponentsWithStats(washed.astype(np.uint8))
    glare, largest = np.zeros_like(L), _LARGEST_GLARE * float(weight.sum())
    for name in range(1, count):
        left, top, width, height, area = (int(one) for one in stats[name])
        if area > largest:
            continue
        # There may be hundreds of patches: each is looked at with its border alone.
        part = (slice(max(0, top - 1), top + height + 1), slice(max(0, left - 1), left + width + 1))
        patch = (names[part] == name).astype(np.uint8)
        border = (cv2.dilate(patch, square) != patch) & within[part]
        if border.any() and float(np.median(change[part][border])) < _SOFT_EDGE * typical:
            glare[part][patch > 0] = 1
    return np.asarray(cv2.GaussianBlur(glare, (0, 0), 1.5), np.float32)


def _pieces(other: Floats, weight: Floats, least: float, most: float) -> Floats:
    """Where pieces of an object are that differ from it, such as a tongue or a beak: 0 to 1, (h, w).

    Args:
        other: (h, w), 0 to 1, what differs.
        weight: (h, w), 0 to 1, where the object is.
        least: Size beside the object's that a piece is larger than.
        most: Size that it is smaller than.
    """
    _, names, stats, _ = cv2.connectedComponentsWithStats(((other > 0.5) & (weight > 0.5)).astype(np.uint8))
    beside = stats[:, cv2.CC_STAT_AREA] / max(1.0, float(weight.sum()))
    kept = (beside > least) & (beside < most)
    kept[0] = False
    return np.asarray(cv2.GaussianBlur(kept[names].astype(np.float32), (0, 0), 1.0), np.float32)


def _commonest_hue(lab: Floats, weight: Floats) -> float:
    angles = np.arctan2(lab[..., 2], lab[..., 1])
    counts, edges = np.histogram(angles, bins=36, range=(-np.pi, np.pi), weights=weight)
    counts = np.roll(counts, 1) + 2 * counts + np.roll(counts, -1)
    most = int(np.argmax(counts))
    return float((edges[most] + edges[most + 1]) / 2)


def _turned(lab: Floats, hue: float) -> Floats:
    """Return how far each place's hue angle is from one, in radians, -pi to pi."""
    off = np.arctan2(lab[..., 2], lab[..., 1]) - np.float32(hue)
    return np.arctan2(np.sin(off), np.cos(off))


def _mean(values: NDArray[Any], weight: Floats) -> float:
    return float((values * weight).sum() / max(1e-6, float(weight.sum())))


def _quantile(values: Floats, weight: Floats, q: float) -> float:
    """Weighted quantile, of every second pixel each way, which is enough for one number."""
    values, weight = values[::2, ::2], weight[::2, ::2]
    there = weight > 0.02
    if not there.any():
        return float(np.quantile(values, q))
    values, weight = values[there], weight[there]
    order = np.argsort(values)
    total = np.cumsum(weight[order])
    return float(values[order[np.searchsorted(total, q * total[-1])]])
