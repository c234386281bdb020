"""What a photo's file says beside its pixels, and what of it a changed photo's file says again. No torch.

Carried: ICC profile, resolution, EXIF (without the preview picture, which would still show what was there
before), XMP, a PNG's gamma, primaries and rendering intent, the transparent colour, and a JPEG's quantisation
tables. Not carried: comments and other text, IPTC, Photoshop's image resources and layers.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from PIL import Image, JpegImagePlugin, PngImagePlugin

__all__ = ["ORIENTATION", "png_colour_chunks", "read_metadata", "save_options"]

ORIENTATION = 0x0112
_XMP_KEYWORD = "XML:com.adobe.xmp"  # in a PNG
_XMP_TAG = 700  # in a TIFF
# What a TIFF's directory says of how its samples are stored. In another file it would be wrong: Pillow writes
# EXIF tags into the new directory as they are.
_STORAGE = frozenset({
    254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 277, 278, 279, 280, 281, 284, 288, 289, 290,
    291, 292, 293, 317, 320, 322, 323, 324, 325, 330, 332, 333, 334, 336, 338, 339, 340, 341, 342, 343, 346,
    347, *range(512, 522), 529, 530, 531, 532,
    _XMP_TAG, 33723, 34377, 34675, 37724,  # XMP and ICC are carried apart; IPTC and Photoshop's own are not
})  # fmt: skip


def read_metadata(image: Image.Image) -> dict[str, Any]:
    """What is carried of a loaded picture.

    Returns:
        Those of `icc_profile`, `dpi`, `transparency`, `gamma`, `chromaticity`, `srgb` and `xmp` that Pillow's
        `info` has, as it has them; `exif` as bytes; for a JPEG `quantization` and `sampling`.
    """
    keys: tuple[str, ...] = ("icc_profile", "dpi", "transparency", "xmp")
    if image.format == "PNG":
        keys += ("gamma", "chromaticity", "srgb")
    found = {key: image.info[key] for key in keys if key in image.info}
    exif = image.getexif()
    if image.format == "TIFF":
        whole, exif = exif, Image.Exif()  # a copy: the picture is the caller's
        exif.load(whole.tobytes())
        for tag in _STORAGE.intersection(exif):
            del exif[tag]
    if exif:
        found["exif"] = exif.tobytes()
    if image.format in ("JPEG", "MPO"):
        found["quantization"] = dict(image.quantization)  # type: ignore[attr-defined]
        found["sampling"] = JpegImagePlugin.get_sampling(image)
    return found


def save_options(info: Mapping[str, Any], file_format: str, mode: str) -> dict[str, Any]:
    """Arguments for `Image.save` that write what was carried.

    Args:
        info: From `read_metadata`.
        file_format: Pillow's name of the format to write.
        mode: Mode of the picture to write.
    """
    options = {key: info[key] for key in ("icc_profile", "dpi", "exif", "transparency") if key in info}
    if file_format == "PNG":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        for name, body in png_colour_chunks(info):
            options["pnginfo"].add(name, body)
        if "xmp" in info:
            options["pnginfo"].add_itxt(_XMP_KEYWORD, info["xmp"].decode("utf-8", "replace"))
    elif "xmp" in info and file_format == "TIFF":
        options["tiffinfo"] = {_XMP_TAG: info["xmp"]}
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
    return options


def png_colour_chunks(info: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    """Name and body of the PNG chunks that say what the sample values mean."""
    chunks = []
    if "gamma" in info:
        chunks.append((b"gAMA", struct.pack(">I", round(info["gamma"] * 100_000))))
    if "chromaticity" in info:
        values = (round(value * 100_000) for value in info["chromaticity"])
        chunks.append((b"cHRM", struct.pack(">8I", *values)))
    if "srgb" in info:
        chunks.append((b"sRGB", bytes([info["srgb"]])))
    return chunks
