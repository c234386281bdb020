"""A session without any window: what is posted runs when the test pumps."""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Callable
from pathlib import Path

from nigdt_backend.client import Client
from nigdt_plugin.core.host import Host
from nigdt_plugin.core.selection import Combine, rectangle
from nigdt_plugin.core.session import Session
from nigdt_plugin.core.settings import Settings
from panel_daemon import connect


class Core:
    def __init__(
        self,
        settings: Settings | None = None,
        connect_: Callable[[], Client] = connect,
        host: Path | None = None,
    ) -> None:
        self._posted: queue.Queue[Callable[[], None]] = queue.Queue()
        self.session = Session(
            settings or Settings(), self._posted.put, connect_, Host(host) if host else None
        )
        self.errors: list[str] = []
        self.session.notice.connect(lambda message, hint: self.errors.append(f"{message} {hint}".strip()))

    @property
    def filling(self):
        assert self.session.filling is not None
        return self.session.filling

    @property
    def document(self):
        assert self.session.document is not None
        return self.session.document

    @property
    def fills(self):
        return self.filling.round.fills if self.filling.round else []

    def pump(self, seconds: float = 0.0) -> None:
        deadline = time.monotonic() + seconds
        while not self._posted.empty() or time.monotonic() < deadline:
            with contextlib.suppress(queue.Empty):
                self._posted.get(timeout=0.01)()

    def until(self, condition: Callable[[], bool], seconds: float = 90.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"still waiting; errors so far: {self.errors}"
            self.pump(0.02)

    def open(self, path: Path) -> None:
        self.session.open(path)
        self.until(lambda: self.session.document is not None and self.session.document.path == path)

    def select(self, left: int, top: int, right: int, bottom: int) -> None:
        self.session.select(rectangle((left, top), (right, bottom)), Combine.REPLACE, "Rectangle")

    def done(self) -> None:
        self.until(
            lambda: not self.filling.busy and not self.filling.preview.busy and not self.session.tasks.busy
        )

    def close(self) -> None:
        self.session.close()
        self.pump()
