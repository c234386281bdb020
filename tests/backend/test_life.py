"""From start to end: foreground, idle times, systemd, start at login."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest
from nigdt_backend import paths
from nigdt_backend.client import Client, DaemonError
from nigdt_backend.daemon import login
from nigdt_backend.launch import MOST_DEATHS, Starter

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


def daemon_is_gone() -> bool:
    return not (paths.state_dir() / "connection.json").exists()


@posix
def test_idle_model_is_unloaded_and_idle_daemon_ends(settings, stub_command, request_fill, wait_until):
    settings(idle_exit_seconds=8)
    with Client.connect(command=stub_command) as client:
        client.fill(request_fill())
        assert client.status()["loads"] == 1
        assert wait_until(lambda: client.status()["loads"] == 0, 5)
        assert wait_until(daemon_is_gone)
        assert len(client.fill(request_fill()).fills) == 1, "the next job starts another"


@posix
def test_daemon_that_was_not_started_by_a_client_stays(settings, stub_command):
    settings(idle_exit_seconds=0.3)
    with Client.connect(command=[*stub_command, "--stay"]) as client:
        time.sleep(1.5)
        assert client.status()["pid"]


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_foreground_logs_and_ends_cleanly(state, stub_command, wait_until, number):
    process = subprocess.Popen([*stub_command, "--log-to-stderr"], stderr=subprocess.PIPE, text=True)
    assert wait_until((state / "connection.json").exists)
    second = subprocess.run(stub_command, capture_output=True, timeout=60, check=False)
    assert second.returncode == 3, "one daemon per user"
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "listening on tcp://127.0.0.1:" in errors
    assert errors.strip().endswith("stopped")
    assert not (state / "connection.json").exists()


@posix
def test_a_daemon_whose_cpu_time_is_used_up_hands_its_jobs_over(
    state, stub_command, request_fill, hold, ends, wait_until
):
    """The timer's signal is sent by hand: it would take minutes of computing."""
    limited = ["bash", "-c", 'ulimit -t 1000; exec "$@"', "bash", *stub_command]
    with Client.connect(command=limited) as client:
        first = client.status()["pid"]
        held = hold(client)
        waiting = client.submit(request_fill())
        held.wait_for_queue(1)
        os.kill(first, signal.SIGPROF)
        held.release()  # what the second one is asked for anew
        assert ends(client, [held.job, waiting]) == {held.job: "done", waiting: "done"}
        assert client.status()["pid"] != first
    assert "1000 s of CPU time are used up (ulimit -t)" in paths.log_path().read_text()


@posix
def test_a_daemon_that_is_to_outlive_its_terminal_does(state, stub_command, wait_until):
    process = subprocess.Popen(["nohup", *stub_command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert wait_until((state / "connection.json").exists)
    process.send_signal(signal.SIGHUP)
    with Client.connect(start=False) as client:
        assert client.status()["pid"] == process.pid
        client.shutdown()
    assert process.wait(60) == 0


@pytest.fixture
def systemd(state, tmp_path, monkeypatch):
    """What hears the daemon's notices; ``state`` first, which takes systemd away."""
    if not hasattr(socket, "AF_UNIX"):
        pytest.skip("systemd's socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listener


def test_systemd_is_told_when_fills_are_possible(systemd, state, stub_command):
    with Client.connect(command=stub_command) as client:
        assert systemd.recv(100) == b"READY=1"
        assert client.status()["state"] == "ready"
        client.shutdown()
    assert systemd.recv(100) == b"STOPPING=1"


def test_systemd_is_not_told_of_an_end_when_the_daemon_starts_anew(
    systemd, settings, stub_command, request_fill
):
    """It would kill the new one as one that takes too long to stop."""
    settings(watchdog_seconds=1)
    with Client.connect(command=stub_command) as client:
        with pytest.raises(DaemonError, match="Nothing was heard"):
            client.fill(request_fill("hang"))
        assert len(client.fill(request_fill()).fills) == 1
    assert [systemd.recv(100) for _ in range(2)] == [b"READY=1"] * 2


@pytest.mark.parametrize(("preload", "reached"), [("", "ready"), ("missing", "failed")])
def test_systemd_does_not_wait_for_a_model_that_is_not_to_come(
    systemd, settings, stub_command, preload, reached
):
    settings(preload=f'"{preload}"')
    with Client.connect(command=stub_command) as client:
        assert systemd.recv(100) == b"READY=1"
        assert client.status()["state"] == reached


def test_unit_for_systemd_runs_this_python(monkeypatch, tmp_path):
    text = login.unit_text('/opt/my "python" 100%/bin/python')
    assert 'ExecStart="/opt/my \\"python\\" 100%%/bin/python" -m nigdt_backend.daemon' in text
    assert "Type=notify" in text
    assert "RestartPreventExitStatus=3\n" in text, "another daemon runs: nothing to try again for"
    if shutil.which("systemd-analyze"):
        unit = tmp_path / "nigdt.service"
        unit.write_text(login.unit_text(sys.executable))
        checked = subprocess.run(
            ["systemd-analyze", "--user", "verify", str(unit)], capture_output=True, text=True, check=False
        )
        assert "nigdt.service" not in checked.stderr, checked.stderr


def test_start_at_login_without_systemd_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with pytest.raises(login.LoginError) as raised:
        login.enable()
    assert "no systemd" in raised.value.message
    assert "nigdt serve" in raised.value.hint
    assert not login.unit_path().exists()


@posix
def test_start_at_login_writes_the_unit_and_off_removes_it(monkeypatch, tmp_path):
    programs = tmp_path / "bin"
    programs.mkdir()
    said = tmp_path / "said"
    (programs / "systemctl").write_text(f'#!/bin/sh\necho "$@" >> {said}\n')
    (programs / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert "nigdt.service" in login.enable()
    assert sys.executable in login.unit_path().read_text()
    login.disable()
    assert not login.unit_path().exists()
    assert said.read_text().splitlines() == [
        "--user daemon-reload",
        "--user enable nigdt.service",
        "--user disable nigdt.service",
    ]


@posix
def test_a_daemon_that_dies_of_anothers_job_before_it_answered_its_starter_is_started_again(
    state, stub_command, wait_until, daemon_pid
):
    state.mkdir(mode=0o700)
    starter = Starter(stub_command)
    try:
        assert starter.poll() is None
        assert wait_until(lambda: daemon_pid() is not None)
        first = daemon_pid()
        os.kill(first, signal.SIGKILL)
        assert wait_until(lambda: starter.poll() is None and daemon_pid() not in (None, first))
    finally:
        starter.close()
    with Client.connect(start=False) as client:
        assert client.status()["pid"] == daemon_pid()


@posix
def test_a_daemon_that_dies_whenever_it_is_up_is_told_in_the_end(state, stub_command, wait_until, daemon_pid):
    state.mkdir(mode=0o700)
    starter = Starter(stub_command)
    killed = set()
    reasons = []

    def said() -> bool:
        pid = daemon_pid()
        if pid is not None and pid not in killed:
            killed.add(pid)
            os.kill(pid, signal.SIGKILL)
        reasons.append(starter.poll())
        return reasons[-1] is not None

    try:
        assert wait_until(said)
    finally:
        starter.close()
    assert reasons[-1] == "the daemon ended with exit code -9"
    assert 1 < len(killed) <= MOST_DEATHS + 1


@posix
def test_a_daemon_that_never_comes_up_is_told_at_once(state, wait_until):
    state.mkdir(mode=0o700)
    starter = Starter([sys.executable, "-c", "raise SystemExit(9)"])
    reasons: list[str] = []
    try:
        assert wait_until(lambda: bool(reason := starter.poll()) and not reasons.append(reason))
    finally:
        starter.close()
    assert reasons == ["the daemon ended with exit code 9"]


@posix
def test_a_daemon_whose_python_does_not_start_is_told_with_the_cause(state, stub_command):
    """Python's own last line is "<no Python frame>"."""
    with pytest.raises(DaemonError) as raised:
        Client.connect(command=["env", "PYTHONHOME=/nonexistent", *stub_command])
    assert raised.value.message.startswith(
        "The daemon did not start: Python itself does not start (failed to"
    )
    assert "unset PYTHONHOME" in raised.value.message
