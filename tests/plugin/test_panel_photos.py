"""Photos as people have them: copy, export, the next one, crop and extend, heal, pen and straight lines."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from nigdt_plugin.core import batch
from nigdt_plugin.core.files import neighbour
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.ui.batch import BatchDialog
from nigdt_plugin.ui.train import TrainDialog
from painting_daemon import NOTHING_FITS_AT
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

from nigdt.notices import NOTHING_FITS
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


def test_many_photos_are_filled_with_masks_by_name_or_boxes(panel: Panel, photo: Path, tmp_path: Path):
    photos, masks, target = (tmp_path / name for name in ("many", "masks", "target"))
    for folder in (photos, masks):
        folder.mkdir()
    for name in ("a", "b", "c"):
        shutil.copy(photo, photos / f"{name}.png")
    mask = np.zeros((160, 240), np.uint8)
    mask[60:100, 100:140] = 255
    Image.fromarray(mask).save(masks / "a.png")
    Image.fromarray(mask[:80]).save(masks / "b.png")  # of another size
    panel.open(photo)
    panel.window.many_photos()
    dialog = panel.window.findChild(BatchDialog)
    assert dialog.photos.text() == str(photo.parent)
    dialog.photos.setText(str(photos))
    dialog.selections.setText(str(masks))
    assert not dialog.start_button.isEnabled()
    dialog.target.setText(str(target / "deep"))
    assert not dialog.start_button.isEnabled()
    assert dialog.state.text() == f"There is no folder {target / 'deep'}."
    dialog.target.setText("~nobody-of-this-name/deep")
    assert dialog.state.text() == "There is no folder ~nobody-of-this-name/deep."
    dialog.target.setText(str(target))
    assert dialog.state.text() == "", "it will be made"
    dialog.caption.setText("a red bird")
    QTest.keyClick(dialog.caption, Qt.Key.Key_Return)  # starts, and opens no dialog to choose a folder
    panel.until(lambda: not dialog.running, 60)
    assert dialog.state.text() == "1 of 2 photos were filled."
    assert "b.png" in dialog.detail.text()
    filled = Photo.read(target / "a-filled.png").rgb8
    changed = (filled != Photo.read(photo).rgb8).any(axis=2)
    assert changed[80, 120]
    assert not changed[:40].any()
    boxes = tmp_path / "boxes.csv"
    with Image.open(photos / "a.png") as picture:
        crowded = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + b" " * 65_450 + b"</x:xmpmeta>"
        picture.convert("RGB").save(photos / "d.jpg", xmp=crowded)
    seen = np.full((160, 240, 3), 90, np.uint8)
    seen[60:100, 100:110], seen[60:100, 110:140] = (255, 0, 255), (30, 200, 30)  # the model sees magenta
    Image.fromarray(seen).save(photos / "c.png")
    boxes.write_text("name,left,top,width,height\nc.png,70,30,100,100\nd.jpg,70,30,100,100\n")
    dialog.selections.setText(str(boxes))
    dialog.start_button.click()
    panel.until(lambda: not dialog.running, 60)
    thing = (Photo.read(target / "c-filled.png").rgb8 != seen).any(axis=2)
    assert thing[80, 105]
    assert not thing[80, 125]
    assert not thing[34, 74]
    assert "d.jpg: The photo's own XMP leaves no room" in dialog.detail.text()
    dialog.start_button.click()
    panel.until(lambda: not dialog.running, 60)
    assert dialog.state.text() == ("0 of 2 photos were filled. Already in the folder and left as it was: 2.")
    boxes.write_text("photo;x\n")
    dialog.start_button.click()
    assert "is not a list of boxes" in dialog.detail.text()
    dialog.close()


def batch_of(panel: Panel, photo: Path, folder: Path, count: int) -> BatchDialog:
    """The dialog, ready to recolour so many photos and one that is damaged."""
    photos, names = folder / "many", [f"{letter}.png" for letter in "abcdef"[:count]]
    photos.mkdir()
    for name in names:
        shutil.copy(photo, photos / name)
    (photos / "damaged.png").write_bytes(photo.read_bytes()[:200])
    boxes = folder / "boxes.csv"
    rows = "".join(f"{name},70,30,100,100\n" for name in ["gone.png", "damaged.png", *names])
    boxes.write_text(f"name,left,top,width,height\n{rows}")
    panel.session.set_mode("recolour")
    panel.window.many_photos()
    dialog = panel.window.findChild(BatchDialog)
    dialog.photos.setText(str(photos))
    dialog.selections.setText(str(boxes))
    dialog.caption.setText("a green bird")
    dialog.target.setText(str(folder / "out"))
    return dialog


def test_a_batch_keeps_the_mode_it_began_with_and_says_what_failed(panel: Panel, photo: Path, tmp_path: Path):
    dialog = batch_of(panel, photo, tmp_path, 3)
    dialog.start_button.click()
    panel.session.set_mode("remove")
    assert "Recolour" in dialog.purpose.text()
    panel.until(lambda: not dialog.running, 90)
    assert dialog.state.text() == "3 of 4 photos were filled."
    assert "Remove" in dialog.purpose.text()
    for name in "abc":
        with Image.open(tmp_path / "out" / f"{name}-filled.png") as picture:
            assert '"mode": "recolour"' in picture.text["nigdt"]
    said = dialog.detail.text()
    assert "gone.png: there is no such photo." in said
    assert "damaged.png: This picture cannot be used." in said
    assert "image file is truncated" in said
    dialog.close()


def test_closing_asks_once_while_many_photos_are_filled(
    panel: Panel, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked: list[int] = []
    answers = [False, True]
    monkeypatch.setattr(panel.window, "ask_about_batch", lambda left: asked.append(left) or answers.pop(0))
    dialog = batch_of(panel, photo, tmp_path, 4)
    dialog.start_button.click()
    panel.window.close()
    assert panel.window.isVisible()
    assert dialog.running
    panel.until(lambda: dialog.left < asked[0])
    panel.window.close()
    assert not panel.window.isVisible()
    assert not dialog.isVisible()
    assert len(asked) == 2
    assert 5 >= asked[0] > asked[1] >= 1
    assert len(list((tmp_path / "out").glob("*-filled.png"))) < 4


def test_a_panel_that_is_told_to_end_fills_no_further_photos(panel: Panel, photo: Path, tmp_path: Path):
    dialog = batch_of(panel, photo, tmp_path, 6)
    dialog.start_button.click()
    ended = []
    panel.window.end_at_once(lambda: ended.append(True))
    panel.until(lambda: bool(ended))
    assert not dialog.isVisible()
    assert len(list((tmp_path / "out").glob("*-filled.png"))) <= 1


def test_a_batch_stopped_and_started_at_once_does_one_photo_at_a_time(
    panel: Panel, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    at_once, most = [0], [0]
    done = batch.do

    def do(*arguments, **options):
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        try:
            return done(*arguments, **options)
        finally:
            at_once[0] -= 1

    monkeypatch.setattr(batch, "do", do)
    dialog = batch_of(panel, photo, tmp_path, 3)
    for _ in range(3):
        dialog.start_button.click()
    panel.until(lambda: not dialog.running, 90)
    assert most[0] == 1
    assert len(list((tmp_path / "out").glob("*-filled.png"))) == 3
    dialog.close()


def test_a_batch_says_what_its_fills_say_once_for_all_photos(panel: Panel, photo: Path, tmp_path: Path):
    photos, names = tmp_path / "many", [f"{letter}.png" for letter in "abcdef"]
    photos.mkdir()
    for name in names:
        shutil.copy(photo, photos / name)
    boxes = tmp_path / "boxes.csv"
    rows = "".join(f"{name},70,30,100,100\n" for name in names)
    boxes.write_text(f"name,left,top,width,height\n{rows}")
    settings = panel.session.settings
    panel.window.many_photos()
    dialog = panel.window.findChild(BatchDialog)
    dialog.photos.setText(str(photos))
    dialog.selections.setText(str(boxes))
    dialog.caption.setText("a zzyzx bird")
    for mode, said in (("remove", NOTHING_FITS), ("describe", "The model does not know: zzyzx.")):
        settings.mode, settings.grow = mode, NOTHING_FITS_AT
        dialog.target.setText(str(tmp_path / mode))
        dialog.start_button.click()
        panel.until(lambda: not dialog.running, 90)
        assert dialog.state.text() == "6 of 6 photos were filled."
        assert dialog.detail.text() == f"a.png, b.png, c.png, d.png and 2 more: {said}"
    dialog.close()


def test_what_a_batch_writes_in_another_format_is_said_before_the_work(
    panel: Panel, photo: Path, tmp_path: Path
):
    folder = tmp_path / "phone"
    folder.mkdir()
    for name in ("a.heic", "b.HIF", "c.nef"):
        shutil.copy(photo, folder / name)
    panel.window.many_photos()
    dialog = panel.window.findChild(BatchDialog)
    dialog.photos.setText(str(folder))
    panel.until(lambda: "c.nef" in dialog.detail.text(), 10)
    heic, raw = dialog.detail.text().split("\n")
    assert (
        heic == "a.heic, b.HIF: HEIC is not written; what is filled becomes a JPEG, with transparency a PNG."
    )
    assert raw == "c.nef: Camera raw is not written; what is filled becomes a TIFF with 16 bits."
    dialog.photos.setText(str(photo.parent))
    panel.idle()
    assert dialog.detail.text() == ""
    dialog.close()


@pytest.mark.parametrize(("mode", "suffix"), [("RGB", ".jpg"), ("RGBA", ".png")])
def test_a_heic_photo_of_a_batch_becomes_a_jpeg(
    panel: Panel, photo: Path, tmp_path: Path, mode: str, suffix: str
):
    heif = pytest.importorskip("pillow_heif")
    folder, boxes, target = tmp_path / "phone", tmp_path / "boxes.csv", tmp_path / "target"
    folder.mkdir()
    with Image.open(photo) as picture:
        held = picture.convert(mode)
    if mode == "RGBA":
        held.putpixel((0, 0), (0, 0, 0, 0))
    heif.from_pillow(held).save(folder / "a.heic")
    boxes.write_text("name,left,top,width,height\na.heic,70,30,100,100\n")
    panel.window.many_photos()
    dialog = panel.window.findChild(BatchDialog)
    for field, path in ((dialog.photos, folder), (dialog.selections, boxes), (dialog.target, target)):
        field.setText(str(path))
    dialog.caption.setText("a red bird")
    for text in (
        "1 of 1 photos were filled.",
        "0 of 1 photos were filled. Already in the folder and left as",
    ):
        dialog.start_button.click()
        panel.until(lambda: not dialog.running, 60)
        assert dialog.state.text().startswith(text)
    assert [path.name for path in target.iterdir()] == [f"a-filled{suffix}"]
    assert Photo.read(target / f"a-filled{suffix}").size == held.size
    dialog.close()


@pytest.mark.parametrize("row", ["10,10,-5,5", "10,10,0,0", "10,10,5,-99999999999999999999"])
def test_boxes_of_no_size_select_nothing(photo: Path, tmp_path: Path, row: str):
    boxes = tmp_path / "boxes.csv"
    boxes.write_text(f"name,left,top,width,height\n{photo.name},{row}\n")
    works, without, nowhere = batch.plan(photo.parent, boxes)
    assert (works, photo.name in without, nowhere) == ([], True, [])


@pytest.mark.parametrize("text", ["x" * 5000, "/" + "y/" * 3000, "\ud800"])
def test_any_text_may_be_typed_where_a_folder_is_asked_for(panel: Panel, text: str):
    panel.window.many_photos()
    many = panel.window.findChild(BatchDialog)
    train = TrainDialog(panel.session, panel.window)
    for field in (many.photos, many.target, many.selections, train.folder, train.name):
        field.setText(text)
    assert not many.start_button.isEnabled()
    assert train.detail.text() in (
        "There is no such folder.",
        "A name is made of letters, digits, dots and dashes.",
    )
    many.close()
    train.close()
