"""What of the plug-in needs no GIMP: geometry, records, words, and where NIGDT lives."""

from __future__ import annotations

import gettext
import io
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from assemble import compile_catalogue
from hypothesis import given, settings
from hypothesis import strategies as st
from nigdt_backend.protocol import FillPicture
from nigdt_fill import plan, provenance, told
from nigdt_fill.install import Install, read_install
from nigdt_fill.markdown import page
from nigdt_fill.problem import lost
from nigdt_fill.recent import Recent
from nigdt_fill.words import seems_foreign
from PIL import Image

from nigdt.box import selection_box
from nigdt.context.blend import greyed
from nigdt.context.box import context_box
from nigdt.context.context import prepared
from nigdt.limits import MODES, Mode
from nigdt.notices import COLOURED_BIRD, COLOURED_PART, CONTINUED, NOTHING_FITS
from nigdt.photo.provenance import DrawnSelection
from nigdt.recipe import Recipe, Variant

ROOT = Path(__file__).resolve().parents[3]
PLUG_IN = ROOT / "plugin" / "gimp" / "nigdt-fill"


# -- the same square as everywhere ------------------------------------------------------------


@settings(max_examples=400)
@given(
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    corner=st.tuples(st.integers(0, 89), st.integers(0, 89)),
    extent=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    minimum=st.sampled_from([8, 32, 64]),
    widen=st.floats(1, 8),
    mode=st.sampled_from(MODES),
    grown=st.integers(0, 20),
    holed=st.booleans(),
)
def test_the_context_is_that_of_the_library(
    size: tuple[int, int],
    corner: tuple[int, int],
    extent: tuple[int, int],
    minimum: int,
    widen: float,
    mode: Mode,
    grown: int,
    holed: bool,
) -> None:
    width, height = size
    left, top = min(corner[0], width - 1), min(corner[1], height - 1)
    selection = np.zeros((height, width), np.uint8)
    selection[top : top + extent[1], left : left + extent[0]] = 200
    if holed:  # an outline covers what it encloses
        selection[top + 1 : top + extent[1] - 1, left + 1 : left + extent[0] - 1] = 0
    recipe = Recipe("red", mode, grow=grown)
    inner = selection_box(selection)
    drawn = plan.Rect(inner.left, inner.top, inner.width, inner.height)
    covered = plan.covered(selection[inner.slices].tobytes(), inner.width)
    region = drawn.grown(recipe.grown, width, height)
    ours = plan.context_box(region, width, height, minimum, widen, mode, covered, recipe.grown)
    theirs = context_box(prepared(selection, recipe), minimum, widen, mode, selection, recipe.grown)
    assert (ours.left, ours.top, ours.width, ours.height) == (
        theirs.left,
        theirs.top,
        theirs.width,
        theirs.height,
    )


@given(st.integers(1, 12), st.integers(1, 12), st.data())
def test_what_a_weight_touches(width: int, height: int, data: st.DataObject) -> None:
    values = data.draw(
        st.lists(st.sampled_from([0, 0, 0, 7]), min_size=width * height, max_size=width * height)
    )
    weight = np.array(values, np.uint8).reshape(height, width)
    found = plan.touched(weight.tobytes(), width)
    if not weight.any():
        assert found is None
        return
    inner = selection_box(weight)
    assert vars(found) == vars(inner)
    assert vars(found.grown(2, width, height)) == vars(inner.grown(2, width, height))
    assert plan.cut(weight.tobytes(), width, found, 1) == weight[inner.slices].tobytes()


def test_cut_takes_a_part_and_refuses_what_is_not_there() -> None:
    picture = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(4, 5, 3)
    assert plan.cut(picture.tobytes(), 5, plan.Rect(1, 2, 3, 2), 3) == picture[2:4, 1:4].tobytes()
    for box in (plan.Rect(3, 0, 3, 1), plan.Rect(0, 3, 1, 2), plan.Rect(-1, 0, 1, 1)):
        with pytest.raises(ValueError, match="not inside"):
            plan.cut(picture.tobytes(), 5, box, 3)


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), min_size=1, max_size=6))
def test_whether_anything_is_seen_beside_the_selection(pixels: list[tuple[int, int]]) -> None:
    selection, alpha = (bytes(values) for values in zip(*pixels, strict=True))
    wanted = all(selected or opacity < 128 for selected, opacity in pixels)
    assert plan.shows_nothing(selection, alpha) == wanted


def test_choices_become_a_recipe() -> None:
    plain = plan.FillSettings(" a bird ")
    assert plain.recipe == Recipe("a bird")
    assert plain.draws == [Variant()]
    chosen = plan.FillSettings("x", "recolour", 2, 7, 2.0, 0, 4, 50.0, 80.0, 1.5, 30.0, "m")
    assert chosen.recipe == Recipe(
        "x",
        "recolour",
        bundle="m",
        widen=2.0,
        grow=0,
        feather=4,
        match_colours=0.5,
        strength=0.8,
        guidance=1.5,
        detail=0.3,
    )
    assert chosen.draws == [Variant(7), Variant(8)]
    assert plan.FillSettings(" ").recipe.effective_mode == "remove"


RECIPES = [
    Recipe("a bird"),
    Recipe("red", "recolour", strength=0.57),
    Recipe("", "remove", variant=Variant(3), grow=12),
    Recipe(
        "x",
        variant=Variant(5, 12, 0.35),
        widen=1.7,
        feather=0,
        match_colours=0.29,
        bundle="m",
        guidance=2.0,
        detail=0.57,
    ),
]


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_fill_s_recipe_becomes_the_same_choices_again(recipe: Recipe) -> None:
    again = plan.FillSettings.of(recipe)
    assert again.recipe.with_variant(again.draws[0]) == recipe
    other = replace(again, seed=77, variants=2)
    assert other.draws == [Variant(77), Variant(78)]


@pytest.mark.parametrize(
    ("caption", "name"),
    [("a bird", "a bird"), (" a\n\tbird ", "a bird"), ("x" * 50, "x" * 39 + "…"), ("鳥" * 40, "鳥" * 40)],
)
def test_layer_names(caption: str, name: str) -> None:
    assert plan.layer_name(caption) == name


def test_a_record_is_ascii_and_complete() -> None:
    recipe = Recipe("Möwe 鳥", bundle="m", variant=Variant(3))
    selection = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    region, selected = plan.Rect(1, 2, 9, 9), plan.Rect(3, 4, 4, 3)
    data = provenance.describe(recipe, region, selected, selection.tobytes(), (20, 30))
    assert data.isascii()
    read = provenance.read(data)
    assert (read.recipe, read.selected, read.region, read.image) == (recipe, selected, region, (20, 30))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(read.selection))), selection)
    # It is the record of NIGDT's saved pictures.
    (fill,) = json.loads(data)["fills"]
    drawn = DrawnSelection.from_dict(fill["selection"])
    assert np.array_equal(drawn.mask(20, 20)[4:7, 3:7], selection)
    assert fill["region"] == [1, 2, 9, 9]


@pytest.mark.parametrize(
    "record", [{}, {"fills": []}, {"fills": [{}, {}]}, {"fills": [{"recipe": {}, "selection": None}]}, []]
)
def test_a_record_that_makes_no_fill_again(record: object) -> None:
    with pytest.raises(ValueError, match="No fill that could be made again"):
        provenance.read(json.dumps(record).encode())


# -- pixels without NumPy ------------------------------------------------------------


def test_a_grey_photo_s_fill_is_greyed_as_everywhere() -> None:
    """Of many colours, since other coefficients differ in three of a thousand alone."""
    fill = np.random.default_rng(1).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    assert plan.greyed(fill.tobytes()) == greyed(fill)[..., 0].tobytes()


def in_light(values: np.ndarray) -> np.ndarray:
    """Return the light, 0 to 1, of sRGB values from 0 to 255."""
    share = values / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def test_what_is_drawn_in_light_looks_as_it_does_when_blended_there() -> None:
    generator = np.random.default_rng(0)
    pixels, under = generator.integers(0, 256, (2, 40, 50, 3), np.uint8)
    weight = generator.integers(0, 256, (40, 50), np.uint8)
    weight[:5] = weight[:, :9] = 0
    weight[20] = 255
    drawn, known = plan.drawn_in_light(pixels.tobytes(), weight.tobytes(), (50, 40), under.tobytes(), 3)
    assert known == np.where(weight > 0, np.uint8(255), np.uint8(0)).tobytes()
    seen = np.where(weight[..., None] > 0, np.frombuffer(drawn, np.uint8).reshape(40, 50, 3), under)
    share = weight[..., None] / 255
    wanted = share * in_light(pixels) + (1 - share) * in_light(under)
    assert np.abs(in_light(seen) - wanted).max() < 0.006
    assert (seen[20] == pixels[20]).all()
    opacity = np.full((40, 50, 1), 255, np.uint8)
    opacity[30] = 100
    there = np.concatenate([under, opacity], axis=2).tobytes()
    less, known = plan.drawn_in_light(pixels.tobytes(), weight.tobytes(), (50, 40), there, 4)
    assert known[30 * 50 : 31 * 50] == weight[30].tobytes()
    half = np.frombuffer(less, np.uint8).reshape(40, 50, 3)
    assert (half[30][weight[30] > 0] == pixels[30][weight[30] > 0]).all()
    nothing = bytes(len(known))
    assert plan.drawn_in_light(pixels.tobytes(), nothing, (50, 40), there, 4) == (pixels.tobytes(), nothing)


def test_a_selection_is_put_into_its_context() -> None:
    inside = np.arange(1, 7, dtype=np.uint8).reshape(2, 3)
    wanted = np.zeros((5, 6), np.uint8)
    wanted[2:4, 1:4] = inside
    assert plan.paste(inside.tobytes(), plan.Rect(11, 22, 3, 2), plan.Rect(10, 20, 6, 5)) == wanted.tobytes()


def test_a_box_at_another_size() -> None:
    assert plan.scaled(plan.Rect(1, 2, 3, 4), (10, 10), (25, 20)) == plan.Rect(2, 4, 8, 8)
    assert plan.scaled(plan.Rect(1, 2, 3, 4), (10, 10), (10, 10)) == plan.Rect(1, 2, 3, 4)


# -- words ------------------------------------------------------------


@pytest.mark.parametrize(
    "caption",
    ["ein roter Vogel", "un oiseau avec une tête", "un oiseau rouge", "pájaro rojo", "los gatos", "птица"],
)
def test_other_languages_are_noticed(caption: str) -> None:
    assert seems_foreign(caption)


@pytest.mark.parametrize("caption", ["a red bird", "the den of a fox", "sin city", "2 dogs, no cat", ""])
def test_english_is_not_taken_for_another_language(caption: str) -> None:
    assert not seems_foreign(caption)


def test_what_is_told_of_a_fill() -> None:
    left_out = "A part of the object seems to lie outside the selection: grow it by 12 pixels."
    assert told.missing_growth([NOTHING_FITS, left_out]) == 12
    assert told.missing_growth([NOTHING_FITS]) == 0
    assert told.about_fill([], "a fox", [left_out, NOTHING_FITS]) == NOTHING_FITS
    unknown = told.about_fill(["foks"], "a foks", [NOTHING_FITS])
    assert unknown.startswith("The model does not know “foks”.")
    assert NOTHING_FITS not in unknown


def test_nobody_is_interrupted_by_a_fill_that_is_as_asked() -> None:
    picture = FillPicture(0, 1, 1, b"abc", Recipe("a fox"))
    for explaining in (CONTINUED, COLOURED_BIRD, COLOURED_PART):
        assert told.about_fill([], "a fox", [explaining]) == explaining  # for the dialog
        assert told.about_finished([picture], [explaining]) == ""
        assert told.about_finished([picture], [explaining, NOTHING_FITS]) == NOTHING_FITS


def test_the_default_model_has_a_name_in_the_users_language(monkeypatch: pytest.MonkeyPatch) -> None:
    own = (PLUG_IN / "locale/de/LC_MESSAGES/nigdt-fill.po").read_text(encoding="utf-8")
    german = gettext.GNUTranslations(io.BytesIO(compile_catalogue(own)))
    monkeypatch.setattr(plan, "_", german.gettext)
    assert plan.model_title(plan.DEFAULT_MODEL) == "Das voreingestellte"
    assert plan.model_title("my-garden") == "my-garden"


def test_the_last_captions_come_first(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    recent = Recent(file)
    assert recent.captions("describe") == []
    for number in range(20):
        recent.add("describe", f"bird {number}")
    recent.add("describe", "bird 12")
    recent.add("recolour", "red")
    assert Recent(file).captions("describe")[:3] == ["bird 12", "bird 19", "bird 18"]
    assert len(recent.captions("describe")) == 12
    assert recent.captions("recolour") == ["red"]
    assert file.stat().st_mode & 0o777 == 0o600, "what somebody wanted is nobody else's"
    for damaged in ("", "[]", '{"describe": 3}', "{", "[" * 100_000):
        file.write_text(damaged)
        assert recent.captions("describe") == []
    file.unlink()
    os.mkfifo(file)
    assert recent.captions("describe") == [], "a pipe is not waited for"


def test_the_manual_becomes_a_page() -> None:
    text = (ROOT / "docs" / "gimp.md").read_text(encoding="utf-8")
    made = page(text, "NIGDT", "file:///manual/")
    elements = ElementTree.fromstring(made)
    pictures = [it.attrib["src"] for it in elements.iter("img")]
    assert len(pictures) == text.count("![")
    assert all(it.startswith("file:///manual/pictures/") for it in pictures)
    assert len(list(elements.iter("h2"))) == text.count("\n## ")
    assert len(list(elements.iter("pre"))) == text.count("```") // 2
    prose = "".join(text for it in elements.iter("p") for text in it.itertext())
    assert not set("*`|[") & set(prose)


# -- where NIGDT lives ------------------------------------------------------------


def test_the_installers_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NIGDT_STATE_DIR")
    monkeypatch.delenv("FLATPAK_ID", raising=False)
    note = tmp_path / "install.json"
    note.write_text(json.dumps({"python": sys.executable, "state": str(tmp_path)}))
    install = read_install(note)
    assert install.command("nigdt", "panel") == [sys.executable, "-I", "-m", "nigdt", "panel"]
    assert os.environ["NIGDT_STATE_DIR"] == str(tmp_path)
    monkeypatch.setenv("FLATPAK_ID", "org.gimp.GIMP")
    assert install.command("nigdt") is None


@pytest.mark.parametrize("text", [None, "", "[1]", "{not json", "{}"])
def test_no_note_or_a_damaged_one(tmp_path: Path, text: str | None) -> None:
    note = tmp_path / "install.json"
    if text is not None:
        note.write_text(text)
    assert read_install(note) == Install()
    assert Install("/nowhere/python").command("nigdt") is None


def test_a_moved_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FLATPAK_ID", "SNAP"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "nigdt"
    install = Install(str(folder / ".venv" / "bin" / "python"))
    assert install.lost == folder
    assert str(lost(install)) == (
        f"NIGDT is not in “{folder}” any more. "
        "Open NIGDT's installer again, in the folder where NIGDT is now."
    )
    (folder / ".venv" / "bin").mkdir(parents=True)
    assert install.lost == folder / ".venv" / "bin" / "python"
    (folder / ".venv" / "bin" / "python").touch()
    assert install.lost is None
    assert lost(install) is None
    monkeypatch.setenv("SNAP", "/snap/gimp/1")  # which does not show the host's files
    assert Install(str(tmp_path / "none")).lost is None
