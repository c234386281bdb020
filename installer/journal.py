"""What a run says on the screen and keeps in its log file."""

from __future__ import annotations

import contextlib
import re
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TextIO

LOG_LIMIT_BYTES = 4 * 1024 * 1024
# What a terminal would obey, what no UTF-8 can say, and what turns the writing's direction.
_UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_MOST_CHARS = 1_000  # of a line


def seconds(duration: float) -> str:
    """Return a duration in seconds as people write it: `0.4 s`, `12 s`, `3 min 05 s`."""
    if duration < 10:
        return f"{duration:.1f} s"
    if duration < 100:
        return f"{duration:.0f} s"
    return f"{int(duration) // 60} min {int(duration) % 60:02d} s"


class Journal:
    """Prints for people; writes the same and every command's output to a log file.

    Args:
        path: the log file, appended to; None keeps no log (a dry run writes nothing). Where it cannot be
            written, on a full disk say, there is none: what is said on the screen matters more.
        screen: where people read.
    """

    def __init__(self, path: Path | None, screen: TextIO | None = None) -> None:
        self.path = path
        self.screen = screen or sys.stdout
        self.durations: list[tuple[str, float]] = []
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
                    path.replace(path.with_suffix(".old.log"))
                path.touch()
            except OSError:
                self.path = None
            self.note(f"--- {datetime.now().astimezone().isoformat(timespec='seconds')} {' '.join(sys.argv)}")

    def say(self, text: str = "") -> None:
        """Tell the person, and log it; names of files and folders show as text only."""
        lines = _UNSHOWN.sub("?", text).split("\n")
        text = "\n".join(line if len(line) <= _MOST_CHARS else f"{line[:_MOST_CHARS]}..." for line in lines)
        print(text, file=self.screen, flush=True)
        self.note(text)

    def note(self, text: str) -> None:
        """Log only."""
        if self.path is not None:
            with contextlib.suppress(OSError), self.path.open("a", encoding="utf-8", errors="replace") as log:
                log.write(text + "\n")

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announce a step, time it, and say how long it took."""
        self.say(f"==> {title}")
        start = time.monotonic()
        yield
        duration = time.monotonic() - start
        self.durations.append((title, duration))
        self.say(f"    done in {seconds(duration)}")
