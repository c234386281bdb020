"""What the installer noted in the plug-in's folder: where NIGDT itself lives."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "install.json"


@dataclass(frozen=True)
class Install:
    """Where NIGDT lives.

    Attributes:
        python: Its Python, that starts service and panel; None when unknown.
        state: Folder through which the service is found; None for the usual one.
    """

    python: str | None = None
    state: str | None = None

    def command(self, module: str, *arguments: str) -> list[str] | None:
        """Return the command line of a module of NIGDT, None where it cannot be started from here.

        GIMP may come with a Python of its own, whose variables must not reach NIGDT's: hence `-I`.
        """
        if self.python is None or _sandboxed() or not Path(self.python).exists():
            return None
        return [self.python, "-I", "-m", module, *arguments]

    @property
    def lost(self) -> Path | None:
        """The topmost folder on the way to NIGDT's Python that is not there; None when all is there.

        Somebody has moved or deleted NIGDT's folder then, or the environment in it.
        """
        if self.python is None or _sandboxed():
            return None
        python = Path(self.python)
        return next((part for part in (*reversed(python.parents), python) if not part.exists()), None)


def _sandboxed() -> bool:
    """Return whether GIMP is a Flatpak or a Snap, which starts no programs of the host and sees few files."""
    return bool(os.environ.get("FLATPAK_ID") or os.environ.get("SNAP"))


def read_install(file: Path = FILE) -> Install:
    """Read the installer's note; an absent or damaged one tells nothing."""
    try:
        note = json.loads(file.read_text(encoding="utf-8"))
        install = Install(note.get("python"), note.get("state"))
    except (OSError, ValueError, AttributeError):
        return Install()
    if install.state and "NIGDT_STATE_DIR" not in os.environ:
        os.environ["NIGDT_STATE_DIR"] = install.state
    return install
