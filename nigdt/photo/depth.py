"""How many bits the samples of an AVIF or JPEG XL file have, of which Pillow gives eight. No torch.

Such files consist of boxes (ISO 14496-12). In an AVIF, the properties of all pictures lie in one list, and
the list of associations says which of them are the main picture's (ISO 23008-12). In a JPEG XL, the header
of the codestream says it (ISO 18181-1, annex D).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

__all__ = ["avif_bits", "jxl_bits"]

_JXL_CODESTREAM = b"\xff\x0a"
_JXL_HEADER = 64  # bytes, more than what is read of it


def avif_bits(data: bytes) -> int:
    """Return the bits per channel of an AVIF file's main picture; 8 where the file does not say.

    Args:
        data: The file.
    """
    try:
        meta = _child(data, b"meta", 0, len(data))
        start, end = meta[0] + 4, meta[1]
        main = _main_item(data, *_child(data, b"pitm", start, end))
        properties = _child(data, b"iprp", start, end)
        listed = list(_boxes(data, *_child(data, b"ipco", *properties)))
        numbers = _associated(data, *_child(data, b"ipma", *properties), main)
        bits = [_bits(data, *listed[number - 1]) for number in numbers if 0 < number <= len(listed)]
    except (LookupError, struct.error):
        return 8
    return max([8, *bits])


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name of each box, and where its body starts and ends."""
    while start + 8 <= end:
        (length,) = struct.unpack_from(">I", data, start)
        head = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, start + 8)
            head = 16
        stop = start + length if length else end
        if (length and length < head) or stop > end:
            return
        yield data[start + 4 : start + 8], start + head, stop
        start = stop


def _child(data: bytes, name: bytes, start: int, end: int) -> tuple[int, int]:
    for found, *body in _boxes(data, start, end):
        if found == name:
            return body[0], body[1]
    raise LookupError(f"There is no box {name!r}.")


def _main_item(data: bytes, start: int, end: int) -> int:
    return int.from_bytes(data[start + 4 : end])


def _associated(data: bytes, start: int, end: int, wanted: int) -> list[int]:
    """Return the numbers of an item's properties, from 1."""
    version, wide = data[start], data[start + 3] & 1
    (entries,) = struct.unpack_from(">I", data, start + 4)
    at, item_bytes, number_bytes = start + 8, 4 if version else 2, 2 if wide else 1
    for _ in range(entries):
        item = int.from_bytes(data[at : at + item_bytes])
        count = data[at + item_bytes]
        at += item_bytes + 1
        if at > end:
            break
        if item == wanted:
            mask = 0x7FFF if wide else 0x7F  # the highest bit says that a reader must know it
            places = range(at, at + count * number_bytes, number_bytes)
            return [int.from_bytes(data[place : place + number_bytes]) & mask for place in places]
        at += count * number_bytes
    return []


def _bits(data: bytes, name: bytes, start: int, end: int) -> int:
    """Return the bits that a property says; 0 for one that says none."""
    if name == b"pixi":
        return max(data[start + 5 : end], default=0)
    if name == b"av1C" and data[start + 2] & 0x40:  # high_bitdepth, twelve_bit
        return 12 if data[start + 2] & 0x20 else 10
    return 0


def jxl_bits(data: bytes) -> int:
    """Return the bits per channel of a JPEG XL file; 8 where it does not say, or moves.

    Args:
        data: The file.
    """
    if not data.startswith(_JXL_CODESTREAM):
        bodies = (
            data[(at := start + 4 * (name == b"jxlp")) : at + _JXL_HEADER]  # whose pieces are numbered
            for name, start, _ in _boxes(data, 0, len(data))
            if name in (b"jxlc", b"jxlp")
        )
        data = next(bodies, b"")
    if not data.startswith(_JXL_CODESTREAM):
        return 8
    bits = _Bits(data[2:_JXL_HEADER])
    bits.skip_size()
    if bits.take(1):  # all as usual
        return 8
    if bits.take(1):
        bits.take(3)  # orientation
        if bits.take(1):
            bits.skip_size()
        if bits.take(2):  # a preview, an animation
            return 8
    usual = (32, 16, 24) if bits.take(1) else (8, 10, 12)  # floating point or whole numbers
    kind = bits.take(2)
    return usual[kind] if kind < len(usual) else 1 + bits.take(6)


class _Bits:
    """Numbers of some bits each, the lowest bit first; zeros beyond the end."""

    def __init__(self, data: bytes) -> None:
        self._rest = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        value = self._rest & ((1 << count) - 1)
        self._rest >>= count
        return value

    def skip_size(self) -> None:
        """Pass over a height and a width."""
        small = self.take(1)
        self._skip_side(small)
        if self.take(3) == 0:  # no usual ratio of the sides
            self._skip_side(small)

    def _skip_side(self, small: int) -> None:
        self.take(5 if small else (9, 13, 18, 30)[self.take(2)])
