"""The models on this machine, and the words they know. Reads bundles without torch."""

from __future__ import annotations

import logging
import subprocess
from functools import lru_cache
from pathlib import Path

from nigdt_backend.launch import interpreter

from nigdt import limits
from nigdt.bundle import bundle
from nigdt.bundle.bundle import BundleInfo
from nigdt.bundle.writing import remove_bundle
from nigdt.errors import BundleError, NigdtError
from nigdt.text import Vocabulary

log = logging.getLogger(__name__)

FALLBACK_SIZE = limits.DEFAULT_SIZE
"""Side of the context when no model is installed."""


def available() -> list[BundleInfo]:
    """Return every bundle that can be read."""
    return bundle.list_bundles()


def broken() -> list[str]:
    """Say of each bundle that is left out what is wrong with it."""
    return [str(problem) for problem in bundle.broken_bundles()]


def add(source: Path) -> None:
    """Check a bundle and copy it to the user's, in a process of its own, which loads torch. Slow.

    Args:
        source: A ZIP archive, or a file of the bundle's folder.

    Raises:
        BundleError: It is no bundle, does not run here, or its name is taken.
        OSError: The process cannot be started.
    """
    path = source if source.suffix.lower() == ".zip" else source.parent
    command = [interpreter(), "-P", "-m", "nigdt", "models", "add", str(path.absolute())]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"It ended with error {done.returncode}."]
        raise BundleError(said[-1].removeprefix("nigdt: "))


def remove(name: str) -> None:
    """Delete one of the user's bundles.

    Raises:
        BundleError: It is not one of the user's, or the disk refuses.
    """
    remove_bundle(name)


def find(name: str) -> BundleInfo | None:
    """Return the bundle of that name ("default" included), None if there is none."""
    try:
        return bundle.find_bundle(name)
    except NigdtError as error:
        log.warning("%s", error)
        return None


@lru_cache(maxsize=8)
def _read_once(path: Path, _written: float) -> Vocabulary:
    return Vocabulary.load(path)


def vocabulary(info: BundleInfo | None) -> Vocabulary:
    """Return the words a model knows; none if it cannot be read."""
    if info is None:
        return Vocabulary([])
    try:
        path = info.folder / bundle.VOCABULARY
        return _read_once(path, path.stat().st_mtime)
    except (OSError, NigdtError) as error:
        log.warning("the words of %s cannot be read: %s", info.name, error)
        return Vocabulary([])
