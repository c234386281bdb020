"""Killed at any moment, an installer run again ends green. Slow: each kill takes two runs."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from installer import desktop, gimp
from tests.installer.standin import Run, assert_green, profile

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

KILLS = 20


def start(project: Path, *arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-I", "-S", "installer", *map(str, arguments)]
    return subprocess.Popen(command, cwd=project, stdout=subprocess.DEVNULL, start_new_session=True)


def kill_after(project: Path, moment: float, *arguments: object, group: bool = True) -> bool:
    """Kill a running installer after `moment` seconds, with its children or alone; False if it had ended."""
    with start(project, *arguments) as running:
        try:
            running.wait(timeout=moment)
        except subprocess.TimeoutExpired:
            if group:
                os.killpg(running.pid, 9)
            else:
                running.kill()
            return True
    return False


def assert_set_up(project: Path, home: Path) -> None:
    """All that `setup` makes is there and whole, and nothing else."""
    assert_green(project)
    plugins = home / ".config" / "GIMP" / "3.0" / "plug-ins"
    assert [path.name for path in plugins.iterdir()] == [gimp.PLUGIN]
    assert not gimp.assembler(project).differences(plugins / gimp.PLUGIN, None, project)
    assert (plugins / gimp.PLUGIN / "zmq" / "__init__.py").is_file()
    places = desktop.DesktopFolders.of({}, home)
    for file in (places.entry, places.icon, places.unit):
        assert file.is_file()
        assert not list(file.parent.glob(".*"))


def test_twenty_kills(installer: Run, project: Path, home: Path, wheels: Path) -> None:
    """At random moments of a run, as long as one takes; every third time its children live on."""
    arguments = ("setup", "--offline", wheels)
    profile(home / ".config", "3.0")
    begin = time.monotonic()
    assert installer(*arguments).returncode == 0
    duration = time.monotonic() - begin
    moments = random.Random()
    interrupted = 0
    for number in range(KILLS):
        for folder in (project / ".venv", project / ".cache", home / ".local", home / ".config" / "systemd"):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(home / ".config" / "GIMP" / "3.0" / "plug-ins")
        moment = moments.uniform(0.0, duration)
        interrupted += kill_after(project, moment, *arguments, group=number % 3 != 0)
        done = installer(*arguments)
        assert done.returncode == 0, f"killed after {moment:.2f} s: {done.stdout}"
        assert_set_up(project, home)
    print(f"{interrupted} of {KILLS} kills hit a running installer; a whole run takes {duration:.1f} s")
    assert interrupted >= KILLS // 2


def test_one_run_killed_again_and_again(installer: Run, project: Path, home: Path, wheels: Path) -> None:
    """It goes on where it stopped: kills that come sooner than a run takes do not keep it from ending."""
    arguments = ("setup", "--offline", wheels)
    profile(home / ".config", "3.0")
    moments = random.Random()
    for _ in range(8):
        kill_after(project, moments.uniform(0.3, 5.0), *arguments)
    assert installer(*arguments).returncode == 0
    assert_set_up(project, home)


@pytest.mark.usefixtures("empty_environment")
def test_a_killed_uninstaller_goes_on(installer: Run, project: Path, home: Path, wheels: Path) -> None:
    profile(home / ".config", "3.0")
    moments = random.Random()
    for _ in range(5):
        assert installer("setup", "--offline", wheels).returncode == 0
        kill_after(project, moments.uniform(0.1, 1.5), "uninstall")
        done = installer("uninstall")
        assert done.returncode == 0, done.stdout
        assert not [path.name for path in project.iterdir() if path.name.startswith(".venv")]
        assert list((home / ".config" / "GIMP" / "3.0" / "plug-ins").iterdir()) == []
        assert not desktop.DesktopFolders.of({}, home).entry.exists()
