"""`install` for real, in a stand-in checkout with tiny wheels: repeated, interrupted, damaged, mended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from installer import environment, offline
from installer.installation import Installation
from installer.lock import exclusive
from installer.packages import project_key
from tests.installer.standin import Run, add_torch_pair, assert_green, in_environment, make_wheel

INSTALL = ("install", "--extras", "backend")


def _hear_interrupts() -> None:
    """A process that a shell started in the background ignores Ctrl-C, and its children do too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def tree(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*") if "__pycache__" not in path.parts}


def test_install_makes_an_environment_and_again_it_does_nothing(
    installer: Run, project: Path, wheels: Path
) -> None:
    done = installer(*INSTALL, "--offline", wheels)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_green(project)
    assert "Check the hashes" in done.stdout
    assert "install: finished in" in done.stdout
    stamp = json.loads((project / ".venv" / environment.STAMP).read_text())
    assert stamp["project"] == {"key": project_key(project), "extras": ["backend"]}
    assert stamp["pair"] == "2.14.0/0.29.0"

    again = installer(*INSTALL)
    assert again.returncode == 0
    assert again.stdout.count("nothing to do") == 5 if sys.platform == "linux" else 4
    assert "==> would" not in again.stdout

    # A changed pyproject.toml is noticed, and extras asked for earlier stay.
    (project / "pyproject.toml").write_text((project / "pyproject.toml").read_text() + "\n# changed\n")
    changed = installer("install", "--extras", "", "--offline", wheels)
    assert changed.returncode == 0, changed.stdout
    stamp = json.loads((project / ".venv" / environment.STAMP).read_text())
    assert stamp["project"] == {"key": project_key(project), "extras": ["backend"]}


def test_a_dry_run_changes_nothing(installer: Run, project: Path, wheels: Path) -> None:
    before = tree(project)
    done = installer(*INSTALL, "--offline", wheels, "--dry-run")
    assert done.returncode == 0, done.stderr
    for words in (
        "virtual environment",
        "Install torch",
        "Install NIGDT",
        "torch and torchvision match",
        "sha256sum",
    ):
        assert words in done.stdout
    assert tree(project) == before


def test_a_tampered_offline_folder_is_refused(installer: Run, project: Path, wheels: Path) -> None:
    wheel = next(wheels.glob("numberful-*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"more")
    done = installer(*INSTALL, "--offline", wheels)
    assert done.returncode == 1
    assert f"missing or changed: {wheel.name}" in done.stdout
    assert not (project / ".venv").exists()


@pytest.mark.usefixtures("empty_environment")
def test_a_package_that_is_not_to_be_had_is_named(installer: Run, wheels: Path) -> None:
    next(wheels.glob("numberful-*.whl")).unlink()
    offline.write_sums(wheels)
    done = installer(*INSTALL, "--offline", wheels)
    assert done.returncode == 1
    assert "No matching distribution found for numberful" in done.stdout
    assert "What to do:" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.usefixtures("empty_environment")
def test_locked_takes_the_lock_files_versions_and_no_other_file(
    installer: Run, project: Path, wheels: Path
) -> None:
    make_wheel(wheels, "numberful", "1.1", {"numberful.py": "ONE = 2\n"})
    offline.write_sums(wheels)
    lock = project / "installer" / "locked" / "use.txt"
    digest = offline.sha256(next(wheels.glob("numberful-1.0-*.whl")))
    lock.write_text(f"numberful==1.0 --hash=sha256:{digest}\n")
    locked = ("install", "--extras", "", "--locked", "--offline", wheels)
    assert installer(*locked).returncode == 0
    assert in_environment(project, "import numberful; print(numberful.ONE)") == "1"
    assert "nothing to do (with no extras)" in installer(*locked).stdout
    lock.write_text(f"numberful==1.1 --hash=sha256:{digest}\n")
    done = installer(*locked)
    assert done.returncode == 1
    assert "a package is not the one that was to be installed" in done.stdout


def test_what_no_lock_file_has_is_said(installer: Run) -> None:
    done = installer("install", "--extras", "panel,docs", "--locked")
    assert done.returncode == 1
    assert "no packages of docs" in done.stdout
    assert "Leave out --cpu" in installer("install", "--locked", "--cpu").stdout


@pytest.mark.usefixtures("empty_environment")
def test_damage_is_found_and_mended(
    installer: Run, project: Path, wheels: Path, installation: Installation
) -> None:
    assert installer(*INSTALL, "--offline", wheels).returncode == 0
    site = environment.site_packages(installation)
    assert site is not None
    # What a pip that was killed while it replaced packages leaves behind:
    (site / "torch" / "part_7.py").write_text("half")
    (site / "numberful-1.0.dist-info" / "RECORD").unlink()
    (site / "~orchvision").mkdir()
    environment.busy_path(installation).write_text("")
    assert {info.name for info in environment.damaged(site)} == {
        "torch-2.14.0.dist-info",
        "numberful-1.0.dist-info",
    }
    done = installer(*INSTALL, "--offline", wheels)
    assert done.returncode == 0, done.stdout
    assert "repaired after an interrupted run" in done.stdout
    assert_green(project)


def test_a_broken_environment_is_made_anew(installer: Run, project: Path, wheels: Path) -> None:
    folder = project / ".venv"
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text("home = /nowhere\n")
    (folder / "bin" / "python").symlink_to("/nowhere/python3")
    assert installer(*INSTALL, "--offline", wheels).returncode == 0
    assert_green(project)


def test_a_folder_that_was_moved_gets_its_environment_anew(
    installer: Run, project: Path, wheels: Path
) -> None:
    assert installer(*INSTALL, "--offline", wheels).returncode == 0
    moved = project.rename(project.parent / "elsewhere")
    command = [sys.executable, "installer", "doctor"]
    said = subprocess.run(command, cwd=moved, capture_output=True, text=True, check=False)
    assert "this folder was moved" in said.stdout
    command = [sys.executable, "installer", *INSTALL, "--offline", str(wheels)]
    done = subprocess.run(command, cwd=moved, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert_green(moved)


def test_a_folder_that_is_no_environment_is_left_alone(installer: Run, project: Path, wheels: Path) -> None:
    (project / ".venv").mkdir()
    (project / ".venv" / "my thesis.txt").write_text("the only copy")
    done = installer(*INSTALL, "--offline", wheels)
    assert done.returncode == 1
    assert "is in the way" in done.stdout
    assert (project / ".venv" / "my thesis.txt").read_text() == "the only copy"


@pytest.mark.usefixtures("empty_environment")
def test_a_torchvision_of_another_torch_is_replaced(installer: Run, project: Path, wheels: Path) -> None:
    add_torch_pair(wheels, 13)
    offline.write_sums(wheels)
    assert installer(*INSTALL, "--offline", wheels).returncode == 0
    pip = [project / ".venv" / "bin" / "python", "-m", "pip", "install", "-q", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--find-links", wheels, "torchvision==0.28.0"], check=True, capture_output=True)
    done = installer(*INSTALL, "--offline", wheels)
    assert done.returncode == 0, done.stdout
    assert "they do not work together; mending" in done.stdout
    assert_green(project)


@pytest.mark.usefixtures("empty_environment")
def test_a_pair_that_cannot_be_mended_is_said(installer: Run, wheels: Path) -> None:
    next(wheels.glob("torchvision-*.whl")).unlink()
    make_wheel(
        wheels, "torchvision", "0.20.0", {"torchvision.py": "raise RuntimeError('not for this torch')\n"}
    )
    offline.write_sums(wheels)
    done = installer(*INSTALL, "--offline", wheels)
    assert done.returncode == 1
    assert "torch and torchvision do not work together" in done.stdout


@pytest.mark.usefixtures("empty_environment")
def test_two_installers_take_turns(
    installer: Run, project: Path, wheels: Path, installation: Installation
) -> None:
    with (
        exclusive(project / ".cache" / "installer.lock", installation.journal),
        subprocess.Popen(
            [sys.executable, "installer", *INSTALL, "--offline", wheels],
            cwd=project,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=_hear_interrupts,
        ) as second,
    ):
        assert second.stdout is not None
        assert "waiting for it to finish" in second.stdout.readline()
        assert not (project / ".venv" / environment.STAMP).exists()
        second.send_signal(signal.SIGINT)
        assert second.wait(timeout=90) == 130
        assert "Interrupted" in second.stdout.read()
    assert installer(*INSTALL, "--offline", wheels).returncode == 0


@pytest.mark.usefixtures("empty_environment")
def test_a_terminated_installer_leaves_no_child_behind(project: Path, home: Path, wheels: Path) -> None:
    with start(project, wheels) as running:
        wait_for(project / ".venv" / environment.BUSY)
        running.terminate()
        assert running.wait(timeout=90) == 128 + signal.SIGTERM
    assert (project / ".venv" / environment.BUSY).exists()
    # What it had started was told to end and may take a moment, but does not go on.
    with exclusive(
        project / ".cache" / "installer.lock", Installation(project, _Silent()).journal, patience=60.0
    ):
        pass  # nobody holds the lock any more
    assert not list((project / ".venv" / "lib").glob("python3.*/site-packages/torch-*/RECORD"))


class _Silent:
    """A journal that goes nowhere."""

    def say(self, text: str = "") -> None:
        pass


def start(project: Path, wheels: Path, *, group: bool = False) -> subprocess.Popen[bytes]:
    command = [sys.executable, "installer", *INSTALL, "--offline", str(wheels)]
    return subprocess.Popen(command, cwd=project, stdout=subprocess.DEVNULL, start_new_session=group)


def wait_for(path: Path, patience: float = 60.0) -> None:
    deadline = time.monotonic() + patience
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.02)


@pytest.mark.usefixtures("empty_environment")
def test_killed_while_pip_writes_it_goes_on(installer: Run, project: Path, wheels: Path) -> None:
    with start(project, wheels, group=True) as running:
        wait_for(project / ".venv" / environment.BUSY)
        deadline = time.monotonic() + 90
        while not list((project / ".venv" / "lib").glob("python3.*/site-packages/torch/part_*")):
            assert time.monotonic() < deadline
            time.sleep(0.005)
        os.killpg(running.pid, signal.SIGKILL)
    done = installer(*INSTALL, "--offline", wheels)
    assert done.returncode == 0, done.stdout
    assert "repaired after an interrupted run" in done.stdout
    assert_green(project)


def test_an_environment_killed_in_the_making_is_made_anew(
    installer: Run, project: Path, wheels: Path
) -> None:
    # pip answers already, but ensurepip had not yet written everything.
    with start(project, wheels, group=True) as running:
        wait_for(project / ".cache" / "venv.making")
        deadline = time.monotonic() + 60
        while not list((project / ".venv" / "lib").glob("python3.*/site-packages/pip/__main__.py")):
            assert time.monotonic() < deadline
            time.sleep(0.005)
        os.killpg(running.pid, signal.SIGKILL)
    done = installer(*INSTALL, "--offline", wheels)
    assert done.returncode == 0, done.stdout
    assert_green(project)


@pytest.mark.parametrize(
    "record", [b"\xff\xfe", b"\0" * 500, b"numberful.py,sha256=x,12a\n", b"a\0b,sha256=x,1\n", b"a,b\n"]
)
def test_a_record_of_any_damage_is_a_damaged_installation(
    installation: Installation, empty_environment: Path, record: bytes
) -> None:
    """A power cut leaves zeros or another file's bytes; a link is taken away, not what it leads to."""
    site = environment.site_packages(installation)
    assert site is not None
    info, elsewhere = site / "numberful-1.0.dist-info", empty_environment.parent / "elsewhere"
    info.mkdir()
    elsewhere.mkdir()
    for name, content in {"METADATA": b"", "INSTALLER": b"", "RECORD": record}.items():
        (info / name).write_bytes(content)
    (site / "numberful.py").write_text("ONE = 1\n")
    (site / "~umberful").symlink_to(elsewhere)
    assert environment.repair(installation) == [info.name, "~umberful"]
    assert elsewhere.is_dir()
    assert not info.exists()
