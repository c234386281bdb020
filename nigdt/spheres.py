"""Light, shade and the shadow of a ball that the model drew, which itself draws flat discs. No torch here."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.text import tokenise

__all__ = ["is_lit", "lit"]

Floats = NDArray[np.float32]

_NOT_LIT = frozenset({"bubble", "moon", "sun"})
"""Round things that light shines through, or that shine themselves."""
_IN_THE_AIR = frozenset({"balloon", "bauble", "ornament"})
_FROM = np.array([-0.34, -0.68, 0.65])
"""Where the light comes from: above, a little from the left, from where one looks (x, y, z); length 1."""
_AMBIENT, _DIRECT, _BOUNCED = 0.45, 0.88, 0.14
"""Brightness of a place in shade, what light adds where it falls squarely, and what the ground sends back."""
_SHINE, _SHARPNESS = 70.0, 28.0
"""Grey levels that the light's reflection adds, and how narrow it is."""
_GRAIN = 0.2
"""What stays of the drawn surface's fine differences, ..."""
_FINE = 0.06
"""... which are those finer than so much of the radius."""
_SHADOW, _WIDE, _HIGH = 0.55, 0.85, 0.22
"""How much light the shadow on the ground takes at most, and its half axes beside the radius."""
_FADED = 0.12
"""Distance from the hole's edge at which the shadow ends, beside the radius."""


def is_lit(caption: str) -> bool:
    """Return whether a caption's round thing shows light and shade."""
    return _NOT_LIT.isdisjoint(tokenise(caption))


def lit(
    pixels: NDArray[np.uint8], outline: Floats, hole: NDArray[np.bool_], caption: str
) -> NDArray[np.uint8]:
    """Light a ball, and let it throw a shadow on what it lies on.

    Args:
        pixels: (h, w, 3) RGB, the context with the ball.
        outline: (H, W), 0 to 1, its disc.
        hole: (h, w), where pixels may change.
        caption: Names it; what hangs or flies throws no shadow.

    Returns:
        (h, w, 3).
    """
    outline = np.asarray(cv2.resize(outline, hole.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
    inside = outline > 0.5
    rows, columns = np.nonzero(inside)
    if not len(rows):
        return pixels
    radius = float(np.sqrt(len(rows) / np.pi))
    x, y = (np.arange(n, dtype=np.float32) for n in inside.shape[::-1])
    across, down = np.meshgrid((x - columns.mean()) / radius, (y - rows.mean()) / radius)
    picture = pixels.astype(np.float32)
    colour = np.median(picture[inside], axis=0)
    soft = cv2.GaussianBlur(picture, (0, 0), max(0.6, _FINE * radius))
    facing = np.sqrt(np.clip(1 - across**2 - down**2, 0, 1))
    normal = np.stack([across, down, facing], -1)
    falling = np.clip(normal @ _FROM, 0, 1)
    half = _FROM + np.array([0, 0, 1])
    mirrored = np.clip(normal @ (half / np.linalg.norm(half)), 0, 1) ** _SHARPNESS
    light = _AMBIENT + _DIRECT * falling + _BOUNCED * np.clip(down, 0, 1) ** 2
    ball = (colour + _GRAIN * (picture - soft)) * light[..., None] + (_SHINE * mirrored)[..., None]
    under = picture
    if _IN_THE_AIR.isdisjoint(tokenise(caption)):
        away = (across / _WIDE) ** 2 + ((down - 0.98) / _HIGH) ** 2
        inner = cv2.distanceTransform(np.pad(hole, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
        fading = np.clip(inner / (_FADED * radius), 0, 1)
        under = picture * (1 - _SHADOW * np.exp(-1.2 * away) * fading)[..., None]
    weight = outline[..., None] * hole[..., None]
    return np.clip(np.rint(under + weight * (ball - under)), 0, 255).astype(np.uint8)
