"""The CPU time that a shell allows a process (`ulimit -t`). Standard library only.

The system ends a process that has used it up without a word. A timer of the process's own comes first, so
that work can be put away and the cause be told.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable

__all__ = ["SIGNAL", "CpuTimeUsedUpError", "allowed_seconds", "before_it_is_used_up", "raise_when_used_up"]

SIGNAL: int | None = getattr(signal, "SIGPROF", None)
"""What the timer sends; None where there is no such timer."""

_MOST_SPARE_SECONDS = 30.0


class CpuTimeUsedUpError(KeyboardInterrupt):
    """The CPU time is nearly used up; what tidies up after Ctrl-C does so after this."""

    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"This shell lets a program compute for {seconds} s, which are used up (`ulimit -t`)."
        )


def allowed_seconds() -> int | None:
    """Return how much CPU time this process may use in all; None where there is no limit."""
    if sys.platform == "win32":
        return None
    import resource

    limits = [limit for limit in resource.getrlimit(resource.RLIMIT_CPU) if limit != resource.RLIM_INFINITY]
    return min(limits, default=None)


def before_it_is_used_up(act: Callable[[int], object]) -> None:
    """Have something done shortly before the system would end the process; nothing without a limit.

    Call it from the main thread.

    Args:
        act: Called in the main thread, as any signal's handler, with the limit in seconds.
    """
    seconds = allowed_seconds()
    if seconds is None or sys.platform == "win32":
        return
    signal.signal(signal.SIGPROF, lambda *_: act(seconds))
    left = seconds - time.process_time()
    signal.setitimer(signal.ITIMER_PROF, max(left - min(_MOST_SPARE_SECONDS, seconds / 4), 0.01))


def raise_when_used_up() -> None:
    """Have the main thread raise `CpuTimeUsedUpError` shortly before the system would end the process."""

    def interrupt(seconds: int) -> None:
        raise CpuTimeUsedUpError(seconds)

    before_it_is_used_up(interrupt)
