"""`uninstall`: everything the installer made, and nothing of the user's own unless told."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from installer import desktop, environment, gimp
from installer.borrowed import borrow
from installer.errors import InstallError
from installer.session import Session
from installer.steps import Step


def data_dir(
    platform: str = sys.platform, environment: Mapping[str, str] = os.environ, home: Path | None = None
) -> Path:
    """Folder of the user's own bundles, as platformdirs names it for `nigdt.bundle.bundle`."""
    home = home or Path.home()
    if environment.get("NIGDT_DATA_DIR"):
        return Path(environment["NIGDT_DATA_DIR"])
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local") / "nigdt"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "nigdt"
    return Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share") / "nigdt"


def personal_folders(root: Path) -> list[Path]:
    """Folders with the user's bundles, history and settings and the daemon's state; needs no environment."""
    paths = borrow(root, "backend/nigdt_backend/paths.py")
    return [data_dir(), paths.state_dir(), paths.config_dir()]


def steps(session: Session, *, purge: bool) -> list[Step]:
    """Stop the daemon, take the plug-in and the desktop's files away, delete the environment.

    Args:
        session: this run.
        purge: delete the user's bundles, history and settings too.

    Raises:
        InstallError: `.venv` was not made by the installer.
    """
    folders = personal_folders(session.root) if purge else []
    foreign = session.venv.exists() and not (
        (session.venv / environment.STAMP).exists()
        or environment.busy_path(session).exists()
        or environment.making_path(session).exists()
    )
    if foreign:
        raise InstallError(
            f"{session.venv} was not made by this installer, so it stays.",
            "Delete it yourself if you want it gone.",
        )
    made: list[Step] = []
    if session.script("nigdt").exists():
        made.append(
            Step(
                "Stop the daemon",
                lambda: stop_daemon(session),
                preview=lambda: ["ask the running daemon, if any, to end"],
            )
        )
    made += gimp.removal_steps()
    made += desktop.removal_steps(session)

    def delete(path: Path) -> Step:
        return Step(f"Delete {path}", lambda: _delete(path), preview=lambda: [str(path)])

    doomed = (*folders, session.venv, session.cache / "demo", session.cache / "gimp")
    return made + [delete(path) for path in doomed if path.exists() or _half_deleted(path).exists()]


STOP = """
from nigdt_backend.client import Client, DaemonError
try:
    with Client.connect(start=False, timeout=3.0) as client:
        client.shutdown()
except DaemonError as error:
    if error.code != "not-running":
        raise SystemExit(error.message)
"""


def stop_daemon(session: Session) -> None:
    """Ask the running daemon, if any, to end; one that cannot be asked is said, not forced."""
    if session.output([session.python, "-c", STOP], timeout=30) is None:
        session.journal.say("    the daemon could not be asked to end; it ends by itself when idle")


def _half_deleted(path: Path) -> Path:
    """Name the place to move a folder to before deleting it, so that a killed deletion leaves no half."""
    return path.with_name(f"{path.name}.deleting")


def _delete(path: Path) -> None:
    doomed = _half_deleted(path)
    if doomed.exists():
        shutil.rmtree(doomed)
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        path.rename(doomed)
        shutil.rmtree(doomed)
