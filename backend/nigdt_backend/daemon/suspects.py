"""Which jobs the daemon died over: a record on disk that outlives it.

Before a batch goes to the model its jobs' digests are written down, and struck out when it has ended. Those
that a new daemon finds were being worked on when the last one died. Each of them runs alone from then on, and
one over which the daemon dies again is refused, so that only its own client loses it.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable
from pathlib import Path

from nigdt_backend.connection import UnsafeFileError, read_private
from nigdt_backend.daemon.scheduler import Job

log = logging.getLogger(__name__)

DEATHS = 2
"""After so many deaths of the daemon a job is refused: the first may have been another's fault."""
_REMEMBERED = 64
_MOST_BYTES = 64 * 1024


class Suspects:
    """The record in one file; a folder that cannot be written costs nothing but the record.

    Args:
        path: the file; None keeps no record.
    """

    def __init__(self, path: Path | None) -> None:
        self._deaths: dict[str, int] = {}
        self._running: list[str] = []
        self._handle: int | None = None
        if path is None:
            return
        for digest in _read(path):
            self._deaths[digest] = self._deaths.get(digest, 0) + 1
        try:
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
            self._handle = os.open(path, flags, 0o600)
        except OSError as error:
            log.warning("no record of running jobs: %s", error)
        self._write()

    def deaths(self, job: Job) -> int:
        """Return how often the daemon died over a job."""
        return self._deaths.get(job.digest.hex(), 0)

    def forget(self, job: Job) -> None:
        """Clear a job: it has ended, or was refused."""
        if self._deaths.pop(job.digest.hex(), None) is not None:
            self._write()

    def running(self, jobs: Iterable[Job]) -> None:
        """Write down what the model works on; nothing when it has ended."""
        self._running = [job.digest.hex() for job in jobs]
        self._write()

    def _write(self) -> None:
        """Overwrite the record in one call, which the death of the process cannot tear."""
        if self._handle is None:
            return
        kept = dict(list(self._deaths.items())[-_REMEMBERED:])
        entries = [digest for digest, count in kept.items() for _ in range(count)]
        content = json.dumps([*entries, *self._running]).encode()
        try:
            os.lseek(self._handle, 0, os.SEEK_SET)
            os.ftruncate(self._handle, os.write(self._handle, content))
        except OSError as error:
            log.warning("no record of running jobs: %s", error)

    def close(self) -> None:
        """Let go of the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _read(path: Path) -> list[str]:
    """Return the digests in a record, as often as they were written; none when it is missing or damaged."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return []
        entries = json.loads(read_private(path) or "[]")
    except (OSError, UnsafeFileError, ValueError, RecursionError):
        return []
    return [entry for entry in entries if isinstance(entry, str)] if isinstance(entries, list) else []
