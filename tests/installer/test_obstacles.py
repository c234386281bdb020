"""What is really in the way: no network, no disk space, no rights. Each is one clear line with its remedy."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from installer import lock
from installer.journal import Journal
from tests.installer.standin import make_project


def apart(tmp_path: Path, *namespaces: str) -> list[str]:
    """The start of a command that runs in namespaces of its own; skips where that is not allowed."""
    command = ["unshare", *namespaces]
    if shutil.which("unshare") is None or subprocess.run([*command, "true"], check=False).returncode != 0:
        pytest.skip(f"{' '.join(command)} needs root and is not allowed here")
    return command


def call(command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    # What this machine's pip is told of other places to look at would be something of a network.
    plain = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
    plain |= {"PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "1", **environment}
    return subprocess.run(command, cwd=folder, env=plain, capture_output=True, text=True, check=False)


@pytest.mark.usefixtures("empty_environment")
def test_without_network(project: Path, home: Path, tmp_path: Path) -> None:
    alone = apart(tmp_path, "--net")
    done = call([*alone, sys.executable, "installer", "install", "--extras", ""], project)
    assert done.returncode == 1
    assert "Error: Cannot install the project and its packages: the package registry cannot be" in done.stdout
    assert "What to do: Check the network" in done.stdout
    assert "--offline" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("megabytes", [2, 4, 12])
def test_a_full_disk(megabytes: int, home: Path, tmp_path: Path) -> None:
    """A real one, so small that the copying, the environment or pip fills it."""
    alone = apart(tmp_path, "--mount")
    source = make_project(tmp_path / "source")
    disk = tmp_path / "disk"
    disk.mkdir()
    script = (
        f"mount -t tmpfs -o size={megabytes}m small {disk} && cp -r {source}/. {disk} && cd {disk}"
        f" && exec {sys.executable} installer install --extras ''"
    )
    done = call([*alone, "sh", "-c", script], tmp_path)
    assert done.returncode == 1
    words = done.stdout.split("Error: ", 1)[1]
    assert "disk is full" in words or "No space left on device" in words or "of disk are needed" in words
    assert "Free some space" in words
    assert "Traceback" not in done.stdout + done.stderr


def test_a_folder_that_cannot_be_written(home: Path, tmp_path: Path) -> None:
    alone = apart(tmp_path, "--mount")
    source = make_project(tmp_path / "source")
    script = (
        f"mount --bind {source} {source} && mount -o remount,ro,bind {source} && cd {source}"
        f" && exec {sys.executable} installer install"
    )
    done = call([*alone, "sh", "-c", script], tmp_path)
    assert done.returncode == 1
    assert "Check that this folder belongs to you" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("arguments", [["doctor"], ["install", "--dry-run"], ["--help"]])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_output_that_is_full(project: Path, home: Path, arguments: list[str]) -> None:
    command = [sys.executable, "-I", "-S", "installer", *arguments]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, cwd=project, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "Cannot write the output: No space left on device.",
        "  What to do: Let it go to another place, then run the same command again.",
    ]


@pytest.mark.parametrize("name", [".cache", ".cache/installer.lock", ".venv"])
def test_something_else_of_a_name_that_is_needed(project: Path, home: Path, name: str) -> None:
    place = project / name
    if name.endswith(".lock"):
        place.mkdir(parents=True)
    else:
        place.write_text("the only copy")
    done = call([sys.executable, "installer", "install", "--extras", ""], project)
    assert done.returncode == 1
    assert str(place) in done.stdout
    assert "Move away what the message names" in done.stdout
    assert "Traceback" not in done.stderr


def test_interrupted_before_it_began(project: Path, home: Path) -> None:
    (project / "installer" / "cli.py").write_text("raise KeyboardInterrupt\n")
    done = call([sys.executable, "installer", "doctor"], project)
    assert (done.returncode, done.stderr) == (130, "\nInterrupted. Run the same command again.\n")


def test_words_that_a_console_cannot_show_do_not_end_it(project: Path) -> None:
    done = call(
        [sys.executable, "installer", "install", "--extras", "größe鳥", "--dry-run"],
        project,
        PYTHONIOENCODING="ascii:strict",
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "no extra called gr??e?" in done.stdout


def test_the_lock_on_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The branch for Windows, with a stand-in of its module: taken, given back, and waited for."""
    held: set[int] = set()

    class Msvcrt:
        LK_NBLCK = 2

        @staticmethod
        def locking(descriptor: int, mode: int, count: int) -> None:
            assert (mode, count) == (2, 1)
            file = os.fstat(descriptor).st_ino
            if file in held:
                raise OSError(13, "Permission denied")
            held.add(file)

    monkeypatch.setitem(sys.modules, "msvcrt", Msvcrt)  # type: ignore[arg-type]
    monkeypatch.setattr(lock.sys, "platform", "win32")
    journal = Journal(None, screen=io.StringIO())
    with lock.exclusive(tmp_path / "lock", journal) as descriptor:
        assert os.fstat(descriptor).st_ino in held
        with pytest.raises(lock.InstallError, match="Another installer"):
            lock.exclusive(tmp_path / "lock", journal, patience=0.3).__enter__()


@pytest.mark.parametrize("verb", ["doctor", "desktop", "gimp", "uninstall"])
def test_a_user_without_a_home_is_told_so(project: Path, verb: str) -> None:
    code = (
        "import os, pwd, runpy, sys; os.environ.pop('HOME', None); sys.argv[1:] = [sys.argv[1]]\n"
        "def unknown(_): raise KeyError('uid not found')\n"
        "pwd.getpwuid = unknown\n"
        "for name in [n for n in os.environ if n.startswith(('XDG_', 'NIGDT_'))]: del os.environ[name]\n"
        "runpy.run_path('installer', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, verb], cwd=project, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "Error: Your home folder is not known.\n  What to do: Set HOME" in done.stdout
