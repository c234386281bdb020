"""Without a mouse, and with a screen reader: every control can be reached and says what it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from panel import Panel
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QAbstractButton, QAbstractSlider, QApplication, QComboBox, QSpinBox, QWidget


@pytest.fixture
def panel(user: Path) -> Iterator[Panel]:
    panel = Panel()
    yield panel
    panel.close()


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
    assert side.describe.caption.caption == "a blue bird"


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
        side.describe.caption,
        side.strip,
        side.describe.fill_button,
        side.blend.feather,
        side.describe.live,
        panel.window.canvas,
    ):
        assert widget in reached, widget
