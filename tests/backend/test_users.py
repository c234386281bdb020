"""The simulation of many users against results of queueing theory."""

from __future__ import annotations

import math

import pytest
from click.testing import CliRunner
from nigdt_backend.bench.users import simulate, users


def test_one_user_never_waits() -> None:
    found = simulate(1, 1, 0.5, 2.0, hours=2)
    assert (found.median, found.p99) == (pytest.approx(0.5), pytest.approx(0.5))
    assert found.per_second == pytest.approx(1 / 2.5, rel=0.05)


def test_a_crowd_on_few_daemons_waits_as_littles_law_says() -> None:
    """Saturated: throughput is what the daemons do, and the wait is users / throughput - think."""
    found = simulate(1000, 2, 0.1, 20.0)
    assert found.per_second == pytest.approx(20, rel=0.01)
    assert found.busy == pytest.approx(1, rel=0.01)
    assert found.median == pytest.approx(1000 / 20 - 20, rel=0.05)


def test_light_load_is_the_queue_with_fixed_service() -> None:
    """M/D/1: the mean wait is rho s / (2 (1 - rho)) beyond the service; users are many and ask seldom."""
    service, load = 0.1, 0.6
    found = simulate(2000, 1, service, 2000 * service / load, hours=4)
    assert found.busy == pytest.approx(load, rel=0.05)
    none_before = -math.log(1 - load) / 10  # a median below one service's wait needs no closed form
    assert service <= found.median <= service * (1 + load / (2 * (1 - load))) + none_before
    assert found.p95 > 2 * service


def test_the_command_says_what_users_see() -> None:
    run = CliRunner().invoke(users, ["100", "1", "0.05"], catch_exceptions=False)
    assert run.output.startswith("100 users, 1 daemon: ")
