"""Typing a caption in the window: fills that follow, words on offer, unknown and German words."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from nigdt_plugin.core import german, heat
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.ui.strip import thumbnail
from panel import Panel
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QPixmap
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QAbstractButton

from nigdt.bundle.bundle import find_bundle


def test_fills_follow_the_typing(panel: Panel, photo: Path):
    panel.session.settings.live = True
    panel.session.settings.variants = 3
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    side = panel.window.side
    side.describe.caption.setFocus()
    QTest.keyClicks(side.describe.caption, "a red", delay=5)
    panel.until(lambda: panel.session.filling.chosen is not None, 60)
    QTest.keyClicks(side.describe.caption, " and then a blue bird", delay=5)
    panel.until(
        lambda: (
            panel.session.filling.chosen.caption == "a red and then a blue bird"
            and len(panel.session.filling.round.fills) == 3
        ),
        60,
    )
    assert {fill.caption for fill in panel.session.filling.round.fills} == {"a red and then a blue bird"}


def test_a_key_asks_for_its_fill_before_anything_is_painted(panel: Panel, photo: Path):
    panel.session.settings.live = True
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    filling, caption = panel.session.filling, panel.window.side.describe.caption
    caption.setFocus()
    QTest.keyClicks(caption, "a re")
    panel.until(lambda: not filling.busy and not filling.preview.busy)
    QTest.keyClick(caption, "d")
    assert [job.request.recipe.caption for job in filling.jobs.values()] == ["a red"]


def test_fills_are_made_small_beside_the_window(panel: Panel, photo: Path, monkeypatch: pytest.MonkeyPatch):
    threads: list[threading.Thread] = []
    real = heat.of_fill

    def of_fill(*arguments, **options):
        threads.append(threading.current_thread())
        return real(*arguments, **options)

    monkeypatch.setattr(heat, "of_fill", of_fill)
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a red bird", 3)
    filling, strip = panel.session.filling, panel.window.side.strip

    def small(position: int) -> QPixmap | None:
        return strip.item(position).data(Qt.ItemDataRole.DecorationRole)

    panel.until(lambda: all(small(position) for position in range(3)))
    assert len(threads) == 3
    assert threading.main_thread() not in threads
    for position, fill in enumerate(filling.round.fills):
        assert small(position).toImage() == thumbnail(filling.round.context, fill).toImage()


def test_nothing_is_filled_by_itself_when_a_selection_comes_back(panel: Panel, photo: Path):
    session = panel.session
    panel.open(photo)
    for left, caption in ((20, "a red bird"), (120, "a blue bird")):
        panel.select(left, 50, left + 60, 110)
        panel.fill(caption, 1)
        panel.apply()
    session.settings.live = True
    timer, layers = panel.window.side.describe._live_timer, panel.window.side.layers
    panel.select(20, 20, 60, 40)
    assert timer.isActive()  # a new one is filled
    session.filling.put_away()
    session.undo()
    assert session.document.selection.bounds == Region(120, 50, 180, 110)
    assert not timer.isActive()
    session.redo()
    assert not timer.isActive()
    session.layering.select(layers.list.item(1).data(Qt.ItemDataRole.UserRole))
    assert session.document.selection.bounds == Region(20, 50, 80, 110)
    assert not timer.isActive()


def test_completion_and_unknown_words(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    caption = panel.window.side.describe.caption
    caption.setFocus()
    QTest.keyClicks(caption, "a ye")
    offered = caption.offered
    assert offered.isVisible()
    assert offered.words[0] == "yellow"
    QTest.keyClick(caption, Qt.Key.Key_Tab)
    assert caption.caption == "a yellow"
    QTest.keyClicks(caption, "brid on")
    assert caption.unknown() == [("brid", ["bird"])]
    panel.settle()
    chips = [w for w in panel.window.side.describe.unknown.findChildren(QAbstractButton) if not w.isHidden()]
    chips[0].click()
    assert caption.caption == "a yellow bird on"
    assert caption.unknown() == []
    assert not offered.isVisible()


def test_a_word_is_not_called_unknown_while_it_is_typed(panel: Panel, photo: Path):
    def waves() -> list[str]:
        layout = caption.document().firstBlock().layout()
        return [caption.toPlainText()[it.start : it.start + it.length] for it in layout.formats()]

    panel.open(photo)
    panel.select(90, 50, 150, 110)
    describe = panel.window.side.describe
    caption = describe.caption
    panel.window.activateWindow()
    caption.setFocus()
    QTest.keyClicks(caption, "a ye")
    assert caption.unknown() == []
    assert waves() == []
    assert describe.unknown.isHidden()
    panel.until(lambda: not describe.unknown.isHidden(), 10)  # a pause
    assert waves() == ["ye"]
    QTest.keyClicks(caption, "l")
    assert (waves(), describe.unknown.isHidden()) == ([], True)
    QTest.keyClicks(caption, " ")
    assert (waves(), describe.unknown.isHidden()) == (["yel"], False)
    QTest.keyClick(caption, Qt.Key.Key_Backspace)
    assert (waves(), describe.unknown.isHidden()) == ([], True)
    caption.clearFocus()
    assert (waves(), describe.unknown.isHidden()) == (["yel"], False)


def test_german_words_are_answered_with_the_english_ones(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    describe = panel.window.side.describe
    describe.caption.caption = "roter vogel"
    panel.settle()
    shown = describe.unknown.findChildren(QAbstractButton)
    chips = {chip.text(): chip for chip in shown if not chip.isHidden()}
    assert set(chips) == {"red", "bird"}
    chips["red"].click()
    panel.settle()
    assert describe.caption.caption == "red vogel"


@pytest.mark.parametrize(
    ("word", "english"),
    [
        ("Vogel", "bird"),
        ("grünen", "green"),
        ("weißes", "white"),
        ("bird", ""),
        ("roten", "red"),
        ("gruener", "green"),
        ("Voegel", "birds"),
        ("Ente", "duck"),
        ("Gänsen", "geese"),
        ("Mülleimers", "trash"),
    ],
)
def test_german_words_are_found_in_every_form(word: str, english: str):
    assert german.english(word) == english


def test_the_default_model_knows_the_english_words():
    known = find_bundle("default").vocabulary()
    assert len(german._WORDS) > 300
    assert known.unknown(" ".join(german._WORDS.values())) == []


def test_words_on_offer_cover_no_button_and_take_no_click(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    window, describe = panel.window, panel.window.side.describe
    describe.caption.setFocus()
    QTest.keyClicks(describe.caption, "a red bi")
    offered = describe.caption.offered
    assert offered.isVisible()
    assert not offered.isWindow()
    assert offered.geometry().right() < describe.caption.mapTo(window, QPoint(0, 0)).x()
    place = window.mapFromGlobal(describe.fill_button.mapToGlobal(describe.fill_button.rect().center()))
    target = window.childAt(place)
    assert target is describe.fill_button
    QTest.mouseClick(target, Qt.MouseButton.LeftButton)
    panel.until(lambda: panel.session.filling.chosen is not None, 60)
    assert panel.session.filling.chosen.caption == "a red bi"
    describe.caption.setFocus()
    QTest.keyClick(describe.caption, Qt.Key.Key_Backspace)
    QTest.keyClicks(describe.caption, "i")
    assert offered.isVisible()
    QTest.mouseClick(
        offered.viewport(), Qt.MouseButton.LeftButton, pos=offered.visualItemRect(offered.item(0)).center()
    )
    assert describe.caption.caption == "a red bird"
    assert not offered.isVisible()
