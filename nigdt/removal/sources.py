"""Which parts of the surroundings may serve to fill a hole: what continues the hole's own ring."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["fitting_sources"]

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_MATERIALS = 10
_WEIGHTS = np.array([0.5, 1.5, 1.5], np.float32)
"""Of L, a and b: light and shade change within a material, its hue hardly does."""
_ROUGHNESS = 12.0
"""Lab units that a difference of 1 in log roughness counts as."""
_RING = 0.2
"""Width of the ring as a share of the root of the hole's area."""
_SHARE = 0.02
"""A material belongs to the surroundings from this share of the ring on, ..."""
_PRESENCE = 0.25
"""... where it is at least this many times as frequent there as elsewhere."""
_ALIKE = 8.0
"""A material this near to one that belongs, in Lab units, is a shade of it and belongs too."""


def fitting_sources(lab: Floats, roughness: Floats, hole: Mask, usable: Mask) -> Mask:
    """Keep other objects and unlike materials out.

    The picture is parted into materials by colour and roughness (k-means). Those that hardly occur in the
    ring around the hole are other things: another animal, a wall behind. Small specks of a material are no
    reason to leave a place out, so the parting is smoothed.

    Args:
        lab: (h, w, 3), CIE Lab, reduced.
        roughness: (h, w), log of the local gradient's strength.
        hole: (h, w), what is to be filled.
        usable: (h, w), what may be looked at at all.

    Returns:
        (h, w): the usable pixels that fit.
    """
    extent = float(np.sqrt(hole.sum()))
    away = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, 3)
    known = usable & ~hole
    ring = known & (away <= max(4.0, _RING * extent))
    if not ring.any():
        return known
    features = np.concatenate(
        [cv2.blur(lab * _WEIGHTS, (3, 3)), _ROUGHNESS * roughness[..., None]], 2
    ).astype(np.float32)
    points = features[known]
    count = min(_MATERIALS, len(points))
    cv2.setRNGSeed(0)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 0.5)
    unset = np.zeros((len(points), 1), np.int32)
    _, labels, centres = cv2.kmeans(points, count, unset, criteria, 1, cv2.KMEANS_PP_CENTERS)
    material = np.full(hole.shape, -1)
    material[known] = labels[:, 0]
    in_ring = np.bincount(material[ring], minlength=count) / ring.sum()
    overall = np.bincount(labels[:, 0], minlength=count) / len(points)
    fits = (in_ring >= _SHARE) & (in_ring >= _PRESENCE * overall)
    apart = np.linalg.norm(centres[:, None] - centres[fits][None], axis=2)
    fits |= apart.min(1, initial=np.inf) < _ALIKE
    kept = np.zeros(hole.shape, np.float32)
    kept[known] = fits[labels[:, 0]]
    weight = cv2.blur(known.astype(np.float32), (5, 5))
    smooth = cv2.blur(kept, (5, 5)) / np.maximum(weight, 1e-3)
    return known & (smooth >= 0.5)
