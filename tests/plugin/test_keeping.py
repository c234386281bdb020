"""What outlives the panel beside its history: autosave, saved files, settings, results for a host."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from core_session import Core
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.files import panel_state_path, settings_path
from nigdt_plugin.core.fills import MORE_LIKE_THIS
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.host import Host
from nigdt_plugin.core.keeping import Keeping
from nigdt_plugin.core.layers import Layer
from nigdt_plugin.core.recovery import Lost, Recovery, Snapshot, restore
from nigdt_plugin.core.saving import drawn
from nigdt_plugin.core.selection import Combine, rectangle
from nigdt_plugin.core.settings import Settings
from nigdt_plugin.core.tasks import Tasks
from painting_daemon import DIGEST
from PIL import Image

from nigdt import limits
from nigdt.context import Box, Context
from nigdt.photo import provenance
from nigdt.photo.photo import Photo
from nigdt.photo.provenance import DrawnSelection, read_record
from nigdt.recipe import Recipe, Variant

RNG = np.random.default_rng(3)


def make_document(mode: str = "RGB") -> Document:
    pixels = RNG.integers(0, 256, (40, 60, 3), np.uint8)
    return Document(Photo.from_image(Image.fromarray(pixels).convert(mode)))


def make_layer(left: int = 10, weight: float = 0.6) -> Layer:
    shape = (14, 20)
    return Layer(
        Region(left, 8, left + 20, 22),
        RNG.integers(0, 256, (*shape, 3), np.uint8),
        np.full(shape, weight, np.float32),
        Recipe('a "red" bird & <more>', variant=Variant(7)),
        selection=DrawnSelection.of(Box(left, 8, 20, 14), np.full(shape, 255, np.uint8)),
    )


def test_an_autosave_copies_no_large_mask_on_the_interface_thread(tmp_path: Path):
    document = Document(Photo.from_image(Image.new("RGB", (3000, 2000))))
    document.select(rectangle((0, 0), (2900, 1900)), Combine.REPLACE, "Rectangle")
    later: list[Callable[[], object]] = []
    tasks = Tasks(lambda _done: None)
    tasks.run = lambda work, *_more, **_named: later.append(work)  # type: ignore[method-assign]
    keeping = Keeping(Settings(), tasks, lambda error: pytest.fail(str(error)))
    keeping.recovery = Recovery(tmp_path)
    tracemalloc.start()
    keeping.write(document, "a red bird")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < document.selection.mask.nbytes / 10
    for work in later:
        work()
    with Image.open(next(tmp_path.glob("*/selection.png"))) as written:
        assert np.array_equal(np.asarray(written), document.selection.mask)
    tasks.close()


@pytest.mark.parametrize("caption", ["a red bird", ""], ids=["described", "removed"])
def test_how_a_fill_came_about_stays_with_it_wherever_it_goes(
    user: Path, photo: Path, tmp_path: Path, caption: str
):
    core = Core(Settings(widen=1.5, feather=4.0, match_colours=0.5, strength=0.75))
    core.open(photo)
    core.select(90, 50, 150, 110)
    core.filling.fill(caption, 2, seed=10)
    core.done()
    core.filling.more_like(core.fills[1], 2)
    core.done()
    near = core.fills[1]
    recipe = near.recipe
    assert recipe == Recipe(
        caption,
        bundle="nigdt-small",
        digest=DIGEST,
        variant=Variant(recipe.variant.seed, base=11, spread=MORE_LIKE_THIS),
        widen=1.5,
        feather=4,
        match_colours=0.5,
        strength=0.75,
    )
    core.filling.choose(near)
    core.filling.apply()
    core.done()
    (layer,) = core.document.layers
    assert layer.recipe == recipe

    kept = core.session.history.load(core.session.history.entries()[0].id)
    assert [fill.recipe for fill in kept.fills] == [fill.recipe for fill in core.fills]
    core.session.autosave()
    core.done()
    restored, _ = restore(Lost(core.session.keeping.recovery.folder, "", 0.0, ""))
    assert [it.recipe for it in restored.layers] == [recipe]
    assert restored.layers[0].origins == layer.origins

    core.session.save(tmp_path / "out.png")
    core.done()
    (told,) = read_record((tmp_path / "out.png").read_bytes())
    assert (told.recipe, told.region) == (recipe, layer.region.box)
    # With the photo, what is written down is enough to show the model the same again.
    rgb8 = core.document.photo.rgb8
    selection = told.selection.mask(*core.document.photo.size)
    assert np.array_equal(selection, core.document.selection.mask)
    again = Context.of(rgb8, selection, core.filling.size, told.recipe)
    assert again.mode == ("describe" if caption else "remove")
    assert again.box == core.filling.round.context.box
    for one, other in zip(again.sent, core.filling.round.context.sent, strict=True):
        assert np.array_equal(one, other)
    core.close()

    later = Core()
    later.open(photo)
    later.session.open_round(kept.record)
    later.until(lambda: later.filling.round is not None)
    later.done()
    assert np.array_equal(later.document.selection.mask, selection)
    later.close()


CRASH = """
import sys, time
sys.path.insert(0, {tests!r})
from pathlib import Path
from core_session import Core
core = Core()
core.open(Path({photo!r}))
core.select(90, 50, 150, 110)
core.session.caption = "a red bird"
core.session.autosave()
core.done()
print("selected", flush=True)
sys.stdin.readline()
core.filling.fill("a red bird", 1)
core.done()
core.filling.apply()
core.done()
print("applied", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="ends the process with a signal")
@pytest.mark.parametrize("applied", [False, True])
def test_work_is_found_again_after_a_crash(user: Path, photo: Path, applied: bool):
    program = CRASH.format(tests=str(Path(__file__).parent), photo=str(photo))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", program], **pipes) as process:
        assert process.stdout.readline() == "selected\n"
        if applied:
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == "applied\n"
        process.kill()
    core = Core()
    (lost,) = core.session.keeping.recovery.lost()
    assert (lost.name, lost.caption) == ("photo.png", "a red bird")
    core.session.recover(lost)
    core.until(lambda: core.session.document is not None)
    assert [layer.caption for layer in core.document.layers] == ["a red bird"] * applied
    assert core.document.modified == applied
    assert core.document.selection.bounds == Region(90, 50, 150, 110)
    assert np.array_equal(core.document.rgb, core.document.photo.rgb8) != applied
    core.close()
    assert Recovery().lost() == []


def test_saved_work_is_not_kept_for_a_crash(user: Path, photo: Path, tmp_path: Path):
    core = Core()
    core.open(photo)
    core.select(90, 50, 150, 110)
    core.document.apply(make_layer(), "Fill")
    core.session.autosave()
    core.done()
    assert (core.session.keeping.recovery.folder / "work.json").exists()
    core.session.save(tmp_path / "saved.png")
    core.done()
    core.session.autosave()
    core.done()
    assert not core.session.keeping.recovery.folder.exists()
    core.select(10, 10, 50, 50)
    core.session.autosave()
    core.done()
    assert (core.session.keeping.recovery.folder / "work.json").exists()
    core.close()


def test_a_pasted_photo_is_recovered_too(tmp_path: Path):
    document = make_document("RGBA")
    document.apply(make_layer(), "Fill")
    recovery = Recovery(tmp_path)
    recovery.write(Snapshot(document.photo, None, document.layers, document.selection.mask, "x"))
    header = json.loads((recovery.folder / "work.json").read_text())
    header["pid"] = 2**22 + 1  # no process has it
    (recovery.folder / "work.json").write_text(json.dumps(header))
    (lost,) = Recovery(tmp_path).lost()
    back, caption = restore(lost)
    assert caption == "x"
    assert np.array_equal(back.rgb, document.rgb)


def test_a_merged_layer_tells_of_every_fill_in_it_after_a_crash(tmp_path: Path):
    document = make_document()
    document.apply(make_layer(5), "Fill")
    document.apply(make_layer(30), "Fill")
    before = drawn(document.layers)
    document.set_layers((document.merged(document.layers),))
    recovery = Recovery(tmp_path)
    recovery.write(Snapshot(document.photo, None, document.layers, document.selection.mask, ""))
    back, _ = restore(Lost(recovery.folder, "", 0.0, ""))
    assert len(back.layers) == 1
    assert drawn(back.layers) == drawn(document.layers) == before


def test_a_running_panels_autosave_is_not_offered(tmp_path: Path):
    document = make_document()
    document.apply(make_layer(), "Fill")
    recovery = Recovery(tmp_path)
    recovery.write(Snapshot(document.photo, None, document.layers, document.selection.mask, ""))
    assert Recovery(tmp_path).lost() == []
    recovery.discard()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_provenance_is_in_the_file_and_changes_nothing_else(suffix: str, mode: str):
    if mode == "RGBA" and suffix == ".jpg":
        pytest.skip("JPEG has no alpha")
    layer = make_layer()
    plain = make_document(mode).result().encode(suffix)
    fills = drawn((layer,))
    stamped = provenance.stamped(plain, fills)
    before, after = Image.open(io.BytesIO(plain)), Image.open(io.BytesIO(stamped))
    assert np.array_equal(np.asarray(before), np.asarray(after))
    assert before.mode == after.mode
    # PNG has the selections in a text of its own.
    record = json.dumps(provenance.record(fills, selections=suffix != ".png"), ensure_ascii=False)
    (told,) = json.loads(record)["fills"]
    assert told["region"] == [10, 8, 20, 14]
    assert (told["recipe"]["bundle"], told["recipe"]["caption"], told["recipe"]["seed"]) == (
        "default",
        'a "red" bird & <more>',
        7,
    )
    xmp = after.info.get("xmp") or after.info.get("XML:com.adobe.xmp", "").encode() or after.tag_v2[700]
    assert b"compositeWithTrainedAlgorithmicMedia" in xmp
    packet = xmp.decode() if isinstance(xmp, bytes) else xmp
    description = ElementTree.fromstring(packet[packet.index("<x:xmpmeta") : packet.index("<?xpacket end")])[
        0
    ][0]
    assert description.get("{urn:nigdt:provenance}record") == record
    if suffix == ".png":
        assert json.loads(after.info["nigdt"]) == json.loads(json.dumps(provenance.record(fills)))
    assert read_record(stamped) == fills


def test_provenance_of_a_sixteen_bit_photo_keeps_its_depth():
    deep = RNG.integers(0, 65536, (40, 60), np.uint16)
    photo = Photo.from_image(Image.fromarray(deep))
    stamped = provenance.stamped(photo.encode(".png"), drawn((make_layer(),)))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(stamped))), deep)


def test_saving_over_the_original_keeps_a_copy_of_it(user: Path, photo: Path):
    original = photo.read_bytes()
    core = Core()
    core.open(photo)
    core.document.apply(make_layer(), "Fill")
    assert core.document.modified
    core.session.save(photo)
    core.until(lambda: not core.document.modified)
    assert (photo.parent / "photo.original.png").read_bytes() == original
    assert photo.read_bytes() != original
    core.session.settings.provenance = False
    core.session.save(photo.with_name("plain.png"))
    core.done()
    assert b"nigdt" not in photo.with_name("plain.png").read_bytes()
    assert b"nigdt" in photo.read_bytes()
    core.close()


def test_a_file_that_cannot_be_written_is_reported_and_nothing_is_lost(
    user: Path, photo: Path, tmp_path: Path
):
    core = Core()
    core.open(photo)
    core.document.apply(make_layer(), "Fill")
    core.session.save(tmp_path / "picture.xyz")
    core.until(lambda: bool(core.errors))
    assert core.document.modified
    assert not (tmp_path / "picture.xyz").exists()
    core.close()


def test_a_host_gets_a_layer_that_shows_what_the_user_saw(tmp_path: Path):
    document = make_document()
    document.apply(make_layer(5, 0.8), "Fill")
    document.apply(make_layer(20, 0.5), "Fill")
    Host(tmp_path).applied(document)
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["status"] == "applied"
    assert result["photo_size"] == [60, 40]
    assert len(result["fills"]) == 2
    left, top, width, height = result["box"]
    layer = np.asarray(Image.open(tmp_path / result["layer"])).astype(float)
    assert layer.shape == (height, width, 4)
    photo = document.photo.rgb8.astype(float)
    part = photo[top : top + height, left : left + width]
    share = layer[..., 3:] / 255
    photo[top : top + height, left : left + width] = share * layer[..., :3] + (1 - share) * part
    assert np.abs(np.rint(photo) - document.rgb).max() <= 2


def test_a_host_gets_what_covers_a_transparent_photo(tmp_path: Path):
    rgba = np.random.default_rng(2).integers(0, 256, (40, 60, 4), np.uint8)
    rgba[..., 3] = np.repeat(np.array([0, 130, 255], np.uint8), 20)
    document = Document(Photo.from_image(Image.fromarray(rgba)))
    for left in (5, 20, 35):
        document.apply(make_layer(left, 0.8), "Fill")
    Host(tmp_path).applied(document)
    result = json.loads((tmp_path / "result.json").read_text())
    host = Image.fromarray(rgba)  # Pillow's own "over" stands for the host's
    host.alpha_composite(Image.open(tmp_path / result["layer"]), tuple(result["box"][:2]))
    ours = np.dstack([document.rgb, document.alpha]).astype(int)
    assert np.abs(np.asarray(host) - ours)[document.alpha > 0].max() <= 3
    assert (document.alpha > rgba[..., 3]).any()


def test_layers_that_one_cannot_show_are_not_merged(user: Path, tmp_path: Path):
    rgba = np.full((40, 60, 4), 90, np.uint8)
    Image.fromarray(rgba).save(tmp_path / "clear.png")
    core = Core()
    core.session.wording = lambda failure: (failure.code, "")
    core.open(tmp_path / "clear.png")
    core.document.apply(make_layer(5), "Fill")
    core.document.apply(replace(make_layer(20), recipe=Recipe("red", mode="recolour")), "Fill")
    core.session.layering.merge_visible()
    core.until(lambda: bool(core.errors))
    assert core.errors == ["mixed"]
    assert len(core.document.layers) == 2
    core.close()


def test_a_host_is_told_when_the_user_leaves(tmp_path: Path):
    Host(tmp_path).cancelled()
    assert json.loads((tmp_path / "result.json").read_text())["status"] == "cancelled"


def test_settings_survive_a_restart_and_any_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NIGDT_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("NIGDT_STATE_DIR", str(tmp_path / "state"))
    path = settings_path()
    settings = Settings(theme="light", variants=5, feather=3)
    settings.remember_caption("  a   bird ")
    settings.remember_photo(Path("/a/b.png"))
    settings.save()
    assert {*json.loads(path.read_text())} == {
        *("theme", "language", "model", "variants", "live", "provenance", "keys")
    }
    back = Settings.load()
    assert (back.theme, back.variants, back.feather, back.captions) == ("light", 5, 3.0, ["a bird"])
    panel_state_path().unlink()  # earlier versions kept everything in one file
    path.write_text('{"theme": 5, "variants": 99, "captions": [1], "nonsense": true, "live": false}')
    damaged = Settings.load()
    assert (damaged.theme, damaged.variants, damaged.captions, damaged.live) == (
        "system",
        limits.VARIANTS,
        [],
        False,
    )
    path.write_text('{"feather": NaN, "widen": Infinity, "strength": 7, "match_colours": -1}')
    assert Settings.load().recipe() == Recipe(match_colours=0.0)
    path.write_bytes(os.urandom(50))
    assert Settings.load() == Settings()
