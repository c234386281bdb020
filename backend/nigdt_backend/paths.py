"""Where the daemon keeps its files. Standard library only: editor plug-ins carry this."""

from __future__ import annotations

import os
import sys
from pathlib import Path

FOLDERS = ("NIGDT_STATE_DIR", "NIGDT_CONFIG_DIR", "NIGDT_DATA_DIR")
"""Variables that name folders."""


def state_dir() -> Path:
    """Return the folder of the connection file, the lock and the log; `NIGDT_STATE_DIR` overrides it.

    A Flatpak gets its own XDG folders; the daemon lives outside, so the host's folder is meant there.
    """
    override = os.environ.get("NIGDT_STATE_DIR")
    if override:
        return Path(override)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "nigdt" / "state"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "nigdt" / "state"
    variable = "HOST_XDG_STATE_HOME" if os.environ.get("FLATPAK_ID") else "XDG_STATE_HOME"
    return _base(variable, ".local/state") / "nigdt"


def config_dir() -> Path:
    """Return the folder of settings and remote clients' keys; `NIGDT_CONFIG_DIR` overrides it."""
    override = os.environ.get("NIGDT_CONFIG_DIR")
    if override:
        return Path(override)
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "nigdt"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "nigdt"
    return _base("XDG_CONFIG_HOME", ".config") / "nigdt"


def _base(variable: str, usual: str) -> Path:
    """Return a folder as freedesktop.org has it: what is not absolute does not count."""
    named = Path(os.environ.get(variable, ""))
    return named if named.is_absolute() else Path.home() / usual


def absolute_folders() -> dict[str, str]:
    """Return the variables that name folders by relative paths, for a process that starts elsewhere."""
    named = {name: os.environ.get(name, "") for name in FOLDERS}
    return {name: os.path.abspath(path) for name, path in named.items() if path}  # noqa: PTH100 - of any text


def connection_path() -> Path:
    """Return the file through which clients find the daemon; `NIGDT_CONNECTION` names a remote daemon's."""
    override = os.environ.get("NIGDT_CONNECTION")
    return Path(override) if override else own_connection_path()


def own_connection_path() -> Path:
    """Return the file that this machine's daemon leaves for its clients."""
    return state_dir() / "connection.json"


def lock_path() -> Path:
    """Return the file whose lock the running daemon holds."""
    return state_dir() / "daemon.lock"


def log_path() -> Path:
    """Return the daemon's rotating log."""
    return state_dir() / "daemon.log"


def settings_path() -> Path:
    """Return the daemon's settings, YAML."""
    return config_dir() / "daemon.yaml"


def keys_path() -> Path:
    """Return public keys of the remote clients that may connect, and the daemon's own lasting key, JSON."""
    return config_dir() / "keys.json"
