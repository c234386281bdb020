"""What `nigdt bench panel` does with a large photo, with real mouse and key events."""

from __future__ import annotations

import itertools
import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from PyQt6.QtCore import QMimeData, QPoint, QPointF, Qt
from PyQt6.QtGui import QImage, QWheelEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from nigdt_plugin.bench.stalls import Stalls, clock
from nigdt_plugin.core import selection
from nigdt_plugin.core.selection import Combine
from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.window import Window

WIDTH, HEIGHT = 6000, 4000
_TEST: Any = QTest  # PyQt6's stubs take its static methods for methods
_WORDS = ("red", "blue", "green", "yellow", "black", "white", "brown", "orange", "grey", "pink", "purple")
_KEYS_PER_SECOND = 7
_FEWEST, _PATIENCE = 3, 60.0
"""Words that are measured on any machine, and seconds after which there are no more."""


def write_photo(path: Path) -> None:
    """Write 24 megapixels of gradients and grain: a selection by colour gets the most ragged outline."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    pixels = np.dstack([x // 24, y // 16, (x + y) // 40]).astype(np.int16)
    grain = np.random.default_rng(1).normal(0, 12, (1000, 1000, 3)).astype(np.int16)
    pixels += np.tile(grain, (4, 6, 1))
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path, quality=90)


class Hand:
    """Mouse and keys on a window, with the longest turn of the event loop written down for each act."""

    def __init__(self, session: Session, window: Window) -> None:
        self.session, self.window, self.canvas = session, window, window.canvas
        self.stalls = Stalls(session)

    @property
    def filled(self) -> bool:
        """Whether no fill is on its way, nor one being blended."""
        filling = self.session.filling
        return filling is not None and not filling.busy and not filling.preview.busy

    def menu(self, name: str) -> None:
        """Choose an action of the menus."""
        self.stalls.during(name.partition(".")[2] or name, self.window.actions_[name].trigger)

    def drag(self, tool: str, points: list[tuple[float, float]], steps: int = 8) -> None:
        """Drag a tool along photo points."""
        self.window.use_tool(tool)
        places = [self._at(*point) for point in points]
        button, stalls = Qt.MouseButton.LeftButton, self.stalls
        stalls.during(f"{tool}: press", lambda: _TEST.mousePress(self.canvas, button, pos=places[0]))
        for start, end in pairwise(places):
            for step in range(1, steps + 1):
                place = start + (end - start) * step / steps
                stalls.during(f"{tool}: move", partial(_TEST.mouseMove, self.canvas, place))
        stalls.during(f"{tool}: let go", lambda: _TEST.mouseRelease(self.canvas, button, pos=places[-1]))

    def click(self, tool: str, x: float, y: float) -> None:
        """Click a photo point with a tool."""
        self.window.use_tool(tool)
        place, button = self._at(x, y), Qt.MouseButton.LeftButton
        self.stalls.during(tool, lambda: _TEST.mouseClick(self.canvas, button, pos=place))

    def wheel(self, x: float, y: float, clicks: int) -> None:
        """Turn the wheel over a photo point."""
        at = QPointF(self._at(x, y))
        event = QWheelEvent(
            at, QPointF(self.canvas.mapToGlobal(at.toPoint())), QPoint(), QPoint(0, 120 * clicks),
            Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        name = "wheel in" if clicks > 0 else "wheel out"
        self.stalls.during(name, lambda: QApplication.sendEvent(self.canvas, event))

    def _at(self, x: float, y: float) -> QPoint:
        return self.canvas.to_widget(x, y).toPoint()


def edit(hand: Hand, photo: Path, folder: Path) -> None:
    """Open, look around, select in every way, fill, blend, apply, undo, merge, save, paste.

    Args:
        hand: On a window without a photo; it has at least 1600 x 1000 pixels.
        photo: As `write_photo` makes it.
        folder: Where files may be written.
    """
    window, session, stalls = hand.window, hand.session, hand.stalls
    stalls.during("open", lambda: window.open_path(photo), lambda: session.document is not None)
    _look(hand)
    _select(hand, folder)
    _fill(hand)
    _other_modes(hand)
    _keep(hand, folder)


def _look(hand: Hand) -> None:
    for clicks in (*[1] * 8, *[-1] * 8):
        hand.wheel(2000, 1500, clicks)
    hand.menu("photo.full")
    hand.drag("pan", [(2000, 1500), (2200, 1650), (1900, 1400)])
    hand.menu("photo.fit")


def _select(hand: Hand, folder: Path) -> None:
    window, session, stalls = hand.window, hand.session, hand.stalls
    hand.drag("rectangle", [(1000, 800), (2200, 2000)])
    hand.drag("ellipse", [(500, 400), (5500, 3600)])
    hand.drag("lasso", [(800, 800), (3500, 900), (5000, 3000), (1200, 3300)], 20)
    window.options.resize_brush(400 / window.options.brush_size)
    hand.drag("brush", [(3000, 1500), (4500, 2500), (1000, 3500)], 12)
    hand.drag("eraser", [(3200, 1500), (4300, 2300)], 12)
    for name in ("photo.invert", "photo.all", "photo.none", "photo.undo", "photo.undo", "photo.redo"):
        hand.menu(name)
    hand.click("wand", 3000, 2000)
    hand.menu("tint")
    end = time.monotonic() + 0.3
    stalls.during("ants and tint", lambda: None, lambda: time.monotonic() > end)
    hand.menu("tint")
    hand.drag("object", [(1500, 1000), (4500, 3000)])
    for name, change in (
        ("grow", selection.grown),
        ("shrink", selection.shrunk),
        ("feather", selection.feathered),
    ):
        stalls.during(name, lambda change=change: session.change_selection(lambda s: change(s, 40), "x"))  # type: ignore[misc]
    document = session.document
    assert document is not None
    cv2.imwrite(str(folder / "mask.png"), document.selection.mask)
    stalls.during("load a mask", lambda: session.load_selection(folder / "mask.png", "Load selection"))
    hand.menu("context")
    hand.menu("context")


def _fill(hand: Hand) -> None:
    window, session, stalls = hand.window, hand.session, hand.stalls
    side, filling, document = window.side, session.filling, session.document
    assert filling is not None
    assert document is not None
    hand.drag("rectangle", [(1000, 800), (3200, 2900)])
    side.describe.variants.setValue(3)
    session.caption = "a blue bird"
    stalls.during("fill", side.describe.fill, lambda: hand.filled)
    assert filling.round is not None
    last = filling.round.fills[-1]
    stalls.during("choose", lambda: filling.choose(last), lambda: hand.filled)
    stalls.during("before", lambda: session.compare(True))
    stalls.during("after", lambda: session.compare(False))
    for value in (10, 20, 30):
        stalls.during("feather", partial(side.blend.feather.setValue, value), lambda: hand.filled)
    stalls.during("wipe", lambda: window.wipe(True), lambda: window.canvas.wipe is not None)
    for x in (1500, 2500, 3500):
        stalls.during("wipe: move", partial(_move_wipe, window, x))
    stalls.during("wipe", lambda: window.wipe(False))
    stalls.during("apply", side.apply, lambda: bool(document.layers))
    hand.menu("photo.undo")
    hand.menu("photo.redo")
    hand.drag("ellipse", [(2500, 800), (5500, 3600)])
    stalls.during("fill", side.describe.fill, lambda: hand.filled)
    stalls.during("apply", side.apply, lambda: len(document.layers) == 2)
    item = side.layers.list.item(0)
    assert item is not None
    stalls.during("hide a layer", partial(item.setCheckState, Qt.CheckState.Unchecked))
    item = side.layers.list.item(0)
    assert item is not None
    stalls.during("show a layer", lambda: item.setCheckState(Qt.CheckState.Checked))
    stalls.during("merge", side.layers.buttons["merge"].click, lambda: len(document.layers) == 1)


def _other_modes(hand: Hand) -> None:
    window, session, stalls = hand.window, hand.session, hand.stalls
    describe, side = window.side.describe, window.side
    document = session.document
    assert document is not None
    describe.variants.setValue(1)
    hand.menu("mode.recolour")
    hand.drag("rectangle", [(600, 500), (3000, 2600)])
    session.caption = "dark green"
    stalls.during("recolour", describe.fill, lambda: hand.filled)
    for value in (90, 70, 50):
        stalls.during("strength", partial(side.blend.strength.setValue, value), lambda: hand.filled)
    stalls.during("apply", side.apply, lambda: len(document.layers) == 2)
    hand.menu("mode.remove")
    hand.drag("ellipse", [(4000, 1500), (4500, 1900)])
    stalls.during("remove", describe.fill, lambda: hand.filled)
    stalls.during("apply", side.apply, lambda: len(document.layers) == 3)
    hand.drag("heal", [(1000, 3000), (1200, 3100)])
    stalls.during("heal", lambda: None, lambda: hand.filled and len(document.layers) == 4)
    hand.menu("mode.describe")
    for name in ("photo.right", "photo.flip", "photo.upright", "photo.loupe", "photo.loupe"):
        hand.menu(name)
    hand.menu("photo.copy")
    hand.menu("photo.crop")
    hand.menu("photo.undo")


def _move_wipe(window: Window, x: float) -> None:
    wipe = window.canvas.wipe
    assert wipe is not None
    wipe.move_to(window.canvas.to_widget(x, 0).x())
    window.canvas.update()


def _keep(hand: Hand, folder: Path) -> None:
    window, session, stalls = hand.window, hand.session, hand.stalls
    document = session.document
    assert document is not None
    stalls.during("autosave", session.autosave)
    for ending in (".png", ".jpg", ".tif", ".ora"):
        target = folder / f"out{ending}"
        saved = lambda target=target: target.exists() and session.save_path == target  # noqa: E731
        stalls.during(f"save {ending}", partial(session.save, target), saved)
    project = folder / "out.ora"
    stalls.during("open .ora", lambda: window.open_path(project), lambda: session.document is not document)
    image = QImage(WIDTH, HEIGHT, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.red)
    data = QMimeData()
    data.setImageData(image)
    opened = session.document
    stalls.during("paste", lambda: window.take(data), lambda: session.document is not opened)


def type_words(hand: Hand, photo: Path, keys: int = 6) -> dict[str, float]:
    """Type into the caption with fills following, and measure from the last key of a word to its fill.

    Args:
        hand: On a window.
        photo: As `write_photo` makes it.
        keys: How many words are measured; fewer on a slow machine.

    Returns:
        Median and largest milliseconds from a key to the picture on the canvas, soft where it travels
        smaller; and the median share of that in which the model ran.
    """
    window, session = hand.window, hand.session
    hand.stalls.during("open", lambda: window.open_path(photo), lambda: session.document is not None)
    hand.drag("rectangle", [(2000, 1200), (3200, 2400)])
    describe, filling = window.side.describe, session.filling
    assert filling is not None
    describe.live.setChecked(True)
    describe.variants.setValue(1)
    caption = describe.caption
    caption.setFocus()
    _TEST.keyClicks(caption, "a bird ")
    _wait(lambda: hand.filled and filling.chosen is not None)
    taken: list[float] = []
    model: list[float] = []
    deadline = time.monotonic() + _PATIENCE
    for word in itertools.islice(itertools.cycle(_WORDS), keys):
        if len(taken) >= _FEWEST and time.monotonic() > deadline:
            break
        caption.setPlainText("a bird")
        _wait(lambda: hand.filled)
        _TEST.qWait(300)
        shown: list[float] = []

        def seen(_before: object, shown: list[float] = shown, word: str = word) -> None:
            if filling.chosen is not None and word in filling.chosen.caption and not shown:
                window.canvas.repaint()
                shown.append(clock())

        caption.setPlainText(f"a bird {word[:-1]}")
        _wait(lambda: hand.filled)
        _TEST.qWait(1000 // _KEYS_PER_SECOND)
        for hook in (filling.preview.drafted, filling.preview.changed):
            hook.connect(seen)
        caption.moveCursor(caption.textCursor().MoveOperation.End)
        began = clock()
        _TEST.keyClick(caption, word[-1])
        _wait(lambda: bool(shown))  # noqa: B023
        for hook in (filling.preview.drafted, filling.preview.changed):
            hook.disconnect(seen)
        _wait(lambda: hand.filled)
        taken.append(shown[0] - began)
        model.append((filling.seconds or 0.0) / taken[-1])
    return {
        "key_to_picture_ms": round(1000 * statistics.median(taken)),
        "key_to_picture_worst_ms": round(1000 * max(taken)),
        "keys": len(taken),
        "of_which_model": round(statistics.median(model), 2),
    }


def fill_layers(hand: Hand, photo: Path, count: int) -> dict[str, int]:
    """Fill and apply so many regions of 1200 x 900 pixels; return the memory of the process, in MiB."""
    session, window = hand.session, hand.window
    figures = {"without_photo_mib": _resident()}
    hand.stalls.during("open", lambda: window.open_path(photo), lambda: session.document is not None)
    document, describe = session.document, window.side.describe
    assert document is not None
    figures["photo_mib"] = _resident()
    describe.live.setChecked(False)
    describe.variants.setValue(1)
    for number in range(count):
        left, top = 300 + number % 4 * 1350, 250 + number // 4 * 1150
        shape = selection.rectangle((left, top), (left + 1200, top + 900))
        session.select(shape, Combine.REPLACE, "Rectangle")
        session.caption = "a bird with a red belly"
        hand.stalls.during("fill", describe.fill, lambda: hand.filled)
        applied = lambda number=number: len(document.layers) > number  # noqa: E731
        hand.stalls.during("apply", window.side.apply, applied)
    return figures | {"layers": count, "layers_mib": _resident()}


def _resident() -> int:
    """Return the memory of this process in MiB; where the system does not tell (not Linux), 0."""
    if sys.platform != "linux":
        return 0
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20


def _wait(condition: Callable[[], bool], seconds: float = 300.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("The panel does not go on.")
        _TEST.qWait(1)
