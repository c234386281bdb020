"""The last of an object's old colour at its edge: what the photo mixes there with the surroundings.

Cameras and JPEG give hues at a lower resolution than light, so the pixels beside a red thing are reddish
where its lightness has ended. There a pixel's hue tells how much of it is object.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.cutout import mean_near, smooth_step

__all__ = ["edge_by_hue"]

Floats = NDArray[np.float32]

_INNER, _OUTER = 1.5, 4.0
"""Pixels of `finer_lab` inside and outside of the edge from which on a place shows one of both alone."""
_NEAR = 1.5
"""Deviation of the blur that compares them, in twice as large pixels."""
_APART = (12.0, 20.0)
"""Difference of a and b between object and surroundings: below the first it tells nothing, from the second on
it decides."""
_DARKER = (6.0, 16.0)
"""How much darker than object and surroundings a place must be to be no mixture of both: a black hem."""
_FARTHER = (3.0, 4.5)
"""How many times farther from the object's hue than the surroundings' the new one lies: from the first on
they tell less, and from the second on nothing, since what is misjudged would show."""
_FAINT = (0.06, 0.5)
"""Least and largest fraction of object that counts as none: the surroundings' own differences of hue."""
_TYPICAL = 0.35
"""Fraction at which the painted mixture is compared with the true one, ..."""
_GAIN = (1.0, 2.5)
"""... and how much more than the fraction may be painted, because what is painted over is a mixture."""


def edge_by_hue(alpha: Floats, place: Floats, target: Floats, lab: Floats, low: float, high: float) -> Floats:
    """Let the hue decide beside an object's edge how much of a pixel takes the new colour.

    Args:
        alpha: (h, w, 4), slopes on L, a and b and an offset of what is painted where.
        place: (h, w), 0 to 1, the places that take colour.
        target: (h, w, 3), the change of L, and a and b that they take.
        lab: (h, w, 3), the photo.
        low: Alpha up to which nothing is painted.
        high: Alpha from which on all is.

    Returns:
        Alpha, with others where the hue decides.
    """
    inside = (place > 0.5).astype(np.uint8)
    if not inside.any() or inside.all():
        return alpha
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3) - cv2.distanceTransform(1 - inside, cv2.DIST_L2, 3)
    certain, slope, offset, darkest = (
        cv2.resize(one, depth.shape[::-1], interpolation=cv2.INTER_LINEAR)
        for one in _by_hue(*(_halved(one) for one in (depth, lab, target[..., 1:])))
    )
    certain = certain * np.clip(1 - depth, 0, 1) * np.clip(_OUTER + depth, 0, 1)
    certain = certain * (1 - smooth_step(darkest - lab[..., 0], *_DARKER))
    span = np.float32(high - low)
    decided = np.stack([np.zeros_like(offset), *cv2.split(span * slope), span * offset + np.float32(low)], -1)
    return (alpha + certain[..., None] * (decided - alpha)).astype(np.float32)


def _by_hue(depth: Floats, lab: Floats, target: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return how far hues tell object from surroundings, by which slope and offset, and the darker one's L.

    Args:
        depth: (h, w), how far each place is inside the object, in pixels of `finer_lab`, below 0 outside.
        lab: (h, w, 3), the photo.
        target: (h, w, 2), the a and b that are wanted.
    """
    within, beside = (depth > _INNER).astype(np.float32), (depth < -_OUTER).astype(np.float32)
    inside, own_weight = mean_near(lab, within, _NEAR)
    new, _ = mean_near(target, within, _NEAR)
    outside, other_weight = mean_near(lab, beside, _NEAR)
    darkest = np.minimum(inside[..., 0], outside[..., 0])
    hues, own, other = lab[..., 1:], inside[..., 1:], outside[..., 1:]
    off = own - other
    apart = (off**2).sum(-1)
    spread = mean_near(((hues - other) ** 2).sum(-1, keepdims=True), beside, _NEAR)[0].reshape(apart.shape)
    faint = np.clip(np.sqrt(spread / np.maximum(apart, 1)), *_FAINT)
    # What is painted over is a mixture, and the new colour is to replace the object's part of it.
    mixed = other + np.float32(_TYPICAL) * off
    wanted = ((new - own) * (new - mixed)).sum(-1) / np.maximum(((new - mixed) ** 2).sum(-1), 1)
    gain = np.clip(wanted, *_GAIN) / (1 - faint)
    slope = off * (gain / np.maximum(apart, 1))[..., None]
    offset = -(slope * other).sum(-1) - faint * gain
    tells = np.clip((np.sqrt(apart) - _APART[0]) / (_APART[1] - _APART[0]), 0, 1)
    farther = np.sqrt(((new - own) ** 2).sum(-1) / np.maximum(apart, 1))
    tells *= np.clip((_FARTHER[1] - farther) / (_FARTHER[1] - _FARTHER[0]), 0, 1)
    return tells * ((own_weight > 0.01) & (other_weight > 0.01)), slope, offset, darkest


def _halved(values: Floats) -> Floats:
    """Return a map (h, w) or (h, w, C) at half its size, which is enough for what differs slowly."""
    size = (max(1, values.shape[1] // 2), max(1, values.shape[0] // 2))
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)
