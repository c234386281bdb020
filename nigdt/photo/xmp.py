"""A photo's own XMP packet, whatever its encoding and prefixes: read, and added to. No torch."""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from xml.parsers import expat

__all__ = ["RDF", "Packet", "in_utf8", "is_sound"]

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"),
)  # fmt: skip
"""How a packet of wide characters begins; UTF-32 first, whose beginnings are also those of UTF-16."""
_DECLARATION = re.compile(r"\A<\?xml\s[^>]*?\?>\s*")
_DECLARED = re.compile(rb"""\A(?:\xef\xbb\xbf)?<\?xml\s[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_ATTRIBUTE = re.compile(rb"""\s+([^\s=]+)\s*=\s*(?:"[^"]*"|'[^']*')""")
_TAG = re.compile(rb"<[^\s/>]+((?:%s)*)" % _ATTRIBUTE.pattern.replace(b"([^", b"(?:[^"))
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
    """Tell whether a packet in UTF-8 is well-formed XML without a document type, as every reader expects."""
    return Packet.parse(packet) is not None


@dataclass
class Packet:
    """A well-formed packet, parsed once, and where things start and end in it.

    Attributes:
        text: The packet in UTF-8, without padding by zeros.
        root: The outermost element.
        rdf: Every rdf:RDF.
        named: Attributes and elements that were asked for, by namespace and name with a space between.
    """

    text: bytes
    root: tuple[int, int] = (0, 0)
    rdf: list[tuple[int, int]] = field(default_factory=list)
    named: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    @classmethod
    def parse(cls, packet: bytes, names: Collection[str] = ()) -> Packet | None:
        """Find where things lie.

        Args:
            packet: In UTF-8.
            names: Namespace and name of each property to look for, with a space between.

        Returns:
            None for a packet that is not well-formed.
        """
        found = cls(packet.strip(b"\0"))
        packet = found.text
        opened: list[int] = []
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.ordered_attributes = parser.specified_attributes = True

        def start(name: str, attributes: list[str]) -> None:
            opened.append(parser.CurrentByteIndex)
            if name != f"{RDF} Description" or not set(names).intersection(attributes[::2]):
                return
            tag = _TAG.match(packet, opened[-1])
            written = _ATTRIBUTE.finditer(packet, *tag.span(1)) if tag else ()
            own = [one for one in written if not one[1].startswith(b"xmlns")]
            for one, key in zip(own, attributes[::2], strict=True):
                if key in names:
                    found.named.setdefault(key, []).append(one.span())

        def end(name: str) -> None:
            begun, at = opened.pop(), parser.CurrentByteIndex
            place = begun, packet.index(b">", at) + 1 if _end_tag(packet, begun, at) else at
            if name == f"{RDF} RDF":
                found.rdf.append(place)
            elif name in names:
                found.named.setdefault(name, []).append(place)
            if not opened:
                found.root = place

        def refuse(*_: object) -> None:
            raise ValueError("entities could grow without bound")

        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.StartDoctypeDeclHandler = refuse
        try:
            parser.Parse(packet, True)
        except (expat.ExpatError, ValueError):
            return None
        return found

    def with_description(self, description: bytes, *, without: Collection[str] = ()) -> bytes:
        """Put an `rdf:Description` behind those that there are; nothing else is changed.

        Args:
            description: One XML element that declares its own prefixes.
            without: Properties to take out, as attributes and as elements; of those asked for.

        Returns:
            The packet. XML without RDF in it stands beside the description in a packet of the usual form.
        """
        places = sorted(place for name in without for place in self.named.get(name, ()))
        edits, behind = [], 0
        for start, end in places:
            if start >= behind:  # not inside another one
                edits.append((start, end, b""))
                behind = end
        inside = [span for span in self.rdf if not any(a <= span[0] < b for a, b, _ in edits)]
        edits += self._added(inside[-1], description) if inside else self._wrapped(description)
        parts, at = [], 0
        for start, end, new in sorted(edits):
            parts += [self.text[at:start], new]
            at = end
        return b"".join([*parts, self.text[at:]])

    def _added(self, rdf: tuple[int, int], description: bytes) -> list[tuple[int, int, bytes]]:
        start, end = rdf
        closing = self.text.rfind(b"</", start, end)
        if _end_tag(self.text, start, closing):
            return [(closing, closing, description)]
        closed = b"</" + _name(self.text, start) + b">"  # it is opened and closed in one
        return [(end - len(b"/>"), end, b">" + description + closed)]

    def _wrapped(self, description: bytes) -> list[tuple[int, int, bytes]]:
        start, end = self.root
        before = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        behind = f'<rdf:RDF xmlns:rdf="{RDF}">'.encode() + description + b"</rdf:RDF></x:xmpmeta>"
        return [(start, start, before), (end, end, behind)]


def _name(packet: bytes, start: int) -> bytes:
    named = _NAME.match(packet, start)
    return named[1] if named else b""


def _end_tag(packet: bytes, start: int, at: int) -> bool:
    """Tell whether an element that starts somewhere has its end tag there."""
    return at >= 0 and packet.startswith(b"</" + _name(packet, start), at)
