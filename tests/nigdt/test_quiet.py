"""Decoders' own lines: none reaches the standard error stream, and nothing else is kept from it."""

from __future__ import annotations

import io
import logging
import os
import random
import struct
import sys
import threading
import warnings
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from nigdt.errors import PhotoError
from nigdt.photo import png
from nigdt.photo.photo import Photo
from nigdt.photo.quiet import quiet_decoders

NOISE = np.random.default_rng(0).integers(0, 65536, (48, 48, 3), np.uint16)


def _file(kind: str) -> bytes:
    if kind in (".png", ".tif"):
        return cv2.imencode(kind, NOISE)[1].tobytes()
    buffer = io.BytesIO()
    image = Image.fromarray((NOISE >> 8).astype(np.uint8))
    image.convert("1" if kind == "group4" else "RGB").save(buffer, "TIFF", compression=kind)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["tiff_lzw", "tiff_adobe_deflate", "jpeg", "group4", ".tif", ".png"])
def test_decoders_of_damaged_pictures_print_nothing(kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    whole, dice = _file(kind), random.Random(3)
    refused = 0
    for turn in range(40):
        damaged = bytearray(whole)
        for _ in range(dice.choice([1, 3, 20])):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        try:
            Photo.from_bytes(bytes(damaged[: dice.randrange(8, len(damaged))] if turn % 3 == 0 else damaged))
        except PhotoError:
            refused += 1
    assert refused > 5
    assert capfd.readouterr() == ("", "")


HEADER = struct.pack(">IIBBBBB", 48, 48, 16, 2, 0, 0, 0)
ROWS = b"".join(b"\0" + row.astype(">u2").tobytes() for row in NOISE)
PACKED = zlib.compress(ROWS)


def _png(header: bytes = HEADER, packed: bytes = PACKED, *between: tuple[bytes, bytes]) -> bytes:
    chunks = [(b"IHDR", header), *between, (b"IDAT", packed), (b"IEND", b"")]
    return png.SIGNATURE + b"".join(png.chunk(name, body) for name, body in chunks)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (_png(packed=PACKED[:-4] + bytes(4)), "incorrect data check"),
        (_png(packed=bytes(2) + PACKED[2:]), "unknown compression method"),
        (_png(packed=b"\x78\x20" + PACKED[2:]), "cannot be unpacked"),
        (_png(packed=zlib.compress(ROWS[:-9])), "fewer samples"),
        (_png(packed=PACKED[:99]), "fewer samples"),
        (_png(packed=b""), "fewer samples"),
        (_png(packed=zlib.compress(b"\5" + ROWS[1:])), "unknown filter"),
        (_png(HEADER[:-1] + b"\7"), "unknown method"),
        (_png(HEADER[:-3] + b"\1\0\0"), "unknown method"),
        (_png(struct.pack(">II", 1_000_001, 1) + HEADER[8:], zlib.compress(bytes(6_000_007))), "1,000,000"),
    ],
)
def test_wrong_samples_of_a_deep_png_are_named_and_nothing_is_printed(
    data: bytes, why: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PhotoError, match=why):
        Photo.from_bytes(data, "a.png")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "data",
    [
        _png(packed=PACKED + b"more"),
        _png(packed=zlib.compress(ROWS + bytes(99))),
        _png(HEADER, PACKED, (b"tRNS", bytes(8))),
        _png(HEADER, PACKED, (b"IHDR", HEADER)),
        _png() + b"behind the end",
    ],
)
def test_what_a_deep_png_has_too_much_of_is_passed_over_and_nothing_is_printed(
    data: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    assert np.array_equal(Photo.from_bytes(data, "a.png").samples, NOISE)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 9), (40, 33)])
def test_interlaced_deep_pngs_are_read(size: tuple[int, int]) -> None:
    noise = NOISE[: size[0], : size[1]]
    passes = [noise[y::down, x::across] for x, y, across, down in png.PASSES]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for one in passes if one.size for row in one)
    data = _png(struct.pack(">IIBBBBB", size[1], size[0], 16, 2, 0, 0, 1), zlib.compress(rows))
    assert np.array_equal(Photo.from_bytes(data, "a.png").samples, noise)


def test_what_others_write_meanwhile_is_seen(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    with quiet_decoders():
        warnings.warn("Warned.", stacklevel=1)
        print("Printed.", file=sys.stderr)
        os.write(2, b"Written.\n")
        logging.getLogger("another").warning("Logged.")
    assert [str(one.message) for one in recwarn] == ["Warned."]
    assert caplog.messages == ["Logged."]
    assert {"Printed.", "Written."} <= set(capfd.readouterr().err.splitlines())


def test_threads_that_overlap_leave_everything_as_it_was() -> None:
    before = Image.MAX_IMAGE_PIXELS, list(warnings.filters), list(logging.getLogger("PIL").handlers)
    first_left, both_in = threading.Event(), threading.Event()

    def second() -> None:
        with quiet_decoders():
            both_in.set()
            assert first_left.wait(10)
            limits.append(Image.MAX_IMAGE_PIXELS)

    limits: list[int | None] = []
    thread = threading.Thread(target=second)
    with quiet_decoders():
        thread.start()
        assert both_in.wait(10)
    first_left.set()
    thread.join(10)
    assert limits == [None], "the first to leave does not set the limit for the second"
    after = Image.MAX_IMAGE_PIXELS, list(warnings.filters), list(logging.getLogger("PIL").handlers)
    assert after == before
