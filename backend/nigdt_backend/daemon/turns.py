"""Whose turn it is: which waiting jobs go to which lane, and when."""

from __future__ import annotations

import time
from functools import partial

from nigdt_backend.daemon.lanes import Lane
from nigdt_backend.daemon.rate_limiter import RateLimiter
from nigdt_backend.daemon.scheduler import Job, Scheduler
from nigdt_backend.daemon.suspects import Suspects
from nigdt_backend.daemon.worker import Engine, Waker

STAGE_SECONDS = 0.1
"""So long at most after a job entered a stage its client is told, if it has not ended by then."""
BATCH_WINDOW_SECONDS = 0.003
"""So long the model waits for jobs of other clients that could share a batch, where others are active."""
REMOVALS = 2
"""Removals that run at once, never two of one client: a small one need not wait for another's large one."""


class Turns:
    """Hands waiting jobs to the lanes, a turn at a time.

    A turn lasts until its fills are made or, where another client waits, until the next fill is.

    Attributes:
        scheduler: the waiting jobs.
        model: the lane that the model works in.
        lanes: all lanes.
        batches: turns that were begun.
    """

    def __init__(self, engine: Engine, limiter: RateLimiter, waker: Waker, suspects: Suspects) -> None:
        self.scheduler = Scheduler()
        self.model = Lane("model", engine, engine.run, waker)
        self._removals = [Lane("removal", engine, engine.continue_photo, waker) for _ in range(REMOVALS)]
        self.lanes = (self.model, *self._removals)
        self.batches = 0
        self._engine = engine
        self._limiter = limiter
        self._suspects = suspects
        self._suspect_ran = False
        self._batch_due: float | None = None

    @property
    def running(self) -> tuple[Job, ...]:
        """Jobs that are worked on."""
        return tuple(job for lane in self.lanes for job in lane.running)

    def dispatch(self) -> None:
        """Hand batches over to the lanes that are free."""
        scheduler, running = self.scheduler, self.running
        others = len(scheduler) > scheduler.suspects
        if any(job.alone for job in running):
            pass
        # Suspects and the others take turns: neither may keep the other waiting for long.
        elif scheduler.suspects and not (self._suspect_ran and others):
            if not running and (job := scheduler.take_suspect()):
                self._suspect_ran = True
                self._start(self.model if job.lane == "model" else self._removals[0], [job])
            elif self._model_due() and any(lane.running for lane in self._removals):
                # A removal may take a minute, for which nobody else is to wait.
                self._start(self.model, scheduler.take(self._engine.batch_variants))
        else:
            if self._model_due():
                self._start(self.model, scheduler.take(self._engine.batch_variants))
            for lane in self._removals:
                busy = {client for other in self._removals for client in other.clients}
                if not lane.running:
                    self._start(lane, scheduler.take(1, "removal", busy))
        for lane in self.lanes:
            lane.worker.wanted = scheduler.suspects > 0 or (
                len(scheduler) > 0
                if any(job.alone for job in lane.running)
                else scheduler.waits(lane.name, lane.clients)
            )

    def _model_due(self) -> bool:
        """Return whether the model is free, has jobs waiting, and the batch window has passed."""
        if self.model.running or not self.scheduler.waits("model"):
            self._batch_due = None
            return False
        now = time.monotonic()
        if self._batch_due is None:
            self._batch_due = now + (BATCH_WINDOW_SECONDS if self._company(now) else 0.0)
        if now < self._batch_due:
            return False
        self._batch_due = None
        return True

    def _company(self, now: float) -> bool:
        """Return whether waiting a moment may bring jobs to share the batch with."""
        return (
            self._limiter.recently_active(now) > 1
            and self.scheduler.waiting_variants < self._engine.batch_variants
        )

    def _start(self, lane: Lane, batch: list[Job]) -> None:
        if not batch:
            return
        self._suspect_ran &= batch[0].alone
        self.batches += 1
        self._suspects.running((*self.running, *batch))
        lane.begin(batch)
        lane.worker.tasks.put(partial(lane.worker.run, tuple(batch)))

    def end(self, lane: Lane) -> None:
        """Take note that a lane's turn has ended."""
        lane.end()
        self._suspects.running(self.running)

    def seconds_to_wait(self) -> float:
        """Return after how many seconds `dispatch` is to be called again; infinity when nothing is due."""
        if self.running:
            return STAGE_SECONDS
        return float("inf") if self._batch_due is None else max(0.0, self._batch_due - time.monotonic())
