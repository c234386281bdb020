"""Rounds of fills that outlive the panel."""

from __future__ import annotations

import contextlib
import json
import random
from pathlib import Path

import numpy as np
import pytest
from core_session import Core
from nigdt_plugin.core.fills import Candidate, Round
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.history import History
from nigdt_plugin.core.selection import Patch
from nigdt_plugin.ui.language import moment
from PIL import Image

from nigdt.context import Box, Context
from nigdt.recipe import Recipe, Variant

RNG = np.random.default_rng(3)


def make_round(
    caption: str = "a bird", side: int = 48, favourite: bool = False, clear: bool = False
) -> Round:
    height = side * 3 // 4
    context = Context(
        Box(4, 2, side, height),
        RNG.integers(0, 256, (height, side, 3), np.uint8),
        np.where(np.eye(height, side), 255, 0).astype(np.uint8),
        np.tri(height, side, dtype=bool) if clear else None,
        "remove" if clear else "describe",
    )
    fills = [
        Candidate(
            RNG.integers(0, 256, (height, side, 3), np.uint8),
            Recipe(caption, variant=variant),
            favourite=favourite,
        )
        for variant in (Variant(), Variant(5))
    ]
    return Round(context, Patch(6, 3, context.selection[1:9, 2:9]), fills)


@pytest.mark.parametrize("clear", [False, True], ids=["opaque", "clear in part"])
def test_a_round_comes_back_from_disk_as_it_was(tmp_path: Path, clear: bool):
    history = History(tmp_path)
    entry = make_round(clear=clear)
    entry.fills[1].favourite = True
    entry.fills[0].maps = RNG.random((6, 8, 10), np.float32)
    history.save(entry, "/photo.png")
    history.save(entry, "/photo.png")
    (listed,) = History(tmp_path).entries()
    assert (listed.photo, listed.captions, listed.fills, listed.favourite) == (
        "/photo.png",
        ("a bird",),
        2,
        True,
    )
    assert listed.thumbnail.exists()
    back = History(tmp_path).load(listed.id)
    assert back.context.box == entry.context.box
    assert np.array_equal(back.context.crop, entry.context.crop)
    assert np.array_equal(back.context.selection, entry.context.selection)
    assert np.array_equal(back.context.hole, entry.context.hole)
    assert back.context.mode == entry.context.mode
    assert back.selected.region == entry.selected.region
    assert np.array_equal(back.selected.mask, entry.selected.mask)
    for one, two in zip(back.fills, entry.fills, strict=True):
        assert np.array_equal(one.pixels, two.pixels)
        assert (one.id, one.recipe, one.favourite) == (two.id, two.recipe, two.favourite)
    assert np.array_equal(back.fills[0].maps, entry.fills[0].maps)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*.*")} == {0o600}
    assert back.fills[1].maps is None


def test_the_history_keeps_to_its_budget_and_spares_favourites(tmp_path: Path):
    history = History(tmp_path, budget=120_000)
    first = make_round(favourite=True)
    first.created = 1.0
    history.save(first, "")
    for number in range(12):
        entry = make_round(f"bird {number}")
        entry.created = 10.0 + number
        history.save(entry, "")
    kept = [entry.captions[0] for entry in history.entries()]
    assert history.size <= 120_000
    assert "a bird" in kept
    assert "bird 11" in kept
    assert "bird 0" not in kept


def test_a_damaged_entry_hides_only_itself(tmp_path: Path):
    history = History(tmp_path)
    good, bad = make_round("good"), make_round("bad")
    history.save(good, "")
    history.save(bad, "")
    (tmp_path / bad.record / "round.json").write_text("{")
    assert [entry.captions for entry in history.entries()] == [("good",)]
    with pytest.raises(OSError, match="damaged"):
        history.load(bad.record)


def test_an_entry_that_is_gone_is_not_called_damaged(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="gone"):
        History(tmp_path).load("no-such-entry")
    entry = make_round("old")
    History(tmp_path).save(entry, "")
    (tmp_path / entry.record / "round.json").write_text('{"format": 1}')
    with pytest.raises(OSError, match=r"damaged \(it has another format\)"):
        History(tmp_path).load(entry.record)


def test_no_damage_of_an_entry_hides_the_others_or_raises_anything_else(tmp_path: Path):
    history = History(tmp_path)
    good, bad = make_round("good"), make_round("bad")
    history.save(good, "")
    history.save(bad, "")
    folder, draw = tmp_path / bad.record, random.Random(3)
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    header = json.loads(whole["round.json"])
    odd: list[object] = [None, "x", [], {}, -1, 10**400, True, [1], {"id": 1}]
    for number in range(200):
        name = "round.json" if number % 2 else draw.choice(sorted(whole))
        data = bytearray(whole[name])
        for _ in range(draw.randrange(1, 5)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        content = bytes(data[: draw.choice([None, draw.randrange(len(data))])])
        if number % 4 == 1:
            key = draw.choice(sorted(header))
            content = json.dumps(header | {key: draw.choice(odd)}).encode()
        (folder / name).write_bytes(content)
        assert ("good",) in [entry.captions for entry in history.entries()]
        with contextlib.suppress(OSError):
            history.load(bad.record)
        (folder / name).write_bytes(whole[name])


def test_fills_survive_a_restart_of_the_panel(user: Path, photo: Path):
    first = Core()
    first.open(photo)
    first.select(90, 50, 150, 110)
    first.filling.fill("a red bird", 2)
    first.done()
    pixels = first.fills[1].pixels.copy()
    first.close()
    second = Core()
    second.open(photo)
    (entry,) = second.session.history.entries()
    second.session.open_round(entry.id)
    second.until(lambda: second.filling.round is not None)
    second.done()
    assert np.array_equal(second.fills[1].pixels, pixels)
    assert second.document.selection.bounds == Region(90, 50, 150, 110)
    assert second.session.caption == "a red bird"
    second.filling.apply()
    assert len(second.document.layers) == 1
    second.close()


def test_every_job_on_a_region_stays_in_the_history(user: Path, photo: Path):
    core = Core()
    core.open(photo)
    core.select(90, 50, 150, 110)
    core.filling.fill("a red bird", 2)
    core.done()
    core.filling.apply()
    core.filling.fill("a blue bird", 3)
    core.done()
    core.filling.more_like(core.fills[2], 2)
    core.done()
    entries = core.session.history.entries()
    assert [(entry.captions, entry.fills) for entry in reversed(entries)] == [
        (("a red bird",), 2),
        (("a blue bird",), 3),
        (("a blue bird",), 2),
    ]
    core.session.open_round(entries[-1].id)
    core.until(lambda: core.filling.round.record == entries[-1].id)
    core.done()
    core.filling.choose(core.fills[1])
    core.done()
    core.filling.apply()
    assert [layer.caption for layer in core.document.layers] == ["a red bird"], "in the place of the first"
    core.close()


def test_a_round_of_a_larger_photo_is_refused(user: Path, photo: Path, tmp_path: Path):
    core = Core()
    core.open(photo)
    core.select(150, 50, 210, 110)
    core.filling.fill("a red bird", 1)
    core.done()
    with Image.open(photo) as image:
        image.crop((0, 0, 200, 160)).save(tmp_path / "part.png")
    core.open(tmp_path / "part.png")
    (entry,) = core.session.history.entries()
    core.session.open_round(entry.id)
    core.until(lambda: bool(core.errors))
    assert core.filling.round is None
    assert core.document.selection.empty
    core.close()


def test_rounds_keep_their_order_whatever_the_clock_says(tmp_path: Path):
    """A clock says 1970 after its battery ran dry, until the network tells the time."""
    clock = [1.8e9, 3.0, -9e8, 4e9, 1.8e9]
    history = History(tmp_path)
    for number, now in enumerate(clock):
        entry = make_round(f"bird {number}")
        entry.created = now
        History(tmp_path).save(entry, "") if number % 2 else history.save(entry, "")
    history.save(make_round("bird 5"), "")
    entry.favourite = True
    history.save(entry, "")
    names = [one.captions[0] for one in History(tmp_path).entries()]
    assert names == [f"bird {number}" for number in reversed(range(6))]
    trimmed = History(tmp_path, budget=history.size * 2 // 3)
    trimmed.save(make_round("bird 6"), "")
    left = [one.captions[0] for one in trimmed.entries()]
    assert left[:2] == ["bird 6", "bird 5"]
    assert "bird 0" not in left


@pytest.mark.parametrize("created", ["NaN", "1e300", "-Infinity", "9e99", '"x"'])
def test_a_round_of_no_date_is_left_out(tmp_path: Path, created: str):
    history = History(tmp_path)
    good, bad = make_round("good"), make_round("bad")
    for entry in (good, bad):
        history.save(entry, "")
    path = tmp_path / bad.record / "round.json"
    data = json.loads(path.read_text())
    path.write_text(path.read_text().replace(json.dumps(data["created"]), created))
    assert [moment(entry.created) != "" for entry in history.entries()] == [True]
    with pytest.raises(OSError, match="damaged"):
        history.load(bad.record)


def test_a_round_of_a_huge_photo_is_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    entry = make_round("a bird", side=64)
    History(tmp_path).save(entry, "")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)  # in place of a selection of 200 megapixels
    back = History(tmp_path).load(entry.record)
    assert np.array_equal(back.context.crop, entry.context.crop)
