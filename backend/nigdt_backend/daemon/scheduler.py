"""Which jobs run next: a bounded queue that is fair between clients. Plain Python, no sockets, no clock."""

from __future__ import annotations

import hashlib
import json
import time
from collections import OrderedDict, deque
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from nigdt_backend.protocol import LIMITS, FillRequest, Frame, ProtocolError

ClientKey = tuple[int, bytes]
"""Which socket of the daemon, and the routing id there: one connection of a client."""

LaneName = Literal["model", "removal"]
"""What makes a job's next fill: the model, or a process that continues the photo's surroundings."""

JobKey = tuple[str, str]
"""Authenticated user and job id: ids of different users never meet."""


@dataclass(eq=False)
class Job:
    """One fill on its way through the daemon.

    Attributes:
        user: authenticated user.
        client: connection that answers go to.
        request: what to fill.
        submitted: seconds, monotonic.
        context: digest of crop, mask, size and growth: equal for requests that share an image encoding.
            Given where it is known already.
        digest: digest of the whole request, to tell a resend from a reused id.
        stage: one of `protocol.STAGES`.
        answers: messages sent so far, kept for a client that comes back.
        cancelled: set from the daemon's thread, read by the model's between its steps.
        fraction: how much of it is done, 0 to 1, where that is known; set from the model's thread.
        lane: what makes its next fill.
        drawn: whether the model draws what was to be continued, since nothing in the photo fits.
        held: whether later fills may name its context.
        alone: whether it runs while nothing else does, since what it ran beside failed.
        made: fills made and sent.
        seconds: time per step ("encode", "complete"); an encoding found in the cache took 0.
        notices: what its user should know.
    """

    user: str
    client: ClientKey
    request: FillRequest = field(repr=False)
    submitted: float
    context: bytes = field(default=b"", repr=False)
    digest: bytes = field(init=False, repr=False)
    stage: str = "queued"
    answers: list[list[Frame]] = field(default_factory=list, repr=False)
    cancelled: bool = False
    fraction: float | None = None
    lane: LaneName = field(init=False)
    drawn: bool = False
    held: bool = False
    alone: bool = False
    made: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        request, recipe = self.request, self.request.recipe
        self.context = self.context or _digest_of_context(request)
        rest = [
            recipe.to_dict(),
            [variant.to_dict() for variant in request.variants],
            request.live,
            request.attention,
            request.effects,
            request.previews,
        ]
        self.digest = hashlib.sha256(self.context + json.dumps(rest).encode()).digest()
        removes = recipe.effective_mode == "remove" and request.result != "object"
        self.lane = "removal" if removes else "model"

    @property
    def key(self) -> JobKey:
        """What identifies the job."""
        return (self.user, self.request.job)

    def spend(self, step: str, started: float) -> None:
        """Count the time since `started` (seconds, monotonic) for a step."""
        self.seconds[step] = self.seconds.get(step, 0.0) + time.monotonic() - started

    def notify(self, *notices: str) -> None:
        """Keep what the user should know, each once."""
        self.notices = tuple(dict.fromkeys((*self.notices, *notices)))

    @property
    def left(self) -> int:
        """Fills that are still to be made."""
        return len(self.request.variants) - self.made

    @property
    def size(self) -> int:
        """Bytes it holds while it waits."""
        return len(self.request.crop) + len(self.request.mask)


class Scheduler:
    """Waiting jobs, one line per client; clients take turns.

    Args:
        capacity: most jobs that wait.
        per_client: most jobs of one client that wait.
        capacity_bytes: most pixel bytes that wait.
        clients: most clients with waiting jobs.
    """

    def __init__(
        self,
        capacity: int = LIMITS.queue_jobs,
        per_client: int = LIMITS.queue_jobs_per_client,
        capacity_bytes: int = LIMITS.queue_bytes,
        clients: int = LIMITS.clients,
    ) -> None:
        self.capacity = capacity
        self.per_client = per_client
        self.capacity_bytes = capacity_bytes
        self.max_clients = clients
        self._lines: OrderedDict[ClientKey, deque[Job]] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return sum(len(line) for line in self._lines.values())

    @property
    def waiting_variants(self) -> int:
        """Fills that the waiting jobs still need."""
        return sum(job.left for line in self._lines.values() for job in line)

    @property
    def clients(self) -> int:
        """Clients that have waiting jobs."""
        return len(self._lines)

    def submit(self, job: Job) -> Job | None:
        """Put a job in its client's line.

        Returns:
            The waiting live job whose place it took, if any.

        Raises:
            ProtocolError: `busy` or `too-many-clients`.
        """
        line = self._lines.get(job.client)
        if job.request.live and line is not None:
            for position, waiting in enumerate(line):
                if (
                    waiting.request.live
                    and waiting.context == job.context
                    and waiting.request.recipe.bundle == job.request.recipe.bundle
                ):
                    line[position] = job
                    return waiting
        if line is None and len(self._lines) >= self.max_clients:
            raise ProtocolError(
                "too-many-clients", f"{self.max_clients} other clients have jobs.", "Try again later."
            )
        if len(self) >= self.capacity or self._bytes + job.size > self.capacity_bytes:
            raise ProtocolError(
                "busy", f"The queue is full ({len(self)} jobs wait).", "Try again in a moment."
            )
        if line is not None and len(line) >= self.per_client:
            raise ProtocolError(
                "busy",
                f"{len(line)} of your jobs are waiting already.",
                "Wait for one of them, or cancel it.",
            )
        self._lines.setdefault(job.client, deque()).append(job)
        self._bytes += job.size
        return None

    def remove(self, job: Job) -> bool:
        """Take a waiting job out; False when it does not wait."""
        line = self._lines.get(job.client)
        if line is None or job not in line:
            return False
        line.remove(job)
        self._removed(job)
        return True

    def move(self, job: Job, client: ClientKey) -> None:
        """Move a job to another connection of its client."""
        line = self._lines.get(job.client)
        if line is not None and job in line:
            line.remove(job)
            if not line:
                del self._lines[job.client]
            self._lines.setdefault(client, deque()).append(job)
        job.client = client

    def put_back(self, job: Job) -> None:
        """Put a job that has more fills to make at the head of its client's line, after the others' turn."""
        self._lines.setdefault(job.client, deque()).appendleft(job)
        self._bytes += job.size

    def position(self, job: Job) -> int:
        """Return how many jobs run before this one, as things stand; 0 when it does not wait."""
        line = self._lines.get(job.client)
        if line is None or job not in line:
            return 0
        place = [other for other in line if other.lane == job.lane].index(job)
        ahead = 0
        before = True
        for client, other in self._lines.items():
            if client == job.client:
                before = False
            else:
                ahead += min(sum(entry.lane == job.lane for entry in other), place + before)
        return place + ahead

    def waits(self, lane: LaneName, other_than: Collection[ClientKey] = ()) -> bool:
        """Return whether a job of other clients waits for a lane."""
        return any(
            job.lane == lane
            for client, line in self._lines.items()
            if client not in other_than
            for job in line
        )

    def take_suspect(self) -> Job | None:
        """Take the next job that is to run while nothing else does."""
        job = next((job for line in self._lines.values() for job in line if job.alone), None)
        if job is not None:
            self._take(job)
        return job

    @property
    def suspects(self) -> int:
        """Jobs that wait to run while nothing else does."""
        return sum(job.alone for line in self._lines.values() for job in line)

    def take(
        self, variants: int, lane: LaneName = "model", passed_over: Collection[ClientKey] = ()
    ) -> list[Job]:
        """Take the next batch: the client whose turn it is, and who can share the batch.

        Args:
            variants: most answers in the batch; a first job that asks for more is taken alone.
            lane: what is free to make them.
            passed_over: clients whose turn it is not.
        """
        batch: list[Job] = []
        room = variants
        progress = True
        while progress and room > 0:
            progress = False
            for client in [client for client in self._lines if client not in passed_over]:
                line = self._lines[client]
                job = next((job for job in line if job.lane == lane and not job.alone), None)
                if job is None or (batch and (job.left > room or not _alike(job, batch[0]))):
                    continue
                self._take(job)
                batch.append(job)
                room -= job.left
                progress = True
                if room <= 0:
                    break
        return batch

    def drain(self) -> list[Job]:
        """Take all jobs out."""
        jobs = [job for line in self._lines.values() for job in line]
        self._lines.clear()
        self._bytes = 0
        return jobs

    def _take(self, job: Job) -> None:
        """Take a job out of its line, whose client then has had its turn."""
        self._lines[job.client].remove(job)
        self._lines.move_to_end(job.client)
        self._removed(job)

    def _removed(self, job: Job) -> None:
        self._bytes -= job.size
        if not self._lines[job.client]:
            del self._lines[job.client]


def _digest_of_context(request: FillRequest) -> bytes:
    recipe, digest = request.recipe, hashlib.sha256()  # processors have instructions for it
    digest.update(f"{request.width} {request.height} {request.channels} {request.result} ".encode())
    if request.result == "placed":  # then the daemon makes the hole of the mask
        digest.update(f"{recipe.effective_mode} {recipe.grown} ".encode())
    digest.update(request.crop)
    digest.update(request.mask)
    return digest.digest()


def _alike(one: Job, other: Job) -> bool:
    """Return whether two jobs may share a batch."""
    mine, its = one.request.recipe, other.request.recipe
    return mine.bundle == its.bundle and mine.effective_mode == its.effective_mode
