"""Where the panel keeps its own files, and writing them all or nothing."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nigdt_backend.paths import config_dir, state_dir

from nigdt import files
from nigdt.files import Content, make_private_folder
from nigdt.photo.camera import CAMERA_FORMATS
from nigdt.photo.formats import SUFFIXES
from nigdt.photo.photo import Photo

_LARGEST_JSON = 64 * 2**20


def panel_dir() -> Path:
    """Return the folder of history and recovery; follows `NIGDT_STATE_DIR`."""
    return state_dir() / "panel"


def settings_path() -> Path:
    """Return the panel's settings; follows `NIGDT_CONFIG_DIR`."""
    return config_dir() / "panel.json"


def panel_state_path() -> Path:
    """Return the file of how the panel was left; follows `NIGDT_STATE_DIR`."""
    return panel_dir() / "state.json"


def typed_path(text: str) -> Path:
    """Return what a user typed as a path: "~" is their own folder, "~name" that of others, if any."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 - Path's own raises for an unknown name


def write_atomically(path: Path, content: Content) -> None:
    """Write one of the panel's own files all or nothing, for the user alone, its folder made if missing.

    Raises:
        OSError: The disk or the folder refuses; the old file is untouched.
    """
    make_private_folder(path.parent)
    files.write_atomically(path, content, mode=0o600)


def write_json(path: Path, value: Any) -> None:
    """Write plain values as JSON in ASCII, which also holds file names that are not UTF-8.

    Raises:
        OSError: As for `write_atomically`.
    """
    write_atomically(path, json.dumps(value, indent=1).encode("ascii"))


def read_json(path: Path) -> dict[str, Any]:
    """Read an object from a JSON file; empty if missing or damaged: settings must never stop the panel."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        if not path.is_file() or path.stat().st_size > _LARGEST_JSON:  # a pipe would be waited for
            return {}
        value = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(value, dict):
            return value
    return {}


def folder_size(folder: Path) -> int:
    """Sum the bytes of all files below a folder."""
    total = 0
    for entry in folder.rglob("*"):
        with contextlib.suppress(OSError):
            if entry.is_file():
                total += entry.stat().st_size
    return total


def suffix_for(photo: Photo) -> str:
    """Return the ending of what is made of a photo whose own format is read only, such as HEIC or raw."""
    if photo.deep:
        return ".tif"
    return ".jpg" if photo.alpha8 is None else ".png"


def photos_in(folder: Path) -> list[Path]:
    """Return the photos of a folder, by name as people sort them.

    Raises:
        OSError: It cannot be read.
    """
    suffixes = {*SUFFIXES, *(suffix for entry in CAMERA_FORMATS for suffix in entry.suffixes)}
    photos = [entry for entry in folder.iterdir() if entry.suffix.lower() in suffixes]
    return sorted(photos, key=_natural)


def told_apart(paths: Sequence[str]) -> list[str]:
    """Return the names of files, with as much of their folders as tells those of the same name apart."""
    told = []
    for path in map(Path, paths):
        same = [Path(it) for it in paths if Path(it).name == path.name and Path(it) != path]
        parts = path.parent.parts
        depth = 1
        while depth < len(parts) and any(it.parent.parts[-depth:] == parts[-depth:] for it in same):
            depth += 1
        folders = str(Path(*parts[-depth:]))
        told.append(f"{path.name} ({folders})" if same else path.name)
    return told


def neighbour(path: Path, step: int) -> Path | None:
    """Return the photo that comes so many places after another in its folder; None if none does."""
    try:
        photos = photos_in(path.parent)
    except OSError:
        return None
    if path not in photos or not 0 <= photos.index(path) + step < len(photos):
        return None
    return photos[photos.index(path) + step]


def _natural(path: Path) -> list[tuple[int, str]]:
    """Return the key by which IMG_9 comes before IMG_10."""
    return [
        (int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name.lower())
    ]
