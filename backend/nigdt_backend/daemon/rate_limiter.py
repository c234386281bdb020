"""Limit the rate of requests per connection, and count the connections that are active."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum

from nigdt_backend.daemon.scheduler import ClientKey
from nigdt_backend.protocol import LIMITS

REMEMBERED = 1024
RECENT_SECONDS = 1.0


class Admission(Enum):
    """Decision about a request."""

    ACCEPT = "accept"
    REJECT = "reject without a reply"
    REJECT_AND_NOTIFY = "reject; reply only to the first request over the limit"


@dataclass
class _Bucket:
    seen: float
    allowance: float = float(LIMITS.requests_burst)
    told: bool = False
    job_at: float = float("-inf")


class RateLimiter:
    """Keep a token bucket for each connection, up to `REMEMBERED` of them; the oldest are dropped."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[ClientKey, _Bucket] = OrderedDict()

    def admit(self, client: ClientKey, now: float) -> Admission:
        """Count a request that arrived at `now` (seconds, monotonic) and decide about it."""
        bucket = self._buckets.get(client)
        if bucket is None:
            bucket = self._buckets[client] = _Bucket(seen=now)
            if len(self._buckets) > REMEMBERED:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(client)
        gained = (now - bucket.seen) * LIMITS.requests_per_second
        bucket.allowance = min(float(LIMITS.requests_burst), bucket.allowance + gained)
        bucket.seen = now
        if bucket.allowance < 1.0:
            told, bucket.told = bucket.told, True
            return Admission.REJECT if told else Admission.REJECT_AND_NOTIFY
        bucket.allowance -= 1.0
        bucket.told = False
        return Admission.ACCEPT

    def sent_job(self, client: ClientKey, now: float) -> None:
        """Record that a connection sent a job at `now` (seconds, monotonic)."""
        bucket = self._buckets.get(client)
        if bucket is not None:
            bucket.job_at = now

    def recently_active(self, now: float) -> int:
        """Count the connections that sent a job within the last `RECENT_SECONDS`."""
        return sum(1 for bucket in self._buckets.values() if now - bucket.job_at < RECENT_SECONDS)

    def forget(self, client: ClientKey) -> None:
        """Drop a connection that has closed."""
        self._buckets.pop(client, None)
