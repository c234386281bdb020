"""Photos as people have them: copy, export, the next one, crop and extend, heal, pen and straight lines."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from nigdt_plugin.core.files import neighbour
from nigdt_plugin.core.geometry import Region
from panel import Panel, press
from PIL import Image
from PyQt6.QtCore import QEvent, QPointF, Qt
from PyQt6.QtGui import (
    QGuiApplication,
    QInputDevice,
    QPointingDevice,
    QPointingDeviceUniqueId,
    QTabletEvent,
)
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QToolTip

from nigdt.photo.photo import Photo


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def selected(panel: Panel) -> np.ndarray:
    return panel.session.document.selection.mask


def test_what_is_seen_is_copied(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a red bird", 1)
    panel.window.copy()
    panel.until(lambda: "60 x 60" in panel.window.notice.message.text())
    image = QGuiApplication.clipboard().image()
    assert (image.width(), image.height()) == (60, 60)
    colour = image.pixelColor(30, 30)
    seen = panel.session.display.pyramid.levels[0][80, 120]
    assert (colour.red(), colour.green(), colour.blue()) == tuple(seen)


def test_a_large_fill_that_is_only_drafted_yet_is_copied_as_it_is_seen(panel: Panel, tmp_path: Path):
    path = tmp_path / "large.png"
    Image.new("RGB", (2400, 1600), (90, 120, 60)).save(path)
    panel.open(path)
    panel.select(400, 300, 2000, 1300)
    panel.fill("a red bird", 1)
    preview = panel.session.filling.preview
    panel.until(lambda: not preview.busy)
    whole = panel.session.display.pyramid.levels[0][800, 1200].copy()
    assert tuple(whole) != (90, 120, 60)
    panel.session.filling.set_recipe(replace(panel.session.settings.recipe(), strength=0.5))
    assert preview.busy
    panel.window.copy()
    panel.until(lambda: "1600 x 1000" in panel.window.notice.message.text())
    colour = QGuiApplication.clipboard().image().pixelColor(800, 500)
    mixed = np.add(whole.astype(int), (90, 120, 60)) / 2
    assert np.abs(np.subtract((colour.red(), colour.green(), colour.blue()), mixed)).max() <= 3


def test_a_transparent_photo_is_copied_without_the_chequered_ground(panel: Panel, tmp_path: Path):
    path = tmp_path / "clear.png"
    picture = Image.new("RGBA", (240, 160), (200, 60, 40, 255))
    picture.paste((200, 60, 40, 0), (0, 0, 120, 160))
    picture.save(path)
    panel.open(path)
    for region, visible in (((0, 0, 240, 160), 120), ((100, 0, 240, 160), 20)):
        panel.select(*region)
        panel.window.notice.clear()
        panel.window.copy()
        size = f"{region[2] - region[0]} x 160"
        panel.until(lambda size=size: size in panel.window.notice.message.text())
        image = QGuiApplication.clipboard().image()
        assert image.pixelColor(visible - 10, 80).alpha() == 0
        seen = image.pixelColor(visible + 10, 80)
        assert (seen.red(), seen.green(), seen.blue(), seen.alpha()) == (200, 60, 40, 255)


@pytest.mark.parametrize("answer", ["apply", "without", "cancel"])
def test_a_fill_that_is_shown_is_asked_about_before_the_photo_is_cropped(
    panel: Panel, photo: Path, monkeypatch: pytest.MonkeyPatch, answer: str
):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a red bird", 1)
    asked = []
    monkeypatch.setattr(panel.window, "ask_about_fill", lambda **words: asked.append(words) or answer)
    before = panel.session.document
    panel.window.crop()
    panel.until(lambda: answer == "cancel" or panel.session.document is not before)
    panel.idle()
    assert asked == [{"leaving": False, "saving": False}]
    assert (panel.session.document is before) == (answer == "cancel")
    assert len(panel.session.document.layers) == (answer == "apply")


def test_the_next_photo_of_the_folder_is_opened(panel: Panel, photo: Path):
    for name in ("photo_10.png", "photo_9.png"):
        shutil.copy(photo, photo.with_name(name))
    assert neighbour(photo.with_name("photo_9.png"), 1) == photo.with_name("photo_10.png")
    assert neighbour(photo.with_name("photo_10.png"), 1) is None
    panel.open(photo.with_name("photo_10.png"))
    panel.window.actions_["photo.previous"].trigger()
    panel.until(lambda: panel.session.document.path.name == "photo_9.png")
    panel.window.actions_["photo.next"].trigger()
    panel.until(lambda: panel.session.document.path.name == "photo_10.png")
    panel.window.actions_["photo.next"].trigger()
    assert panel.window.notice.message.text() == "This is the last photo here."
    assert panel.session.document.path.name == "photo_10.png"


def test_one_that_cannot_be_opened_does_not_bar_the_way_to_the_next(panel: Panel, photo: Path):
    (photo.parent / "photo_2.png").write_bytes(b"no picture")
    shutil.copy(photo, photo.with_name("photo_3.png"))
    panel.open(photo)
    step = panel.window.step_photo
    step(1)
    panel.until(lambda: bool(panel.errors))
    assert "photo_2.png" in panel.errors.pop()
    step(-1)
    assert panel.window.notice.message.text() == "This is the first photo here."
    step(1)
    panel.until(lambda: panel.session.document.path.name == "photo_3.png")
    step(-1)
    panel.until(lambda: bool(panel.errors))
    assert "photo_2.png" in panel.errors.pop()
    step(-1)
    panel.until(lambda: panel.session.document.path.name == "photo.png")


def test_export_writes_what_the_settings_say(panel: Panel, photo: Path, tmp_path: Path):
    panel.open(photo)
    panel.session.settings.export_longest = 120
    panel.session.export(tmp_path / "small.jpg")
    panel.until(lambda: (tmp_path / "small.jpg").exists())
    assert size_of(tmp_path / "small.jpg") == (120, 80)
    panel.session.export(photo)
    panel.until(lambda: bool(panel.errors))
    assert "the photo itself" in panel.errors.pop()


def test_the_picture_is_dragged_out_as_a_file(panel: Panel, photo: Path):
    panel.open(photo)
    written: list[Path] = []
    panel.window.write_to_drag(written.append)
    panel.until(lambda: bool(written))
    assert written[0].name == "photo.jpg"
    assert size_of(written[0]) == (240, 160)
    data = panel.window.status.photo_size.data_of(written[0])
    assert [url.toLocalFile() for url in data.urls()] == [str(written[0])]
    begun = []
    panel.session.begun.connect(lambda *what: begun.append(what))
    panel.window.take(data)  # let go over the panel itself
    panel.idle()
    assert begun == []


def test_while_what_is_dragged_out_is_written_the_pointer_says_so(panel: Panel, photo: Path):
    panel.open(photo)
    label = panel.window.status.photo_size
    QTest.mousePress(label, Qt.MouseButton.LeftButton)
    assert QToolTip.text() == "The picture is being written; hold on."
    QTest.mouseRelease(label, Qt.MouseButton.LeftButton)
    panel.until(lambda: not QToolTip.isVisible())
    panel.idle()


def test_what_is_dragged_out_holds_the_fill_that_is_shown(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a blue bird", 1)
    seen = panel.session.display.pyramid.levels[0][60:100, 100:140].astype(int)
    written: list[Path] = []
    panel.window.write_to_drag(written.append)
    panel.until(lambda: bool(written))
    dragged = Photo.read(written[0]).rgb8[60:100, 100:140].astype(int)
    assert np.abs(dragged - seen).mean() < 8  # it is a JPEG
    assert np.abs(dragged - panel.session.document.rgb[60:100, 100:140]).mean() > 20
    assert not panel.session.document.layers, "it is applied to nothing"


def test_crop_and_extend_are_steps_and_keep_the_layers(panel: Panel, photo: Path, tmp_path: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a red bird", 1)
    panel.apply()
    session = panel.session
    before = session.document
    seen = before.rgb.copy()
    panel.select(60, 40, 200, 130)
    panel.window.actions_["photo.crop"].trigger()
    panel.until(lambda: session.document is not before)
    document = session.document
    assert (document.width, document.height) == (140, 90)
    assert np.array_equal(document.rgb, seen[40:130, 60:200])
    assert document.modified
    assert len(document.layers) == 1
    assert panel.window.actions_["photo.undo"].text() == "Undo: Crop"
    session.undo()
    assert session.document is before
    session.redo()
    assert session.document is document
    session.recut(Region(-20, 0, 140, 90), "Extend the canvas", panel.window._fill_border)
    panel.until(lambda: session.document.width == 160)
    panel.until(lambda: not session.filling.busy and session.filling.preview.layer is not None, 60)
    assert session.settings.mode == "remove"
    assert np.array_equal(selected(panel)[:, :20], np.full((90, 20), 255))
    assert not selected(panel)[:, 20:].any()
    assert np.array_equal(session.document.rgb[:, 20:], document.rgb)
    panel.apply()
    session.save(tmp_path / "wide.png")
    panel.until(lambda: not session.document.modified)
    assert Photo.read(tmp_path / "wide.png").size == (160, 90)
    assert photo.read_bytes()  # the original is where it was
    wide, last = session.document, session.document.rgb.copy()
    undo, redo = (panel.window.actions_[f"photo.{name}"] for name in ("undo", "redo"))
    while undo.isEnabled():
        undo.trigger()
    assert session.document is before
    assert np.array_equal(before.rgb, before.photo.rgb8)
    assert before.modified, "the file holds the part"
    assert redo.isEnabled(), "though nothing is left to be undone"
    while redo.isEnabled():
        redo.trigger()
    assert session.document is wide
    assert np.array_equal(wide.rgb, last)
    assert not wide.modified


def test_a_stroke_of_the_healing_brush_is_removed_by_itself(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(10, 10, 30, 30)
    chosen = selected(panel).copy()
    panel.window.use_tool("heal")
    panel.window.options._size.setValue(16)
    press(panel, (110, 80), (130, 80))
    session = panel.session
    panel.until(lambda: len(session.document.layers) == 1, 60)
    panel.until(lambda: not session.healing.busy)
    assert np.array_equal(selected(panel), chosen)
    assert session.settings.mode == "describe"
    layer = session.document.layers[0]
    assert layer.recipe.mode == "remove"
    assert layer.region.left <= 105 < 135 <= layer.region.right
    session.undo()
    assert not session.document.layers


def test_what_is_selected_can_be_copied_while_a_stroke_is_painted_and_removed(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(10, 10, 30, 40)
    panel.window.use_tool("heal")
    panel.window.options._size.setValue(16)
    session, canvas, clipboard = panel.session, panel.window.canvas, QGuiApplication.clipboard()
    copied: list[tuple[int, int]] = []
    session.copied.connect(lambda width, height: copied.append((width, height)))
    begin, end = (canvas.to_widget(*point).toPoint() for point in ((110, 80), (130, 80)))
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=begin)
    QTest.mouseMove(canvas, end)
    outlined = [mask.bounds for mask, _line in canvas._outlined]
    assert outlined[0] == (10, 10, 30, 40)  # beside the stroke
    assert outlined[1].left >= 100
    panel.window.copy()
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=end)
    assert session.healing.busy
    assert session.filling.round.selected.region.left >= 100
    panel.window.copy()
    panel.until(lambda: len(copied) == 2)
    assert copied == [(20, 30), (20, 30)]
    assert (clipboard.image().width(), clipboard.image().height()) == (20, 30)
    panel.until(lambda: not session.healing.busy, 60)
    assert [mask.bounds for mask, _line in canvas._outlined] == [(10, 10, 30, 40)]
    assert len(session.document.layers) == 1


def test_a_stroke_that_is_painted_while_another_is_removed_waits_for_it(panel: Panel, photo: Path):
    panel.open(photo)
    panel.window.use_tool("heal")
    panel.window.options._size.setValue(16)
    press(panel, (110, 80), (130, 80))
    assert panel.session.healing.busy
    press(panel, (40, 40), (60, 40))
    panel.until(lambda: not panel.session.healing.busy, 60)
    assert len(panel.session.document.layers) == 2
    first, second = panel.session.document.layers
    assert first.region.left <= 105 < 135 <= first.region.right
    assert second.region.left <= 35 < 65 <= second.region.right


def test_shift_and_a_click_draw_a_straight_line(panel: Panel, photo: Path):
    panel.open(photo)
    panel.window.use_tool("brush")
    panel.window.options._size.setValue(10)
    press(panel, (20, 20), (20, 20))
    press(panel, (200, 20), (200, 20), modifiers=Qt.KeyboardModifier.ShiftModifier)
    assert (selected(panel)[20, 20:200] == 255).all()
    press(panel, (60, 20), (60, 20), modifiers=Qt.KeyboardModifier.ControlModifier)
    assert selected(panel)[20, 60] == 0


def test_a_pens_pressure_is_the_brushs_size(panel: Panel, photo: Path):
    """The system gives a pen's events to the window; Qt finds the widget, and what the mouse would do."""
    panel.open(photo)
    panel.window.use_tool("brush")
    panel.window.options._size.setValue(40)
    canvas, window, kinds = panel.window.canvas, panel.window.windowHandle(), QEvent.Type
    can = QInputDevice.Capability.Position | QInputDevice.Capability.Pressure
    pen, rubber = (
        QPointingDevice(
            kind.name, number, QInputDevice.DeviceType.Stylus, kind, can, 1, 2, "", QPointingDeviceUniqueId()
        )
        for number, kind in enumerate((QPointingDevice.PointerType.Pen, QPointingDevice.PointerType.Eraser))
    )

    def send(kind: QEvent.Type, device: QPointingDevice, x: float, pressure: float) -> None:
        at = QPointF(canvas.mapToGlobal(canvas.to_widget(x, 80)))
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        changed = none if kind == kinds.TabletMove else left
        pressed = left if pressure else none
        event = QTabletEvent(
            kind, device, window.mapFromGlobal(at), at, pressure, 0, 0, 0, 0, 0,
            Qt.KeyboardModifier.NoModifier, changed, pressed,
        )  # fmt: skip
        QApplication.sendEvent(window, event)

    def stroke(device: QPointingDevice, pressures: dict[float, float]) -> None:
        """Draw a line: the pressure at each place."""
        first, last = min(pressures), max(pressures)
        send(kinds.TabletMove, device, first, 0.0)  # it hovers before it touches
        send(kinds.TabletPress, device, first, pressures[first])
        for x, pressure in pressures.items():
            send(kinds.TabletMove, device, x, pressure)
        send(kinds.TabletRelease, device, last, 0.0)

    stroke(pen, {x: x / 200 for x in range(40, 201, 2)})
    widths = [np.count_nonzero(selected(panel)[:, x] > 127) for x in (60, 100, 140, 180)]
    assert widths == pytest.approx([12, 20, 28, 36], abs=4)
    stroke(rubber, dict.fromkeys(range(90, 151, 2), 1.0))
    widths = [np.count_nonzero(selected(panel)[:, x] > 127) for x in (60, 100, 140, 180)]
    assert widths == pytest.approx([12, 0, 0, 36], abs=4)
    assert panel.window.actions_["photo.undo"].text() == "Undo: Brush"


def test_a_typed_seed_draws_the_same_fill_again(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    describe = panel.window.side.describe
    QTest.keyClicks(describe.seed, "77x")
    assert describe.seed.text() == "77"
    panel.fill("a red bird", 1)
    assert [fill.variant.seed for fill in panel.session.filling.round.fills] == [77]
    panel.fill("a blue bird", 3)
    assert [fill.variant.seed for fill in panel.session.filling.round.fills] == [77, 78, 79]
