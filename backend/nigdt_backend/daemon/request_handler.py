"""Read requests, validate them and pass them on; nothing a client sends gets past here unchecked."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nigdt_backend.daemon.dispatch import Dispatcher
from nigdt_backend.daemon.rate_limiter import Admission, RateLimiter
from nigdt_backend.daemon.replies import Replies
from nigdt_backend.daemon.scheduler import Job
from nigdt_backend.daemon.sockets import LOCAL_USER, Incoming
from nigdt_backend.protocol import (
    LIMITS,
    FillRequest,
    Frame,
    ProtocolError,
    check_bundle_name,
    check_id,
    decode,
)

log = logging.getLogger(__name__)

LOADS_WAITING = 4
_RATE = f"There were more than {LIMITS.requests_per_second} requests per second."


class RequestHandler:
    """Answer or dispatch each request.

    Args:
        dispatcher: takes the jobs.
        replies: sends the answers.
        limiter: counts requests per connection.
        status: makes the fields of a `status` reply.
        stop: called when a client asks for the daemon's end.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        replies: Replies,
        limiter: RateLimiter,
        status: Callable[[], dict[str, Any]],
        stop: Callable[[], None],
    ) -> None:
        self.stopping = False
        self._dispatcher = dispatcher
        self._replies = replies
        self._limiter = limiter
        self._status = status
        self._stop = stop
        self._counts: Counter[str] = Counter()

    def handle(self, incoming: Incoming) -> None:
        """Handle one message; whatever it contains, the worst outcome is an error reply, or none at all."""
        try:
            self._handle(incoming)
        except Exception:  # a failure while the error was answered: only this client goes without
            log.exception("a message could not be answered")

    def _handle(self, incoming: Incoming) -> None:
        self._counts["received"] += 1
        admission = self._limiter.admit(incoming.client, time.monotonic())
        job: str | None = None
        request: str | None = None
        try:
            if incoming.frames is None:
                raise ProtocolError("too-large", "The message has too many frames.")
            header, frames = decode(incoming.frames)
            if header.get("job") is not None:
                job = check_id(header["job"])
            if header.get("request") is not None:
                request = check_id(header["request"], "request")
            if admission is not Admission.ACCEPT:
                raise ProtocolError("rate", _RATE, "Slow down.")
            self._answer(incoming, header, frames, request)
        except ProtocolError as error:
            named = job is not None or request is not None
            if admission is Admission.ACCEPT:
                self._counts["refused"] += 1
            else:
                self._counts["rate_limited"] += 1
                if not named and admission is Admission.REJECT:
                    return
            crowded = error.code in ("busy", "too-many-clients")
            wait = self._dispatcher.retry_after() if crowded else None
            self._replies.error(incoming.client, error, job=job, request=request, retry_after=wait)
        except Exception:
            self._counts["refused"] += 1
            log.exception("a message could not be handled")
            defect = ProtocolError("internal", "The daemon failed to handle the message.", "See its log.")
            self._replies.error(incoming.client, defect, job=job, request=request)

    def _answer(
        self, incoming: Incoming, header: Mapping[str, Any], frames: Sequence[Frame], request: str | None
    ) -> None:
        kind, client = header["kind"], incoming.client
        if kind == "fill":
            self._fill(incoming, header, frames)
            return
        if frames:
            raise ProtocolError("bad-request", f'Only "fill" has frames, not "{kind[:40]}".')
        if kind == "cancel":
            job = self._dispatcher.book.active((incoming.user, check_id(header.get("job"))))
            if job is None:
                raise ProtocolError("unknown-job", "No waiting or running job has that id.")
            self._dispatcher.cancel(job)
        elif kind == "status":
            self._replies.answer(client, "status", request, status=self._status())
        elif kind == "models":
            self._replies.answer(client, "models", request, models=self._dispatcher.engine.models())
        elif kind == "load":
            if self._dispatcher.loads_waiting >= LOADS_WAITING:
                raise ProtocolError("busy", "Other bundles are being loaded.", "Try again in a moment.")
            self._dispatcher.load(check_bundle_name(header.get("bundle")), client, request)
        elif kind == "shutdown":
            if incoming.user != LOCAL_USER:
                raise ProtocolError("forbidden", "Only this machine's user may stop the daemon.")
            self._replies.answer(client, "done", request)
            self._stop()
        else:
            raise ProtocolError("bad-request", f'There is no request called "{kind[:40]}".')

    def _fill(self, incoming: Incoming, header: Mapping[str, Any], frames: Sequence[Frame]) -> None:
        now = time.monotonic()
        job = Job.from_request(incoming.user, incoming.client, FillRequest.from_wire(header, frames), now)
        book = self._dispatcher.book
        known, finished = book.active(job.key), book.finished(job.key)
        if any(entry is not None and entry.digest != job.digest for entry in (known, finished)):
            raise ProtocolError("job-id-reused", "That job id belongs to another request.", "Use a new id.")
        self._limiter.sent_job(incoming.client, now)
        if known is not None:
            self._dispatcher.resume(known, incoming.client)
        elif finished is not None:
            self._dispatcher.repeat(job, [list(message) for message in finished.messages])
        elif self.stopping:
            raise ProtocolError("stopping", "The daemon is shutting down.", "Send the job again later.")
        else:
            self._dispatcher.submit(job)

    def status(self) -> dict[str, Any]:
        """Return the message counters for `status`."""
        return {name: self._counts[name] for name in ("received", "refused", "rate_limited")}
