"""Where XMP lies in a JPEG: one segment, and the segments of an extension for what that has no room for.

The extension is that of the XMP specification, part 3, 1.1.3.1: the packet names it by its digest.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable

__all__ = ["EXTENDED", "LONGEST", "digest", "extension", "is_extension", "segments", "taken"]

EXTENDED = "http://ns.adobe.com/xmp/note/ HasExtendedXMP"
"""Namespace and name of the property by which a packet names its extension."""
LONGEST = 65_502
"""Bytes of the packet in its segment."""
_PACKET = b"http://ns.adobe.com/xap/1.0/\x00"
_EXTENSION = b"http://ns.adobe.com/xmp/extension/\x00"
_PORTION = 65_400  # bytes of an extension in one segment


def taken(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Take the packet out of a file, and its extension.

    Args:
        data: The file.

    Returns:
        The packet, without the space that it holds for whom it lacks; what stands before the place for a
        packet, which is behind JFIF and EXIF; and the rest of the file.
    """
    own, position, before = b"", 2, [data[:2]]
    while data[position : position + 2] in (b"\xff\xe0", b"\xff\xe1"):
        (length,) = struct.unpack_from(">H", data, position + 2)
        segment = data[position : position + 2 + length]
        if segment.startswith(_PACKET, 4):
            own = segment[4 + len(_PACKET) :]
        elif not segment.startswith(_EXTENSION, 4):
            before.append(segment)
        position += len(segment)
    own, end, behind = own.rpartition(b"<?xpacket end")
    own = own.rstrip() + end + behind if end else behind
    return own, b"".join(before), data[position:]


def digest(packet: bytes) -> str:
    """Return by what a packet names its extension."""
    return hashlib.md5(packet, usedforsecurity=False).hexdigest().upper()


def segments(packet: bytes, extended: bytes = b"") -> bytes:
    """Return the segments that hold a packet of at most `LONGEST` bytes, and its extension."""
    bodies = [_PACKET + packet]
    for at in range(0, len(extended), _PORTION):
        head = _EXTENSION + digest(extended).encode() + struct.pack(">II", len(extended), at)
        bodies.append(head + extended[at : at + _PORTION])
    return b"".join(b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body for body in bodies)


def is_extension(body: bytes) -> bool:
    """Tell whether what a segment holds is a part of an extension."""
    return body.startswith(_EXTENSION)


def extension(bodies: Iterable[bytes], named: str) -> bytes:
    """Put an extension together.

    Args:
        bodies: What a file's segments hold.
        named: Its digest, as the packet has it.

    Returns:
        The extension, empty unless it is there as it was written.
    """
    head = _EXTENSION + named.encode("ascii", "replace")
    portions = {}
    for body in bodies:
        if body.startswith(head) and len(body) >= len(head) + 8:
            _, at = struct.unpack_from(">II", body, len(head))
            portions[at] = body[len(head) + 8 :]
    whole = b"".join(portions[at] for at in sorted(portions))
    return whole if digest(whole) == named else b""
