"""Sharpness that changes by degrees across a photo: ground that runs from out of focus to sharp.

A piece of sharp gravel beside a piece of blurred gravel is seen at once, as a torn edge, and the photo has
few pieces in between. So where sharpness changes by degrees around a hole, it must do so inside too: sources
are to be as sharp as their place lets expect, and what is sharper is blurred as far as that. Where the hole's
heights have few of them, they may be sharper.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.box import Box, selection_box
from nigdt.context.membrane import harmonic, push_pull

__all__ = ["by_degrees", "expected", "refocus", "ring_of", "roughness_of", "same_material", "scarce"]

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_FINEST_SIDE = 2048
"""Longest side at which the finest detail is looked at."""
_BLUR = 1.5
"""Sigma, in coarse pixels, over which it is averaged."""
_RING = 0.35
"""Width of the ring that is looked at, as a fraction of the root of the hole's area, ..."""
_FEWEST = 100
"""... and how many coarse pixels it has at least."""
_RANGE = 1.5
"""Log roughness by which its 10th and its 90th percentile differ at least."""
_RESIDUAL, _EXPLAINED = 0.45, 0.8
"""Largest deviation (RMS) of log roughness from a surface of the second degree, and the least fraction of its
variance that the surface explains."""
_COLOUR = 20.0
"""Lab units by which the roughest and the smoothest quarter differ at most: what differs more are two
materials, such as a sky above a meadow, which meet at an edge."""
_PLENTY = 1.5
"""Sources at a hole's heights, as a multiple of its area, from which on they are enough."""
_LEVEL = 4.0
"""How many times as far sharpness extends along a height as across it: what is as high is as far away."""
_SMOOTH = 3.0
"""Sigma, in coarse pixels, of what is expected."""
_SIGMAS = (0.0, 0.7, 1.2, 2.1, 3.5)
"""Of the blurs that are mixed, in pixels of the size at which roughness is looked at. The last step, after
these, is what is seen at the coarse size."""
_WIDE = 4.0
"""Sigma, in the photo's pixels, from which on a blur is wide."""
_MARGIN = 0.1
"""Log roughness by which a place may exceed what is expected there."""


def roughness_of(pixels: NDArray[np.uint8], hole: Mask, size: tuple[int, int]) -> Floats:
    """Return the log of the finest detail's strength per coarse pixel, (h, w), continued into the hole.

    Args:
        pixels: (H, W, 3).
        hole: (H, W), what may not be looked at.
        size: Width and height in coarse pixels.
    """
    scale = _FINEST_SIDE / max(hole.shape)
    if scale < 1:
        reduced = (max(1, round(hole.shape[1] * scale)), max(1, round(hole.shape[0] * scale)))
        pixels = np.asarray(cv2.resize(pixels, reduced, interpolation=cv2.INTER_AREA), np.uint8)
        hole = cv2.resize(hole.astype(np.uint8), reduced, interpolation=cv2.INTER_NEAREST) > 0
    energy = _energy(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8))
    seen = (cv2.dilate(hole.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0).astype(np.float32)
    energy = cv2.resize(energy * seen, size, interpolation=cv2.INTER_AREA)
    visible = cv2.resize(seen, size, interpolation=cv2.INTER_AREA)
    energy, visible = (cv2.GaussianBlur(values, (0, 0), _BLUR) for values in (energy, visible))
    known = (visible > 0.5).astype(np.float32)
    strength = np.log(energy / np.maximum(visible, 1e-3) + 1) / 2 * known
    return push_pull(strength[..., None].astype(np.float32), known)[..., 0]


def ring_of(hole: Mask, usable: Mask) -> Mask:
    """Return the places (h, w) beside a hole by which its surroundings are judged."""
    away = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, 3)
    return usable & ~hole & (away > 1) & (away <= max(4.0, _RING * float(np.sqrt(hole.sum()))))


def by_degrees(roughness: Floats, ring: Mask) -> bool:
    """Return whether sharpness changes by degrees: much, and as smoothly as a surface of the second degree.

    Args:
        roughness: (h, w), log of the finest detail's strength.
        ring: (h, w), where it is looked at.
    """
    y, x = np.nonzero(ring)
    if len(y) < _FEWEST:
        return False
    rough = roughness[y, x].astype(np.float64)
    low, high = np.percentile(rough, [10, 90])
    if high - low < _RANGE:
        return False
    v, u = y / ring.shape[0] - 0.5, x / ring.shape[1] - 0.5
    terms = np.stack([np.ones_like(u), u, v, u * u, v * v, u * v], 1)
    surface = terms @ np.linalg.lstsq(terms, rough, rcond=None)[0]
    residual = float(((rough - surface) ** 2).mean())
    return residual <= _RESIDUAL**2 and residual <= (1 - _EXPLAINED) * float(rough.var())


def same_material(lab: Floats, roughness: Floats, ring: Mask) -> bool:
    """Return whether what is rough has nearly the colours of what is smooth, as one ground has.

    Args:
        lab: (h, w, 3), CIE Lab.
        roughness: (h, w), log of the finest detail's strength.
        ring: (h, w), where both are looked at, not empty.
    """
    rough, colour = roughness[ring], lab[ring]
    low, high = np.percentile(rough, [25, 75])
    apart = colour[rough <= low].mean(0) - colour[rough >= high].mean(0)
    return float(np.linalg.norm(apart)) <= _COLOUR


def scarce(hole: Mask, fitting: Mask) -> bool:
    """Return whether few sources lie at the heights of a hole.

    Args:
        hole: (h, w).
        fitting: (h, w), the sources.
    """
    beside = fitting & hole.any(1, keepdims=True)
    return float(beside.sum()) < _PLENTY * float(hole.sum())


def expected(roughness: Floats, fitting: Mask, level: bool) -> Floats:
    """Return what log roughness (h, w) each place lets expect, going by what may be a source.

    The edges of another thing beside the hole are rough, and no reason to expect that of its surroundings.

    Args:
        roughness: (h, w).
        fitting: (h, w), the sources.
        level: Whether what lies at the same height tells more than what lies above and below. Sharpness may
            fall off fast: between ripples and deep water it is not halfway.
    """
    window = np.ones((5, 5), np.uint8)
    known = cv2.erode(fitting.astype(np.uint8), window, borderValue=1).astype(np.float32)
    if not known.any():
        return roughness
    height, width = roughness.shape
    narrow = (max(1, round(width / _LEVEL)) if level else width, height)
    weight = cv2.resize(known, narrow, interpolation=cv2.INTER_AREA)
    mean = cv2.resize(roughness * known, narrow, interpolation=cv2.INTER_AREA) / np.maximum(weight, 1e-3)
    field = harmonic(np.asarray(mean[..., None], np.float32), weight > 0)[..., 0]
    field = np.asarray(cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return np.asarray(cv2.GaussianBlur(field, (0, 0), _SMOOTH), np.float32)


def refocus(filled: NDArray[np.uint8], hole: Mask, wanted: Floats) -> None:
    """Blur in a filled hole, in place, what is sharper than its place lets expect.

    Args:
        filled: (H, W, 3), the photo with the hole filled.
        hole: (H, W).
        wanted: (h, w), log roughness, continued into the hole.
    """
    height, width = hole.shape
    coarse = width / wanted.shape[1]
    area = selection_box(hole).grown(round(6 * coarse), width, height)
    pixels = filled[area.slices]
    size = (max(1, round(area.width / coarse)), max(1, round(area.height / coarse)))
    unit = max(1.0, max(hole.shape) / _FINEST_SIDE)
    target = _cut(wanted, hole.shape, area, size) + np.float32(_MARGIN)
    luma = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    if unit > 1:
        reduced = (max(1, round(area.width / unit)), max(1, round(area.height / unit)))
        luma = np.asarray(cv2.resize(luma, reduced, interpolation=cv2.INTER_AREA), np.float32)
    strengths = [_strength(_blurred(luma, sigma), size) for sigma in _SIGMAS]
    strengths.append(_strength(_coarsely(luma, size), size))
    level = np.zeros_like(target)
    for number, (sharper, softer) in enumerate(pairwise(strengths)):
        part = np.clip((sharper - target) / np.maximum(sharper - softer, 1e-3), 0, 1)
        level = np.where(sharper > target, number + part, level)
    level = np.asarray(cv2.GaussianBlur(level, (0, 0), _BLUR), np.float32)
    if not level.any():
        return
    level = cv2.resize(level, (area.width, area.height), interpolation=cv2.INTER_LINEAR)
    inside = hole[area.slices]
    level[~inside] = -1
    mixed = np.zeros(pixels.shape, np.float32)
    exact = pixels.astype(np.float32)
    for number in range(int(np.ceil(level.max())) + 1):
        near = np.abs(level - np.float32(number)) < 1
        if not near.any():
            continue
        part = selection_box(near).slices  # most levels are those of a few heights
        last = number == len(_SIGMAS)
        blurred = _coarsely(exact, size) if last else _blurred(exact, _SIGMAS[number] * unit)
        weight = np.maximum(1 - np.abs(level[part] - np.float32(number)), 0)
        mixed[part] += cv2.multiply(blurred[part], cv2.merge([weight] * 3))
    pixels[inside] = np.clip(np.rint(mixed[inside]), 0, 255).astype(np.uint8)


def _energy(luma: NDArray[np.uint8] | Floats) -> Floats:
    across, down = (cv2.Sobel(luma, cv2.CV_32F, *axis, ksize=1) for axis in ((1, 0), (0, 1)))
    return np.asarray(across**2 + down**2, np.float32)


def _strength(luma: Floats, size: tuple[int, int]) -> Floats:
    """Return log roughness as `roughness_of` does, of a part without a hole, reduced to the same scale."""
    energy = cv2.resize(_energy(luma), size, interpolation=cv2.INTER_AREA)
    return np.asarray(np.log(cv2.GaussianBlur(energy, (0, 0), _BLUR) + 1) / 2, np.float32)


def _blurred(values: Floats, sigma: float) -> Floats:
    if sigma < _WIDE:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), np.float32) if sigma else values
    # So wide a blur of a large photo looks the same and takes a fraction of the time at half its size.
    half = (max(1, values.shape[1] // 2), max(1, values.shape[0] // 2))
    blurred = _blurred(np.asarray(cv2.resize(values, half, interpolation=cv2.INTER_AREA)), sigma / 2)
    return np.asarray(cv2.resize(blurred, values.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _coarsely(values: Floats, size: tuple[int, int]) -> Floats:
    """Return the values as they look at a coarse size, at their own."""
    small = cv2.GaussianBlur(cv2.resize(values, size, interpolation=cv2.INTER_AREA), (0, 0), _BLUR)
    return np.asarray(cv2.resize(small, values.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _cut(values: Floats, shape: tuple[int, ...], area: Box, size: tuple[int, int]) -> Floats:
    """Return the part of reduced values (h, w) that lies in an area of the whole, at a size."""
    y, x = (
        (start + (np.arange(number, dtype=np.float32) + 0.5) * (length / number)) * (short / whole) - 0.5
        for start, number, length, short, whole in (
            (area.top, size[1], area.height, values.shape[0], shape[0]),
            (area.left, size[0], area.width, values.shape[1], shape[1]),
        )
    )
    map_x, map_y = (np.asarray(place, np.float32) for place in np.meshgrid(x, y))
    cut = cv2.remap(values, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.float32)
