"""The keyboard's focus: seen at every stop of Tab, in sight, and in a sensible order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from panel import Panel
from PyQt6.QtCore import QPoint, QRect, Qt
from PyQt6.QtGui import QImage
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QWidget


def pixels(window: QWidget) -> np.ndarray:
    image = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits().asstring(image.sizeInBytes()), np.uint8)
    rows = rows.reshape(image.height(), image.bytesPerLine())[:, : 3 * image.width()]
    return rows.reshape(image.height(), -1, 3).astype(int)


def in_window(widget: QWidget) -> QRect:
    return QRect(widget.mapTo(widget.window(), QPoint(0, 0)), widget.size())


def stops(panel: Panel) -> Iterator[QWidget]:
    """Where Tab leads from the photo, or the first button, until it comes round."""
    window = panel.window
    window.activateWindow()
    panel.settle()
    first = now = window.focusWidget()
    for _ in range(100):
        yield now
        QTest.keyClick(now, Qt.Key.Key_Tab)
        panel.settle()
        now = window.focusWidget()
        if now is first:
            return
    raise AssertionError("Tab does not come round")


def check_marked(panel: Panel, theme: str) -> None:
    """Each stop looks different while it has the focus, so much that it is noticed."""
    window = panel.window
    window.set_theme(theme)
    for widget in stops(panel):
        focused = pixels(window)
        widget.clearFocus()
        panel.settle()
        place = in_window(widget)
        rows = slice(max(0, place.top() - 2), place.bottom() + 3)
        columns = slice(max(0, place.left() - 2), place.right() + 3)
        changed = np.abs(focused - pixels(window))[rows, columns].max(axis=2) > 40
        assert changed.sum() > 40, (theme, widget, widget.accessibleName(), changed.sum())
        widget.setFocus(Qt.FocusReason.TabFocusReason)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_focus_is_seen_wherever_tab_leads(panel: Panel, photo: Path, theme: str):
    check_marked(panel, theme)
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a rad bird", 3)
    panel.apply()
    panel.idle()
    check_marked(panel, theme)


def test_the_first_stop_is_the_button_that_opens_a_photo(panel: Panel):
    panel.window.activateWindow()
    panel.settle()
    assert panel.window.focusWidget() is panel.window.welcome.open_button


def test_tab_keeps_in_sight_what_it_leads_to(panel: Panel, photo: Path):
    window, area = panel.window, panel.window.side.split.area
    window.resize(1024, 640)
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a bird", 3)
    window.canvas.setFocus()
    area.verticalScrollBar().setValue(area.verticalScrollBar().maximum())
    panel.settle()
    assert in_window(window.side.describe.modes).top() < in_window(area).top()  # out of sight
    seen = 0
    for widget in stops(panel):
        if area.isAncestorOf(widget):
            seen += 1
            assert in_window(area).contains(in_window(widget).center()), widget
    assert seen > 10


def test_what_was_made_later_stands_in_the_order_where_it_is_seen(panel: Panel, photo: Path):
    window, describe = panel.window, panel.window.side.describe
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a rad bird", 1)
    window.side.show_words(True)
    panel.until(lambda: bool(window.side.words.chips))
    window.notice.ask("Lost work was found.", "", (("Restore", lambda: None), ("Forget", lambda: None)))
    window.canvas.setFocus()
    names = [getattr(it, "text", lambda: "")() or it.accessibleName() for it in stops(panel)]
    after_photo = names[names.index("Photo") + 1 :]
    assert after_photo[:4] == ["Close this message", "Restore", "Forget", "Describe"]
    assert names[names.index("Caption") + 1] == describe.unknown.chips[0].text()
    assert names[names.index("Fills") + 1] == window.side.words.chips[0].text()


def test_return_does_what_has_the_focus_and_never_another_removal(panel: Panel, photo: Path):
    window, side = panel.window, panel.window.side
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    side.pick_mode("remove")
    window.canvas.setFocus()
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    panel.until(lambda: not panel.session.filling.busy and panel.session.filling.preview.layer is not None)
    fills = len(panel.session.filling.round.fills)
    for widget in (side.blend.feather, side.describe.variants, side.tabs.tabBar()):
        widget.setFocus()
        QTest.keyClick(widget, Qt.Key.Key_Return)
        panel.settle()
        assert not panel.session.filling.busy, widget
    side.fill_actions["star"].setFocus()
    QTest.keyClick(side.fill_actions["star"], Qt.Key.Key_Return)
    assert panel.session.filling.chosen.favourite
    side.apply_button.setFocus()
    QTest.keyClick(side.apply_button, Qt.Key.Key_Return)
    panel.until(lambda: len(panel.session.document.layers) == 1)
    assert len(panel.session.filling.round.fills) == fills
