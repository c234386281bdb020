"""Whose turn it is, what the watchdog takes for a sign of life, and who pays when a fill kills the daemon."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable

import numpy as np
import pytest
from nigdt_backend.client import Client, DaemonError
from nigdt_backend.daemon.engine import NigdtEngine
from nigdt_backend.daemon.scheduler import Job, Scheduler
from nigdt_backend.daemon.settings import DaemonSettings
from nigdt_backend.daemon.suspects import Suspects
from nigdt_backend.protocol import FillRequest

from nigdt.notices import DREW_NOTHING
from nigdt.recipe import Recipe, Variant

VARIANTS = [Variant(seed) for seed in range(1, 9)]


def test_a_job_that_makes_fills_is_not_taken_for_hung(settings, stub_command, request_fill):
    settings(watchdog_seconds=2)
    with Client.connect(command=stub_command) as client:
        result = client.fill(request_fill("each 0.4", variants=VARIANTS))  # over three seconds in all
        assert len(result.fills) == len(VARIANTS)
        assert client.status()["uptime"] > 3


def removal(request_fill: Callable[..., FillRequest], caption: str) -> FillRequest:
    """A request to remove what is selected, whose caption orders the stub daemon."""
    request = request_fill()
    request.recipe = Recipe(caption, "remove")
    return request


def test_a_small_fill_waits_for_one_fill_of_a_long_job_only(client, request_fill, hold, ends):
    first = hold(client, request_fill("held", variants=VARIANTS))
    with Client.connect(start=False) as other:
        job = other.submit(request_fill("small", bundle="other"))  # which shares no batch
        first.wait_for_queue(1)
        first.release()
        assert ends(other, [job]) == {job: "done"}
    assert ends(client, [first.job]) == {first.job: "done"}
    batches = client.status()["batches"]
    # The daemon may tell of a waiting job just before the model's thread hears of it.
    assert batches in ([["held"], ["small"], ["held"]], [["held"], ["held"], ["small"], ["held"]])


def test_a_small_fill_does_not_wait_for_a_removal(client, request_fill, hold, ends):
    first = hold(client, removal(request_fill, "held"))
    with Client.connect(start=False) as other:
        assert len(other.fill(request_fill()).fills) == 1
    first.release()
    assert ends(client, [first.job]) == {first.job: "done"}


def test_two_clients_removals_run_side_by_side(client, request_fill, hold, ends):
    first = hold(client, removal(request_fill, "held"))
    with Client.connect(start=False) as other:
        assert len(other.fill(removal(request_fill, "small")).fills) == 1
    first.release()
    assert ends(client, [first.job]) == {first.job: "done"}


def test_a_removal_that_hangs_is_ended_without_the_daemon(settings, stub_command, request_fill, daemon_pid):
    settings(watchdog_seconds=1)
    with Client.connect(command=stub_command) as client:
        pid = daemon_pid()
        with pytest.raises(DaemonError) as raised:
            client.fill(removal(request_fill, "sleep 60"))
        assert raised.value.code == "hung"
        assert len(client.fill(request_fill()).fills) == 1
        assert daemon_pid() == pid


def test_of_a_batch_that_fails_only_the_one_to_blame_is_lost(client, request_fill, hold, ends):
    """All three are sent while another fill runs, so that they share the next batch."""
    first = hold(client)
    jobs = {client.submit(request_fill(caption)): caption for caption in ("a", "raise", "b")}
    first.wait_for_queue(3)
    first.release()
    codes = ends(client, jobs)
    assert {jobs[job]: code for job, code in codes.items()} == {
        "a": "done",
        "raise": "model-failed",
        "b": "done",
    }
    assert ["a", "raise", "b"] in client.status()["batches"]


def test_only_its_own_client_loses_a_fill_that_kills_the_daemon(
    client, request_fill, daemon_pid, stub_command, ends
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
    assert ends(client, jobs) == dict.fromkeys(jobs, "done")
    hostile.join()
    assert told == ["model-failed"]
    assert daemon_pid() != first
    assert len(client.fill(request_fill()).fills) == 1


def job_of(request_fill, number: int) -> Job:
    return Job("local", (0, b"%d" % number), request_fill(f"caption {number}"), 0.0)


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
    engine, hooks = NigdtEngine(DaemonSettings(threads=1)), Wanted()
    request = request_fill("a red bird", side=64, variants=VARIANTS[:3])
    job = Job("local", (0, b"x"), request, 0.0)
    complete = [engine.run([job], hooks)[0].complete for _ in range(3)]
    assert complete == [False, False, True]
    assert len(hooks.made_of) == 3


def test_the_process_for_removals_is_begun_once_the_model_is_loaded(
    bundles, request_fill, monkeypatch: pytest.MonkeyPatch
):
    engine, hooks = NigdtEngine(DaemonSettings(threads=1)), Wanted()
    begun: list[object] = []
    popen = subprocess.Popen

    def count(*arguments, **named):
        begun.append(arguments)
        return popen(*arguments, **named)

    monkeypatch.setattr("nigdt.removal.worker.subprocess.Popen", count)
    engine.load("default", warm=False)
    assert not begun
    engine.load("default")
    assert len(begun) == 1
    request = request_fill("", side=64)
    request.crop = np.random.default_rng(0).integers(60, 200, (64, 64, 3), np.uint8).tobytes()
    job = Job("local", (0, b"x"), request, 0.0)
    assert engine.continue_photo([job], hooks)[0].complete
    assert len(begun) == 1, "the first removal takes it"


def test_the_real_engine_hands_what_continues_the_photo_to_the_other_lane_and_back(bundles, request_fill):
    engine, hooks = NigdtEngine(DaemonSettings(threads=1)), Wanted()
    request = request_fill("a blurred background", side=64)
    request.crop = np.full((64, 64, 3), 90, np.uint8).tobytes()
    job = Job("local", (0, b"x"), request, 0.0)
    assert not engine.run([job], hooks)[0].complete
    assert job.lane == "removal"
    assert engine.continue_photo([job], hooks)[0].complete
    assert hooks.made_of == ["describe"]

    whole = request_fill("", side=64)
    whole.mask = b"\xff" * (64 * 64)
    nothing = Job("local", (0, b"x"), whole, 0.0)
    assert nothing.lane == "removal"
    assert not engine.continue_photo([nothing], hooks)[0].complete
    assert nothing.lane == "model"
    assert engine.run([nothing], hooks)[0].complete
    assert "could be continued" in nothing.notices[0]


def test_the_real_engine_tells_that_words_drew_nothing(bundles, request_fill):
    engine, hooks = NigdtEngine(DaemonSettings(threads=1)), Wanted()
    request = request_fill("flibbertigibbet", side=64)
    request.crop = np.random.default_rng(0).integers(80, 120, (64, 64, 3), np.uint8).tobytes()
    job = Job("local", (0, b"x"), request, 0.0)
    assert engine.run([job], hooks)[0].complete
    assert job.notices == (DREW_NOTHING,)
