"""What phones put behind a JPEG's photo: a changed photo is saved without it, which is said."""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nigdt.notices import MORE_BEHIND
from nigdt.photo.jpeg_behind import has_more_behind
from nigdt.photo.photo import Photo


def noise(width: int = 64, height: int = 48) -> Image.Image:
    samples = np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(samples)


def jpeg(picture: Image.Image | None = None, **options: object) -> bytes:
    buffer = io.BytesIO()
    (picture or noise()).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def several() -> bytes:
    """A multi-picture file as cameras write it."""
    buffer = io.BytesIO()
    noise().save(buffer, "MPO", save_all=True, append_images=[noise(32, 24)])
    return buffer.getvalue()


FILM = b"\0\0\0\x18ftypmp42" + bytes(200)


@pytest.mark.parametrize(
    "data",
    [
        several(),
        jpeg() + jpeg(noise(16, 16)),
        jpeg(progressive=True) + bytes(1000) + jpeg(noise(16, 16)),
        jpeg() + FILM,
    ],
    ids=["MPO", "gain map", "behind padding", "film"],
)
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_what_is_behind_a_photo_is_told_before_it_is_lost(data: bytes, suffix: str, tmp_path: Path) -> None:
    photo = Photo.from_bytes(data, "phone.jpg")
    assert MORE_BEHIND in photo.losses(suffix)
    assert MORE_BEHIND in photo.with_samples(photo.samples.copy()).check_save(tmp_path / f"new{suffix}")
    assert MORE_BEHIND in photo.save(tmp_path / f"new{suffix}")
    again = Photo.read(tmp_path / f"new{suffix}")
    assert MORE_BEHIND not in again.losses(suffix)


@pytest.mark.parametrize("end", [b"", bytes(5000), b"\xff" * 99, b"SEFHq\0\0\0 a maker's own", b"ftyp"])
def test_what_is_no_picture_is_not_taken_for_one(end: bytes) -> None:
    photo = Photo.from_bytes(jpeg() + end)
    assert MORE_BEHIND not in photo.losses(".jpg")


def test_a_preview_in_the_exif_is_not_behind_the_photo() -> None:
    exif = b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0" + jpeg(noise(16, 16))
    assert MORE_BEHIND not in Photo.from_bytes(jpeg(exif=exif)).losses(".jpg")


def test_no_damage_keeps_the_search_busy() -> None:
    draw = random.Random(3)
    whole = several()
    for _ in range(300):
        data = bytearray(whole[: draw.randrange(len(whole))])
        for _ in range(draw.randrange(9)):
            if data:
                data[draw.randrange(len(data))] = draw.choice([0, 0xFF, 0xD8, draw.randrange(256)])
        assert has_more_behind(bytes(data)) in (True, False)
    assert has_more_behind(b"\xff\xd8" + b"\xff" * 100_000) is False
    assert has_more_behind(b"\xff\xd8\xff\xe0\0\0\0\0") in (True, False)
