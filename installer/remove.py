"""`uninstall`: everything the installer made, and nothing of the user's own unless told."""

from __future__ import annotations

import shutil
from pathlib import Path

from installer import desktop, environment, gimp
from installer.errors import InstallError
from installer.session import Session
from installer.steps import Step

FOLDERS = """
import sys
from platformdirs import user_data_dir
from nigdt_backend import paths
import os
print(os.environ.get("NIGDT_DATA_DIR") or user_data_dir("nigdt"))
print(paths.state_dir())
print(paths.config_dir())
"""


def personal_folders(session: Session) -> list[Path]:
    """Folders with the user's bundles, history and settings and the daemon's state."""
    answer = session.output([session.python, "-c", FOLDERS])
    return [Path(line) for line in answer.splitlines() if line.strip()] if answer else []


def steps(session: Session, *, purge: bool) -> list[Step]:
    """Stop the daemon, take the plug-in and the desktop's files away, delete the environment.

    Args:
        session: this run.
        purge: delete the user's bundles, history and settings too.

    Raises:
        InstallError: `.venv` was not made by the installer.
    """
    folders = [folder for folder in personal_folders(session) if folder.exists()] if purge else []
    foreign = session.venv.exists() and not (
        (session.venv / environment.STAMP).exists()
        or environment.busy_path(session).exists()
        or environment.making_path(session).exists()
    )
    if foreign:
        raise InstallError(
            f"{session.venv} was not made by this installer, so it stays",
            "delete it yourself if you want it gone",
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

    # Only the environment knows the personal folders' names; they are known by now.
    made += [delete(folder) for folder in folders]
    made += [
        delete(path)
        for path in (session.venv, session.cache / "demo", session.cache / "gimp")
        if path.exists()
    ]
    return made


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


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        # Out of the way in one go first: a killed deletion leaves no half environment under its name.
        doomed = path.with_name(f"{path.name}.deleting")
        if doomed.exists():
            shutil.rmtree(doomed)
        path.rename(doomed)
        shutil.rmtree(doomed)
    else:
        path.unlink()
