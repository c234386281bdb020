"""A thread that makes fills: takes batches and loads from the daemon's loop and reports back; no sockets."""

from __future__ import annotations

import logging
import queue
import socket
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from nigdt.errors import install_hint
from nigdt_backend.daemon.scheduler import Job
from nigdt_backend.protocol import Frame

log = logging.getLogger(__name__)


class EngineError(Exception):
    """A job or a load that failed in a way the user should hear about: code, message, hint."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class FillMessage:
    """One answer, ready for the wire: header fields (without kind and job) and frames."""

    header: dict[str, Any]
    frames: list[Frame] = field(repr=False)


@dataclass(frozen=True)
class Outcome:
    """What became of one job.

    Attributes:
        complete: whether all its fills were made. False without an error when it was cancelled on the way, or
            has more to make when it is its turn again.
        error: why not.
        notices: what the user should know, beside the job's own.
    """

    job: Job
    complete: bool = False
    error: EngineError | None = None
    notices: tuple[str, ...] = ()


class Hooks(Protocol):
    """How an engine says what it is at."""

    def stage(self, jobs: Sequence[Job], name: str) -> None:
        """Report that jobs enter a stage."""

    def made(self, job: Job, fill: FillMessage) -> None:
        """Report an answer that is ready to be sent."""

    def preview(self, job: Job, fill: FillMessage) -> None:
        """Report an answer that a better one will soon replace."""

    def alive(self) -> None:
        """Say that the work goes on, so that the watchdog waits."""

    def give_way(self) -> bool:
        """Return whether another client waits: what has made a fill then ends its turn."""


class Engine(Protocol):
    """What makes fills. `run`, `load` and `unload` are called from the model's thread only."""

    batch_variants: int
    """Most answers worth computing together, as things stand."""

    def load(self, bundle: str, *, warm: bool) -> dict[str, Any]:
        """Load a bundle (again, when its files changed), and make one fill if `warm`; raises EngineError."""

    def run(self, jobs: Sequence[Job], hooks: Hooks) -> list[Outcome]:
        """Make the fills of jobs that share a bundle, telling of each; one outcome each."""

    def continue_photo(self, jobs: Sequence[Job], hooks: Hooks) -> list[Outcome]:
        """Make the fills of one job that continues the photo; called from the removals' threads."""

    def unload(self) -> None:
        """Give back all memory."""

    def restart_wanted(self) -> bool:
        """Return whether only a new process can use the accelerator again; called from any thread."""

    def end_wanted(self) -> bool:
        """Return whether only a process with other surroundings can work; called from any thread."""

    def describe(self) -> dict[str, Any]:
        """Return device, loaded bundles, caches; called from any thread."""

    def models(self, *, words: bool = False) -> list[dict[str, Any]]:
        """Return all bundles there are, with the words that they know where wanted.

        Called from any thread.
        """


@dataclass(frozen=True)
class Loaded:
    """A load has ended: `info`, or `error`."""

    bundle: str
    warm: bool
    info: dict[str, Any] | None = None
    error: EngineError | None = None


@dataclass(frozen=True)
class Staged:
    """Jobs entered a stage."""

    jobs: tuple[Job, ...]
    stage: str


@dataclass(frozen=True)
class Made:
    """One answer of a job is ready, or an early state of it."""

    job: Job
    fill: FillMessage
    early: bool = False


@dataclass(frozen=True)
class Ran:
    """A batch has ended: with an outcome for each job, or with one error for all."""

    jobs: tuple[Job, ...]
    outcomes: tuple[Outcome, ...] = ()
    error: EngineError | None = None


@dataclass(frozen=True)
class Unloaded:
    """The models have been unloaded."""


Report = Loaded | Staged | Made | Ran | Unloaded


class Waker:
    """Wakes the daemon's poll from another thread or a signal handler."""

    def __init__(self) -> None:
        self.reader, self._writer = socket.socketpair()
        self.reader.setblocking(False)
        self._writer.setblocking(False)

    def wake(self) -> None:
        """Make `reader` readable; never blocks."""
        try:
            self._writer.send(b"\0")
        except (BlockingIOError, OSError):  # full: it is readable already; closed: nobody waits any more
            return

    def drain(self) -> None:
        """Forget wakes up to now."""
        try:
            while self.reader.recv(4096):
                pass
        except (BlockingIOError, OSError):
            return

    def close(self) -> None:
        """Close both ends."""
        self.reader.close()
        self._writer.close()


class Worker:
    """Runs an engine in a thread of its own; one task at a time, in order.

    Attributes:
        tasks: what it is to do: calls of `run`, `load` and `unload`, put there by the daemon's loop.
        reports: what it has to say to the daemon's loop.
        beats: counted up with every sign of life.
        wanted: whether another client waits; set by the daemon's loop.

    Args:
        engine: what is loaded and unloaded.
        work: the engine's function that makes a batch.
        waker: wakes the daemon's loop.
    """

    def __init__(
        self, engine: Engine, work: Callable[[Sequence[Job], Hooks], list[Outcome]], waker: Waker
    ) -> None:
        self.engine = engine
        self.beats = 0
        self.wanted = False
        self._make = work
        self.reports: queue.SimpleQueue[Report] = queue.SimpleQueue()
        self._waker = waker
        self.tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="model", daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> bool:
        """End the thread after its present task; False when it has not ended in time."""
        self.tasks.put(None)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (task := self.tasks.get()) is not None:
            task()

    def _report(self, report: Report) -> None:
        self.reports.put(report)
        self._waker.wake()

    def run(self, jobs: tuple[Job, ...]) -> None:
        """Make a batch, and send a `Ran` report; a task."""
        try:
            report = Ran(jobs, tuple(self._make(jobs, self)))
        except Exception as error:  # whatever the model raises, its clients get an answer
            report = Ran(jobs, error=as_engine_error(error))
        self._report(report)

    def stage(self, jobs: Sequence[Job], name: str) -> None:
        """Report that jobs enter a stage; called by the engine.

        The daemon's loop is not woken for it: it would take the interpreter from the model in mid-fill, and
        of a fast fill all stages are over before anybody could read of them.
        """
        self.alive()
        self.reports.put(Staged(tuple(jobs), name))

    def made(self, job: Job, fill: FillMessage) -> None:
        """Report an answer that is ready; called by the engine."""
        self.alive()
        self._report(Made(job, fill))

    def preview(self, job: Job, fill: FillMessage) -> None:
        """Report an early state of an answer; called by the engine."""
        self.alive()
        self._report(Made(job, fill, early=True))

    def alive(self) -> None:
        """Say that the work goes on; called by the engine."""
        self.beats += 1

    def give_way(self) -> bool:
        """Return whether another client waits; called by the engine."""
        return self.wanted

    def load(self, bundle: str, *, warm: bool) -> None:
        """Load a bundle, and send a `Loaded` report; a task."""
        try:
            report = Loaded(bundle, warm, info=self.engine.load(bundle, warm=warm))
        except Exception as error:  # as above
            report = Loaded(bundle, warm, error=as_engine_error(error))
        self._report(report)

    def unload(self) -> None:
        """Unload all models, and send an `Unloaded` report; a task."""
        try:
            self.engine.unload()
        except Exception:
            log.exception("unloading failed")
        self._report(Unloaded())


def as_engine_error(error: Exception) -> EngineError:
    """Turn any exception of the model into an error for clients; the log keeps the traceback."""
    if isinstance(error, EngineError):
        return error
    log.error("the model raised\n%s", "".join(traceback.format_exception(error)))
    if isinstance(error, ModuleNotFoundError):  # the panel's extra alone brings no model
        return EngineError(
            "model-failed",
            f"The model cannot run here: {error.name} is not installed.",
            install_hint("backend"),
        )
    text = " ".join(str(error).split())[:200]
    return EngineError(
        "model-failed",
        f"The model failed ({type(error).__name__}: {text}).",
        "The daemon's log has the details.",
    )
