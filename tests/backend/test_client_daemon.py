"""Client and daemon over a real socket, the daemon in its own process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from nigdt_backend import paths
from nigdt_backend.client import Client, DaemonError
from nigdt_backend.connection import FileLock
from nigdt_backend.daemon import process
from nigdt_backend.protocol import VERSION

from nigdt.recipe import Variant


def test_fill_comes_back_with_each_variant(client, request_fill):
    request = request_fill(variants=[Variant(seed) for seed in (None, 7, 200)])
    kinds = []
    result = client.fill(request, on_event=lambda event: kinds.append(event.kind))
    assert [fill.recipe.variant.seed for fill in result.fills] == [None, 7, 200]
    centre = 3 * (5 * 16 + 5)
    assert [fill.pixels[centre] for fill in result.fills] == [0, 7, 200]
    assert result.fills[1].pixels[:12] == request.crop[:12]
    assert kinds[0] == "accepted"
    assert kinds[-4:] == ["fill", "fill", "fill", "done"]


def test_a_stage_that_is_over_is_not_told_after_the_fill(client, request_fill):
    for _ in range(150):
        kinds = []
        client.fill(request_fill(), on_event=lambda event, kinds=kinds: kinds.append(event.kind))
        assert kinds[-2:] == ["fill", "done"]


def test_a_job_that_takes_a_while_says_what_it_is_at(client, hold):
    first = hold(client)
    told: dict[str, dict] = {}
    while "done" not in told:
        for event in client.events(1.0):
            told[event.data["stage"] if event.kind == "progress" else event.kind] = event.data
            if "encoding" in told:  # on a busy machine it may have been in the queue for a while before
                first.release()
    assert 0 <= told["encoding"]["elapsed"] <= told["done"]["seconds"]["total"]


def test_status_models_and_load(client):
    status = client.status()
    assert status["protocol"] == VERSION
    assert status["pid"] == client.connection.pid
    assert status["queue"]["waiting"] == 0
    assert client.models() == [{"name": "default", "title": "Stub"}]
    assert client.load("other")["bundle"] == "other"
    with pytest.raises(DaemonError) as raised:
        client.load("../../etc/passwd")
    assert raised.value.code == "bad-request"
    with pytest.raises(DaemonError) as raised:
        client.load("missing")
    assert raised.value.code == "unknown-bundle"


def test_no_daemon_and_none_wanted(state):
    with pytest.raises(DaemonError) as raised:
        Client.connect(start=False)
    assert raised.value.code == "not-running"
    assert "nigdt serve" in raised.value.hint


def test_cancel_while_it_runs_then_one_more(client, request_fill):
    started = time.monotonic()
    with pytest.raises(DaemonError) as raised:
        client.fill(request_fill("held"), cancelled=lambda: time.monotonic() - started > 0.4)
    assert raised.value.code == "cancelled"
    assert len(client.fill(request_fill()).fills) == 1
    assert client.status()["jobs"]["cancelled"] == 1


def test_killed_daemon_is_started_again_and_the_job_sent_again(client, request_fill, daemon_pid):
    first = daemon_pid()
    started = time.monotonic()

    def kill_once(event):
        if event.kind == "accepted" and daemon_pid() == first:
            os.kill(first, signal.SIGKILL)

    result = client.fill(request_fill("sleep 0.3"), on_event=kill_once)
    assert len(result.fills) == 1
    assert time.monotonic() - started < 20.0
    assert daemon_pid() != first
    assert client.status()["jobs"]["done"] == 1


def test_ten_starters_one_wins(state, stub_command):
    program = (
        "import sys; from nigdt_backend.client import Client\n"
        "with Client.connect(command=sys.argv[1:]) as client: print(client.status()['pid'])"
    )
    starters = [
        subprocess.Popen([sys.executable, "-c", program, *stub_command], stdout=subprocess.PIPE, text=True)
        for _ in range(10)
    ]
    pids = {starter.communicate(timeout=40)[0].strip() for starter in starters}
    assert [starter.returncode for starter in starters] == [0] * 10
    assert len(pids) == 1
    assert paths.log_path().read_text().count("listening on") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_starter_beside_a_daemon_that_dies_without_an_answer_starts_another(
    client, stub_command, daemon_pid
):
    first = daemon_pid()
    os.kill(first, signal.SIGSTOP)  # it holds the lock and answers nobody
    threading.Timer(5.0, lambda: os.kill(first, signal.SIGKILL)).start()
    with Client.connect(command=stub_command, timeout=30.0) as other:
        assert other.status()["pid"] != first


def test_a_second_daemon_does_not_wait_for_the_end_of_one_that_serves(client, monkeypatch):
    """It would start after all when that one is stopped."""
    monkeypatch.setattr(process, "LOCK_WAIT_SECONDS", 60.0)
    for setting in ("keep_openmp_calm", "keep_openblas_calm", "keep_freed_memory"):  # of this process
        monkeypatch.setattr(process, setting, lambda: None)
    started = time.monotonic()
    assert process.main([]) == 3
    assert time.monotonic() - started < 30


def test_who_asks_for_the_lock_is_not_taken_for_its_holder(state):
    fcntl = pytest.importorskip("fcntl")
    lock = FileLock(paths.lock_path())
    assert lock.acquire()
    assert FileLock(paths.lock_path()).held()
    lock.release()
    with paths.lock_path().open("rb") as other:  # as another that asks does
        fcntl.flock(other.fileno(), fcntl.LOCK_SH)
        assert not lock.held()


def test_a_daemon_starts_though_somebody_asks_for_its_lock(state, stub_command, wait_until):
    """A crash has left a connection file, so that the lock seems to be that of a daemon which serves."""
    pytest.importorskip("fcntl")
    state.mkdir(mode=0o700)
    (state / "connection.json").write_text("{}")
    (state / "connection.json").chmod(0o600)
    (state / "daemon.lock").touch()
    program = (
        "import runpy, sys, fcntl, threading, time\n"
        f"other = open({str(state / 'daemon.lock')!r})\n"
        "fcntl.flock(other.fileno(), fcntl.LOCK_SH)\n"
        "from nigdt_backend.connection import FileLock\n"
        "acquire = FileLock.acquire\n"
        "def tried(self):\n"
        "    taken = acquire(self)\n"
        "    if 'daemon' in self.path.name: other.close()\n"
        "    return taken\n"
        "FileLock.acquire = tried\n"
        f"sys.argv = [{stub_command[1]!r}]\n"
        f"runpy.run_path({stub_command[1]!r}, run_name='__main__')\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program])
    assert wait_until(lambda: process.poll() is not None or reaches(process.pid))
    assert process.poll() is None, "it took the one that asked for a daemon"
    with Client.connect(start=False) as client:
        client.shutdown()
    assert process.wait(10) == 0


def reaches(pid: int) -> bool:
    try:
        with Client.connect(start=False, timeout=1.0) as client:
            return client.status()["pid"] == pid
    except DaemonError:
        return False


def test_what_a_daemon_said_before_it_ended_is_read_afterwards(client, request_fill, hold, wait_until):
    """An editor that was busy for a moment learns how its jobs ended, instead of sending them again."""
    first = hold(client)
    jobs = [first.job, client.submit(request_fill())]
    first.wait_for_queue(1)
    with Client.connect(start=False) as other:
        other.shutdown()
    first.release()
    assert wait_until(lambda: not paths.connection_path().exists())
    time.sleep(0.5)
    told = {}
    while len(told) < 2:
        for event in client.events(1.0):
            if event.kind in ("done", "error"):
                told[event.job] = event.data.get("code", "done")
    assert [told[job] for job in jobs] == ["done", "stopping"]
    assert not paths.connection_path().exists(), "none was started for them"


def test_shutdown_leaves_nothing_that_blocks(client, wait_until, stub_command):
    client.shutdown()
    assert wait_until(lambda: not paths.connection_path().exists())
    with Client.connect(command=stub_command) as again:
        assert again.status()["state"] in ("starting", "ready")
