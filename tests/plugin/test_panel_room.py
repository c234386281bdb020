"""What is in sight in the window at every size."""

from __future__ import annotations

from pathlib import Path

import pytest
from panel import Panel
from PyQt6.QtCore import QPoint, QRect, Qt
from PyQt6.QtTest import QTest


@pytest.mark.parametrize("size", [(1024, 660), (1280, 760)])
def test_apply_is_always_in_sight(panel: Panel, photo: Path, size: tuple[int, int]):
    panel.window.resize(*size)
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a red bird", 8)
    window, button_ = panel.window, panel.window.side.apply_button
    assert (window.width(), window.height()) == size
    place = QRect(button_.mapTo(window, QPoint(0, 0)), button_.size())
    assert window.rect().contains(place)
    assert window.childAt(place.center()) is button_


@pytest.mark.parametrize("size", [(1016, 660), (1350, 720), (1900, 1020)])
def test_layers_and_fills_are_in_sight_together(panel: Panel, photo: Path, size: tuple[int, int]):
    window, side = panel.window, panel.window.side
    window.resize(*size)
    panel.open(photo)
    for left in (20, 90, 160):
        panel.select(left, 50, left + 50, 110)
        panel.fill("a red bird", 3)
        panel.apply()
    panel.select(10, 10, 100, 100)
    panel.fill("a red bird", 3)
    panel.settle()
    layers, strip = side.layers.list, side.strip
    newest = layers.visualItemRect(layers.item(0))
    for part, place in (
        (layers.viewport(), newest),
        (strip.viewport(), strip.visualItemRect(strip.item(0))),
        *((it, it.rect()) for it in (side.describe.caption, side.layers.opacity, side.apply_button)),
    ):
        assert part.visibleRegion().contains(place.center())
        assert QRect(part.mapTo(window, place.topLeft()), place.size()).bottom() < window.height()
    if size[1] > 1000:  # there is room for all
        assert not side.blend.detail.visibleRegion().isEmpty()
        assert layers.viewport().rect().contains(layers.visualItemRect(layers.item(2)))


def test_fills_have_the_room_that_layers_do_not_need(panel: Panel, photo: Path):
    window, strip = panel.window, panel.window.side.strip
    window.resize(1016, 660)
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a red bird", 6)
    panel.settle()
    seen = strip.viewport().visibleRegion()
    assert seen.contains(strip.visualItemRect(strip.item(2)).bottomLeft() - QPoint(0, 20))
    assert seen.contains(strip.visualItemRect(strip.item(3)).center() - QPoint(0, 20))
    before = window.side.split.sizes()[1]
    panel.apply()
    panel.settle()
    assert window.side.split.sizes()[1] > before + 60


def test_the_line_above_the_layers_stays_where_it_is_put(panel: Panel, photo: Path):
    split = panel.window.side.split
    panel.window.resize(1280, 760)
    panel.open(photo)
    panel.settle()
    upper, lower = split.sizes()
    handle = split.handle(1)
    assert handle is not None
    middle = handle.rect().center()
    QTest.mousePress(handle, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(handle, middle - QPoint(0, 90))
    QTest.mouseRelease(handle, Qt.MouseButton.LeftButton, pos=middle - QPoint(0, 90))
    moved = split.sizes()
    assert abs(moved[1] - lower - 90) <= 2
    assert moved[0] < upper
    panel.select(20, 50, 70, 110)
    panel.fill("a red bird", 3)
    panel.apply()
    panel.settle()
    assert abs(split.sizes()[1] - moved[1]) <= 2


def test_what_is_done_with_a_layer_is_in_sight_on_a_small_screen(panel: Panel, photo: Path):
    panel.window.resize(1016, 660)
    panel.open(photo)
    layers = panel.window.side.layers
    for left in (20, 90):
        panel.select(left, 50, left + 60, 110)
        panel.fill("a red bird", 1)
        panel.apply()
    before = panel.session.document
    panel.select(10, 10, 200, 150)
    panel.window.actions_["photo.crop"].trigger()
    panel.until(lambda: panel.session.document is not before)
    panel.settle()
    assert layers.list.viewport().height() >= 2 * layers.list.sizeHintForRow(0)
    for part in (layers.opacity, *layers.buttons.values()):
        assert not part.visibleRegion().isEmpty()


def test_nothing_asked_for_comes_out_of_sight_on_a_small_screen(panel: Panel, photo: Path):
    window, side = panel.window, panel.window.side
    window.resize(1016, 660)
    panel.open(photo)
    window.offer_colour()
    panel.settle()
    for part in (window.notice.message, window.notice.hint):
        assert part.height() >= part.heightForWidth(part.width())
    assert window.notice.parentWidget().rect().contains(window.notice.geometry())
    panel.select(90, 50, 150, 110)
    panel.fill("a bird with a red belly", 8)
    side.show_words(True)
    panel.until(lambda: not side.words.visibleRegion().isEmpty(), 10)
    QTest.keyClick(window, Qt.Key.Key_F3)
    assert not side.describe.modes.visibleRegion().isEmpty()


def test_the_hint_beside_a_tool_takes_two_lines_or_is_shortened(panel: Panel, photo: Path):
    window = panel.window
    panel.open(photo)
    hint = window.options.hint
    line = hint.fontMetrics().lineSpacing()
    for tool, width, lines in (("object", 1024, 2), ("object", 1700, 1), ("heal", 900, 0)):
        window.resize(width, 700)
        window.use_tool(tool)
        panel.settle()
        assert hint.text().endswith("\N{HORIZONTAL ELLIPSIS}") == (not lines)
        assert hint.accessibleName().endswith(("takes away", "a straight line"))
        assert bool(hint.toolTip()) == (not lines)
        assert round(hint.heightForWidth(hint.width()) / line) == (lines or 1)
        assert hint.height() >= hint.heightForWidth(hint.width())
