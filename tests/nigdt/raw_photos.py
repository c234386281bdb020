"""Photo files written byte by byte, as no encoder would write them."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 30, 44
RANDOM = np.random.default_rng(5)


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
