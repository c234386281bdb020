"""A bundle's picture: the same region of the same photo, filled by its own model, so that models compare."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

from nigdt.bundle.bundle import PICTURE, BundleInfo, read_bundle, verify_bundle
from nigdt.bundle.writing import write_sums
from nigdt.errors import BundleError
from nigdt.inpainter import Inpainter

PHOTO = Path(__file__).with_name("data") / "kingfisher.jpg"
"""CC0 (nigdt/data/LICENCE.md)."""

REGION = (515, 205, 700, 480)
"""Left, top, right, bottom of the ellipse that is filled, photo pixels: the bird's belly."""

CAPTION = "a bird with a yellow belly"

BESIDE = (880, 200, 1250, 620)
"""The same of an empty place beside the bird, in which things of other kinds are drawn."""

_VIEW, _VIEW_BESIDE = (330, 60, 950, 680), (680, 80, 1280, 680)
_SIDE = 224


def caption_for(info: BundleInfo) -> str:
    """Return what a bundle's picture is drawn from: what its owner's photos show, else a part of the bird."""
    learnt = info.training.get("subject")
    return f"a {learnt[0]}" if learnt else CAPTION


def add_picture(folder: Path) -> BundleInfo:
    """Draw the bundle's picture (`nigdt.bundle.bundle.PICTURE`) with its own model, and renew its checksums.

    Args:
        folder: A bundle whose files are as they should be.

    Raises:
        BundleError: The bundle is broken, or the disk refuses.
    """
    info = verify_bundle(folder)  # renewed checksums must not bless a damaged file
    photo = Image.open(PHOTO)
    selection = Image.new("L", photo.size)
    caption = caption_for(info)
    region, view = (REGION, _VIEW) if caption == CAPTION else (BESIDE, _VIEW_BESIDE)
    ImageDraw.Draw(selection).ellipse(region, fill=255)
    fill = Inpainter.from_bundle(str(folder), device="cpu").fill(photo, selection, caption)[0]
    picture = fill.photo.convert("RGB").crop(view).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    try:
        picture.save(folder / PICTURE, optimize=True)
        write_sums(folder)
    except OSError as error:
        raise BundleError(f"Cannot write into bundle {folder}: {error.strerror or error}.") from None
    return read_bundle(folder)
