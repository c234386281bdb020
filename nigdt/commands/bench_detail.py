"""`nigdt bench detail`: does a large fill look as sharp as what surrounds it?"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nigdt.context import Context
from nigdt.context.detail import enlarge
from nigdt.errors import NigdtError
from nigdt.limits import MIN_PADDING
from nigdt.photo.photo import Photo
from nigdt.recipe import Recipe

Pixels = NDArray[np.uint8]
Filler = Callable[[Pixels, Pixels], NDArray[np.float32]]
"""From crop and hole to the model's picture (H, W, 3) at its own size, 0 to 255."""

WAYS = ("original", "enlarged", "detail")


def gradient_ratio(pixels: Pixels, selection: Pixels) -> float:
    """Gradient energy inside the selection as a fraction of that in a ring around it.

    Args:
        pixels: (h, w, 3).
        selection: (h, w), 255 inside.

    Returns:
        Mean squared gradient of the luma more than 6 pixels inside, divided by the same in the ring 4 pixels
        to 15 % of the selection's extent outside.
    """
    inside, outside = _distances(selection)
    down, right = np.gradient(_luma(pixels))
    energy = down**2 + right**2
    ring = (outside > 4) & (outside <= 0.3 * inside.max())
    return float(energy[inside > 6].mean() / max(energy[ring].mean(), 1e-6))


def seam_visibility(pixels: Pixels, selection: Pixels) -> float:
    """Return how much stronger the gradient across the selection's border is than across lines beside it.

    Args:
        pixels: (h, w, 3).
        selection: (h, w), 255 inside.

    Returns:
        Mean absolute gradient along the border's normal within 1.5 pixels of the border, divided by the same
        5 to 14 pixels away on both sides; about 1 where no seam is to be seen.
    """
    inside, outside = _distances(selection)
    signed = inside - outside
    normal_y, normal_x = np.gradient(cv2.GaussianBlur(signed, (0, 0), 2))
    length = np.maximum(np.hypot(normal_y, normal_x), 1e-6)
    down, right = np.gradient(_luma(pixels))
    across = np.abs(down * normal_y + right * normal_x) / length
    distance = np.abs(signed)
    beside = across[(distance > 5) & (distance < 14)].mean()
    return float(across[distance <= 1.5].mean() / max(beside, 1e-6))


def _distances(selection: Pixels) -> tuple[NDArray[Any], NDArray[Any]]:
    selected = (selection > 127).astype(np.uint8)
    return (
        cv2.distanceTransform(selected, cv2.DIST_L2, 5),
        cv2.distanceTransform(1 - selected, cv2.DIST_L2, 5),
    )


def _luma(pixels: Pixels) -> NDArray[Any]:
    return pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)


def measure(photo: Photo, side: int, size: int, filler: Filler) -> tuple[dict[str, Any], list[Pixels]]:
    """Fill a centred square, once only enlarged and once with detail, and measure both beside the original.

    Args:
        photo: A large photo.
        side: Side of the selection in pixels, reduced where the context would leave the photo.
        size: The model's working size, least side of the context.
        filler: Gives the model's picture.

    Returns:
        For each of `WAYS` its gradient ratio and seam visibility, with the time detail took, and the three
        pictures of the context.
    """
    width, height = photo.size
    side = min(side, int(min(width, height) / 1.5) - 2 * MIN_PADDING)
    if side < 16:
        raise NigdtError(f"The photo is too small ({width} x {height}).", "Give photos of 256 px and more.")
    selection = np.zeros((height, width), np.uint8)
    top, left = (height - side) // 2, (width - side) // 2
    selection[top : top + side, left : left + side] = 255
    context = Context.of(photo.rgb8, selection, size, Recipe())
    pixels, selected, hole = context.crop, context.selection, context.hole
    picture = filler(pixels, hole)
    started = time.perf_counter()
    detailed = enlarge(picture, pixels, hole)
    seconds = time.perf_counter() - started
    soft = cv2.resize(picture, pixels.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    plain: Pixels = np.clip(np.rint(soft), 0, 255).astype(np.uint8)
    whole = Photo.from_image(Image.fromarray(photo.rgb8))
    pictures = [
        pixels,
        *(context.onto(whole, fill, Recipe()).rgb8[context.box.slices] for fill in (plain, detailed)),
    ]
    row: dict[str, Any] = {"selection_px": side, "context_px": pixels.shape[0], "milliseconds": seconds * 1e3}
    for way, result in zip(WAYS, pictures, strict=True):
        row[way] = {
            "gradient_ratio": gradient_ratio(result, selected),
            "seam": seam_visibility(result, selected),
        }
    return row, pictures


def _perfect(size: int) -> Filler:
    """Return a model that knows the answer, at its own size."""

    def fill(pixels: Pixels, _hole: Pixels) -> NDArray[np.float32]:
        reduced = cv2.resize(pixels.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
        return np.asarray(reduced, np.float32)

    return fill


def _modelled(bundle: str, caption: str) -> tuple[int, Filler]:
    from nigdt.inpainter import CompletionJob, Inpainter

    inpainter = Inpainter.from_bundle(bundle)

    def fill(pixels: Pixels, hole: Pixels) -> NDArray[np.float32]:
        context = inpainter.encode(pixels, hole)
        return inpainter.pictures(CompletionJob(context, caption))[0]

    return inpainter.size, fill


def _sample_photos() -> list[Path]:
    """Load the larger photographs of scikit-image (public domain or CC0), if it is installed."""
    try:
        import skimage.data
    except ImportError:
        raise NigdtError(
            "There are no photos to measure on.", "Name some: nigdt bench detail *.jpg."
        ) from None
    folder = Path(skimage.data.__file__).parent
    names = ("astronaut.png", "coffee.png", "brick.png", "grass.png", "gravel.png", "motorcycle_left.png")
    return [folder / name for name in names if (folder / name).is_file()]


@click.command("detail")
@click.argument("photos", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--bundle", default="default", show_default=True, help="Model bundle that fills.")
@click.option("--caption", default="", help="What to fill with; by default no guidance.")
@click.option(
    "--perfect",
    type=click.IntRange(32, 1024),
    metavar="SIZE",
    help="Instead of a model, fill with the photo's own reduction to SIZE px.",
)
@click.option(
    "--side", type=click.IntRange(16), default=600, show_default=True, help="Side of the selection in pixels."
)
@click.option(
    "--sheet",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the pictures side by side to this file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print machine-readable JSON.")
def detail(
    photos: tuple[Path, ...],
    bundle: str,
    caption: str,
    perfect: int | None,
    side: int,
    sheet: Path | None,
    as_json: bool,
) -> None:
    """Measure whether large fills keep their detail, on PHOTOS or on those scikit-image carries.

    In each photo a centred square is filled. Printed are the gradient energy inside as a fraction of that
    in a ring around it, and the gradient across the border as a fraction of that beside it, for the
    original, for the fill enlarged, and for the fill with the photo's detail carried over.

    Example: nigdt bench detail --side 600 --sheet detail.png holiday/*.jpg
    """
    size, filler = (perfect, _perfect(perfect)) if perfect else _modelled(bundle, caption)
    rows, strips = [], []
    for path in photos or _sample_photos():
        row, pictures = measure(Photo.read(path), side, size, filler)
        rows.append({"photo": path.name, **row})
        small = [cv2.resize(picture, (480, 480), interpolation=cv2.INTER_AREA) for picture in pictures]
        strips.append(np.concatenate(small, axis=1))
        if not as_json:
            click.echo(_line(rows[-1]))
    summary: dict[str, Any] = {
        way: {key: statistics.median(row[way][key] for row in rows) for key in ("gradient_ratio", "seam")}
        for way in WAYS
    }
    summary["milliseconds"] = statistics.median(row["milliseconds"] for row in rows)
    if as_json:
        click.echo(json.dumps({"photos": rows, "median": summary}, indent=1))
    else:
        click.echo(_line({"photo": f"median of {len(rows)}", **summary}))
    if sheet:
        Photo.from_image(Image.fromarray(np.concatenate(strips, 0))).save(sheet)


def _line(row: dict[str, Any]) -> str:
    ways = "   ".join(f"{way} {row[way]['gradient_ratio']:6.3f} seam {row[way]['seam']:5.2f}" for way in WAYS)
    return f"{row['photo'][:24]:24}  {ways}   {row['milliseconds']:6.1f} ms"
