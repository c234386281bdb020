"""Photos as phones and cameras write them: HEIC, JPEG XL and raw, read by optional packages. No torch.

They are read only; what is made of them is saved in a format of `nigdt.photo.formats`. A file's ending
chooses the decoder: most raw files begin like a TIFF.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nigdt.errors import PhotoError, install_hint
from nigdt.photo.formats import PhotoFormat
from nigdt.photo.opening import MAX_PIXELS, check_regular, reason
from nigdt.photo.quiet import quiet_decoders

__all__ = [
    "CAMERA_FORMATS",
    "RAW",
    "camera_format",
    "develop",
    "embedded_picture",
    "missing",
    "open_camera_picture",
]

EXTRA = "photos"
"""The extra of this distribution that brings the decoders."""
RAW = "RAW"
CAMERA_FORMATS = (
    PhotoFormat("HEIF", "HEIC", (".heic", ".heif", ".hif"), "image/heic", turns=True),
    PhotoFormat("JXL", "JPEG XL", (".jxl",), "image/jxl", turns=True),
    PhotoFormat(
        RAW, "camera raw",
        (".dng", ".cr2", ".cr3", ".nef", ".nrw", ".arw", ".raf", ".orf", ".rw2", ".pef", ".srw"),
        "image/x-dcraw",
    ),
)  # fmt: skip
_MODULES = {"HEIF": "pillow_heif", "JXL": "pillow_jxl", RAW: "rawpy"}
_ORIENTATION, _THUMBNAIL_OFFSET = 0x0112, 0x0201


def camera_format(path: Path) -> PhotoFormat | None:
    """Return the format that a file's name means, or None for one that needs no optional package."""
    return next((entry for entry in CAMERA_FORMATS if path.suffix.lower() in entry.suffixes), None)


def missing(entry: PhotoFormat) -> bool:
    """Return whether the package that reads a format is not installed."""
    importlib.invalidate_caches()
    return importlib.util.find_spec(_MODULES[entry.name]) is None


def _decoder(entry: PhotoFormat, name: str) -> Any:
    try:
        return importlib.import_module(_MODULES[entry.name])
    except ImportError:
        raise PhotoError(
            f"{name} is a photo of the format {entry.title}, which an optional part of NIGDT reads.",
            install_hint(EXTRA),
        ) from None


def open_camera_picture(path: Path, entry: PhotoFormat) -> Image.Image:
    """Read a HEIC or JPEG XL file: its first picture, with EXIF, XMP and colour profile.

    Raises:
        PhotoError: It is damaged or too large, cannot be read, or its decoder is missing.
    """
    decoder = _decoder(entry, path.name)
    try:
        if entry.name == "HEIF":
            decoder.register_heif_opener()
        with quiet_decoders(), Image.open(path, formats=[entry.name]) as image:
            _check_pixels(image.width * image.height, path)
            image.load()
            return image.convert("RGBA") if image.mode == "RGBa" else image.copy()
    except OSError as error:
        if error.errno is not None:
            raise PhotoError(f"Cannot read {path}: {error.strerror}.") from None
        raise _damaged(path, entry, error) from None
    except PhotoError:
        raise
    except Exception as error:  # decoders raise a dozen types on damaged files
        raise _damaged(path, entry, error) from None


def develop(path: Path, entry: PhotoFormat) -> tuple[NDArray[np.uint16], bytes]:
    """Develop a raw file with the camera's white balance, in sRGB.

    Returns:
        Samples (H, W, 3) uint16, upright, and the EXIF of the camera's own small picture, empty without one.

    Raises:
        PhotoError: It is damaged or too large, cannot be read, or its decoder is missing.
    """
    rawpy = _decoder(entry, path.name)
    try:
        with rawpy.imread(str(path)) as raw:
            _check_pixels(raw.sizes.width * raw.sizes.height, path)
            samples = raw.postprocess(use_camera_wb=True, output_bps=16)
            return samples, _exif_of(rawpy, raw)
    except PhotoError:
        raise
    except Exception as error:
        raise _damaged(path, entry, error) from None


def embedded_picture(path: Path, entry: PhotoFormat) -> bytes:
    """Return the JPEG that the camera put into a raw file to look at; empty without one.

    Raises:
        PhotoError: The file is damaged, or its decoder is missing.
    """
    rawpy = _decoder(entry, path.name)
    check_regular(path)
    try:
        with rawpy.imread(str(path)) as raw:
            return _embedded(rawpy, raw)
    except Exception as error:
        raise _damaged(path, entry, error) from None


def _embedded(rawpy: Any, raw: Any) -> bytes:
    with contextlib.suppress(Exception):  # there is none, or a damaged one
        thumb = raw.extract_thumb()
        if thumb.format == rawpy.ThumbFormat.JPEG:
            return bytes(thumb.data)
    return b""


def _exif_of(rawpy: Any, raw: Any) -> bytes:
    data = io.BytesIO(_embedded(rawpy, raw))
    # Without a picture, or with a damaged one, it is a photo without EXIF.
    with contextlib.suppress(Exception), Image.open(data, formats=["JPEG"]) as image:
        exif = image.getexif()
        for tag in (_ORIENTATION, _THUMBNAIL_OFFSET):  # the samples are upright already
            exif.pop(tag, None)
        return exif.tobytes() if len(exif) else b""
    return b""


def _check_pixels(pixels: int, path: Path) -> None:
    if pixels > MAX_PIXELS:
        raise PhotoError(f"{path.name}: {pixels:,} pixels are too many.", f"At most {MAX_PIXELS:,} are read.")


def _damaged(path: Path, entry: PhotoFormat, error: Exception) -> PhotoError:
    return PhotoError(
        f"{path.name} is a damaged {entry.title} file, or of a kind that is not read ({reason(error)})."
    )
