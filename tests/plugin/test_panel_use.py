"""Using the window: keyboard, tools, live typing, closing, hosts, and 200 random actions."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from nigdt_plugin.core.settings import Settings
from nigdt_plugin.ui.options import KEYS
from panel import Panel
from PIL import Image
from PyQt6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt6.QtGui import QGuiApplication, QImage, QWheelEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QMessageBox,
    QSpinBox,
    QWidget,
)


@pytest.fixture
def panel(user: Path) -> Iterator[Panel]:
    panel = Panel()
    yield panel
    panel.close()


def press(panel: Panel, *points: tuple[float, float], modifiers=Qt.KeyboardModifier.NoModifier) -> None:
    """Drag over photo points."""
    canvas = panel.window.canvas
    places = [canvas.to_widget(*point).toPoint() for point in points]
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, modifiers, places[0])
    for place in places[1:]:
        QTest.mouseMove(canvas, place)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, modifiers, places[-1])


def click(panel: Panel, x: float, y: float) -> None:
    canvas = panel.window.canvas
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=canvas.to_widget(x, y).toPoint())


def selected(panel: Panel) -> np.ndarray:
    return panel.session.document.selection.mask


def test_each_tool_selects_what_it_should(panel: Panel, photo: Path):
    panel.open(photo)
    for name in KEYS:
        QTest.keyClick(panel.window, KEYS[name].lower())
        assert panel.window.tool_name == name
    panel.window.use_tool("ellipse")
    press(panel, (40, 40), (80, 60), (100, 90))
    assert selected(panel)[65, 70] == 255
    assert selected(panel)[41, 41] == 0
    panel.window.use_tool("lasso")
    press(panel, (20, 20), (60, 20), (60, 60), (20, 60))
    assert selected(panel)[40, 40] == 255
    assert selected(panel)[80, 70] == 0
    panel.window.use_tool("polygon")
    for corner in ((150, 20), (220, 20), (220, 70)):
        click(panel, *corner)
    QTest.keyClick(panel.window.canvas, Qt.Key.Key_Return)
    assert selected(panel)[30, 205] == 255
    assert selected(panel)[60, 160] == 0
    panel.window.deselect()
    panel.idle()
    panel.window.use_tool("brush")
    panel.window.options._size.setValue(20)
    press(panel, (30, 100), (60, 100), (90, 100))
    assert (selected(panel)[100, 30:90] == 255).all()
    panel.window.use_tool("eraser")
    press(panel, (60, 90), (60, 100), (60, 110))
    assert selected(panel)[100, 60] == 0
    assert selected(panel)[100, 35] == 255
    panel.window.use_tool("wand")
    click(panel, 120, 80)
    panel.idle()
    assert selected(panel)[80, 120] == 255
    assert np.count_nonzero(selected(panel)) == pytest.approx(np.pi * 40**2, rel=0.05)
    panel.window.use_tool("object")
    press(panel, (70, 30), (120, 80), (170, 130))
    panel.idle()
    assert np.count_nonzero(selected(panel) > 127) == pytest.approx(np.pi * 40**2, rel=0.12)


def test_shift_adds_alt_takes_away_and_both_intersect(panel: Panel, photo: Path):
    panel.open(photo)
    shift, alt = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier
    press(panel, (20, 20), (60, 60))
    press(panel, (100, 20), (140, 60), modifiers=shift)
    assert selected(panel)[40, 40] == selected(panel)[40, 120] == 255
    press(panel, (10, 10), (40, 70), modifiers=alt)
    assert selected(panel)[40, 30] == 0
    assert selected(panel)[40, 50] == 255
    press(panel, (90, 30), (150, 50), modifiers=shift | alt)
    assert selected(panel)[40, 120] == 255
    assert selected(panel)[25, 120] == selected(panel)[40, 50] == 0
    for _ in range(4):
        panel.session.undo()
    assert panel.session.document.selection.empty


def test_everything_works_without_a_mouse(panel: Panel, photo: Path):
    panel.open(photo)
    canvas, side = panel.window.canvas, panel.window.side
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Left)
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    for _ in range(5):
        QTest.keyClick(canvas, Qt.Key.Key_Right)
        QTest.keyClick(canvas, Qt.Key.Key_Down)
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert not panel.session.document.selection.empty
    QTest.keyClick(panel.window, Qt.Key.Key_C)
    QTest.keyClicks(side.caption, "a blue bird")
    QTest.keyClick(side.caption, Qt.Key.Key_Return)
    panel.until(lambda: not panel.session.filling.busy and side.strip.count() == 3, 60)
    side.strip.setFocus()
    QTest.keyClick(side.strip, Qt.Key.Key_Right)
    assert panel.session.filling.chosen is panel.session.filling.round.fills[1]
    QTest.keyClick(side.strip, Qt.Key.Key_F)
    assert panel.session.filling.round.fills[1].favourite
    tool, rolled = panel.window.tool_name, panel.session.filling.round.fills[1]
    QTest.keyClick(side.strip, Qt.Key.Key_R)
    panel.until(lambda: panel.session.filling.round.fills[1] is not rolled, 30)
    assert panel.window.tool_name == tool
    QTest.keyClick(side.strip, Qt.Key.Key_Return)
    panel.until(lambda: bool(panel.session.document.layers))
    panel.idle()
    assert panel.window.focusWidget() is canvas
    panel.window.actions_["photo.undo"].trigger()
    assert panel.session.document.layers == ()
    assert side.caption.caption == "a blue bird"


def test_every_control_has_a_name_and_can_be_reached(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a red bird", 2)
    kinds = (QAbstractButton, QAbstractSlider, QComboBox, QSpinBox)
    controls = [
        widget
        for kind in kinds
        for widget in panel.window.findChildren(kind)
        if widget.isVisible() and not widget.objectName().startswith("qt_") and widget.parent() is not None
    ]
    assert len(controls) > 30
    for widget in controls:
        named = widget.accessibleName() or (isinstance(widget, QAbstractButton) and widget.text())
        scroll_bar = type(widget).__name__ == "QScrollBar"
        assert named or scroll_bar, widget
        if widget.isEnabled() and not scroll_bar:
            assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus, widget
    reached: set[QWidget] = set()
    panel.window.activateWindow()
    panel.window.canvas.setFocus()
    for _ in range(120):
        widget = QApplication.focusWidget()
        if widget is not None:
            reached.add(widget)
        panel.window.focusNextChild()
    side = panel.window.side
    for widget in (
        side.caption,
        side.strip,
        side.fill_button,
        side.blend.feather,
        side.live,
        panel.window.canvas,
    ):
        assert widget in reached, widget


def test_fills_follow_the_typing(panel: Panel, photo: Path):
    panel.session.settings.live = True
    panel.session.settings.variants = 3
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    side = panel.window.side
    side.caption.setFocus()
    QTest.keyClicks(side.caption, "a red", delay=5)
    panel.until(lambda: panel.session.filling.chosen is not None, 60)
    QTest.keyClicks(side.caption, " and then a blue bird", delay=5)
    panel.until(
        lambda: (
            panel.session.filling.chosen.caption == "a red and then a blue bird"
            and len(panel.session.filling.round.fills) == 3
        ),
        60,
    )
    assert {fill.caption for fill in panel.session.filling.round.fills} == {"a red and then a blue bird"}


def test_completion_and_unknown_words(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    caption = panel.window.side.caption
    caption.setFocus()
    QTest.keyClicks(caption, "a ye")
    popup = caption._completer.popup()
    assert popup.isVisible()
    assert popup.model().index(0, 0).data() == "yellow"
    QTest.keyClick(caption, Qt.Key.Key_Tab)
    assert caption.caption == "a yellow"
    QTest.keyClicks(caption, "brid on")
    assert caption.unknown() == [("brid", ["bird"])]
    panel.settle()
    chips = [w for w in panel.window.side.unknown.findChildren(QAbstractButton) if not w.isHidden()]
    chips[0].click()
    assert caption.caption == "a yellow bird on"
    assert caption.unknown() == []
    popup.hide()


def test_holding_the_key_shows_the_picture_before(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    before = panel.session.pyramid.levels[0].copy()
    panel.fill("a blue bird", 1)
    filled = panel.session.pyramid.levels[0].copy()
    assert not np.array_equal(before, filled)
    QTest.keyPress(panel.window, Qt.Key.Key_QuoteLeft)
    assert np.array_equal(panel.session.pyramid.levels[0], before)
    QTest.keyRelease(panel.window, Qt.Key.Key_QuoteLeft)
    assert np.array_equal(panel.session.pyramid.levels[0], filled)


def test_the_wheel_zooms_at_the_pointer_and_space_pans(panel: Panel, photo: Path):
    panel.open(photo)
    canvas = panel.window.canvas
    at = canvas.to_widget(60, 40)
    event = QWheelEvent(
        at, QPointF(canvas.mapToGlobal(at.toPoint())), QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    scale = canvas.scale
    QApplication.sendEvent(canvas, event)
    assert canvas.scale == pytest.approx(scale * 1.25**2)
    assert canvas.to_photo(at) == pytest.approx((60, 40), abs=0.01)
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    press(panel, (60, 40), (80, 50))
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    assert panel.session.document.selection.empty
    assert canvas.to_photo(at) == pytest.approx((40, 30), abs=1.0)


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
    assert result["fills"][0]["caption"] == "a blue bird"
    with Image.open(folder / "layer.png") as layer:
        assert list(layer.size) == result["box"][2:]
    panel.close()
    left = Panel(host=folder)
    left.open(photo)
    left.close()
    assert json.loads((folder / "result.json").read_text())["status"] == "cancelled"


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


def test_two_hundred_random_actions_end_with_the_right_pixels(user: Path, photo: Path, tmp_path: Path):
    rng = random.Random(11)
    panel = Panel(Settings(theme="dark", live=True, seen_hints=True, variants=2))
    panel.open(photo)
    session, side, window = panel.session, panel.window.side, panel.window
    original = session.document.photo.rgb8.copy()
    other = tmp_path / "other.png"
    Image.fromarray(original[::-1].copy()).save(other)

    def shape() -> None:
        window.use_tool(rng.choice(["rectangle", "ellipse", "lasso", "brush", "eraser", "wand", "object"]))
        points = [(rng.uniform(-10, 250), rng.uniform(-10, 170)) for _ in range(4)]
        press(
            panel,
            *points,
            modifiers=rng.choice([Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier]),
        )

    def fill() -> None:
        side.fill()

    def with_fill(what: str) -> None:
        fills = session.filling.round.fills if session.filling.round else []
        if fills:
            side.act(what, rng.choice(fills))

    def reopen() -> None:
        session.document.mark_saved(session.document.layers)
        window.open_path(rng.choice([photo, other]))

    actions = {
        shape: 30,
        fill: 25,
        lambda: setattr(session, "caption", f"a {rng.choice(['red', 'blue', 'slowly 0.1'])} bird"): 15,
        lambda: side.caption.insertPlainText(rng.choice(["x", " red", " bird"])): 15,
        lambda: session.filling.cancel(): 10,
        session.undo: 25,
        session.redo: 12,
        lambda: with_fill("apply"): 15,
        lambda: with_fill("dice"): 6,
        lambda: with_fill("similar"): 5,
        lambda: with_fill("discard"): 6,
        lambda: with_fill("favourite"): 4,
        lambda: side.show_words(rng.random() < 0.5): 3,
        lambda: window.actions_["photo.invert"].trigger(): 4,
        lambda: window.actions_["context"].toggle(): 3,
        lambda: side.blend.feather.setValue(rng.randrange(-1, 20)): 5,
        lambda: side.blend.strength.setValue(rng.randrange(30, 100)): 5,
        lambda: window.canvas.zoom_to(rng.uniform(0.2, 9)): 5,
        lambda: window.deselect(): 3,
        reopen: 2,
        session.autosave: 3,
    }
    for _ in range(200):
        rng.choices(list(actions), list(actions.values()))[0]()
        for _ in range(rng.randrange(4)):
            QApplication.processEvents()
            time.sleep(0.002)
    session.filling.cancel()
    side._live_timer.stop()
    side._rest_timer.stop()
    panel.until(
        lambda: not session.filling.busy and not session.filling.mixing and not session.tasks.busy, 60
    )
    document = session.document
    touched = np.zeros(original.shape[:2], bool)
    for layer in document.layers:
        touched[layer.region.slices] |= layer.weight > 0
    photo_now = document.photo.rgb8
    assert np.array_equal(document.rgb[~touched], photo_now[~touched])
    assert np.abs(document.rgb.astype(int) - document.result().rgb8.astype(int)).max() <= len(document.layers)
    assert np.array_equal(document.rgb, document.composite(document.selection.whole, document.layers))
    while document.undo():
        pass
    assert np.array_equal(document.rgb, photo_now)
    assert document.selection.empty
    serious = [error for error in panel.errors if "Nothing is selected" not in error]
    assert serious == []
    panel.close()
