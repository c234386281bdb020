"""A 24-megapixel photo, edited with real mouse events: the window answers all the time."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from nigdt_plugin.core import selection
from nigdt_plugin.core.settings import Settings
from panel import Panel
from PIL import Image
from PyQt6.QtCore import QMimeData, QPoint, QPointF, Qt
from PyQt6.QtGui import QImage, QWheelEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication
from stalls import Stalls

LIMIT = 0.050
ROUNDS = 3
WIDTH, HEIGHT = 6000, 4000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gradients and grain: a selection by colour gets an outline as ragged as it can be."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    pixels = np.dstack([x // 24, y // 16, (x + y) // 40]).astype(np.int16)
    grain = np.random.default_rng(1).normal(0, 12, (1000, 1000, 3)).astype(np.int16)
    pixels += np.tile(grain, (4, 6, 1))
    path = tmp_path_factory.mktemp("large") / "large.jpg"
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path, quality=90)
    return path


class Hand:
    """Mouse and keys on the photo."""

    def __init__(self, panel: Panel, stalls: Stalls) -> None:
        self.panel, self.stalls = panel, stalls
        self.canvas = panel.window.canvas

    def at(self, x: float, y: float) -> QPoint:
        return self.canvas.to_widget(x, y).toPoint()

    def drag(self, tool: str, points: list[tuple[float, float]], steps: int = 8) -> None:
        self.panel.window.use_tool(tool)
        places = [self.at(*point) for point in points]
        button = Qt.MouseButton.LeftButton
        self.stalls.during(f"{tool}: press", lambda: QTest.mousePress(self.canvas, button, pos=places[0]))
        for start, end in pairwise(places):
            for step in range(1, steps + 1):
                place = start + (end - start) * step / steps
                self.stalls.during(f"{tool}: move", lambda place=place: QTest.mouseMove(self.canvas, place))
        self.stalls.during(f"{tool}: let go", lambda: QTest.mouseRelease(self.canvas, button, pos=places[-1]))

    def click(self, tool: str, x: float, y: float) -> None:
        self.panel.window.use_tool(tool)
        button = Qt.MouseButton.LeftButton
        self.stalls.during(tool, lambda: QTest.mouseClick(self.canvas, button, pos=self.at(x, y)))

    def wheel(self, x: float, y: float, clicks: int) -> None:
        at = QPointF(self.at(x, y))
        event = QWheelEvent(
            at, QPointF(self.canvas.mapToGlobal(at.toPoint())), QPoint(), QPoint(0, 120 * clicks),
            Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(self.canvas, event)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_large_photo_never_stalls_the_window(user: Path, large: Path, tmp_path: Path):
    """What the program itself does comes every time; what another program's load does, comes and goes."""
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        panel = Panel(Settings(theme="dark", live=False, seen_hints=True))
        try:
            worst = edit(panel, large, tmp_path)
        finally:
            panel.close()
        for name, seconds in worst.items():
            best[name] = min(seconds, best.get(name, seconds))
        slow = {name: f"{1000 * seconds:.0f} ms" for name, seconds in best.items() if seconds > LIMIT}
        if not slow:
            break
    print({name: f"{1000 * seconds:.0f} ms" for name, seconds in best.items()})
    assert slow == {}


def edit(panel: Panel, large: Path, folder: Path) -> dict[str, float]:
    """Open, look around, select in every way, fill, blend, apply, undo, merge, save, paste."""
    panel.window.resize(1600, 1000)
    stalls = Stalls(panel)
    hand = Hand(panel, stalls)
    session, window, canvas, side = panel.session, panel.window, panel.window.canvas, panel.window.side

    def menu(name: str) -> None:
        stalls.during(name, window.actions_[name].trigger)

    stalls.during("open", lambda: window.open_path(large), lambda: session.document is not None)
    filling = session.filling
    for _ in range(8):
        stalls.during("wheel in", lambda: hand.wheel(2000, 1500, 1))
    hand.drag("pan", [(2000, 1500), (2200, 1650), (1900, 1400)])
    for _ in range(8):
        stalls.during("wheel out", lambda: hand.wheel(2000, 1500, -1))
    menu("photo.full")
    menu("photo.fit")
    hand.drag("rectangle", [(1000, 800), (2200, 2000)])
    hand.drag("ellipse", [(500, 400), (5500, 3600)])
    hand.drag("lasso", [(800, 800), (3500, 900), (5000, 3000), (1200, 3300)], 20)
    window.options._size.setValue(400)
    hand.drag("brush", [(3000, 1500), (4500, 2500), (1000, 3500)], 12)
    hand.drag("eraser", [(3200, 1500), (4300, 2300)], 12)
    for name in ("photo.invert", "photo.all", "photo.none", "photo.undo", "photo.undo", "photo.redo"):
        menu(name)
    window.options._tolerance.setValue(40)
    hand.click("wand", 3000, 2000)
    menu("tint")
    for _ in range(6):
        stalls.during("ants and tint", canvas._step_ants)
    window.options._connected.setChecked(False)
    hand.click("wand", 3000, 2000)
    for _ in range(6):
        stalls.during("ants and tint, ragged", canvas._step_ants)
    menu("tint")
    hand.drag("object", [(1500, 1000), (4500, 3000)])

    for name, change in (
        ("grow", selection.grown),
        ("shrink", selection.shrunk),
        ("feather", selection.feathered),
    ):
        stalls.during(name, lambda change=change: session.change_selection(lambda s: change(s, 40), "x"))
    cv2.imwrite(str(folder / "mask.png"), session.document.selection.mask)
    stalls.during("load a mask", lambda: session.load_selection(folder / "mask.png", "Load selection"))
    menu("context")
    menu("context")
    hand.drag("rectangle", [(1000, 800), (3200, 2900)])

    window.side.describe.variants.setValue(3)
    session.caption = "a blue bird"
    filled = lambda: not filling.busy and not filling.preview.busy  # noqa: E731
    stalls.during("fill", side.describe.fill, filled)
    stalls.during("choose", lambda: filling.choose(filling.round.fills[2]), filled)
    stalls.during("before", lambda: session.compare(True))
    stalls.during("after", lambda: session.compare(False))
    for value in (10, 20, 30):
        stalls.during("feather slider", lambda value=value: side.blend.feather.setValue(value), filled)
    stalls.during("live", lambda: filling.fill_live("a red bird", 1), filled)
    stalls.during("apply", side.apply, lambda: bool(session.document.layers))
    menu("photo.undo")
    menu("photo.redo")
    hand.drag("ellipse", [(2500, 800), (5500, 3600)])
    stalls.during("fill", side.describe.fill, filled)
    stalls.during("apply", side.apply, lambda: len(session.document.layers) == 2)
    layer = session.document.layers[1]
    stalls.during("hide a layer", lambda: side.layers.list.item(0).setCheckState(Qt.CheckState.Unchecked))
    stalls.during("show a layer", lambda: side.layers.list.item(0).setCheckState(Qt.CheckState.Checked))
    assert session.document.layers[1].rgb is layer.rgb
    stalls.during("merge", side.layers.buttons["merge"].click)
    panel.until(lambda: len(session.document.layers) == 1)
    stalls.during("autosave", session.autosave)
    target = folder / "out.png"
    stalls.during("save", lambda: session.save(target), lambda: not session.document.modified)
    image = QImage(WIDTH, HEIGHT, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.red)
    data = QMimeData()
    data.setImageData(image)
    stalls.during("paste", lambda: window.take(data), lambda: session.document.path is None)
    with Image.open(target) as saved:
        assert saved.size == (WIDTH, HEIGHT)
    return stalls.worst
