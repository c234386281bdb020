"""16-bit colour PNG and TIFF, which Pillow would cut to 8 bits: read with OpenCV, written here. No torch."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nigdt.errors import PhotoError
from nigdt.interpreter import compressed
from nigdt.photo import png
from nigdt.photo.metadata import png_chunks, tiff_tags

__all__ = ["is_deep", "read_deep", "tga_alpha_means_opacity", "white_is_zero", "write_png16", "write_tiff16"]

_PNG_KINDS = {2: "RGB;16", 4: "LA;16", 6: "RGBA;16"}
_PNG_COLOUR_TYPE = {kind: number for number, kind in _PNG_KINDS.items()}
_TIFF_BITS, _TIFF_MEANING, _TIFF_PLANES, _TIFF_EXTRA, _TIFF_SAMPLES = 258, 262, 284, 338, 339
_TIFF_CHANNELS, _TIFF_INKS = 277, 332
_TIFF_KIND, _PREVIEW, _TIFF_BELOW = 254, 1, 330
_INKS, _CMYK = 5, 1
_RGB = 2
_COLOURS = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3}
"""Channels that a TIFF's photometric interpretation has, without extra ones."""
_ASSOCIATED, _STRAIGHT, _SIGNED = 1, 2, 2


_TGA_END, _TGA_FOOTER, _TGA_ALPHA_KIND = b"TRUEVISION-XFILE.\0", 26, 494
_TGA_DESCRIPTOR = 17


def is_deep(image: Image.Image, data: bytes) -> bool:
    """Return whether the opened, not yet loaded picture holds 16-bit samples that Pillow would cut to 8.

    Raises:
        PhotoError: It holds samples of a meaning that neither Pillow nor OpenCV gets right.
    """
    if image.format == "PNG":
        return data[:8] == png.SIGNATURE and data[24] == 16 and data[25] in _PNG_KINDS
    if image.format == "PPM":
        return image.mode == "RGB" and _largest_of_ppm(image) > 255
    if image.format == "TIFF":
        tags = image.tag_v2  # type: ignore[attr-defined]
        bits = _numbers(tags.get(_TIFF_BITS, 1))
        deep = tags.get(_TIFF_CHANNELS, len(bits)) > 1 and max(bits) > 8
        _check_meaning(tags, bits, deep=deep)
        return deep
    return False


def _largest_of_ppm(image: Image.Image) -> int:
    """Return the value that a PPM calls white; its last word before the samples."""
    tiles = getattr(image, "tile", None)
    arguments = tiles[0][3] if tiles else ()
    largest = arguments[-1] if isinstance(arguments, tuple) else 255
    if isinstance(largest, int) and largest > 255 and largest != 65535:
        raise PhotoError("This 16-bit PPM does not use the whole range.", "Save it as a 16-bit PNG.")
    return largest if isinstance(largest, int) else 255


def _check_meaning(tags: Mapping[int, Any], bits: tuple[int, ...], *, deep: bool) -> None:
    """Refuse a TIFF whose samples mean something else than they would be taken for."""
    if tags.get(_TIFF_KIND) == _PREVIEW and _TIFF_BELOW in tags:
        raise PhotoError(
            "The first picture of this TIFF is a preview only of one stored below it.",
            "Save that as a file of its own.",
        )
    extra = _numbers(tags.get(_TIFF_EXTRA, ()))
    if _ASSOCIATED in extra:
        raise PhotoError(
            "The colours of this TIFF are multiplied by its alpha (associated alpha).",
            "Save it with straight alpha, as PNG has it.",
        )
    channels = tags.get(_TIFF_CHANNELS, 1)
    if extra not in ((), (_STRAIGHT,)) and channels > _COLOURS.get(tags.get(_TIFF_MEANING, -1), channels):
        raise PhotoError(
            "This TIFF has a channel that is neither colour nor transparency, and would be lost.",
            "Save it without that channel, such as a stored selection.",
        )
    if tags.get(_TIFF_MEANING) == _INKS and tags.get(_TIFF_INKS, _CMYK) != _CMYK:
        raise PhotoError("The inks of this TIFF are not cyan, magenta, yellow and black.", "Save it as RGB.")
    if _SIGNED in _numbers(tags.get(_TIFF_SAMPLES, 1)):
        raise PhotoError("TIFFs of signed numbers are not supported.", "Save it with unsigned ones.")
    if max(bits) in range(9, 16):
        raise PhotoError(f"TIFFs of {max(bits)} bits are not supported.", "Save it with 8 or 16 bits.")
    if not deep:
        return
    if set(_numbers(tags.get(_TIFF_SAMPLES, 1))) != {1} or set(bits) != {16}:
        raise PhotoError("Of TIFFs with deep colour only 16-bit whole numbers are supported.")
    if tags.get(_TIFF_PLANES, 1) != 1:
        raise PhotoError(
            "16-bit TIFFs that keep their colours in separate planes are not supported.",
            "Save it with interleaved colours, or as a 16-bit PNG.",
        )
    if tags.get(_TIFF_MEANING) != _RGB:
        raise PhotoError(
            "Of 16-bit TIFFs only RGB and grey ones are supported.", "Save it as a 16-bit RGB PNG."
        )


def tga_alpha_means_opacity(data: bytes) -> bool:
    """Tell whether a TGA with a channel beyond its colours calls that alpha, in its header or extension area.

    Raises:
        PhotoError: Its colours are multiplied by it.
    """
    kind = b""
    if data.endswith(_TGA_END):
        (area,) = struct.unpack_from("<I", data, len(data) - _TGA_FOOTER)
        kind = data[area + _TGA_ALPHA_KIND : area + _TGA_ALPHA_KIND + 1] if area else b""
    if kind == b"\x04":
        raise PhotoError(
            "The colours of this TGA are multiplied by its alpha.",
            "Save it with straight alpha, as PNG has it.",
        )
    return data[_TGA_DESCRIPTOR] & 0x0F > 0 and kind not in (b"\0", b"\x01", b"\x02")


def _numbers(value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, tuple) else (value,)


def white_is_zero(image: Image.Image) -> bool:
    """Tell whether 16-bit grey of an opened TIFF counts from white to black, which Pillow ignores."""
    return image.format == "TIFF" and image.tag_v2.get(_TIFF_MEANING) == 0  # type: ignore[attr-defined]


def read_deep(data: bytes) -> tuple[NDArray[np.uint16], str]:
    """Decode a 16-bit colour PNG or TIFF.

    Args:
        data: The file.

    Returns:
        Samples (H, W, 2 to 4) uint16 in the order of the kind, and the kind.

    Raises:
        PhotoError: OpenCV cannot decode it to 16-bit colour.
    """
    if data[:8] == png.SIGNATURE:
        try:
            data = png.checked(data)
        except ValueError as error:
            raise PhotoError(f"This PNG is damaged: {error}.") from None
    previous = cv2.utils.logging.getLogLevel() if hasattr(cv2.utils, "logging") else None
    try:
        if previous is not None:  # its TIFF reader warns of the unassociated alpha it writes itself
            cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    finally:
        if previous is not None:
            cv2.utils.logging.setLogLevel(previous)
    if decoded is None or decoded.dtype != np.uint16 or decoded.ndim != 3 or decoded.shape[2] not in (3, 4):
        raise PhotoError("This kind of 16-bit picture cannot be decoded.", "Save it as a 16-bit RGB PNG.")
    if decoded.shape[2] == 3:
        return np.ascontiguousarray(decoded[:, :, ::-1]), "RGB;16"
    if data[:8] == png.SIGNATURE and _PNG_KINDS[data[25]] == "LA;16":
        return np.ascontiguousarray(decoded[:, :, [0, 3]]), "LA;16"
    return np.ascontiguousarray(decoded[:, :, [2, 1, 0, 3]]), "RGBA;16"


def write_png16(samples: NDArray[np.uint16], kind: str, info: Mapping[str, Any]) -> bytes:
    """Encode as 16-bit PNG.

    Args:
        samples: (H, W, channels) uint16.
        kind: RGB;16, RGBA;16 or LA;16.
        info: From `nigdt.photo.metadata`; all of it is written.
    """
    height, width, channels = samples.shape
    rows = samples.astype(">u2").view(np.uint8).reshape(height, width * channels * 2)
    above = np.zeros_like(rows)
    above[1:] = rows[:-1]
    filtered = np.empty((height, rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = 2  # filter "up": modulo-256 difference to the row above
    filtered[:, 1:] = rows - above
    header = struct.pack(">IIBBBBB", width, height, 16, _PNG_COLOUR_TYPE[kind], 0, 0, 0)
    chunks = [png.chunk(b"IHDR", header), *(png.chunk(name, body) for name, body in png_chunks(info))]
    chunks += [png.chunk(b"IDAT", zlib.compress(filtered.tobytes(), 4)), png.chunk(b"IEND", b"")]
    return png.SIGNATURE + b"".join(chunks)


_COMPRESSION, _STRIP_OFFSETS, _STRIP_BYTES, _DEFLATE = 259, 273, 279, 8
_EXIF_HEAD = b"Exif\0\0"


def write_tiff16(samples: NDArray[np.uint16], info: Mapping[str, Any], orientation: int = 1) -> bytes:
    """Encode as one-strip, deflate-compressed little-endian TIFF 6.0.

    Args:
        samples: (H, W, 3 or 4) uint16.
        info: `icc_profile`, `dpi`, `xmp` and `exif` are written where present.
        orientation: EXIF orientation 1 to 8.
    """
    height, width, channels = samples.shape
    little = np.ascontiguousarray(samples, "<u2")
    strip = list(compressed(little.data.cast("B"), 4))
    tags = tiff_tags(info)
    tags.endian = "<"
    fields: dict[int, Any] = {
        256: width,
        257: height,
        _TIFF_BITS: (16,) * channels,
        _COMPRESSION: _DEFLATE,
        _TIFF_MEANING: _RGB,
        _STRIP_OFFSETS: 0,  # Pillow adds where the tags end
        274: orientation,
        _TIFF_CHANNELS: channels,
        278: height,
        _STRIP_BYTES: sum(map(len, strip)),
        _TIFF_PLANES: 1,
    }
    if info.get("dpi"):
        fields |= {282: float(info["dpi"][0]), 283: float(info["dpi"][1]), 296: 2}
    if channels == 4:
        fields[_TIFF_EXTRA] = _STRAIGHT
    for tag, name in ((700, "xmp"), (34675, "icc_profile")):
        if info.get(name):
            fields[tag] = info[name]
    for tag, value in fields.items():
        tags[tag] = value
    return b"".join([tags.tobytes()[len(_EXIF_HEAD) :], *strip])


def deflate_tiff(data: bytes) -> bytes:
    """Compress the pixels of a TIFF that Pillow wrote as one uncompressed strip behind its directory.

    Pillow's own compression lets no other thread run until all of it is done, a second for 24 megapixels;
    zlib does. A file of another layout is returned as it is.
    """
    order = "<" if data[:2] == b"II" else ">"
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, start)
    fields = {}
    for place in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, values = struct.unpack_from(f"{order}HHI", data, place)
        if tag in (_COMPRESSION, _STRIP_OFFSETS, _STRIP_BYTES) and values == 1 and kind in (3, 4):
            fields[tag] = (order + ("H" if kind == 3 else "I"), place + 8)
    if len(fields) < 3:
        return data
    (offset,) = struct.unpack_from(fields[_STRIP_OFFSETS][0], data, fields[_STRIP_OFFSETS][1])
    strip = list(compressed(memoryview(data)[offset:], 4))
    head = bytearray(data[:offset])
    try:
        struct.pack_into(fields[_COMPRESSION][0], head, fields[_COMPRESSION][1], _DEFLATE)
        struct.pack_into(fields[_STRIP_BYTES][0], head, fields[_STRIP_BYTES][1], sum(map(len, strip)))
    except struct.error:  # larger than before, and more than the field holds
        return data
    return b"".join([bytes(head), *strip])
