"""Errors that are shown to people: what happened, then what to do about it, on one line."""

from __future__ import annotations

import os
import re
import shlex

__all__ = [
    "UNKNOWN_HOME",
    "BundleError",
    "CaptionError",
    "DeviceError",
    "ModelError",
    "NigdtError",
    "PhotoError",
    "SelectionError",
    "TransparentError",
    "install_hint",
    "is_unknown_home",
    "one_line",
    "printable",
    "shell_word",
]

_MOST_CHARS, _TAIL_CHARS = 1_000, 300
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_UNSHOWN = re.compile("[\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
_SENTENCE_ENDS = (".", "!", "?", "…")


def printable(text: str) -> str:
    """Return a text without what a terminal would obey or UTF-8 cannot encode.

    Control characters, line breaks among them, become spaces; lone surrogates, which stand for bytes of a
    file's name that are not UTF-8, and marks that turn the writing's direction become question marks.
    """
    return _UNSHOWN.sub("?", _CONTROLS.sub(" ", text))


def one_line(message: str, hint: str = "") -> str:
    """Join a message and its hint to one line, with a full stop between the two.

    Args:
        message: What happened. A full stop is added if it lacks one, as quoted system errors do.
        hint: What to do about it, or empty.

    Either is cut in its middle where it is very long, as one that holds a path may be.
    """
    message, hint = (_shortened(" ".join(printable(text).split())) for text in (message, hint))
    if message and not message.endswith(_SENTENCE_ENDS):
        message += "."
    return f"{message} {hint}".strip()


def _shortened(text: str) -> str:
    return (
        text if len(text) <= _MOST_CHARS else f"{text[: _MOST_CHARS - _TAIL_CHARS]} ... {text[-_TAIL_CHARS:]}"
    )


def shell_word(path: str | os.PathLike[str]) -> str:
    """Return a path as a shell takes it, for commands that messages give; without line breaks."""
    text = os.fspath(path)
    if printable(text) == text:
        return shlex.quote(text)
    plain = set(range(0x20, 0x7F)) - set(b"'\\")
    return "$'" + "".join(chr(one) if one in plain else f"\\x{one:02x}" for one in os.fsencode(text)) + "'"


def install_hint(extra: str) -> str:
    """Say how to install what is missing.

    Args:
        extra: The extra of this distribution that brings it, such as "training".
    """
    return f"Run in the folder of NIGDT: python3 installer install --extras {extra}"


UNKNOWN_HOME = ("Your home folder is not known.", "Set HOME to a folder of yours.")
"""Message and hint for `is_unknown_home`."""


def is_unknown_home(error: RuntimeError) -> bool:
    """Return whether it is the error of pathlib and platformdirs about a user without a home folder."""
    return "home directory" in str(error)


class NigdtError(Exception):
    """Base of every error this library raises on purpose.

    Attributes:
        message: What happened: a sentence with a full stop, without line breaks.
        hint: What to do about it, one sentence, or empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = one_line(message)
        self.hint = " ".join(hint.split())

    def __str__(self) -> str:
        return one_line(self.message, self.hint)

    def __reduce__(self) -> tuple[type[NigdtError], tuple[str, str]]:
        return type(self), (self.message, self.hint)


class BundleError(NigdtError):
    """A model bundle is missing, damaged or of a format this version cannot read."""


class DeviceError(NigdtError):
    """A device does not exist, or cannot compute what it is asked to."""


class PhotoError(NigdtError):
    """A photo cannot be read, changed or written."""


class SelectionError(NigdtError):
    """A selection is empty or does not fit its photo."""


class TransparentError(SelectionError):
    """A selection holds nothing that can be seen, where something has to be."""


class CaptionError(NigdtError):
    """A caption cannot be used."""


class ModelError(NigdtError):
    """A model's output cannot be used."""
