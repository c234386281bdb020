"""What a photo's file says beside its pixels, and what of it a changed photo's file says again. No torch.

Carried: ICC profile, resolution, EXIF (without the preview picture, which would still show what was there
before), XMP, a PNG's colour space (cICP), gamma, primaries and rendering intent, the transparent colour, and
a JPEG's quantisation tables, IPTC and comment. Not carried: other text, a TIFF's IPTC, Photoshop's other
image resources and layers, and, which is said, what a JPEG's XMP has in segments beyond its first: in it
phones put pictures of what was there before.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import ExifTags, Image, JpegImagePlugin, PngImagePlugin

from nigdt.photo import jpeg_xmp, png
from nigdt.photo.xmp import in_utf8, is_sound

__all__ = [
    "MOST_TAGS",
    "ORIENTATION",
    "STORAGE",
    "Metadata",
    "png_chunks",
    "png_colour_space",
    "read_metadata",
    "save_options",
    "tag_name",
    "take_exif",
    "tiff_tags",
    "without_orientation",
]

ORIENTATION = 0x0112
_X_RESOLUTION, _Y_RESOLUTION, _UNIT = 0x011A, 0x011B, 0x0128
_TIFF_RESOLUTION = 282
_RESOLUTION = frozenset({_X_RESOLUTION, _Y_RESOLUTION, _UNIT})
_POINTERS = frozenset({0x8769, 0x8825, 0xA005})  # tags whose value is a directory of its own
_MOST_DPI = 65535
_IPTC_RESOURCE = 0x0404  # of Photoshop's image resources, in which a JPEG has it
_LONGEST_TEXT = 65_000  # bytes that one segment of a JPEG has room for
_OWN = b"urn:nigdt:provenance"  # in the extension that holds a record of fills
MOST_TAGS = 300
"""EXIF tags that are tried one by one to find those at fault, each with all others."""
_CICP_BYTES = 4
NAMES = {
    "icc_profile": "colour profile",
    "dpi": "resolution",
    "transparency": "transparency",
    "xmp": "XMP",
    "gamma": "gamma",
    "chromaticity": "chromaticity",
    "srgb": "rendering intent",
    "cicp": "colour space",
    "exif": "EXIF",
    "quantization": "compression",
}
"""What users are told of a piece of metadata, by its key in Pillow's `info`."""
_XMP_KEYWORD = "XML:com.adobe.xmp"  # in a PNG
_XMP_TAG = 700  # in a TIFF
# What a TIFF's directory says of how its samples are stored, and what is carried apart (resolution, XMP, ICC)
# or not at all (IPTC, Photoshop's own). Pillow writes EXIF tags into a new directory as they are, where
# these would be wrong.
STORAGE = frozenset({
    *range(254, 260), *range(262, 267), 273, *range(277, 285), *range(288, 294), 296, 317, 320,
    *range(322, 326), 330, 332, 333, 334, 336, *range(338, 344), 346, 347, *range(512, 522), *range(529, 533),
    _XMP_TAG, 33723, 34377, 34675, 37724,
})  # fmt: skip


@dataclass
class Metadata:
    """What is carried of a picture.

    Attributes:
        info: Those of `icc_profile`, `dpi`, `transparency`, `gamma`, `chromaticity`, `srgb` and `xmp` that
            Pillow's `info` has, as it has them; `exif` and a PNG's `cicp` as bytes; for a JPEG
            `quantization`, `sampling`, `iptc` and `comment` as bytes, and `xmp_extension` and
            `more_behind` (`nigdt.photo.jpeg_behind`), True where there is such a thing.
        orientation: EXIF orientation, 1 to 8.
        damaged: Names of what was there but cannot be used, and is left out.
        xmp: XMP as it was found, before it was looked at.
    """

    info: dict[str, Any] = field(default_factory=dict)
    orientation: int = 1
    damaged: list[str] = field(default_factory=list)
    xmp: Any = None


def take_exif(image: Image.Image, *, loaded: bool) -> Metadata:
    """Read a picture's EXIF: of a TIFF file before it is loaded, of others after.

    A flaw in it is not a flaw of the picture: tags that cannot be read are left out.

    Args:
        image: The picture.
        loaded: Whether it is loaded. From a TIFF that is not, what is damaged and XMP are taken away, over
            which Pillow would stumble when it turns the samples upright while loading.
    """
    found = Metadata(xmp=image.info.get("xmp"))
    # Pillow takes XMP's orientation for EXIF's, which no viewer does.
    hidden = {key: image.info.pop(key) for key in ("xmp", _XMP_KEYWORD) if key in image.info}
    try:
        exif = image.getexif()
        orientation = exif.get(ORIENTATION)
        if ORIENTATION in exif and not _has_own_orientation(image):
            orientation = None
        tags = Image.Exif()
        tags.load(exif.tobytes())
    except Exception:  # Pillow raises half a dozen types
        exif = image.getexif()
        orientation = exif.get(ORIENTATION) if _has_own_orientation(image) else None
        tags, found.damaged, bad = _readable(exif)
        for tag in bad if not loaded else ():
            exif.pop(tag, None)
    finally:
        if loaded:
            image.info.update(hidden)
    if image.format == "TIFF":
        for tag in STORAGE.intersection(tags):
            del tags[tag]
    if type(orientation) is int and orientation in range(1, 9):
        found.orientation = orientation
    elif orientation is not None:
        found.damaged.append("Orientation")
        if not loaded:
            exif.pop(ORIENTATION, None)
    if orientation != found.orientation or image.format == "TIFF":
        tags.pop(ORIENTATION, None)
    if len(tags):
        found.info["exif"] = tags.tobytes()
    return found


def without_orientation(info: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata of a picture that is upright, whose EXIF says no more how to turn it."""
    kept = dict(info)
    if "exif" in kept:
        exif = Image.Exif()
        exif.load(kept["exif"])
        if exif.pop(ORIENTATION, None) is not None:
            kept["exif"] = exif.tobytes()
    return kept


def _has_own_orientation(image: Image.Image) -> bool:
    """Return whether the picture's EXIF itself says an orientation."""
    try:
        if "exif" in image.info:
            exif = Image.Exif()
            exif.load(image.info["exif"])
            return ORIENTATION in exif
        return image.format == "TIFF" or "Raw profile type exif" in image.info
    except Exception:
        return False


def _readable(exif: Image.Exif) -> tuple[Image.Exif, list[str], list[int]]:
    """Return those tags that can be read and written again; the names of the others, and their numbers."""
    kept = Image.Exif()
    try:
        tags = list(exif)
    except Exception:
        return kept, ["EXIF"], []
    if len(tags) > MOST_TAGS:
        return kept, ["EXIF"], tags
    bad = []
    for tag in tags:
        try:
            kept[tag] = exif.get_ifd(tag) if tag in _POINTERS else exif[tag]
            Image.Exif().load(kept.tobytes())
        except Exception:
            kept.pop(tag, None)
            bad.append(tag)
    return kept, [tag_name(tag) for tag in bad], bad


def tag_name(tag: int) -> str:
    """Name an EXIF tag."""
    return ExifTags.TAGS.get(tag, f"EXIF tag {tag}")


def read_metadata(image: Image.Image, found: Metadata) -> Metadata:
    """Read the rest of what is carried of a loaded picture.

    Args:
        image: The picture.
        found: From `take_exif`; is added to.
    """
    keys = ["icc_profile", "dpi", "transparency", "xmp"]
    if image.format == "PNG":
        keys += ["gamma", "chromaticity", "srgb"]
    for key in keys:
        value = found.xmp if key == "xmp" else image.info.get(key)
        if key == "dpi" and image.format == "TIFF" and _TIFF_RESOLUTION not in image.tag_v2:  # type: ignore[attr-defined]
            continue  # Pillow's own invention
        if key == "xmp" and isinstance(value, str):
            value = value.encode("utf-8", "replace")
        if key == "xmp" and isinstance(value, bytes):
            value = in_utf8(value)
            value = value if value.strip(b"\0 \t\r\n") else b""
        if value is None or value == b"":
            continue
        if _usable(key, value):
            found.info[key] = tuple(float(one) for one in value) if key == "dpi" else value
        else:
            found.damaged.append(NAMES[key])
    if "dpi" not in found.info and image.format in ("WEBP", "AVIF"):
        dpi = _exif_resolution(found.info.get("exif", b""))
        if dpi is not None:
            found.info["dpi"] = dpi
    if image.format in ("JPEG", "MPO"):
        found.info["quantization"] = dict(image.quantization)  # type: ignore[attr-defined]
        found.info["sampling"] = JpegImagePlugin.get_sampling(image)
        resources = image.info.get("photoshop")
        texts = {
            "iptc": resources.get(_IPTC_RESOURCE) if isinstance(resources, dict) else None,
            "comment": image.info.get("comment"),
        }
        for key, text in texts.items():
            if isinstance(text, bytes) and 0 < len(text) <= _LONGEST_TEXT:
                found.info[key] = text
        parts = [body for _, body in getattr(image, "applist", ()) if jpeg_xmp.is_extension(body)]
        if parts and not any(_OWN in body for body in parts):
            found.info["xmp_extension"] = True
    return found


def _usable(key: str, value: Any) -> bool:
    if key == "dpi":
        return len(value) == 2 and all(math.isfinite(one) and 0 < one <= _MOST_DPI for one in value)
    if key == "icc_profile":
        return isinstance(value, bytes)
    if key == "gamma":
        return isinstance(value, float) and value > 0
    if key == "xmp":
        return isinstance(value, bytes) and is_sound(value)
    return True


def _exif_resolution(exif: bytes) -> tuple[float, float] | None:
    """Return the pixels per inch as EXIF says them, for formats that have no other place."""
    tags = Image.Exif()
    try:
        tags.load(exif)
        scale = {2: 1.0, 3: 2.54}[tags.get(_UNIT, 2)]
        dpi = (float(tags[_X_RESOLUTION]) * scale, float(tags[_Y_RESOLUTION]) * scale)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return dpi if _usable("dpi", dpi) else None


def _with_resolution(exif: bytes, dpi: tuple[float, float]) -> bytes:
    tags = Image.Exif()
    tags.load(exif)
    tags[_X_RESOLUTION], tags[_Y_RESOLUTION], tags[_UNIT] = float(dpi[0]), float(dpi[1]), 2
    return tags.tobytes()


def save_options(info: Mapping[str, Any], file_format: str, mode: str) -> dict[str, Any]:
    """Return the arguments for `Image.save` that write what was carried.

    Args:
        info: From `read_metadata`.
        file_format: Pillow's name of the format to write.
        mode: Mode of the picture to write.
    """
    options = {key: info[key] for key in ("icc_profile", "dpi", "exif", "transparency") if key in info}
    if file_format == "GIF" and isinstance(info.get("transparency"), bytes):
        clear = [entry for entry, alpha in enumerate(info["transparency"]) if alpha < 255]
        if len(clear) != 1 or info["transparency"][clear[0]] != 0:
            raise ValueError("it has room for one transparent colour only")
        options["transparency"] = clear[0]
    if file_format in ("WEBP", "AVIF") and "dpi" in info:
        options["exif"] = _with_resolution(info.get("exif", b""), options.pop("dpi"))
    if file_format == "PNG":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        for name, body in png_colour_chunks(info):
            options["pnginfo"].add(name, body)
        if "xmp" in info:
            options["pnginfo"].add_itxt(_XMP_KEYWORD, info["xmp"].decode("utf-8", "replace"))
    elif file_format == "TIFF" and ("xmp" in info or "exif" in info):
        options["exif"] = tiff_tags(info)
        if "xmp" in info:  # Pillow takes tags from one place only
            options["exif"][_XMP_TAG] = info["xmp"]
    elif "xmp" in info:
        options["xmp"] = info["xmp"]
    if file_format == "JPEG":
        options.pop("transparency", None)
        if "quantization" in info:
            options["qtables"] = info["quantization"]
            if mode != "L" and info["sampling"] != -1:
                options["subsampling"] = info["sampling"]
        else:
            options |= {"quality": 95, "subsampling": 0}
        if "comment" in info:
            options["comment"] = info["comment"]
        if "iptc" in info:
            options["extra"] = _iptc_segment(info["iptc"])
    return options


def tiff_tags(info: Mapping[str, Any]) -> Image.Exif:
    """Return the EXIF for a TIFF's own directory, without what it says of the file it was read from.

    Programs write such tags into JPEGs too: the height before it was cut, or how a TIFF had been packed.
    """
    tags = Image.Exif()
    tags.load(info.get("exif", b""))
    for tag in (STORAGE if "dpi" in info else STORAGE - _RESOLUTION).intersection(tags):
        del tags[tag]
    return tags


def _iptc_segment(iptc: bytes) -> bytes:
    resource = struct.pack(">4sHHI", b"8BIM", _IPTC_RESOURCE, 0, len(iptc)) + iptc + b"\0" * (len(iptc) % 2)
    body = b"Photoshop 3.0\0" + resource
    return b"\xff\xed" + struct.pack(">H", len(body) + 2) + body


def png_chunks(info: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    """List all chunks that go before a PNG's pixels, in the standard's order, each with name and body."""
    chunks = []
    if "icc_profile" in info:
        chunks.append((b"iCCP", b"ICC Profile\0\0" + zlib.compress(info["icc_profile"])))
    chunks += png_colour_chunks(info)
    if "dpi" in info:
        x, y = (round(value / 0.0254) for value in info["dpi"])
        chunks.append((b"pHYs", struct.pack(">IIB", x, y, 1)))
    if "exif" in info:
        chunks.append((b"eXIf", info["exif"].removeprefix(b"Exif\0\0")))
    if "xmp" in info:
        chunks.append((b"iTXt", _XMP_KEYWORD.encode() + b"\0\0\0\0\0" + info["xmp"]))
    return chunks


def png_colour_space(data: bytes) -> bytes | None:
    """Return the body of a PNG's chunk cICP, which Pillow passes over; None without one."""
    for name, start, end in png.walk(data):
        if name in (b"IDAT", b"IEND"):
            break
        if name == b"cICP" and end - start == _CICP_BYTES:
            return data[start:end]
    return None


def png_colour_chunks(info: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    """List the PNG chunks that say what the sample values mean, each with name and body."""
    chunks = []
    if "gamma" in info:
        chunks.append((b"gAMA", struct.pack(">I", round(info["gamma"] * 100_000))))
    if "chromaticity" in info:
        values = (round(value * 100_000) for value in info["chromaticity"])
        chunks.append((b"cHRM", struct.pack(">8I", *values)))
    if "cicp" in info:
        chunks.append((b"cICP", info["cicp"]))
    if "srgb" in info:
        chunks.append((b"sRGB", bytes([info["srgb"]])))
    return chunks
