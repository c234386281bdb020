"""The chunks that a PNG file consists of, read and written. No torch."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

__all__ = ["SIGNATURE", "chunk", "walk"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def walk(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name of each whole chunk and where its body starts and ends, up to the first cut-off one.

    The checksum is the four bytes behind the body; nothing is checked against it.
    """
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        start, end = at + 8, at + 8 + length
        if end + 4 > len(data):
            return
        yield data[at + 4 : start], start, end
        at = end + 4


def chunk(name: bytes, body: bytes, *, wrong: bool = False) -> bytes:
    """Return a chunk's bytes, with a wrong checksum if that is wanted."""
    checksum = zlib.crc32(body, zlib.crc32(name)) ^ wrong
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)
