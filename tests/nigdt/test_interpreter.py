"""What takes long lets other threads run in between."""

from __future__ import annotations

import sys
import threading
import time
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from nigdt.box import Box
from nigdt.interpreter import compressed, hand_over_soon, pieces
from nigdt.photo import provenance
from nigdt.photo.photo import Photo
from nigdt.recipe import Recipe

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems tell no thread's own clock")


@pytest.fixture(autouse=True)
def _handed_over_soon():
    before = sys.getswitchinterval()
    hand_over_soon()
    yield
    sys.setswitchinterval(before)


def longest_hold(work: Callable[[], object]) -> float:
    """Return for how long, in processor time, a thread works at most between two turns of this one."""
    found = []
    for _ in range(5):  # this thread may have to wait for a processor too
        started, ended = threading.Event(), threading.Event()

        def run(started: threading.Event = started, ended: threading.Event = ended) -> None:
            started.wait()
            work()
            ended.wait()

        thread = threading.Thread(target=run)
        thread.start()
        clock = time.pthread_getcpuclockid(thread.ident)
        before = time.clock_gettime(clock)
        started.set()
        longest, idle = 0.0, 0
        while idle < 100:
            time.sleep(0.0002)
            now = time.clock_gettime(clock)
            idle = idle + 1 if now == before else 0
            longest, before = max(longest, now - before), now
        ended.set()
        thread.join()
        found.append(longest)
    return min(found)


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (300, 400, 3)).astype(np.uint8)


def test_pieces_are_all_of_it():
    data = bytes(range(256)) * 10_000
    assert b"".join(pieces(data)) == data
    assert b"".join([data[:8], *pieces(data, 8)]) == data


@pytest.mark.parametrize("data", [b"", b"a" * 100, bytes(range(256)) * 20_000])
def test_compressing_by_pieces_loses_nothing(data: bytes):
    assert zlib.decompress(b"".join(compressed(memoryview(data), 4))) == data


def test_a_record_in_a_large_file_leaves_room_for_others(noise: np.ndarray):
    photo = Photo.from_image(Image.fromarray(noise))
    fills = [provenance.DrawnFill(Box(0, 0, 10, 10), Recipe("a bird"))]
    data = photo.encode(".tif") + bytes(100_000_000)  # which readers do not look at
    assert provenance.read_record(provenance.stamped(data, fills)) == fills
    copied = longest_hold(lambda: data + b"added")
    assert longest_hold(lambda: provenance.stamped(data, fills)) < copied / 3
