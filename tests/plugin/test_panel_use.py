"""Using the window: tools, live typing, fills and layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from nigdt_plugin.core import finder_client, session
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.selection import nothing
from nigdt_plugin.ui import tools
from nigdt_plugin.ui.models import ModelDialog
from nigdt_plugin.ui.tools import TOOLS
from panel import Panel, click, press
from PIL import Image
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QColor, QWheelEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QLineEdit, QWidget


def selected(panel: Panel) -> np.ndarray:
    return panel.session.document.selection.mask


def test_every_tool_has_a_key_of_its_own_a_name_and_a_drawing() -> None:
    keys = [tool.key for tool in TOOLS.values()]
    assert all(keys)
    assert len(set(keys)) == len(keys)
    assert all(tool.title for tool in TOOLS.values())
    drawings = Path(tools.__file__).parents[1] / "assets" / "icons"
    assert all((drawings / f"{name}.svg").is_file() for name in TOOLS)


def test_each_tool_selects_what_it_should(panel: Panel, photo: Path):
    panel.open(photo)
    for name in TOOLS:
        QTest.keyClick(panel.window, TOOLS[name].key.lower())
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


def test_one_click_selects_an_object_and_escape_gives_it_up(panel: Panel, photo: Path):
    panel.open(photo)
    window, canvas = panel.window, panel.window.canvas
    window.use_tool("object")
    y, x = np.mgrid[0:160, 0:240]
    disc = (x - 120) ** 2 + (y - 80) ** 2 < 40**2
    click(panel, 120, 80)
    canvas.grab()  # says that it looks for it
    panel.idle()
    found = selected(panel) > 127
    assert (found & disc).sum() / (found | disc).sum() > 0.93
    before = selected(panel).copy()
    place = canvas.to_widget(30, 30).toPoint()
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, place)
    panel.idle()
    assert selected(panel)[30, 30] > 127
    assert selected(panel)[80, 120] > 127
    panel.session.undo()
    assert np.array_equal(selected(panel), before)
    click(panel, 30, 30)
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    panel.idle()
    assert np.array_equal(selected(panel), before)


def test_a_look_at_the_models_asks_for_no_fill(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(60, 40, 180, 120)
    panel.fill("a red bird", 1)
    panel.apply()
    panel.select(20, 20, 90, 70)
    panel.session.settings.live = True
    panel.window.choose_model()
    panel.window.findChild(ModelDialog).accept()
    QTest.qWait(400)  # longer than live mode waits
    panel.idle()
    assert not panel.session.filling.busy
    assert panel.session.filling.preview.layer is None


def two_coloured(path: Path) -> np.ndarray:
    """Write a thing of two colours, of which the painter's model sees the whole; return where it is."""
    y, x = np.mgrid[0:160, 0:240]
    pixels = np.full((160, 240, 3), (90, 120, 80), np.uint8)
    thing = ((x - 120) / 70) ** 2 + ((y - 80) / 40) ** 2 < 1
    pixels[thing & (x < 120)], pixels[thing & (x >= 120)] = (250, 100, 250), (130, 0, 130)
    Image.fromarray(pixels).save(path)
    return thing


def test_what_the_model_sees_of_an_object_is_selected_at_one_click(panel: Panel, tmp_path: Path):
    thing = two_coloured(tmp_path / "two.png")
    panel.open(tmp_path / "two.png")
    panel.until(lambda: panel.session.link_state.status.get("state") == "ready")
    panel.window.use_tool("object")
    click(panel, 80, 80)
    panel.idle()
    found = selected(panel) > 127
    assert (found & thing).sum() / (found | thing).sum() > 0.93


def test_an_object_that_is_clicked_before_the_model_has_started_is_found_whole(
    lonely_user: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(session, "_STARTING_SECONDS", 300.0)  # on a busy machine it takes its time
    monkeypatch.setattr(finder_client, "_PATIENCE", 300.0)
    thing = two_coloured(lonely_user / "two.png")
    panel = Panel()
    try:
        panel.open(lonely_user / "two.png")
        panel.window.use_tool("object")
        click(panel, 80, 80)
        assert panel.session.link_state.status.get("state") != "ready"
        panel.until(lambda: not panel.session.tasks.busy, 300)
        found = selected(panel) > 127
        assert (found & thing).sum() / (found | thing).sum() > 0.93
    finally:
        panel.close()


def test_the_line_between_before_and_after_is_dragged(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(60, 40, 180, 120)
    panel.fill("a blue bird", 1)
    window, canvas = panel.window, panel.window.canvas
    window.use_tool("rectangle")
    left, right = canvas.to_widget(110, 80).toPoint(), canvas.to_widget(130, 80).toPoint()

    def seen(at: QPoint) -> QColor:
        return canvas.grab().toImage().pixelColor(at)

    filled, before = seen(left), QColor(200, 60, 40)
    assert filled.blue() > before.blue() + 40
    QTest.keyClick(window, Qt.Key.Key_Y)
    panel.until(lambda: canvas.wipe is not None)
    assert window.side.wipe_button.isChecked()
    assert seen(left) == before
    assert seen(right).blue() > before.blue() + 40
    selected_before = selected(panel).copy()
    start = QPoint(round(canvas.wipe.x), 20)
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(canvas, QPoint(right.x() + 20, 30))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(right.x() + 20, 30))
    assert seen(right) == before
    assert np.array_equal(selected(panel), selected_before)
    canvas.setFocus()
    place = canvas.wipe.x
    QTest.keyClick(canvas, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    assert canvas.wipe.x < place
    canvas.zoom_to(canvas.scale * 2)
    assert canvas.wipe is not None
    QTest.keyClick(window, Qt.Key.Key_Y)
    assert canvas.wipe is None
    canvas.fit()
    assert seen(left) == filled


def test_layers_are_named_mixed_ordered_and_made_again_and_all_of_it_undone(panel: Panel, photo: Path):
    panel.open(photo)
    for left, caption in ((20, "a red bird"), (120, "a blue bird")):
        panel.select(left, 50, left + 60, 110)
        panel.fill(caption, 1)
        panel.apply()
    assert panel.window.actions_["photo.undo"].text() == "Undo: Fill"
    session, side = panel.session, panel.window.side
    document, listed = session.document, side.layers.list
    start = document.rgb.copy()
    assert [listed.item(row).text() for row in range(2)] == ["a blue bird", "a red bird"]
    listed.setCurrentRow(1)
    listed.setFocus()
    QTest.keyClick(listed, Qt.Key.Key_F2)  # elsewhere it chooses a mode
    QTest.keyClicks(listed.viewport().findChild(QLineEdit), "Left")
    QTest.keyClick(listed.viewport().findChild(QLineEdit), Qt.Key.Key_Return)
    panel.until(lambda: document.layers[0].name == "Left")
    steps = len(document.undo_stack)
    for percent in (80, 60, 40):
        side.layers.opacity.setValue(percent)
        panel.until(lambda percent=percent: document.layers[0].opacity == percent / 100)
    assert len(document.undo_stack) == steps + 1  # one slider, one step
    thin = np.abs(document.rgb.astype(int) - document.photo.rgb8).max(-1)[50:110, 20:80].mean()
    full = np.abs(start.astype(int) - document.photo.rgb8).max(-1)[50:110, 20:80].mean()
    assert thin == pytest.approx(0.4 * full, rel=0.1)
    side.layers.buttons["up"].click()
    assert [layer.name for layer in document.layers] == ["", "Left"]
    listed.setCurrentRow(1)
    side.layers.buttons["copy"].click()
    assert len(document.layers) == 3
    assert side.layers.current is document.layers[1], "the copy, above the one that was chosen"
    session.change_selection(nothing, "Deselect")
    panel.until(lambda: document.selection.empty)
    actions = {action.text(): action for action in side.layers.menu(listed.item(0)).actions()}
    actions["Select its region"].trigger()
    assert document.selection.bounds == Region(20, 50, 80, 110)
    actions["Fill again"].trigger()
    panel.until(lambda: session.filling.chosen is not None and not session.filling.busy, 60)
    assert session.filling.chosen.caption == "a red bird"
    assert [layer.visible for layer in document.layers] == [True, True, False]
    session.filling.put_away()
    actions["Merge with the one below"].trigger()
    while document.layers and len(document.undo_stack) > steps - 1:
        session.undo()
        panel.idle()
    assert np.array_equal(document.rgb, start)
    assert [listed.item(row).text() for row in range(2)] == ["a blue bird", "a red bird"]
    assert panel.errors == []


def test_a_favourite_stays_and_what_was_discarded_comes_back(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a red bird", 3)
    filling, side = panel.session.filling, panel.window.side
    first = filling.round.fills[0]
    side.act("favourite", first)
    side.act("dice", first)
    panel.until(lambda: len(filling.round.fills) == 4 and not filling.busy, 60)
    assert first in filling.round.fills
    before = list(filling.round.fills)
    side.act("discard", before[1])
    assert panel.window.actions_["photo.undo"].text().endswith("Discard fills")
    panel.session.undo()
    assert filling.round.fills == before
    panel.session.redo()
    assert filling.round.fills == [before[0], *before[2:]]


def test_holding_the_key_shows_the_picture_before(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    before = panel.session.display.pyramid.levels[0].copy()
    panel.fill("a blue bird", 1)
    filled = panel.session.display.pyramid.levels[0].copy()
    assert not np.array_equal(before, filled)
    QTest.keyPress(panel.window, Qt.Key.Key_QuoteLeft)
    assert np.array_equal(panel.session.display.pyramid.levels[0], before)
    QTest.keyRelease(panel.window, Qt.Key.Key_QuoteLeft)
    assert np.array_equal(panel.session.display.pyramid.levels[0], filled)


def test_the_brush_edits_the_mask_of_a_layer(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(60, 40, 180, 120)
    panel.fill("a blue bird", 1)
    panel.apply()
    window, session = panel.window, panel.session
    document, layers = session.document, window.side.layers
    applied, chosen = document.rgb.copy(), selected(panel).copy()
    window.options.resize_brush(30 / window.options.brush_size)
    layers.mask_button.click()
    assert window.tool_name == "eraser"
    press(panel, (100, 80), (140, 80))
    hidden = document.rgb.copy()
    assert np.array_equal(hidden[75:85, 100:140], document.photo.rgb8[75:85, 100:140])
    assert np.array_equal(hidden[45:60], applied[45:60])
    assert np.array_equal(selected(panel), chosen), "the selection is not what is painted"
    window.use_tool("brush")
    window.options.resize_brush(2)
    press(panel, (100, 80), (140, 80))
    assert np.array_equal(document.rgb, applied)
    session.undo()
    assert np.array_equal(document.rgb, hidden)
    assert document.undo_stack.undo_label == "Layer mask"
    actions = {action.text(): action for action in layers.menu(layers.list.item(0)).actions()}
    actions["Show all of it"].trigger()
    assert np.array_equal(document.rgb, applied)
    panel.select(60, 40, 120, 120)
    actions = {action.text(): action for action in layers.menu(layers.list.item(0)).actions()}
    actions["Hide what is selected"].trigger()
    part = np.s_[45:115, 65:115]
    assert np.array_equal(document.rgb[part], document.photo.rgb8[part])
    window.use_tool("rectangle")
    assert not layers.mask_button.isChecked()
    window.use_tool("brush")
    before = document.rgb.copy()
    press(panel, (150, 60), (170, 60))
    assert np.array_equal(document.rgb, before)
    assert selected(panel)[60, 160], "the brush selects again"


def test_the_wheel_scrolls_past_controls_and_changes_the_one_with_the_focus(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a blue bird", 1)
    side = panel.window.side
    side.describe.variants.setValue(3)

    def turn(widget: QWidget) -> None:
        at = QPointF(widget.rect().center())
        event = QWheelEvent(
            at, QPointF(widget.mapToGlobal(at.toPoint())), QPoint(), QPoint(0, -120),
            Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(widget, event)

    for control in (side.blend.strength, side.describe.variants):
        before = control.value()
        panel.window.canvas.setFocus()
        turn(control)
        assert control.value() == before
        control.setFocus()
        turn(control)
        assert control.value() < before


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
