"""The broad colours of a coarse answer, drawn towards those around the hole where these are all alike.

A fill of leaves may come out darker than the leaves around it, since PatchMatch does not ask how bright its
patches are on average. Where the surroundings are of one colour at large, that is mended by adding a smooth
sheet. Where they are not (sky above, sea below), the same would turn the horizon into haze, so less is added
the more they differ.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.colours import lab_to_rgb
from nigdt.context.membrane import push_pull
from nigdt.removal.layout import Layout, lab_of

__all__ = ["toned"]

Floats = NDArray[np.float32]

_RING = 0.25
"""Width of the ring as a fraction of the root of the hole's area."""
_BROAD = 1 / 12
"""Sigma, as the same fraction, above which colours count; also how far from the border the sheet is whole."""
_MIXED = 18.5
"""Spread of the ring's broad colours, in Lab units, from which on more is left alone than changed."""
_WEIGHTS = np.array([1, 2, 2], np.float32)
"""Of L, a and b in that spread: light and shade change within a material, its hue hardly does."""
_SHARPNESS = 6
"""Power of that spread, by which less is added."""
_TEXTURED = 2.0
"""Fine contrast of the answer, in Lab units, from which on all is added."""
_EVEN = 2.0
"""Sigma, in coarse pixels, by which the sheet itself is smoothed."""


def toned(layout: Layout) -> Floats:
    """Return the coarse answer's colours, (h, w, 3) RGB in 0 to 255; outside the hole as they are."""
    inside = layout.hole
    extent = float(np.sqrt(inside.sum()))
    sigma = _BROAD * extent
    away = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 5)
    ring = (~inside & (away <= _RING * extent)).astype(np.float32)
    if not ring.any():
        return layout.guess.astype(np.float32)
    guess, around = lab_of(layout.guess), _broad(lab_of(layout.pixels), ring, sigma)
    middle = around[ring > 0].mean(0)
    expected = push_pull(around, ring)
    # What the ring's colours vary by, as seen from each place in the hole, and in all of it at least.
    squares = push_pull(((_WEIGHTS * (around - middle)) ** 2).sum(2, keepdims=True), ring)[..., 0]
    spread = np.maximum(squares - ((_WEIGHTS * (expected - middle)) ** 2).sum(2), 0)
    spread = np.maximum(spread, spread[inside].mean())
    part = 1 / (1 + (spread / _MIXED**2) ** (_SHARPNESS / 2))
    part *= np.minimum(1, cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3) / sigma)
    weight = inside.astype(np.float32)
    part *= _texture(guess, weight, sigma)
    sheet = (expected - _broad(guess, weight, sigma)) * (part * weight)[..., None]
    sheet = cv2.GaussianBlur(sheet.astype(np.float32), (0, 0), _EVEN) * weight[..., None]
    changed = lab_to_rgb(guess + sheet).astype(np.float32) * 255
    return np.where(inside[..., None], changed, layout.guess).astype(np.float32)


def _texture(lab: Floats, weight: Floats, sigma: float) -> Floats:
    """Return how much texture there is, (h, w), 0 to 1: on a smooth sky the sheet itself would be seen."""
    fine = lab[..., 0] - cv2.GaussianBlur(lab[..., 0], (0, 0), _EVEN)
    strength = np.sqrt(_broad((fine**2)[..., None], weight, sigma)[..., 0])
    return np.minimum(1, strength / _TEXTURED).astype(np.float32)


def _broad(values: Floats, weight: Floats, sigma: float) -> Floats:
    """Blur values (h, w, 3), of which only weighted ones (h, w) count."""
    total = np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-3)[..., None]
    blurred = cv2.GaussianBlur(values * weight[..., None], (0, 0), sigma).reshape(values.shape)
    return np.asarray(blurred / total, np.float32)
