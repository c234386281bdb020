"""What the disk refuses, while a run goes on, is one clear line, and nothing good is lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from lightning_fabric import Fabric
from nigdt_training import pools
from nigdt_training.inpaint.session import Places, export_run, run_stages
from nigdt_training.pools import open_pools
from nigdt_training.run import Run
from nigdt_training.settings import settings_from
from PIL import Image

from nigdt.errors import NigdtError


@contextmanager
def disk_with(room: int) -> Iterator[None]:
    """No file can grow beyond ``room`` bytes: the operating system refuses, as it does on a full disk."""
    resource = pytest.importorskip("resource")  # which Windows lacks
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def places(photo_folder, tmp_path) -> Places:
    return Places(photo_folder.parent, tmp_path / "runs", tmp_path / "caches")


def go(run: Run, places: Places) -> None:
    try:
        run_stages(run, places, Fabric(accelerator="cpu", devices=1), lambda *_, **__: None)
    finally:
        run.close()


def test_a_disk_too_full_for_the_photo_cache(places, tiny_settings) -> None:
    settings = settings_from(tiny_settings)
    with disk_with(100_000), pytest.raises(NigdtError, match="cache cannot be written") as caught:
        open_pools(settings, places.data, places.caches)
    assert "\n" not in str(caught.value)
    assert list(places.caches.iterdir()) == [], "nothing half-built stays"
    open_pools(settings, places.data, places.caches)


def test_photos_are_looked_over_once_until_they_change(places, tiny_settings, tmp_path, monkeypatch) -> None:
    data = tmp_path / "data"
    shutil.copytree(places.data, data)
    settings = settings_from(tiny_settings)
    first, _ = open_pools(settings, data, places.caches)
    looked = []
    real = pools.check_data_set
    monkeypatch.setattr(pools, "check_data_set", lambda *all, **more: looked.append(1) or real(*all, **more))
    again, _ = open_pools(settings, data, places.caches)
    assert not looked
    assert [again[0].cache.name(int(i)) for i in again[0].photos] == [
        first[0].cache.name(int(i)) for i in first[0].photos
    ]
    index = data / "photos" / "metadata.jsonl"
    index.write_text(index.read_text().replace("red bird", "crimson bird"), encoding="utf-8")
    changed, _ = open_pools(settings, data, places.caches)
    assert looked == [1]
    captions = [text for i in range(len(changed[0].cache)) for text in changed[0].cache.captions(i)]
    assert any("crimson" in text for text in captions)


def test_a_disk_that_fills_up_while_training_keeps_what_was_saved(
    places, photo_caches, tiny_settings
) -> None:
    places = replace(places, caches=photo_caches)
    run = Run.create(places.runs, "x", settings_from({**tiny_settings, "steps": 2, "validate_every": 2}))
    go(run, places)
    kept = {path.name: path.read_bytes() for path in run.folder.glob("*.safetensors")}
    assert {"last.safetensors", "best.safetensors"} <= kept.keys()
    text = (run.folder / "settings.yaml").read_text().replace("steps: 2\n", "steps: 4\n", 1)
    (run.folder / "settings.yaml").write_text(text)
    with disk_with(20_000), pytest.raises(NigdtError, match="Cannot write the checkpoint") as caught:
        go(Run.open(run.folder), places)
    assert "--resume" in caught.value.hint
    assert {path.name: path.read_bytes() for path in run.folder.glob("*.safetensors")} == kept
    assert [path.name for path in run.folder.iterdir() if path.name.startswith(".")] == []
    go(Run.open(run.folder), places)
    assert Run.open(run.folder).logged()[-1]["step"] == 4


def test_a_place_for_the_cache_that_is_none(places, tiny_settings) -> None:
    settings = settings_from(tiny_settings)
    open_pools(settings, places.data, places.caches)
    (cache,) = places.caches.iterdir()
    (cache / "index.json").write_text("{torn")
    open_pools(settings, places.data, places.caches)  # rebuilt
    assert json.loads((cache / "index.json").read_text())["photos"]
    moved = cache.with_name("moved")
    cache.rename(moved)
    cache.write_text("a file where the folder should be")
    with pytest.raises(NigdtError, match=r"cache cannot be written .*Not a directory") as caught:
        open_pools(settings, places.data, places.caches)
    assert "\n" not in str(caught.value)


def test_a_disk_too_full_for_the_exported_bundle_keeps_the_old_one(
    places, photo_caches, tiny_settings
) -> None:
    places = replace(places, caches=photo_caches)
    run = Run.create(places.runs, "x", settings_from({**tiny_settings, "steps": 1}))
    go(run, places)
    folder = places.runs / "model"
    export_run(run, folder, title="old")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with disk_with(20_000), pytest.raises(NigdtError, match="Cannot write bundle") as caught:
        export_run(run, folder, title="new")
    assert "\n" not in str(caught.value)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert {path.name for path in places.runs.iterdir()} == {run.folder.name, "model"}


def test_a_line_torn_by_a_power_cut_and_steps_logged_twice(tmp_path: Path) -> None:
    run = Run.create(tmp_path, "x", settings_from({"data": [{"path": "p"}]}))
    run.log(1, "inpaint", l1=3.0)
    with run.metrics.open("a") as file:
        file.write('{"stage": "inpaint", "st')
    run.log(2, "inpaint", l1=2.0)
    run.log(1, "inpaint", l1=2.5)
    run.close()
    assert [(line["step"], line["l1"]) for line in run.logged()] == [(1, 2.5), (2, 2.0)]


def test_metrics_that_cannot_be_written_are_one_line(tmp_path: Path) -> None:
    run = Run.create(tmp_path, "x", settings_from({"data": [{"path": "p"}]}))
    run.metrics.mkdir()
    with pytest.raises(NigdtError, match=r"Cannot write .*metrics\.jsonl: Is a directory"):
        run.log(1, "inpaint", l1=3.0)
    run.close()


def test_a_damaged_log_and_a_damaged_origin_are_no_crash(tmp_path: Path) -> None:
    run = Run.create(tmp_path, "torn", settings_from({"data": [{"path": "p"}]}))
    line = b'{"stage": "train", "step": 1}\n'
    run.metrics.write_bytes(b"[1]\n7\n{}\n" + b"[" * 100_000 + b"\n\xff\xfe\0\0\n" + line)
    assert [row["step"] for row in run.logged()] == [1]
    (run.folder / "origin.yaml").write_bytes(b"\0\0")
    with pytest.raises(NigdtError, match="origin"):
        run.origin()


def test_a_run_that_was_copied_without_its_empty_folders_keeps_its_sheets(places, tiny_settings) -> None:
    """Archives and `git` leave empty folders out; hours later the first sheet would have had no place."""
    run = Run.within(places.runs / "copied", settings_from(tiny_settings))
    (run.folder / "sheets").rmdir()
    path = run.save_sheet(3, Image.new("RGB", (8, 8)))
    run.close()
    assert path.is_file()
    assert any((run.folder / "events").iterdir())
