"""Photos of phones and cameras, read by optional packages, and pictures made to give away."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nigdt.errors import PhotoError
from nigdt.photo import camera
from nigdt.photo.export import exported
from nigdt.photo.photo import Photo

MODEL = 0x0110


def smooth(width: int = 96, height: int = 64) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    return np.dstack([x * 2, y * 3, 200 - x]).astype(np.uint8)


def with_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[MODEL] = "Camera 3"
    return exif


@pytest.mark.parametrize(("module", "suffix"), [("pillow_heif", ".heic"), ("pillow_jxl", ".jxl")])
def test_a_phones_photo_is_read_with_its_exif(tmp_path: Path, module: str, suffix: str):
    plugin = pytest.importorskip(module)
    if module == "pillow_heif":
        plugin.register_heif_opener()
    path = tmp_path / f"photo{suffix}"
    Image.fromarray(smooth()).save(path, quality=95, exif=with_exif().tobytes())
    photo = Photo.read(path)
    assert photo.size == (96, 64)
    assert np.abs(photo.rgb8.astype(int) - smooth()).mean() < 4
    saved = Image.open(io.BytesIO(photo.encode(".jpg")))
    assert saved.getexif()[MODEL] == "Camera 3"
    assert photo.source == path


def write_dng(path: Path, mosaic: np.ndarray, jpeg: bytes = b"") -> None:
    """The least DNG that a raw developer takes: one strip of 16-bit samples behind RGGB filters.

    With ``jpeg`` there is a second picture behind it, to look at.
    """
    height, width = mosaic.shape
    data = mosaic.astype("<u2").tobytes()
    rational = lambda *values: b"".join(struct.pack("<ii", round(1000 * v), 1000) for v in values)  # noqa: E731
    xyz = (3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.2040, 1.0570)
    tags: list[tuple[int, int, int, bytes]] = [
        (254, 4, 1, struct.pack("<I", 0)),
        (256, 4, 1, struct.pack("<I", width)),
        (257, 4, 1, struct.pack("<I", height)),
        (258, 3, 1, struct.pack("<H", 16)),
        (259, 3, 1, struct.pack("<H", 1)),
        (262, 3, 1, struct.pack("<H", 32803)),
        (271, 2, 5, b"Make\0"),
        (272, 2, 6, b"Model\0"),
        (273, 4, 1, b"DATA"),
        (274, 3, 1, struct.pack("<H", 1)),
        (277, 3, 1, struct.pack("<H", 1)),
        (278, 4, 1, struct.pack("<I", height)),
        (279, 4, 1, struct.pack("<I", len(data))),
        (33421, 3, 2, struct.pack("<HH", 2, 2)),
        (33422, 1, 4, bytes([0, 1, 1, 2])),
        (50706, 1, 4, bytes([1, 4, 0, 0])),
        (50708, 2, 6, b"Model\0"),
        (50717, 4, 1, struct.pack("<I", 65535)),
        (50721, 10, 9, rational(*xyz)),
        (50728, 5, 3, rational(1, 1, 1)),
        (50778, 3, 1, struct.pack("<H", 21)),
    ]
    start = 8 + 2 + 12 * len(tags) + 4
    extra, entries = b"", b""
    for tag, kind, count, value in tags:
        if len(value) > 4:
            entries += struct.pack("<HHII", tag, kind, count, start + len(extra))
            extra += value + bytes(len(value) % 2)
        else:
            entries += struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")
    entries = entries.replace(b"DATA", struct.pack("<I", start + len(extra)))
    head = b"II*\0" + struct.pack("<IH", 8, len(tags))
    second, behind = b"", bytes(4)
    if jpeg:
        place = start + len(extra) + len(data)
        behind = struct.pack("<I", place)
        second = struct.pack("<H", 2)
        for tag, value in ((513, place + 2 + 2 * 12 + 4), (514, len(jpeg))):
            second += struct.pack("<HHII", tag, 4, 1, value)
        second += bytes(4) + jpeg
    path.write_bytes(head + entries + behind + extra + data + second)


def test_a_raw_photo_is_developed_in_full_depth(tmp_path: Path):
    pytest.importorskip("rawpy")
    mosaic = np.zeros((64, 96), np.uint16)
    mosaic[::2, ::2] = 40_000  # behind the red filters
    mosaic[1::2, 1::2] = 2_000
    write_dng(tmp_path / "photo.dng", mosaic)
    photo = Photo.read(tmp_path / "photo.dng")
    assert photo.kind == "RGB;16"
    red, green, blue = photo.rgb8[20:40, 20:70].reshape(-1, 3).mean(0)
    assert red > 2 * max(green, blue)
    assert Image.open(io.BytesIO(photo.encode(".tif"))).size == photo.size
    (tmp_path / "bad.nef").write_bytes(b"II*\0" + bytes(400))
    with pytest.raises(PhotoError, match=r"bad\.nef is a damaged camera raw file[^']*\.$"):
        Photo.read(tmp_path / "bad.nef")


def test_a_raw_photo_brings_the_cameras_own_picture(tmp_path: Path):
    pytest.importorskip("rawpy")
    small = io.BytesIO()
    Image.fromarray(smooth()).save(small, "JPEG")
    path = tmp_path / "photo.dng"
    entry = camera.camera_format(path)
    write_dng(path, np.full((64, 96), 9_000, np.uint16), small.getvalue())
    found = Image.open(io.BytesIO(camera.embedded_picture(path, entry)))
    assert np.array_equal(np.asarray(found), np.asarray(Image.open(small)))
    exif = Image.open(io.BytesIO(Photo.read(path).encode(".tif"))).getexif()
    assert exif[MODEL] == "Model"  # which the raw developer takes from the file itself
    write_dng(path, np.full((64, 96), 9_000, np.uint16))
    assert camera.embedded_picture(path, entry) == b""
    path.write_bytes(b"II*\0" + bytes(400))
    with pytest.raises(PhotoError, match=r"photo\.dng is a damaged"):
        camera.embedded_picture(path, entry)


def test_a_missing_decoder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(camera._MODULES, "RAW", "no_such_package")
    (tmp_path / "a.dng").write_bytes(b"II*\0")
    entry = camera.camera_format(tmp_path / "a.DNG")
    assert entry is not None
    assert camera.missing(entry)
    with pytest.raises(PhotoError) as raised:
        Photo.read(tmp_path / "a.dng")
    assert "--extras photos" in raised.value.hint


def bytes_of_export(photo: Photo, suffix: str, **wanted: int) -> bytes:
    data, told = exported(photo, suffix, **wanted)
    assert told == ()
    return data


@pytest.mark.parametrize("large", [("xmp",), ("exif",), ("xmp", "exif")])
def test_metadata_that_an_export_has_no_place_for_are_left_out_and_named(large: tuple[str, ...]):
    exif = with_exif()
    exif[0x010E] = "d" * 70_000 if "exif" in large else "short"
    xmp = b"<x>" + b"y" * (70_000 if "xmp" in large else 9) + b"</x>"
    photo = Photo(smooth(), "RGB", info={"exif": exif.tobytes(), "xmp": xmp})
    data, told = exported(photo, ".jpg", quality=90)
    names = ", ".join(name.upper() for name in large)
    assert told == (f"JPEG has no place for some metadata of this photo: {names}.",)
    again = Photo.from_bytes(data)
    assert {"xmp", "exif"} - set(again.info) == set(large)
    assert bytes_of_export(photo, ".png", quality=90)


def test_an_export_is_small_upright_and_keeps_exif(tmp_path: Path):
    exif = with_exif()
    exif[0x0112] = 6  # lies on its side
    Image.fromarray(smooth(400, 300)).save(tmp_path / "a.jpg", exif=exif.tobytes(), quality=95)
    photo = Photo.read(tmp_path / "a.jpg")
    assert photo.size == (300, 400)
    small, large = (bytes_of_export(photo, ".jpg", quality=q, longest=200) for q in (40, 95))
    assert len(small) < len(large)
    picture = Image.open(io.BytesIO(large))
    assert picture.size == (150, 200)
    assert picture.getexif()[MODEL] == "Camera 3"
    assert picture.getexif().get(0x0112, 1) == 1
    assert Image.open(io.BytesIO(bytes_of_export(photo, ".webp", quality=90))).size == (300, 400)
    assert Image.open(io.BytesIO(bytes_of_export(photo, ".png", quality=90, longest=9_000))).size == (
        300,
        400,
    )
    with pytest.raises(PhotoError, match="not exported as"):
        bytes_of_export(photo, ".gif", quality=90)


def test_an_export_shows_what_is_seen_of_transparent_grey_and_deep_photos():
    clear = np.dstack([smooth(), np.zeros((64, 96), np.uint8)])
    jpeg = bytes_of_export(Photo.from_image(Image.fromarray(clear)), ".jpg", quality=95)
    assert np.asarray(Image.open(io.BytesIO(jpeg))).min() > 250
    webp = Image.open(
        io.BytesIO(bytes_of_export(Photo.from_image(Image.fromarray(clear)), ".webp", quality=95))
    )
    assert np.asarray(webp)[..., 3].max() == 0
    grey = Photo.from_image(Image.fromarray(smooth()[..., 0]))
    assert Image.open(io.BytesIO(bytes_of_export(grey, ".jpg", quality=95))).mode == "L"
    deep = Photo(smooth().astype(np.uint16) * 257, "RGB;16")
    again = np.asarray(Image.open(io.BytesIO(bytes_of_export(deep, ".png", quality=95))))
    assert np.array_equal(again, smooth())


@pytest.mark.parametrize("suffix", [".heic", ".jxl", ".dng"])
def test_a_pipe_and_a_huge_file_are_refused_whatever_they_are_called(tmp_path: Path, suffix: str):
    os.mkfifo(tmp_path / f"pipe{suffix}")
    with (tmp_path / f"huge{suffix}").open("wb") as file:
        file.truncate(30 * 2**30)
    for name, said in (("pipe", "a device"), ("huge", "too large")):
        with pytest.raises(PhotoError, match=said):
            Photo.read(tmp_path / f"{name}{suffix}")
