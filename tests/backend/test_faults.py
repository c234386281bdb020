"""What goes wrong goes wrong in the real process: signals, full disks, a model that fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from nigdt_backend import paths
from nigdt_backend.client import Client, DaemonError
from nigdt_backend.clock import AwakeClock
from nigdt_backend.commands.doctor import _daemon, _folders
from nigdt_backend.commands.serve import serve
from nigdt_backend.connection import FileLock
from nigdt_backend.daemon import login
from nigdt_backend.daemon.sockets import KeyPair
from nigdt_backend.daemon.worker import as_engine_error
from PIL import Image

from nigdt import cli

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


def test_a_model_that_raises_costs_one_job(client, request_fill, state):
    with pytest.raises(DaemonError) as raised:
        client.fill(request_fill("raise"))
    assert raised.value.code == "model-failed"
    assert "a fault was ordered" in raised.value.message
    assert len(client.fill(request_fill()).fills) == 1
    assert "ZeroDivisionError" in paths.log_path().read_text()


def test_a_model_that_hangs_is_given_up_and_the_next_job_works(
    settings, stub_command, request_fill, daemon_pid
):
    settings(watchdog_seconds=1)
    with Client.connect(command=stub_command) as client:
        pid = daemon_pid()
        waiting = None

        def submit_another(event):
            nonlocal waiting
            if waiting is None:
                waiting = client.submit(request_fill("b", bundle="other"))

        started = time.monotonic()
        with pytest.raises(DaemonError) as raised:
            client.fill(request_fill("hang"), on_event=submit_another)
        assert raised.value.code == "hung"
        assert time.monotonic() - started < 20
        kinds = []
        while "done" not in kinds and time.monotonic() - started < 60:
            kinds += [event.kind for event in client.events(0.2) if event.job == waiting]
        assert "done" in kinds, "the job behind it was sent again by itself"
        assert len(client.fill(request_fill()).fills) == 1
        assert pid is not None


@posix
def test_a_model_that_hangs_while_it_is_loaded_does_not_start_the_daemon_for_ever(
    settings, stub_command, wait_until
):
    settings(preload="stuck", watchdog_seconds=1)
    with Client.connect(command=stub_command) as client:
        assert client.status()["state"] == "starting"
    assert wait_until(lambda: "stopped" in paths.log_path().read_text())
    time.sleep(2.0)
    assert paths.log_path().read_text().count("listening on") == 1


@posix
def test_sigterm_finishes_what_runs_and_gives_back_what_waits(client, request_fill, hold, ends, daemon_pid):
    running = hold(client)
    waiting = client.submit(request_fill(bundle="other"))
    running.wait_for_queue(1)
    os.kill(daemon_pid(), signal.SIGTERM)
    assert ends(client, [waiting]) == {waiting: "stopping"}
    running.release()
    assert ends(client, [running.job]) == {running.job: "done"}


def stopped_while_hanging(client, request, hold, daemon_pid) -> list[str]:
    """Ends the daemon while its model hangs; the codes that the running job ends with."""
    hold(client, request)
    os.kill(daemon_pid(), signal.SIGTERM)
    codes: list[str] = []
    while not codes:
        codes = [event.data["code"] for event in client.events(3) if event.kind == "error"]
    return codes


@posix
def test_sigterm_does_not_wait_for_ever(stub_command, request_fill, hold, daemon_pid, state, wait_until):
    with Client.connect(command=stub_command) as client:
        assert stopped_while_hanging(client, request_fill("hang"), hold, daemon_pid) == ["stopping"]
        assert wait_until(lambda: not (state / "connection.json").exists())


@posix
def test_a_daemon_that_is_stopped_does_not_start_anew_though_its_model_hangs(
    settings, stub_command, request_fill, hold, daemon_pid, state, wait_until
):
    settings(watchdog_seconds=4)
    with Client.connect(command=stub_command) as client:
        assert stopped_while_hanging(client, request_fill("hang"), hold, daemon_pid) == ["hung"]
        assert wait_until(lambda: "stopped" in paths.log_path().read_text())
        time.sleep(1.0)
        assert not FileLock(paths.lock_path()).held()
        assert paths.log_path().read_text().count("listening on") == 1


@posix
def test_a_daemon_that_does_not_answer_is_not_taken_for_none(client, daemon_pid):
    pid = daemon_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(DaemonError) as raised:
            Client.connect(start=False, timeout=1.0)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert raised.value.code == "silent"
    assert str(pid) in raised.value.message


@posix
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_doctor_says_what_to_do_about_a_daemon_that_does_not_answer(client, daemon_pid):
    pid = daemon_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        advice = {finding.what: finding.advice for finding in _daemon()}
    finally:
        os.kill(pid, signal.SIGCONT)
    assert f"kill -CONT {pid}" in advice["daemon"]
    assert "nigdt doctor" not in advice["daemon"], "that is where its user is"


@posix
def test_serve_waits_for_a_daemon_that_is_slow_to_answer(client, daemon_pid):
    """Loading torch can keep a daemon from answering for seconds."""
    pid = daemon_pid()
    os.kill(pid, signal.SIGSTOP)
    go_on = threading.Timer(3.0, os.kill, (pid, signal.SIGCONT))
    go_on.start()
    said = CliRunner().invoke(serve, [], catch_exceptions=False).output
    go_on.join()
    assert f"Already running (process {pid})" in said


@posix
def test_twice_killed_over_a_job_is_an_error(client, request_fill, daemon_pid):
    killed = set()

    def kill(event):
        pid = daemon_pid()
        if event.data.get("stage") == "encoding" and pid not in killed:
            killed.add(pid)
            os.kill(pid, signal.SIGKILL)

    with pytest.raises(DaemonError) as raised:
        client.fill(request_fill("sleep 5"), on_event=kill)
    assert raised.value.code == "model-failed"
    assert "again when it worked on nothing else" in raised.value.message
    assert len(killed) == 2
    assert len(client.fill(request_fill()).fills) == 1


@posix
def test_killed_daemon_without_permission_to_start_is_said_at_once(client, request_fill, daemon_pid):
    with Client.connect(start=False) as other:
        threading.Timer(0.4, lambda: os.kill(daemon_pid(), signal.SIGKILL)).start()
        started = time.monotonic()
        with pytest.raises(DaemonError) as raised:
            other.fill(request_fill("held"))
        assert raised.value.code == "not-running"
        assert time.monotonic() - started < 15


@posix
def test_suspended_daemon_and_client_go_on_when_resumed(settings, stub_command, hold, ends, daemon_pid):
    settings(watchdog_seconds=2)
    with Client.connect(command=stub_command) as client:
        pid = daemon_pid()
        first = hold(client)
        os.kill(pid, signal.SIGSTOP)
        time.sleep(3.0)  # longer than the watchdog's patience
        os.kill(pid, signal.SIGCONT)
        client.status()
        first.release()
        assert ends(client, [first.job]) == {first.job: "done"}
        assert daemon_pid() == pid


def test_clocks_that_jump_cost_no_job_and_end_no_daemon(settings, stub_command, request_fill, daemon_pid):
    """Neither the watchdog nor idle times take two hours in the middle of a job for silence."""
    settings(watchdog_seconds=8, idle_exit_seconds=30)
    with Client.connect(command=stub_command) as client:
        client.fill(request_fill())
        pid = daemon_pid()
        jobs = {client.submit(request_fill(caption)) for caption in ("jump", "sleep 1", "jump", "sleep 0.1")}
        ended = []
        deadline = time.monotonic() + 120
        while jobs and time.monotonic() < deadline:
            for event in client.events(0.2):
                if event.kind in ("done", "error"):
                    jobs.discard(event.job)
                    ended.append(event.data.get("code", "done"))
        assert ended == ["done"] * 4
        time.sleep(1.0)
        status = client.status()
        assert status["uptime"] > 7200, "the clock did jump"
        assert status["pid"] == pid
        assert status["loads"] == 1, "the model is still loaded"
        assert status["jobs"]["done"] == 5


def test_a_gap_counts_as_one_second_and_a_jump_of_the_wall_clock_as_none(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    clock = AwakeClock()
    for step in (0.5, 0.5, 7200.0, 0.25):
        now[0] += step
        clock.tick()
    assert clock.seconds == 2.25
    monkeypatch.setattr(time, "time", lambda: 0.0)
    now[0] += 0.5
    clock.tick()
    assert clock.seconds == 2.75


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk_for_the_log_stops_nothing(state, stub_command, request_fill):
    state.mkdir(mode=0o700)
    (state / "daemon.log").symlink_to("/dev/full")
    with Client.connect(command=stub_command) as client:
        assert len(client.fill(request_fill()).fills) == 1
        with pytest.raises(DaemonError):
            client.fill(request_fill("raise"))
        assert len(client.fill(request_fill()).fills) == 1


def no_room():
    import resource  # which Windows lacks

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


@posix
def test_full_disk_for_a_file_with_keys_leaves_none_in_the_way(tmp_path):
    command = [sys.executable, "-m", "nigdt", "keys", "new", "tcp://127.0.0.1:5599", KeyPair.new().public]
    command += ["-o", str(tmp_path / "server.json")]
    full = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, preexec_fn=no_room
    )
    assert full.returncode == 1
    assert "Cannot write" in full.stderr
    assert not list(tmp_path.iterdir())
    subprocess.run(command, capture_output=True, timeout=60, check=True)


@posix
@pytest.mark.parametrize(
    "command",
    [
        ("keys", "add", "laptop", "--endpoint", "tcp://box:5599", "-o", "laptop.json"),
        ("keys", "add", "laptop", "--public-key", "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"),
        ("serve", "--at-login", "on"),
        ("serve",),
        ("fill", "kingfisher.jpg", "--select", "9,9,9,9", "--caption", "x"),
    ],
)
def test_folders_that_cannot_be_made_are_said_in_one_line(command, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").touch()  # where a folder ought to be
    for name in ("NIGDT_STATE_DIR", "NIGDT_CONFIG_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "file" / "in"))
    monkeypatch.setattr(login, "_require_systemd", lambda: None)
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (64, 64)).save("kingfisher.jpg")
    with pytest.raises(SystemExit) as ended:
        cli.main(list(command))
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert str(tmp_path / "file") in said
    assert ": Not a directory." in said
    assert any(finding.level == "bad" for finding in _folders())


@posix
def test_full_disk_for_the_connection_file_is_said_in_one_line(state, stub_command):
    done = subprocess.run(
        stub_command, capture_output=True, text=True, timeout=90, check=False, preexec_fn=no_room
    )
    assert done.returncode == 1
    assert f"Cannot use {state}" in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert not list(state.glob(".connection*")), "the half-written file is cleared away"
    with Client.connect(command=stub_command) as client:
        assert client.status()["pid"]


def test_a_missing_library_is_named_with_what_brings_it():
    error = as_engine_error(ModuleNotFoundError("No module named 'torch'", name="torch"))
    assert "torch is not installed" in error.message
    assert "python3 installer install --extras backend" in error.hint
