"""Many photos at once in the window, against a real daemon."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from nigdt_plugin.core import batch
from nigdt_plugin.ui.batch import BatchDialog
from nigdt_plugin.ui.train import TrainDialog
from painting_daemon import NOTHING_FITS_AT
from panel import Panel
from PIL import Image
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

from nigdt.notices import NOTHING_FITS
from nigdt.photo.photo import Photo


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
