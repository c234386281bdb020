"""From an opened picture to its samples and metadata, whatever kind of file it came from. No torch."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from nigdt.errors import PhotoError
from nigdt.photo.deep import is_deep, read_deep, tga_alpha_means_opacity, white_is_zero
from nigdt.photo.jpeg_behind import has_more_behind
from nigdt.photo.metadata import png_colour_space, read_metadata, take_exif
from nigdt.photo.opening import MAX_PIXELS
from nigdt.photo.ppm import is_followed
from nigdt.photo.samples import Palette, key_of, scale_key

__all__ = ["Decoded", "decode"]

_KINDS = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"})
_READ_AS = {"I;16B": "I;16", "I;16L": "I;16", "I;16N": "I;16", "RGBX": "RGB"}
_TIFF_PALETTE, _TIFF_WIDTH, _TIFF_HEIGHT = 320, 256, 257
_SINGLE = frozenset({"GIF", "PNG", "WEBP", "TIFF", "AVIF", "PPM"})


@dataclass(frozen=True)
class Decoded:
    """What a file holds.

    Attributes:
        samples: (H, W) or (H, W, channels) of uint8, uint16 or bool, owned by the caller.
        kind: Kind of the samples, as in `nigdt.photo.samples`.
        palette: Colours of a palette picture; None for others.
        orientation: EXIF orientation of the samples, 1 to 8.
        stored_orientation: That of the picture in its file.
        info: Metadata, as in `nigdt.photo.metadata`.
        damaged: Names of metadata that cannot be used and is left out.
    """

    samples: NDArray
    kind: str
    palette: Palette | None
    orientation: int
    stored_orientation: int
    info: dict[str, Any]
    damaged: list[str]


def decode(image: Image.Image, data: bytes = b"", *, first: bool = False) -> Decoded:
    """Decode a picture.

    Args:
        image: From `nigdt.photo.opening.opened`, not yet loaded; or any loaded Pillow picture.
        data: The file's bytes; empty for a picture that comes from no file.
        first: Take the first of several pictures instead of refusing them.

    Raises:
        PhotoError: It has too many pixels, is an animation, or of a kind that is not supported.
    """
    if image.width * image.height > MAX_PIXELS:
        raise PhotoError(
            f"{image.width} x {image.height} pixels are too many.", f"At most {MAX_PIXELS:,} are read."
        )
    if not first and image.format in _SINGLE and _several(image, data):
        raise PhotoError("This file holds several pictures.", "Save the one to change as a file of its own.")
    deep = bool(data) and is_deep(image, data)
    stored = bool(data) and image.format == "TIFF"
    found = take_exif(image, loaded=False) if stored else None
    if deep:
        samples, kind = read_deep(data)
    else:
        image.load()
        samples, kind = _samples_of(image)
    found = found or take_exif(image, loaded=True)
    read_metadata(image, found)
    stored_orientation = found.orientation
    if stored:  # Pillow and OpenCV have turned the samples by now
        found.orientation = 1
    if image.format in ("JPEG", "MPO") and has_more_behind(data):
        found.info["more_behind"] = True
    if image.format == "PNG" and data:
        colour_space = png_colour_space(data)
        if colour_space is not None:
            found.info["cicp"] = colour_space
        scale_key(found.info, depth=data[24], grey=data[25] == 0)
    if image.format == "TGA" and data and kind in ("LA", "RGBA") and not tga_alpha_means_opacity(data):
        samples, kind = _without_fourth(samples, kind)
    palette = _palette_of(image, samples) if kind == "P" else None
    if palette is not None and image.format == "TIFF" and data:
        palette = _with_eight_bits(palette, image)
    if palette is None and key_of(found.info, kind) is None:
        found.info.pop("transparency", None)
    return Decoded(samples, kind, palette, found.orientation, stored_orientation, found.info, found.damaged)


def _without_fourth(samples: NDArray, kind: str) -> tuple[NDArray, str]:
    """Leave out a channel that is no alpha and says nothing.

    Raises:
        PhotoError: It says something.
    """
    if samples[..., -1].min() != samples[..., -1].max():
        raise PhotoError(
            "This TGA has a fourth channel that it does not declare to be transparency.",
            "Save it with alpha or without, as PNG has it.",
        )
    return np.ascontiguousarray(samples[..., 0] if kind == "LA" else samples[..., :-1]), kind.removesuffix(
        "A"
    )


def _palette_of(image: Image.Image, samples: NDArray) -> Palette:
    """Read a palette; entries that samples refer to and that it lacks are black, as decoders have them.

    Raises:
        PhotoError: It has no entry.
    """
    palette = Palette.of(image)
    if palette.length == 0:
        raise PhotoError("This picture is damaged: its palette is missing.")
    return Palette(palette.colours, palette.alpha, max(palette.length, int(samples.max()) + 1))


def _with_eight_bits(palette: Palette, image: Image.Image) -> Palette:
    """Read a TIFF's palette as one of 8-bit numbers where none is larger, as old programs wrote it."""
    values = np.asarray(image.tag_v2.get(_TIFF_PALETTE, ()))  # type: ignore[attr-defined]
    if not values.any() or values.max() > 255 or len(values) % 3:
        return palette
    colours = np.zeros((256, 3), np.uint8)
    entries = values.reshape(3, -1).T[:256]
    colours[: len(entries)] = entries
    return Palette(colours, palette.alpha, palette.length)


def _several(image: Image.Image, data: bytes) -> bool:
    """Tell whether a file holds several pictures; a TIFF may point to a next one that is not there."""
    if image.format == "PPM":
        return bool(data) and is_followed(image, data)
    if not getattr(image, "is_animated", False):
        return False
    if image.format == "TIFF" and data:
        try:
            with Image.open(io.BytesIO(data), formats=["TIFF"]) as again:
                again.seek(1)
                return again.width * again.height > 0
        except Exception:  # Pillow raises a dozen types on damaged files, and on kinds that it does not read
            return _has_second_directory(image, data)
    return True


def _has_second_directory(image: Image.Image, data: bytes) -> bool:
    """Tell whether a second picture is there, of whatever kind: a mask, or one of floating-point numbers."""
    first = image.tag_v2  # type: ignore[attr-defined]
    try:
        second = TiffImagePlugin.ImageFileDirectory_v2(data[: 16 if data[2:4] in (b"+\0", b"\0+") else 8])
        file = io.BytesIO(data)
        file.seek(first.next)
        second.load(file)
        return int(second[_TIFF_WIDTH]) * int(second[_TIFF_HEIGHT]) > 0
    except Exception:
        return False


def _samples_of(image: Image.Image) -> tuple[NDArray, str]:
    """Return the samples of a loaded picture, owned by the caller, and their kind."""
    kind = _READ_AS.get(image.mode, image.mode)
    if image.mode == "I" and image.format in ("PNG", "PPM"):  # 16-bit grey; of PNG by older Pillow
        return np.asarray(image).astype(np.uint16), "I;16"
    if kind not in _KINDS:
        raise PhotoError(f"Pictures of mode {image.mode} are not supported.", "Convert it to RGB first.")
    if image.mode == "RGBX":
        image = image.convert("RGB")
    samples = np.array(image)
    if kind == "I;16":
        samples = samples.astype(np.uint16)
        samples = 65535 - samples if white_is_zero(image) else samples
    return samples, kind
