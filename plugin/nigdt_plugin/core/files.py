"""Where the panel keeps its own files, and writing them all or nothing."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from nigdt_backend.paths import config_dir, state_dir


def panel_dir() -> Path:
    """Folder of history and recovery; follows ``NIGDT_STATE_DIR``."""
    return state_dir() / "panel"


def settings_path() -> Path:
    """The panel's settings; follows ``NIGDT_CONFIG_DIR``."""
    return config_dir() / "panel.json"


def write_atomically(path: Path, data: bytes) -> None:
    """Write beside the target, then rename, so that no reader meets half a file.

    New files are the user's alone.

    Raises:
        OSError: The disk or the folder refuses; the old file is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def public(path: Path) -> None:
    """Give a file that the user asked for the permissions of any other new file."""
    mask = os.umask(0o077)
    os.umask(mask)
    path.chmod(0o666 & ~mask)


def read_json(path: Path) -> dict[str, Any]:
    """An object from a JSON file, empty if it is missing or damaged: settings must never stop the panel."""
    with contextlib.suppress(OSError, ValueError):
        value = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(value, dict):
            return value
    return {}


def folder_size(folder: Path) -> int:
    """Bytes of all files below a folder."""
    total = 0
    for entry in folder.rglob("*"):
        with contextlib.suppress(OSError):
            if entry.is_file():
                total += entry.stat().st_size
    return total
