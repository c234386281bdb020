"""A small picture of a file, for the dialog that opens it. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.photo.camera import RAW, camera_format, embedded_picture, missing
from nigdt.photo.opening import read_file
from nigdt.photo.photo import Photo
from nigdt_plugin.core import openraster


@dataclass(frozen=True)
class Glance:
    """What a file holds.

    Attributes:
        rgb: (h, w, 3) uint8, upright, no side longer than was asked for.
        size: Width and height of the whole picture, None where the small one does not tell.
        bytes: Size of the file.
    """

    rgb: NDArray[np.uint8]
    size: tuple[int, int] | None
    bytes: int


def glance(path: Path, side: int) -> Glance | None:
    """Read a file and make its picture small; None for what cannot be opened. Slow for some.

    A raw file and a project bring a small picture along, a JPEG is decoded at a fraction of its size.
    """
    try:
        found = _read(path, side)
        if found is None:
            return None
        photo, size = found
        pixels = photo.rgb8
        scale = min(1.0, side / max(pixels.shape[:2]))
        height, width = (max(1, round(length * scale)) for length in pixels.shape[:2])
        small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
        return Glance(small.astype(np.uint8, copy=False), size, path.stat().st_size)
    except Exception:  # what damaged files make their readers raise has a dozen types
        return None


def _read(path: Path, side: int) -> tuple[Photo, tuple[int, int] | None] | None:
    if path.suffix.lower() == openraster.SUFFIX:
        return Photo.from_bytes(openraster.thumbnail(path)), None
    entry = camera_format(path)
    if entry is not None and missing(entry):
        return None
    if entry is not None and entry.name == RAW:
        data = embedded_picture(path, entry)
        return (Photo.from_bytes(data, least=side), None) if data else (Photo.read(path), None)
    if entry is not None:
        photo = Photo.read(path)
    else:
        photo = Photo.from_bytes(read_file(path), path.name, least=side, first=True)
    height, width = photo.rgb8.shape[:2]
    long, short = sorted(photo.stored_size, reverse=True)
    return photo, (long, short) if width >= height else (short, long)
