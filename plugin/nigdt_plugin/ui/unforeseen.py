"""Errors that nobody foresaw: told to the user instead of ending the panel."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

log = logging.getLogger(__name__)


@contextmanager
def told_to(tell: Callable[[Exception], object]) -> Iterator[None]:
    """Hand on what events raise; by itself, PyQt would abort the process, unsaved work and all.

    An error that comes again from the same place, as with every repaint, is told once.

    Args:
        tell: Called in the thread in which the error was raised.
    """
    before, known = sys.excepthook, set[tuple[type[BaseException], str, int]]()

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not isinstance(error, Exception):
            before(kind, error, trace)
            return
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = (trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace is not None else ("", 0)
        if (kind, *place) in known:
            return
        known.add((kind, *place))
        log.error("unforeseen", exc_info=error)
        tell(error)

    sys.excepthook = hook
    try:
        yield
    finally:
        sys.excepthook = before
