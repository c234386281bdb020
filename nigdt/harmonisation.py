"""A drawn thing in the light of its photo: no blacker, whiter or more colourful than what is around it.

The network knows the light of the photos that it learnt from. In haze nothing is black, and under a grey sky
no red is bright, so what it draws there looks stuck on. No torch here.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.box import selection_box
from nigdt.colours import rgb_to_lab

__all__ = ["harmonised"]

Floats = NDArray[np.float32]

_AROUND = 0.5
"""How far beside the thing its surroundings are looked at, as a fraction of its longer side."""
_LEAST = 50
"""Pixels of surroundings below which nothing is known of them."""
_EXTREMES = (2, 98)
"""Percentiles of lightness that count as the darkest and the lightest there, ..."""
_USUAL = (6.0, 94.0)
"""... what these are in a photo of full contrast, in Lab units, ..."""
_TAKEN = 0.2
"""... and what part of the difference the thing's lightness takes over."""
_COLOURFUL = 40.0
"""Chroma, in Lab units, of the most colourful twentieth of the surroundings from which on the thing keeps
all of its own, ..."""
_CHROMA = (0.85, 1.0)
"""... and what is left of that in grey surroundings and in these."""


def harmonised(picture: Floats, outline: Floats, seen: Floats, visible: NDArray[np.bool_]) -> Floats:
    """Fit contrast and colourfulness of a drawn thing to what is visible around it.

    Args:
        picture: (H, W, 3), 0 to 255, with the thing.
        outline: (H, W), 0 to 1, 1 on the thing.
        seen: (H, W, 3), 0 to 255, the photo.
        visible: (H, W), where that is to be looked at.

    Returns:
        (H, W, 3), 0 to 255.
    """
    inside = outline > 0.5
    if not inside.any():
        return picture
    box = selection_box(inside)
    margin = round(_AROUND * max(box.width, box.height))
    top, left = max(0, box.top - margin), max(0, box.left - margin)
    near = np.s_[top : box.bottom + margin, left : box.right + margin]
    around = seen[near][visible[near]]
    if len(around) < _LEAST:
        return picture
    lab = rgb_to_lab(np.clip(around, 0, 255).astype(np.float32) / np.float32(255))
    darkest, lightest = np.percentile(lab[:, 0], _EXTREMES)
    chroma = float(np.percentile(np.hypot(lab[:, 1], lab[:, 2]), 95))
    low = _TAKEN * max(0.0, float(darkest) - _USUAL[0]) / 100
    high = 1 - _TAKEN * max(0.0, _USUAL[1] - float(lightest)) / 100
    grey = cv2.cvtColor(np.clip(picture, 0, 255).astype(np.float32), cv2.COLOR_RGB2GRAY)[..., None]
    # Towards grey in RGB and not in Lab, where blue would turn purple.
    kept = _CHROMA[0] + (_CHROMA[1] - _CHROMA[0]) * min(1.0, chroma / _COLOURFUL)
    fitted = 255 * low + grey * (high - low) + kept * (picture - grey)
    mixed = picture + np.clip(outline, 0, 1)[..., None] * (fitted - picture)
    return np.clip(mixed, 0, 255).astype(np.float32)
