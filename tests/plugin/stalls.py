"""How long the window does not answer, measured at every turn of its event loop."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from panel import Panel
from PyQt6.QtCore import QEventLoop
from PyQt6.QtWidgets import QApplication

_ALL = QEventLoop.ProcessEventsFlag.AllEvents
SCHEDULE = Path("/proc/thread-self/schedstat")


def _clock() -> tuple[float, float]:
    """Now, and how long this thread has waited for a processor so far.

    That wait is the machine's load, not the program's; waiting for the interpreter's lock is the program's.
    """
    waited = int(SCHEDULE.read_text().split()[1]) / 1e9 if sys.platform == "linux" else 0.0
    return time.monotonic(), waited


class Stalls:
    """The longest turn of the event loop, action by action."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.worst: dict[str, float] = {}

    def _turn(self, work: Callable[[], object]) -> float:
        began, waited = _clock()
        work()
        now, waited_then = _clock()
        return (now - began) - (waited_then - waited)

    def during(
        self, name: str, action: Callable[[], object], done: Callable[[], bool] = lambda: True
    ) -> None:
        """Do something, and go on turning until it is done and every thread rests."""
        longest = self._turn(action)
        deadline = time.monotonic() + 120
        resting = 0
        while resting < 5:
            longest = max(longest, self._turn(lambda: QApplication.processEvents(_ALL, 5)))
            resting = resting + 1 if done() and not self.panel.session.tasks.busy else 0
            assert time.monotonic() < deadline, name
            time.sleep(0.001)
        self.worst[name] = max(longest, self.worst.get(name, 0.0))
