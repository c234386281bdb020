"""Jobs over a real socket: live typing, cancel at every stage, resends, busy, fairness, vanished clients."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest
from nigdt_backend.client import Client, DaemonError
from nigdt_backend.protocol import LIMITS, FillRequest

from nigdt.recipe import Recipe, Variant


def test_newest_live_request_wins(client, request_fill, hold, ends):
    first = hold(client)
    typed = [client.submit(request_fill(f"a {letters}", live=True)) for letters in ("r", "re", "red")]
    assert ends(client, typed[:2]) == dict.fromkeys(typed[:2], "superseded")
    first.release()
    assert set(ends(client, [first.job, typed[2]]).values()) == {"done"}


def test_live_requests_for_another_context_stay(client, request_fill, hold, ends):
    first = hold(client)
    jobs = [client.submit(request_fill("a", side=side, live=True)) for side in (16, 24)]
    first.wait_for_queue(2)
    first.release()
    assert set(ends(client, [first.job, *jobs]).values()) == {"done"}


def test_cancel_in_the_queue_and_after_the_end(client, request_fill, hold, ends):
    first = hold(client)
    waiting = client.submit(request_fill("never"))
    client.cancel(waiting)
    assert ends(client, [waiting])[waiting] == "cancelled"
    first.release()
    assert ends(client, [first.job])[first.job] == "done"
    client.cancel(first.job)
    assert ends(client, [first.job])[first.job] == "unknown-job"
    assert client.status()["batches"] == [["held"]], "the cancelled job never reached the model"
    assert len(client.fill(request_fill()).fills) == 1


def test_cancel_right_after_sending_and_in_the_model(client, request_fill, hold, ends):
    sent = client.submit(request_fill("held"))
    client.cancel(sent)
    assert ends(client, [sent]) == {sent: "cancelled"}
    running = hold(client).job
    client.cancel(running)
    assert ends(client, [running]) == {running: "cancelled"}
    # The model stopped working on what was cancelled, which nobody released.
    assert len(client.fill(request_fill()).fills) == 1


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


def test_running_job_is_taken_over_by_whoever_sends_it_again(client, request_fill, hold, ends):
    request = request_fill("held")
    first = hold(client, request)
    with Client.connect(start=False) as other:
        assert other.submit(request) == first.job
        assert other.status()["jobs"]["resent"] == 1
        first.release()
        assert ends(other, [first.job]) == {first.job: "done"}
    assert client.status()["jobs"]["done"] == 1


def test_full_queue_says_busy_and_when_to_come_back(client, request_fill, hold):
    first = hold(client)
    jobs = {client.submit(request_fill()) for _ in range(LIMITS.queue_jobs_per_client + 12)}
    refused = []
    while len(refused) < 12:
        for event in client.events(1.0):
            assert event.kind in ("accepted", "error", "progress"), "nothing runs behind the first"
            if event.kind == "error":
                refused.append(DaemonError.from_event(event))
                jobs.discard(event.job)
    assert {error.code for error in refused} == {"busy"}
    assert all(error.retry_after >= 0.2 for error in refused)
    first.release()
    while jobs:
        for event in client.events(1.0):
            assert event.kind != "error"
            if event.kind == "done":
                jobs.discard(event.job)


def test_no_client_starves_beside_a_greedy_one(settings, stub_command, request_fill, hold, ends):
    settings(batch_variants=1)
    with Client.connect(command=stub_command) as client, Client.connect(start=False) as modest:
        first = hold(client)
        greedy = [client.submit(request_fill("greedy")) for _ in range(11)]
        first.wait_for_queue(11)
        job = modest.submit(request_fill("modest"))
        first.wait_for_queue(12)
        first.release()
        assert ends(modest, [job]) == {job: "done"}
        assert len(ends(client, greedy)) == 11
        assert client.status()["batches"].index(["modest"]) <= 3


def test_jobs_of_several_clients_share_a_batch(client, request_fill, hold, ends):
    first = hold(client)
    with contextlib.ExitStack() as stack:
        others = [stack.enter_context(Client.connect(start=False)) for _ in range(4)]
        jobs = [other.submit(request_fill("shared")) for other in others]
        first.wait_for_queue(4)
        first.release()
        for other, job in zip(others, jobs, strict=True):
            assert ends(other, [job]) == {job: "done"}
    assert client.status()["batches"] == [["held"], ["shared"] * 4]


def test_wrong_request_is_refused_before_it_is_sent(client, request_fill):
    request = request_fill()
    with pytest.raises(DaemonError) as raised:
        client.submit(FillRequest(request.crop, request.mask, 17, 16, Recipe("a bird")))
    assert raised.value.code == "bad-request"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_too_many_requests_are_told_and_cost_no_one_else(client, request_fill, daemon_pid):
    with Client.connect(start=False) as flood:
        codes = set()
        os.kill(daemon_pid(), signal.SIGSTOP)  # so that they come at once, however slowly they are sent
        for _ in range(LIMITS.requests_burst + 200):
            flood.cancel("nosuch")
        os.kill(daemon_pid(), signal.SIGCONT)
        deadline = time.monotonic() + 60
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
        subprocess.run([sys.executable, "-c", VANISH, str(tmp_path)], timeout=60, check=False)
    # Between two jobs none runs for a moment, so the last of what is asserted is waited for.
    assert wait_until(lambda: client.status()["jobs"]["dropped"] == 6)
    assert wait_until(lambda: client.status()["queue"]["running"] == 0)
    assert client.status()["queue"]["waiting"] == 0
    assert len(client.fill(request_fill()).fills) == 1
