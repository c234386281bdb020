"""Starting the daemon on demand, so that of many starters exactly one starts it and all are served."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import IO

from nigdt_backend import paths
from nigdt_backend.connection import Connection, FileLock, UnsafeFileError, read_connection
from nigdt_backend.supervision import EXIT_ALREADY_RUNNING

RETRY_SECONDS = 2.0
"""After so long without an answer from that other one a starter looks whether it is still there."""

MOST_DEATHS = 6
"""So many daemons may come up and die, of another client's job say, before that is told as a failed start."""


def interpreter() -> str:
    """Return the Python that NIGDT's programs are started with: `NIGDT_PYTHON`, else that running now."""
    return os.environ.get("NIGDT_PYTHON") or sys.executable


def default_command() -> list[str]:
    """Return the command that starts a daemon."""
    return [interpreter(), "-P", "-m", "nigdt_backend.daemon"]


class Starter:
    """Starts one daemon process, unless another starter is already at it.

    Call `poll` until the daemon answers, then `close`.
    """

    def __init__(self, command: Sequence[str] | None = None) -> None:
        self._command = list(command or default_command())
        self._lock = FileLock(paths.state_dir() / "start.lock")
        self._process: subprocess.Popen[str] | None = None
        self._said: deque[str] = deque(maxlen=20)
        self._listener: threading.Thread | None = None
        self._not_before = 0.0
        self._earlier: Connection | None = None
        self._deaths = 0

    def poll(self) -> str | None:
        """Start the daemon if nobody does; the reason when it ended before it was ready.

        Returns:
            None while all is well, else one line saying why the daemon did not start.
        """
        if self._process is None:
            if time.monotonic() >= self._not_before and self._lock.acquire():
                return self._start()
            return None
        code = self._process.poll()
        if code is None:
            return None
        if code == EXIT_ALREADY_RUNNING:
            self._not_before = time.monotonic() + RETRY_SECONDS  # it has not answered yet, and may end
            self.close()
            return None
        # Someone stopped it at once, or it was up and died before it answered us: start again.
        self._deaths += code != 0
        if code == 0 or (self._deaths <= MOST_DEATHS and self._was_up()):
            self.close()
            return None
        if self._listener is not None:
            self._listener.join(1.0)
        lines = list(self._said)
        self.close()
        return _reason(lines) or f"the daemon ended with exit code {code}"

    def _was_up(self) -> bool:
        """Return whether a daemon has come up since the start: it left its connection file."""
        connection = _known_connection()
        return connection is not None and connection != self._earlier

    def _listen(self, stream: IO[str]) -> None:
        """Keep the last lines that the daemon says; unread, more than a pipe holds would stop it."""
        with contextlib.suppress(OSError, ValueError), stream:
            for line in stream:
                if line.strip():
                    self._said.append(line.strip()[:500])

    def _start(self) -> str | None:
        options: dict[str, int | bool] = (
            {"creationflags": 0x00000208}  # DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP
            if sys.platform == "win32"
            else {"start_new_session": True}
        )
        environment = {**os.environ, **paths.absolute_folders(), "NIGDT_ON_DEMAND": "1"}
        environment.pop("PYTHONINSPECT", None)  # it would change the exit code
        self._earlier = _known_connection()
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                cwd=paths.state_dir(),
                env=environment,
                **options,  # type: ignore[call-overload]
            )
        except OSError as error:
            self.close()
            return f"cannot run {self._command[0]}: {error.strerror or error}"
        assert self._process.stderr is not None
        self._listener = threading.Thread(
            target=self._listen, args=(self._process.stderr,), name="daemon's words", daemon=True
        )
        self._listener.start()
        return None

    def close(self) -> None:
        """Let the daemon run on by itself and others start one."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:  # it may outlive us; else it is to leave no zombie
            threading.Thread(target=process.wait, name="reap daemon", daemon=True).start()
        self._lock.release()


def _reason(lines: list[str]) -> str:
    """Return the line that says why the daemon ended: of Python's own failures not the last one."""
    fatal = next((line for line in lines if line.startswith("Fatal Python error: ")), None)
    if fatal is None:
        return lines[-1] if lines else ""
    cause = fatal.removeprefix("Fatal Python error: ").partition(": ")[2] or fatal
    return f"Python itself does not start ({cause}): unset PYTHONHOME and other PYTHON* variables"


def _known_connection() -> Connection | None:
    try:
        return read_connection(paths.own_connection_path())
    except (UnsafeFileError, OSError):
        return None
