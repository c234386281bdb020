"""What the installer tells people when something is in the way."""

from __future__ import annotations


class InstallError(Exception):
    """A failure with its remedy.

    Attributes:
        message: what happened: a sentence with a full stop.
        remedy: what to do about it, a sentence or "Run: COMMAND"; may be empty.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class CommandError(InstallError):
    """A command ended with a status other than 0.

    Attributes:
        status: its exit status; negative for a signal.
        output: the end of what it printed.
    """

    def __init__(self, message: str, remedy: str, status: int, output: str) -> None:
        super().__init__(message, remedy)
        self.status = status
        self.output = output
