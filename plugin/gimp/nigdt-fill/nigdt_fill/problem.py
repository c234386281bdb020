"""What can go wrong, in the user's words: what happened and what to do."""

from __future__ import annotations

from nigdt_backend import wording
from nigdt_backend.client import DaemonError
from nigdt_backend.protocol import ProtocolError

from nigdt.limits import Mode
from nigdt_fill.install import Install, read_install
from nigdt_fill.plan import DEFAULT_MODEL
from nigdt_fill.texts import _, in_context

_SAID = {"busy", "hung", "lost", "not-running", "out-of-memory", "rate", "restarting", "silent", "stopping"}
_SAID |= {"too-many-clients", "version"}
"""Of these the sentence says all; the daemon's own words would send the user to a terminal."""


class Problem(Exception):  # noqa: N818 - mostly nobody's error: nothing selected, the service busy
    """Why there is no fill; the text is shown to the user as it is."""


class Closed(Problem):
    """The image was closed before the fill was ready."""


class Cancelled(Exception):  # noqa: N818 - the user's wish
    """The user stopped it; there is nothing to say."""


def as_daemon_error(error: DaemonError | ProtocolError) -> DaemonError:
    """Return `error` as the kind that `from_daemon` takes."""
    return error if isinstance(error, DaemonError) else DaemonError(error.code, error.message, error.hint)


def lost(install: Install) -> Problem | None:
    """Say that NIGDT is not where the installer put it, if so."""
    if install.lost is None:
        return None
    return Problem(
        _(
            "NIGDT is not in “{folder}” any more. Open NIGDT's installer again, in the folder where NIGDT is "
            "now."
        ).format(folder=install.lost)
    )


def from_daemon(error: DaemonError, model: str, mode: Mode = "describe") -> Problem:
    """Say a failure of the service so that it helps someone who never opens a terminal.

    The words are the panel's too, but where more is known here.

    Args:
        error: What the client reported.
        model: Name of the model that was asked for.
        mode: What was to be done.
    """
    code = error.code
    if code == "not-running" and (moved := lost(read_install())):
        return moved
    if code == "unknown-bundle" and model == DEFAULT_MODEL:
        return Problem(_("No model is installed. Run NIGDT's installer again."))
    if code == "bad-request" and mode == "recolour":
        return Problem(_("The description names no colour. Name one: “a red bird”, or just “turquoise”."))
    own = "" if code in _SAID else f"{error.message} {error.hint}".strip()
    known = wording.sentences(in_context)
    known["not-running"] = (known["not-running"][0], _("Open the NIGDT panel once, then try again."))
    message, hint = wording.worded(code, own, error.retry_after, known, in_context)
    return Problem(f"{message} {hint}".strip())
