"""A progress bar for people; scripts and log files see none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def progress_bar(label: str, silent: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Give a function of (done, in all) that draws a bar on a terminal's stderr, or None elsewhere."""
    stream = sys.stderr
    if silent or not stream.isatty():
        yield None
        return
    bar = None

    def update(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            bar = click.progressbar(length=total, label=label, file=stream)
            bar.__enter__()
        bar.update(done - bar.pos)

    try:
        yield update
    finally:
        if bar is not None:
            bar.__exit__(None, None, None)
