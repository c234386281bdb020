"""Light and shade of a bird that the model drew: as it draws them where no colour is asked for.

Asked for a red bird, the network draws it red all over; asked for a bird alone, it draws wings, cheeks and
feathers. So the first gives the colour and the second, drawn into the same outline, the shade. No torch here.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.colours import rgb_to_lab
from nigdt.part_words import KEPT

__all__ = ["shaded"]

Floats = NDArray[np.float32]

_WIDE = 0.1
"""Deviation of the blur that lightness is compared with, beside the side of a square of the bird's area."""
_DARKER, _LIGHTER = 30.0, 20.0
"""Largest differences of lightness that are taken over, in Lab units."""
_GAIN = (0.35, 1.8)
"""Least and largest factor on a place's light, ..."""
_DARKEST = 8.0
"""... and the lightness below which it is reckoned as for this."""
_WHITE, _LESS = (75.0, 92.0), 0.5
"""Median lightness between which a bird counts as white, and what part of the shade it gets."""
_CHROMA = 0.86
"""What stays of colours: feathers are no paint."""


def shaded(
    picture: Floats,
    plain: Floats,
    outline: Floats,
    parts: Mapping[str, Floats],
    coloured_parts: frozenset[str] = frozenset(),
) -> Floats:
    """Give a drawn bird the shade of the same bird without colours.

    Args:
        picture: (H, W, 3), 0 to 255, the coloured bird.
        plain: (H, W, 3), 0 to 255, the other.
        outline: (H, W), 0 to 1, where both are.
        parts: Part -> (H, W), 0 to 1, where it is.
        coloured_parts: Those that were asked for in a colour.

    Returns:
        (H, W, 3), 0 to 255.
    """
    inside = outline > 0.5
    if not inside.any():
        return picture
    lightness, of_plain = _lightness(picture), _lightness(plain)
    wide = _WIDE * float(np.sqrt(inside.sum()))
    body = inside.astype(np.float32)
    around = cv2.GaussianBlur(of_plain * body, (0, 0), wide) / (cv2.GaussianBlur(body, (0, 0), wide) + 1e-3)
    within = cv2.GaussianBlur(cv2.erode(body, np.ones((5, 5), np.uint8)), (0, 0), 1.2)
    white = float(np.clip((np.median(lightness[inside]) - _WHITE[0]) / (_WHITE[1] - _WHITE[0]), 0, 1))
    shade = within * np.clip(of_plain - around, -_DARKER, _LIGHTER) * (1 - (1 - _LESS) * white)
    wanted = picture * np.clip(1 + shade / np.maximum(lightness, _DARKEST), *_GAIN)[..., None]
    grey = cv2.cvtColor(wanted.astype(np.float32), cv2.COLOR_RGB2GRAY)[..., None]
    wanted += (1 - _CHROMA) * within[..., None] * (grey - wanted)
    kept = np.zeros_like(body)
    for part in KEPT:
        if part in parts and part not in coloured_parts:
            kept = np.maximum(kept, parts[part])
    wanted += kept[..., None] * (plain - wanted)
    return np.clip(wanted, 0, 255).astype(np.float32)


def _lightness(picture: Floats) -> Floats:
    clipped = np.clip(picture, 0, 255, dtype=np.float32)
    return np.asarray(rgb_to_lab(clipped / np.float32(255))[..., 0], np.float32)
