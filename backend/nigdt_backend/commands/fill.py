"""`nigdt fill`: photo, selection and caption in, filled photos out, through the daemon."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
from PIL import Image

from nigdt.bundle.bundle import find_bundle, user_bundles_folder, valid_name
from nigdt.context.box import check_selection, context_box, crop
from nigdt.context.compositing import blend, hole_and_weight
from nigdt.context.detail import enlarge
from nigdt.photo.photo import Photo
from nigdt.variants import MAX_SEED, variants_from_seed
from nigdt_backend.client import Client
from nigdt_backend.protocol import LIMITS, Event, FillPicture, FillRequest

Picture = np.ndarray[Any, np.dtype[np.uint8]]


def _parse_box(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> list[list[int]]:
    boxes = []
    for value in values:
        try:
            box = [int(part) for part in value.split(",")]
        except ValueError:
            box = []
        if len(box) != 4 or box[2] < 1 or box[3] < 1:
            raise click.BadParameter(
                f"{value!r} is not LEFT,TOP,WIDTH,HEIGHT in whole pixels, as 400,300,256,256."
            )
        boxes.append(box)
    return boxes


@click.command()
@click.argument("photo", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--select",
    "boxes",
    multiple=True,
    callback=_parse_box,
    metavar="X,Y,W,H",
    help="Rectangle to fill, in pixels of the upright photo; may be given several times.",
)
@click.option(
    "--mask",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Picture of the photo's size, white where to fill.",
)
@click.option("--caption", required=True, help="What to put there.")
@click.option(
    "-n",
    "--variants",
    type=click.IntRange(1, LIMITS.variants),
    default=1,
    show_default=True,
    help="How many answers; the first is the model's mean.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, MAX_SEED - LIMITS.variants),
    default=0,
    show_default=True,
    help="Start of the further answers' seeds.",
)
@click.option("--bundle", default="default", show_default=True, help="Model bundle (see nigdt models).")
@click.option(
    "--widen",
    type=click.FloatRange(1.0, 8.0),
    default=1.0,
    show_default=True,
    help="Show the model more of the surroundings.",
)
@click.option(
    "--feather",
    type=click.IntRange(0, 200),
    default=None,
    help="Pixels over which the fill fades out beyond the selection; default by its size.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; several answers get -1, -2, ... before the ending. Default: PHOTO-filled.png, "
    "for CMYK .tif.",
)
@click.option("--overwrite", is_flag=True, help="Allow OUTPUT to be the photo or the mask itself.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def fill(
    photo: Path,
    boxes: list[list[int]],
    mask: Path | None,
    caption: str,
    variants: int,
    seed: int,
    bundle: str,
    widen: float,
    feather: int | None,
    output: Path | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Fill a described region of PHOTO.

    Example: nigdt fill garden.jpg --select 400,300,256,256 --caption "a red bird" -n 3 -o filled.png
    """
    if bool(boxes) == (mask is not None):
        raise click.UsageError("Say what to fill with either --select X,Y,W,H or --mask FILE.")
    opened = Photo.read(photo)
    outputs = _output_names(
        output or photo.with_name(f"{photo.stem}-filled{opened.lossless_suffix}"), variants
    )
    for path in outputs:  # said before the work, not after it
        opened.format_for(path.suffix)
        if not path.parent.is_dir():
            raise click.UsageError(f"There is no folder {path.parent} to write {path.name} into.")
        for given, what in ((photo, "photo"), (mask, "mask")):
            if given is not None and path.exists() and path.samefile(given) and not overwrite:
                raise click.UsageError(
                    f"{path} is the {what} itself; choose another name or add --overwrite."
                )
    selection = _selection(opened, boxes, mask)

    with Client.connect() as client:
        size = _model_size(client.models(), bundle)
        box = context_box(selection, size, widen)
        context, context_mask = crop(opened.rgb8, selection, box)
        request = _request(context, context_mask)
        request.caption, request.bundle, request.feather = caption, bundle, feather
        request.variants = [variant.to_dict() for variant in variants_from_seed(variants, seed)]
        with _Progress(quiet=as_json) as progress:
            result = client.fill(request, on_event=progress)

    written = []
    hole, _ = hole_and_weight(context_mask, feather)
    for path, picture in zip(outputs, result.fills, strict=True):
        matched, weight = blend(context, _at_size(picture, context, hole), context_mask, feather)
        opened.paste(box, matched, weight).save(path, overwrite=overwrite)
        written.append({"file": str(path), "seed": picture.variant["seed"], "variant": dict(picture.variant)})
    unknown = list(result.fills[0].unknown_words)
    if as_json:
        answer = {
            "fills": written,
            "context": [box.left, box.top, box.width, box.height],
            "unknown_words": unknown,
            "seconds": dict(result.seconds),
            "notices": list(result.notices),
        }
        click.echo(json.dumps(answer, indent=1))
        return
    for entry in written:
        click.echo(entry["file"])
    if unknown:
        click.echo(f"The model does not know: {', '.join(unknown)}.", err=True)
    for notice in result.notices:
        click.echo(notice, err=True)


def _output_names(first: Path, variants: int) -> list[Path]:
    if variants == 1:
        return [first]
    return [first.with_name(f"{first.stem}-{number}{first.suffix}") for number in range(1, variants + 1)]


def _selection(photo: Photo, boxes: list[list[int]], mask: Path | None) -> Picture:
    width, height = photo.size
    if mask is not None:
        selection = np.asarray(Image.fromarray(Photo.read(mask).rgb8).convert("L"))
        check_selection(selection, width, height)
        return selection
    selection = np.zeros((height, width), np.uint8)
    for left, top, box_width, box_height in boxes:
        if left < 0 or top < 0 or left + box_width > width or top + box_height > height:
            raise click.UsageError(
                f"--select {left},{top},{box_width},{box_height} reaches beyond the photo "
                f"({width} x {height} pixels)."
            )
        selection[top : top + box_height, left : left + box_width] = 255
    return selection


def _model_size(models: list[dict[str, Any]], bundle: str) -> int:
    for model in models:
        if model["name"] == bundle or (bundle == "default" and model["default"]):
            return int(model["size_px"])
    if valid_name(bundle) and (user_bundles_folder() / bundle).is_dir():
        find_bundle(bundle)  # there but broken: says how
    names = ", ".join(model["name"] for model in models) or "none"
    raise click.ClickException(f"There is no bundle called {bundle}; there are: {names}.")


def _request(context: Picture, mask: Picture) -> FillRequest:
    """The request for a context, made smaller when it is larger than may be sent."""
    height, width = mask.shape
    scale = min(1.0, LIMITS.side_max_px / max(width, height))
    if scale < 1.0:
        size = (round(width * scale), round(height * scale))
        context = cv2.resize(context, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
        mask = cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
        height, width = mask.shape
    return FillRequest(context.tobytes(), mask.tobytes(), width, height, caption="")


def _at_size(picture: FillPicture, context: Picture, hole: Picture) -> Picture:
    """The answer at the context's size; with the photo's detail where it travelled smaller."""
    pixels = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.width, 3)
    if pixels.shape == context.shape:
        return pixels
    return enlarge(pixels.astype(np.float32), context, hole)


class _Progress:
    """One changing line on a terminal that says what the daemon is at; silent elsewhere."""

    def __init__(self, quiet: bool) -> None:
        self._shown = not quiet and sys.stderr.isatty()

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._shown:
            click.echo("\r\033[K", nl=False, err=True)

    def __call__(self, event: Event) -> None:
        if self._shown and event.kind == "progress":
            waiting = event.data.get("position") or 0
            what = f"{waiting} jobs before this one" if waiting else f"{event.data['stage']} ..."
            click.echo(f"\r\033[K{what}", nl=False, err=True)
