"""Lost work: whole or in part, but never another photo's and never twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
from nigdt_plugin.core import openraster
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.layers import Layer
from nigdt_plugin.core.recovery import Lost, Recovery, Snapshot, claimed, digest_of, restore
from nigdt_plugin.core.selection import rectangle
from PIL import Image

from nigdt.errors import NigdtError
from nigdt.photo.photo import Photo
from nigdt.recipe import Recipe

DRAW = np.random.default_rng(4)


def layer(value: int, left: int = 4) -> Layer:
    weight = np.ones((10, 12), np.float32)
    return Layer(
        Region(left, 3, left + 12, 13), np.full((10, 12, 3), value, np.uint8), weight, Recipe(f"{value}")
    )


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(DRAW.integers(0, 256, (40, 60, 3), np.uint8)).save(path)
    return path


def written(path: Path, parent: Path, layers: tuple[Layer, ...]) -> Recovery:
    document = Document(Photo.read(path), path)
    document.set_layers(layers)
    recovery = Recovery(parent)
    recovery.write(Snapshot(document.photo, path, layers, document.selection.mask, "words"))
    return recovery


def change(recovery: Recovery, **fields: object) -> None:
    path = recovery.folder / "work.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def lost_of(recovery: Recovery) -> Lost:
    return Lost(recovery.folder, "", 0.0, "")


def test_work_is_offered_though_another_program_has_the_process_id(tmp_path: Path, photo: Path):
    recovery = written(photo, tmp_path / "kept", (layer(9),))
    assert Recovery(tmp_path / "kept").lost() == []
    with subprocess.Popen(["sleep", "60"]) as other:
        change(recovery, pid=other.pid)
        assert len(Recovery(tmp_path / "kept").lost()) == 1
        other.kill()
    change(recovery, pid=os.getpid(), process="another start of the machine")
    assert len(Recovery(tmp_path / "kept").lost()) == 1


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"\x00" * 300, None], ids=["empty", "torn", "zeros", "gone"]
)
def test_what_can_be_read_is_restored_and_the_rest_is_named(tmp_path: Path, photo: Path, content):
    layers = (layer(9), layer(80, 20), layer(200, 30))
    recovery = written(photo, tmp_path / "kept", layers)
    torn = recovery.folder / f"{layers[1].id}.npz"
    torn.unlink() if content is None else torn.write_bytes(content)
    (recovery.folder / "selection.png").write_bytes(b"")
    told: list[str] = []
    document, caption = restore(lost_of(recovery), told.append)
    assert [part.caption for part in document.layers] == ["9", "200"]
    assert caption == "words"
    assert told == [
        "Layer 2 cannot be read any more and is left out.",
        "The selection cannot be read any more.",
    ]


def test_the_mask_of_a_layer_is_kept(tmp_path: Path, photo: Path):
    whole = layer(9)
    masked = whole.masked(rectangle((0, 0), (14, 40)), shown=False)
    document, _ = restore(lost_of(written(photo, tmp_path / "kept", (masked,))), str)
    assert np.array_equal(document.layers[0].kept, masked.kept)
    assert np.array_equal(document.layers[0].unmasked().kept, whole.weight)


def test_fills_are_never_laid_over_another_photo(tmp_path: Path, photo: Path):
    recovery = written(photo, tmp_path / "kept", (layer(9),))
    Image.fromarray(DRAW.integers(0, 256, (40, 60, 3), np.uint8)).save(photo)
    with pytest.raises(NigdtError, match="has changed since"):
        restore(lost_of(recovery))
    Image.new("RGB", (10, 10)).save(photo)
    with pytest.raises(NigdtError, match="has changed since"):
        restore(lost_of(recovery))


def test_fills_are_not_laid_over_a_photo_that_was_saved_over(tmp_path: Path, photo: Path):
    before = np.asarray(Image.open(photo))
    recovery = written(photo, tmp_path / "kept", (layer(9),))
    shutil.copy(photo, photo.with_name("photo.original.png"))
    Image.new("RGB", (60, 40)).save(photo)
    document, _ = restore(lost_of(recovery))
    assert np.array_equal(document.photo.rgb8, before)
    assert document.path == photo


def test_a_photo_whose_name_is_not_utf_8_is_recovered(tmp_path: Path, photo: Path):
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png"))
    photo.rename(odd)
    recovery = written(odd, tmp_path / "kept", (layer(9),))
    change(recovery, pid=2**22 + 1)
    (lost,) = Recovery(tmp_path / "kept").lost()
    assert lost.name == "caf?.png"
    assert restore(lost)[0].path == odd


@pytest.mark.parametrize(
    "content",
    ["", "[" * 100_000, "[]", '{"format": 3, "layers": [1]}', '{"format": 3, "layers": 5, "pid": 1e9}'],
)
def test_a_damaged_index_never_stops_the_panel(tmp_path: Path, photo: Path, content: str):
    recovery = written(photo, tmp_path / "kept", (layer(9),))
    (recovery.folder / "work.json").write_text(content)
    for lost in Recovery(tmp_path / "kept").lost():
        with pytest.raises((OSError, NigdtError)):
            restore(lost)


@pytest.mark.parametrize(
    "fields",
    [
        {"photo": "\0"},
        {"photo": "/x\0y.png"},
        {"photo": "\ud800.png"},
        {"photo": "x" * 5000},
        {"layers": "ab"},
        {"layers": {"a": 1}},
        {"digest": None},
    ],
    ids=repr,
)
def test_an_index_that_leads_nowhere_is_refused_in_one_line(tmp_path: Path, photo: Path, fields):
    recovery = written(photo, tmp_path / "kept", (layer(9),))
    change(recovery, pid=2**22 + 1, process="gone", **fields)
    (lost,) = Recovery(tmp_path / "kept").lost()
    assert len(lost.name) < 300
    with pytest.raises((OSError, NigdtError)):
        restore(lost)
    assert recovery.folder.is_dir()


def test_two_writers_never_mix_their_layers_and_the_newest_wins(tmp_path: Path, photo: Path):
    document = Document(Photo.read(photo), photo)
    recovery = Recovery(tmp_path / "kept")
    sets = [tuple(layer(n * 10 + k, 4 * k) for k in range(5)) for n in range(1, 9)]
    snapshots = [
        Snapshot(document.photo, photo, own, document.selection.mask, str(own[0].id)) for own in sets
    ]
    threads = [threading.Thread(target=recovery.write, args=(one,)) for one in reversed(snapshots)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    back, caption = restore(lost_of(recovery))
    assert caption == snapshots[-1].caption
    for kept, meant in zip(back.layers, sets[-1], strict=True):
        assert np.array_equal(kept.rgb, meant.rgb)
    assert len(list(recovery.folder.glob("*.npz"))) == 5


@pytest.mark.parametrize("mode", ["RGB", "CMYK", "L", "RGBA"])
def test_a_cropped_photo_is_kept_whatever_its_kind(tmp_path: Path, mode: str):
    upright = Image.effect_noise((60, 40), 80).convert("RGB").convert(mode)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Canon"
    file = tmp_path / ("trip.png" if mode == "RGBA" else "trip.jpg")
    upright.rotate(90, expand=True).save(file, exif=exif)
    whole = Document(Photo.read(file), file)
    cropped = whole.recut(Region(5, 5, 45, 35))
    cropped.set_layers((layer(200),))
    recovery = Recovery(tmp_path / "recovery")
    selection = cropped.selection.mask
    recovery.write(Snapshot(cropped.photo, None, cropped.layers, selection, "words", cropped.near))
    change(recovery, pid=2**22 + 1)  # no process has it
    (lost,) = Recovery(recovery.parent).lost()
    assert lost.name == file.name
    document, _ = restore(lost)
    assert np.array_equal(document.rgb, cropped.rgb)
    assert (document.path, document.near) == (None, file)
    project = tmp_path / "trip.ora"
    project.write_bytes(openraster.encode(cropped, cropped.layers, ("Photo", "Fill")))
    opened = openraster.decode(project, 1).document
    assert np.array_equal(opened.rgb, cropped.rgb)
    assert b"Canon" in opened.photo.info["exif"]


def test_the_digest_is_of_what_a_photo_shows(tmp_path: Path, photo: Path):
    shown = Photo.read(photo)
    Image.open(photo).save(tmp_path / "same.tif")
    assert digest_of(Photo.read(tmp_path / "same.tif")) == digest_of(shown)


def test_lost_work_goes_to_one_panel_alone(tmp_path: Path, photo: Path):
    """Of two windows that offer the same work, the second neither writes into it nor deletes it."""
    recovery = written(photo, tmp_path / "kept", (layer(9), layer(80)))
    change(recovery, pid=2**22 + 1)  # no process has it
    (lost,), (same,) = (Recovery(tmp_path / "kept").lost() for _ in range(2))
    own = claimed(lost)
    assert Recovery(tmp_path / "kept").lost() == []  # no third one is offered it
    shutil.rmtree(same.folder, ignore_errors=True)  # as "Forget" does
    with pytest.raises(NigdtError, match="Another window"):
        claimed(same)
    back, caption = restore(own)
    assert (len(back.layers), caption) == (2, "words")
    index = own.folder / "work.json"
    index.write_text(json.dumps({**json.loads(index.read_text()), "pid": 2**22 + 1}))
    assert len(Recovery(tmp_path / "kept").lost()) == 1  # a crash now loses nothing either


@pytest.mark.parametrize("content", [b"", b"\0" * 900, b'{"format": 3, "layers": [', b"[]", b"\xff\xfe"])
def test_work_whose_index_cannot_be_read_is_named(tmp_path: Path, photo: Path, content: bytes):
    """Its layers take room for ever otherwise, and nobody knows of them."""
    recovery = written(photo, tmp_path / "kept", (layer(9),))
    (recovery.folder / "work.json").write_bytes(content)
    (lost,) = Recovery(tmp_path / "kept").lost()
    assert lost.folder == recovery.folder
    assert claimed(lost) == lost  # and not offered once more under another name
    with pytest.raises(OSError, match="is damaged"):
        restore(lost)


def test_work_is_not_offered_again_while_it_is_claimed(
    tmp_path: Path, photo: Path, monkeypatch: pytest.MonkeyPatch
):
    change(written(photo, tmp_path / "kept", (layer(9),)), pid=2**22 + 1)
    (lost,) = Recovery(tmp_path / "kept").lost()
    offered: list[Lost] = []
    rename = Path.rename

    def look(self: Path, target: Path) -> Path:
        offered.extend(Recovery(tmp_path / "kept").lost())
        moved = rename(self, target)
        offered.extend(Recovery(tmp_path / "kept").lost())
        return moved

    monkeypatch.setattr(Path, "rename", look)
    assert claimed(lost).folder != lost.folder
    assert offered == []
