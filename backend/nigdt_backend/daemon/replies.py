"""Every message the daemon sends, made in one place."""

from __future__ import annotations

import time
from typing import Any

from nigdt_backend.daemon.scheduler import ClientKey, Job
from nigdt_backend.daemon.sockets import ServerSockets
from nigdt_backend.daemon.worker import EngineError, FillMessage, Outcome
from nigdt_backend.protocol import Frame, ProtocolError, encode, finite


class Replies:
    """Sends replies; each method tells whether the client is still there."""

    def __init__(self, sockets: ServerSockets) -> None:
        self._sockets = sockets

    def send(self, client: ClientKey, message: list[Frame]) -> bool:
        """Send a message that was made before."""
        return self._sockets.send(client, message)

    def accepted(self, job: Job, position: int) -> bool:
        """Tell a client that its job was accepted."""
        header: dict[str, Any] = {"kind": "accepted", "job": job.request.job, "position": position}
        if job.held:
            header["context"] = job.context.hex()
        return self.send(job.client, encode(header))

    def progress(self, job: Job, position: int) -> bool:
        """Tell a client what its job waits for; both sides also take this as a sign of life."""
        header = {
            "kind": "progress",
            "job": job.request.job,
            "stage": job.stage,
            "position": position,
            "elapsed": round(time.monotonic() - job.submitted, 3),
        }
        if job.fraction is not None:
            header["fraction"] = round(job.fraction, 3)
        return self.send(job.client, encode(header))

    def error(
        self,
        client: ClientKey,
        error: ProtocolError | EngineError,
        *,
        job: str | None = None,
        request: str | None = None,
        retry_after: float | None = None,
    ) -> bool:
        """Tell a client that a request or a job failed."""
        header: dict[str, Any] = {
            "kind": "error",
            "job": job,
            "request": request,
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
        }
        if retry_after is not None:
            header["retry_after"] = round(retry_after, 1)
        return self.send(client, encode(header))

    def answer(self, client: ClientKey, kind: str, request: str | None, **fields: Any) -> bool:
        """Send the one answer to a call."""
        return self.send(client, encode({"kind": kind, "request": request, **fields}))


def fill_reply(job: Job, fill: FillMessage, early: bool = False) -> list[Frame]:
    """Pack an answer of a job, or an early state of it."""
    return encode(
        {"kind": "preview" if early else "fill", "job": job.request.job, **fill.header}, fill.frames
    )


def done_reply(outcome: Outcome, total: float) -> list[Frame]:
    """Make the reply that ends a job which took `total` seconds."""
    seconds = {**outcome.job.seconds, "total": total}
    header = {
        "kind": "done",
        "job": outcome.job.request.job,
        "seconds": {name: finite(value) for name, value in seconds.items()},
        "notices": list(dict.fromkeys((*outcome.job.notices, *outcome.notices))),
    }
    return encode(header)
