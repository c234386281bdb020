"""Python's interpreter in programs whose threads have to answer at once."""

from __future__ import annotations

import gc
import sys
import zlib
from collections.abc import Iterator

__all__ = ["compressed", "hand_over_soon", "leave_alone", "pieces"]

_SWITCH_SECONDS = 0.001
_PIECE = 2**20
"""Bytes that are copied in a third of a millisecond, during which no other thread runs."""


def hand_over_soon() -> None:
    """Let a thread keep the interpreter's lock for 1 ms while another waits for it, instead of 5.

    A fill passes it on forty times, in the daemon and in the panel.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)


def leave_alone() -> None:
    """Leave all that there is now out of every collection of garbage.

    Call this once a program has started. What its modules made stays to the end, and a collection that looks
    through all of it holds every thread up: the panel's for 24 ms, on a busy machine for longer.
    """
    gc.collect()
    gc.freeze()


def pieces(data: bytes, start: int = 0) -> Iterator[bytes]:
    """Yield bytes a piece at a time, for `b"".join`, which lets other threads run.

    A slice or a sum of many megabytes does not, for as long as they are copied: 50 ms and more.

    Args:
        data: The bytes.
        start: Where to begin.
    """
    for place in range(start, len(data), _PIECE):
        yield data[place : place + _PIECE]


def compressed(data: memoryview, level: int) -> Iterator[bytes]:
    """Yield what `zlib.compress` returns a piece at a time: it would put them together for itself.

    Args:
        data: A view of bytes.
        level: 0 to 9.
    """
    compressor = zlib.compressobj(level)
    for place in range(0, len(data), _PIECE):
        yield compressor.compress(data[place : place + _PIECE])
    yield compressor.flush()
