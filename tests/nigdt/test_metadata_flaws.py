"""Flaws in a photo's metadata are none of its picture's."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nigdt.photo.photo import Photo
from tests.nigdt.raw_photos import basics, noise, tiff

FLAWS: dict[str, tuple[dict[int, tuple[int, ...]], dict[int, int], str]] = {
    "resolution 0/0": ({282: (0, 0), 283: (0, 0), 296: (2,)}, {282: 5, 283: 5}, "resolution"),
    "resolution 1/0": ({282: (1, 0), 283: (1, 0), 296: (2,)}, {282: 5, 283: 5}, "resolution"),
    "orientation 9": ({274: (9,)}, {}, "Orientation"),
    "orientation as text": ({274: (54, 0)}, {274: 2}, "Orientation"),
    "XMP of numbers": ({700: (7, 8)}, {700: 4}, "XMP"),
    "XMP of text": ({700: tuple(b'<x tiff:Orientation="6"/>\0')}, {700: 2}, ""),
    "EXIF pointer astray": ({34665: (99_999_999,)}, {34665: 4}, ""),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_flaw_in_a_tiffs_metadata_is_none_of_the_picture(flaw: str, tmp_path: Path) -> None:
    tags, types, named = FLAWS[flaw]
    pixels = noise(3)
    photo = Photo.from_bytes(tiff(basics(3, 8, 2) | tags, pixels.tobytes(), types), "a.tif")
    np.testing.assert_array_equal(photo.rgb8, pixels)
    assert any(named in notice for notice in photo.notices) if named else True
    for suffix in (".tif", ".png", ".jpg", ".bmp", ".webp"):
        again = Photo.from_bytes(photo.encode(suffix), f"a{suffix}")
        assert again.size == photo.size
        assert again.orientation == 1


def flawed_exif(entries: list[tuple[int, int, int, bytes]]) -> bytes:
    """An EXIF block of (tag, type, count, four bytes)."""
    rows = b"".join(struct.pack("<HHI", tag, kind, count) + value for tag, kind, count, value in entries)
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + rows + b"\0" * 4


JPEG_FLAWS = {
    "number as text": [(0x0112, 3, 1, b"\6\0\0\0"), (0x011A, 2, 3, b"72\0\0")],
    "orientation rational": [(0x0112, 5, 1, struct.pack("<I", 26))],
    "orientation text": [(0x0112, 2, 2, b"6\0\0\0")],
    "negative size": [(0x0100, 9, 1, struct.pack("<i", -5)), (0x0112, 3, 1, b"\6\0\0\0")],
    "GPS astray": [(0x0112, 3, 1, b"\6\0\0\0"), (0x8825, 4, 1, b"\xff\xff\xff\x7f")],
    "EXIF astray": [(0x0112, 3, 1, b"\6\0\0\0"), (0x8769, 2, 3, b"abc\0")],
    "everything astray": [(0x0112, 3, 60_000, b"\xff\xff\xff\xff")],
}


@pytest.mark.parametrize("flaw", JPEG_FLAWS)
def test_a_flaw_in_a_jpegs_metadata_is_none_of_the_picture(flaw: str) -> None:
    buffer = io.BytesIO()
    Image.fromarray(noise(3)).save(buffer, "JPEG", exif=flawed_exif(JPEG_FLAWS[flaw]))
    photo = Photo.from_bytes(buffer.getvalue(), "a.jpg")
    turned = any(tag == 0x0112 and kind == 3 and count == 1 for tag, kind, count, _ in JPEG_FLAWS[flaw])
    assert photo.orientation == (6 if turned else 1)
    for suffix in (".jpg", ".png", ".tif", ".webp", ".bmp"):
        assert Photo.from_bytes(photo.encode(suffix), f"a{suffix}").size == photo.size


def test_xmp_alone_turns_no_picture() -> None:
    buffer = io.BytesIO()
    Image.fromarray(noise(3)).save(
        buffer, "JPEG", xmp=b'<x tiff:Orientation="6"/>', exif=flawed_exif([(0x010F, 2, 2, b"A\0\0\0")])
    )
    photo = Photo.from_bytes(buffer.getvalue())
    assert photo.orientation == 1
    with Image.open(io.BytesIO(photo.encode(".jpg"))) as image:
        own = Image.Exif()
        own.load(image.info["exif"])
    assert 0x0112 not in own


def test_metadata_too_long_for_a_format_is_left_out_and_named(tmp_path: Path) -> None:
    made = Image.Exif()
    made[0x0112], made[0x010F] = 6, "A maker"
    made[0x927C] = b"n" * 90_000  # a maker's note
    photo = Photo(
        noise(3), "RGB", orientation=6, info={"exif": made.tobytes(), "xmp": b"<x>" + b"x" * 70_000 + b"</x>"}
    )
    (notice,) = photo.check_save(tmp_path / "a.jpg")
    assert "MakerNote" in notice or "EXIF" in notice
    photo.save(tmp_path / "a.jpg")
    again = Photo.read(tmp_path / "a.jpg")
    assert again.size == photo.size
    assert photo.check_save(tmp_path / "a.png") == ()
