"""How its fills came about, written into a saved file and read from it: PNG text and an XMP packet.

The words are those of IPTC's Digital Source Type for pictures partly made by a trained model, and one JSON
text with the recipe, region and selection of each fill.
"""

from __future__ import annotations

import base64
import binascii
import html
import io
import json
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nigdt import __version__
from nigdt.box import Box, selection_box
from nigdt.errors import PhotoError
from nigdt.interpreter import pieces
from nigdt.limits import CAPTION_CHARS
from nigdt.photo import jpeg_xmp, png, xmp
from nigdt.photo.opening import MAX_PIXELS, opened, reason
from nigdt.recipe import Recipe

__all__ = ["DrawnFill", "DrawnSelection", "has_room", "read_record", "record", "stamped"]

_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
_PNG_NOTE = b"nigdt\x00\x00\x00\x00\x00"
_PNG_PACKET = b"XML:com.adobe.xmp\x00\x00\x00\x00\x00"
_TIFF_PACKET = 700
_RECORD_TAG = "{urn:nigdt:provenance}record"
_EXTENDED_TAG = "{{{}}}{}".format(*jpeg_xmp.EXTENDED.split())
_CREATOR_TOOL = "http://ns.adobe.com/xap/1.0/ CreatorTool"
_REPLACED = (
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/ DigitalSourceType",
    "urn:nigdt:provenance record",
    jpeg_xmp.EXTENDED,  # which is not carried
)
_WITH_RECORD = frozenset({"PNG", "JPEG", "WEBP", "TIFF"})
_OWN_RECORD = re.compile(rb'<rdf:Description [^<>]*\bnigdt:record="[^"<>]*"\s*/>')
_OWN_POINTER = re.compile(
    rb'<rdf:Description xmlns:rdf="[^"]*" rdf:about=""(?: xmlns:xmp="[^"]*" xmp:CreatorTool="NIGDT [^"<>]*")?'
    rb' xmlns:Iptc4xmpExt="[^"]*" Iptc4xmpExt:DigitalSourceType="[^"<>]*"'
    rb' xmlns:xmpNote="[^"]*" xmpNote:HasExtendedXMP="[^"<>]*"/>'
)


@dataclass(frozen=True)
class DrawnSelection:
    """A selection, small enough to be written down.

    Attributes:
        box: The smallest box around it, in pixels of the upright photo.
        png: The selection inside the box as a grey PNG, 255 = to be filled.
    """

    box: Box
    png: bytes = field(repr=False)

    @classmethod
    def of(cls, box: Box, selection: NDArray[np.uint8]) -> DrawnSelection:
        """Pack the selection (h, w) of a context that lies in `box`."""
        inner = selection_box(selection)
        buffer = io.BytesIO()
        Image.fromarray(selection[inner.slices]).save(buffer, "PNG")
        return cls(
            Box(box.left + inner.left, box.top + inner.top, inner.width, inner.height), buffer.getvalue()
        )

    def mask(self, width: int, height: int) -> NDArray[np.uint8]:
        """Return the selection (height, width) uint8 on a photo of that upright size.

        Raises:
            PhotoError: It does not lie on such a photo.
        """
        box = self.box
        if box.left < 0 or box.top < 0 or box.right > width or box.bottom > height:
            raise PhotoError(
                f"The recorded selection does not lie on a photo of {width} x {height} pixels.",
                "Give the photo that it was made for.",
            )
        mask = np.zeros((height, width), np.uint8)
        with opened(self.png, "The recorded selection") as image:
            mask[box.slices] = np.asarray(image.convert("L"))
        return mask

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain values, for JSON."""
        box = self.box
        png = base64.b64encode(self.png).decode("ascii")
        return {"box": [box.left, box.top, box.width, box.height], "png": png}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DrawnSelection:
        """Read what `to_dict` gave.

        Raises:
            ValueError: It is something else.
        """
        try:
            box = Box(*(int(value) for value in values["box"]))
            png = base64.b64decode(values["png"], validate=True)
            with opened(png) as image:
                fits = image.size == (box.width, box.height) and image.format == "PNG"
        except (KeyError, TypeError, PhotoError, binascii.Error) as error:
            raise ValueError(f"This is not a selection ({error}).") from None
        if not fits:
            raise ValueError("The selection does not have the size of its box.")
        return cls(box, png)


@dataclass(frozen=True)
class DrawnFill:
    """One fill in a picture.

    Attributes:
        region: What it changed, in pixels of the upright photo.
        recipe: How it came about.
        selection: What was selected; None where that is not known.
    """

    region: Box
    recipe: Recipe
    selection: DrawnSelection | None = None


def record(fills: Sequence[DrawnFill], *, selections: bool = True) -> dict[str, Any]:
    """Return the fills of a picture as plain values.

    Args:
        fills: In the order in which they were made.
        selections: Whether to write the selections down too.
    """
    return {
        "software": f"NIGDT {__version__}",
        "fills": [
            {
                "region": [fill.region.left, fill.region.top, fill.region.width, fill.region.height],
                "recipe": fill.recipe.to_dict(),
                "selection": fill.selection.to_dict() if selections and fill.selection else None,
            }
            for fill in fills
        ],
    }


def read_record(data: bytes) -> list[DrawnFill]:
    """Return the fills that a saved file tells of.

    Args:
        data: The file's bytes.

    Raises:
        PhotoError: It tells of none, or what it tells cannot be read.
    """
    try:
        with opened(data) as image:
            text, packet = image.info.get("nigdt"), image.info.get("xmp")
            if packet is None and image.format == "TIFF":
                packet = getattr(image, "tag_v2", {}).get(_TIFF_PACKET)
        if text is None and packet is not None:
            packet = packet if isinstance(packet, bytes) else str(packet).encode()
            packet = xmp.in_utf8(packet).strip(b"\x00")
            text = _property(packet, _RECORD_TAG)
            extended = None if text is not None else _property(packet, _EXTENDED_TAG)
            if extended is not None:
                bodies = (body for _, body in getattr(image, "applist", ()))
                extension = jpeg_xmp.extension(bodies, extended)
                text = _property(extension, _RECORD_TAG) if extension else None
        if text is None:
            raise PhotoError("This picture carries no record of fills.", "Give one that NIGDT saved.")
        return [
            DrawnFill(
                Box(*(int(value) for value in fill["region"])),
                Recipe.from_dict(fill["recipe"]),
                None if fill["selection"] is None else DrawnSelection.from_dict(fill["selection"]),
            )
            for fill in json.loads(text)["fills"]
        ]
    except PhotoError:
        raise
    except Exception as error:  # whatever a record that somebody else wrote makes its readers raise
        why = reason(error)
        raise PhotoError(f"The record of fills in this picture cannot be read ({why}).") from None


def _property(packet: bytes, tag: str) -> str | None:
    """Return the text of the first property of that name, an attribute or an element; None without one."""
    if b"<!DOCTYPE" in packet:  # entities could grow without bound
        raise ValueError("it declares a document type")
    tree = ElementTree.fromstring(packet)  # noqa: S314 - checked above, and the file's size is bounded
    texts = (it.text if it.tag == tag else it.get(tag) for it in tree.iter())
    return next((one for one in texts if one is not None), None)


def _description(fills: Sequence[DrawnFill], tool: bool, selections: bool, extension: bytes) -> bytes:
    """Return the element that tells of fills, or names the extension that does."""
    if extension:
        told = f'xmlns:xmpNote="{jpeg_xmp.EXTENDED.split()[0]}"'
        told += f' xmpNote:HasExtendedXMP="{jpeg_xmp.digest(extension)}"'
    else:
        text = json.dumps(record(fills, selections=selections), ensure_ascii=False)
        for character in "\ufffe\uffff":  # which XML has no way to write
            text = text.replace(character, f"\\u{ord(character):04x}")
        told = f'xmlns:nigdt="urn:nigdt:provenance" nigdt:record="{html.escape(text)}"'
    creator = f' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="NIGDT {__version__}"'
    return (
        f'<rdf:Description xmlns:rdf="{xmp.RDF}" rdf:about=""{creator if tool else ""}'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        f' Iptc4xmpExt:DigitalSourceType="{_SOURCE_TYPE}" {told}/>'
    ).encode()


def _xmp(
    fills: Sequence[DrawnFill], own: bytes = b"", *, selections: bool = True, extension: bytes = b""
) -> bytes:
    """Return an XMP packet that tells of fills, and all that the photo's own packet says.

    A packet that is damaged comes back as it is: the photo's own words go first.
    """
    own = _OWN_POINTER.sub(b"", _OWN_RECORD.sub(b"", xmp.in_utf8(own)))
    if own.strip(b"\x00 \t\r\n"):
        packet = xmp.Packet.parse(own, (*_REPLACED, _CREATOR_TOOL))
        if packet is None:
            return own
        # A property that stands twice in a packet makes Adobe's readers refuse all of it.
        tool = _CREATOR_TOOL not in packet.named
        description = _description(fills, tool, selections, extension)
        return packet.with_description(description, without=_REPLACED)
    begin, end = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>', b'<?xpacket end="w"?>'
    return begin.encode() + _alone(_description(fills, True, selections, extension)) + end


def _alone(description: bytes) -> bytes:
    """Return what holds one description, without the marks that other programs find a packet by."""
    head = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{xmp.RDF}">'.encode()
    return head + description + b"</rdf:RDF></x:xmpmeta>"


def stamped(data: bytes, fills: Sequence[DrawnFill]) -> bytes:
    """Record fills in the bytes of a saved file; formats without a place for them come back unchanged.

    Pixels and everything else in the file stay as they are, its own XMP among it. What one segment of a JPEG
    has no room for goes into an extension of its XMP.
    """
    if not fills:
        return data
    if data.startswith(png.SIGNATURE):
        return _png(data, fills)
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data, fills)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data, fills)
    if data[:4] in (b"II*\x00", b"MM\x00*"):
        return _tiff(data, fills)
    return data


def has_room(data: bytes, name: str) -> bool:
    """Tell whether a fill can be recorded in a saved file, beside the XMP that is in it already.

    Args:
        data: The file.
        name: Pillow's name of its format; for one without a place for a record, no XMP is in its way.
    """
    if name not in _WITH_RECORD:
        return True
    fill = DrawnFill(Box(0, 0, MAX_PIXELS, MAX_PIXELS), Recipe("m" * CAPTION_CHARS))
    try:
        return read_record(stamped(data, [fill])) == [fill]
    except PhotoError:
        return False


def _png(data: bytes, fills: Sequence[DrawnFill]) -> bytes:
    own, parts = b"", []
    for name, start, end in png.walk(data):
        if name == b"iTXt" and data.startswith(_PNG_PACKET, start):
            own = data[start + len(_PNG_PACKET) : end]
        elif not (name == b"iTXt" and data.startswith(_PNG_NOTE, start)):  # of an earlier record
            parts.append(data[start - 8 : end + 4])
    note = _PNG_NOTE + json.dumps(record(fills), ensure_ascii=False).encode()
    packet = _PNG_PACKET + _xmp(fills, own, selections=False)
    texts = [png.chunk(b"iTXt", body) for body in (note, packet)]
    return b"".join([png.SIGNATURE, parts[0], *texts, *parts[1:]])


def _jpeg(data: bytes, fills: Sequence[DrawnFill]) -> bytes:
    own, before, behind = jpeg_xmp.taken(data)
    packet, extension = _xmp(fills, own), b""
    if len(packet) > jpeg_xmp.LONGEST:
        extension = _alone(_description(fills, False, True, b""))
        packet = _xmp(fills, own, extension=extension)
    if len(packet) > jpeg_xmp.LONGEST:  # the photo's own leaves no room to name an extension
        return data
    return b"".join([before, jpeg_xmp.segments(packet, extension), behind])


def _webp(data: bytes, fills: Sequence[DrawnFill]) -> bytes:
    own, at, parts = b"", 12, []
    while at + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, at + 4)
        chunk = data[at : at + 8 + length + length % 2]
        if chunk[:4] == b"XMP ":
            own = chunk[8 : 8 + length]
        else:
            parts.append(chunk)
        at += len(chunk)
    if parts[0][:4] == b"VP8X":
        parts[0] = parts[0][:8] + bytes([parts[0][8] | 0x04]) + parts[0][9:]
    else:
        width, height, alpha = _webp_size(parts[0])
        head = bytes([0x04 | (0x10 if alpha else 0), 0, 0, 0])
        size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        parts.insert(0, b"VP8X" + struct.pack("<I", 10) + head + size)
    packet = _xmp(fills, own)
    body = b"".join([*parts, b"XMP ", struct.pack("<I", len(packet)), packet, b"\x00" * (len(packet) % 2)])
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def _webp_size(body: bytes) -> tuple[int, int, bool]:
    """Read size and alpha of a simple file's only chunk."""
    if body[:4] == b"VP8L":
        bits = int.from_bytes(body[9:13], "little")
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1, bool(bits >> 28 & 1)
    width, height = struct.unpack("<HH", body[14:18])
    return width & 0x3FFF, height & 0x3FFF, False


def _tiff(data: bytes, fills: Sequence[DrawnFill]) -> bytes:
    """Append a copy of the first directory with tag 700 in it; strips keep their place."""
    order = "<" if data[:2] == b"II" else ">"
    (start,) = struct.unpack(order + "I", data[4:8])
    (count,) = struct.unpack(order + "H", data[start : start + 2])
    entries = [data[start + 2 + 12 * i : start + 14 + 12 * i] for i in range(count)]
    rest = data[start + 2 + 12 * count : start + 6 + 12 * count]
    own = b""
    for entry in entries:
        tag, _, length, place = struct.unpack(order + "HHII", entry)
        if tag == _TIFF_PACKET and length > 4:
            own = data[place : place + length]
    packet = _xmp(fills, own)
    entries = [entry for entry in entries if struct.unpack(order + "H", entry[:2])[0] != _TIFF_PACKET]
    added = b"\x00" * (len(data) % 2)
    entries.append(struct.pack(order + "HHII", _TIFF_PACKET, 1, len(packet), len(data) + len(added)))
    entries.sort(key=lambda entry: struct.unpack(order + "H", entry[:2])[0])
    added += packet + b"\x00" * (len(packet) % 2)
    directory = struct.pack(order + "H", len(entries)) + b"".join(entries) + rest
    where = struct.pack(order + "I", len(data) + len(added))
    return b"".join([data[:4], where, *pieces(data, 8), added, directory])
