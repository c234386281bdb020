"""Removal in a process of its own, which can be stopped at any time and takes nothing down with it."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

import nigdt
from nigdt.errors import NigdtError, SelectionError
from nigdt.removal.engine import Quality, RemovalCancelledError
from nigdt.removal.layout import NothingFitsError
from nigdt.removal.messages import receive, send

__all__ = ["RemovalError", "RemovalWorker"]

_POLL = 0.02  # seconds between looks at whether to stop
_FAREWELL = 2.0  # seconds that an idle process gets to end by itself


class RemovalError(NigdtError):
    """The removal's process failed or ended unexpectedly."""


_ERRORS: dict[str, type[NigdtError]] = {
    kind.__name__: kind for kind in (NothingFitsError, SelectionError, RemovalError, NigdtError)
}


class RemovalWorker:
    """One process that removes, started when first needed and kept for the next removal.

    One removal at a time. `start` and `result` may be called from one thread and `cancel` and `close` from
    others. Also a context manager, which closes it.

    Example:
        >>> with RemovalWorker() as worker:
        ...     worker.start(crop, hole)
        ...     filled = worker.result()
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._messages: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._busy = False
        self._stopped = False

    def __enter__(self) -> RemovalWorker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def busy(self) -> bool:
        """Whether a removal was started whose result was not fetched yet."""
        return self._busy

    def warm_up(self) -> None:
        """Begin the process before it is needed: it loads what it removes with.

        Raises:
            RemovalError: It cannot be started.
        """
        with self._lock:
            self._running()

    def start(
        self,
        crop: NDArray[np.uint8],
        hole: NDArray[np.uint8],
        *,
        seed: int = 0,
        variant: int = 0,
        allowed: NDArray[np.uint8] | None = None,
        quality: Quality = "final",
        previews: bool = False,
    ) -> None:
        """Begin a removal; arguments as for `nigdt.removal.remove`.

        With `previews`, `result` is told of the answers on the way to a final one.

        Raises:
            RemovalError: The process cannot be started, or a removal runs already.
        """
        arrays = [crop, hole, *([] if allowed is None else [allowed])]
        if any(array.dtype != np.uint8 for array in arrays):
            raise SelectionError("Pictures and masks for a removal must be of type uint8.")
        with self._lock:
            if self._busy:
                raise RemovalError("A removal runs already.", "Cancel it or wait for its result.")
            process = self._running()
            self._busy, self._stopped = True, False
        options = {"seed": seed, "variant": variant, "quality": quality}
        header = {"kind": "remove", "options": options, "previews": previews}
        assert process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # where it has ended, `result` says how
            send(process.stdin, header, *arrays)

    def result(
        self,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        previewed: Callable[[NDArray[np.uint8]], None] | None = None,
    ) -> NDArray[np.uint8]:
        """Wait for the removal that was started.

        Args:
            progress: Told the fraction that is done, 0 to 1, in this thread.
            cancelled: Asked some fifty times a second whether to stop.
            previewed: Shown, in this thread, what `nigdt.removal.remove` shows; ask for it with `previews`.

        Returns:
            (h, w, 3), as from `nigdt.removal.remove`.

        Raises:
            RemovalCancelledError: `cancel` was called, or `cancelled` said so.
            NothingFitsError: Nothing around the hole can continue into it.
            SelectionError: The hole is empty or does not fit.
            RemovalError: The process failed or ended unexpectedly, or nothing was started.
        """
        if not self._busy:
            raise RemovalError("No removal was started.")
        try:
            while True:
                if cancelled is not None and cancelled():
                    self.cancel()
                try:
                    message = self._messages.get(timeout=_POLL)
                except queue.Empty:
                    continue
                if message is None:
                    raise self._ended()
                header, arrays = message
                if header["kind"] == "progress" and progress is not None:
                    progress(header["fraction"])
                elif header["kind"] == "preview" and previewed is not None:
                    previewed(arrays[0])
                elif header["kind"] == "done":
                    return arrays[0]
                elif header["kind"] == "error":
                    raise _ERRORS.get(header["type"], RemovalError)(header["message"], header["hint"])
        finally:
            self._busy = False

    def cancel(self) -> None:
        """Stop the removal that runs, at once; its `result` raises `RemovalCancelledError`."""
        with self._lock:
            if self._busy and self._process is not None:
                self._stopped = True
                self._process.kill()

    def close(self) -> None:
        """End the process, stopping a removal that runs. A later `start` begins a new one."""
        self.cancel()
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        with contextlib.suppress(OSError):
            process.stdin.close()  # an idle process ends by itself
        try:
            process.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        """Return the process, begun anew where it has ended; the lock is held."""
        if self._process is not None and self._process.poll() is None:
            return self._process
        if self._process is not None:
            self._reap(self._process)
        # Where this package was found, the other process finds it too.
        folders = [str(Path(nigdt.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "nigdt.removal.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise RemovalError(f"The process for removals cannot be started: {error.strerror}.") from error
        self._messages = queue.SimpleQueue()
        self._process = process
        assert process.stdout is not None
        threading.Thread(target=_collect, args=(process.stdout, self._messages), daemon=True).start()
        return process

    def _ended(self) -> NigdtError:
        """Return what the end of the process means."""
        process = self._process
        # Its pipe ends a moment before itself; the next removal must not be given to it.
        status = process.wait() if process is not None else None
        if self._stopped:
            return RemovalCancelledError("The removal was stopped.")
        reason = f"signal {-status}" if status is not None and status < 0 else f"status {status}"
        return RemovalError(
            f"The process that removes ended unexpectedly ({reason}).", "Try again; select less if it recurs."
        )

    @staticmethod
    def _reap(process: subprocess.Popen[bytes]) -> None:
        process.wait()
        assert process.stdin is not None
        with contextlib.suppress(OSError):
            process.stdin.close()


def _collect(stream: IO[bytes], messages: queue.SimpleQueue[Any]) -> None:
    """Pass a process's messages on until it ends, then None."""
    with stream:
        while (message := receive(stream)) is not None:
            messages.put(message)
    messages.put(None)
