"""Jobs from their acceptance to their end: the queue, the model's thread, the watchdog."""

from __future__ import annotations

import logging
import time
from collections import Counter
from typing import Any

from nigdt_backend.clock import AwakeClock
from nigdt_backend.daemon.jobs import JobBook, Latencies
from nigdt_backend.daemon.rate_limiter import RateLimiter
from nigdt_backend.daemon.replies import Replies, done_reply, fill_reply
from nigdt_backend.daemon.scheduler import ClientKey, Job, Scheduler
from nigdt_backend.daemon.settings import Settings
from nigdt_backend.daemon.worker import (
    Engine,
    EngineError,
    FillMessage,
    Loaded,
    Made,
    Outcome,
    Ran,
    Staged,
    Waker,
    Worker,
)
from nigdt_backend.protocol import Frame

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 0.5
STAGE_SECONDS = 0.1
"""So long at most after a job entered a stage its client is told, if it has not ended by then."""
LOAD_PATIENCE = 5.0
"""Loading may take so many times the watchdog's time: a first start reads gigabytes from a cold disk."""

_COUNTED = ("done", "failed", "cancelled", "superseded", "dropped", "resent", "fills", "batches")


class Dispatcher:
    """Owns all jobs; used from the daemon's loop only.

    Attributes:
        ready: whether fills have been possible since the start.
        failure: why they are not, when the model could not be loaded at the start.
        hung: whether the watchdog has given the model up.
    """

    def __init__(
        self, engine: Engine, settings: Settings, replies: Replies, limiter: RateLimiter, waker: Waker
    ) -> None:
        self.engine = engine
        self.scheduler = Scheduler(capacity=settings.queue_jobs)
        self.book = JobBook()
        self.ready = False
        self.failure: EngineError | None = None
        self.hung = False
        self._settings = settings
        self._replies = replies
        self._limiter = limiter
        self._worker = Worker(engine, waker)
        self._running: tuple[Job, ...] = ()
        self._loading: list[tuple[ClientKey | None, str | None]] = []
        self._batch_due: float | None = None
        self._unloaded = True
        self._seconds_per_variant = 0.5
        self._counts: Counter[str] = Counter()
        self._latencies = Latencies()
        self._working = AwakeClock()
        self._idle = AwakeClock()
        self._heartbeat_at = 0.0

    @property
    def busy(self) -> bool:
        """Whether anything waits, runs or loads."""
        return bool(self._running or self._loading or len(self.scheduler))

    @property
    def used(self) -> bool:
        """Whether the model has been given a job."""
        return self._counts["batches"] > 0

    @property
    def running(self) -> bool:
        """Whether a batch is with the model."""
        return bool(self._running)

    @property
    def idle_seconds(self) -> float:
        """Since when nothing was to be done."""
        return self._idle.seconds

    # -- from clients ----------------------------------------------------------------------------------------

    def submit(self, job: Job) -> None:
        """Take a job, or answer a resend; raises ProtocolError `busy` or `too-many-clients`."""
        replaced = self.scheduler.submit(job)
        if replaced is not None:
            self.fail(replaced, EngineError("superseded", "A newer request replaced this one."))
        self.book.add(job)
        self._accepted(job)

    def resume(self, job: Job, client: ClientKey) -> None:
        """Go on with a job whose client came back over another connection."""
        self._counts["resent"] += 1
        self.scheduler.move(job, client)
        self._accepted(job)
        for answer in job.answers:
            self._replies.send(client, answer)

    def repeat(self, job: Job, answers: list[list[Frame]]) -> None:
        """Repeat the answers of a finished job that was sent again."""
        self._counts["resent"] += 1
        self._accepted(job)
        for answer in answers:
            self._replies.send(job.client, answer)

    def _accepted(self, job: Job) -> None:
        if not self._replies.accepted(job, self.scheduler.position(job)):
            self.drop_client(job.client)

    def cancel(self, job: Job) -> None:
        """Cancel a job for its client."""
        job.cancelled = True
        self.scheduler.remove(job)
        self.fail(job, EngineError("cancelled", "The job was cancelled."))

    def drop_client(self, client: ClientKey) -> None:
        """Drop the jobs of a client that has disconnected."""
        for job in self.book.of_client(client):
            job.cancelled = True
            self.scheduler.remove(job)
            self.book.discard(job)
            self._counts["dropped"] += 1
        self._limiter.forget(client)

    def load(
        self, bundle: str, client: ClientKey | None = None, request: str | None = None, *, warm: bool = True
    ) -> None:
        """Have a bundle loaded and, if `warm`, one fill made, since a first one takes longer.

        The client that asked is told.
        """
        self._loading.append((client, request))
        self._unloaded = False
        self._worker.load(bundle, warm=warm)

    @property
    def loads_waiting(self) -> int:
        """Loads that have not ended."""
        return len(self._loading)

    def retry_after(self) -> float:
        """Seconds until the queue should have room."""
        variants = self.scheduler.waiting_variants + sum(len(job.request.variants) for job in self._running)
        return max(0.2, variants * self._seconds_per_variant)

    # -- to the model's thread -------------------------------------------------------------------------------

    def dispatch(self) -> None:
        """Hand the next batch over when the model is free and the batch window has passed."""
        if self._running or not len(self.scheduler) or self.hung:
            self._batch_due = None
            return
        now = time.monotonic()
        if self._batch_due is None:
            self._batch_due = now + (self._settings.batch_window_ms / 1000 if self._company(now) else 0.0)
        if now < self._batch_due:
            return
        self._batch_due = None
        self._running = tuple(self.scheduler.take(self.engine.batch_variants))
        self._unloaded = False
        self._working.restart()
        self._counts["batches"] += 1
        self._worker.run(self._running)

    def _company(self, now: float) -> bool:
        """Return whether waiting a moment may bring jobs to share the batch with."""
        return (
            self._limiter.recently_active(now) > 1
            and self.scheduler.waiting_variants < self.engine.batch_variants
        )

    def seconds_to_wait(self) -> float:
        """Return how long the loop may wait for messages before it looks after other things."""
        if self._running:
            return STAGE_SECONDS
        if self._batch_due is None:
            return HEARTBEAT_SECONDS
        return min(HEARTBEAT_SECONDS, max(0.0, self._batch_due - time.monotonic()))

    # -- from the model's thread -----------------------------------------------------------------------------

    def read_reports(self) -> None:
        """Take in what the model's thread has to say."""
        staged: dict[Job, None] = {}
        while not self._worker.reports.empty():
            report = self._worker.reports.get()
            if isinstance(report, Staged):
                for job in report.jobs:
                    job.stage = report.stage
                    staged[job] = None
            elif isinstance(report, Made):
                staged.pop(report.job, None)  # that stage is over
                self._made(report.job, report.fill)
            elif isinstance(report, Ran):
                self._ran(report)
            elif isinstance(report, Loaded):
                self._loaded(report)
            else:
                log.info("models unloaded")
        for job in staged:
            self._progress(job)

    def _loaded(self, report: Loaded) -> None:
        client, request = self._loading.pop(0)
        self._working.restart()
        if report.error is None:
            self._become_ready()
            if client is not None:
                self._replies.answer(client, "done", request, **(report.info or {}))
            elif not report.warm and not self.book.jobs():  # the first fill had better be nobody's
                self.load(report.bundle)
            return
        log.error("loading %s failed: %s", report.bundle, report.error.message)
        if not self.ready:
            self.failure = report.error
        if client is not None:
            self._replies.error(client, report.error, request=request)

    def _become_ready(self) -> None:
        self.failure = None
        self.ready = True

    def _made(self, job: Job, fill: FillMessage) -> None:
        if not self.book.is_active(job):
            return
        message = fill_reply(job, fill)
        job.answers.append(message)
        self._counts["fills"] += 1
        if not self._replies.send(job.client, message):
            self.drop_client(job.client)

    def _ran(self, report: Ran) -> None:
        variants = sum(len(outcome.job.request.variants) for outcome in report.outcomes if outcome.complete)
        if variants:
            self._working.tick()
            latest = self._working.seconds / variants
            self._seconds_per_variant += 0.2 * (latest - self._seconds_per_variant)
        self._running = ()
        self._working.restart()
        for outcome in report.outcomes:
            if not self.book.is_active(outcome.job):
                continue  # cancelled, dropped or replaced while the model worked
            if outcome.error is not None:
                self.fail(outcome.job, outcome.error)
            else:
                self._become_ready()
                self._finish(outcome)

    def _finish(self, outcome: Outcome) -> None:
        job = outcome.job
        total = time.monotonic() - job.submitted
        message = done_reply(outcome, total)
        self.book.finish(job, [*job.answers, message])
        self._counts["done"] += 1
        self._latencies.add(total)
        if not self._replies.send(job.client, message):
            self.drop_client(job.client)

    def fail(self, job: Job, error: EngineError) -> None:
        """End a job with an error."""
        self.book.discard(job)
        self._counts[error.code if error.code in ("cancelled", "superseded") else "failed"] += 1
        self._replies.error(job.client, error, job=job.request.job)

    # -- time ------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Heartbeat, watchdog, idle unload; called about twice a second or more often."""
        self._idle.tick()
        self._working.tick()
        if self.busy:
            self._idle.restart()
        now = time.monotonic()
        if now >= self._heartbeat_at:
            self._heartbeat_at = now + HEARTBEAT_SECONDS
            for job in self.book.jobs():
                self._progress(job)
        if self._running or self._loading:
            self._watch()
        else:
            self._working.restart()
        limit = self._settings.idle_unload_seconds
        if limit > 0 and self._idle.seconds > limit and not self._unloaded:
            self._unloaded = True
            self._worker.unload()

    def _progress(self, job: Job) -> None:
        """Tell a client how its job is doing; one that cannot be told is gone."""
        if self.book.is_active(job) and not self._replies.progress(job, self.scheduler.position(job)):
            self.drop_client(job.client)

    def _watch(self) -> None:
        limit = self._settings.watchdog_seconds
        if self._loading or any(job.stage == "loading" for job in self._running):
            limit *= LOAD_PATIENCE
        if self._working.seconds <= limit:
            return
        log.error("the model has not answered for %.0f s: giving it up", self._working.seconds)
        self.hung = True
        hung = EngineError(
            "hung",
            f"The model did not answer within {limit:.0f} s.",
            "The daemon starts anew; try again, with fewer variants or on another device.",
        )
        for job in self._running:
            if self.book.is_active(job):
                self.fail(job, hung)
        for client, request in self._loading:
            if client is not None:
                self._replies.error(client, hung, request=request)

    # -- end -------------------------------------------------------------------------------------------------

    def refuse(self, code: str, message: str, *, running_too: bool) -> None:
        """Give jobs back to their clients."""
        error = EngineError(code, message, "Send the job again.")
        self.scheduler.drain()
        for job in self.book.jobs():
            if running_too or job not in self._running:
                self.fail(job, error)

    def close(self) -> None:
        """End the model's thread, if it can still be ended."""
        if not self.hung:
            self._worker.stop(timeout=1.0)

    def status(self) -> dict[str, Any]:
        """Fields of a `status` reply: queue, jobs, latency, failure."""
        milliseconds = {
            name: None if (value := self._latencies.quantile(share)) is None else round(value * 1000, 1)
            for name, share in (("p50", 0.5), ("p95", 0.95))
        }
        failure = self.failure
        return {
            "queue": {
                "waiting": len(self.scheduler),
                "running": len(self._running),
                "capacity": self.scheduler.capacity,
                "clients": len(set(self.book.clients())),
            },
            "jobs": {name: self._counts[name] for name in _COUNTED},
            "latency_ms": milliseconds,
            "failure": failure and {"code": failure.code, "message": failure.message, "hint": failure.hint},
        }
