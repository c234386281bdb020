"""Whose turn it is, what the watchdog takes for a sign of life, and who pays when a fill kills the daemon."""

from __future__ import annotations

import json
import threading
import time

import numpy as np
import pytest
from nigdt_backend.client import Client, DaemonError
from nigdt_backend.daemon.engine import NigdtEngine
from nigdt_backend.daemon.scheduler import Job, Scheduler
from nigdt_backend.daemon.settings import Settings
from nigdt_backend.daemon.suspects import Suspects
from nigdt_backend.protocol import FillRequest

from nigdt.recipe import Recipe, Variant

VARIANTS = [Variant(seed) for seed in range(1, 9)]


def ended(client: Client, jobs: set[str], seconds: float = 20.0) -> dict[str, str]:
    """How each of the jobs ended."""
    codes: dict[str, str] = {}
    deadline = time.monotonic() + seconds
    while len(codes) < len(jobs) and time.monotonic() < deadline:
        for event in client.events(0.1):
            if event.job in jobs and event.kind in ("done", "error"):
                codes[event.job] = event.data.get("code", "done")
    return codes


def test_a_job_that_makes_fills_is_not_taken_for_hung(settings, stub_command, request_fill):
    settings(watchdog_seconds=1)
    with Client.connect(command=stub_command) as client:
        result = client.fill(request_fill("each 0.4", variants=VARIANTS))  # over three seconds in all
        assert len(result.fills) == len(VARIANTS)
        assert client.status()["uptime"] > 3


@pytest.mark.parametrize("mode", ["describe", "remove"])
def test_a_small_fill_waits_for_one_fill_of_a_long_job_only(client, request_fill, mode):
    long_one = request_fill("each 0.4", variants=VARIANTS)
    long_one.recipe = Recipe("each 0.4", mode)
    job = client.submit(long_one)
    time.sleep(0.3)
    with Client.connect(start=False) as other:
        started = time.monotonic()
        other.fill(request_fill(bundle="other"))  # which shares no batch
        waited = time.monotonic() - started
    assert waited < 1.5
    assert ended(client, {job}) == {job: "done"}


def test_two_clients_removals_run_side_by_side(client, request_fill):
    def removal(seconds: float) -> FillRequest:
        request = request_fill()
        request.recipe = Recipe(f"sleep {seconds}", "remove")
        return request

    job = client.submit(removal(3))
    time.sleep(0.3)
    with Client.connect(start=False) as other:
        started = time.monotonic()
        other.fill(removal(0.1))
        assert time.monotonic() - started < 2
    assert ended(client, {job}) == {job: "done"}


def test_a_removal_that_hangs_is_ended_without_the_daemon(settings, stub_command, request_fill, daemon_pid):
    settings(watchdog_seconds=1)
    with Client.connect(command=stub_command) as client:
        pid = daemon_pid()
        request = request_fill()
        request.recipe = Recipe("sleep 60", "remove")
        with pytest.raises(DaemonError) as raised:
            client.fill(request)
        assert raised.value.code == "hung"
        assert len(client.fill(request_fill()).fills) == 1
        assert daemon_pid() == pid


def test_of_a_batch_that_fails_only_the_one_to_blame_is_lost(client, request_fill, settings):
    """All three are sent while another fill runs, so that they share the next batch."""
    running = client.submit(request_fill("sleep 2", bundle="other"))
    jobs = {client.submit(request_fill(caption)): caption for caption in ("a", "raise", "b")}
    codes = ended(client, {running, *jobs})
    assert {jobs[job]: code for job, code in codes.items() if job in jobs} == {
        "a": "done",
        "raise": "model-failed",
        "b": "done",
    }
    assert 3 in client.status()["batches"]


def test_only_its_own_client_loses_a_fill_that_kills_the_daemon(
    client, request_fill, daemon_pid, stub_command
):
    first = daemon_pid()
    told: list[str] = []

    def poison() -> None:
        with Client.connect(command=stub_command) as other:
            try:
                other.fill(request_fill("die"))
            except DaemonError as error:
                told.append(error.code)

    jobs = {client.submit(request_fill(f"sleep 0.{number}")) for number in (3, 4, 5)}
    hostile = threading.Thread(target=poison)
    hostile.start()
    assert ended(client, jobs, 40) == dict.fromkeys(jobs, "done")
    hostile.join()
    assert told == ["model-failed"]
    assert daemon_pid() != first
    assert len(client.fill(request_fill()).fills) == 1


def job_of(request_fill, number: int) -> Job:
    return Job.from_request("local", (0, b"%d" % number), request_fill(f"caption {number}"), 0.0)


def test_the_record_of_running_jobs_outlives_the_daemon(tmp_path, request_fill):
    path = tmp_path / "running.json"
    tmp_path.chmod(0o700)
    one, other, third = (job_of(request_fill, number) for number in range(3))
    suspects = Suspects(path)
    suspects.running([one, other])
    again = Suspects(path)  # the first has died
    assert [again.deaths(job) for job in (one, other, third)] == [1, 1, 0]
    again.running([one])
    last = Suspects(path)
    assert [last.deaths(job) for job in (one, other, third)] == [2, 1, 0]
    last.forget(one)
    last.running([])
    assert [Suspects(path).deaths(job) for job in (one, other, third)] == [0, 1, 0]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 60_000, b"{}", b'[1, null, {"a": 2}]', b"x" * 10**6])
def test_a_damaged_record_is_none(tmp_path, request_fill, content):
    path = tmp_path / "running.json"
    path.write_bytes(content)
    path.chmod(0o600)
    tmp_path.chmod(0o700)
    suspects = Suspects(path)
    suspects.running([job_of(request_fill, 1)])
    assert len(json.loads(path.read_bytes())) == 1


def test_a_job_with_more_fills_to_make_goes_on_after_the_others_turn(request_fill):
    scheduler = Scheduler()
    long_one, small = job_of(request_fill, 1), job_of(request_fill, 2)
    scheduler.submit(long_one)
    assert scheduler.take(1) == [long_one]
    scheduler.submit(small)
    scheduler.put_back(long_one)
    assert scheduler.take(1) == [small]
    assert scheduler.take(1) == [long_one]
    assert len(scheduler) == 0


class Wanted:
    """Hooks of a lane where another client waits."""

    def __init__(self) -> None:
        self.made_of: list[str] = []

    def stage(self, jobs, name):
        pass

    def made(self, job, fill):
        self.made_of.append(fill.header["recipe"]["mode"])

    def alive(self):
        pass

    def give_way(self):
        return True


def test_the_real_engine_ends_a_turn_after_a_fill_where_another_client_waits(bundles, request_fill):
    engine, hooks = NigdtEngine(Settings(threads=1)), Wanted()
    request = request_fill("a red bird", side=64, variants=VARIANTS[:3])
    job = Job.from_request("local", (0, b"x"), request, 0.0)
    complete = [engine.run([job], hooks)[0].complete for _ in range(3)]
    assert complete == [False, False, True]
    assert len(hooks.made_of) == 3


def test_the_real_engine_hands_what_continues_the_photo_to_the_other_lane_and_back(bundles, request_fill):
    engine, hooks = NigdtEngine(Settings(threads=1)), Wanted()
    request = request_fill("a blurred background", side=64)
    request.crop = np.full((64, 64, 3), 90, np.uint8).tobytes()
    job = Job.from_request("local", (0, b"x"), request, 0.0)
    assert not engine.run([job], hooks)[0].complete
    assert job.lane == "removal"
    assert engine.continue_photo([job], hooks)[0].complete
    assert hooks.made_of == ["describe"]

    whole = request_fill("", side=64)
    whole.mask = b"\xff" * (64 * 64)
    nothing = Job.from_request("local", (0, b"x"), whole, 0.0)
    assert nothing.lane == "removal"
    assert not engine.continue_photo([nothing], hooks)[0].complete
    assert nothing.lane == "model"
    assert engine.run([nothing], hooks)[0].complete
    assert "could be continued" in nothing.notices[0]
