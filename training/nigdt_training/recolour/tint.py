"""Tinting: what an object in another colour looks like in the same light. All in CIE L*a*b*."""

from __future__ import annotations

import cv2
import numpy as np

from nigdt.box import selection_box
from nigdt.colours import NamedColour

_NEAR_LIGHTNESS = 7.0
"""How far the object's median lightness may stay from the colour's own."""
_NEAR_NEUTRAL = 3.0
_DARKEST, _LIGHTEST = 10.0, 89.0
"""Where the median of black and of white lies: there must be room for shading on both sides."""
_ROOM_USED = 0.75
"""Fraction of that room that nearly all differences of lightness keep within; the rest is bent to fit."""
_LEAST_SPREAD, _MOST_SPREAD = 3.0, 7.5
_BLACK = 25.0
_BASE_KEPT = 0.6
"""Fraction of the large-scale differences of lightness that stays: markings go down, shading stays."""


def tinted(lab: np.ndarray, weight: np.ndarray, colour: NamedColour) -> np.ndarray:
    """Return a photo's pixels as if the weighted ones had a colour, shading kept as a ratio to their median.

    Fine detail keeps its contrast, large-scale differences (markings as well as shade) are compressed. Chroma
    follows lightness as on a lit surface and leaves the highlights.

    Args:
        lab: (H, W, 3) float32, L* 0..100.
        weight: (H, W) float32 in 0..1; only pixels above 0.5 say what the object's lightness is.
        colour: The colour.

    Returns:
        (H, W, 3) float32, within the sRGB gamut: tinted wherever the weight is above 0; blending is the
        caller's.
    """
    if not weight.any():
        return lab
    window = selection_box(weight).slices
    result = lab.copy()
    result[window] = _tinted(lab[window], weight[window], colour)
    return result


def _tinted(lab: np.ndarray, weight: np.ndarray, colour: NamedColour) -> np.ndarray:
    L = np.ascontiguousarray(lab[..., 0])
    core = weight > 0.5
    if not core.any():
        core = weight >= weight.max()
    middle = float(np.median(L[core]))
    want, a, b = colour.lab
    reach = _NEAR_NEUTRAL if colour.neutral else _NEAR_LIGHTNESS
    target = float(np.clip(middle, max(want - reach, _DARKEST), min(want + reach, _LIGHTEST)))
    if want > _LIGHTEST:
        target = _LIGHTEST

    base = _smooth(L, core)
    ratio = (target + 16) / (middle + 16)
    room = min(100 - target, target)
    away = base - middle
    spread = float(np.std(away[core])) + 1e-3
    factor = min(max(_BASE_KEPT * spread * ratio, _LEAST_SPREAD), _MOST_SPREAD) / spread
    factor = min(factor, 1.3, _ROOM_USED * room / _reach(away, core))
    # Detail by the ratio too, but neither drowned in black nor blown up into noise in white.
    detail = L - base
    gain = min(max(ratio, 0.45), 1.1, _ROOM_USED * room / _reach(detail, core))
    away, detail = away * factor, detail * gain
    light = _bent(target + away + detail, target, colour)
    lit = np.clip((light + 16) / (want + 16), 0.35, 1.2)
    glare = np.clip((light - max(86.0, want + 4)) / 14, 0, 1)
    chroma = (lit * (1 - 0.7 * glare))[..., None]
    moved = np.concatenate([light[..., None], chroma * np.array([a, b], np.float32)], axis=-1)
    rgb = cv2.cvtColor(moved.astype(np.float32), cv2.COLOR_Lab2RGB)
    return cv2.cvtColor(rgb.clip(0, 1), cv2.COLOR_RGB2Lab)


def _smooth(L: np.ndarray, core: np.ndarray) -> np.ndarray:
    """L without its detail: an edge-preserving mean (guided by itself) over the object's pixels alone."""
    side = 2 * round(0.04 * np.sqrt(L.size)) + 1
    w = core.astype(np.float32) + 1e-3

    def mean(x: np.ndarray) -> np.ndarray:
        return cv2.boxFilter(x * w, -1, (side, side), borderType=cv2.BORDER_REFLECT) / n

    n = cv2.boxFilter(w, -1, (side, side), borderType=cv2.BORDER_REFLECT)
    m = mean(L)
    variance = np.maximum(mean(L * L) - m * m, 0)
    slope = variance / (variance + 150.0)
    return mean(slope) * L + mean(m - slope * m)


def _reach(values: np.ndarray, core: np.ndarray) -> float:
    """How far nearly all of the object's values lie from 0."""
    return float(np.percentile(np.abs(values[core]), 95)) + 1e-3


def _bent(light: np.ndarray, middle: float, colour: NamedColour) -> np.ndarray:
    """Bends lightness into 0..100 instead of clipping it; what is black keeps its highlights."""
    up, down = 100 - middle, middle
    away = light - middle
    if colour.lab[0] < _BLACK:
        soft = 20 * np.tanh(away / 20)
        away = np.where(away > 0, soft + 0.5 * np.maximum(away - 25, 0), away)
    return middle + np.where(away > 0, up * np.tanh(away / up), down * np.tanh(away / down))
