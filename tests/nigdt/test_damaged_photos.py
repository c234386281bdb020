"""Damaged picture files of every format: read or refused in one line, and what was read can be saved."""

from __future__ import annotations

import random

import numpy as np
import pytest
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


@pytest.mark.parametrize(
    "count", [300, pytest.param(5000, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])]
)
def test_damaged_files_are_read_or_refused_in_one_line(count: int) -> None:
    chance, files, read = random.Random(count), whole_files(), 0
    refusals, unfit = [], []
    for _ in range(count):
        suffix, data = chance.choice(files)
        try:
            photo = Photo.from_bytes(damaged(data, chance), f"photo{suffix}")
        except PhotoError as error:
            refusals.append(str(error))
            continue
        assert photo.rgb8.shape[:2] == photo.size[::-1]
        for target in (".png", ".tif", suffix):
            try:
                again = Photo.from_bytes(photo.encode(target), f"again{target}")
            except PhotoError as error:
                unfit.append(str(error))
                continue
            assert again.size == photo.size
        read += 1
    assert all("\n" not in line and len(line) < 400 for line in refusals)
    assert all("cannot hold this photo" in line for line in unfit)
    assert min(len(refusals), read) > count / 10, "both happen, or nothing was tried"
