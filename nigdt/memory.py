"""The memory that a shell allows a process (`ulimit -v`). Standard library only.

Libraries meet its end in ways of their own: an import that fails, a thread that does not start, a line of
OpenBLAS's and the end of the process. All are to be told as what they are.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["allowed_bytes", "means_too_little_memory", "needs_more", "refuse_opencv_without_room"]

_LEAST_FOR_OPENCV = 600_000_000
_SIGNS = (
    "failed to map segment",
    "cannot allocate memory",
    "can't start new thread",
    "can't allocate memory",
)


def allowed_bytes() -> int | None:
    """Return how much memory this process may use in all; None where there is no limit."""
    if sys.platform == "win32":
        return None
    import resource

    kinds = (resource.RLIMIT_AS, resource.RLIMIT_DATA)
    limits = [limit for kind in kinds for limit in resource.getrlimit(kind)]
    return min((limit for limit in limits if limit != resource.RLIM_INFINITY), default=None)


def means_too_little_memory(error: BaseException) -> bool:
    """Return whether an error says that memory, or room for a thread, has run out."""
    if isinstance(error, MemoryError):
        return True
    return any(sign in str(error).lower() for sign in _SIGNS)


def needs_more() -> tuple[str, str]:
    """Return the message and the hint for an error of which `means_too_little_memory` is true."""
    allowed = allowed_bytes()
    if allowed is None:
        return "There is not enough memory for this.", "Close other programs, and try again."
    return (
        f"This shell lets a program use {allowed / 1e6:.0f} MB of memory, which is too little for this.",
        "Allow more (`ulimit -v`).",
    )


class _Doorkeeper:
    """Looks at what is about to be imported."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> None:  # noqa: ARG002
        if name == "cv2":
            raise MemoryError


def refuse_opencv_without_room() -> None:
    """Have an import of OpenCV raise a MemoryError where its OpenBLAS would end the process."""
    allowed = allowed_bytes()
    if allowed is not None and allowed < _LEAST_FOR_OPENCV:
        sys.meta_path.insert(0, _Doorkeeper())
