"""What a shell or a desktop gives a process: few open files, and folders by relative paths."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from nigdt_backend import paths
from nigdt_backend.client import Client


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.parametrize("handles", [6, 8, 10, 12])
def test_too_few_open_files_are_said_in_one_line(client, handles):
    command = f"ulimit -c 0; ulimit -n {handles}; exec {sys.executable} -m nigdt status"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == "nigdt: No connection can be opened: Too many open files.\n"


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
