"""Looking at the photo: turned and mirrored, through the loupe, and with the keys."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from nigdt_plugin.core.geometry import EMPTY, Region
from nigdt_plugin.ui.turn import Turn
from panel import Panel, press
from PyQt6.QtCore import QPointF, QRect, QSize, QSizeF, Qt
from PyQt6.QtGui import QColor, QImage
from PyQt6.QtTest import QTest

TURNS = [Turn(quarters, mirrored) for quarters in range(4) for mirrored in (False, True)]


def seen(panel: Panel) -> QImage:
    return panel.window.canvas.grab().toImage()


def colour_at(picture: QImage, at: QPointF) -> tuple[int, int, int]:
    colour = QColor(picture.pixel(at.toPoint()))
    return colour.red(), colour.green(), colour.blue()


@pytest.mark.parametrize("turn", TURNS, ids=str)
def test_every_photo_point_is_drawn_where_the_pointer_finds_it(panel: Panel, photo: Path, turn: Turn):
    panel.open(photo)
    canvas = panel.window.canvas
    canvas.turn_to(turn)
    picture, pixels = seen(panel), panel.session.document.rgb
    for x, y in ((20, 30), (220, 30), (20, 140), (120, 80), (180, 100)):
        at = canvas.to_widget(x + 0.5, y + 0.5)
        assert canvas.to_photo(at) == pytest.approx((x + 0.5, y + 0.5), abs=1e-6)
        assert np.abs(np.subtract(colour_at(picture, at), pixels[y, x].astype(int))).max() <= 4


def test_a_view_turned_right_has_the_top_of_the_photo_on_the_right_and_a_mirrored_one_left_on_the_right():
    window = QSizeF(300, 200)
    right = Turn().turned(1)
    assert right.upright_size(window) == QSizeF(200, 300)
    assert right.transform(window).map(QPointF(0, 0)) == QPointF(300, 0)
    assert Turn().flipped().transform(window).map(QPointF(0, 50)) == QPointF(300, 50)


@pytest.mark.parametrize("turn", TURNS, ids=str)
def test_mirroring_exchanges_left_and_right_of_the_screen_whichever_way_it_is_turned(turn: Turn):
    window = QSizeF(300, 200)
    before, after = turn.transform(window), turn.flipped().transform(window)
    for point in (QPointF(0, 0), QPointF(30, 70)):
        assert after.map(point).x() == 300 - before.map(point).x()
        assert after.map(point).y() == before.map(point).y()
    assert turn.flipped().flipped() == turn


def test_turning_by_keys_keeps_the_photo_the_selection_and_what_is_in_the_middle(panel: Panel, photo: Path):
    panel.open(photo)
    window, canvas = panel.window, panel.window.canvas
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    before = panel.session.document.rgb.copy()
    canvas.zoom_to(8.0, canvas.to_widget(60, 40))
    middle = QPointF(canvas.width() / 2, canvas.height() / 2)
    place = canvas.to_photo(middle)
    QTest.keyClick(window, Qt.Key.Key_R, control)
    assert canvas.turn == Turn(1)
    assert canvas.to_photo(middle) == pytest.approx(place)
    QTest.keyClick(window, Qt.Key.Key_M, control | shift)
    assert canvas.turn == Turn(3, mirrored=True)
    assert window.status.turned.isVisible()
    assert "270" in window.status.turned.text()
    canvas.fit()
    press(panel, (20, 20), (60, 50))
    assert panel.session.document.selection.bounds == (20, 20, 60, 50)
    QTest.keyClick(window, Qt.Key.Key_R, control | shift)
    assert canvas.turn == Turn(2, mirrored=True)
    window.status.turned.click()
    assert canvas.turn == Turn()
    assert not window.status.turned.isVisible()
    assert (panel.session.document.rgb == before).all()


def test_the_view_moves_with_the_hand_in_a_turned_view_too(panel: Panel, photo: Path):
    panel.open(photo)
    canvas = panel.window.canvas
    canvas.turn_to(Turn(1, mirrored=True))
    canvas.zoom_to(8.0)
    at = canvas.to_widget(120, 80)
    canvas.pan_by(30, -20)
    assert canvas.to_widget(120, 80) == at + QPointF(30, -20)
    part = canvas.seen.region
    for corner in (QPointF(1, 1), QPointF(canvas.width() - 1, canvas.height() - 1)):
        x, y = canvas.to_photo(corner)
        assert part.left <= x <= part.right
        assert part.top <= y <= part.bottom


def test_the_marching_line_lies_around_the_selection_of_a_turned_view(panel: Panel, photo: Path):
    panel.open(photo)
    canvas = panel.window.canvas
    canvas.turn_to(Turn(1))
    plain = seen(panel)
    panel.select(20, 20, 60, 50)
    with_line = seen(panel)
    size = plain.width(), plain.height()
    changed = [
        (x, y) for x in range(size[0]) for y in range(size[1]) if plain.pixel(x, y) != with_line.pixel(x, y)
    ]
    xs, ys = zip(*changed, strict=True)
    rect = canvas.region_rect(panel.session.document.selection.bounds)
    assert min(xs) == pytest.approx(rect.left(), abs=3)
    assert max(xs) == pytest.approx(rect.right(), abs=3)
    assert min(ys) == pytest.approx(rect.top(), abs=3)
    assert max(ys) == pytest.approx(rect.bottom(), abs=3)


def test_another_photo_is_shown_upright(panel: Panel, photo: Path, tmp_path: Path):
    panel.open(photo)
    panel.window.canvas.turn_to(Turn(2))
    other = tmp_path / "other.png"
    other.write_bytes(photo.read_bytes())
    panel.open(other)
    assert panel.window.canvas.turn == Turn()
    assert not panel.window.status.turned.isVisible()


def test_the_loupe_shows_the_place_below_the_pointer_pixel_by_pixel(panel: Panel, photo: Path):
    panel.open(photo)
    canvas = panel.window.canvas
    canvas.zoom_to(0.5)
    QTest.keyClick(panel.window, Qt.Key.Key_Z)
    QTest.mouseMove(canvas, canvas.to_widget(120, 80).toPoint())
    x, y = canvas.loupe.place
    assert (x, y) == pytest.approx((120, 80), abs=2)
    rect, pixels = canvas.loupe.rect(canvas.size()), panel.session.document.rgb
    picture = seen(panel)
    for dx, dy in ((-50, 20), (0, -30), (60, 40)):
        at = QPointF(rect.left() + rect.width() / 2 + dx, rect.top() + rect.height() / 2 + dy)
        wanted = pixels[round(y - 0.5 + dy), round(x - 0.5 + dx)].astype(int)
        assert np.abs(np.subtract(colour_at(picture, at), wanted)).max() <= 6
    # It gets out of the pointer's way, and goes with its key.
    QTest.mouseMove(canvas, rect.center())
    assert not canvas.loupe.rect(canvas.size()).intersects(rect)
    QTest.keyClick(panel.window, Qt.Key.Key_Z)
    assert canvas.loupe is None


def test_the_loupe_covers_no_word_beside_the_line(panel: Panel, photo: Path):
    panel.open(photo)
    canvas = panel.window.canvas
    canvas.show_before(canvas.pyramid)
    canvas.show_loupe(True)
    rect = canvas.loupe.rect(canvas.size())
    canvas.wipe.move_to(rect.center().x())
    below = QRect(rect.center().x() + 12, rect.bottom() + 10, 40, 22)

    def written() -> bool:
        seen = canvas.grab(below).toImage()
        places = ((x, y) for x in range(seen.width()) for y in range(seen.height()))
        return any(seen.pixelColor(*place).lightness() > 200 for place in places)

    assert written()
    canvas.show_before(None)
    assert not written()


def test_the_loupe_begins_at_the_selection_and_follows_the_keys(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    canvas = panel.window.canvas
    panel.window.actions_["photo.loupe"].trigger()
    assert canvas.loupe.place == (120, 80)
    rect = canvas.loupe.rect(canvas.size())
    middle = QPointF(rect.center()) + QPointF(12, 12)
    before = colour_at(seen(panel), middle)
    panel.fill("a blue bird", 1)
    panel.until(lambda: not panel.session.filling.preview.busy)
    assert colour_at(seen(panel), middle) != before
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Left)
    x, _ = canvas.loupe.place
    assert x == pytest.approx(canvas.to_photo(canvas._pointer.point)[0])


def test_the_loupe_shows_the_photo_as_it_was_left_of_the_line_of_the_wipe(panel: Panel, photo: Path):
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.fill("a blue bird", 1)
    panel.apply()
    canvas = panel.window.canvas
    canvas.show_loupe(True)
    panel.window.wipe(True)
    panel.until(lambda: canvas.wipe is not None)
    middle = QPointF(canvas.loupe.rect(canvas.size()).center()) + QPointF(12, 12)
    canvas.wipe.move_to(10)
    after = colour_at(seen(panel), middle)
    canvas.wipe.move_to(canvas.width() - 10)
    before = colour_at(seen(panel), middle)
    assert before == pytest.approx((200, 60, 40), abs=4)  # the disc
    assert after != before


def corner(panel: Panel) -> tuple[int, int, int]:
    return colour_at(seen(panel), QPointF(1, 60))


def test_the_photo_shows_that_it_has_the_focus_before_any_arrow_is_pressed(panel: Panel, photo: Path):
    panel.open(photo)
    window, canvas, caption = panel.window, panel.window.canvas, panel.window.side.describe.caption
    window.activateWindow()
    panel.settle()
    caption.setFocus()
    plain = corner(panel)
    for _ in range(30):
        if window.focusWidget() is canvas:
            break
        QTest.keyClick(window.focusWidget(), Qt.Key.Key_Backtab)
    assert window.focusWidget() is canvas
    marked = corner(panel)
    accent = QColor(window.theme.accent_text)
    assert marked == (accent.red(), accent.green(), accent.blue()) != plain
    press(panel, (20, 20), (60, 50))  # who uses the mouse sees where that is
    assert corner(panel) == plain
    QTest.keyClick(canvas, Qt.Key.Key_Left)
    assert corner(panel) == marked
    caption.setFocus()
    assert corner(panel) == plain
    QTest.keyClick(caption, Qt.Key.Key_Escape)
    assert window.focusWidget() is canvas
    assert corner(panel) == marked


def pixels_of(picture: QImage) -> np.ndarray:
    picture = picture.convertToFormat(QImage.Format.Format_RGB32)
    bits = picture.constBits()
    bits.setsize(picture.sizeInBytes())
    return np.array(np.frombuffer(bits, np.uint8).reshape(picture.height(), picture.width(), 4)[..., :3])


@pytest.mark.parametrize("scale", [0.4, 0.7, 1.3])
def test_where_the_photo_changes_that_part_of_the_view_alone_is_drawn_anew(
    panel: Panel, photo: Path, scale: float
):
    panel.open(photo)
    canvas = panel.window.canvas
    canvas.zoom_to(scale)
    told, untold = Region(40, 50, 91, 80), Region(150, 60, 180, 90)
    before = pixels_of(seen(panel))
    for region in (told, untold):
        canvas.pyramid.update(region, 255 - canvas.pyramid.levels[0][region.slices])
    canvas.pixels_changed(told)
    once = pixels_of(seen(panel))
    canvas.pixels_changed(EMPTY)
    whole = pixels_of(seen(panel))
    inside, beside = (
        canvas.region_rect(it.grown(8)).toAlignedRect().intersected(canvas.rect()) for it in (told, untold)
    )
    here = np.s_[inside.top() : inside.bottom(), inside.left() : inside.right()]
    there = np.s_[beside.top() : beside.bottom(), beside.left() : beside.right()]
    assert np.abs(once[here] - before[here].astype(int)).max() > 50
    assert np.abs(once[here] - whole[here].astype(int)).max() <= 12  # places are rounded elsewhere
    assert (once[there] == before[there]).all()
    assert (whole[there] != before[there]).any()


def test_an_icon_for_which_a_window_leaves_no_room_is_left_out_quietly(panel: Panel):
    for size in (QSize(), QSize(0, 0), QSize(0, 16)):
        assert panel.window.windowIcon().pixmap(size).isNull()
    assert not panel.window.windowIcon().pixmap(QSize(16, 16)).isNull()
