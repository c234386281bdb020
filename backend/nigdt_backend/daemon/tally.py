"""What the daemon has done so far, counted for `status`."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

_COUNTED = ("done", "failed", "cancelled", "superseded", "dropped", "resent", "fills", "objects")


class Latencies:
    """The last few hundred durations, for medians in `status`."""

    def __init__(self, most: int = 256) -> None:
        self._seconds: deque[float] = deque(maxlen=most)

    def add(self, seconds: float) -> None:
        """Count one."""
        self._seconds.append(seconds)

    def quantile(self, fraction: float) -> float | None:
        """Return the quantile in seconds; None while there is nothing."""
        if not self._seconds:
            return None
        ordered = sorted(self._seconds)
        return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))]


class Tally:
    """Counters of jobs and fills, and how long they took.

    Attributes:
        counts: by name.
        latencies: of whole jobs.
        seconds_per_fill: running average of the model's.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.latencies = Latencies()
        self.seconds_per_fill = 0.5
        self._fills = 0

    def fill(self) -> None:
        """Count a fill."""
        self.counts["fills"] += 1
        self._fills += 1

    def object_found(self) -> None:
        """Count an answer that says where an object is: it is no fill, and takes a fraction of one's time."""
        self.counts["objects"] += 1

    def turn(self, seconds: float) -> None:
        """Take note that the model's turn took so long."""
        if self._fills:
            self.seconds_per_fill += 0.2 * (seconds / self._fills - self.seconds_per_fill)
        self._fills = 0

    def status(self, batches: int) -> dict[str, Any]:
        """Return the fields of a `status` reply, with the number of batches."""
        milliseconds = {
            name: None if (value := self.latencies.quantile(fraction)) is None else round(value * 1000, 1)
            for name, fraction in (("p50", 0.5), ("p95", 0.95))
        }
        jobs = {name: self.counts[name] for name in _COUNTED}
        return {"jobs": {**jobs, "batches": batches}, "latency_ms": milliseconds}
