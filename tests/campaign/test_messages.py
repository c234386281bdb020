"""The daemon under a flood of hostile messages."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from nigdt_backend.client import Client
from nigdt_backend.protocol import FillRequest

from nigdt.recipe import Recipe
from tests.campaign.messages import Bystander, pour

STUB = [sys.executable, str(Path(__file__).parents[1] / "backend" / "stub_daemon.py")]
MESSAGES = 50_000


@pytest.fixture
def client() -> Iterator[Client]:
    with Client.connect(command=STUB, timeout=60) as client:
        yield client
        client.shutdown()


def small_fill() -> FillRequest:
    return FillRequest(bytes(16 * 16 * 3), b"\xff" * 256, 16, 16, Recipe("sleep 0.05"))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_fifty_thousand_messages_cost_nobody_a_fill(client: Client) -> None:
    pid = client.status()["pid"]
    with Bystander(small_fill) as quiet:
        while len(quiet.seconds) < 50:
            client.events(0.1)
    with Bystander(small_fill) as other:
        pour(client, MESSAGES, seed=17)
    assert other.failures == []
    assert client.status()["pid"] == pid
    assert statistics.median(other.seconds) < 2 * statistics.median(quiet.seconds)
