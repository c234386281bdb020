"""Starting the daemon at login, on request: a systemd user unit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from nigdt.files import write_atomically
from nigdt_backend.supervision import UNIT, unit_text


class LoginError(Exception):
    """Starting at login cannot be arranged; one line, with `hint` saying what to do instead."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def unit_path() -> Path:
    """Return where the unit lies."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "systemd" / "user" / UNIT


def enable() -> str:
    """Write the unit and enable it; what was done, one line.

    Raises:
        LoginError: there is no systemd here, or it refuses.
    """
    _require_systemd()
    path = unit_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, unit_text(sys.executable).encode())
    _systemctl("daemon-reload")
    _systemctl("enable", UNIT)
    return f"The daemon starts at login ({path}); now: systemctl --user start {UNIT}"


def disable() -> str:
    """Disable the unit and remove it; what was done, one line."""
    path = unit_path()
    if path.exists():
        if shutil.which("systemctl") is not None:
            _systemctl("disable", UNIT)
        path.unlink()
    return "The daemon does not start at login."


def _require_systemd() -> None:
    if sys.platform != "linux" or shutil.which("systemctl") is None:
        raise LoginError(
            "There is no systemd on this machine.",
            "Add `nigdt serve` to what your desktop starts at login.",
        )


def _systemctl(*arguments: str) -> None:
    done = subprocess.run(["systemctl", "--user", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit {done.returncode}"
        raise LoginError(f"systemctl --user {arguments[0]} failed ({reason}).", "Is a user session running?")
