"""Project files: what is written is read again, by the panel as a whole and by others as layers."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from core_session import Core
from nigdt_plugin.core import openraster
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.layers import Layer
from nigdt_plugin.core.selection import Combine, ellipse, rectangle
from PIL import Image

from nigdt.context import Box
from nigdt.errors import PhotoError
from nigdt.photo.photo import Photo
from nigdt.photo.provenance import DrawnSelection
from nigdt.recipe import Recipe, Variant

RNG = np.random.default_rng(11)
NAMES = ("Photo", "Fill")


def layer(left: int, name: str = "", opacity: float = 1.0, visible: bool = True) -> Layer:
    shape = (14, 20)
    return Layer(
        Region(left, 8, left + 20, 22),
        RNG.integers(0, 256, (*shape, 3), np.uint8),
        RNG.integers(0, 256, shape, np.uint8) / np.float32(255),
        Recipe('a "red" bird & <more>', variant=Variant(7)),
        visible,
        round="r",
        selection=DrawnSelection.of(Box(left, 8, 20, 14), np.full(shape, 255, np.uint8)),
        name=name,
        opacity=opacity,
    )


@pytest.fixture
def document(tmp_path: Path) -> Document:
    path = tmp_path / "photo.png"
    deep = RNG.integers(0, 65536, (40, 60), np.uint16)
    Image.fromarray(deep).save(path)
    document = Document(Photo.read(path), path)
    document.set_layers((layer(5, "Belly", 0.4), layer(25), layer(30, visible=False)))
    document.select(ellipse((10, 5), (40, 30)), Combine.REPLACE, "Ellipse")
    return document


def written(document: Document, path: Path) -> Path:
    path.write_bytes(openraster.encode(document, document.layers, NAMES, "a red bird"))
    return path


def test_a_project_is_read_as_it_was(document: Document, tmp_path: Path):
    project = openraster.decode(written(document, tmp_path / "work.ora"), 1 << 20)
    back = project.document
    assert project.caption == "a red bird"
    assert back.path == document.path
    assert not back.modified
    assert back.photo.deep
    assert np.array_equal(back.photo.samples, document.photo.samples)
    assert np.array_equal(back.selection.mask, document.selection.mask)
    assert np.array_equal(back.rgb, document.rgb)
    for one, other in zip(document.layers, back.layers, strict=True):
        assert np.array_equal(one.weight, other.weight)
        names = ("region", "recipe", "visible", "name", "opacity", "round", "selection")
        assert [getattr(one, name) for name in names] == [getattr(other, name) for name in names]


def test_a_hidden_part_of_a_layer_can_be_shown_again_after_reopening(document: Document, tmp_path: Path):
    whole = document.layers[1]
    masked = whole.masked(rectangle((0, 0), (35, 40)), shown=False)
    document.set_layers((document.layers[0], masked))
    path = written(document, tmp_path / "work.ora")
    back = openraster.decode(path, 1 << 20).document
    assert np.array_equal(back.rgb, document.rgb)
    assert not back.layers[1].kept[:, :10].any()
    assert np.array_equal(back.layers[1].unmasked().alpha, whole.alpha)
    other = openraster.decode(without_own_part(path), 1 << 20).document
    assert np.array_equal(other.rgb, document.rgb), "other programs see what is left"


def test_a_project_holds_its_photo(document: Document, tmp_path: Path):
    path = written(document, tmp_path / "work.ora")
    document.path.unlink()
    back = openraster.decode(path, 1 << 20).document
    assert back.path is None
    assert np.array_equal(back.photo.samples, document.photo.samples)


def test_other_editors_find_the_layers(document: Document, tmp_path: Path):
    with zipfile.ZipFile(written(document, tmp_path / "work.ora")) as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert archive.read("mimetype") == b"image/openraster"
        stack = archive.read("stack.xml").decode()
        merged = np.asarray(Image.open(io.BytesIO(archive.read("mergedimage.png"))))
        photo = np.asarray(Image.open(io.BytesIO(archive.read("data/photo.png"))))
    places = [stack.index(f"data/{name}.png") for name in ("layer3", "layer2", "layer1", "photo")]
    assert places == sorted(places)
    assert 'opacity="0.4"' in stack
    assert np.array_equal(merged, document.rgb)
    assert np.array_equal(photo, document.photo.rgb8)


def test_other_editors_see_transparency_as_the_panel_shows_it(tmp_path: Path):
    rgba = RNG.integers(0, 256, (40, 60, 4), np.uint8)
    rgba[:, :30, 3] = 0
    clear = Document(Photo.from_image(Image.fromarray(rgba)))
    clear.set_layers((layer(5), layer(25)))
    with zipfile.ZipFile(written(clear, tmp_path / "work.ora")) as archive:
        merged = np.asarray(Image.open(io.BytesIO(archive.read("mergedimage.png"))))
        photo = np.asarray(Image.open(io.BytesIO(archive.read("data/photo.png"))))
    assert np.array_equal(photo, rgba)
    assert np.array_equal(merged, np.dstack([clear.rgb, clear.alpha]))
    assert (merged[8:22, 5:25, 3] > 0).mean() > 0.9
    back = openraster.decode(tmp_path / "work.ora", 1 << 20).document
    assert np.array_equal(back.alpha, clear.alpha)


def without_own_part(path: Path, change=lambda stack: stack) -> Path:
    """What another program makes of it: the panel's own part is gone."""
    target = path.with_name("other.ora")
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(target, "w") as copy:
        for name in archive.namelist():
            if not name.startswith("nigdt/"):
                data = archive.read(name)
                copy.writestr(name, change(data) if name == "stack.xml" else data)
    return target


def test_another_programs_layers_are_layers(document: Document, tmp_path: Path):
    other = without_own_part(written(document, tmp_path / "work.ora"))
    back = openraster.decode(other, 1 << 20).document
    assert [it.name for it in back.layers] == ["Belly", 'a "red" bird & <more>', 'a "red" bird & <more>']
    assert [it.visible for it in back.layers] == [True, True, False]
    assert np.array_equal(back.rgb, document.rgb)


def test_what_layers_cannot_show_is_one_picture(document: Document, tmp_path: Path):
    path = written(document, tmp_path / "work.ora")
    other = without_own_part(path, lambda stack: stack.replace(b"svg:src-over", b"svg:multiply", 1))
    project = openraster.decode(other, 1 << 20)
    assert project.document.layers == ()
    assert project.flattened
    assert np.array_equal(project.document.rgb, document.rgb)


ENTITIES = '<!DOCTYPE x [<!ENTITY a "b">]><image w="9" h="9" version="0.0.3"><stack>&a;</stack></image>'


@pytest.mark.parametrize(
    "damage",
    [
        lambda stack: b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + stack,
        lambda stack: stack[:40],
        lambda stack: stack.replace(b"data/layer2.png", b"data/gone.png"),
        lambda stack: ("<?xml version='1.0'?>" + ENTITIES).encode("utf-16"),
        lambda stack: b"<?xml version='1.0' encoding='cp037'?>" + ENTITIES.encode("cp037"),
        lambda stack: stack.replace(b'opacity="0.4"', b'opacity="nan"'),
        lambda stack: stack.replace(b'x="5"', b'x="1e999"'),
        lambda stack: stack.replace(b'src="data/layer2.png"', b'src="../../etc/passwd"'),
        lambda stack: stack.replace(b"data/layer2.png", b"mimetype"),
        lambda stack: stack.replace(b"<stack>", b"<stack>" + b"<stack>" * 100_000),
        lambda stack: stack + b" " * 2**27,
    ],
)
def test_a_damaged_file_is_refused(document: Document, tmp_path: Path, damage):
    other = without_own_part(written(document, tmp_path / "work.ora"), damage)
    with pytest.raises(PhotoError, match="cannot be read as layers"):
        openraster.decode(other, 1 << 20)
    (tmp_path / "text.ora").write_text("hello")
    with pytest.raises(PhotoError):
        openraster.decode(tmp_path / "text.ora", 1 << 20)


@pytest.mark.parametrize(("layers", "why"), [(40, "too many"), (1, "decompression bomb")])
def test_layers_that_swell_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layers: int, why: str
):
    monkeypatch.setattr(openraster, "MAX_PIXELS", 1_000_000)
    blank = io.BytesIO()
    Image.new("RGBA", (400, 500)).save(blank, "PNG")
    layer = '<layer src="data/blank.png"/>'
    stack = f'<image w="400" h="500"><stack>{layer * layers}<layer src="data/base.png"/></stack></image>'
    path = tmp_path / "work.ora"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "image/openraster")
        archive.writestr("stack.xml", stack)
        archive.writestr("data/base.png", blank.getvalue())
        archive.writestr("data/blank.png", blank.getvalue() if layers > 1 else bytes(2**27))
    with pytest.raises(PhotoError, match=why):
        openraster.decode(path, 1 << 20)


@pytest.mark.parametrize(("name", "seen"), [("b" * 9999, "b" * 255), ("a\u202eb&#9;c", "a?b c")])
def test_another_programs_names_of_layers_are_shown_as_text(
    document: Document, tmp_path: Path, name: str, seen: str
):
    path = written(document, tmp_path / "work.ora")
    other = without_own_part(path, lambda stack: stack.replace(b'name="Belly"', f'name="{name}"'.encode()))
    assert openraster.decode(other, 1 << 20).document.layers[0].name == seen


def test_work_goes_on_after_saving_and_opening_a_project(user: Path, photo: Path, tmp_path: Path):
    core = Core()
    core.open(photo)
    core.select(90, 50, 150, 110)
    core.session.caption = "a red bird"
    core.filling.fill("a red bird", 1)
    core.done()
    core.filling.apply()
    seen = core.document.rgb.copy()
    saved: list[Path] = []
    core.session.saved.connect(saved.append)
    core.session.save(tmp_path / "work.ora")
    core.until(lambda: bool(saved))
    core.close()
    again = Core()
    again.session.open(tmp_path / "work.ora")
    again.until(lambda: again.session.document is not None)
    assert again.session.save_path == tmp_path / "work.ora"
    assert again.session.caption == "a red bird"
    assert again.document.path == photo
    assert np.array_equal(again.document.rgb, seen)
    assert not again.document.modified
    assert again.document.layers[0].recipe.caption == "a red bird"
    again.session.layering.remove(again.document.layers[0])
    assert again.document.modified
    again.session.undo()
    assert not again.document.modified
    assert again.errors == []
    again.close()


def test_no_damage_of_a_project_raises_anything_else(document: Document, tmp_path: Path):
    whole = written(document, tmp_path / "work.ora")
    draw = random.Random(4)
    with zipfile.ZipFile(whole) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    odd = [b"", b"[" * 100_000, b'{"format": 1}', b"[1]", b"7", b"\xff\xfe", b"1e400"]
    for number in range(150):
        broken = tmp_path / "broken.ora"
        if number % 3 == 0:
            data = bytearray(whole.read_bytes())
            for _ in range(draw.randrange(1, 9)):
                data[draw.randrange(len(data))] = draw.randrange(256)
            broken.write_bytes(data[: draw.choice([None, draw.randrange(len(data))])])
        else:
            name = draw.choice(sorted(parts))
            data = bytearray(parts[name])
            at = draw.randrange(len(data))
            data[at : at + draw.randrange(9)] = draw.randbytes(draw.randrange(9))
            kind = draw.choice([zipfile.ZIP_STORED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
            with zipfile.ZipFile(broken, "w", kind) as archive:
                for other, content in parts.items():
                    archive.writestr(other, content if other != name else draw.choice([bytes(data), *odd]))
        with contextlib.suppress(PhotoError):
            openraster.decode(broken, 1 << 20)


@pytest.mark.parametrize("name", ["pipe", "huge", "zero\0byte", "/dev/zero"])
def test_a_project_opens_no_pipe_that_it_names(document: Document, tmp_path: Path, name: str):
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(30 * 2**30)
    path = written(document, tmp_path / "work.ora")
    with zipfile.ZipFile(path) as archive:
        parts = {entry: archive.read(entry) for entry in archive.namelist()}
    header = json.loads(parts["nigdt/project.json"]) | {"photo": str(tmp_path / name)}
    parts["nigdt/project.json"] = json.dumps(header).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in parts.items():
            archive.writestr(entry, content)
    assert openraster.decode(path, 1 << 20).document.path is None


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("a\x0bb", "a b"),
        ("\0\x1b[31m", "  [31m"),
        ("a\ufffeb\uffff", "a?b?"),
        ("caf\udce9", "caf?"),
        ("]]> &#0; <b>", "]]> &#0; <b>"),
    ],
)
def test_any_name_of_a_layer_makes_a_file_that_other_programs_open(tmp_path: Path, name: str, seen: str):
    path = tmp_path / "photo.png"
    Image.fromarray(RNG.integers(0, 256, (40, 60, 3), np.uint8)).save(path)
    document = Document(Photo.read(path), path)
    document.set_layers((layer(5, name),))
    data = openraster.encode(document, document.layers, NAMES, name)
    (tmp_path / "work.ora").write_bytes(data)
    with zipfile.ZipFile(tmp_path / "work.ora") as archive:
        stack = ElementTree.fromstring(archive.read("stack.xml"))
    assert [entry.get("name") for entry in stack.iter("layer")] == [seen, "Photo"]
    back = openraster.decode(tmp_path / "work.ora", 1 << 20)
    assert (back.caption, back.document.layers[0].name) == (name, name)
