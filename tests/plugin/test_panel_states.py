"""Every state of the window, drawn offscreen; ``NIGDT_PICTURES=folder`` keeps the pictures."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from nigdt_plugin.core.selection import Combine, stroke
from nigdt_plugin.core.settings import Settings
from nigdt_plugin.ui.compare import CompareDialog
from nigdt_plugin.ui.keys import KeysDialog
from nigdt_plugin.ui.models import ModelDialog, ModelText
from nigdt_plugin.ui.status import device_name
from nigdt_plugin.ui.strip import thumbnail
from nigdt_plugin.ui.theme import DARK
from nigdt_plugin.ui.train import TrainDialog
from nigdt_plugin.ui.welcome import sample_photo
from panel import Panel
from panel_daemon import write_bundle
from PIL import Image
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QDialogButtonBox, QLabel, QProxyStyle, QPushButton, QStyle, QWidget

from nigdt.bundle.bundle import PICTURE, find_bundle
from nigdt.notices import CPU_FOR_MEMORY


@pytest.fixture
def panel(user: Path) -> Iterator[Panel]:
    write_bundle(user / "data" / "bundles" / "my-garden", "My garden")
    panel = Panel(Settings(theme="dark", live=False, seen_hints=False))
    yield panel
    panel.close()


@pytest.fixture
def picture(panel: Panel, picture_of: Callable[[str, QWidget], np.ndarray]) -> Callable[..., np.ndarray]:
    """Draw a widget, the window by default."""

    def draw(name: str, widget: QWidget | None = None) -> np.ndarray:
        panel.settle()
        return picture_of(name, widget or panel.window)

    return draw


def share(pixels: np.ndarray, colour: tuple[int, int, int], within: int = 40) -> float:
    """Share of the pixels near a colour."""
    return float((np.abs(pixels.astype(int) - colour).max(-1) < within).mean())


def test_welcome(panel: Panel, picture: Callable[..., np.ndarray]):
    pixels = picture("welcome")
    assert panel.window.welcome.isVisible()
    assert share(pixels, (15, 127, 158), 12) > 0.005  # the open button
    assert not panel.window.actions_["photo.save"].isEnabled()


def test_from_hints_to_an_applied_fill(panel: Panel, picture: Callable[..., np.ndarray]):
    window = panel.window
    panel.open(sample_photo())
    assert window.hints.isVisible()
    picture("hints")
    panel.select(560, 180, 800, 420)
    assert window.hints.done == [True, False, False]
    QTest.keyClicks(window.side.describe.caption, "a bird with a purpl belly")
    panel.settle()
    assert window.side.describe.unknown.isVisible()
    picture("unknown-word")
    panel.fill("a bird with a red belly", 6)
    before = picture("fills")
    strip = window.side.strip
    assert strip.count() == 6
    for position in range(6):
        assert strip.viewport().rect().contains(strip.visualItemRect(strip.item(position))), position
    window.actions_["context"].setChecked(True)
    panel.until(lambda: bool(window.canvas._overlays))
    context = picture("context")
    assert not np.array_equal(before, context)
    window.actions_["context"].setChecked(False)
    panel.apply()
    panel.idle()
    picture("applied")
    assert not window.hints.isVisible()
    assert panel.session.settings.seen_hints
    assert window.side.apply_button.text() == "Applied"
    assert panel.errors == []


@pytest.mark.parametrize(
    ("mode", "wanted"), [("describe", "should be there"), ("recolour", "colour"), ("remove", "Remove")]
)
def test_hints_say_what_the_mode_wants(panel: Panel, mode: str, wanted: str):
    panel.open(sample_photo())
    panel.window.side.describe.pick_mode(mode)
    shown = [it.text() for it in panel.window.hints.findChildren(QLabel) if not it.text().isdigit()]
    assert any(wanted in text for text in shown), shown


def test_hints_step_aside_while_the_photo_is_examined(panel: Panel):
    window = panel.window
    panel.open(sample_photo())
    for name in ("photo.loupe", "photo.wipe"):
        window.actions_[name].trigger()
        panel.until(lambda: not window.hints.isVisible())
        window.actions_[name].trigger()
        assert window.hints.isVisible()


def test_a_context_that_is_not_square_is_shown_as_it_is(
    user: Path, photo: Path, picture_of: Callable[[str, QWidget], np.ndarray]
):
    panel = Panel(Settings(theme="dark", live=False, seen_hints=True, widen=3.0))
    panel.open(photo)
    panel.select(20, 60, 220, 100)
    panel.fill("a red bird", 2)
    round_, strip = panel.session.filling.round, panel.window.side.strip
    panel.until(lambda: strip.item(1).data(Qt.ItemDataRole.DecorationRole) is not None)
    assert (round_.context.box.width, round_.context.box.height) == (240, 160)
    small = thumbnail(round_.context, round_.fills[0])
    assert small.width() > 1.4 * small.height()
    pixels = picture_of("wide-context", strip.viewport()).astype(int)
    place = strip.visualItemRect(strip.item(1))
    seen = pixels[place.top() + 4 :, place.left() :][:102, :102]  # the thumbnail's square
    ground = QColor(DARK.raised).getRgb()[:3]
    for bar in (seen[2:15, 20:80], seen[-15:-2, 20:80]):
        assert np.abs(bar - ground).max() <= 2
    panel.close()


def test_words_that_drew_it(panel: Panel, picture: Callable[..., np.ndarray]):
    panel.open(sample_photo())
    panel.select(560, 180, 800, 420)
    panel.fill("a bird with a red belly", 3)
    side = panel.window.side
    side.show_words(True)
    panel.until(lambda: len(side.words.chips) == 6)
    canvas, region = panel.window.canvas, panel.session.filling.preview.layer.region
    middle = canvas.to_widget(*((region.left + region.right) / 2, (region.top + region.bottom) / 2)).toPoint()
    plain = canvas.grab().toImage().pixelColor(middle)
    side.words.chips[4].setFocus()
    panel.idle()
    picture("words")
    assert canvas.grab().toImage().pixelColor(middle).red() < 0.7 * plain.red()  # the painter halves it
    assert side.words.hint.text() == "red: without it the fill differs by 40 of 255 levels"
    side.words.chips[0].setFocus()
    panel.idle()
    assert side.words.hint.text() == "a: without it the fill is the same"
    side.show_words(False)
    assert canvas.grab().toImage().pixelColor(middle) == plain


def test_a_fill_whose_application_was_undone_is_shown_again_by_a_click(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a red bird", 2)
    filling, strip = panel.session.filling, panel.window.side.strip
    shown = filling.preview.layer.rgb.copy()
    panel.apply()
    panel.session.undo()
    panel.until(lambda: not panel.session.document.layers)
    place = strip.visualItemRect(strip.item(0)).center()
    QTest.mouseClick(strip.viewport(), Qt.MouseButton.LeftButton, pos=place)
    panel.until(lambda: filling.preview.layer is not None, 10)
    assert np.array_equal(filling.preview.layer.rgb, shown)
    panel.until(panel.window.side.apply_button.isEnabled, 10)
    panel.apply()
    QTest.mouseClick(strip.viewport(), Qt.MouseButton.LeftButton, pos=place)
    panel.idle()
    assert filling.preview.layer is None  # the picture holds it
    assert len(panel.session.document.layers) == 1


def test_selection_tint_and_brush(panel: Panel, picture: Callable[..., np.ndarray]):
    panel.open(sample_photo())
    panel.session.select(stroke([(400, 300), (600, 350), (700, 250)], 120, 0.3), Combine.REPLACE, "Brush")
    panel.window.use_tool("brush")
    lines = picture("ants")
    panel.window.actions_["tint"].setChecked(True)
    tint = picture("tint")
    assert np.abs(tint.astype(int) - lines).max(-1).mean() > 0.3
    panel.window.actions_["ants"].setChecked(False)
    hidden = picture("unselected")
    assert not np.array_equal(hidden, tint)


def test_captions_side_by_side(panel: Panel, picture: Callable[..., np.ndarray]):
    panel.session.settings.captions = [
        "a bird with a blue belly",
        "a bird with a yellow belly",
        "a small white bird",
    ]
    panel.open(sample_photo(), "a bird with a red belly")
    panel.select(560, 180, 800, 420)
    panel.window.compare_captions()
    dialog = panel.window.findChild(CompareDialog)
    panel.until(lambda: all(tile.isEnabled() for tile in dialog.tiles), 60)
    pixels = picture("captions", dialog)
    assert len(dialog.tiles) == 6
    assert dialog.tiles[4].accessibleName() == "a bird with a white belly"  # in another colour
    for colour in ((180, 60, 50), (60, 100, 180), (200, 180, 70)):
        assert share(pixels, colour) > 0.003, colour
    dialog.tiles[1].click()
    assert panel.session.caption == "a bird with a blue belly"
    assert panel.session.filling.chosen.caption == "a bird with a blue belly"
    panel.idle()


def test_models_as_cards(panel: Panel, picture: Callable[..., np.ndarray]):
    panel.open(sample_photo())
    shown = Image.new("RGB", (224, 224), (10, 200, 30))
    shown.save(find_bundle("my-garden").folder / PICTURE)
    panel.window.choose_model()
    dialog = panel.window.findChild(ModelDialog)
    pixels = picture("models", dialog)
    assert share(pixels, (10, 200, 30), 2) == pytest.approx(112**2 / (dialog.width() * dialog.height()), 0.05)
    assert [card.info.name for card in dialog.cards] == ["my-garden", "nigdt-small"]
    assert dialog.cards[1].radio.isChecked()
    dialog.cards[0].radio.click()
    assert panel.session.settings.model == "my-garden"
    assert panel.session.filling.model == "my-garden"
    next(it for it in dialog.cards[0].findChildren(QPushButton) if it.text() == "Model card").click()
    (card,) = dialog.findChildren(ModelText)
    assert "Draws what it has seen." in card.text.toPlainText()
    card.accept()
    dialog.accept()
    assert "My garden" not in panel.errors


def test_models_that_are_broken_or_hostile_are_named_and_open_no_file(panel: Panel):
    panel.open(sample_photo())
    folder = find_bundle("my-garden").folder
    pipe = folder.parent / "pipe"
    os.mkfifo(pipe)
    (folder / "README.md").write_text(f"# Mine\n\n![x](file://{pipe})\n\n<img src='file://{pipe}'>\n")
    (folder / PICTURE).write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>")
    broken = folder.parent / "broken"
    broken.mkdir()
    (broken / "model.yaml").write_text("[" * 5000)
    panel.window.choose_model()
    dialog = panel.window.findChild(ModelDialog)
    assert [card.info.name for card in dialog.cards] == ["my-garden", "nigdt-small"]
    assert len(dialog.broken) == 1
    assert dialog.broken[0].startswith("Left out: Bundle broken")
    next(it for it in dialog.cards[0].findChildren(QPushButton) if it.text() == "Model card").click()
    (card,) = dialog.findChildren(ModelText)
    card.grab()
    assert "Mine" in card.text.toPlainText()
    card.accept()
    dialog.accept()


def test_what_the_daemon_has_to_say_is_shown_once(panel: Panel, picture: Callable[..., np.ndarray]):
    panel.open(sample_photo())
    panel.select(560, 180, 800, 420)
    panel.fill("a bird out of memory", 1)
    window = panel.window
    panel.until(lambda: bool(panel.session.link_state.notices), 20)
    assert CPU_FOR_MEMORY in window.notice.hint.text()
    assert CPU_FOR_MEMORY in window.status.daemon.toolTip()
    pixels = picture("stepped-down")
    assert share(pixels, (240, 176, 74), 12) > 0.00003  # the warning's dot
    window.choose_model()
    assert CPU_FOR_MEMORY in window.findChild(ModelDialog).state.text()
    window.findChild(ModelDialog).accept()
    window.notice.hide()
    QTest.qWait(3500)  # the next status says it again
    assert not window.notice.isVisible()
    panel.fill("a red bird", 1)
    panel.until(lambda: not panel.session.link_state.notices, 20)
    assert CPU_FOR_MEMORY not in window.status.daemon.toolTip()


@pytest.mark.parametrize(
    ("device", "shown"), [("cpu", "CPU"), ("cuda:0", "GPU"), ("cuda:1", "GPU 1"), ("mps", "Apple GPU")]
)
def test_devices_are_called_what_people_call_them(device: str, shown: str):
    assert device_name({"device": device}) == shown


def test_train_dialog_and_keys(panel: Panel, picture: Callable[..., np.ndarray], tmp_path: Path):
    panel.window.train()
    dialog = panel.window.findChild(TrainDialog)
    assert not dialog.start_button.isEnabled()
    dialog.folder.setText(str(tmp_path))
    assert dialog.start_button.isEnabled()
    picture("train", dialog)
    dialog.close()
    panel.window.show_keys()
    keys = panel.window.findChild(KeysDialog)
    picture("keys", keys)
    keys.accept()


def test_light_with_history_and_an_error(panel: Panel, picture: Callable[..., np.ndarray]):
    panel.window.set_theme("light")
    panel.open(sample_photo())
    panel.select(560, 180, 800, 420)
    panel.fill("a bird with a white belly", 3)
    panel.apply()
    panel.window.side.tabs.setCurrentIndex(1)
    panel.until(lambda: panel.window.side.history.list.count() == 1)
    for answer, left in (("Keep them", 1), ("Forget", 0)):
        panel.window.actions_["clear_history"].trigger()
        buttons = panel.window.notice.findChildren(QPushButton)
        next(button for button in reversed(buttons) if button.text() == answer).click()
        panel.idle()
        panel.until(lambda left=left: panel.window.side.history.list.count() == left)
    panel.session.notice("The daemon did not start.", "`nigdt doctor` says what is missing.")
    pixels = picture("light")
    assert pixels.mean() > 150
    panel.window.set_theme("dark")
    assert picture("dark-again").mean() < 120


def test_an_entry_of_the_history_that_is_gone_says_so_and_leaves_the_list(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a red bird", 1)
    history = panel.window.side.history
    panel.until(lambda: history.list.count() == 1)
    shutil.rmtree(panel.session.history.folder)
    history.list.itemActivated.emit(history.list.item(0))
    panel.until(lambda: bool(panel.errors))
    assert panel.errors.pop().startswith("This entry of the history is no longer there.")
    panel.until(lambda: history.list.count() == 0)


def test_recovery_is_offered(panel: Panel, picture: Callable[..., np.ndarray], user: Path, photo: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a red bird", 1)
    panel.apply()
    panel.session.autosave()
    panel.idle()
    work = panel.session.keeping.recovery.folder / "work.json"
    work.write_text(work.read_text().replace(f'"pid": {os.getpid()}', '"pid": 4194305'))
    panel.window.offer_recovery()
    assert panel.window.notice.isVisible()
    assert "photo.png" in panel.window.notice.message.text()
    picture("recovery")


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_icons_are_sharp_at_any_pixel_ratio(panel: Panel, ratio: float):
    icon = panel.window.tool_column.buttons["lasso"].icon()
    pixmap = icon.pixmap(panel.window.tool_column.buttons["lasso"].iconSize(), ratio)
    assert pixmap.width() == round(22 * ratio)
    assert pixmap.devicePixelRatio() == ratio


DRAW = """
import sys
from nigdt_plugin.core.session import Session
from nigdt_plugin.core.settings import Settings
from nigdt_plugin.ui.app import application
from nigdt_plugin.ui.bridge import Bridge
from nigdt_plugin.ui.window import Window
app, bridge = application(), Bridge()
window = Window(Session(Settings(theme=sys.argv[1]), bridge.post))
window.resize(1280, 820)
window.show()
window.grab().save(sys.argv[2])
window.close()
"""


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_window_is_sharp_on_a_dense_screen(user: Path, theme: str, tmp_path: Path):
    drawn = {}
    for factor in (1, 2):
        target = str(Path(os.environ.get("NIGDT_PICTURES", tmp_path)) / f"panel-scale-{factor}-{theme}.png")
        environment = {**os.environ, "QT_SCALE_FACTOR": str(factor)}
        subprocess.run([sys.executable, "-c", DRAW, theme, target], env=environment, check=True, timeout=60)
        drawn[factor] = np.asarray(Image.open(target).convert("L")).astype(float)
    assert drawn[2].shape == tuple(2 * side for side in drawn[1].shape)
    enlarged = drawn[1].repeat(2, 0).repeat(2, 1)
    # Lines that are as sharp as the screen allows change between every two of its pixels, not every second.
    fine = np.abs(np.diff(drawn[2], axis=1))[:, ::2]
    assert np.abs(np.diff(enlarged, axis=1))[:, ::2].max() == 0
    assert (fine > 30).mean() > 0.0005


def test_a_photo_with_alpha_is_shown_on_checks(panel: Panel, tmp_path: Path):
    pixels = np.zeros((80, 120, 4), np.uint8)
    pixels[:, 60:] = (10, 200, 30, 255)
    Image.fromarray(pixels, "RGBA").save(tmp_path / "clear.png")
    panel.open(tmp_path / "clear.png")
    shown = panel.session.display.pyramid.levels[0]
    assert (shown[:, 60:] == (10, 200, 30)).all()
    assert set(np.unique(shown[:, :60])) == {153, 204}


def test_an_offer_comes_back_after_another_one(panel: Panel):
    window, notice = panel.window, panel.window.notice
    done: list[str] = []

    def choose(text: str) -> None:
        panel.settle()
        next(it for it in notice.findChildren(QPushButton) if it.text() == text and it.isVisible()).click()
        panel.settle()

    notice.ask("Unsaved work was found.", "", (("Restore", lambda: done.append("restored")),))
    window.forget_history()
    assert notice.message.text() == "Forget all fills of all photos?"
    notice.show_error("Nothing is selected.", "")
    notice.works()
    choose("Keep them")
    assert notice.isVisible()
    assert notice.message.text() == "Unsaved work was found."
    window.forget_history()
    notice.close_button.click()
    assert notice.message.text() == "Unsaved work was found."
    choose("Restore")
    assert done == ["restored"]
    assert not notice.isVisible()


class _WithIcons(QProxyStyle):
    """What a desktop asks for."""

    def styleHint(self, hint, option=None, widget=None, returnData=None):  # noqa: N802  # Qt's name
        icons = hint == QStyle.StyleHint.SH_DialogButtonBox_ButtonsHaveIcons
        return 1 if icons else super().styleHint(hint, option, widget, returnData)


def test_the_buttons_of_a_question_look_like_all_others(panel: Panel):
    row, style = QDialogButtonBox(panel.window), _WithIcons("Fusion")
    style.setParent(QApplication.instance())  # Qt goes on using it where Python would let go of it
    row.setStyle(style)
    panel.settle()
    assert not row.style().styleHint(QStyle.StyleHint.SH_DialogButtonBox_ButtonsHaveIcons, None, row)
    row.setStyle(None)
    row.deleteLater()
    panel.settle()
