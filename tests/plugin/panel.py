"""A panel in a test: the real window, session and daemon."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from nigdt_backend.client import Client
from nigdt_plugin.core.host import Host
from nigdt_plugin.core.selection import Combine, rectangle
from nigdt_plugin.core.session import Session
from nigdt_plugin.core.settings import Settings
from nigdt_plugin.ui.app import application
from nigdt_plugin.ui.bridge import Bridge
from nigdt_plugin.ui.window import Window
from panel_daemon import connect
from PyQt6.QtCore import QDeadlineTimer, Qt, QTimer
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication


class Panel:
    """A window that is driven by code and by events."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        host: Path | None = None,
        connect_: Callable[[], Client] = connect,
    ) -> None:
        self.app = application()
        self.bridge = Bridge()
        settings = settings or Settings(theme="dark", live=False, seen_hints=True)
        self.session = Session(settings, self.bridge.post, connect_, Host(host) if host else None)
        self.window = Window(self.session)
        self.window.resize(1280, 820)  # the offscreen platform has a screen of 800 x 800 pixels
        self.errors: list[str] = []
        self.session.notice.connect(lambda message, hint: self.errors.append(f"{message} {hint}".strip()))
        self.window.show()

    def open(self, path: Path, caption: str | None = None) -> None:
        self.window.open_path(path, caption=caption)
        self.until(lambda: self.session.document is not None and self.session.document.path == path)

    def select(self, left: int, top: int, right: int, bottom: int) -> None:
        self.session.select(rectangle((left, top), (right, bottom)), Combine.REPLACE, "Rectangle")

    def fill(self, caption: str, count: int = 3) -> None:
        self.window.side.describe.variants.setValue(count)
        self.session.caption = caption
        self.window.side.describe.caption.caption = caption
        self.window.side.describe.fill()
        self.until(
            lambda: not self.session.filling.busy and self.session.filling.preview.layer is not None, 60
        )

    def apply(self) -> None:
        self.window.side.apply()
        self.until(lambda: self.session.filling.preview.layer is None)

    def until(self, condition: Callable[[], bool], seconds: float = 90.0) -> None:
        deadline = QDeadlineTimer(int(seconds * 1000))
        while not condition():
            assert not deadline.hasExpired(), f"still waiting; errors so far: {self.errors}"
            QTest.qWait(2)  # sleeps in between: a processor kept busy here is missing in the daemon
        self.settle()

    def settle(self) -> None:
        for _ in range(3):
            QApplication.processEvents()

    def idle(self) -> None:
        self.until(lambda: not self.session.tasks.busy)

    def close(self) -> None:
        document = self.session.document
        if document is not None:
            document.mark_saved(document.layers)
            self.session.filling.put_away()
        self.window.close()
        assert not self.window.isVisible()
        assert not [timer for timer in self.window.findChildren(QTimer) if timer.isActive()]
        self.bridge.close()
        self.window.deleteLater()
        self.settle()


def press(panel: Panel, *points: tuple[float, float], modifiers=Qt.KeyboardModifier.NoModifier) -> None:
    """Drag over photo points."""
    canvas = panel.window.canvas
    places = [canvas.to_widget(*point).toPoint() for point in points]
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, modifiers, places[0])
    for place in places[1:]:
        QTest.mouseMove(canvas, place)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, modifiers, places[-1])


def click(panel: Panel, x: float, y: float) -> None:
    canvas = panel.window.canvas
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=canvas.to_widget(x, y).toPoint())


def rest(panel: Panel) -> None:
    """Wait until nothing is filled or placed any more."""
    filling = panel.session.filling
    panel.until(lambda: not filling.busy and not filling.preview.busy and not panel.session.tasks.busy, 180)


def shown(panel: Panel) -> np.ndarray:
    """The picture as it is seen, (h, w, 3)."""
    return panel.session.display.pyramid.levels[0]
