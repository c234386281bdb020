"""Python's interpreter in programs whose threads have to answer at once."""

from __future__ import annotations

import gc
import sys

__all__ = ["hand_over_soon", "leave_alone"]

_SWITCH_SECONDS = 0.001


def hand_over_soon() -> None:
    """Let a thread keep the interpreter's lock for 1 ms while another waits for it, instead of 5.

    A fill passes it on forty times, in the daemon and in the panel.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)


def leave_alone() -> None:
    """Leave all that there is now out of every collection of garbage.

    Call this once a program has started. What its modules made stays to the end, and a collection that looks
    through all of it holds every thread up: the panel's for 24 ms, on a busy machine for longer.
    """
    gc.collect()
    gc.freeze()
