"""Being told to end from outside: Ctrl-C, SIGTERM, a closed terminal, CPU time that is used up."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
from collections.abc import Callable

from PyQt6.QtCore import QObject, QSocketNotifier

from nigdt.runtime import cpu_time

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


def when_told_to_end(parent: QObject, tell: Callable[[int], None]) -> None:
    """Call `tell` once with the signal's number, on the UI thread, when the system asks this process to end.

    Args:
        parent: What it is for; a window, say.
        tell: Called by the event loop, never in the midst of other code.
    """
    if sys.platform == "win32":
        return
    told: list[int] = []
    reader, writer = socket.socketpair()
    for end in (reader, writer):
        end.setblocking(False)
    # Python runs handlers between two steps of its own, and Qt's loop takes none while nothing happens.
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    kind = QSocketNotifier.Type.Read
    notifier = QSocketNotifier(reader.fileno(), kind, parent)  # type: ignore[call-overload]

    def hear() -> None:
        with contextlib.suppress(BlockingIOError):
            reader.recv(64)
        if told:
            notifier.setEnabled(False)
            writer.close()
            tell(told[0])

    notifier.activated.connect(hear)
    for number in filter(None, (*(getattr(signal, name) for name in _SIGNALS), cpu_time.SIGNAL)):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup asks
            signal.signal(number, lambda number, _frame: told.append(number))
