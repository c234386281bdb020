"""Damaged picture files of every format."""

from __future__ import annotations

import random

import numpy as np
from PIL import Image

from nigdt.errors import PhotoError
from nigdt.photo.formats import FORMATS
from nigdt.photo.photo import Photo


def whole_files() -> list[tuple[str, bytes]]:
    """Small files of every format, in every kind that it holds, with metadata."""
    made, noise = Image.Exif(), np.random.default_rng(0)
    made[0x0112], made[0x010F] = 6, "A maker"
    info = {"exif": made.tobytes(), "dpi": (300.0, 300.0), "xmp": b"<x/>"}
    grey = noise.integers(0, 256, (20, 30), np.uint8)
    photos = [
        Photo(noise.integers(0, 256, (20, 30, 3), np.uint8), "RGB", orientation=6, info=info),
        Photo(noise.integers(0, 256, (20, 30, 4), np.uint8), "RGBA"),
        Photo(noise.integers(0, 65536, (20, 30, 3), np.uint16), "RGB;16", info=info),
        Photo(noise.integers(0, 65536, (20, 30), np.uint16), "I;16"),
        Photo(grey, "L", info={"transparency": 7}),
        Photo(grey, "L"),
        Photo.from_image(Image.fromarray(grey).quantize(9)),
        Photo.from_image(Image.fromarray(grey).convert("1")),
        Photo.from_image(Image.fromarray(grey).convert("CMYK")),
    ]
    found = []
    for photo in photos:
        for entry in FORMATS:
            try:
                found.append((entry.suffixes[0], photo.encode(entry.suffixes[0])))
            except PhotoError:
                continue
    assert {suffix for suffix, _ in found} == {entry.suffixes[0] for entry in FORMATS}
    return found


def damaged(data: bytes, chance: random.Random) -> bytes:
    """A file cut short, or with some of its bytes changed, most often near its beginning."""
    if chance.random() < 0.25:
        return data[: chance.randrange(len(data))]
    changed = bytearray(data)
    reach = len(data) if chance.random() < 0.5 else min(len(data), 400)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        changed[chance.randrange(reach)] = chance.choice((0, 255, chance.randrange(256)))
    return bytes(changed)


def try_files(count: int, seed: int) -> tuple[int, int, list[str]]:
    """Read damaged files, and save what can be read in three formats.

    Returns:
        How many were read, how many refused, and what went wrong.
    """
    chance, files, read, refused = random.Random(seed), whole_files(), 0, 0
    wrong = []
    for _ in range(count):
        suffix, data = chance.choice(files)
        try:
            photo = Photo.from_bytes(damaged(data, chance), f"photo{suffix}")
        except PhotoError as error:
            refused += 1
            if "\n" in str(error) or len(str(error)) >= 400:
                wrong.append(str(error))
            continue
        read += 1
        if photo.rgb8.shape[:2] != photo.size[::-1]:
            wrong.append(f"{suffix}: {photo.rgb8.shape} is not {photo.size}")
        for target in (".png", ".tif", suffix):
            try:
                again = Photo.from_bytes(photo.encode(target), f"again{target}")
            except PhotoError as error:
                if "cannot hold this photo" not in str(error):
                    wrong.append(str(error))
                continue
            if again.size != photo.size:
                wrong.append(f"{suffix} to {target}: {again.size} is not {photo.size}")
    return read, refused, wrong
