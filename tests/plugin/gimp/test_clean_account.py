"""From nothing to a fill, by an ordinary user: the double click, GIMP 3.0, the upgrade to 3.2, the mending.

The project is the real one, but for the packages of NIGDT's own environment, which are tiny stand-ins.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from assemble import NAME, differences
from gimp_session import MigratedSession
from gimp_tree import ROOT, tree
from scripted_daemon import ScriptedDaemon

from tests.installer.standin import add_torch_pair, make_project, make_wheel

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

USER = 1000
"""Number of a user and group who may nothing but what everybody may."""
AS_USER = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
FOLDER = "Meine Programme/nigdt"
FILL = "image = photo()\nselect(image, 40, 30, 10, 10)\nresult = fill(image, caption='green')[:2]"


class UserSession(MigratedSession):
    """A GIMP of an ordinary user, with no settings but those in the home folder."""

    def __init__(self, release: str, home: Path, folder: Path) -> None:
        nothing = folder / "nothing"
        nothing.mkdir(parents=True)
        super().__init__(tree(release), nothing, folder)
        actor = self.home / ".config" / "GIMP" / "3.0" / "plug-ins" / "actor"
        there = home / ".config" / "GIMP" / "3.0" / "plug-ins" / "actor"
        if not there.exists():
            shutil.copytree(actor, there)
        self.home = home
        for own in (home, self.state, self.work):
            hand_over(own)

    def command(self) -> list[str]:
        """GIMP's command line."""
        return [*AS_USER, *super().command()]


def hand_over(folder: Path) -> None:
    """Make a folder with all that is in it the user's."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, USER, USER, follow_symlinks=False)


def filled(gimp: UserSession) -> list[str]:
    """Fill by a service of the user's; returns status and message."""
    os.chown(gimp.state, os.getuid(), os.getgid())  # whoever starts a service must own its folder
    with ScriptedDaemon(gimp.state):
        hand_over(gimp.state)
        said: list[str] = gimp.run(FILL)
    return said


@pytest.fixture
def home(wheel: Path, tmp_path: Path) -> Path:
    """The home folder of someone who has started GIMP 3.0 once and unpacked NIGDT.

    Its Python sees no packages but the standard library, and pip no network.
    """
    home = tmp_path / "home"
    (home / ".config" / "GIMP" / "3.0" / "plug-ins").mkdir(parents=True)
    project = make_project(home / FOLDER)
    without = shutil.ignore_patterns("__pycache__", "bundles", "data")
    shutil.copytree(ROOT / "nigdt", project / "nigdt", ignore=without, dirs_exist_ok=True)
    packages = home / "packages"
    packages.mkdir()
    add_torch_pair(packages, 14)
    make_wheel(packages, "numberful", "1.0", {"numberful.py": "ONE = 1\n"})
    shutil.copy(wheel, packages)
    python = home / "bin" / "python3"
    python.parent.mkdir()
    name = Path(sys.executable).resolve().name
    python.write_text(f'#!/bin/sh\nexec /mnt/python/bin/{name} -I -S "$@"\n')
    python.chmod(0o755)
    hand_over(home)
    return home


def run_as_user(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the GIMP 3.0 tree, as the user."""
    env = {
        "HOME": "/mnt/home",
        "PATH": "/mnt/home/bin:/usr/bin:/bin",
        "LD_LIBRARY_PATH": "/mnt/python/lib",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": "/mnt/home/packages",
    }
    binds = {home: "/mnt/home", Path(sys.base_prefix): "/mnt/python"}
    whole = tree("trixie").command([*AS_USER, *command], binds, env)
    return subprocess.run(
        whole, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=900
    )


def click(home: Path) -> str:
    """Do what a double click on the installer's file does; returns what it said."""
    done = run_as_user(home, f"/mnt/home/{FOLDER}/installer/install-linux.sh")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout


def doctor(home: Path) -> list[str]:
    """Return what the installer's own check says of GIMP's plug-ins."""
    done = run_as_user(home, "/mnt/home/bin/python3", f"/mnt/home/{FOLDER}/installer", "doctor")
    return [line.strip() for line in done.stdout.splitlines() if "plug-in " in line]


def test_double_click_upgrade_and_mending(home: Path, wheel: Path, tmp_path: Path) -> None:
    said = click(home)
    assert "NIGDT is installed." in said
    assert "Filters > NIGDT" in said
    assert (home / ".local" / "share" / "applications" / "nigdt.desktop").is_file()
    with UserSession("trixie", home, tmp_path / "first") as gimp:
        assert filled(gimp) == ["success", ""]
    with UserSession("forky", home, tmp_path / "upgraded") as gimp:
        moved = home / ".config" / "GIMP" / "3.2" / "plug-ins" / NAME
        assert differences(moved, wheel, home / FOLDER) == []
        assert filled(gimp) == ["success", ""]
        assert len([line for line in doctor(home) if "plug-in there" in line]) == 2
        (moved / "nigdt_fill" / "capture.py").unlink()
        status, message = filled(gimp)
        assert (status, message.startswith("This plug-in is incomplete (")) == ("execution-error", True)
        assert len([line for line in doctor(home) if "plug-in there" in line]) == 1
        click(home)
        assert filled(gimp) == ["success", ""]
        assert len([line for line in doctor(home) if "plug-in there" in line]) == 2
