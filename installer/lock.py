"""One installer at a time in one checkout.

The lock belongs to the open file, and the commands the installer starts inherit it: a pip that outlives a
killed installer keeps the next one waiting instead of both writing into the same environment.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from installer.errors import InstallError
from installer.journal import Journal

PATIENCE_SECONDS = 1800.0


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def exclusive(path: Path, journal: Journal, patience: float = PATIENCE_SECONDS) -> Iterator[int]:
    """Hold the lock file at `path`; yields its descriptor, which child processes may inherit.

    Args:
        path: the lock file; made when missing, never removed (removing would let two hold it).
        journal: told when another installer has to be waited for.
        patience: seconds to wait for the other one.

    Raises:
        InstallError: the other one is still at work after `patience` seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        deadline = time.monotonic() + patience
        told = False
        while not _try_lock(descriptor):
            if time.monotonic() >= deadline:
                raise InstallError(
                    "Another installer is at work in this folder.",
                    "Wait until it has finished, then run the same command again.",
                )
            if not told:
                journal.say("Another installer is at work in this folder; waiting for it to finish ...")
                told = True
            time.sleep(0.2)
        yield descriptor
    finally:
        os.close(descriptor)
