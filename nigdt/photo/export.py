"""Pictures to give away: of 8 bits, smaller if wanted, at a chosen quality. No torch."""

from __future__ import annotations

import io
from pathlib import PurePath

import numpy as np
from PIL import Image

from nigdt.errors import PhotoError
from nigdt.photo.formats import of_suffix
from nigdt.photo.metadata import NAMES, save_options, without_orientation
from nigdt.photo.opening import reason
from nigdt.photo.photo import Photo, no_place_for

__all__ = ["EXPORT_SUFFIXES", "export_suffix", "exported"]

EXPORT_SUFFIXES = (".jpg", ".jpeg", ".webp", ".avif", ".png")
"""Endings of the formats that are exported to."""
_CARRIED = ("icc_profile", "exif", "xmp", "dpi")
_LEAVES = ((), ("xmp",), ("exif",), ("xmp", "exif"))
"""Metadata that may be left out where the format does not take it, in the order of trying."""


def exported(
    photo: Photo, suffix: str, *, quality: int, longest: int | None = None
) -> tuple[bytes, tuple[str, ...]]:
    """Encode a picture for viewing: what is seen, upright, in 8 bits, with EXIF and profile.

    Args:
        photo: Of any kind; transparent parts become white where the format has no transparency.
        suffix: One of `EXPORT_SUFFIXES`.
        quality: 1 to 100; PNG has none.
        longest: Most pixels of the longer side; None keeps the size, and nothing is ever enlarged.

    Returns:
        The file's bytes, and what the user should know of what they lack.

    Raises:
        PhotoError: The ending is another, or the encoder refuses.
    """
    wanted = of_suffix(suffix)
    if wanted is None or suffix.lower() not in EXPORT_SUFFIXES:
        raise PhotoError(
            f"Pictures are not exported as {suffix or 'files without an ending'}.",
            f"Use one of {', '.join(EXPORT_SUFFIXES)}.",
        )
    alpha = None if wanted.name == "JPEG" else photo.alpha8
    seen = photo.on_white if wanted.name == "JPEG" else photo.rgb8
    image = Image.fromarray(seen if alpha is None else np.dstack([seen, alpha]))
    if photo.grey and alpha is None:
        image = image.convert("L")
    if longest is not None and max(image.size) > longest:
        image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    carried = without_orientation({key: photo.info[key] for key in _CARRIED if key in photo.info})
    if photo.kind == "CMYK" or image.mode.startswith("RGB") == photo.grey:
        carried.pop("icc_profile", None)  # of other channels than these
    failed = None
    for left_out in _LEAVES:
        kept = {key: value for key, value in carried.items() if key not in left_out}
        options = save_options(kept, wanted.name, image.mode)
        if wanted.name != "PNG":
            options["quality"] = quality
        try:
            buffer = io.BytesIO()
            image.save(buffer, wanted.name, **options)
        except Exception as error:  # encoders raise a dozen types
            failed = failed or error
            continue
        return buffer.getvalue(), no_place_for(
            wanted.title, [NAMES[key] for key in left_out if key in carried]
        )
    assert failed is not None
    raise PhotoError(f"{wanted.title} cannot hold this picture: {reason(failed)}.") from None


def export_suffix(path: PurePath) -> str:
    """Return the ending to suggest for a photo's export."""
    return path.suffix.lower() if path.suffix.lower() in EXPORT_SUFFIXES else ".jpg"
