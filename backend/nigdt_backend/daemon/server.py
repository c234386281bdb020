"""The daemon's loop: messages in, jobs to the model's thread, answers out. One thread owns all this state."""

from __future__ import annotations

import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import zmq

from nigdt_backend.clock import AwakeClock
from nigdt_backend.daemon.gate import LOCAL_USER, Gate, Incoming
from nigdt_backend.daemon.jobs import JobBook, Latencies
from nigdt_backend.daemon.memory import resident_mib
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
    Unloaded,
    Waker,
    Worker,
)
from nigdt_backend.protocol import (
    LIMITS,
    FillRequest,
    ProtocolError,
    check_bundle_name,
    check_id,
    decode,
    encode,
    finite,
)

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 0.5
LOAD_PATIENCE = 5.0
"""Loading may take so many times the watchdog's time: a first start reads gigabytes from a cold disk."""


@dataclass
class _Peer:
    """What the loop remembers of a connection."""

    allowance: float = float(LIMITS.requests_burst)
    seen: float = 0.0
    warned: bool = False


class Server:
    """Serves clients until told to stop.

    Args:
        gate: bound sockets.
        engine: what makes fills.
        settings: the daemon's settings.
        on_demand: whether a client started the daemon, so that it ends after a long idle time.
        on_ready: called once, when fills can be made.
        describe: constant fields for `status` (version, pid, endpoint).
    """

    def __init__(
        self,
        gate: Gate,
        engine: Engine,
        settings: Settings,
        *,
        on_demand: bool = False,
        on_ready: Callable[[], None] = lambda: None,
        describe: Mapping[str, Any] | None = None,
    ) -> None:
        self.gate = gate
        self.settings = settings
        self.waker = Waker()
        self.worker = Worker(engine, self.waker)
        self.scheduler = Scheduler(capacity=settings.queue_jobs)
        self.book = JobBook()
        self.hung = False
        self._on_demand = on_demand
        self._on_ready = on_ready
        self._describe = dict(describe or {})
        self._engine = engine
        self._peers: OrderedDict[ClientKey, _Peer] = OrderedDict()
        self._running: tuple[Job, ...] = ()
        self._loading: list[tuple[str, ClientKey | None, str | None]] = []
        self._batch_due: float | None = None
        self._seconds_per_variant = 0.5
        self._served_clients: OrderedDict[ClientKey, float] = OrderedDict()
        self._ready = False
        self._failure: EngineError | None = None
        self._unloaded = True
        self._stopping = False
        self._counts: Counter[str] = Counter()
        self._latencies = Latencies()
        self._idle = AwakeClock()
        self._busy = AwakeClock()
        self._stop_clock = AwakeClock()
        self._started = time.monotonic()
        self._heartbeat_at = 0.0

    # -- life ------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Ask the loop to end; may be called from a signal handler."""
        self._stop_requested = True
        self.waker.wake()

    _stop_requested = False

    def serve(self) -> None:
        """Run until stopped, idle for long, or hung (`hung` is then true)."""
        poller = zmq.Poller()
        for socket in self.gate.sockets:
            poller.register(socket, zmq.POLLIN)
        poller.register(self.waker.reader, zmq.POLLIN)
        if self.settings.preload:
            self._load(self.settings.preload, None, None)
        while not self._finished():
            poller.poll(self._poll_ms())
            self.waker.drain()
            self.gate.answer_zap()
            for incoming in self.gate.receive():
                self._handle(incoming)
            self._read_reports()
            self._dispatch()
            self._tick()
        self._refuse_waiting()

    def _finished(self) -> bool:
        if self._stop_requested and not self._stopping:
            self._stopping = True
            self._stop_clock.restart()
            log.info("stopping: %d running, %d waiting", len(self._running), len(self.scheduler))
            self._refuse_waiting()
        if self.hung:
            return True
        if self._stopping:
            return not self._running or self._stop_clock.seconds > self.settings.stop_grace_seconds
        limit = self.settings.idle_exit_seconds
        return self._on_demand and limit > 0 and self._idle.seconds > limit and not self._busy_now()

    def _busy_now(self) -> bool:
        return bool(self._running or self._loading or len(self.scheduler))

    def _poll_ms(self) -> int:
        if self._batch_due is not None and not self._running:
            return max(
                0, min(int(HEARTBEAT_SECONDS * 1000), round((self._batch_due - time.monotonic()) * 1000))
            )
        return int(
            (HEARTBEAT_SECONDS if self._busy_now() or self._stopping else 2 * HEARTBEAT_SECONDS) * 1000
        )

    def _refuse_waiting(self) -> None:
        """Give waiting jobs back to their clients."""
        code, message = (
            ("restarting", "the daemon starts anew")
            if self.hung
            else ("stopping", "the daemon is being stopped")
        )
        for job in self.scheduler.drain():
            self._fail(job, EngineError(code, message, "Send the job again."))
        for job in self.book.jobs():
            if not (self._stopping and job in self._running and not self._over_grace()):
                self._fail(job, EngineError(code, message, "Send the job again."))

    def _over_grace(self) -> bool:
        return self._stop_clock.seconds > self.settings.stop_grace_seconds

    # -- time ------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        for clock in (self._idle, self._busy, self._stop_clock):
            clock.tick()
        if self._busy_now():
            self._idle.restart()
        now = time.monotonic()
        if now >= self._heartbeat_at:
            self._heartbeat_at = now + HEARTBEAT_SECONDS
            self._heartbeat()
        if self._running or self._loading:
            self._watch()
        else:
            self._busy.restart()
        limit = self.settings.idle_unload_seconds
        if limit > 0 and self._idle.seconds > limit and not self._unloaded:
            self._unloaded = True
            log.info("idle: unloading")
            self.worker.unload()

    def _heartbeat(self) -> None:
        """Tell clients that their jobs live; whoever cannot be told is gone."""
        for job in self.book.jobs():
            if self.book.is_active(job):
                self._progress(job)

    def _watch(self) -> None:
        patience = (
            LOAD_PATIENCE if self._loading or any(job.stage == "loading" for job in self._running) else 1.0
        )
        if self._busy.seconds <= self.settings.watchdog_seconds * patience:
            return
        log.error("the model has not answered for %.0f s: starting anew", self._busy.seconds)
        self.hung = True
        for job in self._running:
            self._fail(
                job,
                EngineError(
                    "hung",
                    f"The model did not answer within {self.settings.watchdog_seconds:.0f} s.",
                    "The daemon starts anew; try again, with fewer variants or on another device.",
                ),
            )
        for _bundle, client, request in self._loading:
            if client is not None:
                self._reply_error(client, ProtocolError("hung", "loading took too long"), request=request)

    # -- the model's thread ----------------------------------------------------------------------------------

    def _load(self, bundle: str, client: ClientKey | None, request: str | None) -> None:
        self._loading.append((bundle, client, request))
        self._unloaded = False
        self.worker.load(bundle)

    def _dispatch(self) -> None:
        """Hand the next batch to the model's thread when it is free and the batch window has passed."""
        if self._running or not len(self.scheduler) or self.hung:
            self._batch_due = None
            return
        now = time.monotonic()
        if self._batch_due is None:
            others = sum(1 for seen in self._served_clients.values() if now - seen < 1.0)
            company = others > 1 and self.scheduler.waiting_variants < self._engine.batch_variants
            self._batch_due = now + (self.settings.batch_window_ms / 1000 if company else 0.0)
        if now < self._batch_due:
            return
        self._batch_due = None
        self._running = tuple(self.scheduler.take(self._engine.batch_variants))
        self._unloaded = False
        self._busy.restart()
        self._counts["batches"] += 1
        self.worker.run(self._running)

    def _read_reports(self) -> None:
        while not self.worker.reports.empty():
            report = self.worker.reports.get()
            if isinstance(report, Staged):
                for job in report.jobs:
                    job.stage = report.stage
                    if self.book.is_active(job):
                        self._progress(job)
            elif isinstance(report, Made):
                self._made(report.job, report.fill)
            elif isinstance(report, Ran):
                self._ran(report)
            elif isinstance(report, Loaded):
                self._loaded(report)
            elif isinstance(report, Unloaded):
                log.info("models unloaded")

    def _loaded(self, report: Loaded) -> None:
        bundle, client, request = self._loading.pop(0)
        self._busy.restart()
        if report.error is not None:
            self._failure = report.error
            log.error("loading %s failed: %s", bundle, report.error.message)
            if client is not None:
                error = report.error
                self._reply_error(
                    client, ProtocolError(error.code, error.message, error.hint), request=request
                )
            return
        self._become_ready()
        if client is not None:
            self.gate.send(client, encode({"kind": "done", "request": request, **(report.info or {})}))

    def _become_ready(self) -> None:
        self._failure = None
        if not self._ready:
            self._ready = True
            log.info("ready after %.1f s", time.monotonic() - self._started)
            self._on_ready()

    def _ran(self, report: Ran) -> None:
        variants = sum(len(outcome.job.request.variants) for outcome in report.outcomes if outcome.complete)
        if variants:
            self._busy.tick()
            self._seconds_per_variant += 0.2 * (self._busy.seconds / variants - self._seconds_per_variant)
        self._running = ()
        self._busy.restart()
        for outcome in report.outcomes:
            if not self.book.is_active(outcome.job):
                continue  # cancelled, dropped or replaced while the model worked
            if outcome.error is not None:
                self._fail(outcome.job, outcome.error)
            elif outcome.complete:
                self._become_ready()
                self._deliver(outcome)

    def _made(self, job: Job, fill: FillMessage) -> None:
        if not self.book.is_active(job):
            return
        message = encode({"kind": "fill", "job": job.request.job, **fill.header}, fill.frames)
        job.answers.append(message)
        self._counts["fills"] += 1
        if not self.gate.send(job.client, message):
            self._drop_client(job.client)

    def _deliver(self, outcome: Outcome) -> None:
        job = outcome.job
        total = time.monotonic() - job.submitted
        seconds = {**outcome.seconds, "total": total}
        done = {
            "kind": "done",
            "job": job.request.job,
            "seconds": {name: finite(value) for name, value in seconds.items()},
            "notices": list(outcome.notices),
        }
        message = encode(done)
        self.book.finish(job, [*job.answers, message])
        self._counts["done"] += 1
        self._latencies.add(total)
        if not self.gate.send(job.client, message):
            self._drop_client(job.client)

    def _fail(self, job: Job, error: EngineError) -> None:
        self.book.discard(job)
        self._counts[error.code if error.code in ("cancelled", "superseded") else "failed"] += 1
        self._reply_error(
            job.client, ProtocolError(error.code, error.message, error.hint), job=job.request.job
        )

    # -- clients ---------------------------------------------------------------------------------------------

    def _progress(self, job: Job) -> None:
        header = {
            "kind": "progress",
            "job": job.request.job,
            "stage": job.stage,
            "position": self.scheduler.position(job),
            "elapsed": round(time.monotonic() - job.submitted, 3),
        }
        if not self.gate.send(job.client, encode(header)):
            self._drop_client(job.client)

    def _drop_client(self, client: ClientKey) -> None:
        """A client has vanished: its jobs are nobody's."""
        for job in self.book.of_client(client):
            job.cancelled = True
            self.scheduler.remove(job)
            self.book.discard(job)
            self._counts["dropped"] += 1
        self._peers.pop(client, None)
        self._served_clients.pop(client, None)

    def _reply_error(
        self, client: ClientKey, error: ProtocolError, *, job: str | None = None, request: str | None = None
    ) -> None:
        header: dict[str, Any] = {
            "kind": "error",
            "job": job,
            "request": request,
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
        }
        if error.code in ("busy", "too-many-clients"):
            waiting = self.scheduler.waiting_variants + sum(len(j.request.variants) for j in self._running)
            header["retry_after"] = round(max(0.2, waiting * self._seconds_per_variant), 1)
        self.gate.send(client, encode(header))

    def _admit(self, client: ClientKey) -> bool:
        """Count a request against the client's rate; false when it is over."""
        now = time.monotonic()
        peer = self._peers.get(client)
        if peer is None:
            peer = self._peers[client] = _Peer(seen=now)
            while len(self._peers) > 1024:
                self._peers.popitem(last=False)
        self._peers.move_to_end(client)
        peer.allowance = min(
            float(LIMITS.requests_burst), peer.allowance + (now - peer.seen) * LIMITS.requests_per_second
        )
        peer.seen = now
        if peer.allowance < 1.0:
            self._counts["rate-limited"] += 1
            if not peer.warned:  # once, or the answers would be a flood themselves
                peer.warned = True
                self._reply_error(
                    client,
                    ProtocolError(
                        "rate", f"more than {LIMITS.requests_per_second} requests per second", "Slow down."
                    ),
                )
            return False
        peer.allowance -= 1.0
        peer.warned = False
        return True

    def _handle(self, incoming: Incoming) -> None:
        self._counts["messages"] += 1
        client = incoming.client
        if not self._admit(client):
            return
        job: str | None = None
        request: str | None = None
        try:
            if incoming.frames is None:
                raise ProtocolError("too-large", "the message has too many frames")
            header, frames = decode(incoming.frames)
            if isinstance(header.get("job"), str) and len(header["job"]) <= LIMITS.id_chars:
                job = check_id(header["job"])
            if header.get("request") is not None:
                request = check_id(header["request"], "request")
            self._answer(incoming, header, frames, request)
        except ProtocolError as error:
            self._counts["refused"] += 1
            self._reply_error(client, error, job=job, request=request)
        except Exception:
            self._counts["refused"] += 1
            log.exception("a message could not be handled")
            self._reply_error(
                client, ProtocolError("internal", "The daemon failed."), job=job, request=request
            )

    def _answer(
        self, incoming: Incoming, header: Mapping[str, Any], frames: Sequence[bytes], request: str | None
    ) -> None:
        kind, client = header["kind"], incoming.client
        if kind == "fill":
            self._fill(incoming, header, frames)
        elif kind == "cancel":
            self._cancel(incoming, header)
        elif kind == "status":
            self.gate.send(client, encode({"kind": "status", "request": request, "status": self.status()}))
        elif kind == "models":
            self.gate.send(
                client, encode({"kind": "models", "request": request, "models": self._engine.models()})
            )
        elif kind == "load":
            if len(self._loading) >= 4:
                raise ProtocolError("busy", "other bundles are being loaded", "Try again in a moment.")
            self._load(check_bundle_name(header.get("bundle")), client, request)
        elif kind == "shutdown":
            if incoming.user != LOCAL_USER:
                raise ProtocolError("forbidden", "only this machine's user may stop the daemon")
            self.gate.send(client, encode({"kind": "done", "request": request}))
            self.stop()
        else:
            raise ProtocolError("bad-request", f'no request is called "{kind[:40]}"')

    def _fill(self, incoming: Incoming, header: Mapping[str, Any], frames: Sequence[bytes]) -> None:
        client = incoming.client
        job = Job.from_request(incoming.user, client, FillRequest.from_wire(header, frames), time.monotonic())
        known = self.book.active(job.key)
        finished = self.book.finished(job.key)
        for digest in (known.digest if known else None, finished.digest if finished else None):
            if digest is not None and digest != job.digest:
                raise ProtocolError(
                    "job-id-reused", "that job id belongs to another request", "Use a new id."
                )
        if known is not None:
            self.scheduler.move(known, client)
            self._counts["resent"] += 1
            self._accept(known)
            for answer in known.answers:
                self.gate.send(client, answer)
            return
        if finished is not None:
            self._counts["resent"] += 1
            self._accept(job)
            for message in finished.messages:
                self.gate.send(client, message)
            return
        if self._stopping:
            raise ProtocolError("stopping", "the daemon is being stopped", "Send the job again later.")
        replaced = self.scheduler.submit(job)
        if replaced is not None:
            self._fail(replaced, EngineError("superseded", "a newer request took this one's place"))
        self.book.add(job)
        self._served_clients[client] = job.submitted
        self._served_clients.move_to_end(client)
        while len(self._served_clients) > LIMITS.clients:
            self._served_clients.popitem(last=False)
        self._accept(job)

    def _accept(self, job: Job) -> None:
        header = {"kind": "accepted", "job": job.request.job, "position": self.scheduler.position(job)}
        self.gate.send(job.client, encode(header))

    def _cancel(self, incoming: Incoming, header: Mapping[str, Any]) -> None:
        job = self.book.active((incoming.user, check_id(header.get("job"))))
        if job is None:
            raise ProtocolError("unknown-job", "no waiting or running job has that id")
        job.cancelled = True
        self.scheduler.remove(job)
        self._fail(job, EngineError("cancelled", "the job was cancelled"))

    # -- status ----------------------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """The fields of a `status` reply, as docs/protocol.md lists them."""
        if self._stopping:
            state = "stopping"
        elif self._failure is not None:
            state = "failed"
        elif not self._ready:
            state = "starting"
        else:
            state = "busy" if self._running else "ready"
        counted = ("done", "failed", "cancelled", "superseded", "dropped", "resent", "fills", "batches")
        milliseconds = {
            name: None if (value := self._latencies.quantile(share)) is None else round(value * 1000, 1)
            for name, share in (("p50", 0.5), ("p95", 0.95))
        }
        failure = self._failure
        return {
            **self._describe,
            "memory_mib": resident_mib(),
            "state": state,
            "uptime": round(time.monotonic() - self._started, 1),
            "queue": {
                "waiting": len(self.scheduler),
                "running": len(self._running),
                "capacity": self.scheduler.capacity,
                "clients": len(list(self.book.clients())),
            },
            "jobs": {name: self._counts[name] for name in counted},
            "messages": {
                "received": self._counts["messages"],
                "refused": self._counts["refused"],
                "rate_limited": self._counts["rate-limited"],
                "keys_refused": self.gate.refused,
            },
            "latency_ms": milliseconds,
            "failure": failure and {"code": failure.code, "message": failure.message, "hint": failure.hint},
            **self._engine.describe(),
        }

    def close(self) -> None:
        """End the model's thread and close the sockets."""
        if not self.hung:
            self.worker.stop(timeout=1.0)
        self.gate.close()
        self.waker.close()
