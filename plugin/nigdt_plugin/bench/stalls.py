"""How long the window does not answer, measured at every turn of its event loop."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PyQt6.QtCore import QEventLoop
from PyQt6.QtWidgets import QApplication

from nigdt_plugin.core.session import Session

_ALL = QEventLoop.ProcessEventsFlag.AllEvents
_PATIENCE = 900.0
"""Seconds after which an action counts as hung."""
_SCHEDULE = Path("/proc/thread-self/schedstat")


def clock() -> float:
    """Return seconds that run only while this thread runs or waits for something of the program's own.

    The wait for a processor is the machine's load, not the program's, where the system tells it (Linux);
    waiting for the interpreter's lock is the program's.
    """
    waited = int(_SCHEDULE.read_text().split()[1]) / 1e9 if sys.platform == "linux" else 0.0
    return time.monotonic() - waited


@dataclass
class Block:
    """The longest turns of the event loop during one action, in seconds.

    Attributes:
        waited: Until the window answered again, by `clock`.
        own: Of the UI thread's own work, in processor time: what no load changes.
        seen: Until the window answered again, by the wall clock: with what other programs took.
    """

    waited: float = 0.0
    own: float = 0.0
    seen: float = 0.0


class Stalls:
    """The longest turns of the event loop, action by action.

    Attributes:
        worst: By the name of the action.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.worst: dict[str, Block] = {}

    def during(
        self, name: str, action: Callable[[], object], done: Callable[[], bool] = lambda: True
    ) -> None:
        """Do something, and go on turning until it is done and every thread rests.

        Raises:
            TimeoutError: It is not done for a quarter of an hour.
        """
        block = self.worst.setdefault(name, Block())
        _turn(action, block)
        deadline = time.monotonic() + _PATIENCE
        resting = 0
        while resting < 5:
            _turn(lambda: QApplication.processEvents(_ALL, 5), block)
            resting = resting + 1 if done() and not self.session.tasks.busy else 0
            if time.monotonic() > deadline:
                raise TimeoutError(f"'{name}' has no end.")
            time.sleep(0.001)


def _turn(work: Callable[[], object], block: Block) -> None:
    began, own, seen = clock(), time.thread_time(), time.monotonic()
    work()
    block.waited = max(block.waited, clock() - began)
    block.own = max(block.own, time.thread_time() - own)
    block.seen = max(block.seen, time.monotonic() - seen)
