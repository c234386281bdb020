"""Training's photos go through the library's decoder: the same are read, and the same refused."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from nigdt_training.data.check import check_data_set
from nigdt_training.data.data_set import read_data_set
from nigdt_training.data.decode import decode_frame
from nigdt_training.data.records import Record
from nigdt_training.data.tree import Source
from PIL import Image

from nigdt.errors import PhotoError
from nigdt.photo.photo import Photo

PIXELS = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)


def record(path: Path) -> Record:
    status = path.stat()
    return Record(Source(path, path.name, 0, status.st_size, status.st_mtime_ns), ["a bird"])


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "CMYK", "I;16"])
def test_a_photo_is_learned_from_as_it_is_filled(mode: str, tmp_path: Path) -> None:
    image = Image.fromarray(PIXELS)
    image = Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257) if mode == "I;16" else image.convert(mode)
    image.save(tmp_path / "a.tif")
    np.testing.assert_array_equal(
        decode_frame(record(tmp_path / "a.tif"), 96).photo, Photo.read(tmp_path / "a.tif").rgb8
    )


def test_transparent_pixels_are_white_and_half_transparent_ones_paler(tmp_path: Path) -> None:
    alpha = np.full((96, 96), 255, np.uint8)
    alpha[:40], alpha[40:60] = 0, 128
    Image.fromarray(np.dstack([np.full_like(PIXELS, 50), alpha])).save(tmp_path / "a.png")
    frame = decode_frame(record(tmp_path / "a.png"), 96).photo
    assert (frame[:40] == 255).all()
    assert (frame[40:60] == 152).all()
    assert (frame[60:] == 50).all()
    keyed = np.where(alpha == 0, 7, 90).astype(np.uint8)
    Image.fromarray(keyed).save(tmp_path / "key.png", transparency=7)
    assert (decode_frame(record(tmp_path / "key.png"), 96).photo[:40] == 255).all()


def test_the_first_picture_of_an_animation_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (96, 96), colour) for colour in ("red", "blue")]
    for name in ("a.gif", "a.webp", "a.png"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        red, _, blue = decode_frame(record(tmp_path / name), 96).photo[40, 40]
        assert red > 200 > 50 > blue


def bad_photos(folder: Path) -> set[str]:
    """Photos that cannot be learned from, made in a folder."""
    (folder / "eps.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n")
    with (folder / "sparse.png").open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.truncate(30 * 2**30)
    Image.fromarray(np.zeros((96, 96), np.float32)).save(folder / "float.tif")
    Image.fromarray(np.zeros((96, 96), np.int32)).save(folder / "whole.tif")
    (folder / "empty.jpg").write_bytes(b"")
    return {"eps.png", "sparse.png", "float.tif", "whole.tif", "empty.jpg"}


def odd_exif() -> bytes:
    """Orientation 6, and a resolution of a text instead of a number."""
    entries = struct.pack("<HHI4s", 0x0112, 3, 1, b"\6\0\0\0") + struct.pack(
        "<HHI4s", 0x011A, 2, 3, b"72\0\0"
    )
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + struct.pack("<H", 2) + entries + b"\0" * 4


def test_one_bad_photo_is_listed_and_the_others_are_used(tmp_path: Path) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "good.png")
    Image.fromarray(PIXELS[:64]).save(tmp_path / "odd.jpg", exif=odd_exif())
    bad = bad_photos(tmp_path)
    for path in list(tmp_path.iterdir()):
        path.with_suffix(".txt").write_text("a bird")
    report = check_data_set(read_data_set(tmp_path))
    assert {record.name for record in report.usable} == {"good.png", "odd.jpg"}
    assert {problem.name for problem in report.problems} == bad
    assert all(problem.kind == "unreadable" and "\n" not in problem.detail for problem in report.problems)
    assert decode_frame(record(tmp_path / "odd.jpg"), 64).photo.shape == (96, 64, 3)
    for name in bad:
        with pytest.raises(PhotoError):
            decode_frame(record(tmp_path / name), 64)


@pytest.mark.parametrize("suffix", ["jpg", "tif", "png"])
def test_a_box_is_turned_with_its_photo(suffix: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = np.zeros((96, 128, 3), np.uint8)
    pixels[10:30, 20:60] = 255
    Image.fromarray(pixels).save(tmp_path / f"a.{suffix}", exif=exif)
    plain = record(tmp_path / f"a.{suffix}")
    frame = decode_frame(Record(plain.source, plain.captions, box=(20, 10, 40, 20)), 96)
    assert frame.photo.shape == (128, 96, 3)
    assert frame.box == pytest.approx((66, 20, 20, 40))
    assert frame.photo[25:55, 70:82].min() > 200
