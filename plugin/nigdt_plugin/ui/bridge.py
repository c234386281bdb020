"""From any thread onto the UI thread."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QObject, Qt, pyqtSignal


class Bridge(QObject):
    """Runs callables on the thread it was made in."""

    _posted = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self._open = True
        self._posted.connect(self._run, Qt.ConnectionType.QueuedConnection)  # type: ignore[call-arg]

    def post(self, work: Callable[[], None]) -> None:
        """Run `work` on the UI thread, soon."""
        if self._open:
            self._posted.emit(work)

    def close(self) -> None:
        """Run nothing any more."""
        self._open = False

    def _run(self, work: Callable[[], None]) -> None:
        if self._open:
            work()
