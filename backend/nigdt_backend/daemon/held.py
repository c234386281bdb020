"""Crop and mask of live fills, kept so that the next one for the same context need not bring them again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from nigdt_backend.daemon.scheduler import Job
from nigdt_backend.protocol import LIMITS, FillRequest, ProtocolError


class HeldContexts:
    """The last contexts that fills follow the typing in; those of one user are unknown to any other.

    Args:
        most_bytes: of crops and masks; the least recently used go first.
    """

    def __init__(self, most_bytes: int = LIMITS.held_bytes) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._held: OrderedDict[tuple[str, str], FillRequest] = OrderedDict()

    def keep(self, job: Job) -> bool:
        """Keep the context of a live job; whether it may be named from now on."""
        request, key = job.request, (job.user, job.context.hex())
        size = len(request.crop) + len(request.mask)
        if not request.live or request.result == "placed" or size > self._most_bytes:
            return False
        if key not in self._held:
            self._held[key] = request
            self._bytes += size
        self._held.move_to_end(key)
        while self._bytes > self._most_bytes:
            _, gone = self._held.popitem(last=False)
            self._bytes -= len(gone.crop) + len(gone.mask)
        return True

    def complete(self, user: str, header: Mapping[str, Any]) -> FillRequest:
        """Return the fill that names its context instead of bringing it.

        Raises:
            ProtocolError: `unknown-context` when it is not kept, else as `FillRequest.from_wire`.
        """
        name = header.get("context")
        held = self._held.get((user, name)) if isinstance(name, str) else None
        if held is None:
            raise ProtocolError(
                "unknown-context", "That context is not kept, or no more.", "Send crop and mask."
            )
        request = FillRequest.from_wire(header, [held.crop, held.mask])
        shapes = [(one.width, one.height, one.channels, one.result) for one in (request, held)]
        if shapes[0] != shapes[1]:
            raise ProtocolError("bad-request", "The context that is named has another size or result.")
        return request
