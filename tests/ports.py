"""Ports of this machine that nothing listens on."""

from __future__ import annotations

import socket


def free_ports(number: int) -> list[int]:
    """Return so many different TCP ports of 127.0.0.1 that are free now."""
    probes = [socket.socket() for _ in range(number)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
