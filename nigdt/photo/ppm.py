"""Where the one picture of a PPM, PGM or PBM file ends. No torch.

Netpbm's programs write several pictures one behind the other, with nothing between them. Pillow reads the
first and passes over the others.
"""

from __future__ import annotations

import re

from PIL import Image

__all__ = ["HEADER", "is_followed"]

HEADER = re.compile(rb"P([14]|[2356])(?:(?:\s|#[^\r\n]*[\r\n])+\d{1,10}){2,3}\s")
_LONGEST_HEADER = 65_536
_LINE_END = re.compile(rb"[\r\n]")
_MOST_COMMENTS = 1000
_PLAIN = (b"P1", b"P2", b"P3")


def is_followed(image: Image.Image, data: bytes) -> bool:
    """Tell whether another picture follows the first one.

    Args:
        image: The file as Pillow opened it, not yet loaded.
        data: The file.
    """
    start = image.tile[0][2]  # type: ignore[attr-defined]
    if data.startswith(_PLAIN):
        # Numbers hold no letter. They may stand without a space in a P1, so the pixels are not counted.
        at = _letter(data, start)
        return at >= 0 and HEADER.match(data[at : at + _LONGEST_HEADER]) is not None
    end = start + _raster_bytes(image)
    return HEADER.match(data[end : end + _LONGEST_HEADER].lstrip()) is not None


def _raster_bytes(image: Image.Image) -> int:
    if image.mode == "1":
        return (image.width + 7) // 8 * image.height
    arguments = image.tile[0][3]  # type: ignore[attr-defined]
    largest = arguments[-1] if isinstance(arguments, tuple) else 255
    wide = image.mode == "I" or (isinstance(largest, int) and largest > 255)
    return image.width * image.height * len(image.getbands()) * (2 if wide else 1)


def _letter(data: bytes, start: int) -> int:
    """Return where the first P outside a comment is; -1 without one, or behind too many comments."""
    for _ in range(_MOST_COMMENTS):
        at = data.find(b"P", start)
        line = max(start, data.rfind(b"\n", start, at) + 1, data.rfind(b"\r", start, at) + 1)
        if at < 0 or b"#" not in data[line:at]:
            return at
        end = _LINE_END.search(data, at)
        if end is None:
            return -1
        start = end.end()
    return -1
