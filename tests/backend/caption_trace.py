"""Which of the project's functions hold a caption on its way from the command line to the text encoder.

Run as a program, it is a real daemon that writes them into the file named by CAPTION_TRACE.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

CAPTION = "a red zebra bird"
ROOT = Path(__file__).parents[2]
PACKAGES = ("nigdt", "backend/nigdt_backend")


def carries(value: Any, depth: int = 6) -> bool:
    """Whether a value is, or holds, the caption."""
    if isinstance(value, str):
        return value == CAPTION
    if depth == 0 or isinstance(value, (bytes, type, FrameType)) or callable(value):
        return False
    if isinstance(value, Mapping):
        return any(carries(part, depth - 1) for pair in list(value.items())[:20] for part in pair)
    if isinstance(value, (list, tuple)):
        return any(carries(part, depth - 1) for part in value[:20])
    names = ("caption", "recipe", "request", "job")
    return any(carries(getattr(value, name, None), depth - 1) for name in names)


def holders(frame: FrameType | None, as_numbers: bool) -> Iterable[str]:
    """The functions above a frame, outermost last, that hold the caption.

    Args:
        frame: The innermost one.
        as_numbers: Whether the words are numbers by now, which look like any other: then all count.
    """
    if _warms_up(frame):
        return
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        own = path.is_relative_to(ROOT) and str(path.relative_to(ROOT)).startswith(PACKAGES)
        # A comprehension is no step of its own for a reader.
        if (
            own
            and not frame.f_code.co_name.startswith("<")
            and (as_numbers or carries(tuple(frame.f_locals.values())))
        ):
            yield f"{path.relative_to(ROOT)}:{frame.f_code.co_qualname}"
        frame = frame.f_back


def _warms_up(frame: FrameType | None) -> bool:
    """Whether the model is being warmed up, by words of its own, which may happen beside the caption."""
    while frame is not None:
        if frame.f_code.co_name == "_warm_up":
            return True
        frame = frame.f_back
    return False


def watch(owner: Any, name: str, as_numbers: bool = False) -> None:
    """Write down who holds the caption whenever a method is called."""
    original = getattr(owner, name)

    def watched(*arguments: Any, **named: Any) -> Any:
        with Path(os.environ["CAPTION_TRACE"]).open("a") as file:
            file.writelines(f"{line}\n" for line in reversed(list(holders(sys._getframe(1), as_numbers))))
        return original(*arguments, **named)

    setattr(owner, name, watched)


if __name__ == "__main__":
    from nigdt_backend.daemon import process, scheduler, worker

    import nigdt.model.encoders

    watch(scheduler.Scheduler, "submit")
    watch(worker.Worker, "run")
    watch(nigdt.model.encoders.TextEncoder, "forward", as_numbers=True)
    sys.exit(process.main())
