"""Training on one's own photos from the panel: with a stand-in for the command, and with the real one."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from nigdt_backend.client import Client
from nigdt_plugin.core import training
from nigdt_plugin.ui.train import TrainDialog
from panel import Panel
from PIL import Image
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

from nigdt.bundle.bundle import find_bundle


@pytest.fixture
def panel(user: Path) -> Iterator[Panel]:
    panel = Panel()
    yield panel
    panel.close()


TRAINER = """
import json, sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
assert sys.argv[1:6] == ["-m", "nigdt", "train", "photos", {folder!r}], sys.argv
options = sys.argv[6:]
steps = int(options[options.index("--steps") + 1])
assert options[:2] == ["--name", "my-birds"] and "--json-progress" in options, options
run = Path(options[options.index("--runs") + 1]) / "00001-my-birds"
done = Path({folder!r}) / "steps"
assert ("--resume" in options) == run.exists() == done.exists()
run.mkdir(parents=True, exist_ok=True)
(run / "settings.yaml").write_text(json.dumps({{"steps": steps, "data": [{{"path": {folder!r}}}]}}))
start = int(done.read_text()) if done.exists() else 0
print(json.dumps({{"message": "12 photos"}}), flush=True)
for step in range(start + 1, steps + 1):
    line = {{"step": step, "steps": steps, "loss": 1 / step, "eta_s": 40.0, "sheet": {sheet!r}}}
    print(json.dumps(line), flush=True)
    done.with_suffix(".new").write_text(str(step))
    done.with_suffix(".new").replace(done)
    time.sleep(0.03)
line = {{"message": "", "before": {{"psnr": 20.0}}, "after": {{"psnr": 21.5}}}}
print(json.dumps(line), flush=True)
from panel_daemon import write_bundle
write_bundle(Path({data!r}) / "bundles" / "my-birds", "My birds")
"""


def stand_in(user: Path, photo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of photos, and a command in place of ``nigdt train photos`` that only counts."""
    folder = user / "my birds"
    folder.mkdir()
    script = user / "python"
    tests = str(Path(__file__).parent)
    text = TRAINER.format(tests=tests, folder=str(folder), sheet=str(photo), data=str(user / "data"))
    script.write_text(f"#!{sys.executable}\n{text}")
    script.chmod(0o755)
    monkeypatch.setenv("NIGDT_PYTHON", str(script))
    return folder


def dialog_of(panel: Panel) -> TrainDialog:
    panel.window.train()
    return panel.window.findChild(TrainDialog)


@pytest.mark.skipif(sys.platform == "win32", reason="stands in for Python with a script")
def test_training_shows_progress_stops_goes_on_and_ends_with_the_model_chosen(
    panel: Panel, photo: Path, user: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = stand_in(user, photo, monkeypatch)
    dialog = dialog_of(panel)
    dialog.folder.setText(str(folder))
    assert dialog.name.text() == "my-birds"
    dialog.steps.setValue(40)
    dialog.start_button.click()
    panel.until(lambda: dialog.bar.value() >= 3, 30)
    assert not dialog.sheet.pixmap().isNull()
    assert not dialog.name.isEnabled()
    dialog.start_button.click()
    panel.until(lambda: not dialog.running)
    assert "can go on" in dialog.state.text()
    assert dialog.start_button.text() == "Go on"
    stopped = int((folder / "steps").read_text())
    assert stopped < 40
    dialog.steps.setValue(7)
    dialog.name.setText("other")
    assert dialog.start_button.text() == "Start"
    assert dialog.steps.isEnabled()
    dialog.name.setText("my-birds")
    assert not dialog.steps.isEnabled()
    assert dialog.steps.value() == 40
    dialog.start_button.click()
    panel.until(lambda: not dialog.running, 30)
    assert dialog.state.text().startswith("Done")
    assert "20.0 dB before, 21.5 dB after" in dialog.detail.text()
    monkeypatch.delenv("NIGDT_PYTHON")
    assert panel.session.settings.model == "my-birds"
    assert not dialog.start_button.isEnabled()  # the name is taken now
    dialog.close()


@pytest.mark.skipif(sys.platform == "win32", reason="stands in for Python with a script")
@pytest.mark.parametrize("way", ["Escape", "close", "quit"])
def test_a_training_ends_with_its_window(user: Path, photo: Path, monkeypatch: pytest.MonkeyPatch, way: str):
    folder = stand_in(user, photo, monkeypatch)
    panel = Panel()
    dialog = dialog_of(panel)
    dialog.folder.setText(str(folder))
    dialog.steps.setValue(100_000)
    dialog.start_button.click()
    panel.until(lambda: dialog.bar.value() >= 2, 30)
    process = dialog.process
    assert process is not None
    gone: list[int] = []
    process.finished.connect(lambda code, _status: gone.append(code))
    if way == "Escape":
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    elif way == "close":
        dialog.close()
    else:
        panel.close()
    if way != "quit":
        assert not dialog.isVisible()
        panel.until(lambda: panel.window.findChild(TrainDialog) is None)
        panel.close()
    assert len(gone) == 1


def test_what_goes_wrong_is_said(panel: Panel, user: Path):
    folder = user / "few"
    folder.mkdir()
    dialog = dialog_of(panel)
    dialog.folder.setText(str(folder))
    dialog.name.setText("nigdt-small")
    assert not dialog.start_button.isEnabled()
    assert "already" in dialog.detail.text()
    dialog.name.setText("../up")
    assert not dialog.start_button.isEnabled()
    dialog.name.setText("few")
    assert dialog.detail.text() == ""
    dialog.start_button.click()
    panel.until(lambda: not dialog.running, 120)
    assert dialog.state.text() == "The training ended with error 1."
    assert "few" in dialog.detail.text()
    assert not dialog.detail.text().startswith("nigdt:")
    dialog.close()


def test_going_on_needs_the_same_name_and_folder(user: Path):
    runs = training.runs_folder()
    folder = user / "birds"
    for number, (name, where) in enumerate([("birds", folder), ("my-birds", user), ("garden", user)], 1):
        run = runs / f"{number:05d}-{name}"
        run.mkdir(parents=True)
        (run / "settings.yaml").write_text(f"steps: {number * 100}\ndata:\n- path: {where}\n")
    assert training.interrupted(folder, "birds") == 100
    assert training.interrupted(folder, "garden") is None
    assert training.interrupted(folder, "none") is None
    going_on = training.command(folder, "birds", "tiny", 7)
    assert going_on[-3:] == ["--steps", "100", "--resume"]
    assert training.command(folder, "garden", "tiny", 7)[-2:] == ["--steps", "7"]
    (runs / "00001-birds" / "settings.yaml").write_text("{")
    assert training.interrupted(folder, "birds") is None


def captioned_photos(folder: Path, count: int = 12) -> None:
    """Coloured discs on noise, each with what it shows in a text file beside it."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    colours = {"red": (200, 30, 30), "blue": (30, 50, 190)}
    for number in range(count):
        name = list(colours)[number % 2]
        pixels = rng.integers(90, 150, (96, 96, 3), dtype=np.uint8)
        y, x = rng.integers(35, 60, 2)
        pixels[(np.arange(96)[:, None] - y) ** 2 + (np.arange(96) - x) ** 2 < 22**2] = colours[name]
        Image.fromarray(pixels).save(folder / f"{number:02d}.png")
        (folder / f"{number:02d}.txt").write_text(f"a {name} disc\n")


@pytest.fixture
def real_panel(lonely_user: Path) -> Iterator[Panel]:
    panel = Panel(connect_=Client.connect)
    yield panel
    panel.close()


@pytest.mark.slow
def test_the_real_training_stops_goes_on_and_gives_a_model_that_fills(
    real_panel: Panel,
    lonely_user: Path,
    tiny_bundle: Path,
    photo: Path,
    monkeypatch: pytest.MonkeyPatch,
    picture_of: Callable[..., None],
):
    monkeypatch.setenv("NIGDT_CACHE_DIR", str(lonely_user / "cache"))
    bundles = lonely_user / "data" / "bundles"
    shutil.rmtree(bundles / "nigdt-small")
    shutil.copytree(tiny_bundle, bundles / "nigdt-small")
    captioned_photos(lonely_user / "Discs")
    panel = real_panel
    dialog = dialog_of(panel)
    dialog.folder.setText(str(lonely_user / "Discs"))
    assert dialog.name.text() == "discs"
    dialog.steps.setValue(30)
    dialog.start_button.click()
    panel.until(lambda: dialog.bar.value() >= 1, 240)
    assert "of 30" in dialog.state.text()
    dialog.start_button.click()
    panel.until(lambda: not dialog.running, 60)
    assert "can go on" in dialog.state.text()
    assert find_bundle("nigdt-small").size_px == 64
    assert not (bundles / "discs").exists()
    assert (training.runs_folder() / "00001-discs" / "last.safetensors").is_file()

    dialog.start_button.click()
    panel.until(lambda: not dialog.running, 240)
    assert dialog.state.text().startswith("Done"), (dialog.state.text(), dialog.detail.text())
    assert "dB before" in dialog.detail.text()
    assert not dialog.sheet.pixmap().isNull()
    (run,) = training.runs_folder().iterdir()
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if line["stage"] == "inpaint"] == [30]
    picture_of("train-done", dialog)
    dialog.close()

    assert panel.session.settings.model == "discs"
    assert "disc" in find_bundle("discs").vocabulary()
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a red disc", 2)
    fills = panel.session.filling.round.fills
    assert [fill.model for fill in fills] == ["discs", "discs"]
    assert panel.errors == []
