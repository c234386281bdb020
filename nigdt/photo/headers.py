"""Files that would keep Pillow busy for minutes, told at once. No torch.

Some of Pillow's readers go on byte by byte, or piece by piece, in Python, however long that takes. No photo's
header has so many pieces, or so much between them.
"""

from __future__ import annotations

from nigdt.photo import png, ppm

__all__ = ["keeps_busy"]

_MOST_PIECES = 20_000
_MOST_JUNK = 65_536  # bytes between two pieces
_MOST_RUNS = 10_000_000  # bytes
_JPEG_ALONE = frozenset({0x00, 0x01, *range(0xD0, 0xDA), 0xFF})  # markers without a length
_JPEG_FRAME_OR_SCAN = frozenset({*range(0xC0, 0xD0), 0xDA}) - {0xC4, 0xC8, 0xCC}
_GIF_EXTENSION, _GIF_PICTURE = 0x21, 0x2C


def keeps_busy(data: bytes, name: str) -> bool:
    """Tell whether a file goes on as no photo's does.

    Args:
        data: The whole file.
        name: Pillow's name of its format.
    """
    looks = {"JPEG": _jpeg, "PNG": _png, "PPM": _ppm, "GIF": _gif, "BMP": _bmp}
    try:
        return name in looks and looks[name](data)
    except IndexError:  # it ends before its header does, which Pillow says
        return False


def _jpeg(data: bytes) -> bool:
    at = 2
    for _ in range(_MOST_PIECES):
        found = data.find(b"\xff", at, at + _MOST_JUNK)
        if found < 0:
            return len(data) > at + _MOST_JUNK
        marker = data[found + 1]
        if marker in _JPEG_FRAME_OR_SCAN:
            return False
        at = found + (1 if marker == 0xFF else 2)
        if marker not in _JPEG_ALONE:
            at += max(int.from_bytes(data[at : at + 2]), 2)
    return True


def _png(data: bytes) -> bool:
    most = _MOST_PIECES + len(data) // 1024
    return any(number > most for number, _ in enumerate(png.walk(data)))


def _bmp(data: bytes) -> bool:
    """Look for run-length codes, of which Pillow reads a million a second."""
    return data[30] in (1, 2) and len(data) > _MOST_RUNS


def _ppm(data: bytes) -> bool:
    return len(data) > _MOST_JUNK and ppm.HEADER.match(data[:_MOST_JUNK]) is None


def _gif(data: bytes) -> bool:
    """Look as far as behind the first picture, where Pillow looks for a second one."""
    at = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    pieces, most, pictures = 0, _MOST_PIECES + len(data) // 128, 0
    while pictures < 2:
        start = at
        while data[at] not in (_GIF_EXTENSION, _GIF_PICTURE, 0x3B):
            at += 1
            if at - start > _MOST_JUNK:
                return True
        if data[at] == 0x3B:
            return False
        if data[at] == _GIF_PICTURE:
            pictures += 1
            flags = data[at + 9]
            at += 11 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
        else:
            at += 2
        while data[at]:  # blocks of at most 255 bytes
            at += data[at] + 1
            pieces += 1
            if pieces > most:
                return True
        at += 1
    return False
