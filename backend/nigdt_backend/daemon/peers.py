"""What the daemon remembers of connections: how many requests each may still send, and who is active."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum

from nigdt_backend.daemon.scheduler import ClientKey
from nigdt_backend.protocol import LIMITS

REMEMBERED = 1024
RECENT_SECONDS = 1.0


class Admission(Enum):
    """What becomes of a request."""

    YES = "yes"
    NO = "no"
    NO_AND_SAY_SO = "no, and the client is told, once, or the answers would be a flood themselves"


@dataclass
class _Peer:
    seen: float
    allowance: float = float(LIMITS.requests_burst)
    told: bool = False
    job_at: float = float("-inf")


class Peers:
    """A token bucket per connection; connections long silent are forgotten."""

    def __init__(self) -> None:
        self._peers: OrderedDict[ClientKey, _Peer] = OrderedDict()

    def admit(self, client: ClientKey, now: float) -> Admission:
        """Count a request at `now` (seconds, monotonic)."""
        peer = self._peers.get(client)
        if peer is None:
            peer = self._peers[client] = _Peer(seen=now)
            if len(self._peers) > REMEMBERED:
                self._peers.popitem(last=False)
        self._peers.move_to_end(client)
        gained = (now - peer.seen) * LIMITS.requests_per_second
        peer.allowance = min(float(LIMITS.requests_burst), peer.allowance + gained)
        peer.seen = now
        if peer.allowance < 1.0:
            told, peer.told = peer.told, True
            return Admission.NO if told else Admission.NO_AND_SAY_SO
        peer.allowance -= 1.0
        peer.told = False
        return Admission.YES

    def sent_job(self, client: ClientKey, now: float) -> None:
        """A connection sent a job."""
        peer = self._peers.get(client)
        if peer is not None:
            peer.job_at = now

    def recently_active(self, now: float) -> int:
        """Connections that sent a job within the last second."""
        return sum(1 for peer in self._peers.values() if now - peer.job_at < RECENT_SECONDS)

    def forget(self, client: ClientKey) -> None:
        """A connection is gone."""
        self._peers.pop(client, None)
