"""What was made by a model, written into the saved file: PNG text and an XMP packet.

The words are those of IPTC's Digital Source Type for pictures partly made by a trained model, and one JSON
text with model, caption, seed and region of each fill.
"""

from __future__ import annotations

import html
import json
import struct
import zlib
from collections.abc import Sequence
from typing import Any

from nigdt import __version__
from nigdt_plugin.core.layers import Layer

_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
_XMP_KEYWORD = b"XML:com.adobe.xmp"


def record(layers: Sequence[Layer]) -> dict[str, Any]:
    """The fills of a picture as plain values; regions in pixels of the photo as it is seen upright."""
    return {
        "software": f"NIGDT {__version__}",
        "fills": [
            {
                "model": origin.model,
                "caption": origin.caption,
                "seed": origin.seed,
                "region": [origin.region.left, origin.region.top, origin.region.width, origin.region.height],
            }
            for layer in layers
            if layer.visible
            for origin in layer.origins
        ],
    }


def xmp(layers: Sequence[Layer]) -> bytes:
    """The XMP packet."""
    text = html.escape(json.dumps(record(layers), ensure_ascii=False))
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:nigdt="urn:nigdt:provenance"'
        f' xmp:CreatorTool="NIGDT {__version__}" Iptc4xmpExt:DigitalSourceType="{_SOURCE_TYPE}"'
        f' nigdt:record="{text}"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def stamped(data: bytes, layers: Sequence[Layer]) -> bytes:
    """The bytes of a saved file with provenance added; formats without a place for it come back unchanged.

    Pixels and everything else in the file stay as they are.
    """
    if not any(layer.visible for layer in layers):
        return data
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        note = b"nigdt\x00\x00\x00\x00\x00" + json.dumps(record(layers), ensure_ascii=False).encode()
        packet = _XMP_KEYWORD + b"\x00\x00\x00\x00\x00" + xmp(layers)
        after_header = 8 + 25  # signature and IHDR
        return data[:after_header] + _png_text(note) + _png_text(packet) + data[after_header:]
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data, xmp(layers))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data, xmp(layers))
    if data[:4] in (b"II*\x00", b"MM\x00*"):
        return _tiff(data, xmp(layers))
    return data


def _png_text(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + b"iTXt" + body + struct.pack(">I", zlib.crc32(b"iTXt" + body))


def _jpeg(data: bytes, packet: bytes) -> bytes:
    body = b"http://ns.adobe.com/xap/1.0/\x00" + packet
    if len(body) > 65_000:  # one segment holds no more
        return data
    position = 2
    # After JFIF and EXIF, which readers expect first.
    while data[position : position + 2] in (b"\xff\xe0", b"\xff\xe1"):
        position += 2 + struct.unpack(">H", data[position + 2 : position + 4])[0]
    return data[:position] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[position:]


def _webp(data: bytes, packet: bytes) -> bytes:
    chunk = b"XMP " + struct.pack("<I", len(packet)) + packet + b"\x00" * (len(packet) % 2)
    body = data[12:]
    if body[:4] == b"VP8X":
        flags = bytes([body[8] | 0x04])
        body = body[:8] + flags + body[9:]
    else:
        width, height, alpha = _webp_size(body)
        head = bytes([0x04 | (0x10 if alpha else 0), 0, 0, 0])
        size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        body = b"VP8X" + struct.pack("<I", 10) + head + size + body
    body += chunk
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def _webp_size(body: bytes) -> tuple[int, int, bool]:
    """Size and alpha of a simple file's only chunk."""
    if body[:4] == b"VP8L":
        bits = int.from_bytes(body[9:13], "little")
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1, bool(bits >> 28 & 1)
    width, height = struct.unpack("<HH", body[14:18])
    return width & 0x3FFF, height & 0x3FFF, False


def _tiff(data: bytes, packet: bytes) -> bytes:
    """Append a copy of the first directory with tag 700 added; strips keep their place."""
    order = "<" if data[:2] == b"II" else ">"
    (start,) = struct.unpack(order + "I", data[4:8])
    (count,) = struct.unpack(order + "H", data[start : start + 2])
    entries = [data[start + 2 + 12 * i : start + 14 + 12 * i] for i in range(count)]
    rest = data[start + 2 + 12 * count : start + 6 + 12 * count]
    entries = [entry for entry in entries if struct.unpack(order + "H", entry[:2])[0] != 700]
    data += b"\x00" * (len(data) % 2)
    entries.append(struct.pack(order + "HHII", 700, 1, len(packet), len(data)))
    entries.sort(key=lambda entry: struct.unpack(order + "H", entry[:2])[0])
    data += packet + b"\x00" * (len(packet) % 2)
    directory = struct.pack(order + "H", len(entries)) + b"".join(entries) + rest
    return data[:4] + struct.pack(order + "I", len(data)) + data[8:] + directory
