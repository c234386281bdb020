"""Choosing a photo by its picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from nigdt_plugin.core.glance import glance
from nigdt_plugin.ui.pick import PictureDialog
from panel import Panel
from PIL import Image
from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QLineEdit

from nigdt.photo import camera


def test_a_file_is_looked_at_small_upright_and_in_eight_bits(tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    path = tmp_path / "upright.jpg"
    pixels = np.full((400, 900, 3), (200, 60, 40), np.uint8)
    pixels[:, :450] = (20, 60, 200)
    Image.fromarray(pixels).save(path, exif=exif, quality=95)
    found = glance(path, 120)
    assert found.rgb.shape == (120, 53, 3)
    assert found.size == (400, 900)
    assert found.bytes == path.stat().st_size
    assert np.abs(found.rgb[10, 20].astype(int) - (20, 60, 200)).max() < 12  # its left lies on top
    deep = tmp_path / "deep.png"
    Image.fromarray(np.full((40, 30), 0x8040, np.uint16)).save(deep)
    assert glance(deep, 120).rgb.shape == (40, 30, 3)
    assert (glance(deep, 120).rgb == 0x80).all()


@pytest.mark.parametrize("name", ["text.png", "empty.jpg", "broken.ora", "folder.png", "gone.jpg", "zip.ora"])
def test_what_cannot_be_opened_has_no_picture(tmp_path: Path, name: str):
    path = tmp_path / name
    if name == "folder.png":
        path.mkdir()
    elif name == "zip.ora":
        path.write_bytes(b"PK\x05\x06" + bytes(18))
    elif name != "gone.jpg":
        path.write_bytes(b"" if name == "empty.jpg" else b"no picture at all")
    assert glance(path, 120) is None


def test_a_project_shows_what_it_holds(panel: Panel, photo: Path, tmp_path: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a blue bird", 1)
    panel.apply()
    panel.session.save(tmp_path / "work.ora")
    panel.until(lambda: panel.session.save_path == tmp_path / "work.ora")
    found = glance(tmp_path / "work.ora", 240)
    assert np.array_equal(found.rgb, panel.session.document.rgb)


def test_a_photo_whose_decoder_is_not_installed_has_no_picture(
    tmp_path: Path, photo: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(camera._MODULES, "RAW", "no_such_package")
    path = photo.rename(photo.with_suffix(".nef"))
    assert glance(path, 80) is None


def test_the_dialog_shows_the_picture_that_is_pointed_at_and_opens_it(panel: Panel, photo: Path):
    other = photo.with_name("other.jpg")
    Image.new("RGB", (64, 48), (20, 60, 200)).save(other, quality=95)
    damaged = photo.with_name("damaged.png")
    damaged.write_bytes(b"no picture")
    panel.session.settings.remember_photo(photo)
    seen: list[str] = []

    def point() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, PictureDialog)
        try:
            for path in (photo, damaged, other):
                dialog.currentChanged.emit(str(path))
                panel.until(
                    lambda: (
                        dialog.picture.text() not in ("…", "Preview") or not dialog.picture.pixmap().isNull()
                    )
                )
                seen.append(dialog.facts.text() or dialog.picture.text())
            picture = dialog.picture.pixmap().toImage()
            seen.append(picture.pixelColor(32, 24).name())
            dialog.findChild(QLineEdit, "fileNameEdit").setText(photo.name)
            panel.until(lambda: "240" in dialog.facts.text())
        finally:
            dialog.findChild(QLineEdit, "fileNameEdit").setText(str(other))
            QTest.keyClick(dialog, Qt.Key.Key_Return)

    QTimer.singleShot(0, point)
    panel.window.open_dialog()
    panel.until(lambda: panel.session.document is not None)
    assert seen[:3] == [
        "240 \u00d7 160  \u00b7  0.0 MB",
        "No preview",
        "64 \u00d7 48  \u00b7  0.0 MB",
    ]
    assert seen[3].startswith(("#143c", "#133c", "#153c"))
    assert panel.session.document.path == other


def test_choosing_no_file_opens_none(panel: Panel, photo: Path):
    QTimer.singleShot(0, lambda: QTest.keyClick(QApplication.activeModalWidget(), Qt.Key.Key_Escape))
    panel.window.open_dialog()
    assert panel.session.document is None
