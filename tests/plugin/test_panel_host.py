"""The window opened by another program: what it hands over, and what it does when nobody waits any more."""

from __future__ import annotations

import json
import os
import shutil
import threading
from pathlib import Path

import pytest
from nigdt_plugin.ui.hosted import when_host_goes
from panel import Panel
from PIL import Image
from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QFileDialog, QMessageBox, QPushButton


def test_a_host_gets_its_layer(user: Path, photo: Path, tmp_path: Path):
    folder = tmp_path / "host"
    folder.mkdir()
    panel = Panel(host=folder)
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    assert panel.window.options.hand_over.isVisible()
    panel.fill("a blue bird", 2)
    panel.window.hand_over()
    panel.until(lambda: not panel.window.isVisible())
    result = json.loads((folder / "result.json").read_text())
    assert result["status"] == "applied"
    assert result["fills"][0]["recipe"]["caption"] == "a blue bird"
    with Image.open(folder / "layer.png") as layer:
        assert list(layer.size) == result["box"][2:]
    panel.close()
    left = Panel(host=folder)
    left.open(photo)
    left.close()
    assert json.loads((folder / "result.json").read_text())["status"] == "cancelled"


@pytest.mark.parametrize("answer", ["Yes", "Discard", "Cancel"])
@pytest.mark.parametrize("applied", [True, False])
def test_closing_a_hosts_window_asks_before_fills_are_lost(
    answer: str, applied: bool, user: Path, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    panel = Panel(host=tmp_path)
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a blue bird", 1)
    if applied:
        panel.apply()
    chosen = QMessageBox.StandardButton[answer]
    monkeypatch.setattr(panel.window, "ask_about_handing_over", lambda: chosen)
    panel.window.close()
    panel.until(lambda: answer == "Cancel" or not panel.window.isVisible())
    if answer == "Cancel":
        panel.idle()
        assert panel.window.isVisible()
        assert not (tmp_path / "result.json").exists()
        monkeypatch.setattr(
            panel.window, "ask_about_handing_over", lambda: QMessageBox.StandardButton.Discard
        )
        panel.window.close()
        panel.until(lambda: not panel.window.isVisible())
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["status"] == ("applied" if answer == "Yes" else "cancelled")


def test_the_question_before_leaving_a_host(user: Path, photo: Path, tmp_path: Path):
    panel = Panel(host=tmp_path)
    shown = {}

    def look() -> None:
        box = panel.app.activeModalWidget()
        assert isinstance(box, QMessageBox)
        shown["buttons"] = [button.text().replace("&", "") for button in box.buttons()]
        box.button(QMessageBox.StandardButton.Cancel).click()

    QTimer.singleShot(100, look)
    assert panel.window.ask_about_handing_over() == QMessageBox.StandardButton.Cancel
    assert sorted(shown["buttons"]) == ["Cancel", "Discard", "Hand over"]
    panel.close()


@pytest.mark.parametrize("worked", [True, False])
def test_a_host_that_has_gone_leaves_the_work(
    worked: bool, user: Path, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "host"
    (folder / "photo").mkdir(parents=True)
    opened = folder / "photo" / "garden.png"
    shutil.copy(photo, opened)
    panel = Panel(host=folder)
    panel.open(opened)
    assert panel.window.windowTitle().startswith("garden.png")
    assert str(opened) not in panel.session.settings.recent
    panel.select(90, 50, 150, 110)
    if worked:
        panel.fill("a blue bird", 1)
    panel.window.host_gone()
    assert not panel.window.options.hand_over.isVisible()
    assert "no longer waits" in panel.window.notice.message.text()
    asked = []
    monkeypatch.setattr(
        QFileDialog,
        "getSaveFileName",
        lambda *arguments: asked.append(arguments) or (str(tmp_path / "kept.png"), ""),
    )
    if worked:
        save = next(b for b in panel.window.notice.findChildren(QPushButton) if b.text() == "Save")
        save.click()
        panel.until(lambda: (tmp_path / "kept.png").exists() and not panel.session.document.modified)
        suggested = Path(asked[0][2])
        assert suggested.name == "garden-filled.png"
        assert folder not in suggested.parents
    panel.close()
    assert not folder.exists()


def test_a_broken_pipe_tells_that_the_host_has_gone(tmp_path: Path):
    ours, hosts = os.pipe()
    gone = threading.Event()
    when_host_goes(gone.set, ours)
    assert not gone.wait(0.2)
    os.close(hosts)
    assert gone.wait(5)
    os.close(ours)
    with Path(os.devnull).open() as nothing:
        when_host_goes(gone.clear, nothing.fileno())
    assert gone.is_set()
