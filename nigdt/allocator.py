"""The C library's allocator, where it is glibc's: what it returns to the system, and when."""

from __future__ import annotations

import ctypes
import sys

__all__ = ["trim", "tune"]

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # of glibc's malloc.h


def tune(*, large: int, kept: int | None = None, arenas: int | None = None) -> None:
    """Set for good what is returned to the system. Call this before any thread starts.

    By itself, glibc raises the first two limits to the sizes that a program frees.

    Args:
        large: Bytes from which on a block is taken from the system by itself, and returned when it is freed.
        kept: Bytes that may stay free at the end of a heap; None leaves that to glibc.
        arenas: Heaps for all threads together; None leaves that to glibc.
    """
    libc = _glibc()
    if libc is None:
        return
    for setting, value in ((_M_ARENA_MAX, arenas), (_M_MMAP_THRESHOLD, large), (_M_TRIM_THRESHOLD, kept)):
        if value is not None:
            libc.mallopt(setting, value)


def trim() -> None:
    """Return to the system what is free."""
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    """Return the C library, where it is glibc."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
