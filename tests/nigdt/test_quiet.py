"""Decoders' own lines: none reaches the standard error stream, and nothing else is kept from it."""

from __future__ import annotations

import io
import logging
import os
import random
import sys
import threading
import warnings

import cv2
import numpy as np
import pytest
from PIL import Image

from nigdt.errors import PhotoError
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
