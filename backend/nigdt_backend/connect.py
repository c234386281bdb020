"""How a client gets a connection to a daemon that answers, and the errors it reports."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import zmq

from nigdt_backend import paths
from nigdt_backend.connection import Connection, FileLock, UnsafeFileError, read_connection
from nigdt_backend.launch import Starter
from nigdt_backend.protocol import Event, ProtocolError, decode, encode
from nigdt_backend.transport import ClientSocket, ConnectionLost

REPLY_HEADER_BYTES = 4 * 1024 * 1024
"""Clients allow longer headers than the daemon, since attention adds to a reply's."""


class DaemonError(Exception):
    """A job or a call that failed.

    Attributes:
        code: one of `protocol.CODES` or `protocol.CLIENT_CODES`.
        message: what happened, one line.
        hint: what to do, one line, possibly empty.
        retry_after: seconds after which to try again (`busy`), else None.
    """

    def __init__(self, code: str, message: str, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.retry_after = retry_after

    @classmethod
    def from_event(cls, event: Event) -> DaemonError:
        """Return the error that an `error` event reports."""
        data = event.data
        return cls(
            str(data.get("code", "internal")),
            str(data.get("message", "The daemon reported an error.")),
            str(data.get("hint", "")),
            data.get("retry_after"),
        )

    def to_event(self, job: str | None) -> Event:
        """Return the `error` event that reports this error for `job`."""
        data = {"kind": "error", "job": job, "code": self.code, "message": self.message, "hint": self.hint}
        return Event("error", job, data)


def connect(
    file: Path, *, start: bool, timeout: float, command: Sequence[str] | None
) -> tuple[ClientSocket, Connection]:
    """Connect to a daemon that answers, starting one if need be.

    Args:
        file: the connection file.
        start: whether to start a daemon when none runs here.
        timeout: seconds for the whole.
        command: what starts a daemon; None takes `launch.default_command`.

    Raises:
        DaemonError: `not-running`, `cannot-start`, `unsafe-state`, `silent` or `version`.
    """
    deadline = time.monotonic() + timeout
    starter: Starter | None = None
    connection: Connection | None = None
    try:
        while True:
            connection = read_connection(file)
            local = connection is None or not connection.remote
            if connection is not None:
                tried = time.monotonic()
                try:
                    return _try(connection, deadline), connection
                except ConnectionLost:
                    pass
                except TimeoutError:
                    if not start and local and FileLock(paths.lock_path()).held():
                        raise silent(time.monotonic() - tried, connection) from None
            if connection is None and file != paths.own_connection_path():
                raise DaemonError(
                    "not-running",
                    f"{file} is missing, or is not a connection file.",
                    "Carry it here again, or unset NIGDT_CONNECTION.",
                )
            if not (start and local):
                raise DaemonError(
                    "not-running",
                    "No daemon is running."
                    if local
                    else f"The daemon at {connection.endpoint if connection else ''} cannot be reached.",
                    "Start it with `nigdt serve`."
                    if local
                    else "Start `nigdt serve --listen` there; `nigdt keys list` there must have your key.",
                )
            if starter is None:
                starter = Starter(command)
            reason = starter.poll()
            if reason is not None:
                raise DaemonError(
                    "cannot-start",
                    f"The daemon did not start: {reason.rstrip('.')}.",
                    "`nigdt doctor` says what is missing.",
                )
            if time.monotonic() >= deadline:
                raise silent(timeout, connection)
            time.sleep(0.03)
    except UnsafeFileError as error:
        raise DaemonError("unsafe-state", str(error), "Then try again.") from None
    except OSError as error:
        own = file == paths.own_connection_path()
        raise DaemonError(
            "cannot-start",
            f"Cannot use {error.filename or paths.state_dir()}: {error.strerror or error}.",
            "Make its folder writable for you, or set NIGDT_STATE_DIR."
            if own
            else "Let NIGDT_CONNECTION name a connection file, or unset it.",
        ) from None
    finally:
        if starter is not None:
            starter.close()


def _try(connection: Connection, deadline: float) -> ClientSocket:
    """Connect and wait for an answer.

    Raises:
        ConnectionLost: nobody is there.
        TimeoutError: nobody answers.
        DaemonError: what answers speaks another protocol.
    """
    wait = max(0.5, min(3.0, deadline - time.monotonic()))
    try:
        socket = ClientSocket(connection)
    except (zmq.ZMQError, OSError) as error:  # too many open files, say
        raise DaemonError("internal", f"No connection can be opened: {error.strerror}.") from None
    try:
        socket.send(encode({"kind": "status", "request": "hello"}))
        messages = socket.receive(wait)
        if not messages:
            raise TimeoutError
        decode(messages[0], header_limit=REPLY_HEADER_BYTES)
    except (ConnectionLost, TimeoutError):
        socket.close()
        raise
    except ProtocolError as error:
        socket.close()
        raise DaemonError(error.code, error.message, error.hint) from None
    return socket


def silent(seconds: float, connection: Connection | None) -> DaemonError:
    """Return the error of a daemon that runs but says nothing."""
    who = f" (process {connection.pid})" if connection is not None and connection.pid else ""
    return DaemonError(
        "silent",
        f"The daemon{who} did not answer within {seconds:.0f} s.",
        "Look at its state with `nigdt doctor`; `nigdt serve --stop` ends it if it hangs.",
    )
