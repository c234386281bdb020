"""Files and the window: opened, dropped, pasted, refused, closed, and what diagnostics tell of them."""

from __future__ import annotations

import gc
import shutil
import weakref
from pathlib import Path

import numpy as np
import pytest
from nigdt_plugin.core.files import told_apart
from nigdt_plugin.core.settings import Settings
from nigdt_plugin.ui.files import pillow_of
from panel import Panel
from PIL import Image
from PyQt6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt6.QtGui import QColor, QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QMessageBox, QPushButton


def test_a_project_opens_as_it_was_without_a_new_fill(panel: Panel, photo: Path, tmp_path: Path):
    panel.session.settings.live = True
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a red bird", 1)
    panel.apply()
    seen = panel.session.document.rgb.copy()
    panel.session.save(tmp_path / "work.ora")
    panel.until(lambda: panel.session.save_path == tmp_path / "work.ora")
    panel.session.filling.put_away()
    before = panel.session.document
    panel.window.open_path(tmp_path / "work.ora")
    panel.until(lambda: panel.session.document is not before)
    QTest.qWait(300)  # longer than typing has to rest for a live fill
    panel.settle()
    assert panel.window.windowTitle().startswith("work.ora")
    assert panel.window.side.describe.caption.caption == "a red bird"
    assert not panel.session.filling.jobs
    assert np.array_equal(panel.session.display.pyramid.levels[0], seen)


def test_a_project_opens_without_a_new_fill_where_nothing_was_written_before(
    panel: Panel, photo: Path, tmp_path: Path
):
    panel.session.settings.live = True
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a red bird", 1)
    panel.apply()
    panel.session.save(tmp_path / "work.ora")
    panel.until(lambda: panel.session.save_path == tmp_path / "work.ora")
    panel.session.filling.put_away()
    panel.window.side.describe.caption.caption = ""  # as in a panel that was just started
    before = panel.session.document
    panel.window.open_path(tmp_path / "work.ora")
    panel.until(lambda: panel.session.document is not before)
    QTest.qWait(300)
    panel.settle()
    assert panel.window.side.describe.caption.caption == "a red bird"
    assert not panel.session.filling.jobs
    assert not panel.session.filling.unapplied


def test_paste_and_drop(panel: Panel, photo: Path):
    image = QImage(50, 30, QImage.Format.Format_RGB888)
    image.fill(Qt.GlobalColor.red)
    QGuiApplication.clipboard().setImage(image)
    panel.window.paste()
    panel.until(lambda: panel.session.document is not None)
    assert (panel.session.document.width, panel.session.document.height) == (50, 30)
    assert tuple(panel.session.document.rgb[5, 5]) == (255, 0, 0)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(photo))])
    panel.window.take(data)
    panel.until(lambda: panel.session.document.path == photo)
    assert panel.session.settings.recent[0] == str(photo)
    QGuiApplication.clipboard().clear()


def test_a_photo_is_dropped_on_the_welcome_and_on_another_photo(panel: Panel, photo: Path, tmp_path: Path):
    other = tmp_path / "other.png"
    Image.new("RGB", (30, 20)).save(other)
    for target, path in ((panel.window.welcome, photo), (panel.window.canvas, other)):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        left, no = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        enter = QDragEnterEvent(QPoint(30, 30), Qt.DropAction.CopyAction, data, left, no)
        QApplication.sendEvent(target, enter)
        assert enter.isAccepted()
        QApplication.sendEvent(target, QDropEvent(QPointF(30, 30), enter.dropAction(), data, left, no))
        panel.until(
            lambda path=path: panel.session.document is not None and panel.session.document.path == path
        )
    recent = next(it for it in panel.window.menuBar().actions()[0].menu().actions() if it.menu() is not None)
    recent.menu().aboutToShow.emit()
    assert [action.text() for action in recent.menu().actions()] == ["other.png", "photo.png"]
    recent.menu().actions()[1].trigger()
    panel.until(lambda: panel.session.document.path == photo)


def test_a_file_that_is_no_picture_is_refused_politely(panel: Panel, photo: Path, tmp_path: Path):
    panel.open(photo)
    (tmp_path / "text.png").write_text("no picture")
    panel.window.open_path(tmp_path / "text.png")
    panel.until(lambda: bool(panel.errors))
    assert "text.png" in panel.errors[0]
    assert panel.window.notice.isVisible()
    assert panel.session.document.path == photo


@pytest.mark.parametrize("answer", ["Save", "Discard", "Cancel"])
def test_closing_asks_before_work_is_lost(
    panel: Panel, photo: Path, tmp_path: Path, monkeypatch, answer: str
):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a red bird", 1)
    panel.apply()
    panel.session.save_path = tmp_path / "saved.png"
    chosen = QMessageBox.StandardButton[answer]
    monkeypatch.setattr(panel.window, "ask_about_changes", lambda: chosen)
    panel.window.close()
    panel.until(lambda: answer == "Cancel" or not panel.window.isVisible())
    assert panel.window.isVisible() == (answer == "Cancel")
    assert (tmp_path / "saved.png").exists() == (answer == "Save")


def test_diagnostics_tell_much_but_nothing_private(panel: Panel, photo: Path):
    panel.open(photo)
    panel.session.settings.remember_caption("my secret caption")
    panel.session.notice("Something failed.", "")
    panel.window.copy_diagnostics()
    text = QGuiApplication.clipboard().text()
    assert "Qt 6" in text
    assert "nigdt-small (128 px)" in text
    assert "Something failed." in text
    assert "secret" not in text
    assert "photo.png" not in text


def test_what_belongs_to_a_photo_goes_with_it(panel: Panel, photo: Path, tmp_path: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a red bird", 1)
    panel.apply()
    panel.idle()
    document = panel.session.document
    document.mark_saved(document.layers)
    panel.session.filling.put_away()
    kept = [
        weakref.ref(it) for it in (document, panel.session.filling, panel.session.display, *document.layers)
    ]
    del document
    other = tmp_path / "other.png"
    Image.new("RGB", (30, 20)).save(other)
    panel.open(other)
    panel.idle()
    gc.collect()
    assert [it() for it in kept] == [None] * 4


@pytest.mark.parametrize(
    ("kind", "colour", "mode", "pixel"),
    [
        (QImage.Format.Format_RGB32, 0xFF102030, "RGB", (16, 32, 48)),
        (QImage.Format.Format_ARGB32, 0xFF102030, "RGB", (16, 32, 48)),
        (QImage.Format.Format_ARGB32, 0x80102030, "RGBA", (16, 32, 48, 128)),
        (QImage.Format.Format_RGBA8888, 0x80102030, "RGBA", (16, 32, 48, 128)),
        (QImage.Format.Format_RGB888, 0xFF102030, "RGB", (16, 32, 48)),  # rows are padded
    ],
)
def test_a_pasted_picture_keeps_its_colours(
    kind: QImage.Format, colour: int, mode: str, pixel: tuple[int, ...]
):
    image = QImage(7, 5, kind)
    image.fill(QColor.fromRgba(colour))
    picture = pillow_of(image)
    assert (picture.mode, picture.size, picture.getpixel((6, 4))) == (mode, (7, 5), pixel)


def test_a_write_protected_file_is_named_with_what_helps(panel: Panel, photo: Path, tmp_path: Path):
    panel.open(photo)
    target = tmp_path / "kept.png"
    target.write_bytes(photo.read_bytes())
    target.chmod(0o444)
    panel.session.save(target)
    panel.until(lambda: bool(panel.errors))
    said = "The picture cannot be saved: the file or its folder is write-protected."
    assert panel.errors == [f"{said} Save it under another name or in another folder. ({target})"]
    assert target.read_bytes() == photo.read_bytes()


def test_recent_photos_of_one_name_are_told_apart(user: Path, photo: Path):
    settings = Settings(theme="dark", seen_hints=True)
    for folder in ("anna & ben", "carl"):
        (photo.parent / folder).mkdir()
        settings.remember_photo(Path(shutil.copy(photo, photo.parent / folder)))
    settings.remember_photo(Path(shutil.copy(photo, photo.parent / "other.png")))
    panel = Panel(settings)
    window = panel.window
    recent = next(it for it in window.menuBar().actions()[0].menu().actions() if it.menu() is not None)
    recent.menu().aboutToShow.emit()
    shown = ["other.png", "photo.png (carl)", "photo.png (anna && ben)"]
    assert [action.text() for action in recent.menu().actions()] == shown
    buttons = [it.text().strip() for it in window.welcome.findChildren(QPushButton)]
    assert buttons[-3:] == shown
    panel.close()


def test_names_in_recent_files_take_no_more_of_a_path_than_they_need():
    paths = ["/a/A/x.jpg", "/a/B/x.jpg", "/b/A/x.jpg", "/b/y.jpg", "/x.jpg"]
    told = [str(Path(it)) for it in ("a/A", "B", "b/A")]
    assert told_apart(paths)[:4] == [*(f"x.jpg ({it})" for it in told), "y.jpg"]
    assert len(set(told_apart(paths))) == 5
