"""The formats of photos: what is read and written, and nothing else is. Standard library only.

The one table for the library, the command line, the panel's dialogs, training and the desktop's menu. What a
format can hold of a photo is not written here: `nigdt.photo.encoding` finds that out by trying.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

__all__ = [
    "FORMATS",
    "MIME_TYPES",
    "NAMES",
    "SUFFIXES",
    "PhotoFormat",
    "of_data",
    "of_suffix",
    "patterns",
]


@dataclass(frozen=True)
class PhotoFormat:
    """One format.

    Attributes:
        name: Pillow's name of it.
        title: Its usual name.
        suffixes: Endings of file names, the usual one first.
        mime: Its media type.
        signatures: How its files begin; `?` stands for any byte. None for a format without a signature.
        lossless: Whether every pixel comes back as it was.
        turns: Whether it can say by EXIF how the picture is to be turned.
        largest: Pixels of the longest side it can hold.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    mime: str
    signatures: tuple[bytes, ...] = ()
    lossless: bool = True
    turns: bool = False
    largest: int = 65535

    def begins(self, data: bytes) -> bool:
        """Return whether a file that begins with `data` (at least 16 bytes of it) is of this format."""
        return any(
            len(data) >= len(signature)
            and all(want in (byte, ord("?")) for byte, want in zip(data, signature, strict=False))
            for signature in self.signatures
        )


FORMATS = (
    PhotoFormat("PNG", "PNG", (".png",), "image/png", (b"\x89PNG\r\n\x1a\n",), turns=True, largest=2**31 - 1),
    PhotoFormat(
        "JPEG", "JPEG", (".jpg", ".jpeg", ".jfif"), "image/jpeg", (b"\xff\xd8\xff",),
        lossless=False, turns=True, largest=65500,
    ),
    PhotoFormat(
        "TIFF", "TIFF", (".tif", ".tiff"), "image/tiff",
        (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), turns=True, largest=2**31 - 1,
    ),
    PhotoFormat(
        "WEBP", "WebP", (".webp",), "image/webp", (b"RIFF????WEBP",), turns=True, largest=16383
    ),
    PhotoFormat("BMP", "BMP", (".bmp",), "image/bmp", (b"BM",), largest=2**31 - 1),
    PhotoFormat("GIF", "GIF", (".gif",), "image/gif", (b"GIF87a", b"GIF89a")),
    PhotoFormat(
        "PPM", "PPM", (".ppm", ".pgm", ".pbm", ".pnm"), "image/x-portable-anymap",
        tuple(b"P%d" % number for number in range(1, 7)), largest=2**31 - 1,
    ),
    PhotoFormat("TGA", "TGA", (".tga",), "image/x-tga"),
    PhotoFormat(
        "AVIF", "AVIF", (".avif",), "image/avif",
        (b"????ftypavif", b"????ftypavis", b"????ftypmif1", b"????ftypmiaf"),  # avis: an animation
        lossless=False, turns=True, largest=65536,
    ),
)  # fmt: skip

SUFFIXES = frozenset(suffix for entry in FORMATS for suffix in entry.suffixes)
MIME_TYPES = tuple(entry.mime for entry in FORMATS)
NAMES = ", ".join(entry.title for entry in FORMATS[:-1]) + f" and {FORMATS[-1].title}"
"""All formats in a sentence."""


def of_suffix(suffix: str) -> PhotoFormat | None:
    """Return the format that a file name's ending, such as ".png", means in either case; None for another."""
    return next((entry for entry in FORMATS if suffix.lower() in entry.suffixes), None)


def of_data(data: bytes, name: str = "") -> PhotoFormat | None:
    """Return the format of a file.

    Args:
        data: Its first bytes, at least 16 if it has so many.
        name: Its name; a format without a signature is recognised by that.
    """
    known = next((entry for entry in FORMATS if entry.begins(data)), None)
    named = of_suffix(PurePath(name).suffix)
    return known or (named if named is not None and not named.signatures and data else None)


def patterns(*entries: PhotoFormat) -> str:
    """Return the file name patterns for a dialog, "*.png *.jpg ..."; of all formats if none is given."""
    return " ".join(f"*{suffix}" for entry in entries or FORMATS for suffix in entry.suffixes)
