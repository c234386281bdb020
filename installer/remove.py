"""`uninstall`: everything the installer made, and nothing of the user's own unless told."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from installer import desktop, environment, gimp, ownership
from installer.borrowed import borrow
from installer.errors import InstallError
from installer.installation import Installation
from installer.steps import Step

OVERRIDES = ("NIGDT_DATA_DIR", "NIGDT_STATE_DIR", "NIGDT_CONFIG_DIR")


def data_dir(
    platform: str = sys.platform, environment: Mapping[str, str] = os.environ, home: Path | None = None
) -> Path:
    """Return the folder of the user's own bundles, as platformdirs names it for `nigdt.bundle.bundle`."""
    home = home or Path.home()
    if environment.get("NIGDT_DATA_DIR"):
        return Path(environment["NIGDT_DATA_DIR"])
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local") / "nigdt"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "nigdt"
    return Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share") / "nigdt"


def personal_folders(root: Path) -> dict[str, Path]:
    """Return the folders of the user's bundles, state and settings, by kind; needs no environment."""
    paths = borrow(root, "backend/nigdt_backend/paths.py")
    return {"data": data_dir(), "state": paths.state_dir(), "config": paths.config_dir()}


_KINDS = {"data": ownership.DATA, "state": ownership.STATE, "config": ownership.CONFIG}


def _record_path(installation: Installation) -> Path:
    return installation.cache / "folders.json"


def record(installation: Installation) -> None:
    """Write down which folders NIGDT uses for this user: `uninstall --purge` looks at these alone."""
    known = recorded(installation)
    for kind, folder in personal_folders(installation.root).items():
        if folder.absolute() not in known.setdefault(kind, []):
            known[kind].append(folder.absolute())
    lists = {kind: [str(folder) for folder in folders] for kind, folders in known.items()}
    environment.write_atomically(_record_path(installation), json.dumps(lists, indent=1) + "\n")


def recorded(installation: Installation) -> dict[str, list[Path]]:
    """Return the folders that were written down, by kind; empty where none were."""
    try:
        lists = json.loads(_record_path(installation).read_text(encoding="utf-8"))
        return {
            kind: [folder for folder in map(Path, lists.get(kind, [])) if folder.is_absolute()]
            for kind in _KINDS
        }
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return {}


def _is_there(folder: Path) -> bool:
    """Tell whether there is such a folder; a path that no file system knows names none."""
    try:
        return folder.is_dir()
    except OSError:
        return False


@dataclass(frozen=True)
class Purge:
    """What of the user's is deleted on request.

    Attributes:
        own: Folder -> the files there that are NIGDT's own.
        stays: What is left alone, a line each.
    """

    own: dict[Path, list[Path]]
    stays: list[str]

    @classmethod
    def of(cls, installation: Installation) -> Purge:
        """Look at the recorded folders; without a record, at those that NIGDT uses where nothing is set."""
        now = personal_folders(installation.root)
        known = recorded(installation)
        if not known:
            with_overrides = {name: os.environ.pop(name) for name in OVERRIDES if name in os.environ}
            try:
                known = {kind: [folder] for kind, folder in personal_folders(installation.root).items()}
            finally:
                os.environ.update(with_overrides)
        own: dict[Path, list[Path]] = {}
        home = Path.home().resolve()
        there = {kind: [one for one in folders if _is_there(one)] for kind, folders in known.items()}
        wide = {one for ones in there.values() for one in ones if one.resolve() in (home, *home.parents)}
        for kind, patterns in _KINDS.items():
            for folder in there.get(kind, []):
                if folder not in wide:
                    own[folder] = sorted({*own.get(folder, []), *ownership.own(folder, patterns)})
        mine = {path for paths in own.values() for path in paths}
        stays = [f"{folder} stays: it holds your home folder." for folder in sorted(wide)]
        for folder in own:
            others = [path for path in ownership.contents(folder) if path not in mine]
            if others:
                more = f" and {len(others) - 1} more" if len(others) > 1 else ""
                stays.append(f"{folder} stays: {others[0].relative_to(folder)}{more} there is not NIGDT's.")
        stays += [
            f"{folder} stays: the installer has no record of it."
            for kind, folder in now.items()
            if _is_there(folder) and folder.absolute() not in [one.absolute() for one in known.get(kind, [])]
        ]
        stays = [line.replace("\n", "?") for line in stays]
        return cls({folder: paths for folder, paths in own.items() if paths}, stays)

    def lines(self) -> list[str]:
        """List what is deleted and what stays."""
        lines = []
        for folder, paths in self.own.items():
            lines.append(f"{folder}: {len(paths)} files, {ownership.size(paths) / 1e6:,.1f} MB")
            parts = dict.fromkeys(path.relative_to(folder).parts[:2] for path in paths)
            lines += [f"    {'/'.join(part)}" for part in parts]
        return [*(line.replace("\n", "?") for line in lines), *self.stays]


def confirm(installation: Installation, purge: Purge) -> None:
    """List what is to be deleted, and ask.

    Raises:
        InstallError: the answer is no, or there is nobody to answer.
    """
    installation.journal.say("Models, history and settings to be deleted:")
    for line in purge.lines() or ["nothing"]:
        installation.journal.say(f"  {line}")
    if not purge.own:
        return
    if not sys.stdin or not sys.stdin.isatty():
        raise InstallError(
            "Nothing was deleted: there is nobody to ask.", "Run it in a terminal, or add --yes."
        )
    installation.journal.say("Delete them? [y/N]")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise InstallError("Nothing was deleted.", "Without --purge, your models and settings stay.")


def steps(installation: Installation, purge: Purge | None = None) -> list[Step]:
    """Stop the daemon, take the plug-in and the desktop's files away, delete the environment.

    Args:
        installation: where to work, and with what.
        purge: what of the user's bundles, history and settings to delete too.

    Raises:
        InstallError: `.venv` was not made by the installer.
    """
    foreign = installation.venv.exists() and not (
        (installation.venv / environment.STAMP).exists()
        or environment.busy_path(installation).exists()
        or environment.making_path(installation).exists()
    )
    if foreign:
        raise InstallError(
            f"{installation.venv} was not made by this installer, so it stays.",
            "Delete it yourself if you want it gone.",
        )
    made: list[Step] = []
    if installation.script("nigdt").exists():
        made.append(
            Step(
                "Stop the daemon",
                lambda: stop_daemon(installation),
                preview=lambda: ["ask the running daemon, if any, to end"],
            )
        )
    made += gimp.removal_steps()
    made += desktop.removal_steps(installation)

    def part(folder: Path, patterns: tuple[str, ...]) -> Step:
        return Step(
            f"Delete {folder}", lambda: _delete(installation, folder, patterns), preview=lambda: [str(folder)]
        )

    def purged(folder: Path, paths: list[Path]) -> Step:
        return Step(
            f"Delete {len(paths)} files of {folder}",
            lambda: ownership.delete(paths, folder),
            preview=lambda: [str(path) for path in paths],
        )

    made += [purged(folder, paths) for folder, paths in (purge.own if purge else {}).items()]
    doomed = {
        installation.venv: ownership.ENVIRONMENT,
        installation.cache / "demo": ownership.DEMO,
        installation.cache / "gimp": ownership.WHEELS,
        installation.temporary: (".*",),
    }
    return made + [
        part(folder, patterns)
        for folder, patterns in doomed.items()
        if folder.exists() or _half_deleted(folder).exists()
    ]


STOP = """
from nigdt_backend.client import Client, DaemonError
try:
    with Client.connect(start=False, timeout=3.0) as client:
        client.shutdown()
except DaemonError as error:
    if error.code != "not-running":
        raise SystemExit(error.message)
"""


def stop_daemon(installation: Installation) -> None:
    """Ask the running daemon, if any, to end; one that cannot be asked is said, not forced."""
    if installation.output([installation.python, "-c", STOP], timeout=30) is None:
        installation.journal.say("    the daemon could not be asked to end; it ends by itself when idle")


def _half_deleted(path: Path) -> Path:
    """Name the place to move a folder to before deleting it, so that a killed deletion leaves no half."""
    return path.with_name(f"{path.name}.deleting")


def _delete(installation: Installation, path: Path, patterns: tuple[str, ...]) -> None:
    doomed = _half_deleted(path)
    if doomed.exists():
        shutil.rmtree(doomed)
    if path.is_symlink():
        path.unlink()
        return
    if not path.exists():
        return
    own = ownership.own(path, patterns)
    others = sorted({*ownership.contents(path)} - {*own})
    if others:
        ownership.delete(own, path)
        installation.journal.say(f"    {path} stays: {others[0].relative_to(path)} there is not NIGDT's")
        return
    path.rename(doomed)
    shutil.rmtree(doomed)
