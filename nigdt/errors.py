"""Errors that are shown to people: one line, what happened and what to do."""

from __future__ import annotations

__all__ = ["BundleError", "CaptionError", "ModelError", "NigdtError", "PhotoError", "SelectionError"]


class NigdtError(Exception):
    """Base of every error this library raises on purpose.

    Attributes:
        message: What happened, one sentence without line breaks.
        hint: What to do about it, one sentence, or empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = " ".join(message.split())
        self.hint = " ".join(hint.split())

    def __str__(self) -> str:
        """The message and the hint in one line."""
        return f"{self.message} {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[type[NigdtError], tuple[str, str]]:
        return type(self), (self.message, self.hint)


class BundleError(NigdtError):
    """A model bundle is missing, damaged or of another kind than this version reads."""


class DeviceError(NigdtError):
    """A device is not there, or does not compute what is asked of it."""


class PhotoError(NigdtError):
    """A photo cannot be read, changed or written."""


class SelectionError(NigdtError):
    """A selection is empty or does not fit its photo."""


class CaptionError(NigdtError):
    """A caption cannot be used."""


class ModelError(NigdtError):
    """A model's answer cannot be used."""
