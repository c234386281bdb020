"""A photo's own XMP packet, whatever its encoding and prefixes: read, and added to. No torch."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from xml.parsers import expat

__all__ = ["in_utf8", "is_sound", "with_description"]

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"),
)  # fmt: skip
"""How a packet of wide characters begins; UTF-32 first, whose beginnings are also those of UTF-16."""
_DECLARATION = re.compile(r"\A<\?xml\s[^>]*?\?>\s*")
_DECLARED = re.compile(rb"""\A(?:\xef\xbb\xbf)?<\?xml\s[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_NAME = re.compile(rb"<([^\s/>]+)")


def in_utf8(packet: bytes) -> bytes:
    """Return a packet in UTF-8, which every format and reader takes; one that already is comes back as it is.

    What cannot be decoded comes back as it is, too.
    """
    encoding = next((name for mark, name in _MARKS if packet.startswith(mark)), None)
    if encoding is None:
        declared = _DECLARED.match(packet)
        encoding = declared[1].decode("ascii").lower() if declared else "utf-8"
        if encoding in ("utf-8", "utf8", "us-ascii", "ascii"):
            return packet
        if encoding.startswith(("utf-16", "utf-32", "utf16", "utf32", "ucs")):  # it says what it is not
            encoding = "utf-8"
    else:
        width = 4 if encoding.startswith("utf-32") else 2
        packet = packet[: len(packet) // width * width]  # a byte too many is padding
    try:
        text = packet.decode(encoding)
    except (LookupError, UnicodeError):
        return packet
    return _DECLARATION.sub("", text.removeprefix("\ufeff")).rstrip("\0").encode("utf-8", "replace")


def is_sound(packet: bytes) -> bool:
    """Tell whether a packet in UTF-8 is well-formed XML, which every reader of XMP takes for granted."""
    return _places(packet.strip(b"\0")) is not None


def with_description(packet: bytes, description: bytes) -> bytes | None:
    """Put an `rdf:Description` behind those that a packet has; nothing else in it is changed.

    Args:
        packet: In UTF-8.
        description: One XML element that declares its own prefixes.

    Returns:
        The packet, or None if it is not well-formed. XML without RDF in it stands beside the description in
        a packet of the usual form.
    """
    packet = packet.strip(b"\0")
    found = _places(packet)
    if found is None:
        return None
    if found.rdf is None:
        start, end = found.root
        return b"".join([
            packet[:start], b'<x:xmpmeta xmlns:x="adobe:ns:meta/">', packet[start:end],
            f'<rdf:RDF xmlns:rdf="{_RDF}">'.encode(), description, b"</rdf:RDF></x:xmpmeta>", packet[end:],
        ])  # fmt: skip
    start, end = found.rdf
    named = _NAME.match(packet, start)
    name = named[1] if named else b""
    if packet.startswith(b"</" + name, end):
        return packet[:end] + description + packet[end:]
    opened = packet[start:end].removesuffix(b"/>")  # it is opened and closed in one
    return packet[:start] + opened + b">" + description + b"</" + name + b">" + packet[end:]


@dataclass
class _Places:
    """Offsets in a packet.

    Attributes:
        root: Where the outermost element starts and ends.
        rdf: Where the last rdf:RDF starts, and its end tag; behind it, where it has none.
    """

    root: tuple[int, int] = (0, 0)
    rdf: tuple[int, int] | None = None


def _places(packet: bytes) -> _Places | None:
    """Return where things lie in a packet; None for one that is not well-formed."""
    found = _Places()
    opened: list[int] = []
    parser = expat.ParserCreate(namespace_separator=" ")

    def start(_name: str, _attributes: object) -> None:
        opened.append(parser.CurrentByteIndex)

    def end(name: str) -> None:
        begun, at = opened.pop(), parser.CurrentByteIndex
        if name == f"{_RDF} RDF":
            found.rdf = begun, at
        if not opened:
            found.root = begun, packet.index(b">", at) + 1 if packet.startswith(b"</", at) else at

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(packet, True)
    except (expat.ExpatError, ValueError):
        return None
    return found
