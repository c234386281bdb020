"""The daemon's lanes: each a thread that makes one batch at a time, watched for signs of life."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nigdt_backend.clock import AwakeClock
from nigdt_backend.daemon.scheduler import ClientKey, Job, LaneName
from nigdt_backend.daemon.worker import Engine, Hooks, Outcome, Waker, Worker


class Lane:
    """One thread, the batch it works on, and how long it has shown no sign of life.

    Args:
        name: which jobs it takes.
        engine: what makes the fills.
        work: the engine's function for them.
        waker: wakes the daemon's loop.

    Attributes:
        worker: the thread.
        running: the batch it works on; empty when it is free.
        silence: since its last sign of life.
        given_up: whether the watchdog has told it to stop.
    """

    def __init__(
        self,
        name: LaneName,
        engine: Engine,
        work: Callable[[Sequence[Job], Hooks], list[Outcome]],
        waker: Waker,
    ) -> None:
        self.name = name
        self.worker = Worker(engine, work, waker)
        self.running: tuple[Job, ...] = ()
        self.silence = AwakeClock()
        self.given_up = False
        self._beats = 0
        self._turn = AwakeClock()

    @property
    def clients(self) -> set[ClientKey]:
        """Whose jobs it works on."""
        return {job.client for job in self.running}

    @property
    def loading(self) -> bool:
        """Whether a job waits for a model that is being loaded."""
        return any(job.stage == "loading" for job in self.running)

    @property
    def seconds(self) -> float:
        """How long the batch has been worked on."""
        self._turn.tick()
        return self._turn.seconds

    def begin(self, jobs: Sequence[Job]) -> None:
        """Take note of the batch that is given to the worker."""
        self.running = tuple(jobs)
        self.given_up = False
        self.silence.restart()
        self._turn.restart()

    def end(self) -> None:
        """Take note that the batch has ended."""
        self.running = ()
        self.silence.restart()

    def tick(self, *, busy: bool) -> None:
        """Count the silence; called more often than once a second."""
        self._turn.tick()
        self.silence.tick()
        if self._beats != self.worker.beats or not busy:
            self._beats = self.worker.beats
            self.silence.restart()
