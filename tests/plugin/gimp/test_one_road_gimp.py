"""In GIMP the same photo, selection and recipe give the same bytes as in the library."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gimp_session import GimpSession
from nigdt_backend.client import Client
from nigdt_fill import provenance
from nigdt_fill.plan import Rect
from numpy.typing import NDArray
from PIL import Image

from nigdt.box import selection_box
from nigdt.context import Context
from nigdt.context.blend import greyed
from nigdt.inpainter import Inpainter
from nigdt.photo.photo import Photo

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "backend"))

from test_one_road import CASES, FillCase, make

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CASES_IN_GIMP = [case for case in CASES if case.orientation == 1]
"""GIMP turns photos itself when it opens them."""

DRAW = """
    folder = Path("/mnt/work/road")
    case = json.loads((folder / "case.json").read_text())
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(str(folder / "photo.png")))
    mask = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(str(folder / "mask.png")))
    selection = read(mask.get_layers()[0], "Y' u8")
    if case["again"]:
        layer = image.get_layers()[0].copy()
        image.insert_layer(layer, None, 0)
        layer.attach_parasite(Gimp.Parasite.new("nigdt-fill", 0, list(case["again"].encode())))
        image.set_selected_layers([layer])
        status, message, made = call("nigdt-fill-again", image)
    else:
        write(image.get_selection(), "Y u8", selection)
        status, message, made = call(case["procedure"], image, **case["arguments"])
    result = {"status": status, "message": message}
    if made:
        result["box"] = [*list(made.get_offsets())[1:], made.get_width(), made.get_height()]
        (folder / "pixels").write_bytes(read(made, "R'G'B' u8"))
        (folder / "weight").write_bytes(read(made.get_mask(), "Y u8"))
"""


def asked(case: FillCase, mask: Path) -> dict[str, Any]:
    """Say how GIMP is to draw: by a procedure's arguments, or where there is none for it, by the recipe."""
    recipe, selection = case.recipe, np.asarray(Image.open(mask))
    told: dict[str, Any] = {"again": ""}
    if recipe.variant.spread < 1:
        inner = selection_box(selection)
        box = Rect(inner.left, inner.top, inner.width, inner.height)
        drawn, (height, width) = selection[inner.slices].tobytes(), selection.shape
        told["again"] = provenance.describe(recipe, box, box, drawn, (width, height)).decode()
        return told
    told["procedure"] = f"nigdt-{recipe.mode}"
    told["arguments"] = {"context": recipe.widen, "strength": 100 * recipe.strength, "convert_indexed": True}
    if recipe.mode != "remove":
        told["arguments"]["caption"] = recipe.caption
    if recipe.mode == "describe":
        told["arguments"] |= {"guidance": recipe.guidance, "detail": 100 * recipe.detail}
    if recipe.mode != "recolour":
        told["arguments"] |= {
            "seed": recipe.variant.seed or 0,
            "grow": -1 if recipe.grow is None else recipe.grow,
            "feather": -1 if recipe.feather is None else recipe.feather,
            "match_colours": 100 * recipe.match_colours,
        }
    return told


def drawn_by_the_library(
    case: FillCase, path: Path, mask: Path, inpainter: Inpainter
) -> tuple[list[int], NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the box that a fill changes, and the fill and its weight there."""
    photo = Photo.read(path)
    context = Context.of(photo.rgb8, np.asarray(Image.open(mask)), inpainter.size, case.recipe, photo.alpha8)
    (raw,) = inpainter.answer(*context.sent, case.recipe, [case.recipe.variant])
    fill, weight = context.place(raw.pixels, case.recipe, raw.maps)
    inner = selection_box(weight)
    box = [context.box.left + inner.left, context.box.top + inner.top, inner.width, inner.height]
    fill = greyed(fill) if photo.grey else fill
    return box, fill[inner.slices], weight[inner.slices]


@pytest.mark.timeout(2400)
def test_gimp_gives_the_library_s_bytes(
    gimp: GimpSession, tiny_bundle: Path, real_daemon: Callable[[Path], Client]
) -> None:
    assert len(CASES_IN_GIMP) >= 24
    real_daemon(gimp.state)
    inpainter = Inpainter.from_bundle(str(tiny_bundle))
    folder = gimp.work / "road"
    folder.mkdir(exist_ok=True)
    for case in CASES_IN_GIMP:
        path, mask = make(case, folder)
        (folder / "case.json").write_text(json.dumps(asked(case, mask)))
        said = gimp.run(DRAW)
        assert said["status"] == "success", (case.name, said["message"])
        box, fill, weight = drawn_by_the_library(case, path, mask, inpainter)
        assert said["box"] == box, case.name
        assert (folder / "weight").read_bytes() == weight.tobytes(), case.name
        got = np.frombuffer((folder / "pixels").read_bytes(), np.uint8).reshape(fill.shape)
        assert np.array_equal(got, fill), (case.name, int(np.abs(got.astype(int) - fill).max()))
