"""The daemon, spoken to from a thread of its own.

The client (nigdt_backend.client) starts the daemon, reconnects and sends jobs again by itself; this thread
keeps its waiting off the UI thread and says what state the connection is in.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from nigdt_backend.client import Client, DaemonError
from nigdt_backend.protocol import Event, FillRequest

from nigdt_plugin.core.failures import Failure, failure_of

log = logging.getLogger(__name__)

_STATUS_SECONDS = 3.0
_BUSY_WAIT = 0.02
_IDLE_WAIT = 0.25
_RETRY_SECONDS = (2.0, 5.0, 15.0, 60.0)
_STARTING = ("queued", "loading")
"""Stages of a job in which the daemon may still be starting."""


class LinkPhase(Enum):
    """What the connection is doing."""

    OFF = "off"
    CONNECTING = "connecting"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class LinkState:
    """The connection as the user should see it.

    Attributes:
        phase: What it is doing.
        status: The daemon's last status (docs/protocol.md), empty before the first.
        failure: When failed, why; else the last thing that went wrong without ending the connection, if any.
        restarts: How often the daemon had to be reached anew since the panel started.
    """

    phase: LinkPhase = LinkPhase.OFF
    status: dict[str, Any] = field(default_factory=dict)
    failure: Failure | None = None
    restarts: int = 0

    @property
    def starting(self) -> bool:
        """Whether the daemon was reached and cannot fill yet, as far as it was heard."""
        return self.phase is LinkPhase.READY and self.status.get("state", "starting") == "starting"

    @property
    def notices(self) -> tuple[str, ...]:
        """What the daemon wants the user to know, in English: that it fills on the CPU, say."""
        notices = self.status.get("notices", ())
        return tuple(str(notice) for notice in notices) if isinstance(notices, list) else ()


class Link:
    """Thread around one client.

    Args:
        on_state: Told of every new `LinkState`.
        on_event: Told of every event of a job.
        connect: Makes the client; the default starts a daemon when none runs.

    All callbacks come from the link's thread.
    """

    def __init__(
        self,
        on_state: Callable[[LinkState], None],
        on_event: Callable[[Event], None],
        connect: Callable[[], Client] = Client.connect,
    ) -> None:
        self._on_state = on_state
        self._on_event = on_event
        self._connect = connect
        self._commands: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._client: Client | None = None
        self._jobs: set[str] = set()
        self._state = LinkState()
        self._next_status = 0.0
        self._works = False  # the daemon has been heard to do more than start, since it was reached
        self._retry_at: float | None = None
        self._failures = 0
        self._heard = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="nigdt-link", daemon=True)

    def start(self) -> None:
        """Begin; nothing is connected before the first command."""
        self._thread.start()

    def close(self, timeout: float = 5.0) -> None:
        """Leave the daemon, which drops this panel's jobs, and end the thread."""
        self._commands.put(("stop", None))
        if self._thread.is_alive():
            self._thread.join(timeout)

    def connect(self) -> None:
        """Reach the daemon, starting it when none runs."""
        self._commands.put(("connect", None))

    def submit(self, request: FillRequest) -> None:
        """Send a fill; a failure comes back as an `error` event of its job."""
        self._commands.put(("fill", request))

    def cancel(self, job: str) -> None:
        """Drop a job."""
        self._commands.put(("cancel", job))

    def load(self, bundle: str) -> None:
        """Make the daemon load a bundle now rather than at the first fill."""
        self._commands.put(("load", bundle))

    @property
    def quiet(self) -> float:
        """Seconds since the daemon gave a sign, where one is awaited; 0 elsewhere. From any thread."""
        return time.monotonic() - self._heard if self._jobs else 0.0

    # The thread -----------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            busy = bool(self._jobs)
            try:
                kind, value = self._commands.get(timeout=0 if busy else _IDLE_WAIT)
            except queue.Empty:
                kind, value = "", None
            if kind == "stop":
                break
            try:
                if kind:
                    self._do(kind, value)
                elif self._retry_at is not None and time.monotonic() >= self._retry_at:
                    self._reach()
                if self._client is not None:
                    self._listen()
            except DaemonError as error:
                self._fail(error, value.job if isinstance(value, FillRequest) else None)
            except Exception as error:  # a defect must not leave the panel waiting for ever
                log.exception("the connection's thread failed")
                text = f"The connection failed ({type(error).__name__})."
                self._fail(DaemonError("lost", text), value.job if isinstance(value, FillRequest) else None)
        if self._client is not None:
            self._client.close()

    def _do(self, kind: str, value: Any) -> None:
        if kind == "cancel":
            if self._client is not None:
                self._client.cancel(value)
            return
        client = self._reach()
        if kind == "fill":
            self._heard = time.monotonic()
            self._jobs.add(value.job)
            client.submit(value)
        elif kind == "load":
            client.load(value)
            self._next_status = 0.0

    def _reach(self) -> Client:
        if self._client is None:
            self._say(LinkState(LinkPhase.CONNECTING, restarts=self._state.restarts))
            self._retry_at = None
            self._client = self._connect()
            self._failures = 0
            self._next_status = 0.0
            self._works = False
            self._say(LinkState(LinkPhase.READY, restarts=self._state.restarts))
        return self._client

    def _listen(self) -> None:
        client = self._client
        assert client is not None
        pid = client.connection.pid if client.connection else None
        for event in client.events(_BUSY_WAIT if self._jobs else 0.0):
            self._heard = time.monotonic()
            self._works |= event.kind != "progress" or event.data.get("stage") not in _STARTING
            if event.kind in ("done", "error") and event.job is not None:
                self._jobs.discard(event.job)
                self._next_status = 0.0
            self._on_event(event)
        if client.connection is not None and pid is not None and client.connection.pid != pid:
            self._next_status, self._works = 0.0, False
            self._say(LinkState(LinkPhase.READY, restarts=self._state.restarts + 1))
        now = time.monotonic()
        # A status call waits for its answer, so all but the first stand back while fills are awaited.
        first = self._works and self._state.starting
        if (first or not self._jobs) and now >= self._next_status:
            self._next_status = now + _STATUS_SECONDS
            try:
                status = client.status()
            except DaemonError as error:
                if error.code == "silent" and self._jobs:  # it starts on a busy machine; whether it hangs,
                    return  # the client finds out, which waits longer before fills are given up
                raise
            self._say(LinkState(LinkPhase.READY, status, restarts=self._state.restarts))

    def _fail(self, error: DaemonError, job: str | None) -> None:
        """Report an error; one that ends the connection ends its jobs too."""
        broken = error.code in ("not-running", "cannot-start", "unsafe-state", "silent", "lost", "version")
        lost = {job} if job is not None else set()
        if broken:
            lost |= self._jobs
        for name in lost:
            if name is not None:
                self._jobs.discard(name)
                self._on_event(error.to_event(name))
        if broken:
            with contextlib.suppress(Exception):
                if self._client is not None:
                    self._client.close()
            self._client = None
            wait = _RETRY_SECONDS[min(self._failures, len(_RETRY_SECONDS) - 1)]
            self._failures += 1
            self._retry_at = time.monotonic() + wait
            self._say(LinkState(LinkPhase.FAILED, {}, failure_of(error), self._state.restarts + 1))
        elif job is None:
            now = self._state
            self._say(LinkState(now.phase, now.status, failure_of(error), now.restarts))

    def _say(self, state: LinkState) -> None:
        if state != self._state:
            self._state = state
            self._on_state(state)
