"""The daemon's memory of jobs: which are under way, and what the last finished ones answered."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from nigdt_backend.daemon.scheduler import ClientKey, Job, JobKey
from nigdt_backend.protocol import LIMITS, Frame


@dataclass(frozen=True)
class Finished:
    """Answers of a finished job, kept so that a resend is answered without the model."""

    digest: bytes
    messages: tuple[Sequence[Frame], ...] = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes kept."""
        return sum(len(frame) for message in self.messages for frame in message)


class JobBook:
    """Jobs under way by key and client, and the last finished ones within a budget."""

    def __init__(self, most: int = LIMITS.finished_jobs, most_bytes: int = LIMITS.finished_bytes) -> None:
        self._active: dict[JobKey, Job] = {}
        self._finished: OrderedDict[JobKey, Finished] = OrderedDict()
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._active)

    def active(self, key: JobKey) -> Job | None:
        """Return the job under way with that key."""
        return self._active.get(key)

    def is_active(self, job: Job) -> bool:
        """Return whether this very job is under way: neither cancelled nor replaced by a resend."""
        return self._active.get(job.key) is job

    def jobs(self) -> list[Job]:
        """Return all jobs under way."""
        return list(self._active.values())

    def of_client(self, client: ClientKey) -> list[Job]:
        """Return the jobs under way of one connection."""
        return [job for job in self._active.values() if job.client == client]

    def clients(self) -> Iterable[ClientKey]:
        """Yield connections with jobs under way."""
        return {job.client for job in self._active.values()}

    def add(self, job: Job) -> None:
        """Add a job that is under way."""
        self._active[job.key] = job

    def discard(self, job: Job) -> None:
        """Forget a job that ended without an answer worth keeping."""
        if self.is_active(job):
            del self._active[job.key]

    def finish(self, job: Job, messages: Iterable[Sequence[Frame]]) -> None:
        """Keep the answers of a job that ended, dropping the oldest beyond the budget."""
        self.discard(job)
        entry = Finished(job.digest, tuple(messages))
        if entry.size > self._most_bytes:
            return
        self._finished[job.key] = entry
        self._bytes += entry.size
        while len(self._finished) > self._most or self._bytes > self._most_bytes:
            _, oldest = self._finished.popitem(last=False)
            self._bytes -= oldest.size

    def finished(self, key: JobKey) -> Finished | None:
        """Return the answers of a finished job, if still kept."""
        return self._finished.get(key)
