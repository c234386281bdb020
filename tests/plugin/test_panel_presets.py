"""Presets: mode, words and settings under one name, in the menu beside the caption."""

from __future__ import annotations

from pathlib import Path

import pytest
from nigdt_plugin.core.presets import Preset
from nigdt_plugin.core.settings import Settings
from nigdt_plugin.ui.compare import CompareDialog
from panel import Panel
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction, QCursor
from PyQt6.QtWidgets import QInputDialog, QMenu


def entries(menu: QMenu) -> dict[str, QAction]:
    menu.aboutToShow.emit()
    return {action.text(): action for action in menu.actions() if action.text()}


def test_a_preset_sets_mode_words_and_settings(panel: Panel, photo: Path, monkeypatch: pytest.MonkeyPatch):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    side, settings = panel.window.side, panel.session.settings
    menu = side.describe.used.preset_button.menu()
    side.pick_mode("recolour")
    side.describe.caption.caption = "a red bird"
    side.blend.strength.setValue(40)
    monkeypatch.setattr(QInputDialog, "getText", lambda *_args, **_more: (" faded red ", True))
    entries(menu)["Keep mode, words and settings …"].trigger()

    entries(menu)["Remove with a wide rim"].trigger()
    assert (settings.mode, settings.grow, settings.strength) == ("remove", 10, 1.0)
    assert side.describe.grow.slider.value() == 10
    assert panel.session.filling.recipe.grow == 10
    assert side.describe.used.preset_button.isVisible()

    entries(menu)["Clear blue sky"].trigger()
    assert (settings.mode, panel.session.caption) == ("describe", "clear blue sky")
    assert side.describe.caption.caption == "clear blue sky"
    assert side.blend.strength.value() == 100

    entries(menu)["faded red"].trigger()
    assert (settings.mode, panel.session.caption) == ("recolour", "a red bird")
    assert side.blend.strength.value() == 40
    assert panel.session.filling.recipe.strength == 0.4

    settings.save()
    assert Settings.load().presets == settings.presets
    assert [preset.name for preset in settings.presets] == ["faded red"]
    entries(entries(menu)["Drop"].menu())["faded red"].trigger()
    assert settings.presets == []


def test_words_of_presets_are_offered_to_compare(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    settings = panel.session.settings
    settings.presets = [Preset("misty", caption="a forest in mist"), Preset("without words")]
    panel.window.side.describe.caption.caption = "a red bird"
    panel.window.compare_captions()
    offered = panel.window.findChild(CompareDialog).captions.toPlainText().split("\n")
    assert offered[:2] == ["a red bird", "a forest in mist"]
    assert "" not in offered


def test_captions_are_compared_by_one_draw(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a red bird", 3)
    panel.window.compare_captions()
    dialog = panel.window.findChild(CompareDialog)
    dialog.captions.setPlainText("a red bird\na blue bird")
    dialog.fill()
    panel.until(lambda: all(tile.isEnabled() for tile in dialog.tiles), 60)
    fills = {fill.id: fill for fill in panel.session.filling.round.fills}
    assert [fills[tile.property("fill")].variant.seed for tile in dialog.tiles] == [None, None]
    for waits in (False, True):  # the place of one that is still to come has a frame
        dialog.tiles[0].setEnabled(not waits)
        picture, middle = dialog.tiles[0].grab().toImage(), dialog.tiles[0].height() // 2
        framed = any(picture.pixelColor(0, middle + step).lightness() > 40 for step in range(12))
        assert framed == waits
    dialog.accept()
    panel.idle()


def test_a_menus_button_is_not_lit_after_the_pointer_has_left(panel: Panel, photo: Path):
    panel.open(photo)
    panel.session.settings.captions = ["salt & pepper"]
    button = panel.window.side.describe.used.history_button
    button.setAttribute(Qt.WidgetAttribute.WA_UnderMouse)  # as X11 leaves it: its menu took the pointer
    QCursor.setPos(panel.window.canvas.mapToGlobal(panel.window.canvas.rect().center()))
    button.menu().popup(button.mapToGlobal(button.rect().bottomLeft()))
    assert [action.text() for action in button.menu().actions()] == ["salt && pepper"]
    button.menu().hide()
    panel.until(lambda: not button.underMouse())
    QCursor.setPos(button.mapToGlobal(button.rect().center()))
    button.menu().popup(button.mapToGlobal(button.rect().bottomLeft()))
    button.menu().hide()
    panel.until(button.underMouse)
