"""The protocol's version, limits and error codes (docs/protocol.md is the specification)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from nigdt import limits

VERSION: Final = 2
TAG: Final = b"NIGDT/%d" % VERSION
TAG_PREFIX: Final = b"NIGDT/"


@dataclass(frozen=True)
class Limits:
    """Hard caps; a message beyond one is answered with an error and costs the daemon nothing more."""

    header_bytes: int = 16_384
    request_frames: int = 2
    side_min_px: int = 1
    side_max_px: int = limits.CONTEXT_SIDE_MAX
    placed_pixels: int = limits.CONTEXT_PIXELS_MAX
    frame_bytes: int = limits.CONTEXT_PIXELS_MAX * 4
    caption_chars: int = limits.CAPTION_CHARS
    variants: int = limits.VARIANTS
    id_chars: int = 64
    name_chars: int = limits.NAME_CHARS
    queue_jobs: int = 64
    queue_jobs_per_client: int = 16
    queue_bytes: int = 256 * 1024 * 1024
    unread_bytes: int = 256 * 1024 * 1024
    clients: int = 64
    requests_per_second: int = 200
    requests_burst: int = 400
    finished_jobs: int = 32
    finished_bytes: int = 64 * 1024 * 1024
    held_bytes: int = 32 * 1024 * 1024


LIMITS: Final = Limits()
# CURVE sends every frame inside a command of its own, so much longer: 16 bytes before it, 17 of it encrypted.
CURVE_OVERHEAD: Final = 33

REPLIES: Final = ("accepted", "progress", "preview", "fill", "done", "error", "status", "models")
STAGES: Final = ("queued", "loading", "encoding", "completing")

CODES: Final[Mapping[str, str]] = {
    "bad-message": "the frames or the JSON header do not follow the specification",
    "version": "client and daemon speak different protocol versions",
    "too-large": "a frame, the header, the picture or a field is over its limit",
    "bad-request": "a field is missing, of the wrong type or out of range",
    "busy": "the queue is full; `retry_after` says in how many seconds to come back",
    "rate": "the client sends more requests per second than allowed",
    "too-many-clients": "as many clients as allowed already have jobs",
    "unknown-bundle": "no model bundle has that name",
    "bundle-broken": "the bundle cannot be loaded",
    "unknown-context": "crop and mask of that digest are not kept, or no more: send them",
    "unknown-job": "no waiting or running job has that id",
    "job-id-reused": "the id belongs to another request",
    "cancelled": "the client cancelled the job",
    "superseded": "a newer live request for the same context took the job's place",
    "stopping": "the daemon is being stopped and takes no more jobs",
    "restarting": "the daemon starts anew; send the job again",
    "forbidden": "a remote client may not do this",
    "model-failed": "the model raised an error",
    "not-a-number": "the model's answer held values that are not numbers",
    "hung": "the fill showed no sign of life within the watchdog's time",
    "out-of-memory": "not even one variant fits into memory",
    "internal": "a defect of the daemon; its log says more",
}
"""Error codes of the daemon and what each means."""

CLIENT_CODES: Final[Mapping[str, str]] = {
    "not-running": "no daemon runs and none may be started",
    "cannot-start": "the daemon ended before it was ready",
    "unsafe-state": "others can read or write the connection file or its folder",
    "silent": "the daemon runs but does not answer",
    "lost": "the connection broke and the job could not be sent again",
}
"""Error codes that the client makes itself, without a message from the daemon."""
