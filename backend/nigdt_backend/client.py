"""Client of the daemon: standard library and pyzmq only, so that any editor's Python can carry it."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from nigdt_backend import paths
from nigdt_backend.clock import AwakeClock
from nigdt_backend.connect import REPLY_HEADER_BYTES, DaemonError, connect, silent
from nigdt_backend.connection import Connection
from nigdt_backend.protocol import Event, FillPicture, FillRequest, FillResult, ProtocolError, decode, encode
from nigdt_backend.transport import ClientSocket, ConnectionLost

__all__ = ["Client", "DaemonError"]

SILENCE_SECONDS = 30.0
"""After so long without any message while work is outstanding, the daemon counts as not answering."""

RESENDS = 6
"""How often a job is sent again when the daemon died. One over which it died twice is refused by the daemon
itself; the others must outlast several of those."""


_HELD = 2
"""Contexts that are remembered as known to the daemon: those of the fills that follow the typing."""


@dataclass
class _Outstanding:
    request: FillRequest
    resends: int = 0


class Client:
    """A connection to the daemon, for use from one thread at a time.

    The daemon is started when none runs. When it dies over a job, the client starts it again and sends
    the job again; only a job that the daemon died over repeatedly fails.

    Example:
        >>> with Client.connect() as client:                                            # doctest: +SKIP
        ...     result = client.fill(FillRequest(crop, mask, 256, 256, "a red bird"))
    """

    def __init__(
        self, *, start: bool, timeout: float, command: Sequence[str] | None, connection_file: Path | None
    ) -> None:
        self._start = start
        self._timeout = timeout
        self._command = command
        self._file = connection_file or paths.connection_path()
        self._socket: ClientSocket | None = None
        self._connection: Connection | None = None
        self._outstanding: dict[str, _Outstanding] = {}
        self._backlog: list[Event] = []
        self._held: deque[FillRequest] = deque(maxlen=_HELD)  # each with the digest that the daemon told
        self._quiet = AwakeClock()

    @classmethod
    def connect(
        cls,
        start: bool = True,
        timeout: float = 20.0,
        *,
        command: Sequence[str] | None = None,
        connection_file: Path | None = None,
    ) -> Client:
        """Reach the daemon, starting it when none runs.

        Args:
            start: whether to start a daemon; a remote one (`NIGDT_CONNECTION`) is never started.
            timeout: seconds to wait for its first answer.
            command: what starts a daemon; default this Python (or `NIGDT_PYTHON`) with
                `-m nigdt_backend.daemon`.
            connection_file: where to find it; default `paths.connection_path()`.

        Raises:
            DaemonError: `not-running`, `cannot-start`, `unsafe-state`, `silent` or `version`.
        """
        client = cls(start=start, timeout=timeout, command=command, connection_file=connection_file)
        client._open()
        return client

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def connection(self) -> Connection | None:
        """What the client is connected to."""
        return self._connection

    def close(self) -> None:
        """Leave; the daemon drops this client's jobs."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    # -- jobs ------------------------------------------------------------------------------------------------

    def submit(self, request: FillRequest) -> str:
        """Send a fill and return its job id; what becomes of it comes through `events`.

        Raises:
            DaemonError: the request breaks a limit, or the daemon cannot be reached.
        """
        try:
            message = self._named(request).to_wire()
        except ProtocolError as error:
            raise DaemonError(error.code, error.message, error.hint) from None
        self._outstanding[request.job] = _Outstanding(request)
        if self._socket is None:
            self._open()
        try:
            self._require_socket().send(message)
        except ConnectionLost:
            self._recover()
        return request.job

    def cancel(self, job: str) -> None:
        """Ask for `job` to be dropped; an `error` event, code `cancelled`, confirms it unless it was done."""
        if self._socket is not None:
            with contextlib.suppress(ConnectionLost):  # a dead daemon has dropped it already
                self._socket.send(encode({"kind": "cancel", "job": job}))

    def events(self, timeout: float = 0.0) -> list[Event]:
        """Return the messages that have come in, waiting up to `timeout` seconds for the first.

        When the connection broke, this reconnects (starting the daemon if it may) and sends outstanding jobs
        again; a job's fills may then be reported twice. A job that cannot be sent again gets an `error`
        event, code `lost`.

        Raises:
            DaemonError: `silent`, when work is outstanding and the daemon has long said nothing.
        """
        deadline = time.monotonic() + timeout
        while True:
            if self._backlog:
                events, self._backlog = self._backlog, []
                return events
            if self._socket is None and self._outstanding:
                self._recover()
                continue
            left = max(0.0, deadline - time.monotonic())
            if self._socket is None:
                time.sleep(left)
                return []
            try:
                messages = self._socket.receive(min(0.25, left))
            except ConnectionLost:
                self._recover()
                continue
            self._quiet.tick()
            if messages or not self._outstanding:
                self._quiet.restart()
            if messages:
                return [self._read(message) for message in messages]
            if self._quiet.seconds > SILENCE_SECONDS:
                raise self._silent(SILENCE_SECONDS)
            if left == 0.0:
                return []

    def fill(
        self,
        request: FillRequest,
        on_event: Callable[[Event], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> FillResult:
        """Send a fill and wait for all its answers: `submit`, then `result`."""
        return self.result(self.submit(request), on_event, cancelled)

    def result(
        self,
        job: str,
        on_event: Callable[[Event], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> FillResult:
        """Wait for all answers of a fill.

        Args:
            job: as `submit` returned it, with no other call between.
            on_event: told of every event of this job (progress, each fill).
            cancelled: asked about ten times a second; when true the job is cancelled.

        Raises:
            DaemonError: with the daemon's code; `cancelled` when asked to.
        """
        sent = self._outstanding.get(job)  # None when it is lost already, which an event tells
        expected = len(sent.request.variants) if sent is not None else 0
        fills: dict[int, FillPicture] = {}
        others: list[Event] = []
        asked = False
        try:
            while True:
                if cancelled is not None and not asked and cancelled():
                    self.cancel(job)
                    asked = True
                events = self.events(0.1)
                for position, event in enumerate(events):
                    if event.job != job:
                        others.append(event)
                        continue
                    if on_event is not None:
                        on_event(event)
                    if event.kind == "fill":
                        picture = FillPicture.from_event(event)
                        fills[picture.index] = picture
                    elif event.kind == "error":
                        others.extend(events[position + 1 :])
                        raise DaemonError.from_event(event)
                    elif event.kind == "done":
                        others.extend(events[position + 1 :])
                        return _result(job, fills, expected, event)
        except ProtocolError as error:
            raise DaemonError(error.code, error.message, error.hint) from None
        except KeyboardInterrupt:
            self.cancel(job)
            raise
        finally:
            self._outstanding.pop(job, None)
            self._backlog = others + self._backlog

    # -- calls -----------------------------------------------------------------------------------------------

    def status(self, timeout: float = 10.0) -> dict[str, Any]:
        """Return health and counters of the daemon (docs/protocol.md lists the fields)."""
        return dict(self._call({"kind": "status"}, timeout).data["status"])

    def models(self, timeout: float = 10.0, *, words: bool = False) -> list[dict[str, Any]]:
        """List the daemon's bundles: name, title, size_px, bytes, loaded, and the known words if wanted."""
        return list(self._call({"kind": "models", "words": words}, timeout).data["models"])

    def load(self, name: str, timeout: float = 120.0) -> dict[str, Any]:
        """Load a bundle, or load it again when its files changed; the old one stays if that fails."""
        return dict(self._call({"kind": "load", "bundle": name}, timeout).data)

    def shutdown(self, timeout: float = 10.0) -> None:
        """Stop the daemon; it finishes what runs and refuses what waits."""
        try:
            self._call({"kind": "shutdown"}, timeout)
        except DaemonError as error:
            # On a busy machine the daemon can be gone before its answer has left: it is stopped all the same.
            if error.code != "lost":
                raise

    def _call(self, header: dict[str, Any], timeout: float) -> Event:
        """Send a request that has one answer and wait for it, keeping other events for later."""
        if self._socket is None:
            self._open()
        identifier = uuid.uuid4().hex
        try:
            self._require_socket().send(encode({**header, "request": identifier}))
            deadline = time.monotonic() + timeout
            while time.monotonic() < deadline:
                answer = None
                for message in self._require_socket().receive(min(0.25, timeout)):
                    event = self._read(message)
                    if event.data.get("request") == identifier and event.kind != "progress":
                        answer = event
                    else:
                        self._backlog.append(event)
                if answer is not None:
                    if answer.kind == "error":
                        raise DaemonError.from_event(answer)
                    return answer
        except ConnectionLost:
            self.close()
            raise DaemonError("lost", "The daemon went away before it answered.", "Try again.") from None
        raise self._silent(timeout)

    # -- connection ------------------------------------------------------------------------------------------

    def _require_socket(self) -> ClientSocket:
        if self._socket is None:
            raise ConnectionLost
        return self._socket

    def _read(self, message: list[bytes]) -> Event:
        try:
            header, frames = decode(message, header_limit=REPLY_HEADER_BYTES)
        except ProtocolError as error:
            raise DaemonError(error.code, error.message, error.hint) from None
        job = header.get("job")
        event = Event(
            header["kind"], job if isinstance(job, str) else None, header, tuple(map(bytes, frames))
        )
        entry = self._outstanding.get(event.job or "")
        if event.kind == "accepted" and entry is not None and isinstance(header.get("context"), str):
            self._hold(replace(entry.request, context=header["context"]))
        if event.job is None or event.kind not in ("done", "error"):
            return event
        if header.get("code") == "unknown-context" and entry is not None:
            self._held.clear()
            with contextlib.suppress(ConnectionLost):  # then it is sent again with the others
                self._require_socket().send(entry.request.to_wire())
            return Event("progress", event.job, {"kind": "progress", "job": event.job, "stage": "queued"})
        if header.get("code") in self._handed_back() and event.job in self._outstanding:
            # The daemon is about to replace itself; once the connection breaks, the job is sent again.
            return Event("progress", event.job, {"kind": "progress", "job": event.job, "stage": "queued"})
        self._outstanding.pop(event.job, None)
        return event

    def _named(self, request: FillRequest) -> FillRequest:
        """Return a request that names its context, if the daemon has that already."""
        known = next((one for one in self._held if _same_context(one, request)), None)
        return request if known is None else replace(request, context=known.context)

    def _hold(self, request: FillRequest) -> None:
        """Take note that the daemon has a request's context."""
        others = [one for one in self._held if one.context != request.context]
        self._held.clear()
        self._held.extend([*others, request])

    def _handed_back(self) -> tuple[str, ...]:
        """Return with which codes a job comes back that another daemon will do.

        A daemon elsewhere that is stopped may be one of several behind one address.
        """
        remote = self._connection is not None and self._connection.remote
        return ("restarting", "stopping") if remote else ("restarting",)

    def _recover(self) -> None:
        """Reconnect and send outstanding jobs again; those that cannot be become `lost` events."""
        self.close()
        for job, entry in list(self._outstanding.items()):
            entry.resends += 1
            if entry.resends > RESENDS:
                del self._outstanding[job]
                lost = DaemonError(
                    "lost",
                    "The daemon ended unexpectedly while it worked on this fill.",
                    f"`nigdt doctor` says more; the log is {paths.log_path()}.",
                )
                self._backlog.append(lost.to_event(job))
        try:
            self._open()
            for entry in list(self._outstanding.values()):
                self._require_socket().send(entry.request.to_wire())
        except ConnectionLost:
            self.close()
        except DaemonError as error:
            for job in list(self._outstanding):
                self._backlog.append(error.to_event(job))
            self._outstanding.clear()

    def _open(self) -> None:
        self._held.clear()
        self._socket, self._connection = connect(
            self._file, start=self._start, timeout=self._timeout, command=self._command
        )

    def _silent(self, seconds: float) -> DaemonError:
        return silent(seconds, self._connection)


def _same_context(one: FillRequest, other: FillRequest) -> bool:
    fields = ("width", "height", "channels", "result")
    return all(getattr(one, name) == getattr(other, name) for name in fields) and (
        (one.crop is other.crop or one.crop == other.crop) and one.mask == other.mask
    )


def _result(job: str, fills: dict[int, FillPicture], expected: int, done: Event) -> FillResult:
    if sorted(fills) != list(range(expected)):
        raise ProtocolError("bad-message", f"{len(fills)} of {expected} fills arrived before the job's end.")
    return FillResult(
        job=job,
        fills=tuple(fills[index] for index in range(expected)),
        seconds=dict(done.data.get("seconds", {})),
        notices=tuple(done.data.get("notices", ())),
        data=done.data,
    )
