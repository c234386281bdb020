"""Without a mouse, and with a screen reader: every control can be reached and says what it is."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from nigdt_plugin.core.settings import Settings
from nigdt_plugin.ui.canvas import Canvas
from nigdt_plugin.ui.compare import CompareDialog
from nigdt_plugin.ui.keymap import KeymapDialog
from nigdt_plugin.ui.keys import KeysDialog
from nigdt_plugin.ui.models import ModelDialog
from nigdt_plugin.ui.tools import TOOLS
from nigdt_plugin.ui.train import TrainDialog
from panel import Panel
from panel_daemon import write_bundle
from PyQt6.QtCore import QEvent, QPoint, Qt
from PyQt6.QtGui import QKeyEvent, QKeySequence
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QRadioButton,
    QScrollBar,
    QTabBar,
    QTextEdit,
    QWidget,
)


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
    QTest.keyClicks(side.describe.caption, "a blue bird")
    QTest.keyClick(side.describe.caption, Qt.Key.Key_Return)
    panel.until(lambda: not panel.session.filling.busy and side.strip.count() == 3, 60)
    side.strip.setFocus()
    QTest.keyClick(side.strip, Qt.Key.Key_Right)
    assert panel.session.filling.chosen is panel.session.filling.round.fills[1]
    QTest.keyClick(side.strip, Qt.Key.Key_F)
    assert panel.session.filling.round.fills[1].favourite
    tool, kept = panel.window.tool_name, panel.session.filling.round.fills[1]
    QTest.keyClick(side.strip, Qt.Key.Key_R)
    panel.until(lambda: len(panel.session.filling.round.fills) == 4, 30)
    assert panel.session.filling.round.fills[1] is kept
    assert panel.window.tool_name == tool
    QTest.keyClick(side.strip, Qt.Key.Key_Return)
    panel.until(lambda: bool(panel.session.document.layers))
    panel.idle()
    assert panel.window.focusWidget() is canvas
    panel.window.actions_["photo.undo"].trigger()
    assert panel.session.document.layers == ()
    assert side.describe.caption.caption == "a blue bird"


KINDS = (
    QAbstractButton,
    QAbstractSlider,
    QComboBox,
    QAbstractSpinBox,
    QApplication,
    QLineEdit,
    QAbstractItemView,
    QTextEdit,
)
KINDS += (QPlainTextEdit, QTabBar, Canvas)


def controls(window: QWidget) -> list[QWidget]:
    """Everything in a window that a user can operate."""
    found = {widget for kind in KINDS for widget in window.findChildren(kind) if widget.isVisible()}
    inner = {
        widget
        for widget in found
        if isinstance(widget, QScrollBar)  # the view that it scrolls takes its keys
        or isinstance(widget.parent(), QAbstractSpinBox | QComboBox)
        or widget.objectName().startswith("qt_")
        or widget.window() is not window
    }
    return sorted(found - inner, key=lambda widget: widget.mapTo(window, QPoint(0, 0)).y())


def reached_by_tab(panel: Panel, window: QWidget) -> set[QWidget]:
    """Where the focus gets to with the Tab key alone."""
    window.activateWindow()
    panel.settle()
    order: list[QWidget] = []
    while len(order) < 300:
        widget = window.focusWidget()
        if order and widget is order[0] and len(order) > 1:
            break
        order.append(widget or window)
        QTest.keyClick(order[-1], Qt.Key.Key_Tab)
    return set(order)


def nameless(widget: QWidget) -> bool:
    shown = isinstance(widget, QAbstractButton) and widget.text().replace("&", "").strip()
    return not (widget.accessibleName().strip() or shown)


def check(panel: Panel, window: QWidget, least: int) -> None:
    found = controls(window)
    assert len(found) >= least, found
    assert [widget for widget in found if nameless(widget)] == []
    reached = reached_by_tab(panel, window)
    for widget in found:
        group = widget.group() if isinstance(widget, QAbstractButton) else None
        # Of buttons that exclude each other Tab reaches one, the arrow keys the others.
        together = {widget, *(group.buttons() if group is not None and group.exclusive() else [])}
        if isinstance(widget, QRadioButton) and group is None:
            together |= set(window.findChildren(QRadioButton))
        assert not widget.isEnabled() or together & reached, (
            widget,
            nameless(widget),
            widget.accessibleName(),
        )


def test_every_control_of_the_window_has_a_name_and_is_reached_by_keys(panel: Panel, photo: Path):
    window, side = panel.window, panel.window.side
    check(panel, window, 20)  # nothing is open yet
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    side.describe.caption.caption = "a purpl bird"
    panel.fill("a rad bird", 3)
    side.show_words(True)
    panel.until(lambda: bool(side.words.chips))
    for name in TOOLS:
        window.use_tool(name)
        check(panel, window, 34)
    panel.apply()
    panel.idle()
    check(panel, window, 34)
    side.tabs.setCurrentIndex(1)
    panel.until(lambda: side.history.list.count() > 0)
    check(panel, window, 34)
    window.notice.ask("Lost work was found.", "", (("Restore", lambda: None), ("Forget", lambda: None)))
    check(panel, window, 37)


def test_a_return_that_is_held_too_long_draws_nothing(panel: Panel, photo: Path):
    panel.open(photo)
    canvas, none = panel.window.canvas, Qt.KeyboardModifier.NoModifier
    for repeated, drawn in ((True, False), (False, True)):
        event = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, none, "", repeated)
        QApplication.sendEvent(canvas, event)
        assert (canvas._pointer.point is not None) == drawn


def test_escape_leads_from_the_caption_to_the_photo(panel: Panel, photo: Path):
    panel.open(photo)
    canvas, caption = panel.window.canvas, panel.window.side.describe.caption
    canvas.setFocus()
    QTest.keyClick(panel.window, Qt.Key.Key_C)
    assert panel.window.focusWidget() is caption
    QTest.keyClicks(caption, "a blu")
    assert caption.offered.isVisible()
    QTest.keyClick(caption, Qt.Key.Key_Escape)  # the words on offer
    assert not caption.offered.isVisible()
    assert panel.window.focusWidget() is caption
    QTest.keyClick(caption, Qt.Key.Key_Escape)
    assert panel.window.focusWidget() is canvas


def test_every_control_of_the_other_windows_too(panel: Panel, photo: Path):
    write_bundle(Path(os.environ["NIGDT_DATA_DIR"]) / "bundles" / "other", "Another")
    panel.open(photo, "a red bird")
    panel.select(90, 50, 150, 110)
    window = panel.window
    for open_, kind, least in (
        (window.compare_captions, CompareDialog, 4),
        (window.choose_model, ModelDialog, 6),
        (window.train, TrainDialog, 6),
        (window.show_keys, KeysDialog, 2),
    ):
        open_()
        dialog = window.findChild(kind)
        panel.until(lambda: panel.session.filling is not None and not panel.session.filling.busy)
        check(panel, dialog, least)
        dialog.close()
        panel.settle()


def test_every_menu_entry_has_a_text_and_no_key_is_given_twice(panel: Panel):
    keys: dict[str, str] = {}
    for name, action in panel.window.actions_.items():
        assert action.text().strip(), name
        for key in action.shortcuts():
            assert keys.setdefault(key.toString(), name) == name, key.toString()
    assert len(keys) > 30


def test_every_key_reaches_its_menu_entry(panel: Panel, photo: Path):
    panel.open(photo)
    pressed: list[str] = []
    keys = {name: action for name, action in panel.window.actions_.items() if action.shortcut()}
    assert len(keys) > 40
    for name, action in keys.items():
        for signal in (action.triggered, action.toggled):
            with contextlib.suppress(TypeError):  # it has no such connection
                signal.disconnect()
        action.triggered.connect(lambda _checked=False, name=name: pressed.append(name))
        action.setEnabled(True)
    panel.window.canvas.setFocus()
    for action in keys.values():
        QTest.keySequence(panel.window, action.shortcut())
    assert pressed == [*keys]


def test_the_manual_names_keys_as_they_are(panel: Panel):
    manual = (Path(__file__).parents[2] / "docs" / "panel.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:Ctrl|Alt)\+(?:Shift\+)?\w+|\bF[1-9]\b", manual))
    tools = re.findall(r"^\| ([A-Z][a-z ,]+?) \| ([A-Z](?:, [A-Z])?) \|", manual, re.MULTILINE)
    named |= {key for _, keys in tools for key in keys.split(", ")}
    assert len(named) > 20
    assert named <= {action.shortcut().toString() for action in panel.window.actions_.values()}


def test_keys_can_be_changed_and_are_remembered(panel: Panel, photo: Path):
    panel.window.change_keys()
    dialog = panel.window.findChild(KeymapDialog)
    dialog.fields["tool.brush"].setKeySequence(QKeySequence("N"))
    assert panel.session.settings.keys == {"tool.brush": "N"}
    assert "(N)" in panel.window.tool_column.buttons["brush"].toolTip()
    assert "(Y)" in panel.window.side.wipe_button.toolTip()
    dialog.fields["photo.wipe"].setKeySequence(QKeySequence("Shift+Y"))
    assert "(Shift+Y)" in panel.window.side.wipe_button.toolTip()
    dialog.fields["photo.wipe"].setKeySequence(QKeySequence("Y"))
    dialog.fields["photo.export"].setKeySequence(QKeySequence("Ctrl+S"))
    assert "Save" in dialog.message.text()
    assert dialog.fields["photo.export"].keySequence() == QKeySequence("Ctrl+E")
    dialog.accept()
    panel.open(photo)
    panel.window.activateWindow()
    panel.until(panel.window.isActiveWindow)
    panel.window.canvas.setFocus()
    QTest.keyClick(panel.window.canvas, Qt.Key.Key_N)
    assert panel.window.tool_name == "brush"
    settings = panel.session.settings
    panel.session.autosave()
    panel.idle()
    assert Settings.load().keys == {"tool.brush": "N"}
    other = Panel(Settings.load())
    assert other.window.actions_["tool.brush"].shortcut() == QKeySequence("N")
    other.close()
    panel.window.change_keys()
    dialog = panel.window.findChildren(KeymapDialog)[-1]
    dialog.reset()
    assert settings.keys == {}
    assert panel.window.actions_["tool.brush"].shortcut() == QKeySequence("B")
    dialog.accept()


def test_keys_that_a_window_or_the_photo_needs_become_no_shortcuts(panel: Panel):
    panel.window.change_keys()
    dialog = panel.window.findChild(KeymapDialog)
    field = dialog.fields["photo.save"]
    field.setFocus()
    for key in (Qt.Key.Key_Space, Qt.Key.Key_Left, Qt.Key.Key_QuoteLeft):
        QTest.keyClick(field, key)
        assert dialog.message.text().endswith("is needed on the photo.")
        assert panel.session.settings.keys == {}
    QTest.keyClick(field, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    assert panel.window.actions_["photo.save"].shortcut() == QKeySequence("Ctrl+Left")
    QTest.keyClick(field, Qt.Key.Key_Backspace)
    assert panel.window.actions_["photo.save"].shortcut().isEmpty()
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert panel.session.settings.keys == {"photo.save": ""}
    panel.window.change_keys()
    dialog = panel.window.findChildren(KeymapDialog)[-1]
    QTest.keyClick(dialog.fields["photo.save"], Qt.Key.Key_Return)
    assert not dialog.isVisible()
    assert panel.window.actions_["photo.save"].shortcut().isEmpty()
