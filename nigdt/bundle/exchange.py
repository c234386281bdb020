"""Replace a folder by another so that, whatever fails or ends in between, the old or the new one is there.

The new folder is filled inside a hidden one beside the target, put on disk, and exchanged with the target in
one step where the system can (Linux). Elsewhere the old one is moved aside first, and back if the rest fails;
`recover` moves it back when the process was killed in between.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nigdt.limits import NAME

__all__ = ["recover", "replaced"]

_HIDDEN = re.compile(rf"\.(?P<name>{NAME})-nigdt-[a-z0-9_]{{8}}")
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@contextlib.contextmanager
def replaced(target: Path) -> Iterator[Path]:
    """Give an empty folder to fill, which takes the place of `target` at the end.

    Args:
        target: The folder to be made or replaced.

    Raises:
        OSError: The disk refuses. The old folder is as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    recover(target.parent)
    hidden = Path(tempfile.mkdtemp(prefix=f".{target.name}-nigdt-", dir=target.parent))
    lock = _lock(hidden)
    try:
        new = hidden / "new"
        new.mkdir()
        yield new
        _put_on_disk(new)
        if not target.exists():
            new.rename(target)
        elif not _exchange(new, target):
            old = hidden / "old"
            target.rename(old)
            try:
                new.rename(target)
            except OSError:
                old.rename(target)
                raise
        _sync(target.parent)
    finally:
        if target.exists() or not (hidden / "old").exists():
            shutil.rmtree(hidden, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def recover(parent: Path) -> None:
    """Put back what a killed process had moved aside in a folder, and remove what it left."""
    with contextlib.suppress(OSError):
        for hidden in [entry for entry in parent.iterdir() if _HIDDEN.fullmatch(entry.name)]:
            lock = _lock(hidden)
            if lock is None:
                continue  # its process is at work
            try:
                match = _HIDDEN.fullmatch(hidden.name)
                assert match is not None
                target = parent / match["name"]
                if (hidden / "old").is_dir() and not target.exists():
                    (hidden / "old").rename(target)
                shutil.rmtree(hidden, ignore_errors=True)
            finally:
                os.close(lock)


def _put_on_disk(folder: Path) -> None:
    for path in folder.iterdir():
        _sync(path)
    _sync(folder)


if sys.platform == "win32":

    def _lock(folder: Path) -> int | None:
        """Do nothing: folders cannot be locked there; what is left of a killed process stays."""
        handle = os.open(os.devnull, os.O_RDONLY)
        return handle if not (folder / "old").exists() else None

    def _sync(path: Path) -> None:  # noqa: ARG001 - folders cannot be opened there
        return None

else:
    import fcntl

    def _lock(folder: Path) -> int | None:
        """Lock a folder; None when another process has."""
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return None
        return handle

    def _sync(path: Path) -> None:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False where the system or the file system cannot."""
    if sys.platform != "linux":
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return False
    return bool(
        rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), ctypes.c_uint(_RENAME_EXCHANGE))
        == 0
    )
