"""The window as a user has it: real widgets, a real daemon process, real files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from panel import Panel
from PIL import Image
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtTest import QTest


def drag(panel: Panel, start: tuple[float, float], end: tuple[float, float]) -> None:
    canvas = panel.window.canvas
    a, b = (canvas.to_widget(*point).toPoint() for point in (start, end))
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=a)
    QTest.mouseMove(canvas, (a + b) / 2)
    QTest.mouseMove(canvas, b)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=b)


def test_open_select_describe_fill_pick_and_save(panel: Panel, photo: Path, tmp_path: Path):
    panel.open(photo)
    drag(panel, (90, 50), (150, 110))
    bounds = panel.session.document.selection.bounds
    assert abs(bounds.left - 90) <= 1
    assert abs(bounds.bottom - 110) <= 1

    caption = panel.window.side.describe.caption
    caption.setFocus()
    QTest.keyClicks(caption, "a blue bird")
    QTest.keyClick(caption, Qt.Key.Key_Return)
    panel.until(lambda: not panel.session.filling.busy and len(panel.session.filling.round.fills) == 3, 60)
    strip = panel.window.side.strip
    QTest.mouseClick(
        strip.viewport(), Qt.MouseButton.LeftButton, pos=strip.visualItemRect(strip.item(1)).center()
    )
    panel.until(lambda: panel.session.filling.chosen is panel.session.filling.round.fills[1])
    panel.until(lambda: panel.session.filling.preview.layer is not None)
    QTest.mouseClick(panel.window.side.apply_button, Qt.MouseButton.LeftButton)
    panel.until(lambda: bool(panel.session.document.layers))

    target = tmp_path / "out.png"
    panel.session.save(target)
    panel.until(target.exists)
    panel.idle()
    before, after = np.asarray(Image.open(photo)), np.asarray(Image.open(target))
    layer = panel.session.document.layers[0]
    untouched = np.ones(before.shape[:2], bool)
    untouched[layer.region.slices] = layer.weight == 0
    assert np.array_equal(before[untouched], after[untouched])
    middle = after[70:90, 110:130].reshape(-1, 3).mean(0)
    assert middle.argmax() == 2, middle
    assert panel.errors == []


def test_the_panels_process_never_imports_torch(lonely_user: Path, photo: Path):
    program = (
        f"import sys; sys.argv = ['nigdt', 'panel', {str(photo)!r}, '--time-first-paint']\n"
        "from nigdt.cli import main\n"
        "try: main()\n"
        "finally: print('torch' in sys.modules, 'PyQt6.QtWidgets' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done
    assert done.stdout.splitlines()[-1] == "False True", done
    assert re.match(r"first paint after [0-9.]+ s, [0-9.]+ s of CPU", done.stdout), done.stdout


def test_zoom_keeps_the_point_under_the_pointer(panel: Panel, photo: Path):
    panel.open(photo)
    canvas = panel.window.canvas
    at = canvas.to_widget(60, 40)
    for scale in (3.0, 0.5, 8.0):
        canvas.zoom_to(scale, at)
        x, y = canvas.to_photo(at)
        assert (x, y) == pytest.approx((60, 40), abs=0.01)
        assert canvas.scale == scale


def test_the_canvas_shows_the_photos_own_pixels(panel: Panel, photo: Path):
    panel.open(photo)
    canvas = panel.window.canvas
    canvas.zoom_percent(200)
    seen = canvas.grab().toImage()
    pixels = np.asarray(Image.open(photo))
    for x, y in ((30, 20), (120, 80), (200, 140)):
        point = canvas.to_widget(x + 0.5, y + 0.5).toPoint()
        colour = seen.pixelColor(point)
        assert np.abs(np.array(colour.getRgb()[:3]) - pixels[y, x].astype(int)).max() <= 3
    assert canvas.rect().contains(QPoint(5, 5))
