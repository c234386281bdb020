"""What each format holds, found by a round trip."""

from __future__ import annotations

import io
import struct
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
from tests.nigdt.raw_photos import HEIGHT, RANDOM, WIDTH, basics, exif, noise, png, tiff

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
SUFFIXES = [entry.suffixes[0] for entry in FORMATS]


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
        assert apart[3] == 0
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
    changed = photo.paste(box, fill, np.ones((24, 30)), covers=kind == "1, key")
    np.testing.assert_array_equal(changed.alpha8, photo.alpha8)
    np.testing.assert_array_equal(Photo.from_bytes(changed.encode(".png")).alpha8, photo.alpha8)


TRANSPARENT = [kind for kind, photo in PHOTOS.items() if photo.alpha8 is not None and photo.kind != "1"]


@pytest.mark.parametrize("kind", TRANSPARENT)
def test_a_fill_covers_what_is_transparent(kind: str) -> None:
    photo = PHOTOS[kind]
    photo = photo.with_samples(np.roll(photo.samples, 5, 1))
    box, weight = Box(4, 2, 30, 24), np.ones((24, 30))
    weight[:, :10] = 0.25
    changed = photo.paste(box, np.full((24, 30, 3), 200.0), weight, covers=True)
    back = Photo.from_bytes(changed.encode(".png"))
    before, after, kept = (one.alpha8[box.slices] for one in (photo, changed, back))
    assert (before < 255).any()
    assert (after[:, 10:] == 255).all()
    assert (after >= before).all()
    np.testing.assert_array_equal(after, kept)
    clear = before == 0
    clear[:, :10] = False
    assert (
        np.abs(changed.rgb8[box.slices][clear].astype(int) - 200).max(initial=0) <= 55
    )  # not what lay below


@pytest.mark.parametrize("more", [0, 16, 256 + 64])  # bits that the samples do not have
@pytest.mark.parametrize("depth", [2, 4])
def test_the_key_of_grey_with_few_bits_is_that_of_its_samples(depth: int, more: int) -> None:
    values = np.arange(8) % 2**depth
    bits = "".join(f"{value:0{depth}b}" for value in values)
    data = png(
        (8, 1, depth, 0, 0, 0, 0),
        b"\0" + int(bits, 2).to_bytes(depth, "big"),
        (b"tRNS", (more + 2).to_bytes(2, "big")),
    )
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
        "inks": tiff(basics(4, 8, 5) | {332: (2,)}, four8.tobytes()),
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


@pytest.mark.parametrize("wanted", FORMATS, ids=lambda wanted: wanted.name)
def test_every_format_is_known_by_its_first_bytes(wanted: PhotoFormat, tmp_path: Path) -> None:
    photo = PHOTOS["L" if wanted.suffixes[0] in HELD["L"].split() else "RGB"]
    data = photo.encode(wanted.suffixes[0])
    if wanted.signatures:
        assert Photo.from_bytes(data).size == photo.size
    for suffix in wanted.suffixes:
        assert of_suffix(suffix.upper()) is wanted
        assert Photo.from_bytes(data, f"a{suffix}").size == photo.size


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
