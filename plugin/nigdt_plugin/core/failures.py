"""What failed, as a code that the window words in the user's language."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from nigdt_backend.client import DaemonError

from nigdt.errors import BundleError, CaptionError, NigdtError, PhotoError, SelectionError

LOCAL = (
    "photo",
    "open",
    "save",
    "protected",
    "full",
    "bundle",
    "selection",
    "caption",
    "file",
    "entry",
    "entry-gone",
    "other-photo",
    "flattened",
    "mixed",
    "internal",
)
"""Codes of what fails in the panel itself; the others are those of the daemon and of its client."""

_KINDS: tuple[tuple[type[NigdtError], str], ...] = (
    (PhotoError, "photo"),
    (BundleError, "bundle"),
    (SelectionError, "selection"),
    (CaptionError, "caption"),
)

_REFUSED = {
    errno.EACCES: "protected",
    errno.EPERM: "protected",
    errno.EROFS: "protected",
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
}
"""Why systems most often refuse to write a picture."""


@dataclass(frozen=True)
class Failure:
    """One failure.

    Attributes:
        code: One of `LOCAL`, or a code of the protocol.
        message: What happened, in English.
        hint: What to do, in English; may be empty.
        seconds: After how long to try again, if the daemon said so.
    """

    code: str
    message: str
    hint: str = ""
    seconds: float | None = None


def failure_of(error: Exception, doing: str = "") -> Failure:
    """Put an exception into words for the user.

    Args:
        error: What was raised.
        doing: "open" or "save" where that was done with a picture's file, "entry" where one of the history
            was opened.
    """
    if isinstance(error, DaemonError):
        return Failure(error.code, error.message, error.hint, error.retry_after)
    if isinstance(error, NigdtError):
        code = next((code for kind, code in _KINDS if isinstance(error, kind)), "internal")
        return Failure(doing if doing and code == "photo" else code, error.message, error.hint)
    if doing == "entry" and isinstance(error, FileNotFoundError):
        return Failure("entry-gone", "")
    if isinstance(error, OSError) and doing == "save" and error.errno in _REFUSED:
        return Failure(_REFUSED[error.errno], str(error.filename or ""))
    if isinstance(error, OSError):
        return Failure(doing or "file", f"{error.strerror or error} {error.filename or ''}".strip())
    return Failure("internal", f"{type(error).__name__}: {error}")
