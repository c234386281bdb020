"""What nobody foresaw, and captions that no model takes, through the real window."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nigdt_plugin.ui.batch import BatchDialog
from nigdt_plugin.ui.compare import CompareDialog
from panel import Panel
from PyQt6.QtGui import QTextLayout
from PyQt6.QtWidgets import QLabel

from nigdt.limits import CAPTION_CHARS

COLLECTS = """
import gc, sys, time
from PyQt6.QtCore import QTimer
from nigdt_plugin.ui import app
from nigdt_plugin.ui.window import Window

def shown(self, event):
    def look():
        print(gc.get_freeze_count(), len(gc.get_objects()), sys.getswitchinterval())
        self.close()
    QTimer.singleShot(500, look)

Window.showEvent = shown
sys.exit(app.run(app.Start()))
"""


def test_what_the_start_made_is_not_looked_through_for_garbage_again(lonely_user: Path):
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", COLLECTS], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    left_alone, looked_through, switch = map(float, done.stdout.split())
    assert left_alone > 10 * looked_through
    assert switch == pytest.approx(0.001)


RAISES = """
import sys
from pathlib import Path
from PyQt6.QtCore import QTimer
from nigdt_plugin.ui import app
from nigdt_plugin.ui.window import Window

def shown(self, event):
    def fail():
        raise LookupError("nobody foresaw this")
    for after in (10, 20):
        QTimer.singleShot(after, fail)
    def look():
        print(self.notice.message.text(), self.notice.hint.text(), len(self.shown_errors))
        self.close()
    QTimer.singleShot(500, look)

Window.showEvent = shown
sys.exit(app.run(app.Start()))
"""


def test_an_error_that_nobody_foresaw_is_told_once_and_ends_nothing(lonely_user: Path):
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "LANGUAGE": "en"}
    done = subprocess.run(
        [sys.executable, "-c", RAISES], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Something unexpected went wrong.")
    assert "LookupError: nobody foresaw this" in done.stdout
    assert done.stdout.split()[-1] == "1"
    assert "in fail" in done.stderr  # where it was, for whoever mends it


@pytest.mark.parametrize("mode", ["describe", "recolour"])
def test_a_caption_that_is_too_long_is_told_and_not_sent(panel: Panel, photo: Path, mode: str):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.session.settings.live = True
    describe = panel.window.side.describe
    describe.pick_mode(mode)
    describe.caption.caption = "a red bird and a blue dog " * (CAPTION_CHARS // 20)
    panel.settle()
    assert not describe.compare_button.isEnabled()
    assert "too long" in describe.purpose.text()
    describe.fill()
    describe.fill_button.click()
    panel.settle()
    assert not panel.session.filling.busy
    assert "The caption is too long. Shorten it to 1000 characters." in panel.errors
    describe.caption.caption = "a red bird"
    panel.until(lambda: bool(panel.session.filling.round and panel.session.filling.round.fills))
    assert "too long" not in describe.purpose.text()


def test_captions_elsewhere_are_no_longer_than_a_model_takes(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.session.caption = "a red bird"
    panel.window.compare_captions()
    dialog = panel.window.findChild(CompareDialog)
    dialog.captions.setPlainText("a blue bird\n" + "a red bird and a blue dog " * CAPTION_CHARS)
    dialog.fill()
    panel.until(lambda: all(tile.isEnabled() for tile in dialog.tiles), 60)
    assert [len(tile.accessibleName()) for tile in dialog.tiles] == [11, CAPTION_CHARS]
    dialog.reject()
    panel.session.caption = "a red bird " * CAPTION_CHARS
    many = BatchDialog(panel.session, panel.window)
    assert len(many.caption.text()) == CAPTION_CHARS
    many.close()


def test_a_word_written_from_the_right_leaves_the_sentence_around_it_as_it_is(panel: Panel, photo: Path):
    panel.open(photo)
    unknown = panel.window.side.describe.unknown
    unknown.show_words([("ציפור", [])], 300)
    (sentence,) = (it.text() for it in unknown.findChildren(QLabel))
    layout = QTextLayout(sentence)
    layout.beginLayout()
    line = layout.createLine()
    layout.endLayout()
    assert line.cursorToX(len(sentence))[0] > line.cursorToX(0)[0]  # it ends on the right, with its stop


def test_a_name_with_the_mark_of_a_change_is_shown_as_it_is(panel: Panel, photo: Path):
    odd = photo.with_name("bird[*].png")
    shutil.copy(photo, odd)
    panel.open(odd)
    handle = panel.window.windowHandle()
    assert handle.title() == "bird[*].png \u2013 NIGDT"
    panel.select(90, 50, 150, 110)
    panel.fill("a red bird", 1)
    panel.apply()
    assert handle.title().startswith("bird[*].png*")
