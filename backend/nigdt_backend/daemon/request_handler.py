"""Read requests, validate them and pass them on; nothing a client sends gets past here unchecked."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from nigdt_backend.daemon.dispatch import Dispatcher
from nigdt_backend.daemon.held import HeldContexts
from nigdt_backend.daemon.rate_limiter import Admission, RateLimiter
from nigdt_backend.daemon.replies import Replies
from nigdt_backend.daemon.scheduler import ClientKey, Job
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
        self._held = HeldContexts()
        self._counts: Counter[str] = Counter()

    def handle(self, incoming: Incoming) -> None:
        """Handle one message; whatever it contains, the worst outcome is an error reply, or none at all."""
        self._counts["received"] += 1
        admission = Admission.ACCEPT
        names: dict[str, str] = {}
        try:
            admission = self._limiter.admit(incoming.client, time.monotonic())
            if incoming.frames is None:
                raise ProtocolError("too-large", "The message has too many frames.")
            header, frames = decode(incoming.frames)
            for name in ("job", "request"):
                if header.get(name) is not None:
                    names[name] = check_id(header[name], name)
            if admission is not Admission.ACCEPT:
                raise ProtocolError("rate", _RATE, "Slow down.")
            kind = header["kind"]
            if frames and kind != "fill":
                raise ProtocolError("bad-request", f'Only "fill" has frames, not "{kind[:40]}".')
            if kind not in REQUESTS:
                raise ProtocolError("bad-request", f'There is no request called "{kind[:40]}".')
            REQUESTS[kind](self, incoming, header, frames)
        except ProtocolError as error:
            self._refuse(incoming.client, error, admission, names)
        except Exception:
            log.exception("a message could not be handled")
            defect = ProtocolError("internal", "The daemon failed to handle the message.", "See its log.")
            self._refuse(incoming.client, defect, Admission.ACCEPT, names)

    def _refuse(
        self, client: ClientKey, error: ProtocolError, admission: Admission, names: Mapping[str, str]
    ) -> None:
        """Tell a client what is wrong with its message, unless it has sent too many and is not to be told."""
        self._counts["refused" if admission is Admission.ACCEPT else "rate_limited"] += 1
        if admission is Admission.REJECT and not names:
            return
        try:
            crowded = error.code in ("busy", "too-many-clients")
            wait = self._dispatcher.retry_after() if crowded else None
            job, request = names.get("job"), names.get("request")
            self._replies.error(client, error, job=job, request=request, retry_after=wait)
        except Exception:  # only this client goes without an answer
            log.exception("a message could not be answered")

    def _fill(self, incoming: Incoming, header: Mapping[str, Any], frames: Sequence[Frame]) -> None:
        now = time.monotonic()
        named = bool(header.get("context")) and not frames
        request = (
            self._held.complete(incoming.user, header) if named else FillRequest.from_wire(header, frames)
        )
        context = bytes.fromhex(request.context) if named else b""
        job = Job(incoming.user, incoming.client, request, now, context)
        book = self._dispatcher.book
        known, finished = book.active(job.key), book.finished(job.key)
        if any(entry is not None and entry.digest != job.digest for entry in (known, finished)):
            raise ProtocolError("job-id-reused", "That job id belongs to another request.", "Use a new id.")
        self._limiter.sent_job(incoming.client, now)
        job.held = self._held.keep(job)
        if known is not None:
            self._dispatcher.resume(known, incoming.client)
        elif finished is not None:
            self._dispatcher.repeat(job, [list(message) for message in finished.messages])
        elif self.stopping:
            raise ProtocolError("stopping", "The daemon is shutting down.", "Send the job again later.")
        else:
            self._dispatcher.submit(job)

    def _cancel(self, incoming: Incoming, header: Mapping[str, Any], _frames: Sequence[Frame]) -> None:
        job = self._dispatcher.book.active((incoming.user, check_id(header.get("job"))))
        if job is None:
            raise ProtocolError("unknown-job", "No waiting or running job has that id.")
        self._dispatcher.cancel(job)

    def _tell_status(self, incoming: Incoming, header: Mapping[str, Any], _frames: Sequence[Frame]) -> None:
        self._replies.answer(incoming.client, "status", header.get("request"), status=self._status())

    def _tell_models(self, incoming: Incoming, header: Mapping[str, Any], _frames: Sequence[Frame]) -> None:
        models = self._dispatcher.engine.models(words=header.get("words") is True)
        self._replies.answer(incoming.client, "models", header.get("request"), models=models)

    def _load(self, incoming: Incoming, header: Mapping[str, Any], _frames: Sequence[Frame]) -> None:
        if self._dispatcher.loads_waiting >= LOADS_WAITING:
            raise ProtocolError("busy", "Other bundles are being loaded.", "Try again in a moment.")
        bundle = check_bundle_name(header.get("bundle"))
        self._dispatcher.load(bundle, incoming.client, header.get("request"))

    def _shutdown(self, incoming: Incoming, header: Mapping[str, Any], _frames: Sequence[Frame]) -> None:
        if incoming.user != LOCAL_USER:
            raise ProtocolError("forbidden", "Only this machine's user may stop the daemon.")
        self._replies.answer(incoming.client, "done", header.get("request"))
        self._stop()

    def status(self) -> dict[str, Any]:
        """Return the message counters for `status`."""
        return {name: self._counts[name] for name in ("received", "refused", "rate_limited")}


REQUESTS: Final[Mapping[str, Callable[..., None]]] = {
    "fill": RequestHandler._fill,
    "cancel": RequestHandler._cancel,
    "status": RequestHandler._tell_status,
    "models": RequestHandler._tell_models,
    "load": RequestHandler._load,
    "shutdown": RequestHandler._shutdown,
}
"""What handles each kind of request: called with the handler, the message, its header and its frames."""
