"""Metadata so damaged that no decoder opens the picture: it is opened without them, and they are named."""

from __future__ import annotations

import io
import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from nigdt.errors import PhotoError
from nigdt.photo.photo import Photo
from tests.nigdt.raw_photos import HEIGHT, WIDTH, basics, exif, noise, tiff

PIXELS = noise(3)
ROWS = b"".join(b"\0" + row.tobytes() for row in PIXELS)


def chunk(name: bytes, body: bytes, wrong: bool = False) -> bytes:
    checksum = zlib.crc32(name + body) ^ wrong
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)


def png(before: bytes = b"", after: bytes = b"", colour: int = 2, rows: bytes = ROWS) -> bytes:
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, colour, 0, 0, 0)
    return b"".join([
        *(b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), before, chunk(b"IDAT", zlib.compress(rows)), after),
        chunk(b"IEND", b""),
    ])  # fmt: skip


HUGE = zlib.compress(b"a" * 3_000_000)
CHUNKS = {
    "resolution": (b"pHYs", struct.pack(">IIB", 2835, 2835, 1)),
    "gamma": (b"gAMA", struct.pack(">I", 45455)),
    "chromaticity": (b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
    "rendering intent": (b"sRGB", b"\0"),
    "colour profile": (b"iCCP", b"name\0\0" + zlib.compress(b"profile")),
    "transparency": (b"tRNS", b"\0\1\0\2\0\3"),
    "chunk bKGD": (b"bKGD", b"\0\1\0\1\0\1"),
    "chunk zTXt": (b"zTXt", b"Comment\0\0" + zlib.compress(b"words")),
    "chunk iTXt": (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x/>"),
}
PNGS = {
    **{f"{name}, wrong checksum": (png(chunk(*body, wrong=True)), name) for name, body in CHUNKS.items()},
    **{
        f"{name}, cut": (png(chunk(body[0], body[1][:2])), name)
        for name, body in CHUNKS.items()
        if name.partition(" ")[0] not in ("chunk", "rendering")
    },
    "resolution behind the pixels, cut": (png(after=chunk(b"pHYs", b"\0")), "resolution"),
    "gamma of zero": (png(chunk(b"gAMA", bytes(4))), "gamma"),
    "animation, cut": (png(chunk(b"acTL", b"\0")), "animation"),
    "profile too large": (png(chunk(b"iCCP", b"name\0\0" + HUGE)), "colour profile"),
    "XMP too large": (png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + HUGE)), "chunk iTXt"),
    "text of no known packing": (png(chunk(b"zTXt", b"Comment\0\7words")), "chunk zTXt"),
    "texts too large together": (
        png(chunk(b"zTXt", b"C\0\0" + zlib.compress(b"a" * 1_000_000)) * 70),
        "text",
    ),
}  # fmt: skip


@pytest.mark.parametrize("flaw", PNGS)
def test_a_pngs_damaged_chunk_is_left_out_and_named(flaw: str) -> None:
    data, named = PNGS[flaw]
    photo = Photo.from_bytes(data, "a.png")
    np.testing.assert_array_equal(photo.rgb8, PIXELS)
    assert named in photo.notices[0]
    assert Photo.from_bytes(photo.encode(".tif")).notices == ()


def test_what_is_whole_beside_a_damaged_chunk_is_kept() -> None:
    whole = chunk(*CHUNKS["resolution"]) + chunk(*CHUNKS["chunk iTXt"])
    photo = Photo.from_bytes(png(whole + chunk(*CHUNKS["gamma"], wrong=True)))
    assert photo.info["dpi"] == pytest.approx((72, 72), abs=0.1)
    assert photo.info["xmp"] == b"<x/>"
    assert "gamma" not in photo.info


def test_damaged_pixels_are_still_refused() -> None:
    for data in (png(rows=ROWS[:-9]), png()[:-40], png(chunk(*CHUNKS["gamma"], wrong=True))[:-40]):
        with pytest.raises(PhotoError, match="damaged"):
            Photo.from_bytes(data)


def test_a_key_of_more_bits_than_the_samples_have_counts_with_those_bits() -> None:
    grey = np.tile(np.arange(WIDTH, dtype=np.uint8), (HEIGHT, 1))
    rows = b"".join(b"\0" + row.tobytes() for row in grey)
    photo = Photo.from_bytes(png(chunk(b"tRNS", b"\1\5"), colour=0, rows=rows))
    np.testing.assert_array_equal(photo.alpha8, np.where(grey == 5, 0, 255))
    np.testing.assert_array_equal(Photo.from_bytes(photo.encode(".png")).alpha8, photo.alpha8)
    coloured = Photo.from_bytes(png(chunk(b"tRNS", b"\xff\xff" * 3)))
    assert coloured.key == (255, 255, 255)
    assert Photo.from_bytes(coloured.encode(".png")).key == (255, 255, 255)


def segment(marker: int, body: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


SEGMENTS = {
    "JFIF": segment(0xE0, b"JFIF\0"),
    "colour profile": segment(0xE2, b"ICC_PROFILE\0"),
    "Adobe's segment": segment(0xEE, b"Adobe"),
}


@pytest.mark.parametrize("named", SEGMENTS)
def test_a_jpegs_damaged_segment_is_left_out_and_named(named: str) -> None:
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "JPEG", quality=95, exif=exif(6))
    plain = buffer.getvalue()
    photo = Photo.from_bytes(plain[:2] + SEGMENTS[named] + plain[2:], "a.jpg")
    np.testing.assert_array_equal(photo.rgb8, Photo.from_bytes(plain).rgb8)
    assert photo.orientation == 6
    assert named in photo.notices[0]


TAGS = {
    "resolution as text": ({282: (65, 66, 0)}, {282: 2}, "XResolution"),
    "description beyond the end": ({270: (1, 2, 3)}, {270: 4}, "ImageDescription"),
}


@pytest.mark.parametrize("flaw", TAGS)
def test_a_tiffs_damaged_tag_is_left_out_and_named(flaw: str) -> None:
    tags, types, named = TAGS[flaw]
    data = bytearray(tiff(basics(3, 8, 2) | tags, PIXELS.tobytes(), types))
    if "beyond" in flaw:
        (start,) = struct.unpack_from("<I", data, 4)
        entry = data.index(struct.pack("<HH", 270, 4), start)
        struct.pack_into("<I", data, entry + 8, 0x7FFFFFFF)
    photo = Photo.from_bytes(bytes(data), "a.tif")
    np.testing.assert_array_equal(photo.rgb8, PIXELS)
    assert named in photo.notices[0]


@pytest.mark.parametrize("following", [4, 2**31, 2**32 - 1])
def test_a_tiff_that_points_to_no_second_picture_holds_one(following: int) -> None:
    data = bytearray(tiff(basics(3, 8, 2), PIXELS.tobytes()))
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    struct.pack_into("<I", data, start + 2 + 12 * count, following)
    np.testing.assert_array_equal(Photo.from_bytes(bytes(data)).rgb8, PIXELS)


@pytest.mark.parametrize(
    "second",
    [
        basics(1, 1, 4),  # a mask
        basics(3, 32, 2) | {339: (3, 3, 3)},  # floating-point numbers
        basics(5, 8, 5),
    ],
    ids=["mask", "float", "inks"],
)
def test_a_second_picture_of_a_kind_that_is_not_read_is_not_passed_over(second: dict) -> None:
    data = bytearray(tiff(basics(3, 8, 2), PIXELS.tobytes()))
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    struct.pack_into("<I", data, start + 2 + 12 * count, len(data))
    entries = b"".join(
        struct.pack("<HHIHH", tag, 3, 1, values[0], 0) for tag, values in sorted(second.items())
    )
    data += struct.pack("<H", len(second)) + entries + bytes(4)
    with pytest.raises(PhotoError, match="several pictures"):
        Photo.from_bytes(bytes(data), "a.tif")


def test_a_preview_is_not_taken_for_the_picture_stored_below_it() -> None:
    data = tiff(basics(3, 8, 2) | {254: (1,), 330: (8,)}, PIXELS.tobytes(), {330: 4})
    with pytest.raises(PhotoError, match="preview"):
        Photo.from_bytes(data, "a.tif")


def test_a_palette_that_is_missing_is_named_and_one_that_is_too_short_changes_no_pixel() -> None:
    index = np.tile(np.arange(6, dtype=np.uint8), (HEIGHT, WIDTH))[:, :WIDTH]
    rows = b"".join(b"\0" + row.tobytes() for row in index)
    for none in (b"", chunk(b"PLTE", b"")):
        with pytest.raises(PhotoError, match="palette is missing"):
            Photo.from_bytes(png(none, colour=3, rows=rows), "a.png")
    photo = Photo.from_bytes(png(chunk(b"PLTE", bytes([200, 10, 20, 30, 40, 250])), colour=3, rows=rows))
    assert set(photo.rgb8[:, 2:6].ravel()) == {0}  # beyond the palette
    for suffix in (".png", ".tif", ".gif", ".bmp"):
        np.testing.assert_array_equal(Photo.from_bytes(photo.encode(suffix), f"a{suffix}").rgb8, photo.rgb8)


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".avif", ".png"])
def test_a_turned_photo_with_xmp_goes_into_a_tiff_with_both(suffix: str) -> None:
    info = {"exif": exif(6), "xmp": b"<x/>"}
    photo = Photo.from_bytes(Photo(PIXELS, "RGB", orientation=6, info=info).encode(suffix), f"a{suffix}")
    assert photo.orientation == 6
    again = Photo.from_bytes(photo.encode(".tif"))
    assert again.size == photo.size
    assert again.info["xmp"] == b"<x/>"
    made = Image.Exif()
    made.load(again.info["exif"])
    assert made[0x010F] == "A maker"


def test_a_pngs_colour_space_is_kept_or_the_format_refused() -> None:
    wide = bytes([9, 16, 0, 1])
    photo = Photo.from_bytes(png(chunk(b"cICP", wide)))
    assert Photo.from_bytes(photo.encode(".png")).info["cicp"] == wide
    for suffix in (".jpg", ".tif", ".webp"):
        with pytest.raises(PhotoError, match="colour space would be lost"):
            photo.encode(suffix)
    usual = Photo.from_bytes(png(chunk(b"cICP", bytes([1, 13, 0, 1]))))
    assert Photo.from_bytes(usual.encode(".jpg")).size == (WIDTH, HEIGHT)


def test_tiffs_with_channels_or_numbers_of_another_meaning_are_refused() -> None:
    four, four16, five = noise(4).tobytes(), noise(4, np.uint16).tobytes(), noise(5).tobytes()
    refused = {
        "a stored selection": tiff(basics(4, 8, 2) | {338: (0,)}, four),
        "a stored selection, 16 bits": tiff(basics(4, 16, 2) | {338: (0,)}, four16),
        "alpha and another": tiff(basics(5, 8, 2) | {338: (2, 0)}, five),
    }
    for data in refused.values():
        with pytest.raises(PhotoError, match="neither colour nor transparency"):
            Photo.from_bytes(data, "a.tif")
    for channels, meaning in ((1, 1), (3, 2)):
        signed = tiff(basics(channels, 8, meaning) | {339: (2,) * channels}, noise(channels).tobytes())
        with pytest.raises(PhotoError, match=r"signed|not read"):
            Photo.from_bytes(signed, "a.tif")


def test_a_tiff_that_says_its_bits_once_keeps_all_of_them() -> None:
    deep = noise(3, np.uint16)
    photo = Photo.from_bytes(tiff(basics(3, 16, 2) | {258: (16,)}, deep.tobytes()))
    assert photo.kind == "RGB;16"
    np.testing.assert_array_equal(photo.samples, deep)


def test_a_tiffs_palette_of_8_bit_numbers_is_not_black() -> None:
    values = np.arange(768) % 251
    photo = Photo.from_bytes(tiff(basics(1, 8, 3) | {320: tuple(values)}, noise().tobytes()))
    np.testing.assert_array_equal(photo.rgb8, values.reshape(3, 256).T[photo.samples])


def test_a_tga_whose_colours_are_multiplied_by_its_alpha_is_refused() -> None:
    head = struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, WIDTH, HEIGHT, 32, 0x28)
    body = head + noise(4).tobytes()
    for kind, refused in ((3, False), (4, True)):
        area = struct.pack("<H", 495) + bytes(492) + bytes([kind])
        data = body + area + struct.pack("<II", len(body), 0) + b"TRUEVISION-XFILE.\0"
        if refused:
            with pytest.raises(PhotoError, match="multiplied by its alpha"):
                Photo.from_bytes(data, "a.tga")
        else:
            assert Photo.from_bytes(data, "a.tga").kind == "RGBA"


@pytest.mark.parametrize("channels", [2, 4])
@pytest.mark.parametrize("declared", ["bits", "area"])
def test_a_tgas_channel_that_is_not_called_alpha_is_dropped_or_refused(channels: int, declared: str) -> None:
    bits = 0x20 if declared == "bits" else 0x28
    kind = 3 if channels == 2 else 2
    head = struct.pack("<BBBHHBHHHHBB", 0, 0, kind, 0, 0, 0, 0, 0, WIDTH, HEIGHT, 8 * channels, bits)
    samples = noise(channels)
    area = struct.pack("<H", 495) + bytes(492) + b"\x01" if declared == "area" else b""
    end = area + struct.pack("<II", len(head) + samples.size if area else 0, 0) + b"TRUEVISION-XFILE.\0"
    with pytest.raises(PhotoError, match="does not declare to be transparency"):
        Photo.from_bytes(head + samples.tobytes() + end, "a.tga")
    samples[..., -1] = 0  # as programs leave it that have no alpha
    photo = Photo.from_bytes(head + samples.tobytes() + end, "a.tga")
    assert photo.kind == ("L" if channels == 2 else "RGB")
    seen = samples[..., 0] if channels == 2 else samples[..., 2::-1]
    np.testing.assert_array_equal(photo.samples, seen)
    assert photo.alpha8 is None


def test_pieces_without_number_are_not_tried_one_by_one() -> None:
    wrong = chunk(b"tEXt", b"a\0b", wrong=True)
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "JPEG")
    jpeg = buffer.getvalue()
    many = dict.fromkeys(range(50_000, 60_000), (1,))
    refused = (
        png(wrong * 200_000),
        jpeg[:2] + SEGMENTS["JFIF"] + segment(0xFE, b"") * 200_000 + jpeg[2:],
        tiff(basics(3, 8, 2) | {282: (65, 0)} | many, PIXELS.tobytes(), {282: 2}),
        png()[:25] + b"\x09" + png()[26:],
    )
    started = time.process_time()
    for data in refused:
        with pytest.raises(PhotoError):
            Photo.from_bytes(data)
    odd = tiff(basics(3, 8, 2) | {274: (54, 0)} | many, PIXELS.tobytes(), {274: 2})
    np.testing.assert_array_equal(Photo.from_bytes(odd).rgb8, PIXELS)
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        (basics(3, 32, 2) | {339: (3,) * 3}, "3 channels of 32-bit floating-point samples"),
        (basics(1, 64, 1) | {339: (6,)}, "1 channel of 64-bit complex samples"),
        (basics(1, 24, 1), "1 channel of 24-bit samples"),
        (basics(3, 8, 2) | {259: (50002,)}, "3 channels of 8-bit samples, packed by method 50002"),
    ],
)
def test_a_tiff_of_a_kind_that_no_decoder_knows_says_what_it_is(tags: dict, told: str) -> None:
    data = tiff(tags, bytes(HEIGHT * WIDTH * 24))
    with pytest.raises(PhotoError) as caught:
        Photo.from_bytes(data, "a.tif")
    assert caught.value.message == (f"a.tif is a damaged TIFF file, or of a kind that is not read ({told}).")
    assert "8 or 16 bits" in caught.value.hint


@pytest.mark.parametrize(
    "data",
    [
        b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0" + bytes(40),
        b"II*\0\xff\xff\xff\x7f" + bytes(40),
        b"MM\0*\0\0\0\x08\xff\xff" + b"\1\2" * 40,
        png()[:8] + png()[33:],
        b"\xff\xd8\xff\xe0" + bytes(30),
    ],
)
def test_what_no_decoder_identifies_is_told_in_words(data: bytes) -> None:
    with pytest.raises(PhotoError, match=r"is a damaged .* file, or of a kind that is not read") as caught:
        Photo.from_bytes(data, "a.tif")
    assert "Error" not in caught.value.message
