"""What of the user's pip settings counts: how the network is reached, and nothing else.

Settings such as `user`, `target` or `require-hashes`, in pip.conf or as PIP_* variables, are meant for other
installations than into an environment of one's own, and make pip fail or install elsewhere. So pip runs
without its files and variables, and is told again what leads it to packages.
"""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from installer.installation import Installation

KEPT = frozenset(
    {
        *("index-url", "extra-index-url", "find-links", "no-index", "trusted-host"),
        *("cert", "client-cert", "proxy", "keyring-provider", "timeout", "default-timeout", "retries"),
        *("cache-dir", "no-cache-dir", "constraint", "build-constraint", "prefer-binary"),
    }
)
"""The settings that say where packages come from, which of them are allowed, and where they are kept."""


def files(
    platform: str = sys.platform, environment: Mapping[str, str] = os.environ, home: Path | None = None
) -> list[Path]:
    """Return the places of pip's settings files, those that count more after those that count less.

    As https://pip.pypa.io/en/stable/topics/configuration/ has them; that of an environment is left out.
    """
    home = home or Path.home()
    named = environment.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return []
    if platform == "win32":
        shared = [Path(environment.get("PROGRAMDATA") or "C:/ProgramData") / "pip" / "pip.ini"]
        roaming = Path(environment.get("APPDATA") or home / "AppData" / "Roaming")
        own = [home / "pip" / "pip.ini", roaming / "pip" / "pip.ini"]
    elif platform == "darwin":
        shared = [Path("/Library/Application Support/pip/pip.conf")]
        library = home / "Library" / "Application Support" / "pip"
        folder = library if library.is_dir() else home / ".config" / "pip"
        own = [home / ".pip" / "pip.conf", folder / "pip.conf"]
    else:
        folders = (environment.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
        shared = [Path(folder) / "pip" / "pip.conf" for folder in reversed(folders) if folder]
        shared.append(Path("/etc/pip.conf"))
        config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
        own = [home / ".pip" / "pip.conf", config / "pip" / "pip.conf"]
    return [*shared, *own, *([Path(named)] if named else [])]


def variables(
    command: str, environment: Mapping[str, str] = os.environ, places: list[Path] | None = None
) -> tuple[dict[str, str], list[str]]:
    """Return the variables that tell pip again what counts of the user's settings.

    Args:
        command: pip's command, whose section of a file counts more than `[global]`.
        environment: the user's variables.
        places: pip's settings files; None for those of this machine.

    Returns:
        PIP_* variables, and what is left out, for people.
    """
    kept: dict[str, str] = {}
    left: list[str] = []
    for path in files(environment=environment) if places is None else places:
        try:
            if not path.is_file():
                continue
            parser = configparser.RawConfigParser()
            parser.read_string(path.read_text(encoding="utf-8", errors="replace"))
        except (OSError, configparser.Error) as error:
            left.append(f"{path} ({' '.join(str(error).split())[:120]})")
            continue
        for section in ("global", command):
            for key, value in parser.items(section) if parser.has_section(section) else ():
                name = key.replace("_", "-").lower()
                if name in KEPT:
                    kept[name] = " ".join(value.split())
                else:
                    left.append(f"{name} in {path}")
    for variable, value in environment.items():
        name = variable.removeprefix("PIP_").lower().replace("_", "-")
        if not variable.startswith("PIP_") or name == "config-file" or not value:
            continue
        if name in KEPT:
            kept[name] = value
        else:
            left.append(variable)
    for name in [name for name, value in kept.items() if "\0" in value]:  # no variable can hold it
        del kept[name]
        left.append(f"{name}, whose value holds a NUL character")
    return {f"PIP_{name.upper().replace('-', '_')}": value for name, value in kept.items()}, left


def told(installation: Installation, command: str) -> dict[str, str]:
    """Return `variables`, and note in the log what is left out."""
    kept, left = variables(command)
    if left:
        installation.journal.note(f"of pip's settings these are left out: {', '.join(left)}")
    return kept
