"""Pictures whose damaged metadata no decoder opens: the same without what is damaged. No torch.

A flaw in metadata is none of the picture. What is damaged is found by trying: each piece of metadata is put
into a tiny picture, and left out where Pillow does not open that.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable

from PIL import Image

from nigdt.photo import png
from nigdt.photo.metadata import STORAGE, tag_name
from nigdt.photo.quiet import quiet_decoders

__all__ = ["without_flaws"]

_PNG_NAMES = {
    b"cHRM": "chromaticity",
    b"eXIf": "EXIF",
    b"gAMA": "gamma",
    b"iCCP": "colour profile",
    b"pHYs": "resolution",
    b"sRGB": "rendering intent",
    b"tRNS": "transparency",
}
_PNG_ANIMATION = frozenset({b"acTL", b"fcTL", b"fdAT"})
_PNG_TEXT = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_JPEG_NAMES = {
    0xE0: "JFIF",
    0xE1: "EXIF or XMP",
    0xE2: "colour profile",
    0xED: "IPTC",
    0xEE: "Adobe's segment",
}
_COMMENT, _SCAN = 0xFE, 0xDA
_MOST_PIECES = 300
"""Pieces of metadata that are tried at most; no photo has so many."""
_TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_TIFF_RESOLUTION = frozenset({282, 283})
_TIFF_NUMBERS = frozenset({3, 4, 5, 8, 9, 10, 11, 12})
_TIFF_DESCRIBES = frozenset({282, 283, 296, 700, 33723, 34377, 34675, 37724})
"""Tags of `STORAGE` that say nothing of how the samples are stored."""


def without_flaws(data: bytes) -> tuple[bytes, list[str]]:
    """Leave out what is damaged of a picture's metadata.

    Args:
        data: A PNG, JPEG or TIFF file that cannot be decoded.

    Returns:
        The file without it, and the names of what was left out; the file itself and none where nothing
        helps.
    """
    try:
        with quiet_decoders():
            if data.startswith(png.SIGNATURE):
                return _png(data)
            if data.startswith(b"\xff\xd8\xff"):
                return _jpeg(data)
            if data[:4] in (b"II*\0", b"MM\0*"):
                return _tiff(data)
    except (struct.error, ValueError, LookupError, zlib.error):
        pass  # it is damaged elsewhere, too, or has more pieces than any photo
    return data, []


def _check_number(pieces: int) -> None:
    if pieces > _MOST_PIECES:
        raise ValueError("it has more pieces of metadata than any photo")


def _opens(data: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(data), formats=["PNG", "JPEG", "TIFF"]) as image:
            if image.format != "TIFF":
                image.load()
            image.getexif()
    except Exception:  # Pillow raises a dozen types
        return False
    return True


def _png(data: bytes) -> tuple[bytes, list[str]]:
    chunks, rest = _chunks(data)
    header = chunks[0][1]
    depth, colour = header[8], header[9]
    row = b"\0" + bytes((_CHANNELS[colour] * depth + 7) // 8)
    tiny = [(b"IHDR", struct.pack(">II", 1, 1) + header[8:12] + b"\0")]
    tiny += [(name, body) for name, body, _ in chunks if name == b"PLTE"]
    pixels = [(b"IDAT", zlib.compress(row))]
    end = [(b"IEND", b"")]
    left_out: list[str] = []
    bad: set[bytes] = set()
    for name, body, whole in chunks:
        if name == b"acTL" and not (whole and _opens(_assembled([*tiny, (name, body), *pixels, *end]))):
            bad |= _PNG_ANIMATION
    kept, behind = [], False
    for name, body, whole in chunks:
        behind = behind or name == b"IDAT"
        if name[0] & 0x20 and name not in _PNG_ANIMATION:
            around = [*pixels, (name, body)] if behind else [(name, body), *pixels]
            if not whole or not _opens(_assembled([*tiny, *around, *end])):
                left_out.append(_PNG_NAMES.get(name, f"chunk {name.decode('ascii', 'replace')}"))
                continue
            if name in _PNG_TEXT and not body.startswith(
                (b"XML:com.adobe.xmp\0", b"Raw profile type exif\0")
            ):
                continue  # is carried in no case, and a sum of many is refused
        elif name in bad:
            if name == b"acTL":
                left_out.append("animation")
            continue
        kept.append((name, body, whole))
    parts = [png.chunk(name, body, wrong=not whole) for name, body, whole in kept]
    return b"".join([png.SIGNATURE, *parts, rest]), left_out or ["text"]


def _chunks(data: bytes) -> tuple[list[tuple[bytes, bytes, bool]], bytes]:
    """Chunks with name, body and whether the checksum is right, as far as they are whole; and the rest."""
    found, behind, pieces = [], len(png.SIGNATURE), 0
    for name, start, end in png.walk(data):
        pieces += bool(name[0] & 0x20)
        _check_number(pieces)
        body, behind = data[start:end], end + 4
        (checksum,) = struct.unpack_from(">I", data, end)
        found.append((name, body, checksum == zlib.crc32(body, zlib.crc32(name))))
    return found, data[behind:]


def _assembled(chunks: Iterable[tuple[bytes, bytes]]) -> bytes:
    return png.SIGNATURE + b"".join(png.chunk(name, body) for name, body in chunks)


def _jpeg(data: bytes) -> tuple[bytes, list[str]]:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG")
    tiny = buffer.getvalue()
    kept, at = [data[:2]], 2
    left_out: list[str] = []
    while data[at] == 0xFF and data[at + 1] != _SCAN:
        _check_number(len(kept) + len(left_out))
        if data[at + 1] == 0xFF:  # filling
            at += 1
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        segment = data[at : at + 2 + length]
        marker = segment[1]
        if (marker in range(0xE0, 0xF0) or marker == _COMMENT) and not _opens(tiny[:2] + segment + tiny[2:]):
            left_out.append(_JPEG_NAMES.get(marker, f"segment {marker:02X}"))
        else:
            kept.append(segment)
        at += 2 + length
    return b"".join([*kept, data[at:]]), left_out


def _tiff(data: bytes) -> tuple[bytes, list[str]]:
    order = "<" if data[:2] == b"II" else ">"
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, start)
    places = range(start + 2, start + 2 + 12 * count, 12)
    entries = {struct.unpack_from(f"{order}H", data, place)[0]: data[place : place + 12] for place in places}
    (following,) = struct.unpack_from(f"{order}I", data, start + 2 + 12 * count)
    _check_number(count)
    describing = [tag for tag in entries if tag not in STORAGE or tag in _TIFF_DESCRIBES]

    def without(tags: Iterable[int]) -> bytes:
        kept = [entry for tag, entry in entries.items() if tag not in tags]
        directory = struct.pack(f"{order}H", len(kept)) + b"".join(kept)
        directory += struct.pack(f"{order}I", following)
        return data[:start] + directory + data[start + len(directory) :]

    bad = [tag for tag in describing if not _readable(entries[tag], order, len(data), tag)]
    if not bad or not _opens(without(bad)):
        more = [tag for tag in describing if tag not in bad]
        one = next((tag for tag in more if _opens(without([*bad, tag]))), None)
        bad += more if one is None else [one]
    return without(bad), [tag_name(tag) for tag in bad]


def _readable(entry: bytes, order: str, size: int, tag: int) -> bool:
    """Tell whether a tag's value lies in the file, and is a number where it is to be one."""
    _, kind, count, place = struct.unpack(f"{order}HHII", entry)
    length = _TIFF_SIZES.get(kind, size + 1) * count
    if tag in _TIFF_RESOLUTION and kind not in _TIFF_NUMBERS:
        return False
    return length <= 4 or place + length <= size
