"""Light that nothing breaks: a sky, a wall, a background far out of focus.

There a coarse answer's own patches show, as a veil. What is broad is therefore continued smoothly from all
sides, and patches give the rest. Not so where sharpness changes by degrees too, as below the surface of the
sea: there light fades faster than a smooth continuation, which would spread a glow.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.context.membrane import harmonic
from nigdt.removal.lines import edges

__all__ = ["calm", "evenly_lit", "unbroken"]

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_CALM = 1.5
"""Median log roughness around the hole up to which there is no texture that could hide a step."""
_ROUGHER = 0.75
"""Log roughness above that median from which on something is a thing, such as a wing that was left out."""
_BROAD = 4.0
"""Sigma, in coarse pixels, from which on colours are broad, ..."""
_GRAIN = 1.5
"""... and up to which those around the hole are averaged first."""


def unbroken(lab: Floats, roughness: Floats, hole: Mask, usable: Mask, ring: Mask) -> bool:
    """Return whether nothing around a hole has an edge or a texture.

    Args:
        lab: (h, w, 3), CIE Lab, reduced.
        roughness: (h, w), log of the finest detail's strength.
        hole: (h, w), what is to be filled.
        usable: (h, w), what may be looked at.
        ring: (h, w), the part of it beside the hole.
    """
    smooth = bool(ring.any()) and float(np.median(roughness[ring])) <= _CALM
    return smooth and not edges(np.asarray(cv2.blur(lab, (3, 3)), np.float32), hole, usable)


def calm(roughness: Floats, fitting: Mask, ring: Mask) -> Mask:
    """Return the sources (h, w) that are as smooth as the light around; a copy of anything else is noticed.

    Args:
        roughness: (h, w), log of the finest detail's strength.
        fitting: (h, w), the sources.
        ring: (h, w), the part of the surroundings beside the hole.
    """
    beside = ring & fitting
    if not beside.any():
        return fitting
    rough = fitting & (roughness > float(np.median(roughness[beside])) + _ROUGHER)
    return fitting & (cv2.dilate(rough.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)


def evenly_lit(guess: NDArray[np.uint8], hole: Mask, fitting: Mask) -> NDArray[np.uint8]:
    """Return a coarse answer with the surroundings' broad colours, continued smoothly.

    Args:
        guess: (h, w, 3).
        hole: (h, w), where it was made.
        fitting: (h, w), the surroundings that are to be continued.
    """
    values = guess.astype(np.float32)
    known = (fitting & ~hole).astype(np.float32)
    total = np.maximum(cv2.GaussianBlur(known, (0, 0), _GRAIN), 1e-3)[..., None]
    around = cv2.GaussianBlur(values * known[..., None], (0, 0), _GRAIN) / total
    sheet = harmonic(np.asarray(around, np.float32), known > 0)
    sheet = np.where(known[..., None] > 0, values, sheet)
    lit = values + cv2.GaussianBlur(sheet - values, (0, 0), _BROAD)
    return np.where(hole[..., None], np.clip(np.rint(lit), 0, 255).astype(np.uint8), guess)
