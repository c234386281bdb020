"""Describe, recolour and remove through the real window, each against a real daemon."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from nigdt_plugin.core.settings import Settings
from nigdt_plugin.ui.welcome import sample_photo
from painting_daemon import NOTHING_FITS_AT
from panel import Panel, rest, shown
from PIL import Image
from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QFileDialog, QWidget

from nigdt.errors import CaptionError
from nigdt.notices import NOTHING_FITS
from nigdt.recolouring import check_caption


@pytest.fixture
def textured(tmp_path: Path) -> Path:
    """A photo file, 320 x 240: coarse grain with a red disc on it."""
    y, x = np.mgrid[0:240, 0:320]
    grain = np.random.default_rng(5).normal(0, 22, (60, 80, 3))
    pixels = 120 + np.kron(grain, np.ones((4, 4, 1)))
    pixels[(x - 160) ** 2 + (y - 120) ** 2 < 16**2] = (200, 60, 40)
    path = tmp_path / "textured.png"
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path)
    return path


def test_the_empty_caption_says_at_once_what_another_mode_wants(panel: Panel, photo: Path):
    panel.open(photo)
    caption = panel.window.side.describe.caption
    painted: list[QEvent.Type] = []

    class Watch(QObject):
        def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:  # noqa: N802
            if a1 is not None and a1.type() == QEvent.Type.Paint:
                painted.append(a1.type())
            return False

    watch = Watch()
    caption.viewport().installEventFilter(watch)
    panel.window.side.pick_mode("describe")
    panel.settle()
    painted.clear()
    panel.window.side.pick_mode("recolour")
    panel.settle()
    caption.viewport().removeEventFilter(watch)
    assert painted, "Qt draws another placeholder only once something else changes"


def test_the_photo_gets_the_keys_when_there_is_nothing_to_type(panel: Panel, photo: Path):
    panel.open(photo)
    panel.window.side.write_caption()
    assert panel.window.side.describe.caption.hasFocus()
    panel.window.side.pick_mode("remove")
    assert panel.window.canvas.hasFocus()


def test_words_and_detail_are_asked_of_described_fills_alone(panel: Panel, photo: Path):
    panel.open(photo)
    box, asked = panel.window.side.blend, []
    box.asked.connect(lambda: asked.append(panel.session.settings.recipe()))
    box.guidance.setValue(150)
    box.detail.setValue(25)
    assert [(recipe.guidance, recipe.detail) for recipe in asked] == [(1.5, 1.0), (1.5, 0.5)]
    assert panel.session.filling.recipe == asked[-1]
    assert box.guidance.isEnabled()
    panel.session.set_mode("recolour")
    box.show_mode("recolour")
    assert not box.guidance.isEnabled()
    assert not box.detail.isEnabled()


def test_the_keys_choose_the_mode_and_it_is_remembered(panel: Panel, photo: Path):
    panel.open(photo)
    describe = panel.window.side.describe
    describe.caption.setFocus()
    for key, mode in ((Qt.Key.Key_F3, "recolour"), (Qt.Key.Key_F4, "remove"), (Qt.Key.Key_F2, "describe")):
        QTest.keyClick(panel.window, key)
        assert panel.session.settings.mode == mode
        assert describe.modes.buttons[mode].isChecked()
        assert panel.session.filling.recipe.mode == mode
    describe.modes.buttons["recolour"].click()
    panel.session.settings.save()
    assert Settings.load().mode == "recolour"


def test_recolouring_paints_the_selection_in_the_colour_named(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    side = panel.window.side
    side.describe.pick_mode("recolour")
    panel.fill("a blue bird", 5)
    (fill,) = panel.session.filling.round.fills
    assert fill.recipe.mode == "recolour"
    assert fill.maps is not None
    assert not side.describe.variants.isVisible()
    assert not side.blend.feather.isEnabled()
    assert not side.blend.match.isEnabled()
    assert side.blend.feather.toolTip()
    assert side.blend.strength.isEnabled()
    assert side.strip.item(0).text() == "a blue bird"
    assert not side.fill_actions["words"].isEnabled()
    middle = shown(panel)[80, 120].astype(int)
    assert middle[2] > middle[0]
    side.blend.strength.setValue(0)
    rest(panel)
    assert np.array_equal(shown(panel), panel.session.document.rgb)
    side.blend.strength.setValue(100)
    rest(panel)
    panel.apply()
    assert panel.session.document.layers[0].recipe.mode == "recolour"


def test_recolouring_without_a_colour_asks_for_one_and_sends_nothing(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    describe = panel.window.side.describe
    describe.pick_mode("recolour")
    with pytest.raises(CaptionError) as refused:
        check_caption("a bird")
    sentence = f"{refused.value.message} {refused.value.hint}"
    QTest.keyClicks(describe.caption, "a bird")
    assert describe.purpose.text() == sentence
    describe.fill()
    assert panel.errors == [sentence]
    assert not panel.session.filling.busy
    assert not panel.session.filling.fill_live("a bird")
    QTest.keyClicks(describe.caption, " red")
    assert describe.purpose.text() != sentence


def test_another_mode_asks_anew_while_fills_follow(panel: Panel, photo: Path):
    panel.session.settings.live = True
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    QTest.keyClicks(panel.window.side.describe.caption, "a blue bird")
    filling = panel.session.filling
    panel.until(lambda: filling.chosen is not None and filling.chosen.effective_mode == "describe", 60)
    panel.window.side.describe.pick_mode("recolour")
    panel.until(lambda: filling.chosen is not None and filling.chosen.effective_mode == "recolour", 60)
    panel.window.side.describe.pick_mode("remove")
    rest(panel)
    assert filling.chosen.effective_mode == "recolour"  # a removal is not live


def test_what_follows_the_typing_does_not_come_in_another_mode(panel: Panel, photo: Path):
    panel.session.settings.live = True
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.window.side.describe.caption.caption = "slowly 2 a blue bird"
    filling = panel.session.filling
    panel.until(lambda: bool(filling.jobs))
    panel.window.side.describe.pick_mode("remove")
    assert not filling.busy
    rest(panel)
    assert filling.chosen is None
    assert filling.preview.layer is None


@pytest.mark.parametrize("mode", ["recolour", "remove"])
def test_another_mode_does_not_bring_back_a_fill_whose_layer_is_hidden(panel: Panel, grey: Path, mode: str):
    panel.open(grey)
    before = shown(panel).copy()
    panel.select(80, 50, 140, 110)
    panel.fill("a red bird", 1)
    panel.apply()
    (layer,) = panel.session.document.layers
    panel.session.layering.show(layer, False)
    rest(panel)
    assert np.array_equal(shown(panel), before)
    panel.window.side.describe.pick_mode(mode)
    rest(panel)
    assert np.array_equal(shown(panel), before)
    assert not panel.window.side.apply_button.isEnabled()


def test_removing_needs_no_words_and_variants_differ(panel: Panel, textured: Path):
    panel.open(textured, "a red bird")
    panel.select(140, 100, 180, 140)
    side = panel.window.side
    side.describe.variants.setValue(3)
    QTest.keyClick(panel.window, Qt.Key.Key_F4)
    assert not side.describe.caption.isEnabled()
    assert side.describe.caption.caption == ""
    assert side.describe.fill_button.text() == "Remove"
    shares, bars = set(), set()
    panel.session.fills.connect(lambda: shares.add(panel.session.filling.fraction))
    panel.session.fills.connect(lambda: bars.add(side.describe.progress.maximum()))
    panel.window.canvas.setFocus()
    QTest.keyClick(panel.window.canvas, Qt.Key.Key_Return)
    assert side.describe.fill_button.text() == "Stop"
    rest(panel)
    assert 1000 in bars, "it showed how much was done"
    assert len(shares - {None}) > 1, "it moves on, however few of its steps a quick machine shows"
    fills = panel.session.filling.round.fills
    assert [fill.variant.seed for fill in fills] == [None, 1, 2]
    assert [side.strip.item(place).text() for place in range(3)] == ["1", "2", "3"]
    assert all(fill.recipe.caption == "" and fill.recipe.mode == "remove" for fill in fills)
    hole = panel.session.filling.round.context.hole > 0
    for one in range(3):
        for other in range(one):
            apart = np.abs(fills[one].pixels.astype(int) - fills[other].pixels).mean(-1)
            assert apart[hole].mean() > 5, (one, other)
    assert (shown(panel)[120, 160].astype(int) - (200, 60, 40)).max() > 20  # the disc is gone
    side.describe.fill()
    rest(panel)
    assert [fill.variant.seed for fill in panel.session.filling.round.fills] == [3, 4, 5]
    QTest.keyClick(panel.window, Qt.Key.Key_F2)
    assert side.describe.caption.caption == "a red bird"


def test_a_removal_is_stopped(panel: Panel, textured: Path):
    panel.open(textured)
    panel.select(140, 100, 180, 140)
    side = panel.window.side
    side.describe.variants.setValue(16)
    side.describe.pick_mode("remove")
    side.describe.fill_button.click()
    filling = panel.session.filling
    panel.until(lambda: bool(filling.round and filling.round.fills), 60)
    side.describe.fill_button.click()
    assert not filling.busy
    assert side.describe.fill_button.text() == "Remove"
    assert len(filling.round.fills) < 16


def test_the_selection_is_grown_as_the_slider_says(panel: Panel, textured: Path):
    panel.open(textured)
    panel.select(140, 100, 180, 140)
    describe = panel.window.side.describe
    describe.pick_mode("remove")
    describe.variants.setValue(1)
    sizes = []
    for value in (-1, 0, 12):
        describe.grow.slider.setValue(value)
        describe.fill()
        rest(panel)
        sizes.append(int((panel.session.filling.round.context.selection > 0).any(0).sum()))
    assert sizes == [46, 40, 64]
    describe.pick_mode("describe")
    assert panel.session.filling.recipe.grow is None


def test_what_the_daemon_says_is_told_once(panel: Panel, textured: Path):
    panel.open(textured)
    panel.select(140, 100, 180, 140)
    side = panel.window.side
    side.describe.variants.setValue(1)
    side.describe.pick_mode("remove")
    side.describe.grow.slider.setValue(NOTHING_FITS_AT)
    side.describe.fill()
    rest(panel)
    assert side.notes.text() == NOTHING_FITS
    side.describe.fill()
    rest(panel)
    assert side.notes.text() == NOTHING_FITS


def test_to_describe_without_words_removes_and_says_so(panel: Panel, textured: Path):
    panel.open(textured)
    panel.select(140, 100, 180, 140)
    side = panel.window.side
    assert side.describe.fill_button.text() == "Remove"
    assert side.describe.purpose.text() == "Without words, the region is filled with its surroundings."
    side.describe.variants.setValue(1)
    side.describe.fill()
    rest(panel)
    (fill,) = panel.session.filling.round.fills
    assert (fill.recipe.mode, fill.effective_mode) == ("describe", "remove")
    assert "Without words" in side.notes.text()


def test_the_rest_of_a_cut_object_is_offered(panel: Panel, photo: Path, tmp_path: Path):
    pixels = np.full((200, 300, 3), (90, 140, 80), np.uint8)
    pixels[60:140, 60:220] = (200, 60, 40)
    path = tmp_path / "bar.png"
    noise = np.random.default_rng(1).normal(0, 4, pixels.shape)
    Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8)).save(path)
    panel.open(path)
    describe = panel.window.side.describe
    describe.pick_mode("remove")
    panel.select(55, 55, 180, 145)
    panel.until(lambda: describe.rest_hint.isVisible(), 30)
    describe.rest_hint.take.click()
    panel.settle()
    assert panel.session.document.selection.mask[100, 210] == 255
    panel.session.undo()
    assert panel.session.document.selection.mask[100, 210] == 0


def test_a_model_that_cannot_recolour_says_so(panel: Panel, photo: Path, user: Path):
    (user / "data" / "bundles" / "nigdt-small" / "recolour.safetensors").unlink()
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    describe = panel.window.side.describe
    describe.pick_mode("recolour")
    assert describe.purpose.text() == "This model cannot recolour. Choose another model."
    panel.session.caption = "blue"
    describe.fill()
    assert panel.errors == ["This model cannot recolour. Choose another model."]


@pytest.mark.parametrize("size", [(1280, 820), (1024, 700)])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_pictures_of_the_modes(
    panel: Panel,
    textured: Path,
    picture_of: Callable[[str, QWidget], np.ndarray],
    size: tuple[int, int],
    theme: str,
):
    window, describe = panel.window, panel.window.side.describe
    window.resize(*size)
    window.set_theme(theme)
    panel.open(textured)
    panel.select(140, 100, 180, 140)
    for mode, caption in (("describe", "a yellow bird"), ("recolour", "a blue bird"), ("remove", "")):
        describe.pick_mode(mode)
        panel.settle()
        empty = picture_of(f"mode-{mode}-before-{theme}-{size[0]}", window)
        describe.variants.setValue(3)
        if mode != "remove":
            panel.fill(caption, 3)
        else:
            describe.fill()
        rest(panel)
        filled = picture_of(f"mode-{mode}-{theme}-{size[0]}", window)
        assert empty.shape[:2] == filled.shape[:2] == (size[1], size[0])
        for widget in (describe.fill_button, *describe.modes.buttons.values()):
            right = widget.mapTo(window, widget.rect().bottomRight())
            assert right.x() < size[0]
            assert widget.width() >= widget.sizeHint().width(), widget.text()


@pytest.mark.parametrize("answer", ["apply", "without", "cancel"])
def test_what_is_shown_is_what_is_saved(panel: Panel, photo: Path, tmp_path: Path, monkeypatch, answer: str):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a red bird", 1)
    seen = shown(panel).copy()
    target = panel.session.save_path = tmp_path / "saved.png"
    asked = []
    monkeypatch.setattr(panel.window, "ask_about_fill", lambda leaving, **_: asked.append(leaving) or answer)
    panel.window.save()
    panel.idle()
    assert asked == [False]
    assert target.exists() == (answer != "cancel")
    if answer != "cancel":
        with Image.open(target) as saved, Image.open(photo) as before:
            assert np.array_equal(np.asarray(saved), seen if answer == "apply" else np.asarray(before))
        assert panel.window.windowTitle().startswith("saved.png")
    panel.window.close()
    panel.until(lambda: answer == "cancel" or not panel.window.isVisible())
    assert asked == ([False] if answer == "apply" else [False, True])
    assert panel.window.isVisible() == (answer == "cancel")


def test_a_fill_that_comes_while_a_file_name_is_asked_for_is_asked_about(
    panel: Panel, photo: Path, tmp_path: Path, monkeypatch
):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    target, asked = tmp_path / "saved.png", []

    def name_it(*_arguments: object) -> tuple[str, str]:
        panel.fill("a red bird", 1)
        return str(target), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", name_it)
    monkeypatch.setattr(panel.window, "ask_about_fill", lambda leaving, **_: asked.append(leaving) or "apply")
    panel.window.save_as()
    panel.until(target.exists)
    panel.idle()
    assert asked == [False]
    with Image.open(target) as saved:
        assert np.array_equal(np.asarray(saved), shown(panel))


def test_words_are_asked_for_though_nothing_is_around_the_hole(panel: Panel, photo: Path):
    panel.open(photo)
    panel.window.actions_["photo.all"].trigger()
    panel.idle()
    panel.fill("a red bird", 1)
    panel.window.side.show_words(True)
    panel.until(lambda: not panel.session.filling.busy, 30)
    assert panel.session.filling.chosen.words
    assert panel.window.side.describe.fill_button.text() == "Fill"
    assert panel.errors == []
    panel.session.filling.put_away()  # or its fill would be asked about
    panel.open(sample_photo())
    assert panel.window.side.words.isHidden(), "another photo has no fill yet whose words are shown"
    assert not panel.window.side.fill_actions["words"].isChecked()


def test_another_photo_begins_without_a_caption(panel: Panel, photo: Path, grey: Path):
    panel.open(photo, "a red bird")
    panel.open(grey)
    assert panel.session.caption == ""
    assert panel.window.side.describe.caption.caption == ""


def test_the_next_step_is_to_name_a_colour_where_the_words_name_none(panel: Panel, photo: Path):
    panel.session.settings.live = True
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    side = panel.window.side
    side.describe.pick_mode("recolour")
    QTest.keyClicks(side.describe.caption, "a bird")
    panel.settle()
    assert side._none.text() == "Now name the colour."


def test_a_fill_that_was_asked_for_is_said_to_be_on_its_way(panel: Panel, tmp_path: Path):
    grain = np.random.default_rng(2).integers(90, 150, (1000, 1400, 3), dtype=np.uint8)
    Image.fromarray(grain).save(tmp_path / "large.png")
    panel.open(tmp_path / "large.png")
    panel.select(600, 500, 640, 540)
    side = panel.window.side
    side.describe.pick_mode("remove")
    side.describe.fill()
    assert side._none.text() == "It is being filled …"
    rest(panel)
