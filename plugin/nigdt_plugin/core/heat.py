"""Pictures that explain a fill: where a word changed it, and what the blend touches."""

from __future__ import annotations

import weakref

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.context import Context
from nigdt.context.blend import blend_weight
from nigdt_plugin.core.fills import Candidate, WordChange

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Colour = tuple[int, int, int]
_Around = tuple[tuple[slice, slice], Floats, Floats]

_SIDE = 512
_FINER = 4
"""A picture is thinned out to so many times its wanted size, then averaged: to read all of it takes long."""
_DARK = 0.25  # what is left of the light where nothing changed


def _size(shape: tuple[int, ...], side: int = _SIDE) -> tuple[int, int]:
    """Return the width and height of rows and columns made no larger than `side`."""
    scale = min(1.0, side / max(shape[:2]))
    return max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale))


def _small(picture: Pixels, size: tuple[int, int]) -> Pixels:
    step = max(1, min(picture.shape[1] // size[0], picture.shape[0] // size[1]) // _FINER)
    thinned = picture[step // 2 :: step, step // 2 :: step]
    return cv2.resize(thinned, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _premultiplied(alpha: NDArray[np.float32], colour: Colour) -> Pixels:
    bgra = np.empty((*alpha.shape, 4), np.uint8)
    for channel, value in enumerate((colour[2], colour[1], colour[0], 255)):
        bgra[..., channel] = np.rint(alpha * value)
    return bgra


def _close(mask: Pixels) -> tuple[slice, slice]:
    """Return the rows and columns of what is filled, and half its length around it."""
    step = max(1, max(mask.shape) // _SIDE)
    left, top, width, height = (step * value for value in cv2.boundingRect(mask[::step, ::step]))
    margin = max(width, height) // 2 + step
    return (
        slice(max(0, top - margin), top + height + margin),
        slice(max(0, left - margin), left + width + margin),
    )


class _Kept:
    """What every small picture of one context has around its fill, as long as that context is in use."""

    def __init__(self) -> None:
        # All in one, which another thread sees whole or not at all.
        self._kept: tuple[weakref.ref[Context], tuple[int, bool], _Around] | None = None

    def around(self, context: Context, side: int, *, close: bool) -> _Around:
        """Return which part is seen, its pixels (h, w, 3), and how much is fill (h, w, 1), 0 to 1."""
        kept = self._kept
        if kept is not None and kept[0]() is context and kept[1] == (side, close):
            return kept[2]
        crop, mask = context.sent
        part = _close(mask) if close else (slice(None), slice(None))
        size = _size(mask[part].shape, side)
        below, faded = (_small(picture[part], size).astype(np.float32) for picture in (crop, mask))
        around = part, below, faded[..., None] / np.float32(255)
        self._kept = weakref.ref(context), (side, close), around
        return around


_kept = _Kept()


def of_fill(context: Context, fill: Candidate, side: int = _SIDE, *, close: bool = False) -> Pixels:
    """Return the context with a fill in it, (h, w, 3) uint8, no larger than `side`.

    Args:
        context: The fill's.
        fill: Of the context.
        side: Of the picture, in pixels.
        close: Leave out what is farther from the fill than half its length.
    """
    part, below, faded = _kept.around(context, side, close=close)
    above = _small(fill.pixels[part], (below.shape[1], below.shape[0]))
    return np.rint(below + (above - below) * faded).astype(np.uint8)


def of_word(context: Context, fill: Candidate, effect: WordChange) -> Pixels:
    """Return the same, dark but where a word changed the fill."""
    picture = of_fill(context, fill)
    lit = np.zeros(picture.shape[:2], np.float32)
    if effect.map.size:
        lit = cv2.resize(effect.map.astype(np.float32) / 255, lit.shape[::-1]).astype(np.float32)
    return np.rint(picture * (_DARK + (1 - _DARK) * lit[..., None])).astype(np.uint8)


def of_blend(context: Context, feather: int | None, colour: Colour) -> Pixels:
    """Return the band over which a fill fades out, beyond the selection.

    Returns:
        (h, w, 4) uint8 over the context: blue, green, red, alpha, premultiplied.
    """
    weight = blend_weight(context.selection, feather) / np.float32(255)
    size = _size(context.crop.shape)
    faded = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    mask = cv2.resize(context.selection, size, interpolation=cv2.INTER_AREA)
    alpha = np.where(mask >= 254, 0.22, np.where(faded > 0, 0.45 + 0.3 * faded, 0))
    return _premultiplied(alpha.astype(np.float32), colour)
