"""`gimp`: the plug-in into every GIMP 3 profile of this user, and out again."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from installer import ownership, pip_settings
from installer.borrowed import borrow
from installer.errors import InstallError
from installer.installation import Installation
from installer.steps import Step

PLUGIN = "nigdt-fill"


@dataclass(frozen=True)
class Profile:
    """A folder in which a GIMP 3 keeps a person's settings.

    Attributes:
        folder: like `~/.config/GIMP/3.0`.
        kind: `GIMP`, `Flatpak`, `Snap` or `GIMP3_DIRECTORY`.
    """

    folder: Path
    kind: str

    @property
    def plugin(self) -> Path:
        """Where the plug-in goes."""
        return self.folder / "plug-ins" / PLUGIN

    @property
    def isolated(self) -> bool:
        """Whether this GIMP sees other folders for a program's state than the rest of the system does."""
        return self.kind in ("Flatpak", "Snap")


def profile_parents(platform_name: str, home: Path, environment: Mapping[str, str]) -> list[tuple[Path, str]]:
    """Return the folders that hold GIMP profiles named by version, with what kind of GIMP uses them.

    Args:
        platform_name: `sys.platform`.
        home: the home folder.
        environment: variables, for `APPDATA` and `XDG_CONFIG_HOME`.
    """
    if platform_name == "win32":
        return [(Path(environment.get("APPDATA") or home / "AppData" / "Roaming") / "GIMP", "GIMP")]
    if platform_name == "darwin":
        return [(home / "Library" / "Application Support" / "GIMP", "GIMP")]
    config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    flatpak = home / ".var" / "app" / "org.gimp.GIMP"
    return [
        (config / "GIMP", "GIMP"),
        (flatpak / "config" / "GIMP", "Flatpak"),
        (flatpak / ".config" / "GIMP", "Flatpak"),
        *((revision / ".config" / "GIMP", "Snap") for revision in sorted((home / "snap" / "gimp").glob("*"))),
    ]


def profiles(
    platform_name: str = sys.platform, home: Path | None = None, environment: Mapping[str, str] = os.environ
) -> list[Profile]:
    """Return every GIMP 3 profile of this user, each real folder once."""
    found: dict[Path, Profile] = {}
    override = environment.get("GIMP3_DIRECTORY")
    if override and Path(override).is_dir():
        found[Path(override).resolve()] = Profile(Path(override), "GIMP3_DIRECTORY")
    for parent, kind in profile_parents(platform_name, home or Path.home(), environment):
        for folder in sorted(parent.glob("3.*")):
            if folder.is_dir():
                found.setdefault(folder.resolve(), Profile(folder, kind))
    return list(found.values())


def assembler(root: Path) -> ModuleType:
    """Return the plug-in's own module that puts it together."""
    return borrow(root, "plugin/gimp/assemble.py")


def kept_wheels(installation: Installation) -> list[Path]:
    """Return the whole pyzmq wheels that were fetched for GIMP's Python, the newest last."""
    return sorted(
        wheel for wheel in wheel_folder(installation).glob("pyzmq-*.whl") if zipfile.is_zipfile(wheel)
    )


def wheel_folder(installation: Installation) -> Path:
    """Return where the wheel for GIMP's Python is kept."""
    return installation.cache / "gimp"


def fetch_wheel(installation: Installation, assemble: ModuleType, offline: Path | None) -> Path:
    """Return the pyzmq wheel that GIMP's Python can load, fetched once and kept in the cache.

    Raises:
        InstallError: there is none for this machine.
    """
    folder = wheel_folder(installation)
    kept = kept_wheels(installation)
    if kept:
        return kept[-1]
    passing = folder / "passing"  # what was cut off stays here, and never counts as fetched
    shutil.rmtree(passing, ignore_errors=True)
    try:
        arguments = assemble.wheel_arguments(sys.platform, platform.machine(), passing)
    except KeyError:
        raise InstallError(
            f"There is no pyzmq for GIMP on {sys.platform} {platform.machine()}.",
            "Use the panel instead: nigdt panel",
        ) from None
    source = ["--no-index", "--find-links", str(offline)] if offline else []
    settings = {} if offline else pip_settings.told(installation, "download")
    python: Path | str = installation.python if installation.python.exists() else sys.executable
    installation.run(
        [python, "-m", "pip", "--disable-pip-version-check", *arguments, *source],
        doing="fetch pyzmq for GIMP's Python",
        environment=settings,
    )
    wheel = next(passing.glob("pyzmq-*.whl"))
    return wheel.replace(folder / wheel.name)


def host_state_dir(root: Path) -> Path:
    """Return the daemon's state folder as the host sees it, from the backend's own module."""
    folder: Path = borrow(root, "backend/nigdt_backend/paths.py").state_dir()
    return folder


def is_current(profile: Profile, installation: Installation) -> bool:
    """Tell whether every file of a profile's plug-in is as this folder's sources and the wheel make it."""
    wheels = kept_wheels(installation)
    return not assembler(installation.root).differences(
        profile.plugin, wheels[-1] if wheels else None, installation.root
    )


def steps(
    installation: Installation, offline: Path | None, found: Callable[[], list[Profile]] = profiles
) -> list[Step]:
    """Put the plug-in into each profile."""
    there = found()
    if not there:
        program = shutil.which("gimp") or shutil.which("gimp-3.0") or shutil.which("flatpak")
        remedy = "Start GIMP once, close it, then run the same command again."
        if not program:
            remedy = "Install GIMP 3.0 or newer, start it once, then run the same command again."
        raise InstallError("No GIMP 3 profile was found for this user.", remedy)

    def step(profile: Profile) -> Step:
        def act() -> None:
            assemble = assembler(installation.root)
            wheel = fetch_wheel(installation, assemble, offline)
            assemble.assemble(
                profile.plugin,
                wheel,
                installation.root,
                python=installation.python,  # may come later; the plug-in looks whether it is there
                state=host_state_dir(installation.root) if profile.isolated else None,
                foreign=_foreign,
            )

        return Step(
            f"Put the plug-in into {profile.kind} {profile.folder.name} ({profile.plugin})",
            act,
            preview=lambda: [f"write {profile.plugin}"],
        )

    return [step(profile) for profile in there]


def _own(plugin: Path) -> list[Path]:
    """Return what of a plug-in's folder is NIGDT's, by the plug-in's own list."""
    patterns = [rf"{PLUGIN}\.py", "SHA256SUMS", r"install\.json", r"(.*/)?__pycache__/[^/]+\.pyc"]
    try:
        lines = (plugin / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
        patterns += [re.escape(line.partition("  ")[2]) for line in lines]
    except (OSError, ValueError):  # killed while it was being removed
        patterns.append(r"(zmq|pyzmq|nigdt|nigdt_backend|nigdt_fill|manual|locale)\b.*")
    return ownership.own(plugin, patterns)


def _foreign(plugin: Path) -> list[Path]:
    """Return the files and empty folders of a plug-in's folder that are not NIGDT's."""
    return sorted(set(ownership.contents(plugin)) - set(_own(plugin)))


def _remove(plugin: Path) -> None:
    """Delete NIGDT's part of a plug-in's folder, and the folder unless something else is in it."""
    ownership.delete(_own(plugin), plugin)


def removal_steps(found: Callable[[], list[Profile]] = profiles) -> list[Step]:
    """Take the plug-in out of every profile that has it."""

    def step(profile: Profile) -> Step:
        return Step(
            f"Remove the plug-in from {profile.kind} {profile.folder.name}",
            lambda: _remove(profile.plugin),
            preview=lambda: [f"delete {profile.plugin}"],
        )

    return [step(profile) for profile in found() if profile.plugin.exists()]
