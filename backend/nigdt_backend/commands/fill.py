"""`nigdt fill`: photo, selection and caption in, filled photos out, through the daemon."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from click.core import ParameterSource

from nigdt import limits
from nigdt.bundle.bundle import find_bundle, user_bundles_folder, valid_name
from nigdt.commands.options import OutputFile, changes, read_changes
from nigdt.context import Box, Context
from nigdt.errors import PhotoError, printable
from nigdt.files import beside
from nigdt.notices import MADE_COLOUR, MODEL_CHANGED, UNKNOWN_WORDS
from nigdt.photo.mask import read_mask
from nigdt.photo.opening import read_file
from nigdt.photo.photo import Photo
from nigdt.photo.provenance import DrawnFill, DrawnSelection, read_record
from nigdt.recipe import Recipe, Variant, variants_from_seed
from nigdt.recolouring import check_caption
from nigdt_backend.answers import answer_arrays
from nigdt_backend.client import Client
from nigdt_backend.protocol import Event, FillRequest

_CHOICES = ("widen", "grow", "feather", "match_colours", "strength", "guidance", "detail")
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
@click.option("--caption", help="What to put there, or which colour; not needed to remove.")
@click.option(
    "--mode",
    type=click.Choice(limits.MODES),
    default="describe",
    show_default=True,
    help="Draw what the caption describes, give what is there another colour, or remove it.",
)
@click.option(
    "-n",
    "--variants",
    type=click.IntRange(1, limits.VARIANTS),
    default=1,
    show_default=True,
    help="Number of fills to make.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, limits.SEED_MAX),
    default=0,
    show_default=True,
    help="Seed of the first fill, 0 for the model's mean answer; the others get the numbers that follow.",
)
@click.option("--bundle", default="default", show_default=True, help="Model bundle (see nigdt models).")
@changes(
    f"How it is drawn and blended: widen=1 to {limits.WIDEN_MAX:g}, grow and feather=0 to "
    f"{limits.FEATHER_MAX} pixels, match-colours and strength=0 to 1, guidance=0 to {limits.GUIDANCE_MAX:g}, "
    f"detail=0 to {limits.DETAIL_MAX:g} (docs/command-line.md)."
)
@click.option(
    "--recipe",
    "recorded",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Draw the fills recorded in this picture, which NIGDT saved, instead of naming any of the above.",
)
@click.option(
    "-o",
    "--output",
    type=OutputFile(),
    help="File to write; several fills get -1, -2, ... before the ending. Default: PHOTO-filled.png, "
    "for CMYK .tif.",
)
@click.option("--overwrite", is_flag=True, help="Allow OUTPUT to be the photo or the mask itself.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@click.pass_context
def fill(
    click_context: click.Context,
    photo: Path,
    boxes: list[list[int]],
    mask: Path | None,
    caption: str | None,
    mode: limits.Mode,
    variants: int,
    seed: int,
    bundle: str,
    changes: tuple[str, ...],
    recorded: Path | None,
    output: Path | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Fill, recolour or remove what is selected in PHOTO.

    Example: nigdt fill garden.jpg --select 400,300,256,256 --caption "a red bird" -n 3 -o filled.png
    """
    if recorded is not None:
        _nothing_else(click_context)
    elif bool(boxes) == (mask is not None):
        raise click.UsageError("Say what to fill with either --select X,Y,W,H or --mask FILE.")
    elif caption is None and mode != "remove":
        raise click.UsageError("Say what to put there with --caption, or remove it with --mode remove.")
    opened = Photo.read(photo)
    outputs = _output_names(output, photo, opened.lossless_suffix, variants)
    inputs = {"photo": photo, "mask": mask, "picture with the recipe": recorded}
    _check_outputs(outputs, {} if overwrite else inputs)
    notices = [*opened.notices, *(notice for path in outputs for notice in opened.check_save(path))]
    if recorded is not None:
        steps = [(_recorded_selection(drawn, opened), drawn.recipe) for drawn in _read_record(recorded)]
        wanted = None
    else:
        try:
            recipe = Recipe(caption or "", mode, bundle=bundle, **_chosen(changes))
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        steps = [(_selection(opened, boxes, mask), recipe)]
        wanted = variants_from_seed(variants, seed)
    with Client.connect() as client, _Progress(quiet=as_json) as progress:
        drawing = Drawing(client, progress)
        for selection, recipe in steps[:-1]:
            drawing.onto(opened, selection, recipe, None)
            opened = drawing.photos[0]
        drawing.onto(opened, *steps[-1], wanted)
    for path, made, fills in zip(outputs, drawing.photos, drawing.fills, strict=True):
        made.save(path, overwrite=overwrite, fills=fills)
    unknown = list(dict.fromkeys(drawing.unknown))
    notices = list(dict.fromkeys([*notices, *drawing.notices]))
    if as_json:
        box = drawing.box
        answer = {
            "fills": [
                {"file": str(path), "recipe": fills[-1].recipe.to_dict()}
                for path, fills in zip(outputs, drawing.fills, strict=True)
            ],
            "context": [box.left, box.top, box.width, box.height],
            "unknown_words": unknown,
            "seconds": drawing.seconds,
            "notices": notices,
        }
        click.echo(json.dumps(answer, indent=1))
        return
    for path in outputs:  # a terminal would obey what is in a name
        click.echo(printable(str(path)) if sys.stdout.isatty() else path)
    if unknown:
        click.echo(UNKNOWN_WORDS.format(", ".join(unknown)), err=True)
    for notice in notices:
        click.echo(notice, err=True)


class Drawing:
    """Fills drawn one over the other by a daemon.

    Attributes:
        photos: The photo with the last fill in its place, one for each of that fill's variants.
        fills: What each of them consists of.
        box: Context of the last fill.
        seconds: What the daemon measured of the last fill.
        unknown: Words that a model did not know.
        notices: What the user should know.
    """

    def __init__(self, client: Client, on_event: Callable[[Event], None]) -> None:
        self.photos: list[Photo] = []
        self.fills: list[list[DrawnFill]] = []
        self.seconds: dict[str, float] = {}
        self.unknown: list[str] = []
        self.notices: list[str] = []
        self._client = client
        self._on_event = on_event
        self._models = client.models()

    def onto(
        self, photo: Photo, selection: Picture, recipe: Recipe, variants: Sequence[Variant] | None
    ) -> None:
        """Draw the next fill, over the first of those before it.

        Args:
            photo: What to fill.
            selection: (H, W) uint8, 255 = to be filled.
            recipe: What to draw.
            variants: Which of the possible answers; None takes the recipe's own.
        """
        size = _model_size(self._models, recipe.bundle)
        if recipe.effective_mode == "recolour":
            check_caption(recipe.caption)
            if photo.grey:
                photo = photo.in_colour()
                self.notices.append(MADE_COLOUR)
        context = Context.of(photo.rgb8, selection, size, recipe, photo.alpha8)
        request = FillRequest.of(context, recipe, variants)
        result = self._client.result(self._client.submit(request), self._on_event)
        before = self.fills[0] if self.fills else []
        self.photos, self.fills, self.box = [], [], context.box
        for picture in result.fills:
            self.photos.append(context.onto(photo, *answer_arrays(picture)))
            drawn = DrawnFill(context.box, picture.recipe, DrawnSelection.of(_whole(photo), selection))
            self.fills.append([*before, drawn])
        self.seconds = dict(result.seconds)
        self.unknown += result.fills[0].unknown_words
        self.notices += [*context.notices(recipe), *result.notices]
        digest = result.fills[0].recipe.digest
        if recipe.digest and recipe.digest != digest:
            self.notices.append(MODEL_CHANGED.format(recipe.bundle, recipe.digest, digest))


def _whole(photo: Photo) -> Box:
    return Box(0, 0, *photo.size)


def _nothing_else(context: click.Context) -> None:
    """Refuse options that a recorded recipe decides."""
    decided = {
        "boxes", "mask", "caption", "mode", "variants", "seed", "bundle", "changes"
    }  # fmt: skip
    for option in context.command.params:
        given = context.get_parameter_source(option.name or "") == ParameterSource.COMMANDLINE
        if option.name in decided and given:
            raise click.UsageError(f"--recipe says all that already; leave {option.opts[0]} out.")


def _chosen(changes: Sequence[str]) -> dict[str, Any]:
    """Return the fields of a recipe that `--set` gives."""
    values = read_changes(changes)
    unknown = values.keys() - {*_CHOICES}
    if unknown:
        keys = ", ".join(_CHOICES).replace("_", "-")
        raise click.UsageError(f"--set has no key {min(unknown)}. Keys: {keys}.")
    return values


def _read_record(path: Path) -> list[DrawnFill]:
    return read_record(read_file(path))


def _recorded_selection(drawn: DrawnFill, photo: Photo) -> Picture:
    if drawn.selection is None:
        raise PhotoError(
            "The record of fills does not say what was selected.",
            "Give a PNG, TIFF or WebP that NIGDT saved, or --mask and --caption.",
        )
    return drawn.selection.mask(*photo.size)


def _output_names(output: Path | None, photo: Path, suffix: str, variants: int) -> list[Path]:
    numbers = [f"-{number}" for number in range(1, variants + 1)] if variants > 1 else [""]
    if output is None:
        return [beside(photo, f"-filled{number}", suffix) for number in numbers]
    return [beside(output, number) if number else output for number in numbers]


def _check_outputs(outputs: Sequence[Path], inputs: dict[str, Path | None]) -> None:
    """Refuse what cannot be written, or what is one of the inputs itself: before the work, not after it."""
    for path in outputs:
        if not path.parent.is_dir():
            raise click.UsageError(f"There is no folder {path.parent} to write {path.name} into.")
        for what, given in inputs.items():
            if given is not None and path.exists() and path.samefile(given):
                raise click.UsageError(
                    f"{path} is the {what} itself; choose another name or add --overwrite."
                )


def _selection(photo: Photo, boxes: list[list[int]], mask: Path | None) -> Picture:
    width, height = photo.size
    if mask is not None:
        return read_mask(mask, width, height)
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
            done = f" {event.data['fraction']:.0%}" if "fraction" in event.data else ""
            what = f"{waiting} jobs before this one" if waiting else f"{event.data['stage']} ...{done}"
            click.echo(f"\r\033[K{what}", nl=False, err=True)
