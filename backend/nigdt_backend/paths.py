"""Where the daemon keeps its files. Standard library only: editor plug-ins carry this."""

from __future__ import annotations

import os
import sys
from pathlib import Path


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
    return Path(os.environ.get(variable) or Path.home() / ".local" / "state") / "nigdt"


def config_dir() -> Path:
    """Return the folder of settings and remote clients' keys; `NIGDT_CONFIG_DIR` overrides it."""
    override = os.environ.get("NIGDT_CONFIG_DIR")
    if override:
        return Path(override)
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "nigdt"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "nigdt"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "nigdt"


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
