"""Pictures laid over the photo: where a word was used, and what the blend touches."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.context import Context
from nigdt.context.blend import blend_weight
from nigdt_plugin.core.fills import Fill, WordUse

Pixels = NDArray[np.uint8]
Colour = tuple[int, int, int]

_SIDE = 512


def _size(context: Context) -> tuple[int, int]:
    scale = min(1.0, _SIDE / max(context.crop.shape[:2]))
    return max(1, round(context.crop.shape[1] * scale)), max(1, round(context.crop.shape[0] * scale))


def _premultiplied(alpha: NDArray[np.float32], colour: Colour) -> Pixels:
    bgra = np.empty((*alpha.shape, 4), np.uint8)
    for channel, value in enumerate((colour[2], colour[1], colour[0], 255)):
        bgra[..., channel] = np.rint(alpha * value)
    return bgra


def of_word(context: Context, fill: Fill, index: int, colour: Colour) -> Pixels:
    """Show where a word was used: around the hole by the model, in the hole as the finished fill shows it.

    Args:
        context: The context.
        fill: A fill with its words.
        index: Which word of `fill.words`.
        colour: Red, green, blue.

    Returns:
        (h, w, 4) uint8 over the context: blue, green, red, alpha, premultiplied.
    """
    size = _size(context)

    def resized(words: tuple[WordUse, ...], which: int) -> NDArray[np.float32]:
        if which >= len(words) or not words[which].map.size:
            return np.zeros((size[1], size[0]), np.float32)
        smooth = cv2.resize(words[which].map.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
        return np.clip(smooth / 255, 0, 1).astype(np.float32)

    mask = cv2.resize(context.selection, size, interpolation=cv2.INTER_AREA)
    heat = np.where(mask > 127, resized(fill.words_inside, index), resized(fill.words, index))
    # The unused grows dark and the used warm: that shows on a photo of any colour.
    warm, dark = 0.42 * heat**1.2, 0.6 * (1 - heat) ** 1.2
    for axis in (0, 1):
        length = heat.shape[axis]
        # Fading out at the context's border, or the eye sees nothing but its edges.
        fade = np.clip(np.minimum(np.arange(length), np.arange(length)[::-1]) / (0.07 * length), 0, 1)
        shape = (-1, 1) if axis == 0 else (1, -1)
        warm, dark = warm * fade.reshape(shape), dark * fade.reshape(shape)
    pixels = _premultiplied(warm.astype(np.float32), colour)
    pixels[..., 3] = np.rint(255 * (warm + dark))
    return pixels


def of_blend(context: Context, feather: int | None, colour: Colour) -> Pixels:
    """Return the band over which a fill fades out, beyond the selection.

    Returns:
        (h, w, 4) uint8 over the context: blue, green, red, alpha, premultiplied.
    """
    weight = blend_weight(context.selection, feather) / np.float32(255)
    size = _size(context)
    share = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    mask = cv2.resize(context.selection, size, interpolation=cv2.INTER_AREA)
    alpha = np.where(mask >= 254, 0.22, np.where(share > 0, 0.45 + 0.3 * share, 0))
    return _premultiplied(alpha.astype(np.float32), colour)
