"""The benchmarks run, and the soak finds what it is there to find."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nigdt", "bench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)


def test_soak_of_seconds_loses_nothing(bundles):
    done = bench("soak", "--minutes", "0.1", "--clients", "3", "--side", "96", "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["lost"] == figures["wrong"] == figures["left_waiting_or_running"] == 0
    assert figures["jobs"]["done"] > 0


def test_soak_by_number_of_fills_ends_there_and_tells_memory(bundles):
    done = bench("soak", "--fills", "20", "--clients", "2", "--side", "64", "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["fills"] >= 20
    assert figures["lost"] == figures["wrong"] == 0
    assert len(figures["memory_mib_after_tenths"]) == 10
    refused = bench("soak", "--fills", "20", "--kill-every", "5")
    assert refused.returncode == 2
    assert "--minutes" in refused.stderr


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_soak_with_kills_loses_nothing(bundles):
    done = bench("soak", "--minutes", "1", "--clients", "3", "--side", "96", "--kill-every", "15", "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["lost"] == figures["wrong"] == 0
    assert figures["kills"] >= 2


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_figures_of_a_fill_through_the_daemon(bundles):
    done = bench("serve", "--fills", "5", "--seconds", "2", "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert len(figures["cold_start_s"]) == 3
    assert figures["first_fill_ms"] > figures["new_caption_ms"] > 0
    assert figures["gflop_per_fill"] > 0
    assert figures["one_client_fills_s"] > 0
    assert figures["least_client_share"] > 0
