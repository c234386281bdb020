"""What a JPEG file holds behind its photo: phones put previews, depth maps, gain maps and films there."""

from __future__ import annotations

import re

__all__ = ["has_more_behind"]

_SCAN = 0xDA
_PICTURE = b"\xff\xd8\xff"
_FILM = re.compile(rb"\0\0\0.ftyp", re.DOTALL)


def has_more_behind(data: bytes) -> bool:
    """Return whether a second picture or a film follows the photo in a JPEG file.

    Args:
        data: The whole file.
    """
    at = 2
    while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] != bytes(
        [_SCAN]
    ):  # pictures in the EXIF do not count
        at += 1 if data[at + 1 : at + 2] == b"\xff" else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    # Among the photo's own samples neither can stand: 0xFF is followed by 0 there, or by a marker of its own.
    return data.find(_PICTURE, at) >= 0 or (
        data.find(b"ftyp", at) >= 0 and _FILM.search(data, at) is not None
    )
