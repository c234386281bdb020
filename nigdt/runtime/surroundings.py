"""What the user's environment does to a process of ours before its libraries are imported."""

from __future__ import annotations

import os
import re
import sys

__all__ = ["drop_interactive_end", "drop_unreadable_allocator_settings"]

_ALLOCATOR_SETTINGS = ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_HIP_ALLOC_CONF")
_PAIR = r"[^:,\[\]]+:(?:[^:,\[\]]+|\[[^\[\]]*\])"
_READABLE = re.compile(rf"(?:{_PAIR}(?:,+{_PAIR})*,*)?")


def drop_unreadable_allocator_settings() -> list[str]:
    """Unset what PyTorch's allocators cannot read, for they end the process as torch is imported.

    Returns:
        The names of the variables that were unset.
    """
    dropped = [
        name
        for name in _ALLOCATOR_SETTINGS
        if not _READABLE.fullmatch("".join(os.environ.get(name, "").split()))
    ]
    for name in dropped:
        del os.environ[name]
    return dropped


def drop_interactive_end() -> None:
    """Run anew without PYTHONINSPECT: Python would print a traceback at the end, and exit with 1."""
    if os.environ.pop("PYTHONINSPECT", "") and sys.platform != "win32":
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - our own command line
