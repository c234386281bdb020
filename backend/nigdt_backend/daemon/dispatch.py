"""Jobs from their acceptance to their end: the queue, the lanes that make their fills, the watchdog."""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import Any

from nigdt_backend.clock import AwakeClock
from nigdt_backend.daemon.jobs import JobBook
from nigdt_backend.daemon.lanes import Lane
from nigdt_backend.daemon.rate_limiter import RateLimiter
from nigdt_backend.daemon.replies import Replies, done_reply, fill_reply
from nigdt_backend.daemon.scheduler import ClientKey, Job
from nigdt_backend.daemon.settings import DaemonSettings
from nigdt_backend.daemon.suspects import DEATHS, Suspects
from nigdt_backend.daemon.tally import Tally
from nigdt_backend.daemon.turns import Turns
from nigdt_backend.daemon.worker import (
    Engine,
    EngineError,
    FillMessage,
    Loaded,
    Made,
    Outcome,
    Ran,
    Report,
    Staged,
    Waker,
)
from nigdt_backend.protocol import Frame, ProtocolError

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 0.5
LOAD_PATIENCE = 5.0
"""Loading may take so many times the watchdog's time: a first start reads gigabytes from a cold disk."""


class Dispatcher:
    """Owns all jobs; used from the daemon's loop only.

    Attributes:
        ready: whether fills have been possible since the start.
        failure: why they are not, when the model could not be loaded at the start.
        hung: whether the watchdog has given the model up.
    """

    def __init__(
        self,
        engine: Engine,
        settings: DaemonSettings,
        replies: Replies,
        limiter: RateLimiter,
        waker: Waker,
        suspects: Suspects,
    ) -> None:
        self.engine = engine
        self._turns = Turns(engine, limiter, waker, suspects)
        self.scheduler = self._turns.scheduler
        self.book = JobBook()
        self.ready = False
        self.failure: EngineError | None = None
        self.hung = False
        self._settings = settings
        self._replies = replies
        self._limiter = limiter
        self._suspects = suspects
        self._model = self._turns.model
        self._lanes = self._turns.lanes
        self._loading: list[tuple[ClientKey | None, str | None]] = []
        self._unloaded = True
        self.tally = Tally()
        self._idle = AwakeClock()
        self._heartbeat_at = 0.0

    @property
    def busy(self) -> bool:
        """Whether anything waits, runs or loads."""
        return bool(self.running or self._loading or len(self.scheduler))

    @property
    def used(self) -> bool:
        """Whether a job has been worked on."""
        return self._turns.batches > 0

    @property
    def running(self) -> tuple[Job, ...]:
        """Jobs that are worked on."""
        return self._turns.running

    @property
    def idle_seconds(self) -> float:
        """Since when nothing was to be done."""
        return self._idle.seconds

    # -- from clients ----------------------------------------------------------------------------------------

    def submit(self, job: Job) -> None:
        """Take a job.

        Raises:
            ProtocolError: `busy` or `too-many-clients`, or `model-failed` when the daemon has died over it.
        """
        deaths = self._suspects.deaths(job)
        if deaths >= DEATHS:
            self._suspects.forget(job)  # whoever tries again is to be heard again
            raise ProtocolError(
                "model-failed",
                "The daemon ended unexpectedly while it worked on this fill, and again when it worked on "
                "nothing else.",
                "Select less, or use another bundle; `nigdt doctor` says more.",
            )
        job.alone = deaths > 0
        replaced = self.scheduler.submit(job)
        if replaced is not None:
            self.fail(replaced, EngineError("superseded", "A newer request replaced this one."))
        self.book.add(job)
        self._accepted(job)

    def resume(self, job: Job, client: ClientKey) -> None:
        """Go on with a job whose client came back over another connection."""
        self.tally.counts["resent"] += 1
        self.scheduler.move(job, client)
        self._accepted(job)
        for answer in job.answers:
            self._replies.send(client, answer)

    def repeat(self, job: Job, answers: list[list[Frame]]) -> None:
        """Repeat the answers of a finished job that was sent again."""
        self.tally.counts["resent"] += 1
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
            self.tally.counts["dropped"] += 1
        self._limiter.forget(client)

    def load(
        self, bundle: str, client: ClientKey | None = None, request: str | None = None, *, warm: bool = True
    ) -> None:
        """Have a bundle loaded and, if `warm`, one fill made, since a first one takes longer.

        The client that asked is told.
        """
        self._loading.append((client, request))
        self._unloaded = False
        self._model.worker.tasks.put(partial(self._model.worker.load, bundle, warm=warm))

    @property
    def loads_waiting(self) -> int:
        """Loads that have not ended."""
        return len(self._loading)

    def dispatch(self) -> None:
        """Hand batches over to the lanes that are free."""
        if not self.hung:
            self._turns.dispatch()
        if self.running:
            self._unloaded = False

    def seconds_to_wait(self) -> float:
        """Return how long the loop may wait for messages before it looks after other things."""
        return min(HEARTBEAT_SECONDS, self._turns.seconds_to_wait())

    def retry_after(self) -> float:
        """Return the seconds until the queue should have room."""
        variants = self.scheduler.waiting_variants + sum(job.left for job in self.running)
        return max(0.2, variants * self.tally.seconds_per_fill)

    # -- from the lanes --------------------------------------------------------------------------------------

    def read_reports(self) -> None:
        """Take in what the lanes have to say."""
        staged: dict[Job, None] = {}
        for lane in self._lanes:
            while not lane.worker.reports.empty():
                self._read(lane, lane.worker.reports.get(), staged)
        for job in staged:
            self._progress(job)

    def _read(self, lane: Lane, report: Report, staged: dict[Job, None]) -> None:
        if isinstance(report, Staged):
            for job in report.jobs:
                job.stage = report.stage
                staged[job] = None
        elif isinstance(report, Made):
            staged.pop(report.job, None)  # that stage is over
            self._made(report.job, report.fill, report.early)
        elif isinstance(report, Ran):
            self._ran(lane, report)
        elif isinstance(report, Loaded):
            self._loaded(report)
        else:
            log.info("models unloaded")

    def _loaded(self, report: Loaded) -> None:
        client, request = self._loading.pop(0)
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

    def _made(self, job: Job, fill: FillMessage, early: bool) -> None:
        if not self.book.is_active(job):
            return
        try:
            message = fill_reply(job, fill, early)
        except Exception:  # else it would be said to be done without its fill
            log.exception("a fill could not be encoded")
            job.cancelled = True
            self.fail(job, EngineError("internal", "The daemon failed to send this fill.", "See its log."))
            return
        if not early:
            job.answers.append(message)
            if job.request.result == "object":
                self.tally.object_found()
            else:
                self.tally.fill()
        if not self._replies.send(job.client, message):
            self.drop_client(job.client)

    def _ran(self, lane: Lane, report: Ran) -> None:
        if lane is self._model:
            self.tally.turn(lane.seconds)
        self._turns.end(lane)
        if report.error is not None:
            self._failed_together(report.jobs, report.error)
        for outcome in report.outcomes:
            if not self.book.is_active(outcome.job):
                continue  # cancelled, dropped or replaced while the model worked
            if outcome.error is not None:
                self.fail(outcome.job, outcome.error)
                continue
            if lane is self._model:
                self._become_ready()
            if outcome.complete:
                self._finish(outcome)
            else:
                self.scheduler.put_back(outcome.job)

    def _failed_together(self, jobs: tuple[Job, ...], error: EngineError) -> None:
        """Have each job of a batch that failed run alone, so that only the one to blame is lost."""
        for job in jobs:
            if not self.book.is_active(job):
                continue
            if len(jobs) > 1:
                job.alone = True
                self.scheduler.put_back(job)
            else:
                self.fail(job, error)

    def _finish(self, outcome: Outcome) -> None:
        job = outcome.job
        total = time.monotonic() - job.submitted
        message = done_reply(outcome, total)
        self.book.finish(job, [*job.answers, message])
        self._suspects.forget(job)
        self.tally.counts["done"] += 1
        self.tally.latencies.add(total)
        if not self._replies.send(job.client, message):
            self.drop_client(job.client)

    def fail(self, job: Job, error: EngineError) -> None:
        """End a job with an error."""
        if not self.book.is_active(job):
            return
        self.book.discard(job)
        if error.code not in ("restarting", "stopping"):
            self._suspects.forget(job)
        self.tally.counts[error.code if error.code in ("cancelled", "superseded") else "failed"] += 1
        self._replies.error(job.client, error, job=job.request.job)

    # -- time ------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Send heartbeats, watch the lanes, unload when idle; called about twice a second or more often."""
        self._idle.tick()
        if self.busy:
            self._idle.restart()
        now = time.monotonic()
        if now >= self._heartbeat_at:
            self._heartbeat_at = now + HEARTBEAT_SECONDS
            for job in self.book.jobs():
                self._progress(job)
        for lane in self._lanes:
            lane.tick(busy=bool(lane.running or (lane is self._model and self._loading)))
            self._watch(lane)
        limit = self._settings.idle_unload_seconds
        if limit > 0 and self._idle.seconds > limit and not self._unloaded:
            self._unloaded = True
            self._model.worker.tasks.put(self._model.worker.unload)

    def _progress(self, job: Job) -> None:
        """Tell a client how its job is doing; one that cannot be told is gone."""
        if self.book.is_active(job) and not self._replies.progress(job, self.scheduler.position(job)):
            self.drop_client(job.client)

    def _watch(self, lane: Lane) -> None:
        """Give up what shows no sign of life: a removal by itself, the model with the whole process."""
        limit = self._settings.watchdog_seconds
        if lane.loading or (lane is self._model and self._loading):
            limit *= LOAD_PATIENCE
        if lane.silence.seconds <= limit:
            return
        hung = EngineError(
            "hung",
            f"Nothing was heard of the fill for {limit:.0f} s.",
            "Try again, with a smaller selection or on another device.",
        )
        if lane is not self._model and not lane.given_up:
            log.error("a removal has shown no sign of life for %.0f s: ending it", lane.silence.seconds)
            lane.given_up = True
            lane.silence.restart()
            for job in lane.running:
                job.cancelled = True  # its thread ends the process that removes
                self.fail(job, hung)
            return
        log.error("%s has shown no sign of life for %.0f s: giving up", lane.name, lane.silence.seconds)
        self.hung = True
        blamed = lane.running
        if len(blamed) == 1:  # of several, the next process finds out which one it was
            self.fail(blamed[0], hung)
            blamed = ()
        self._suspects.running(blamed)
        for client, request in self._loading:
            if client is not None:
                self._replies.error(client, hung, request=request)

    # -- end -------------------------------------------------------------------------------------------------

    def refuse(self, code: str, message: str, *, running_too: bool) -> None:
        """Give jobs back to their clients."""
        error = EngineError(code, message, "Send the job again.")
        running = self.running
        self.scheduler.drain()
        for job in self.book.jobs():
            if running_too or job not in running:
                self.fail(job, error)

    def close(self) -> None:
        """End the lanes' threads, as far as they can still be ended."""
        for job in self.running:
            job.cancelled = True
        for lane in self._lanes:
            if not (self.hung and lane.running):
                lane.worker.stop(timeout=1.0)
        if not self.hung:
            self._suspects.running(())
        self._suspects.close()

    def status(self) -> dict[str, Any]:
        """Return the fields of a `status` reply: queue, jobs, latency, failure."""
        failure = self.failure
        return {
            "queue": {
                "waiting": len(self.scheduler),
                "running": len(self.running),
                "capacity": self.scheduler.capacity,
                "clients": len(set(self.book.clients())),
            },
            **self.tally.status(self._turns.batches),
            "failure": failure and {"code": failure.code, "message": failure.message, "hint": failure.hint},
        }
