"""What a shell or a desktop gives a process: few open files, and folders by relative paths."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from nigdt_backend import paths
from nigdt_backend.client import Client, DaemonError

from tests.waiting import wait_until


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.parametrize("handles", [6, 8, 10, 12])
def test_too_few_open_files_are_said_in_one_line(client, handles):
    command = f"ulimit -c 0; ulimit -n {handles}; exec {sys.executable} -m nigdt status"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == "nigdt: No connection can be opened: Too many open files.\n"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count other memory")
def test_a_daemon_with_too_little_memory_says_so_in_one_line(state):
    command = f"ulimit -c 0; ulimit -v 900000; exec {sys.executable} -m nigdt_backend.daemon"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "This shell lets a program use 922 MB of memory; the daemon needs 1000 (`ulimit -v`).\n"
    )


def test_who_allows_more_memory_finds_another_daemon(state, stub_command, request_fill):
    """A process in which PyTorch cannot be loaded would say the same for ever."""
    with Client.connect(command=stub_command) as client:
        pid = client.status()["pid"]
        with pytest.raises(DaemonError, match="cannot be loaded"):
            client.result(client.submit(request_fill("useless")))
    assert wait_until(lambda: not paths.own_connection_path().exists())
    with Client.connect(command=stub_command) as client:
        assert client.status()["pid"] != pid
        assert client.result(client.submit(request_fill("red"))).fills


def test_a_folder_named_by_a_relative_path_is_the_same_for_client_and_daemon(
    state, stub_command, request_fill, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NIGDT_STATE_DIR", "state")
    with Client.connect(command=stub_command) as client:
        assert client.result(client.submit(request_fill("red"))).fills
    assert not (state / "state").exists()


def test_a_relative_folder_of_the_desktop_does_not_count(monkeypatch):
    for name in ("NIGDT_STATE_DIR", "NIGDT_CONFIG_DIR", "FLATPAK_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    for name, folder in (("XDG_STATE_HOME", paths.state_dir), ("XDG_CONFIG_HOME", paths.config_dir)):
        monkeypatch.delenv(name, raising=False)
        usual = folder()
        for value in ("", "relative", "../up", "~/.state"):
            monkeypatch.setenv(name, value)
            assert folder() == usual
        monkeypatch.setenv(name, str(Path("/else").absolute()))
        assert folder() == Path("/else").absolute() / "nigdt"
