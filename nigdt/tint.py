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

__all__ = ["Material", "completed", "material_of", "possible", "tinted"]

Floats = NDArray[np.float32]

_COLOURED = 0.22
"""Saturation from which a place counts as coloured; an object is, if most of it does."""
_GRAIN = 12.0
"""Lab units; smaller differences between neighbours are smoothed before materials are told apart."""
_NOISE = 12.0
"""Added to lightness in the saturation, because dark places have none that one could trust."""
_SAME_HUE = (0.15, 0.5)
"""A coloured object's places below the first fraction of its typical saturation are of another material,
those above the second are of its own."""
_OTHER_HUE = (0.3, 0.7)
"""Radians of hue from a coloured object's own: below the first it is the same, above the second another."""
_STANDS_OUT = (12.0, 20.0)
"""Lab units from an uncoloured object's median a and b, beyond its spread: own material, another one."""
_VIVID_PART = (0.52, 0.68)
"""Saturation between which a place is too coloured for an uncoloured object: webs and straps in shade."""
_PATTERN_GAP, _PATTERN_EDGE = 38.0, 0.4
"""An uncoloured object has light and dark materials if their lightness differs by the first and if at least
the second, as a fraction of that, changes within three pixels where they meet. Shade changes by degrees."""
_SMALL_PART = (0.15, 0.9)
"""Share of an object that its light places must have for it to have two materials."""
_REACH = ((70, (6.0, 8.0)), (50, (8.0, 6.0)), (0, (12.0, 6.0)))
"""For named colours from a lightness on: how much darker and lighter than it the object may stay."""
_TURN, _MOST_TURN = 0.2, 0.1
"""How much of the object's own differences of hue stays, and how many radians at most."""
_FLATTEN = 0.4
"""What stays of large differences of lightness under black, white and grey."""
_DIMMEST = 0.3
"""What stays at least of fine detail where a thing that is darkened lies in shade."""
_SOFT = 4.0
"""Units of L from black and from white within which differences shrink instead of being cut off."""
_VIVID = 0.95
"""Median chroma of what is painted, beside that of the named colour."""
_RAISED, _RAISED_DEEP = 1.45, 1.25
"""By how much chroma may be raised to reach it, for light and for deep colours: dark red is not neon blue."""
_RING = 0.05
"""Width of the surroundings that an object is compared with, as a fraction of the context's side."""
_UNLIKELY = (0.15, 0.4)
"""Likelihood of a colour to be of the object: below the first it is not, above the second it may be."""
_SURE = (0.5, 0.8)
"""Likelihood between which a colour comes to be surely of the object."""
_RARE = np.float32(1e-6)
"""Share of the pixels that every colour counts as having, so that one seen nowhere is undecided."""
_STEPS = 40
"""Pixels by which the object grows into places that are surely of its colour."""


@dataclass(frozen=True)
class Material:
    """What an object is mainly made of.

    Attributes:
        share: (h, w), 0 to 1, how far each place takes part in it: in a coloured object all that is coloured.
        alike: (h, w), 0 to 1, where it has this very colour: in a coloured object, this hue.
        lightness: Its median L.
        vividness: (h, w), each place's saturation beside the material's; None if it is white, grey or black.
        turn: (h, w), how far each place's hue is from the commonest, in radians; None with vividness.
    """

    share: Floats
    alike: Floats
    lightness: float
    vividness: Floats | None = None
    turn: Floats | None = None

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
    # Grain is not a change of material.
    lab = np.asarray(cv2.bilateralFilter(lab, 5, _GRAIN, 2.0), np.float32)
    L, saturation = lab[..., 0], _saturation(lab)
    if _mean(saturation > _COLOURED, weight) > 0.5:
        typical = _quantile(saturation, weight, 0.6)
        share = _step(saturation, *(typical * fraction for fraction in _SAME_HUE))
        turn = _turned(lab, _commonest_hue(lab, weight * share))
        alike = share * (1 - _step(np.abs(turn), *_OTHER_HUE))
        vividness = saturation / np.float32(max(typical, 1e-3))
        return Material(share, alike, _quantile(L, weight * share, 0.5), vividness, turn)
    away = np.hypot(*(lab[..., i] - np.float32(_quantile(lab[..., i], weight, 0.5)) for i in (1, 2)))
    spread = _quantile(away, weight, 0.5)
    share = 1 - _step(away, _STANDS_OUT[0] + spread, _STANDS_OUT[1] + 1.5 * spread)
    share = share * (1 - _step(saturation, *_VIVID_PART))  # dark places differ by less than they are coloured
    if not asked.neutral:
        share = share * _light_places(L, weight)
    return Material(share, share, _quantile(L, weight * share, 0.5))


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
    much, hues = np.where(usual > L, shade, glance), np.full_like(L, hue)
    if material.vividness is not None and material.turn is not None:
        ratio = material.vividness
        much = much * np.where(ratio < 0.7, ratio, 0.7 + 0.5 * np.tanh((ratio - 0.7) / 0.5))
        hues += np.clip(_TURN * material.turn, -_MOST_TURN, _MOST_TURN)
        L = lab[..., 0] + _step(ratio, 0.1, 0.5) * (L - lab[..., 0])
    middle = _quantile(much, weight * material.share, 0.5)
    much = much * np.clip(1 / max(middle, 1e-3), 1, _RAISED if asked.lab[0] >= 50 else _RAISED_DEEP)
    return lab_of_hue(L, np.float32(_VIVID * chroma) * much, hues)


def completed(lab: Floats, inside: Floats, chosen: Floats, trusted: float) -> Floats:
    """Take along what borders on the object in its colour, and more in a selection that follows it.

    Args:
        lab: (h, w, 3), the photo.
        inside: (h, w), 0 to 1, where the object is known to be.
        chosen: (h, w), 0 to 1, the selection.
        trusted: 0 to 1, how far the selection follows the object.

    Returns:
        (h, w), 0 to 1, at least `inside`.
    """
    chance = _likelihood(lab, inside, chosen)
    sure, rim = _step(chance, *_SURE) * chosen, inside
    for _ in range(_STEPS):
        rim = np.maximum(rim, np.minimum(cv2.dilate(rim, np.ones((3, 3), np.uint8)), sure))
    believed = np.float32(trusted) * _step(chance, *_UNLIKELY)
    return np.maximum(inside, chosen * np.maximum(rim, believed))


def possible(lab: Floats, inside: Floats, chosen: Floats) -> Floats:
    """Tell where the object can be by its colour: not in what shows only the surroundings' colours.

    Args:
        lab: (h, w, 3), the photo.
        inside: (h, w), 0 to 1, where the object is known to be.
        chosen: (h, w), 0 to 1, the selection.

    Returns:
        (h, w), 0 to 1.
    """
    return _step(_likelihood(lab, inside, chosen), *_UNLIKELY)


def _likelihood(lab: Floats, inside: Floats, chosen: Floats) -> Floats:
    """Tell how likely each place's colour belongs to the object rather than to what is around the selection.

    Args:
        lab: (h, w, 3), the photo.
        inside: (h, w), 0 to 1, where the object is known to be.
        chosen: (h, w), 0 to 1, the selection.

    Returns:
        (h, w), 0 to 1.
    """
    shape = (18, 40, 40)
    bins = np.ravel_multi_index(
        (
            np.clip(lab[..., 0] / 6, 0, shape[0] - 1).astype(np.intp),
            np.clip((lab[..., 1] + 100) / 5, 0, shape[1] - 1).astype(np.intp),
            np.clip((lab[..., 2] + 100) / 5, 0, shape[2] - 1).astype(np.intp),
        ),
        shape,
    )

    def histogram(weight: Floats) -> Floats:
        flat = np.bincount(bins.ravel(), weight.ravel(), int(np.prod(shape)))
        counts: NDArray[np.float64] = flat.reshape(shape).astype(np.float64)
        for axis in range(3):
            counts = (np.roll(counts, 1, axis) + np.roll(counts, -1, axis)) / 4 + counts / 2
        return (counts.ravel() / max(1e-6, counts.sum())).astype(np.float32)

    reach = max(3, round(_RING * (chosen.shape[0] * chosen.shape[1]) ** 0.5))
    near = np.clip(4 * cv2.blur(chosen, (2 * reach + 1, 2 * reach + 1)), 0, 1)
    ring = histogram((near * (chosen < 0.05)).astype(np.float32))
    own = inside * chosen
    core = histogram((own * (own > 0.6)).astype(np.float32))
    # What is seen in neither may be of the object.
    share = (core[bins] + _RARE) / (core[bins] + ring[bins] + 2 * _RARE)
    return np.asarray(cv2.GaussianBlur(share, (0, 0), 1.0), np.float32)


def _moved(L: Floats, own: float, asked: float) -> tuple[Floats, float]:
    """Move lightness from the material's towards the asked one; return it, and where the material's went.

    Shade is a factor: contrasts below shrink and grow with it. Deep colours do not become pale in the light.
    """
    reach = next(reach for least, reach in _REACH if asked >= least)
    usual = float(np.clip(own, asked - reach[0], asked + reach[1]))
    below = float(np.clip(usual / max(own, 1.0), 0.5, 1.5))
    above = float(np.clip((100 - usual) / max(100 - own, 1.0), 0.4, 0.6 if asked < 60 else 1.1))
    off = L - np.float32(own)
    moved = usual + np.where(off < 0, np.float32(below) * off, np.float32(above) * off)
    return _bounded(moved), usual


def _saturation(lab: Floats) -> Floats:
    """Chroma beside lightness, 0 to 1, (h, w) from Lab (h, w, 3); the same in light and in shade."""
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    return chroma / np.sqrt(chroma**2 + (lab[..., 0] + np.float32(_NOISE)) ** 2)


def _covered(lab: Floats, weight: Floats, material: Material, asked: NamedColour) -> Floats:
    """Black, white and grey: large differences of lightness are reduced, fine ones stay."""
    L = lab[..., 0]
    own, sigma = weight + np.float32(1e-3), max(2.0, 0.02 * (L.shape[0] * L.shape[1]) ** 0.5)
    base = cv2.GaussianBlur(L * own, (0, 0), sigma) / cv2.GaussianBlur(own, (0, 0), sigma)
    target, a, b = asked.lab
    # Room for shading: nothing is whiter than white.
    darkest, lightest = (target - 12, target - 4) if target > 85 else (target - 6, target + 3)
    usual = float(np.clip(material.lightness, darkest, lightest))
    off = base - np.float32(material.lightness)
    flat, detail = usual + np.float32(_FLATTEN) * off, L - base
    if usual < material.lightness:
        # Shade is a factor of the light: what is dark already becomes a little darker, not a hole.
        shade = base / np.float32(material.lightness)
        flat = np.where(off < 0, np.float32(usual) * shade, flat)
        detail = detail * np.clip(shade, _DIMMEST, 1)
    moved = _bounded(flat + detail)
    return np.stack([moved, np.full_like(L, a), np.full_like(L, b)], axis=-1).astype(np.float32)


def _bounded(L: NDArray[np.floating[Any]]) -> Floats:
    """Let lightness approach black and white by degrees instead of being cut off."""
    deep = _SOFT * np.exp(np.minimum(0, L / _SOFT - 1))
    high = 100 - _SOFT * np.exp(np.minimum(0, (100 - L) / _SOFT - 1))
    return np.where(L < _SOFT, deep, np.where(L > 100 - _SOFT, high, L)).astype(np.float32)


def _light_places(L: Floats, weight: Floats) -> Floats | float:
    """Where an uncoloured object is of its lighter material; 1 everywhere if it has only one."""
    counts, edges = np.histogram(L, bins=50, range=(0, 100), weights=weight)
    middles, shares = (edges[:-1] + edges[1:]) / 2, counts / max(1e-9, counts.sum())
    below, sums = np.cumsum(shares)[:-1], np.cumsum(shares * middles)
    between = (sums[-1] * below - sums[:-1]) ** 2 / np.maximum(1e-9, below * (1 - below))  # Otsu 1979
    cut = int(np.argmax(between))
    dark = sums[cut] / max(1e-9, below[cut])
    light = (sums[-1] - sums[cut]) / max(1e-9, 1 - below[cut])
    gap = float(light - dark)
    if gap < _PATTERN_GAP or not _SMALL_PART[0] < 1 - below[cut] < _SMALL_PART[1]:
        return 1.0
    square = np.ones((3, 3), np.uint8)
    lit = (edges[cut + 1] < L).astype(np.uint8)
    meet = (cv2.dilate(lit, square) != lit) & (cv2.erode(weight, np.ones((7, 7), np.uint8)) > 0.5)
    steep = cv2.dilate(L, square) - cv2.erode(L, square)
    if not meet.any() or float(np.median(steep[meet])) < _PATTERN_EDGE * gap:
        return 1.0
    return _step(L, float(dark) + 0.25 * gap, float(dark) + 0.7 * gap)


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


def _step(values: Floats, low: float, high: float) -> Floats:
    """Rise smoothly from 0 at `low` to 1 at `high`."""
    t = np.clip((values - np.float32(low)) / np.float32(max(1e-6, high - low)), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


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
