"""Requests on their way to the daemon, and what their fills are for."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from nigdt_backend.protocol import FillRequest

from nigdt_plugin.core.fills import Candidate, Round

QUIET = frozenset({"cancelled", "superseded"})
"""Ends of jobs that the panel itself asked for."""


class Purpose(Enum):
    """What a job's fills are for."""

    FILLS = "fills"
    LIVE = "live"
    REPLACE = "replace"
    WORDS = "words"


@dataclass
class PendingRequest:
    """One request that is on its way.

    Attributes:
        request: As sent, so that it can be sent again.
        round: Where its fills belong.
        purpose: What they are for.
        target: The fill to replace or explain.
        fresh: Whether the first fill to come still has to sweep away the earlier ones.
        stage: What the daemon last said it was doing.
        fraction: How much of it is done, 0 to 1, where the daemon knows.
    """

    request: FillRequest
    round: Round
    purpose: Purpose
    target: Candidate | None = None
    fresh: bool = False
    stage: str = "queued"
    fraction: float | None = None
    seen: set[int] = field(default_factory=set)
