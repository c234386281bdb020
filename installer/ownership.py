"""What of a folder is NIGDT's own, known by its files' names: only that is ever deleted."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Container, Iterable
from pathlib import Path

_TEMPORARY = r"(.*/)?\.nigdt-[0-9a-f]{12}\.tmp"
_BUNDLE = (
    r"(model|recolour|match)\.safetensors|model\.yaml|vocabulary\.json|recolour\.json|README\.md|SHA256SUMS"
    r"|sample\.png"
)
DATA = (rf"bundles/[^/]+/({_BUNDLE})", r"bundles/\.[^/]+-nigdt-[^/]+/.*", r"runs/\d{5}-[^/]+/.*", _TEMPORARY)
"""The user's models, and the trainings that the panel began."""
STATE = (
    r"(connection|running)\.json|(daemon|start)\.lock|daemon\.log(\.\d+)?",
    r"panel/(history|recovery)/[0-9a-f]{32}/[^/]+\.(png|jpg|tif|npy|npz|json)",
    _TEMPORARY,
)
"""The daemon's state, the panel's history and unsaved work."""
CONFIG = (r"daemon\.yaml|keys\.json|panel\.json", _TEMPORARY)
"""The settings, and the keys of remote clients."""
ENVIRONMENT = (
    r"(bin|include|lib|lib64|share|etc|man|Scripts|Lib|Include)(/.*)?",
    r"pyvenv\.cfg|\.gitignore|CACHEDIR\.TAG|nigdt-installer\.(json|busy)",
    _TEMPORARY,
)
"""A virtual environment; what a package puts there is the environment's."""
DEMO = (r"[^/]+\.(png|jpg|json)", _TEMPORARY)
WHEELS = (r"pyzmq-[^/]+\.whl", r"passing/.*", _TEMPORARY)


_MARKS = ((re.compile(r"runs/[^/]+/"), "settings.yaml"), (re.compile(r"bundles/[^./][^/]*/"), "model.yaml"))
"""Folders whose name alone does not tell that they are NIGDT's, and the file that does."""


def contents(folder: Path) -> list[Path]:
    """Return the files below a folder, and its empty folders; links are not followed."""
    found = []
    for place, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        found += [Path(place, name) for name in (*files, *links)]
        if not files and not folders:
            found.append(Path(place))
    return sorted(path for path in found if path != folder)


def own(folder: Path, patterns: Iterable[str]) -> list[Path]:
    """Return what of a folder's contents is NIGDT's own, by patterns of the path below the folder."""
    whole = re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
    names = {path.relative_to(folder).as_posix(): path for path in contents(folder)}
    return [path for name, path in names.items() if whole.fullmatch(name) and _is_marked(name, names)]


def _is_marked(name: str, names: Container[str]) -> bool:
    for place, mark in _MARKS:
        inside = place.match(name)
        if inside and f"{inside[0]}{mark}" not in names:
            return False
    return True


def delete(paths: Iterable[Path], folder: Path) -> None:
    """Delete files, and the folders up to and with `folder` that are empty then.

    Safe to repeat after having been killed halfway.
    """
    for path in sorted(paths, reverse=True):
        with contextlib.suppress(FileNotFoundError):
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink()
        for parent in path.parents:
            if parent != folder and folder not in parent.parents:
                break
            try:
                parent.rmdir()
            except FileNotFoundError:
                continue
            except OSError:
                break
    with contextlib.suppress(OSError):
        folder.rmdir()


def size(paths: Iterable[Path]) -> int:
    """Sum the bytes of files; what cannot be looked at counts nothing."""
    total = 0
    for path in paths:
        with contextlib.suppress(OSError):
            total += path.lstat().st_size
    return total
