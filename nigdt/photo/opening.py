"""The one door for picture files: bounded, and only for the formats of `nigdt.photo.formats`. No torch.

No decoder beyond those is ever tried, so that no file starts a program, as Pillow does for EPS. What is no
regular file, too large, or a bomb that claims far more pixels than its bytes can tell is refused at once.
"""

from __future__ import annotations

import contextlib
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from nigdt.errors import PhotoError
from nigdt.files import pointer_kind
from nigdt.photo.formats import NAMES, PhotoFormat, of_data
from nigdt.photo.headers import keeps_busy
from nigdt.photo.quiet import quiet_decoders

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "DamagedPictureError",
    "check_regular",
    "opened",
    "picture_format",
    "read_file",
    "reason",
]

MAX_PIXELS = 250_000_000
"""Largest photo that is read, in pixels."""
MAX_BYTES = 2_200_000_000
"""Largest file that is read: `MAX_PIXELS` of 16-bit RGBA, uncompressed."""

# Deflate cannot make a blank 8-bit picture smaller than 1/1032 of its pixels.
_BOMB_PIXELS, _BOMB_PIXELS_PER_BYTE = 25_000_000, 2000
_HEAD = 512
_TIFF_WIDTH, _TIFF_BITS, _TIFF_PACKING, _TIFF_MEANING, _TIFF_SAMPLES = 256, 258, 259, 262, 339
_TIFF_NUMBERS = {2: "signed", 3: "floating-point", 5: "complex", 6: "complex"}


class DamagedPictureError(PhotoError):
    """A picture cannot be decoded."""


def check_regular(path: Path) -> None:
    """Refuse at once what cannot be a picture's file, for decoders that open it themselves.

    Raises:
        PhotoError: It is no regular file, too large, or missing.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    _check_status(status.st_mode, status.st_size, path.name)


def _check_status(mode: int, size: int, what: str) -> None:
    if not stat.S_ISREG(mode):
        raise PhotoError(f"{what} is a folder or a device, not a picture.")
    if size > MAX_BYTES:
        raise PhotoError(f"{what} is too large: {size:,} bytes.", f"At most {MAX_BYTES:,} are read.")


def read_file(
    path: str | os.PathLike[str], *, name: str | None = None, offset: int = 0, size: int | None = None
) -> bytes:
    """Read the bytes of a picture file.

    Returns at once, also from a pipe, a device or a huge file; the content is looked at by `opened`.

    Args:
        path: The file.
        name: What messages call the picture; None is the file's name.
        offset: Where the picture starts in it, for one inside an archive.
        size: How many bytes it has; None for all that follow.

    Raises:
        PhotoError: It is no regular file of a format that is read, too large, or cannot be read.
    """
    path = Path(path)
    name = path.name if name is None else name
    what = name or "This"
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            _check_status(status.st_mode, 0, what)
            size = status.st_size - offset if size is None else size
            file.seek(offset)
            head = file.read(min(_HEAD, size))
            picture_format(head, name)
            _check_status(status.st_mode, size, what)
            return head + file.read(size - len(head))
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError | ValueError) -> PhotoError:
    if isinstance(error, OSError):
        return PhotoError(f"Cannot read {path}: {error.strerror or error}.")
    return PhotoError(f"Cannot read {path}: no file can have such a name.")  # a zero byte, a lone surrogate


def picture_format(data: bytes, name: str = "") -> PhotoFormat:
    """Return the format of a picture.

    Args:
        data: The file, or at least its first 512 bytes.
        name: The file's name; may be empty.

    Raises:
        PhotoError: It is not one that is read.
    """
    found = of_data(data, name)
    if found is None:
        what = name or "This"
        if not data:
            raise PhotoError(f"{what} is not a picture: the file is empty.")
        pointer = pointer_kind(data)
        if pointer is not None:
            raise PhotoError(f"{what} is a {pointer.title}, not the picture itself.", pointer.hint)
        raise PhotoError(f"{what} is not a picture of a format that is read.", f"Those are {NAMES}.")
    return found


@contextlib.contextmanager
def opened(data: bytes, name: str = "") -> Iterator[Image.Image]:
    """Open a picture with Pillow, without decoding it yet.

    Args:
        data: The whole file.
        name: The file's name, for messages; may be empty.

    Raises:
        PhotoError: It is not of a format that is read, or too large.
        DamagedPictureError: It cannot be decoded, inside the `with` too.
    """
    expected = picture_format(data[:_HEAD], name)
    if keeps_busy(data, expected.name):
        raise PhotoError(
            f"{name or 'The picture'} is a damaged {expected.title} file, built as no photo's is."
        )
    try:
        with quiet_decoders():
            Image.init()
            with Image.open(io.BytesIO(data), formats=[expected.name]) as image:
                _check_size(image, len(data))
                yield image
    except PhotoError as error:
        if not name or error.message.startswith(name):
            raise
        raise PhotoError(f"{name}: {error.message}", error.hint) from None
    except UnidentifiedImageError:
        kind = _kind_of_tiff(data) if expected.name == "TIFF" else ""
        what = name or "The picture"
        raise DamagedPictureError(
            f"{what} is a damaged {expected.title} file, or of a kind that is not read{kind}.",
            "Save it as an ordinary TIFF, RGB or grey, with 8 or 16 bits." if kind else "",
        ) from None
    except Exception as error:  # Pillow's decoders raise a dozen types on damaged files
        raise DamagedPictureError(
            f"{name or 'The picture'} is a damaged {expected.title} file, or of a kind that is not read"
            f" ({reason(error)})."
        ) from None


def _kind_of_tiff(data: bytes) -> str:
    """Return what a TIFF says of its samples, for a message; nothing when its tags cannot be read."""
    if data.startswith(b"MM\0+"):
        return " (a BigTIFF of big-endian numbers)"
    try:
        with quiet_decoders():
            tags = TiffImagePlugin.ImageFileDirectory_v2(data[:8])
            file = io.BytesIO(data)
            file.seek(tags.next)
            tags.load(file)
            whites = " that count from white" if tags.get(_TIFF_MEANING) == 0 else ""
            values = (tags.get(tag, 1) for tag in (_TIFF_BITS, _TIFF_SAMPLES, _TIFF_PACKING))
            bits, samples, packing = (
                [int(number) for number in (value if isinstance(value, tuple) else (value,))]
                for value in values
            )
        one = f"{max(bits)}-bit {_TIFF_NUMBERS.get(samples[0], '')}".strip()
        packed = "" if packing == [1] else f", packed by method {packing[0]}"
    except Exception:  # whatever the tags' reader raises on damaged ones
        return ""
    if _TIFF_WIDTH not in tags:
        return ""
    return f" ({len(bits)} channel{'s' * (len(bits) > 1)} of {one} samples{whites}{packed})"


def _check_size(image: Image.Image, size: int) -> None:
    pixels = image.width * image.height
    if pixels > MAX_PIXELS:
        raise PhotoError(
            f"{image.width} x {image.height} pixels are too many.", f"At most {MAX_PIXELS:,} are read."
        )
    if pixels > _BOMB_PIXELS and pixels > _BOMB_PIXELS_PER_BYTE * size:
        raise PhotoError(
            f"{size:,} bytes cannot be a photo of {image.width} x {image.height} pixels.",
            "This looks like a decompression bomb.",
        )


def reason(error: Exception) -> str:
    """Return what a decoder's or encoder's error says, short enough for a message."""
    said = error.args[0] if error.args and isinstance(error.args[0], bytes) else str(error)  # LibRaw's
    text = " ".join((said.decode(errors="replace") if isinstance(said, bytes) else said).split())
    return text[:120] if text and "BytesIO" not in text else type(error).__name__
