"""What of the plug-in needs no GIMP: geometry, texts, and putting it together."""

from __future__ import annotations

import ast
import gettext
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from assemble import PLATFORMS, assemble, compile_catalogue, differences, wheel_arguments
from hypothesis import given, settings
from hypothesis import strategies as st
from nigdt_backend.commands.doctor import _gimp
from nigdt_fill import plan, provenance
from nigdt_fill.install import Install, read_install
from nigdt_fill.markdown import page
from nigdt_fill.problem import lost
from nigdt_fill.recent import Recent
from nigdt_fill.words import seems_foreign
from PIL import Image

from nigdt.box import selection_box
from nigdt.context.blend import greyed
from nigdt.context.box import context_box
from nigdt.limits import MODES, Mode
from nigdt.photo.provenance import DrawnSelection
from nigdt.recipe import Recipe, Variant

ROOT = Path(__file__).resolve().parents[3]
PLUG_IN = ROOT / "plugin" / "gimp" / "nigdt-fill"
CATALOGUE = PLUG_IN / "locale" / "de" / "LC_MESSAGES" / "nigdt-fill.po"


# -- the same square as everywhere ------------------------------------------------------------


@settings(max_examples=400)
@given(
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    corner=st.tuples(st.integers(0, 89), st.integers(0, 89)),
    extent=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    minimum=st.sampled_from([8, 32, 64]),
    widen=st.floats(1, 8),
    mode=st.sampled_from(MODES),
)
def test_the_context_is_that_of_the_library(
    size: tuple[int, int],
    corner: tuple[int, int],
    extent: tuple[int, int],
    minimum: int,
    widen: float,
    mode: Mode,
) -> None:
    width, height = size
    left, top = min(corner[0], width - 1), min(corner[1], height - 1)
    selection = np.zeros((height, width), np.uint8)
    selection[top : top + extent[1], left : left + extent[0]] = 200
    inner = selection_box(selection)
    ours = plan.context_box(
        plan.Box(inner.left, inner.top, inner.width, inner.height), width, height, minimum, widen, mode
    )
    theirs = context_box(selection, minimum, widen, mode)
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
    assert found == plan.Box(inner.left, inner.top, inner.width, inner.height)
    assert plan.cut(weight.tobytes(), width, found, 1) == weight[inner.slices].tobytes()


def test_cut_takes_a_part_and_refuses_what_is_not_there() -> None:
    picture = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(4, 5, 3)
    assert plan.cut(picture.tobytes(), 5, plan.Box(1, 2, 3, 2), 3) == picture[2:4, 1:4].tobytes()
    for box in (plan.Box(3, 0, 3, 1), plan.Box(0, 3, 1, 2), plan.Box(-1, 0, 1, 1)):
        with pytest.raises(ValueError, match="not inside"):
            plan.cut(picture.tobytes(), 5, box, 3)


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), min_size=1, max_size=6))
def test_whether_anything_is_seen_beside_the_selection(pixels: list[tuple[int, int]]) -> None:
    selection, alpha = (bytes(values) for values in zip(*pixels, strict=True))
    wanted = all(selected or opacity < 128 for selected, opacity in pixels)
    assert plan.shows_nothing(selection, alpha) == wanted


def test_choices_become_a_recipe() -> None:
    plain = plan.Settings(" a bird ")
    assert plain.recipe == Recipe("a bird")
    assert plain.draws == [Variant()]
    chosen = plan.Settings("x", "recolour", 2, 7, 2.0, 0, 4, 50.0, 80.0, 1.5, 30.0, "m")
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
    assert plan.Settings(" ").recipe.way == "remove"


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
    again = plan.Settings.of(recipe)
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
    region, selected = plan.Box(1, 2, 9, 9), plan.Box(3, 4, 4, 3)
    data = provenance.describe(recipe, region, selected, selection.tobytes())
    assert data.isascii()
    read, box, png = provenance.read(data)
    assert (read, box) == (recipe, selected)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png))), selection)
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


def test_a_selection_is_put_into_its_context() -> None:
    inside = np.arange(1, 7, dtype=np.uint8).reshape(2, 3)
    wanted = np.zeros((5, 6), np.uint8)
    wanted[2:4, 1:4] = inside
    assert plan.paste(inside.tobytes(), plan.Box(11, 22, 3, 2), plan.Box(10, 20, 6, 5)) == wanted.tobytes()


def test_a_box_at_another_size() -> None:
    assert plan.scaled(plan.Box(1, 2, 3, 4), (10, 10), (25, 20)) == plan.Box(2, 4, 8, 8)
    assert plan.scaled(plan.Box(1, 2, 3, 4), (10, 10), (10, 10)) == plan.Box(1, 2, 3, 4)


# -- words ------------------------------------------------------------


@pytest.mark.parametrize("caption", ["ein roter Vogel", "un oiseau avec une tête", "pájaro rojo", "птица"])
def test_other_languages_are_noticed(caption: str) -> None:
    assert seems_foreign(caption)


@pytest.mark.parametrize("caption", ["a red bird", "the den of a fox", "sin city", "2 dogs, no cat", ""])
def test_english_is_not_taken_for_another_language(caption: str) -> None:
    assert not seems_foreign(caption)


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
    for damaged in ("", "[]", '{"describe": 3}', "{"):
        file.write_text(damaged)
        assert recent.captions("describe") == []


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


# -- translations ------------------------------------------------------------


def _texts(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("_", "ngettext")
        ):
            for argument in node.args[: 1 if node.func.id == "_" else 2]:
                yield ast.literal_eval(argument)


@pytest.fixture(scope="module")
def german() -> gettext.GNUTranslations:
    return gettext.GNUTranslations(io.BytesIO(compile_catalogue(CATALOGUE.read_text(encoding="utf-8"))))


def test_every_text_is_translated(german: gettext.GNUTranslations) -> None:
    texts = {text for source in PLUG_IN.rglob("*.py") for text in _texts(source)}
    assert len(texts) > 50
    missing = [
        text for text in texts if german.gettext(text) == text and german.ngettext(text, text, 2) == text
    ]
    assert [text for text in missing if "{n} seconds" not in text] == []
    stale = set(german._catalog) - texts  # type: ignore[attr-defined]
    assert {text if isinstance(text, str) else text[0] for text in stale} - texts == {""}


def test_placeholders_and_mnemonics_survive_translation(german: gettext.GNUTranslations) -> None:
    for original, translated in german._catalog.items():  # type: ignore[attr-defined]
        if isinstance(original, str) and original:
            names = {part.split("}")[0] for part in original.split("{")[1:]}
            assert {part.split("}")[0] for part in translated.split("{")[1:]} == names
            assert translated.count("_") == original.count("_"), original


def test_plurals(german: gettext.GNUTranslations) -> None:
    one, many = (
        "NIGDT is busy with other fills. Try again in {n} second.",
        "NIGDT is busy with other fills. Try again in {n} seconds.",
    )
    assert "Sekunde " in german.ngettext(one, many, 1)
    assert "Sekunden " in german.ngettext(one, many, 2)


def test_fuzzy_and_empty_entries_fall_back_to_english() -> None:
    compiled = compile_catalogue(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n#, fuzzy\nmsgid "a"\nmsgstr "A"\n\n'
        'msgid "b"\nmsgstr ""\n\nmsgid "c"\n"d"\nmsgstr "C\\n"\n"\\"D\\""\n'
    )
    catalogue = gettext.GNUTranslations(io.BytesIO(compiled))
    assert [catalogue.gettext(text) for text in ("a", "b", "cd")] == ["a", "b", 'C\n"D"']


# -- putting it together ------------------------------------------------------------


@pytest.fixture
def small_wheel(tmp_path: Path) -> Path:
    wheel = tmp_path / "pyzmq-27.0-cp312-abi3-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("zmq/__init__.py", "")
        archive.writestr("zmq/backend/cython/__init__.py", "DEEP = True")
        archive.writestr("zmq/tests/big.py", "")
    return wheel


def test_assembled(tmp_path: Path, small_wheel: Path) -> None:
    target = tmp_path / "GIMP" / "3.0" / "plug-ins" / "nigdt-fill"
    assemble(target, small_wheel, ROOT, python=Path(sys.executable))
    made = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    assert {
        "nigdt-fill.py",
        "nigdt_fill/run.py",
        "zmq/__init__.py",
        "nigdt_backend/client.py",
        "nigdt_backend/protocol.py",
        "locale/de/LC_MESSAGES/nigdt-fill.mo",
        "install.json",
    } <= made
    assert not [path for path in made if path.endswith((".po", ".pyc")) or "tests" in path]
    assert (target / "nigdt-fill.py").stat().st_mode & 0o111 == 0o111
    assert json.loads((target / "install.json").read_text())["python"] == sys.executable
    assert [path.name for path in target.parent.iterdir()] == ["nigdt-fill"]
    # What was carried is whole: it imports by itself, with nothing of NIGDT or its libraries in reach.
    script = (
        "import nigdt_backend.protocol, nigdt_backend.connection, nigdt_backend.paths, nigdt_backend.launch"
    )
    subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(target)!r}); {script}",
        ],
        check=True,
    )


def migrate(plug_in: Path, target: Path) -> None:
    """Copy a plug-in as a newer GIMP does from an older profile: three folders below its own, no more."""
    for path in plug_in.rglob("*"):
        inside = path.relative_to(plug_in)
        if path.is_file() and len(inside.parts) <= 4:
            (target / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target / inside)


def test_it_survives_the_move_to_a_newer_gimp(tmp_path: Path, wheel: Path) -> None:
    made, moved = (tmp_path / version / "plug-ins" / "nigdt-fill" for version in ("3.0", "3.2"))
    assemble(made, wheel, ROOT)
    migrate(made, moved)
    assert differences(moved, wheel, ROOT) == []
    assert (moved / "zmq" / "backend" / "cython" / "_zmq.abi3.so").is_file()


def test_what_gimp_would_not_copy_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "pyzmq-99-cp312-abi3-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("zmq/__init__.py", "")
        archive.writestr("zmq/a/b/c/__init__.py", "")
    with pytest.raises(ValueError, match=r"zmq/a/b/c/__init__\.py lies too deep"):
        assemble(tmp_path / "nigdt-fill", wheel, ROOT)


@pytest.mark.parametrize("spoilt", ["zmq/backend/cython/__init__.py", "nigdt_fill/run.py"])
def test_every_missing_or_changed_file_is_noticed(
    spoilt: str, tmp_path: Path, small_wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    target = tmp_path / "GIMP" / "3.2" / "plug-ins" / "nigdt-fill"
    assemble(target, small_wheel, ROOT)
    assert differences(target, small_wheel, ROOT) == []
    assert [finding.level for finding in _gimp()] == ["ok"]
    kept = (target / spoilt).read_bytes()
    for damage in (b"changed", None):
        (target / spoilt).write_bytes(damage) if damage else (target / spoilt).unlink()
        assert differences(target, small_wheel, ROOT) == [spoilt]
        assert [(finding.level, spoilt in finding.detail) for finding in _gimp()] == [("bad", True)]
    (target / spoilt).write_bytes(kept)
    (target / "SHA256SUMS").unlink()
    assert [finding.level for finding in _gimp()] == ["bad"]


def test_an_older_plug_in_is_replaced_whole(tmp_path: Path, small_wheel: Path) -> None:
    target = tmp_path / "plug-ins" / "nigdt-fill"
    target.mkdir(parents=True)
    (target / "stale.py").touch()
    assemble(target, small_wheel, ROOT)
    assert not (target / "stale.py").exists()
    assert (target / "nigdt-fill.py").exists()


def test_a_file_of_the_users_that_is_in_the_way_gets_another_name(tmp_path: Path, small_wheel: Path) -> None:
    target = tmp_path / "plug-ins" / "nigdt-fill"
    (target / "zmq").mkdir(parents=True)
    mine = target / "zmq" / "__init__.py"
    mine.write_text("mine")
    assemble(target, small_wheel, ROOT, foreign=lambda older: [older / "zmq" / "__init__.py"])
    assert mine.read_text() == ""
    assert mine.with_name("__init__.py.yours").read_text() == "mine"


@pytest.mark.parametrize("content", [b"no wheel", None])
def test_a_wrong_wheel_leaves_the_older_plug_in(tmp_path: Path, content: bytes | None) -> None:
    wheel = tmp_path / "other.whl"
    if content is None:
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("other/__init__.py", "")
    else:
        wheel.write_bytes(content)
    target = tmp_path / "plug-ins" / "nigdt-fill"
    target.mkdir(parents=True)
    (target / "older.py").touch()
    with pytest.raises(ValueError, match=r"other\.whl is not a"):
        assemble(target, wheel, ROOT)
    assert [path.name for path in target.parent.rglob("*")] == ["nigdt-fill", "older.py"]


def test_a_folder_that_gimp_would_ignore_is_refused(tmp_path: Path, small_wheel: Path) -> None:
    with pytest.raises(ValueError, match="nigdt-fill, not other"):
        assemble(tmp_path / "other", small_wheel, ROOT)


@pytest.mark.parametrize(("platform", "machine"), PLATFORMS)
def test_the_wheel_is_asked_for_by_platform(platform: str, machine: str, tmp_path: Path) -> None:
    arguments = wheel_arguments(platform, machine, tmp_path)
    assert arguments[0] == "download"
    assert arguments[arguments.index("--abi") + 1] == "abi3"
    assert arguments.count("--platform") == len(PLATFORMS[platform, machine])
    assert arguments[-1].startswith("pyzmq")
