"""Fixtures of the installer's tests."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from installer import offline
from installer.installation import Installation
from installer.journal import Journal
from tests.installer.standin import Run, add_torch_pair, add_zmq, make_project, make_wheel


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """An offline folder with hashes: a torch pair, one dependency, and GIMP's pyzmq."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    add_torch_pair(folder, 14)
    make_wheel(folder, "numberful", "1.0", {"numberful.py": "ONE = 1\n"})
    add_zmq(folder)
    offline.write_sums(folder)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A stand-in checkout with the real installer in it."""
    return make_project(tmp_path / "checkout")


@pytest.fixture
def whole_project(project: Path) -> Path:
    """The stand-in checkout, with GIMP's pyzmq fetched already."""
    add_zmq(project / ".cache" / "gimp")
    return project


@pytest.fixture(scope="session")
def environment_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with nothing but pip, to be copied: much quicker than making another."""
    folder = tmp_path_factory.mktemp("template") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder


@pytest.fixture
def empty_environment(project: Path, environment_template: Path) -> Path:
    """The stand-in checkout's `.venv`, as after the installer's first step."""
    return Path(shutil.copytree(environment_template, project / ".venv", symlinks=True))


@pytest.fixture
def installation(project: Path) -> Installation:
    """A run in the stand-in checkout, its words kept in memory."""
    return Installation(project, Journal(project / ".cache" / "installer.log", screen=io.StringIO()))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder for this process and its children."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in [n for n in os.environ if n.startswith("XDG_") or n in ("GIMP3_DIRECTORY", "APPDATA")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def installer(project: Path, home: Path) -> Run:
    """Runs `python3 installer ...` in the stand-in checkout, by a Python with nothing installed.

    Options `-I` and `-S` keep out the packages of the environment that the tests run in, NIGDT's own too.
    """

    def run(*arguments: object, timeout: float = 240) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", "installer", *map(str, arguments)]
        return subprocess.run(
            command, cwd=project, capture_output=True, text=True, timeout=timeout, check=False
        )

    return run
