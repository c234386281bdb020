"""A photo whose pixels outside a fill keep their exact values, whatever kind of file it is. Needs no torch.

Lossless files (PNG, TIFF, WebP, BMP, GIF, ...) come back with every pixel of weight 0 unchanged, in the
photo's own kind: RGB, RGBA, grey, grey with alpha, 16-bit grey and colour, palette, 1-bit and CMYK; with what
`nigdt.photo.metadata` carries: ICC profile, EXIF (orientation included: samples stay as the file has them),
XMP, resolution. What is not kept:

* Saving as JPEG encodes anew, with the photo's own quantisation tables when it came from a JPEG; pixels
  differ a little everywhere. Save as PNG where that matters.
* A palette photo stays one. Colours of the fill go into entries no pixel refers to; when there are fewer than
  needed, the nearest are taken.
* Alpha is kept as it is, so a fill in transparent pixels stays invisible.
* Only single pictures: animations and TIFFs of several pages are refused rather than cut to their first
  frame. The preview pictures that phones put behind a JPEG (MPO) are not carried over.
"""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nigdt.context.box import Box
from nigdt.errors import PhotoError
from nigdt.files import write_atomically
from nigdt.photo.deep import is_deep, read_deep, write_png16, write_tiff16
from nigdt.photo.metadata import ORIENTATION, read_metadata, save_options
from nigdt.photo.provenance import DrawnFill, stamped
from nigdt.photo.samples import (
    SIXTEEN_BIT,
    Palette,
    claim_entries,
    keep_key,
    mix,
    to_alpha8,
    to_rgb8,
    upright,
)

__all__ = ["MAX_PIXELS", "Photo"]

MAX_PIXELS = 250_000_000
"""Largest photo that is read, in pixels."""

_KINDS = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"})
_READ_AS = {"I;16B": "I;16", "I;16L": "I;16", "I;16N": "I;16", "RGBX": "RGB"}
_SINGLE = frozenset({"GIF", "PNG", "WEBP", "TIFF", "AVIF"})
# What each format holds without loss of depth, alpha or exact values (JPEG and AVIF: but for their
# compression).
_HOLDS = {
    "PNG": _KINDS - {"CMYK"} | SIXTEEN_BIT,
    "TIFF": _KINDS | SIXTEEN_BIT - {"LA;16"},
    "WEBP": {"L", "LA", "P", "RGB", "RGBA"},
    "BMP": {"1", "L", "P", "RGB", "RGBA"},
    "GIF": {"1", "L", "P"},
    "PPM": {"1", "L", "RGB", "I;16"},
    "TGA": {"1", "L", "LA", "P", "RGB", "RGBA"},
    "JPEG": {"1", "L", "P", "RGB", "CMYK"},
    "AVIF": {"L", "P", "RGB", "RGBA"},
}


class Photo:
    """The user's whole picture. Objects do not change; `paste` gives a new one.

    Use `read` or `from_image`, not the constructor.
    """

    def __init__(
        self,
        samples: NDArray,
        kind: str,
        *,
        palette: Palette | None = None,
        orientation: int = 1,
        info: Mapping[str, Any] | None = None,
        source: Path | None = None,
    ) -> None:
        self._samples = samples
        self._palette = palette
        self._rgb8: NDArray[np.uint8] | None = None
        self.kind = kind
        self.orientation = orientation
        self.info: dict[str, Any] = dict(info or {})
        self.source = source

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Photo:
        """Read a file.

        Raises:
            PhotoError: The file is missing, damaged, too large, an animation, or of a kind that is not
                supported.
        """
        path = Path(path)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise PhotoError(f"Cannot read {path}: {error.strerror or error}.") from None
        try:
            with _quiet_pillow(), Image.open(io.BytesIO(data)) as image:
                return cls._from_opened(image, data, path)
        except PhotoError as error:
            raise PhotoError(f"{path.name}: {error.message}", error.hint) from None
        except Exception as error:  # Pillow's decoders raise a dozen types on damaged files
            raise PhotoError(
                f"{path.name} is not a picture this program reads, or it is damaged ({_brief(error)}).",
                "PNG, JPEG, TIFF, WebP, BMP and GIF are read.",
            ) from None

    @classmethod
    def from_image(cls, image: Image.Image) -> Photo:
        """Take a Pillow picture, with the ICC profile, EXIF and resolution it carries.

        Raises:
            PhotoError: A mode that is not supported (F, LAB, HSV, YCbCr, premultiplied alpha).
        """
        try:
            image.load()
        except Exception as error:
            raise PhotoError(f"The picture cannot be decoded ({_brief(error)}).") from None
        return cls._from_opened(image, b"", None)

    @classmethod
    def _from_opened(cls, image: Image.Image, data: bytes, source: Path | None) -> Photo:
        if image.width * image.height > MAX_PIXELS:
            raise PhotoError(
                f"{image.width} x {image.height} pixels are too many.", f"At most {MAX_PIXELS:,} are read."
            )
        if image.format in _SINGLE and getattr(image, "n_frames", 1) > 1:
            raise PhotoError(
                f"This file holds {image.n_frames} pictures.",  # type: ignore[attr-defined]
                "Save the one to change as a file of its own.",
            )
        deep = bool(data) and is_deep(image, data)
        if deep:
            samples, kind = read_deep(data)
        else:
            image.load()
            samples, kind = _samples_of(image)
        exif = image.getexif()  # after load: Pillow turns TIFFs upright while loading
        if deep and image.format == "TIFF":  # as OpenCV does while decoding
            exif.pop(ORIENTATION, None)
        orientation = exif.get(ORIENTATION, 1)
        orientation = orientation if orientation in range(1, 9) else 1
        info = read_metadata(image)
        palette = Palette.of(image) if kind == "P" else None
        samples.setflags(write=False)
        return cls(samples, kind, palette=palette, orientation=orientation, info=info, source=source)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels as the photo is seen, EXIF orientation applied."""
        height, width = upright(self._samples, self.orientation).shape[:2]
        return width, height

    @property
    def samples(self) -> NDArray:
        """Read-only samples as they lie in the file: (H, W) or (H, W, channels) of uint8, uint16 or bool."""
        return self._samples

    @property
    def rgb8(self) -> NDArray[np.uint8]:
        """What the model and the screen see: (H, W, 3) uint8, upright, without alpha. Read-only."""
        if self._rgb8 is None:
            seen = upright(to_rgb8(self._samples, self.kind, self._palette), self.orientation)
            self._rgb8 = np.ascontiguousarray(seen)
            self._rgb8.setflags(write=False)
        return self._rgb8

    @property
    def alpha8(self) -> NDArray[np.uint8] | None:
        """Opacity (H, W) uint8, upright, 255 = opaque; None for a photo without transparency."""
        key = self.info.get("transparency")
        alpha = to_alpha8(self._samples, self.kind, self._palette, None if isinstance(key, bytes) else key)
        return None if alpha is None else np.ascontiguousarray(upright(alpha, self.orientation))

    def paste(self, box: Box, fill_rgb8: NDArray, weight: NDArray) -> Photo:
        """A new photo with a fill mixed in: ``(1 - weight) * photo + weight * fill``, in its own depth.

        Every pixel of weight 0, and alpha everywhere, keeps its exact value.

        Args:
            box: Where, in upright pixels; what reaches beyond the photo is dropped.
            fill_rgb8: (box.height, box.width, 3), 0 to 255, colours matched but not yet blended.
            weight: (box.height, box.width), 0 to 1.

        Raises:
            ValueError: Fill or weight do not have the size of the box.
        """
        if fill_rgb8.shape != (box.height, box.width, 3) or weight.shape != (box.height, box.width):
            raise ValueError(f"The fill {fill_rgb8.shape} and the weight {weight.shape} do not fit {box}.")
        width, height = self.size
        top, bottom = max(box.top, 0), min(box.bottom, height)
        left, right = max(box.left, 0), min(box.right, width)
        if top >= bottom or left >= right:
            return self
        inside = np.s_[top - box.top : bottom - box.top, left - box.left : right - box.left]
        fill, share = fill_rgb8[inside], np.clip(weight[inside].astype(np.float64), 0, 1)

        samples = self._samples.copy()
        region = upright(samples, self.orientation)[top:bottom, left:right]
        palette = self._palette
        if palette is not None:
            used = np.bincount(self._samples.ravel(), minlength=256) > 0
            palette = claim_entries(palette, used, _mixed_rgb8(palette.colours[region], fill, share))
        mix(region, fill, share, self.kind, palette)
        if self.kind in ("L", "RGB") and "transparency" in self.info:
            before = upright(self._samples, self.orientation)[top:bottom, left:right]
            keep_key(before, region, self.info["transparency"])
        samples.setflags(write=False)
        return Photo(
            samples,
            self.kind,
            palette=palette,
            orientation=self.orientation,
            info=self.info,
            source=self.source,
        )

    def to_image(self) -> Image.Image:
        """As a Pillow picture of the same mode, samples as they lie in the file, metadata in `info`.

        Pillow holds no 16-bit colour; such photos come as their 8-bit view, in the same layout.
        """
        image = self._as_pillow()
        for key in ("icc_profile", "dpi", "transparency", "exif"):
            if key in self.info:
                image.info[key] = self.info[key]
        return image

    def _as_pillow(self) -> Image.Image:
        samples, kind = self._samples, self.kind
        height, width = samples.shape[:2]
        if kind in SIXTEEN_BIT and kind != "I;16":
            samples = ((samples.astype(np.uint32) + 128) // 257).astype(np.uint8)
            kind = kind.removesuffix(";16")
        if kind == "1":
            return Image.fromarray(samples.astype(np.uint8) * 255).convert("1", dither=Image.Dither.NONE)
        if kind == "I;16":
            samples = samples.astype("<u2")
        image = Image.frombytes(kind, (width, height), samples.tobytes())
        if self._palette is not None:
            image.putpalette(self._palette.colours[: self._palette.length].tobytes())
        return image

    def save(
        self, path: str | os.PathLike[str], *, overwrite: bool = False, fills: Sequence[DrawnFill] = ()
    ) -> None:
        """Write the photo in the format of the file name's ending, all or nothing.

        Another file of that name is replaced at the end, in one step; the photo's own file only with
        `overwrite`.

        Args:
            path: The file; its ending names the format.
            overwrite: Whether the photo's own file may be replaced.
            fills: What was filled, to be recorded in the file where its format has a place for it.

        Raises:
            PhotoError: The format is unknown or cannot hold this kind of photo, the path is the photo's own,
                or the disk refuses.
        """
        path = Path(path)
        if not overwrite and self.source is not None and _same_file(path, self.source):
            raise PhotoError(f"{path} is the photo itself.", "Choose another name, or say to overwrite it.")
        data = self.encode(path.suffix)
        try:
            write_atomically(path, stamped(data, fills))
        except OSError as error:
            raise PhotoError(f"Cannot write {path}: {error.strerror or error}.") from None

    @property
    def lossless_suffix(self) -> str:
        """File name ending of a format that holds this photo without loss."""
        return ".tif" if self.kind == "CMYK" else ".png"

    def format_for(self, suffix: str) -> str:
        """Pillow's name of the format that a file name's ending means, if it can hold this photo.

        Args:
            suffix: File name ending, such as ".png".

        Raises:
            PhotoError: The format is unknown or cannot hold this kind of photo.
        """
        file_format = Image.registered_extensions().get(suffix.lower(), "")
        if file_format not in _HOLDS:
            raise PhotoError(
                f"Pictures are not written as {suffix or 'files without an ending'}.",
                "Use .png, .jpg, .tif, .webp, .bmp or .gif.",
            )
        transparent = self.kind == "P" and "transparency" in self.info and file_format in ("JPEG", "BMP")
        if self.kind not in _HOLDS[file_format] or transparent:
            raise PhotoError(
                f"{file_format} cannot hold this photo ({_describe(self.kind)}) without loss.",
                f"Save it as {self.lossless_suffix}.",
            )
        return file_format

    def encode(self, suffix: str) -> bytes:
        """The bytes of a file; argument and errors as in `format_for`."""
        file_format = self.format_for(suffix)
        if self.kind in SIXTEEN_BIT and self.kind != "I;16":
            if file_format == "PNG":
                return write_png16(self._samples, self.kind, self.info)
            return write_tiff16(self._samples, self.info, self.orientation)
        return self._encode_with_pillow(file_format)

    def _encode_with_pillow(self, file_format: str) -> bytes:
        image = self._as_pillow()
        if file_format == "JPEG" and self.kind == "P":
            image = Image.fromarray(to_rgb8(self._samples, "P", self._palette))
        options = save_options(self.info, file_format, image.mode)
        if file_format == "WEBP":
            options |= {"lossless": True, "exact": True}
        elif file_format == "AVIF":
            options |= {"quality": 90}
        elif file_format == "PNG":
            options |= {"compress_level": 4}  # twice as fast as the default, a few per cent larger
        elif file_format == "TIFF":
            options |= {"compression": "tiff_adobe_deflate"}
        buffer = io.BytesIO()
        try:
            image.save(buffer, file_format, **options)
        except (OSError, ValueError, KeyError) as error:
            raise PhotoError(
                f"The photo cannot be written as {file_format} ({_brief(error)}).", "Save it as .png."
            ) from None
        return buffer.getvalue()


def _samples_of(image: Image.Image) -> tuple[NDArray, str]:
    """Samples of a loaded picture, owned by the caller, and their kind."""
    kind = _READ_AS.get(image.mode, image.mode)
    if image.mode == "I" and image.format == "PNG":  # older Pillow reads 16-bit grey so
        return np.asarray(image).astype(np.uint16), "I;16"
    if kind not in _KINDS:
        raise PhotoError(f"Pictures of mode {image.mode} are not supported.", "Convert it to RGB first.")
    if image.mode == "RGBX":
        image = image.convert("RGB")
    samples = np.array(image)
    return (samples.astype(np.uint16) if kind == "I;16" else samples), kind


def _mixed_rgb8(before: NDArray[np.uint8], fill: NDArray, share: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The colours (n, 3) that a fill wants to show where its weight is above 0."""
    touched = share > 0
    old = before[touched].astype(np.float64)
    mixed = old + share[touched][:, None] * (fill[touched] - old)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def _same_file(first: Path, second: Path) -> bool:
    try:
        return first.samefile(second)
    except OSError:
        return first.absolute() == second.absolute()


@contextlib.contextmanager
def _quiet_pillow() -> Iterator[None]:
    """Pillow's size limit is replaced by `MAX_PIXELS`; its warnings on metadata are noise here."""
    limit = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _describe(kind: str) -> str:
    words = {
        "I;16": "16-bit grey",
        "LA": "grey with alpha",
        "RGBA": "with alpha",
        "P": "with transparent colours",
    }
    return words.get(kind, f"16-bit {kind.removesuffix(';16')}" if kind.endswith(";16") else kind)


def _brief(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:120] if text and "BytesIO" not in text else type(error).__name__
