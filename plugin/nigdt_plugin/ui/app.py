"""Starting and ending the panel."""

from __future__ import annotations

import functools
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from PyQt6.QtCore import QEvent, QObject, QTimer
from PyQt6.QtWidgets import QApplication

from nigdt import allocator
from nigdt.interpreter import hand_over_soon, leave_alone
from nigdt_plugin.core.host import Host
from nigdt_plugin.core.session import Session
from nigdt_plugin.core.settings import Settings
from nigdt_plugin.ui import language
from nigdt_plugin.ui.bridge import Bridge
from nigdt_plugin.ui.ending import when_told_to_end
from nigdt_plugin.ui.hosted import when_host_goes
from nigdt_plugin.ui.icons import logo
from nigdt_plugin.ui.unforeseen import told_to
from nigdt_plugin.ui.window import Window


@dataclass(frozen=True)
class Start:
    """What the command line asks for."""

    photo: Path | None = None
    mask: Path | None = None
    caption: str | None = None
    return_to: Path | None = None
    time_first_paint: bool = False


class _FirstPaint(QObject):
    """Prints how long the window took to appear, then ends the panel."""

    def __init__(self, window: Window, since: float) -> None:
        super().__init__(window)
        self._window, self._since = window, since
        window.canvas.installEventFilter(self)
        window.welcome.installEventFilter(self)

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:
        if a1 is not None and a1.type() == QEvent.Type.Paint and self._since:
            since, self._since = self._since, 0.0
            busy = time.process_time()
            print(f"first paint after {time.time() - since:.3f} s, {busy:.3f} s of CPU", flush=True)  # noqa: T201
            QTimer.singleShot(0, self._window.close)
        return False


def process_start() -> float:
    """Return when this process began, seconds since 1970; now where the system does not say."""
    if sys.platform == "linux":
        import os

        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        uptime = float(Path("/proc/uptime").read_text().split()[0])
        return time.time() - (uptime - ticks / os.sysconf("SC_CLK_TCK"))
    return time.time()


_LARGE_BYTES = 2**20


@functools.cache
def application() -> QApplication:
    """Return the one QApplication, made when it is first asked for.

    It is kept until the interpreter ends, where PyQt destroys it last. Released earlier, with wrappers of
    other threads' objects still about, it makes the process end with a segmentation fault.
    """
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    # By itself, glibc would keep most pixels that were freed, in heaps that shrink and grow all the time.
    allocator.tune(large=_LARGE_BYTES)
    hand_over_soon()
    app = QApplication(sys.argv[:1])
    app.setApplicationName("NIGDT")
    app.setDesktopFileName("nigdt")
    app.setWindowIcon(logo())
    return app


def run(start: Start) -> int:
    """Show the panel until it is closed; the exit status."""
    app = application()
    settings = Settings.load()
    translators = language.install(app, settings.language)
    bridge = Bridge()
    session = Session(settings, bridge.post, host=Host(start.return_to) if start.return_to else None)
    window = Window(session)
    if start.return_to is not None:
        when_host_goes(lambda: bridge.post(window.host_gone))
    when_told_to_end(window, lambda number: window.end_at_once(lambda: app.exit(128 + number)))
    if start.time_first_paint:
        _FirstPaint(window, process_start())
    window.show()
    QTimer.singleShot(0, window.offer_recovery)
    QTimer.singleShot(0, leave_alone)
    if start.photo is not None:
        photo = start.photo
        QTimer.singleShot(0, lambda: window.open_path(photo, start.mask, start.caption))
    with told_to(lambda error: bridge.post(lambda: session.failed(error))):
        status = app.exec()
    bridge.close()
    window.deleteLater()
    app.sendPostedEvents(window, QEvent.Type.DeferredDelete)
    for translator in translators:
        app.removeTranslator(translator)
    return status
