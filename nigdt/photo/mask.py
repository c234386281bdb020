"""Selections from picture files: one rule for command line, panel and training. No torch."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nigdt.box import check_selection
from nigdt.errors import SelectionError
from nigdt.photo.photo import Photo

__all__ = ["FAINT", "painted", "read_mask"]

FAINT = 64
"""A mask whose brightest pixel is darker than this is no mask, but one of labels (0 and 1, say)."""

_HAZE = 128
"""Opacity from which on a mask counts as opaque where it has no place of less."""


def read_mask(path: str | os.PathLike[str], width: int, height: int) -> NDArray[np.uint8]:
    """Read a selection for a photo.

    Args:
        path: The picture, read as `painted` says; turned as its EXIF orientation says.
        width: The photo's columns, upright.
        height: The photo's rows, upright.

    Returns:
        (height, width) uint8, 255 = selected.

    Raises:
        PhotoError: The file is no picture that can be read.
        SelectionError: It has another size than the photo, or selects nothing or hardly anything.
    """
    mask = Photo.read(path)
    selection = painted(mask)
    faintest = mask.samples if mask.kind == "I;16" else selection  # 8 bits would round 1 of 65535 to nothing
    if selection.max() < FAINT and faintest.any():
        raise SelectionError(
            f"The brightest pixel of the mask has level {selection.max()} of 255, so nearly nothing would be"
            " changed.",
            "Paint the region to fill white.",
        )
    check_selection(selection, width, height)
    return selection


def painted(mask: Photo, *, black: bool = False) -> NDArray[np.uint8]:
    """Return what a picture of a mask selects, (H, W) uint8, 255 = selected.

    Where it is transparent in some places, its opacity says that, whatever the colours; else its brightness
    does, or its darkness if `black`. A haze over all of it is not taken for transparency.
    """
    alpha = mask.alpha8
    if alpha is not None and alpha.min() < _HAZE and (alpha.min() < alpha.max() or not alpha.any()):
        return alpha
    brightness = np.asarray(Image.fromarray(mask.rgb8).convert("L"))
    return np.invert(brightness) if black else brightness
