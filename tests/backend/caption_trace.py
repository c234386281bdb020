"""Which of the project's functions hand a caption on, on its way from `nigdt fill` to the text encoder.

Every call of a process is watched. "callee < caller" is written down where the caption goes into a function
whose caller holds it itself: in its arguments and variables, or as what another call just gave it.

Run as a program, it is a real daemon that writes them into the file named by CAPTION_TRACE.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

CAPTION = "a red zebra bird"
ROOT = Path(__file__).parents[2]
PACKAGES = ("nigdt", "backend/nigdt_backend")
_FIELDS = ("caption", "recipe", "request", "job", "jobs", "frames")
_MOST = 40
"""Parts of a list, a dictionary or a tensor that is looked through; pictures have more."""

_words: list[int] = []
"""The caption as word indices, as soon as there are any."""
_names: dict[CodeType, str] = {}
_given: set[str] = set()
"""Functions to which a call gave the caption back."""


def carries(value: Any, depth: int = 8) -> bool:
    """Whether a value is, or holds, the caption."""
    if isinstance(value, str):
        return CAPTION in value
    if isinstance(value, bytes):
        return CAPTION.encode() in value
    if depth == 0 or value is None or isinstance(value, int | float | type):
        return False
    if isinstance(value, Mapping):
        return len(value) <= _MOST and any(carries(part, depth - 1) for part in (*value, *value.values()))
    if isinstance(value, list | tuple):
        whole_numbers = all(isinstance(part, int) for part in value)
        if whole_numbers:
            return bool(_words) and list(value) == _words
        return len(value) <= _MOST and any(carries(part, depth - 1) for part in value)
    if type(value).__name__ == "Tensor":
        return bool(_words) and value.ndim == 2 and value.numel() <= _MOST and _words in value.tolist()
    if isinstance(value, partial):
        return carries((value.func, *value.args), depth - 1)
    if isinstance(value, FunctionType):
        return any(carries(cell.cell_contents, depth - 1) for cell in value.__closure__ or ())
    if not type(value).__module__.startswith("nigdt"):
        return False
    return any(carries(getattr(value, name, None), depth - 1) for name in _FIELDS)


def _name(code: CodeType) -> str:
    """The name of one of the project's functions, empty for any other, and for lambdas and comprehensions."""
    if code not in _names:
        path = Path(code.co_filename)
        own = path.is_relative_to(ROOT) and str(path.relative_to(ROOT)).startswith(PACKAGES)
        plain = not code.co_name.startswith("<")
        _names[code] = f"{path.relative_to(ROOT)}:{code.co_qualname}" if own and plain else ""
    return _names[code]


def _watch(frame: FrameType, event: str, value: Any) -> None:
    name = _name(frame.f_code) if event in ("call", "return") else ""
    if not name:
        return
    caller = frame.f_back
    while caller is not None and not _name(caller.f_code):
        caller = caller.f_back
    if caller is None:
        return
    above = _name(caller.f_code)
    if event == "return":
        if name.endswith("Vocabulary.encode") and carries(tuple(frame.f_locals.values())):
            _words[:] = value
        if carries(value):
            _given.add(above)
    elif carries(tuple(frame.f_locals.values())) and (above in _given or _holds(caller)):
        with Path(os.environ["CAPTION_TRACE"]).open("a") as file:
            file.write(f"{name} < {above}\n")


def _holds(frame: FrameType) -> bool:
    """Whether a function holds the caption in a variable of its own, rather than in its object."""
    return carries(tuple(value for name, value in frame.f_locals.items() if name != "self"))


def begin() -> None:
    """Watch this thread and those that it starts."""
    threading.setprofile(_watch)
    sys.setprofile(_watch)


if __name__ == "__main__":
    from nigdt_backend.daemon import process

    begin()
    sys.exit(process.main())
