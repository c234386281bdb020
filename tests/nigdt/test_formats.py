"""What each format holds, found by a round trip; and that nothing else is opened."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from nigdt.box import Box
from nigdt.errors import PhotoError
from nigdt.photo.formats import FORMATS, PhotoFormat, of_suffix
from nigdt.photo.photo import Photo
from nigdt.photo.samples import Palette

HEIGHT, WIDTH = 30, 44
RANDOM = np.random.default_rng(5)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
SUFFIXES = [entry.suffixes[0] for entry in FORMATS]


def noise(channels: int = 1, dtype: Any = np.uint8) -> np.ndarray:
    """Blocks of four pixels, which lossy formats keep well enough to be told apart."""
    shape = (HEIGHT // 2, WIDTH // 4, channels) if channels > 1 else (HEIGHT // 2, WIDTH // 4)
    blocks = RANDOM.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    return np.repeat(np.repeat(blocks, 2, 0), 4, 1)


def exif(orientation: int) -> bytes:
    made = Image.Exif()
    made[0x0112] = orientation
    made[0x010F] = "A maker"
    return made.tobytes()


def palette(alpha: list[int]) -> Palette:
    colours = np.zeros((256, 3), np.uint8)
    colours[:8] = RANDOM.integers(0, 256, (8, 3))
    table = np.full(256, 255, np.uint8)
    table[: len(alpha)] = alpha
    return Palette(colours, table, 8)


def with_key(kind: str, key: Any, channels: int = 1, dtype: Any = np.uint8) -> Photo:
    samples = noise(channels, dtype) > 127 if kind == "1" else noise(channels, dtype)
    samples[:8, :16] = key
    return Photo(samples, kind, info={"transparency": 255 * key if kind == "1" else key})


def photos() -> dict[str, Photo]:
    """Photos of every kind, and of every way to be transparent, turned, tagged."""
    indices = (noise() % 8).astype(np.uint8)
    found = {
        "1": Photo(noise() > 127, "1"),
        "L": Photo(noise(), "L"),
        "LA": Photo(noise(2), "LA"),
        "RGB": Photo(noise(3), "RGB"),
        "RGBA": Photo(noise(4), "RGBA"),
        "CMYK": Photo(noise(4), "CMYK"),
        "I;16": Photo(noise(1, np.uint16), "I;16"),
        "LA;16": Photo(noise(2, np.uint16), "LA;16"),
        "RGB;16": Photo(noise(3, np.uint16), "RGB;16"),
        "RGBA;16": Photo(noise(4, np.uint16), "RGBA;16"),
        "P": Photo(indices, "P", palette=palette([])),
        "P, one clear": Photo(indices, "P", palette=palette([255, 255, 0]), info={"transparency": 2}),
        "P, table": Photo(
            indices, "P", palette=palette([0, 90, 180]), info={"transparency": bytes([0, 90, 180])}
        ),
        "1, key": with_key("1", 1),
        "L, key": with_key("L", 99),
        "RGB, key": with_key("RGB", (9, 8, 7), 3),
        "I;16, key": with_key("I;16", 4000, 1, np.uint16),
        "sRGB": Photo(noise(3), "RGB", info={"icc_profile": SRGB}),
        "profile": Photo(noise(3), "RGB", info={"icc_profile": LAB}),
        "resolution": Photo(noise(3), "RGB", info={"dpi": (300.0, 240.0)}),
        "linear": Photo(noise(3), "RGB", info={"gamma": 1.0}),
    }
    for turn in (3, 6, 7):
        for kind, channels, dtype in (("RGB", 3, np.uint8), ("L", 1, np.uint8), ("RGB;16", 3, np.uint16)):
            found[f"{kind}, turned {turn}"] = Photo(
                noise(channels, dtype), kind, orientation=turn, info={"exif": exif(turn)}
            )
    return found


PHOTOS = photos()


def seen(photo: Photo) -> np.ndarray:
    """What a viewer shows: RGBA, 8 bits."""
    alpha = np.full(photo.rgb8.shape[:2], 255, np.uint8) if photo.alpha8 is None else photo.alpha8
    return np.dstack([photo.rgb8, alpha])


HELD = {
    "1": ".png .jpg .tif .webp .bmp .gif .ppm .tga .avif",
    "L": ".png .jpg .tif .webp .bmp .gif .ppm .tga .avif",
    "LA": ".png .tif .webp .tga .avif",
    "RGB": ".png .jpg .tif .webp .bmp .ppm .tga .avif",
    "RGBA": ".png .tif .webp .tga .avif",
    "CMYK": ".jpg .tif",
    "I;16": ".png .tif .ppm",
    "LA;16": ".png",
    "RGB;16": ".png .tif",
    "RGBA;16": ".png .tif",
    "P": ".png .jpg .tif .bmp .gif .tga .avif",
    "P, one clear": ".png .gif",
    "P, table": ".png",
    "1, key": ".png .gif",
    "L, key": ".png .gif",
    "RGB, key": ".png",
    "I;16, key": ".png",
    "sRGB": ".png .jpg .tif .webp .bmp .ppm .tga .avif",
    "profile": ".png .jpg .tif .webp .avif",
    "resolution": ".png .jpg .tif .webp .bmp .avif",
    "linear": ".png",
}
"""What each format must hold; all else must be refused. A turned photo goes where a straight one goes."""


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", PHOTOS)
def test_what_a_format_does_not_hold_is_refused_and_the_rest_comes_back(name: str, suffix: str) -> None:
    photo, wanted = PHOTOS[name], of_suffix(suffix)
    assert wanted is not None
    if suffix not in HELD[name.partition(", turned")[0]].split():
        with pytest.raises(PhotoError, match=rf"^{wanted.title} cannot hold this photo \(.+\): .+\."):
            photo.encode(suffix)
        return
    data = photo.encode(suffix)
    again = Photo.from_bytes(data, f"a{suffix}")
    assert again.size == photo.size
    if wanted.lossless:
        np.testing.assert_array_equal(seen(again), seen(photo))
    else:
        apart = np.abs(seen(again).astype(float) - seen(photo)).mean(axis=(0, 1))
        assert apart.max() < 40, "noise suffers, but less than by a turn"
        assert apart[3] < 4
    if photo.kind.endswith("16") and photo.orientation == 1:
        np.testing.assert_array_equal(again.samples, photo.samples)
    if photo.kind == "P" and wanted.lossless:
        assert again.kind == "P"
    if "dpi" in photo.info:
        assert again.info["dpi"] == pytest.approx(photo.info["dpi"], abs=0.5)
    if photo.info.get("icc_profile") == LAB:
        assert again.info["icc_profile"] == LAB
    if suffix == ".png":  # Pillow alone reads it alike: no private understanding of the format
        with Image.open(io.BytesIO(data)) as image:
            alone = np.asarray(image.convert("RGBA"))[..., 3]
        if photo.orientation == 1 and name != "I;16, key":  # of which Pillow's own view knows no key
            np.testing.assert_array_equal(alone, seen(photo)[..., 3])


@pytest.mark.parametrize("kind", ["1, key", "L, key", "RGB, key", "I;16, key"])
def test_a_key_means_the_same_pixels_after_a_fill(kind: str) -> None:
    photo = PHOTOS[kind]
    box = Box(4, 2, 30, 24)
    fill = np.broadcast_to(photo.rgb8[0, 0], (24, 30, 3))  # the transparent colour itself
    changed = photo.paste(box, fill, np.ones((24, 30)))
    np.testing.assert_array_equal(changed.alpha8, photo.alpha8)
    np.testing.assert_array_equal(Photo.from_bytes(changed.encode(".png")).alpha8, photo.alpha8)


def png(header: tuple[int, ...], rows: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", *header)),
        *chunks,
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )


@pytest.mark.parametrize("depth", [2, 4])
def test_the_key_of_grey_with_few_bits_is_that_of_its_samples(depth: int) -> None:
    values = np.arange(8) % 2**depth
    bits = "".join(f"{value:0{depth}b}" for value in values)
    data = png((8, 1, depth, 0, 0, 0, 0), b"\0" + int(bits, 2).to_bytes(depth, "big"), (b"tRNS", b"\0\2"))
    photo = Photo.from_bytes(data)
    np.testing.assert_array_equal(photo.alpha8, [np.where(values == 2, 0, 255)])
    np.testing.assert_array_equal(Photo.from_bytes(photo.encode(".png")).alpha8, photo.alpha8)


def test_the_key_of_deep_colour_becomes_alpha() -> None:
    values = noise(3, np.uint16)
    values[:8, :16] = key = (9, 800, 40_000)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    chunk = (b"tRNS", struct.pack(">3H", *key))
    photo = Photo.from_bytes(png((WIDTH, HEIGHT, 16, 2, 0, 0, 0), rows, chunk))
    np.testing.assert_array_equal(photo.samples[..., :3], values)
    np.testing.assert_array_equal(photo.alpha8, np.where((values == key).all(-1), 0, 255))


def tiff(tags: dict[int, tuple[int, ...]], samples: bytes, types: dict[int, int] | None = None) -> bytes:
    """A one-strip TIFF with the tags given, all SHORT unless said otherwise."""
    entries = {**tags, 273: (8,), 279: (len(samples),)}
    kinds = {273: 4, 279: 4, **(types or {})}
    size = {2: 1, 3: 2, 4: 4, 5: 8}
    at = 8 + len(samples) + len(samples) % 2
    spill, table, extra = at + 2 + 12 * len(entries) + 4, b"", b""
    for tag in sorted(entries):
        kind = kinds.get(tag, 3)
        form = {2: "B", 3: "H", 4: "I", 5: "I"}[kind]
        value = struct.pack(f"<{len(entries[tag])}{form}", *entries[tag])
        count = len(value) // size[kind]
        if len(value) > 4:
            value, extra = struct.pack("<I", spill + len(extra)), extra + value + b"\0" * (len(value) % 2)
        table += struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")
    body = samples + b"\0" * (len(samples) % 2)
    return (
        b"II*\0" + struct.pack("<I", at) + body + struct.pack("<H", len(entries)) + table + b"\0" * 4 + extra
    )


def basics(channels: int, bits: int, meaning: int) -> dict[int, tuple[int, ...]]:
    layout = {256: (WIDTH,), 257: (HEIGHT,), 258: (bits,) * channels, 259: (1,)}
    return layout | {262: (meaning,), 277: (channels,), 278: (HEIGHT,)}


def test_tiffs_whose_samples_mean_something_else_are_right_or_refused() -> None:
    deep = noise(3, np.uint16)
    plain = Photo.from_bytes(tiff(basics(3, 16, 2), deep.tobytes()))
    np.testing.assert_array_equal(plain.samples, deep)
    planes = np.ascontiguousarray(deep.transpose(2, 0, 1)).tobytes()
    four, four8 = noise(4, np.uint16), noise(4)
    refused = {
        "separate planes": tiff(basics(3, 16, 2) | {284: (2,)}, planes),
        "associated alpha": tiff(basics(4, 16, 2) | {338: (1,)}, four.tobytes()),
        "multiplied by its alpha": tiff(basics(4, 8, 2) | {338: (1,)}, four8.tobytes()),
        "RGB and grey": tiff(basics(4, 16, 5), four.tobytes()),
        "12 bits": tiff(basics(1, 12, 1), bytes(HEIGHT * WIDTH * 3 // 2)),
    }
    for words, data in refused.items():
        with pytest.raises(PhotoError, match=words) as caught:
            Photo.from_bytes(data, "a.tif")
        assert "\n" not in str(caught.value)
    for bits, dtype in ((8, np.uint8), (16, np.uint16)):
        grey = noise(1, dtype)
        inverted = Photo.from_bytes(tiff(basics(1, bits, 0), grey.tobytes()))
        np.testing.assert_array_equal(inverted.samples, np.iinfo(dtype).max - grey)
        again = Photo.from_bytes(inverted.encode(".tif"))
        np.testing.assert_array_equal(again.samples, inverted.samples)


@pytest.mark.parametrize("largest", [65535, 1000])
def test_deep_ppm_is_read_with_all_its_bits_or_refused(largest: int) -> None:
    values = np.minimum(noise(3, np.uint16), largest)
    data = b"P6\n%d %d\n%d\n" % (WIDTH, HEIGHT, largest) + values.astype(">u2").tobytes()
    if largest != 65535:
        with pytest.raises(PhotoError, match="whole range"):
            Photo.from_bytes(data)
        return
    photo = Photo.from_bytes(data)
    np.testing.assert_array_equal(photo.samples, values)
    grey = Photo.from_bytes(b"P5\n%d %d\n65535\n" % (WIDTH, HEIGHT) + values[..., 0].astype(">u2").tobytes())
    np.testing.assert_array_equal(grey.samples, values[..., 0])


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
    photo = Photo(noise(3), "RGB", orientation=6, info={"exif": made.tobytes(), "xmp": b"x" * 70_000})
    (notice,) = photo.check_save(tmp_path / "a.jpg")
    assert "MakerNote" in notice or "EXIF" in notice
    photo.save(tmp_path / "a.jpg")
    again = Photo.read(tmp_path / "a.jpg")
    assert again.size == photo.size
    assert photo.check_save(tmp_path / "a.png") == ()


def test_saving_is_checked_before_the_work(tmp_path: Path) -> None:
    photo = PHOTOS["RGB"]
    (tmp_path / "protected.png").write_bytes(b"precious")
    (tmp_path / "protected.png").chmod(0o444)
    for path, words in {
        "protected.png": "write-protected",
        "missing/a.png": "No such file",
        "x" * 253 + ".png": "too long",
        "a.gif": "cannot hold",
        "a.xyz": "not written as .xyz",
        "a": "without an ending",
    }.items():
        with pytest.raises(PhotoError, match=words):
            photo.check_save(tmp_path / path)
    wide = Photo(np.zeros((1, 20_000), np.uint8), "L")
    with pytest.raises(PhotoError, match="16,383"):
        wide.check_save(tmp_path / "a.webp")
    assert [path.name for path in tmp_path.iterdir()] == ["protected.png"]


@pytest.mark.parametrize("wanted", FORMATS, ids=lambda wanted: wanted.name)
def test_the_longest_side_is_what_the_encoder_takes(wanted: PhotoFormat) -> None:
    if wanted.largest > 100_000:
        pytest.skip("no side that is read is longer")
    if wanted.name == "AVIF":
        pytest.skip("takes minutes")
    image = Image.new("L", (wanted.largest, 1))
    image.save(io.BytesIO(), wanted.name)
    with pytest.raises(Exception, match=r".+"):
        Image.new("L", (wanted.largest + 1, 1)).save(io.BytesIO(), wanted.name)


def timed(path: Path) -> str:
    """The one line with which a file is refused, within a second of work."""
    began = time.process_time()
    with pytest.raises(PhotoError) as caught:
        Photo.read(path)
    assert time.process_time() - began < 1
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices of POSIX")
def test_what_is_no_picture_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with (tmp_path / "sparse.png").open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.truncate(30 * 2**30)
    with (tmp_path / "zeros.png").open("wb") as file:
        file.truncate(30 * 2**30)
    (tmp_path / "folder.png").mkdir()
    assert "a device" in timed(tmp_path / "pipe.png")
    assert "a device" in timed(Path("/dev/zero"))
    assert "too large" in timed(tmp_path / "sparse.png")
    assert "not a picture" in timed(tmp_path / "zeros.png")
    assert "directory" in timed(tmp_path / "folder.png")


def test_bombs_are_refused_at_once(tmp_path: Path) -> None:
    side = 15_800
    rows = bytes((side // 8 + 1) * side)
    (tmp_path / "bomb.png").write_bytes(png((side, side, 1, 0, 0, 0, 0), rows))
    assert "bomb" in timed(tmp_path / "bomb.png")
    frame = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), (number % 256, number // 256, 9)) for number in range(2000)]
    frames[0].save(frame, "GIF", save_all=True, append_images=frames[1:], duration=10)
    (tmp_path / "many.gif").write_bytes(frame.getvalue())
    assert "several pictures" in timed(tmp_path / "many.gif")


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"


def test_no_file_starts_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow's own reader of EPS starts Ghostscript, whatever the file is called."""
    log = tmp_path / "started"
    for name in ("gs", "gswin64c"):
        (tmp_path / name).write_text(f"#!/bin/sh\ntouch {log}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "holiday.png").write_bytes(EPS)
    program = (
        "import sys; from PIL import EpsImagePlugin, Image; from nigdt.photo.photo import Photo\n"
        "try: Photo.read(sys.argv[1])\nexcept Exception as error: print(error)\n"
        "if len(sys.argv) > 2:\n try: Image.open(sys.argv[1]).load()\n except Exception: pass\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "holiday.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "not a picture of a format that is read" in done.stdout
    assert not log.exists()
    if sys.platform != "win32":
        subprocess.run([*command, "and Pillow's way"], capture_output=True, text=True, check=True)
        assert log.exists(), "the trap works"


@pytest.mark.parametrize("name", ["PCX", "ICNS", "DDS", "SGI", "ICO", "JPEG2000", "PDF", "SPIDER"])
def test_undocumented_formats_are_not_decoded(name: str, tmp_path: Path) -> None:
    image, buffer = Image.fromarray(noise()), io.BytesIO()
    Image.init()
    image.save(buffer, name)
    (tmp_path / "a.png").write_bytes(buffer.getvalue())
    assert "not a picture of a format that is read" in timed(tmp_path / "a.png")


@pytest.mark.parametrize("wanted", FORMATS, ids=lambda wanted: wanted.name)
def test_every_format_is_known_by_its_first_bytes(wanted: PhotoFormat, tmp_path: Path) -> None:
    data = PHOTOS["L"].encode(wanted.suffixes[0])
    if wanted.signatures:
        np.testing.assert_array_equal(Photo.from_bytes(data).size, PHOTOS["L"].size)
    for suffix in wanted.suffixes:
        assert of_suffix(suffix.upper()) is wanted
        assert Photo.from_bytes(data, f"a{suffix}").size == PHOTOS["L"].size


def test_opencv_reads_what_is_written_of_deep_photos() -> None:
    for name in ("RGB;16", "RGBA;16"):
        for suffix in (".png", ".tif"):
            data = np.frombuffer(PHOTOS[name].encode(suffix), np.uint8)
            decoded = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
            order = [2, 1, 0, 3][: decoded.shape[2]]
            np.testing.assert_array_equal(decoded[..., order], PHOTOS[name].samples)


def documented(wanted: PhotoFormat) -> str:
    """The row of docs/panel.md that says what a format holds."""

    def held(*names: str) -> str:
        return "yes" if all(wanted.suffixes[0] in HELD[name].split() for name in names) else "no"

    palette = held("P") if wanted.lossless else "no"
    cells = [held("L", "RGB"), held("RGBA"), palette, held("RGB;16"), held("CMYK"), held("profile")]
    return f"| {wanted.title} | {', '.join(wanted.suffixes)} | {' | '.join(cells)} | {held('resolution')} |"


def test_the_documentation_says_what_each_format_holds() -> None:
    page = (Path(__file__).parents[2] / "docs" / "panel.md").read_text(encoding="utf-8")
    table = "\n".join(documented(wanted) for wanted in FORMATS)
    assert f"| Resolution |\n|{'---|' * 9}\n{table}\n" in page, table
