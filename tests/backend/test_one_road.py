"""The same photo, selection and recipe give the same bytes on every road, from library to GIMP."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from nigdt_backend.answers import answer_arrays
from nigdt_backend.client import Client
from nigdt_backend.commands.fill import Drawing
from nigdt_backend.protocol import FillRequest
from PIL import Image

from nigdt.context import Context
from nigdt.inpainter import Inpainter
from nigdt.limits import CONTEXT_SIDE_MAX, SEED_MAX
from nigdt.notices import COLOURED_BIRD
from nigdt.photo.deep import write_png16
from nigdt.photo.photo import Photo
from nigdt.photo.provenance import read_record
from nigdt.recipe import Recipe, Variant
from tests.cut_outs import write_bundle

RNG = np.random.default_rng(7)
NIGDT = [sys.executable, "-m", "nigdt", "fill"]


def smooth(height: int, width: int, channels: int = 3) -> np.ndarray:
    """A picture with large shapes and some grain."""
    coarse = Image.fromarray(RNG.integers(0, 256, (5, 7, channels), dtype=np.uint8).squeeze())
    large = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)).astype(int)
    return np.clip(large + RNG.integers(-9, 10, large.shape), 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class FillCase:
    """One fill that all interfaces must draw alike.

    Attributes:
        name: Told by pytest; "above the limit" says that the context is reduced.
        size: The photo's height and width in pixels, as they are seen.
        part: What is selected: top, bottom, left and right edge, as fractions of the photo's sides.
        recipe: What is asked for.
        kind: The photo's kind, as `Photo.kind`.
        orientation: The photo's EXIF orientation.
        soft: Select every second row only in part.
    """

    name: str
    size: tuple[int, int] = (150, 220)
    part: tuple[float, float, float, float] = (0.35, 0.6, 0.4, 0.65)
    recipe: Recipe = field(default_factory=lambda: Recipe("a red bird"))
    kind: str = "RGB"
    orientation: int = 1
    soft: bool = False


BELLY = "a red belly"
"""A part, which is drawn over the whole hole: nothing is continued into it, and a fill is quick."""

CASES = [
    FillCase("plain"),
    FillCase("left edge", part=(0.3, 0.6, 0.0, 0.2)),
    FillCase("right edge", part=(0.3, 0.6, 0.8, 1.0)),
    FillCase("corner", part=(0.7, 1.0, 0.8, 1.0)),
    FillCase("wide photo", size=(60, 400), part=(0.2, 0.9, 0.1, 0.7)),
    FillCase("tiny photo", size=(30, 40)),
    FillCase("one pixel", size=(1, 1), part=(0, 1, 0, 1)),
    FillCase("everything", part=(0, 1, 0, 1)),
    FillCase("all but a rim", part=(0.05, 0.95, 0.05, 0.95)),
    FillCase("above the limit", size=(1100, 1200), part=(0.1, 0.8, 0.1, 0.8)),
    FillCase("above the limit, not square", size=(300, 1300), part=(0.2, 0.8, 0.1, 0.9)),
    FillCase("feather 0", recipe=Recipe(BELLY, feather=0)),
    FillCase("feather 7", recipe=Recipe("a dog", feather=7)),
    FillCase("feather 200", recipe=Recipe(BELLY, feather=200)),
    FillCase("wider", recipe=Recipe("a dog", widen=1.7)),
    FillCase("widest", recipe=Recipe(BELLY, widen=8.0)),
    FillCase("grown", recipe=Recipe("a dog", grow=9)),
    FillCase("seed", recipe=Recipe("a dog", variant=Variant(12))),
    FillCase("largest seed", recipe=Recipe(BELLY, variant=Variant(SEED_MAX))),
    FillCase("more like this", recipe=Recipe("a dog", variant=Variant(5, 12, 0.35))),
    FillCase("more like the mean", recipe=Recipe(BELLY, variant=Variant(5, None, 0.35))),
    FillCase("half as strong", recipe=Recipe(BELLY, strength=0.5, match_colours=0.25)),
    FillCase("no words", recipe=Recipe("")),
    FillCase("named surroundings", recipe=Recipe("a blurred background")),
    FillCase("recoloured", recipe=Recipe("a blue bird", "recolour")),
    FillCase("recoloured, 16 bit", recipe=Recipe("red", "recolour", strength=0.6), kind="RGB;16"),
    FillCase(
        "recoloured, above the limit",
        recipe=Recipe("red", "recolour"),
        size=(1100, 1200),
        part=(0.1, 0.8, 0.1, 0.8),
    ),
    FillCase("recoloured, turned", recipe=Recipe("red", "recolour"), orientation=6, kind="RGBA"),
    FillCase("recoloured, soft selection", recipe=Recipe("red", "recolour"), soft=True),
    FillCase("removed", recipe=Recipe("", "remove")),
    FillCase(
        "removed, other seed", recipe=Recipe("", "remove", variant=Variant(4)), part=(0.3, 0.5, 0.0, 0.2)
    ),
    FillCase("soft selection", recipe=Recipe(BELLY), soft=True),
    FillCase("16 bit", kind="RGB;16"),
    FillCase("grey", recipe=Recipe(BELLY), kind="L"),
    FillCase("alpha", kind="RGBA"),
    FillCase("grey with alpha", recipe=Recipe(BELLY), kind="LA"),
    FillCase("palette", recipe=Recipe(BELLY), kind="P"),
    FillCase("turned", orientation=6),
    FillCase("mirrored and turned", recipe=Recipe(BELLY), orientation=7, kind="RGBA"),
]


def make(case: FillCase, folder: Path) -> tuple[Path, Path]:
    """The photo's file and the selection's."""
    height, width = case.size
    path, mask = folder / "photo.png", folder / "mask.png"
    lying = (width, height) if case.orientation >= 5 else (height, width)
    exif = Image.Exif()
    exif[0x0112] = case.orientation
    if case.kind == "RGB;16":
        path.write_bytes(write_png16(smooth(*lying).astype(np.uint16) * 257 + 11, "RGB;16", {}))
    elif case.kind == "P":
        Image.fromarray(smooth(*lying)).quantize(40).save(path)
    else:
        image = Image.fromarray(smooth(*lying)).convert(case.kind)
        if case.kind in ("LA", "RGBA"):
            alpha = np.full(lying, 255, np.uint8)
            alpha[: lying[0] // 4, : lying[1] // 3] = 0
            image.putalpha(Image.fromarray(alpha))
        image.save(path, exif=exif)
    selection = np.zeros((height, width), np.uint8)
    top, bottom, left, right = case.part
    rows = slice(round(top * height), max(round(bottom * height), round(top * height) + 1))
    columns = slice(round(left * width), max(round(right * width), round(left * width) + 1))
    selection[rows, columns] = 255
    if case.soft:
        selection[rows.start : rows.stop : 2, columns] = 90
    Image.fromarray(selection).save(mask)
    return path, mask


def fill_options(recipe: Recipe) -> list[str]:
    options = {
        "--caption": recipe.caption,
        "--mode": recipe.mode,
        "--seed": recipe.variant.seed or 0,
    }
    given = [str(part) for pair in options.items() for part in pair]
    for name in ("widen", "match_colours", "strength", "feather", "grow"):
        if getattr(recipe, name) is not None:
            given += ["--set", f"{name.replace('_', '-')}={getattr(recipe, name)}"]
    return given


@pytest.fixture(scope="module")
def inpainter(tiny_bundle: Path) -> Inpainter:
    return Inpainter.from_bundle(str(tiny_bundle), device="cpu")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_road_gives_the_same_bytes(
    case: FillCase, inpainter: Inpainter, at_shared_daemon: Client, tmp_path: Path
) -> None:
    path, mask = make(case, tmp_path)
    photo, selection = Photo.read(path), np.asarray(Image.open(mask))
    context = same_on_every_road(photo, selection, case.recipe, inpainter, at_shared_daemon)
    assert context.reduced == ("above the limit" in case.name)


@pytest.mark.parametrize(("enlarged", "kind"), [(1, "RGB"), (2, "RGB"), (2, "RGB;16")])
def test_a_bird_that_the_photo_shows_is_coloured_alike(
    enlarged: int, kind: str, at_shared_daemon: Client, tmp_path: Path
) -> None:
    shown = Image.open(files("nigdt") / "data" / "kingfisher.jpg").convert("RGB")
    shown = shown.resize((enlarged * shown.width, enlarged * shown.height))
    (tmp_path / "photo.png").write_bytes(write_png16(np.asarray(shown).astype(np.uint16) * 257, "RGB;16", {}))
    photo = Photo.from_image(shown) if kind == "RGB" else Photo.read(tmp_path / "photo.png")
    assert photo.kind == kind
    selection = np.zeros((shown.height, shown.width), np.uint8)
    selection[50 * enlarged : 660 * enlarged, 330 * enlarged : 830 * enlarged] = 255
    trained = Path(os.environ["NIGDT_DATA_DIR"]) / "bundles" / "trained"
    shutil.copytree(Path(str(files("nigdt"))) / "bundles" / "nigdt-small", trained, dirs_exist_ok=True)
    inpainter = Inpainter.from_bundle("trained", device="cpu")
    recipe = Recipe("a purple bird", bundle="trained")
    assert COLOURED_BIRD in inpainter.draw(photo, selection, recipe)[0].notices
    context = same_on_every_road(photo, selection, recipe, inpainter, at_shared_daemon)
    assert context.reduced == (enlarged > 1)


@pytest.mark.parametrize("enlarged", [1, 4])
def test_what_is_kept_of_photos_is_shown_alike(
    enlarged: int, at_shared_daemon: Client, tmp_path: Path
) -> None:
    folder = Path(os.environ["NIGDT_DATA_DIR"]) / "bundles" / "zorps"
    write_bundle(tmp_path / "zorps", source=Path(str(files("nigdt"))) / "bundles" / "nigdt-small")
    shutil.copytree(tmp_path / "zorps", folder, dirs_exist_ok=True)
    inpainter = Inpainter.from_bundle("zorps", device="cpu")
    photo = Photo.from_image(Image.fromarray(smooth(300 * enlarged, 400 * enlarged)))
    selection = np.zeros((300 * enlarged, 400 * enlarged), np.uint8)
    selection[60 * enlarged : 260 * enlarged, 100 * enlarged : 300 * enlarged] = 255
    for recipe in (
        Recipe("a zorp", bundle="zorps"),
        Recipe("a blue zorp", bundle="zorps", variant=Variant(3)),
    ):
        context = same_on_every_road(photo, selection, recipe, inpainter, at_shared_daemon)
        assert context.reduced == (enlarged > 1)


def same_on_every_road(
    photo: Photo, selection: np.ndarray, recipe: Recipe, inpainter: Inpainter, client: Client
) -> Context:
    """Check that library, panel and GIMP give the same bytes; return the context that they are drawn in."""
    library = inpainter.draw(photo, selection, recipe)[0]
    assert not np.array_equal(library.result.samples, photo.samples), "nothing was filled"

    # What a panel does: raw answers, enlarged and blended on this side.
    context = Context.of(photo.rgb8, selection, inpainter.size, recipe, photo.alpha8)
    raw = client.fill(FillRequest.of(context, recipe)).fills[0]
    assert np.array_equal(context.onto(photo, *answer_arrays(raw)).samples, library.result.samples)
    assert replace(raw.recipe, bundle="", digest="") == replace(library.recipe, bundle="", digest="")

    # What GIMP does: the daemon grows and places.
    alpha = photo.alpha8
    drawn = selection[context.box.slices]
    crop = context.crop if alpha is None else np.dstack([context.crop, alpha[context.box.slices]])
    request = FillRequest(
        np.ascontiguousarray(crop).tobytes(),
        drawn.tobytes(),
        context.box.width,
        context.box.height,
        recipe,
        [recipe.variant],
        channels=crop.shape[2],
        result="placed",
    )
    placed = client.fill(request).fills[0]
    fill, weight = context.place(*answer_arrays(raw))
    assert placed.pixels == fill.tobytes()
    assert placed.weight == weight.tobytes()
    return context


COMMANDS = [case for case in CASES if case.recipe.variant.spread == 1.0 and case.size != (1, 1)]


@pytest.mark.parametrize("case", COMMANDS[::3], ids=lambda case: case.name)
def test_the_command_line_gives_the_library_s_bytes_and_so_does_its_record(
    case: FillCase, inpainter: Inpainter, at_shared_daemon: Client, tmp_path: Path
) -> None:
    path, mask = make(case, tmp_path)
    library = inpainter.draw(Photo.read(path), np.asarray(Image.open(mask)), case.recipe)[0].result
    filled, again = tmp_path / "filled.png", tmp_path / "again.png"
    nigdt = [*NIGDT, path, "-o"]
    subprocess.run([*nigdt, filled, "--mask", mask, *fill_options(case.recipe)], check=True)
    assert np.array_equal(Photo.read(filled).samples, library.samples)
    (drawn,) = read_record(filled.read_bytes())
    assert replace(drawn.recipe, bundle="default", digest="") == case.recipe
    subprocess.run([*nigdt, again, "--recipe", filled], check=True)
    assert np.array_equal(Photo.read(again).samples, library.samples)


def test_a_record_of_more_like_this_and_of_several_fills_draws_the_same_again(
    inpainter: Inpainter, at_shared_daemon: Client, tmp_path: Path
) -> None:
    path, mask = make(CASES[0], tmp_path)
    photo, selection = Photo.read(path), np.asarray(Image.open(mask))
    elsewhere = np.roll(selection, 40, axis=1)
    drawing = Drawing(at_shared_daemon, lambda event: None)
    drawing.onto(photo, selection, Recipe("a dog", variant=Variant(5, 12, 0.35)), None)
    drawing.onto(drawing.photos[0], elsewhere, Recipe("a red bird", strength=0.7), None)
    drawing.photos[0].save(tmp_path / "both.png", fills=drawing.fills[0])
    done = subprocess.run(
        [*NIGDT, path, "--recipe", tmp_path / "both.png", "--json", "-o", tmp_path / "again.png"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert np.array_equal(Photo.read(tmp_path / "again.png").samples, drawing.photos[0].samples)
    assert json.loads(done.stdout)["fills"][0]["recipe"] == drawing.fills[0][-1].recipe.to_dict()


@pytest.mark.parametrize(
    ("rows", "columns", "caption"),
    [
        (slice(50, 660), slice(400, 830), "a purple bird"),  # without the end of its wing
        (slice(0, 40), slice(0, 40), "a purple bird"),
        (slice(50, 660), slice(330, 830), "an orange bird"),
    ],
)
def test_a_recolouring_says_the_same_on_both_roads(
    inpainter: Inpainter, at_shared_daemon: Client, rows: slice, columns: slice, caption: str
) -> None:
    photo = Photo.read(Path(str(files("nigdt") / "data" / "kingfisher.jpg")))
    selection = np.zeros(photo.rgb8.shape[:2], np.uint8)
    selection[rows, columns] = 255
    recipe = Recipe(caption, mode="recolour")
    (library,) = inpainter.draw(photo, selection, recipe)
    drawing = Drawing(at_shared_daemon, lambda event: None)
    drawing.onto(photo, selection, recipe, None)
    assert drawing.notices == [*library.notices]


def test_a_recipe_leaves_nothing_else_to_say(at_shared_daemon: Client, tmp_path: Path) -> None:
    path, _ = make(CASES[0], tmp_path)
    for extra, code, words in (
        (["--caption", "a dog"], 2, "--recipe says all that already; leave --caption out"),
        ([], 1, "carries no record of fills"),
    ):
        done = subprocess.run(
            [*NIGDT, path, "--recipe", path, *extra, "-o", tmp_path / "o.png"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code
        assert words in done.stderr
        assert not (tmp_path / "o.png").exists()


def test_the_limit_is_the_context_s_not_the_photo_s(inpainter: Inpainter) -> None:
    rgb8 = np.zeros((1200, CONTEXT_SIDE_MAX + 200, 3), np.uint8)
    selection = np.zeros(rgb8.shape[:2], np.uint8)
    selection[500:600, 500:600] = 255
    assert Context.of(rgb8, selection, inpainter.size, Recipe("x")).reduced is False
