"""The virtual environment `.venv`: made, checked, and repaired after an interrupted run."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from installer.borrowed import borrow
from installer.errors import InstallError
from installer.installation import Installation
from installer.steps import Step

STAMP = "nigdt-installer.json"
BUSY = "nigdt-installer.busy"


def write_atomically(path: Path, text: str) -> None:
    """Write a small file so that a reader sees the old one or the new one, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    root = Path(__file__).resolve().parent.parent
    borrow(root, "nigdt/files.py").write_atomically(path, text.encode("utf-8"))


def read_stamp(installation: Installation) -> dict[str, Any]:
    """Return what earlier runs put into the environment; without what is unknown or damaged."""
    try:
        stamp = json.loads((installation.venv / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(stamp, dict):
        return {}
    project = stamp.pop("project", None)
    kept = {name: value for name, value in stamp.items() if isinstance(value, str)}
    if not isinstance(project, dict) or not isinstance(project.get("extras"), list):
        return kept
    extras = [name for name in project["extras"] if isinstance(name, str)]
    return {**kept, "project": {**project, "extras": extras}}


def update_stamp(installation: Installation, **entries: Any) -> None:
    """Add to the stamp; an entry of None is removed."""
    stamp = {**read_stamp(installation), **entries}
    kept = {k: v for k, v in stamp.items() if v is not None}
    write_atomically(installation.venv / STAMP, json.dumps(kept, indent=1) + "\n")


def site_packages(installation: Installation) -> Path | None:
    """Return the environment's site-packages, or None before there is one."""
    if sys.platform == "win32":
        candidates = [installation.venv / "Lib" / "site-packages"]
    else:
        candidates = sorted((installation.venv / "lib").glob("python3.*/site-packages"))
    return next((folder for folder in candidates if folder.is_dir()), None)


def distributions(installation: Installation) -> dict[str, str]:
    """Return installed distributions, normalised name -> version, read from their folders' names."""
    folder = site_packages(installation)
    found: dict[str, str] = {}
    for info in folder.glob("*.dist-info") if folder else ():
        name, _, version = info.name.removesuffix(".dist-info").partition("-")
        found[name.lower().replace("_", "-").replace(".", "-")] = version
    return found


def _is_whole(info: Path) -> bool:
    """Return whether every file that a distribution's RECORD lists with a size is there in that size."""
    record = info / "RECORD"
    if not (info / "METADATA").is_file() or not (info / "INSTALLER").is_file() or not record.is_file():
        return False
    try:
        with record.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.reader(lines))
        sized = [row for row in rows if row[2]]
        return all((info.parent / row[0]).stat().st_size == int(row[2]) for row in sized)
    except (OSError, ValueError, IndexError, csv.Error):  # it is damaged itself, or a file is missing
        return False


def damaged(folder: Path) -> Iterator[Path]:
    """Yield the `*.dist-info` folders in site-packages whose installation was cut off."""
    for info in sorted(folder.glob("*.dist-info")):
        if not _is_whole(info):
            yield info


def repair(installation: Installation) -> list[str]:
    """Forget the distributions that an interrupted pip left half-written, so that pip installs them again.

    Returns:
        What was forgotten, folder names.
    """
    folder = site_packages(installation)
    if folder is None:
        return []
    forgotten = []
    for left in (*damaged(folder), *folder.glob("~*")):  # where pip moves what it is about to replace
        shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
        forgotten.append(left.name)
    return forgotten


def works(installation: Installation) -> bool:
    """Return whether the environment's Python starts and has pip."""
    # A loaded machine may take its time; taking that for a broken environment would make it all anew.
    command: list[str | Path] = [installation.python, "-m", "pip", "--version"]
    return installation.python.exists() and installation.output(command, timeout=600) is not None


def was_moved(installation: Installation) -> bool:
    """Tell whether this folder was moved after the environment was made; its programs point there still."""
    root = read_stamp(installation).get("root")
    return root is not None and root != str(installation.root)


def busy_path(installation: Installation) -> Path:
    """Return the marker that exists while pip writes into the environment; it outlives a killed installer."""
    return installation.venv / BUSY


def making_path(installation: Installation) -> Path:
    """Return the marker that exists while the environment is being made.

    It lies outside `.venv`, which `venv --clear` empties: an environment whose making was cut off may look
    alive and yet have half a pip.
    """
    return installation.cache / "venv.making"


def _make_whole(installation: Installation) -> None:
    forgotten = repair(installation)
    if any(name.startswith("pip-") for name in forgotten):
        installation.run([installation.python, "-m", "ensurepip", "--upgrade"], doing="repair pip")
    update_stamp(installation, project=None, torch=None)
    busy_path(installation).unlink(missing_ok=True)
    installation.journal.say(f"    repaired after an interrupted run: {', '.join(forgotten) or 'all whole'}")


def check_name(folder: Path) -> None:
    """Refuse a folder in which no virtual environment can work.

    Raises:
        InstallError: its path holds what separates paths, a control character, or what is not UTF-8.
    """
    path = str(folder)
    if os.pathsep in path:
        what = f"“{os.pathsep}”"
    elif any(sign < " " or "\x7f" <= sign <= "\x9f" for sign in path):
        what = "a line's end or another control character"
    elif any("\ud800" <= sign <= "\udfff" for sign in path):
        what = "characters that are not UTF-8"
    else:
        return
    raise InstallError(
        f"Python can make no environment in a folder whose path holds {what}.",
        "Rename the folder, or move this one elsewhere, then run the same command there.",
    )


def _make(installation: Installation) -> None:
    making = making_path(installation)
    venv = installation.venv
    if not making.exists() and venv.exists() and not (venv / "pyvenv.cfg").exists() and any(venv.iterdir()):
        raise InstallError(
            f"{venv} is in the way: it is not a virtual environment.",
            "Move it away, then run the same command.",
        )
    write_atomically(making, "the environment is being made\n")
    installation.run([sys.executable, "-m", "venv", "--clear", venv], doing="make the virtual environment")
    if not works(installation):
        raise InstallError(
            "The new virtual environment does not start.",
            "Install the venv package for this Python (Debian, Ubuntu: apt install python3-venv).",
        )
    update_stamp(installation, root=str(installation.root))
    making.unlink()


def venv_step(installation: Installation) -> Step:
    """Make the environment, or make it whole again."""

    def alive() -> bool:
        return not making_path(installation).exists() and not was_moved(installation) and works(installation)

    def settled() -> str | None:
        if not alive() or busy_path(installation).exists():
            return None
        version = installation.output([installation.python, "-V"]) or ""
        return f"Python {version.strip().removeprefix('Python ')}"

    return Step(
        "Make the virtual environment .venv",
        lambda: _make_whole(installation) if alive() else _make(installation),
        settled,
        lambda: [f"{sys.executable} -m venv {installation.venv}"],
    )
