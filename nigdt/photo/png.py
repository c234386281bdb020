"""The chunks that a PNG file consists of, read, checked and written. No torch."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

__all__ = ["PASSES", "SIGNATURE", "checked", "chunk", "walk"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_KEY_BYTES = {0: 2, 2: 6}  # of a transparent colour, by colour type
_LONGEST_SIDE = 1_000_000  # libpng's own limit
_FILTERS = 5
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Adam7: first column and row of each pass, and steps between its columns and rows."""


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


def checked(data: bytes) -> bytes:
    """Return a PNG of the same samples with nothing in it that libpng would print a line about.

    libpng writes to the standard error stream by itself, and OpenCV gives no way to keep it from that. So
    everything that it finds fault with is found here, and chunks that say nothing of the samples are left
    out. The samples are stored uncompressed, since the next decoder is to be quick.

    Args:
        data: A PNG, not of palette entries.

    Raises:
        ValueError: It cannot be decoded; says what is damaged.
    """
    header, key, packed, ended = b"", b"", [], False
    for name, start, end in walk(data):
        if name not in (b"IHDR", b"tRNS", b"IDAT", b"IEND"):
            continue
        if not data.startswith(chunk(name, data[start:end]), start - 8):
            raise ValueError(f"its {name.decode()} has a wrong checksum")
        if name == b"IEND":
            ended = True
            break
        if name == b"IHDR":
            header = header or data[start:end]
        elif name == b"tRNS":
            key = key or data[start:end]
        else:
            packed.append(data[start:end])
    if not ended:
        raise ValueError("its end is missing")
    rows = _rows(header)
    samples = _unpacked(packed, sum(count * length for count, length in rows))
    at = 0
    for count, length in rows:
        if max(samples[at : at + count * length : length], default=0) >= _FILTERS:
            raise ValueError("a row has an unknown filter")
        at += count * length
    keys = [chunk(b"tRNS", key)] if len(key) == _KEY_BYTES.get(header[9]) else []
    body = [chunk(b"IHDR", header), *keys, chunk(b"IDAT", zlib.compress(samples, 0)), chunk(b"IEND", b"")]
    return SIGNATURE + b"".join(body)


def _rows(header: bytes) -> list[tuple[int, int]]:
    """Return how many rows each pass has, and a row's bytes with that of its filter."""
    if len(header) != struct.calcsize(">IIBBBBB"):
        raise ValueError("its header is incomplete")
    width, height, depth, colours, compression, filters, interlaced = struct.unpack(">IIBBBBB", header)
    if colours not in _CHANNELS or compression or filters or interlaced > 1:
        raise ValueError("its header names an unknown method")
    if not 0 < width <= _LONGEST_SIDE or not 0 < height <= _LONGEST_SIDE:
        raise ValueError(f"its sides are not 1 to {_LONGEST_SIDE:,} pixels")
    passes = PASSES if interlaced else ((0, 0, 1, 1),)
    rows = []
    for left, top, across, down in passes:
        columns, lines = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and lines > 0:
            rows.append((lines, 1 + (columns * _CHANNELS[colours] * depth + 7) // 8))
    return rows


def _unpacked(packed: list[bytes], length: int) -> bytes:
    """Return so many bytes of samples; what is packed behind them is not looked at, as libpng does."""
    decoder = zlib.decompressobj()
    try:
        samples = decoder.decompress(b"".join(packed), length)
        if len(samples) == length and not decoder.eof:
            decoder.decompress(decoder.unconsumed_tail, 1)  # the checksum
    except zlib.error as error:
        raise ValueError(f"its samples cannot be unpacked ({error})") from None
    if len(samples) < length:
        raise ValueError("it holds fewer samples than its header says")
    return samples
