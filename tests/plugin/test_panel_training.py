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
from nigdt_plugin.core import extras, training
from nigdt_plugin.core.training import Verdict
from nigdt_plugin.ui.install import InstallDialog
from nigdt_plugin.ui.train import TrainDialog
from panel import Panel
from PIL import Image
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

from nigdt.bundle.bundle import find_bundle

TRAINER = """
import json, sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
assert sys.argv[1:7] == ["-P", "-m", "nigdt", "train", "photos", {folder!r}], sys.argv
options = sys.argv[7:]
steps = int(options[options.index("--steps") + 1])
assert options[:2] == ["--name", "my-birds"] and "--json-progress" in options, options
run = Path(options[options.index("--runs") + 1]) / "00001-my-birds"
done = Path({folder!r}) / "steps"
assert ("--resume" in options) == run.exists() == done.exists()
run.mkdir(parents=True, exist_ok=True)
(run / "settings.yaml").write_text(json.dumps({{"steps": steps, "data": [{{"path": {folder!r}}}]}}))
start = int(done.read_text()) if done.exists() else 0
print(json.dumps({{"message": "12 photos", "usable": 12, "skipped": 1}}), flush=True)
subject = ["finch", "finches"]
kept = 5 if (Path({folder!r}) / "clear").exists() else 0
found = {{"message": "12 photos show", "subject": subject, "outlines": 5, "cut_outs": kept}}
print(json.dumps(found), flush=True)
words = [f"word{{number}}" for number in range(10)]
print(json.dumps({{"message": "10 new words", "new_words": words}}), flush=True)
for step in range(start + 1, steps + 1):
    line = {{"step": step, "steps": steps, "loss": 1 / step, "eta_s": 40.0, "sheet": {sheet!r}}}
    line |= {{"part": 1 if step < steps else 2, "parts": 2}}
    print(json.dumps(line), flush=True)
    print(json.dumps({{"message": "texture", "nearer": min(step - 2, 1) / 100}}), flush=True)
    done.with_suffix(".new").write_text(str(step))
    done.with_suffix(".new").replace(done)
    time.sleep(0.03)
certain = not (Path({folder!r}) / "no-gain").exists()
small = (Path({folder!r}) / "small-gain").exists()
line = {{"message": "", "before": {{"texture": 0.4}}, "after": {{"texture": 0.39 if small else 0.3}}}}
line |= {{"better": 9, "photos": 12, "certain": certain}}
print(json.dumps(line), flush=True)
if not certain and not kept:
    sys.exit("nigdt: no gain")
(run / "last.safetensors").write_bytes(bytes(2_000_000))
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
@pytest.mark.parametrize("keep", [True, False])
def test_training_shows_progress_stops_goes_on_and_asks_whether_the_model_is_kept(
    panel: Panel, photo: Path, user: Path, monkeypatch: pytest.MonkeyPatch, keep: bool
):
    folder = stand_in(user, photo, monkeypatch)
    dialog = dialog_of(panel)
    dialog.folder.setText(str(folder))
    assert dialog.name.text() == "my-birds"
    dialog.steps.setValue(40)
    dialog.start_button.click()
    panel.until(lambda: dialog.bar.value() >= 3, 90)
    assert not dialog.sheet.pixmap().isNull()
    assert not dialog.name.isEnabled()
    assert "Trying out" in dialog.state.text()
    assert "1 min to go" in dialog.state.text()
    told = dialog.detail.text()
    assert told.startswith(
        "12 photo(s) to learn from. 1 cannot be used. It learns the shape of what they show: "
    )
    assert "show: finch, finches. New words: word0, word1," in told
    assert "word7 and 2 more." in told
    panel.until(lambda: "fills are 1 % nearer" in dialog.detail.text())
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
    assert dialog.steps.value() == 40  # those it began with
    dialog.start_button.click()
    panel.until(lambda: not dialog.running, 90)
    assert dialog.state.text().startswith("Better on 9 of 12")
    assert "25 % nearer" in dialog.detail.text()
    monkeypatch.delenv("NIGDT_PYTHON")
    assert panel.session.settings.model == "default"
    assert not dialog.start_button.isEnabled()  # the name is taken now
    assert dialog.focusWidget() is dialog.verdict.keep_button  # Return keeps what is clearly better
    assert dialog.verdict.keep_button.property("primary")
    panel.until(lambda: dialog.verdict.used.text() == "Checkpoints of the training take 2 MB of disk space.")
    dialog.verdict.free_button.click()
    panel.until(lambda: "freed" in dialog.verdict.used.text())
    assert training.leftovers("my-birds") == []
    if keep:
        dialog.verdict.keep_button.click()
        assert panel.session.settings.model == "my-birds"
    else:
        dialog.verdict.drop_button.click()
        panel.until(lambda: "deleted" in dialog.state.text())
        assert not (user / "data" / "bundles" / "my-birds").exists()
        assert dialog.start_button.isEnabled()
    assert dialog.verdict.question.isHidden()
    dialog.close()


@pytest.mark.skipif(sys.platform == "win32", reason="stands in for Python with a script")
def test_a_training_without_gain_says_so_and_is_no_error(
    panel: Panel, photo: Path, user: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = stand_in(user, photo, monkeypatch)
    (folder / "no-gain").touch()
    dialog = dialog_of(panel)
    dialog.folder.setText(str(folder))
    dialog.steps.setValue(3)
    told: list[str] = []
    dialog._tell = lambda progress, tell=dialog._tell: (tell(progress), told.append(dialog.detail.text()))
    dialog.start_button.click()
    panel.until(lambda: not dialog.running, 90)
    assert any("not nearer to the photo yet" in text for text in told)
    assert dialog.state.text().startswith("Better on 9 of 12")
    assert "nothing was saved" in dialog.detail.text()
    assert dialog.verdict.question.isHidden()
    dialog.close()


@pytest.mark.skipif(sys.platform == "win32", reason="stands in for Python with a script")
def test_a_small_gain_suggests_neither_to_keep_the_model_nor_to_delete_it(
    panel: Panel, photo: Path, user: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = stand_in(user, photo, monkeypatch)
    (folder / "small-gain").touch()
    dialog = dialog_of(panel)
    dialog.folder.setText(str(folder))
    dialog.steps.setValue(3)
    dialog.start_button.click()
    panel.until(lambda: not dialog.running, 90)
    assert dialog.verdict.question.isVisible()
    assert "gain is small" in dialog.verdict.words.text()
    assert not dialog.verdict.keep_button.property("primary")
    assert not dialog.verdict.keep_button.isDefault(), "Return in a field must not keep it"
    assert dialog.focusWidget() is dialog.close_button
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    panel.settle()
    assert panel.session.settings.model == "default"
    assert (user / "data" / "bundles" / "my-birds").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="stands in for Python with a script")
def test_what_the_photos_show_clearly_is_kept_and_told_even_without_a_gain(
    panel: Panel, photo: Path, user: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = stand_in(user, photo, monkeypatch)
    for name in ("no-gain", "clear"):
        (folder / name).touch()
    dialog = dialog_of(panel)
    dialog.folder.setText(str(folder))
    dialog.steps.setValue(20)
    dialog.start_button.click()
    panel.until(lambda: "whoever gets it sees these" in dialog.detail.text(), 90)
    assert "It keeps 5 piece" in dialog.detail.text()
    panel.until(lambda: not dialog.running, 90)
    assert "it can show what your photos show clearly" in dialog.detail.text()
    assert "nothing was saved" not in dialog.detail.text()
    monkeypatch.delenv("NIGDT_PYTHON")
    assert dialog.verdict.keep_button.isVisible()


def test_a_gain_is_clear_where_it_is_certain_common_and_large():
    assert Verdict(better=9, photos=12, certain=True, nearer=0.25).clear
    assert not Verdict(better=8, photos=12, certain=True, nearer=0.25).clear
    assert not Verdict(better=12, photos=12, certain=True, nearer=0.05).clear
    assert not Verdict(better=12, photos=12, certain=False, nearer=0.25).clear


def test_a_missing_extra_is_offered_and_installed(
    panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setitem(extras._BROUGHT, "training", ("brought_by_the_installer",))
    script = tmp_path / "installer.py"
    step = "Install the system libraries that windows need: nothing to do (all of them are there)"
    script.write_text(
        f"import time; print('==> {step}', flush=True); time.sleep(3)\n"
        "print('ERROR: no network'); raise SystemExit(1)"
    )
    monkeypatch.setattr(extras, "install_command", lambda _extra: [sys.executable, str(script)])
    panel.window.train()
    notice = panel.window.notice
    assert "not installed" in notice.message.text()
    notice._choices.itemAt(0).widget().click()
    dialog = panel.window.findChild(InstallDialog)
    panel.until(lambda: dialog.state.text() == step)
    assert dialog.detail.text() == "", "what stands above already"
    assert dialog.state.height() >= dialog.state.heightForWidth(dialog.state.width()), "nothing is cut off"
    panel.until(lambda: "could not" in dialog.state.text())
    assert "no network" in dialog.detail.text()
    dialog.close()
    panel.settle()
    script.write_text(f"open({str(folder / 'brought_by_the_installer.py')!r}, 'w')")
    panel.window.train()
    notice._choices.itemAt(0).widget().click()
    panel.until(lambda: panel.window.findChild(TrainDialog) is not None)
    panel.window.findChild(TrainDialog).close()


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


def test_what_goes_wrong_is_said(panel: Panel, user: Path, monkeypatch: pytest.MonkeyPatch):
    folder = user / "few"
    folder.mkdir()
    dialog = dialog_of(panel)
    dialog.folder.setText(str(folder))
    dialog.name.setText("nigdt-small")
    assert not dialog.start_button.isEnabled()
    assert "already" in dialog.detail.text()
    dialog.name.setText("../up")
    assert not dialog.start_button.isEnabled()
    assert "letters" in dialog.detail.text()
    for none in (str(folder / "none"), "~nobody-of-this-name/photos"):
        dialog.folder.setText(none)
        assert "no such folder" in dialog.detail.text()
    monkeypatch.setenv("HOME", str(user))
    monkeypatch.setenv("USERPROFILE", str(user))
    dialog.name.setText("mine")
    dialog.folder.setText("~/few")
    assert dialog.start_button.isEnabled()
    dialog.folder.setText(str(folder))
    dialog.name.setText("few")
    assert dialog.detail.text() == ""
    dialog.start_button.click()
    panel.until(lambda: not dialog.running, 300)  # a process that loads PyTorch first
    assert dialog.state.text() == "The training could not go on."
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
    panel.until(lambda: dialog.bar.value() >= 1, 480)
    assert "to go" in dialog.state.text()
    dialog.start_button.click()
    panel.until(lambda: not dialog.running, 60)
    assert "can go on" in dialog.state.text()
    assert find_bundle("nigdt-small").size_px == 64
    assert not (bundles / "discs").exists()
    assert list((training.runs_folder() / "00001-discs").rglob("last.safetensors"))

    dialog.start_button.click()
    panel.until(lambda: not dialog.running, 480)
    assert dialog.state.text().startswith("Better on"), (dialog.state.text(), dialog.detail.text())
    assert "nearer" in dialog.detail.text()
    assert not dialog.sheet.pixmap().isNull()
    (run,) = training.runs_folder().iterdir()
    lines = [json.loads(line) for line in (run / "whole" / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if line["stage"] == "inpaint"] == [30]
    picture_of("train-done", dialog)
    dialog.verdict.keep_button.click()
    dialog.close()

    assert panel.session.settings.model == "discs"
    assert "disc" in find_bundle("discs").vocabulary()
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a red disc", 2)
    fills = panel.session.filling.round.fills
    assert [fill.model for fill in fills] == ["discs", "discs"]
    assert panel.errors == []
