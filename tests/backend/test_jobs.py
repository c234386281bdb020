"""Jobs over a real socket: live typing, cancel at every stage, resends, busy, fairness, vanished clients."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest
from nigdt_backend.client import Client, DaemonError
from nigdt_backend.protocol import LIMITS, FillRequest

from nigdt.recipe import Recipe, Variant


def ends(client: Client, jobs: list[str], seconds: float = 20.0) -> dict[str, str]:
    """How each job ended: "done" or the error's code."""
    ended: dict[str, str] = {}
    deadline = time.monotonic() + seconds
    while len(ended) < len(jobs) and time.monotonic() < deadline:
        for event in client.events(0.2):
            if event.kind in ("done", "error") and event.job in jobs:
                ended[event.job] = event.data.get("code", "done")
    return ended


def test_newest_live_request_wins(client, request_fill):
    blocker = client.submit(request_fill("sleep 0.6"))
    typed = [client.submit(request_fill(f"a {letters}", live=True)) for letters in ("r", "re", "red")]
    ended = ends(client, [blocker, *typed])
    assert [ended[job] for job in (blocker, *typed)] == ["done", "superseded", "superseded", "done"]


def test_live_requests_for_another_context_stay(client, request_fill):
    blocker = client.submit(request_fill("sleep 0.4"))
    jobs = [client.submit(request_fill("a", side=side, live=True)) for side in (16, 24)]
    assert set(ends(client, [blocker, *jobs]).values()) == {"done"}


def test_cancel_in_the_queue_and_after_the_end(client, request_fill):
    blocker = client.submit(request_fill("sleep 0.5"))
    waiting = client.submit(request_fill("never"))
    client.cancel(waiting)
    assert ends(client, [waiting])[waiting] == "cancelled"
    assert ends(client, [blocker])[blocker] == "done"
    client.cancel(blocker)
    assert ends(client, [blocker])[blocker] == "unknown-job"
    batches = client.status()["batches"]
    assert sum(batches) == 1, "the cancelled job never reached the model"
    assert len(client.fill(request_fill()).fills) == 1


def test_cancel_right_after_sending_and_in_the_model(client, request_fill):
    for pause in (0.0, 0.05, 0.2):
        job = client.submit(request_fill("sleep 1"))
        time.sleep(pause)
        client.cancel(job)
        assert ends(client, [job])[job] == "cancelled"
    started = time.monotonic()
    assert len(client.fill(request_fill()).fills) == 1
    assert time.monotonic() - started < 0.9, "the model stopped working on what was cancelled"


def test_finished_job_sent_again_is_answered_from_memory(client, request_fill, state):
    request = request_fill("sleep 0.2", variants=[Variant(seed) for seed in (1, 2)])
    first = client.fill(request)
    fills = client.status()["jobs"]["fills"]
    again = client.fill(request)
    assert [fill.pixels for fill in again.fills] == [fill.pixels for fill in first.fills]
    with Client.connect(start=False) as other:
        assert other.fill(request).fills[1].pixels == first.fills[1].pixels
    status = client.status()
    assert status["jobs"]["fills"] == fills
    assert status["jobs"]["resent"] == 2


def test_id_of_another_request_is_refused(client, request_fill):
    client.fill(request_fill("one", job="same"))
    with pytest.raises(DaemonError) as raised:
        client.fill(request_fill("two", job="same"))
    assert raised.value.code == "job-id-reused"


def test_running_job_is_taken_over_by_whoever_sends_it_again(client, request_fill):
    request = request_fill("sleep 0.8")
    client.submit(request)
    time.sleep(0.3)
    with Client.connect(start=False) as other:
        result = other.fill(request)
    assert len(result.fills) == 1
    assert client.status()["jobs"]["done"] == 1


def test_full_queue_says_busy_and_when_to_come_back(client, request_fill):
    jobs = {client.submit(request_fill("sleep 0.1")) for _ in range(LIMITS.queue_jobs_per_client + 12)}
    refused = []
    deadline = time.monotonic() + 20
    while jobs and time.monotonic() < deadline:
        for event in client.events(0.2):
            if event.kind == "error":
                refused.append(DaemonError.from_event(event))
            if event.kind in ("error", "done"):
                jobs.discard(event.job)
    assert not jobs
    assert len(refused) >= 2
    assert {error.code for error in refused} == {"busy"}
    assert all(error.retry_after >= 0.2 for error in refused)


def test_no_client_starves_beside_a_greedy_one(settings, stub_command, request_fill):
    settings(batch_variants=1)
    with Client.connect(command=stub_command) as client, Client.connect(start=False) as modest:
        greedy = [client.submit(request_fill("sleep 0.2")) for _ in range(12)]
        modest.fill(request_fill("sleep 0.2"))
        before = sum(event.kind == "done" for event in client.events(0.0))
        assert before <= 3, f"{before} of the greedy client's jobs ran first"
        assert len(ends(client, greedy)) == 12 - before


def test_jobs_of_several_clients_share_a_batch(client, request_fill):
    def work() -> None:
        with Client.connect(start=False) as own:
            for _ in range(6):
                own.fill(request_fill("sleep 0.02"))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    status = client.status()
    assert status["jobs"]["done"] == 24
    assert max(status["batches"]) >= 3
    assert status["jobs"]["batches"] < 24


def test_wrong_request_is_refused_before_it_is_sent(client, request_fill):
    request = request_fill()
    with pytest.raises(DaemonError) as raised:
        client.submit(FillRequest(request.crop, request.mask, 17, 16, Recipe("a bird")))
    assert raised.value.code == "bad-request"


def test_too_many_requests_are_told_and_cost_no_one_else(client, request_fill):
    with Client.connect(start=False) as flood:
        codes = set()
        for _ in range(LIMITS.requests_burst + 200):
            flood.cancel("nosuch")
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline and "rate" not in codes:
            codes |= {event.data.get("code") for event in flood.events(0.1)}
        assert {"unknown-job", "rate"} <= codes
        assert len(client.fill(request_fill()).fills) == 1
    assert client.status()["messages"]["rate_limited"] >= 1


VANISH = """
import sys, os, time
sys.path.insert(0, sys.argv[1])
from nigdt_backend.client import Client
from nigdt_backend.protocol import FillRequest
from nigdt.recipe import Recipe
client = Client.connect(start=False)
client.submit(FillRequest(b"x" * 768, b"\\xff" * 256, 16, 16, Recipe("sleep 30")))
client.submit(FillRequest(b"x" * 768, b"\\xff" * 256, 16, 16, Recipe("sleep 31")))
while not any(event.kind == "progress" for event in client.events(0.1)): pass
os.kill(os.getpid(), 9)
"""


def test_jobs_of_a_killed_client_are_dropped(client, request_fill, wait_until, tmp_path):
    for _ in range(3):
        subprocess.run([sys.executable, "-c", VANISH, str(tmp_path)], timeout=30, check=False)
    assert wait_until(lambda: client.status()["queue"]["running"] == 0, 5)
    assert client.status()["queue"]["waiting"] == 0
    assert client.status()["jobs"]["dropped"] == 6
    assert len(client.fill(request_fill()).fills) == 1
