"""What can go wrong, in the user's words: what happened and what to do."""

from __future__ import annotations

from nigdt_backend.client import DaemonError
from nigdt_backend.protocol import ProtocolError

from nigdt.limits import Mode
from nigdt_fill.install import Install, read_install
from nigdt_fill.plan import DEFAULT_MODEL
from nigdt_fill.texts import _, ngettext


class Problem(Exception):  # noqa: N818 - mostly nobody's error: nothing selected, the service busy
    """Why there is no fill; the text is shown to the user as it is."""


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


def from_daemon(error: DaemonError, model: str, way: Mode = "describe") -> Problem:
    """Say a failure of the service so that it helps someone who never opens a terminal.

    Args:
        error: What the client reported.
        model: Name of the model that was asked for.
        way: What was to be done.
    """
    code, reason = error.code, error.message.rstrip(".")
    if code == "not-running" and (moved := lost(read_install())):
        return moved
    if code == "not-running":
        return Problem(_("The NIGDT service is not running. Open the NIGDT panel once, then try again."))
    if code == "cannot-start":
        return Problem(
            _(
                "The NIGDT service could not be started ({reason}). Run NIGDT's installer again to repair it."
            ).format(reason=reason)
        )
    if code == "version":
        return Problem(
            _("This plug-in and the NIGDT service are of different versions. Run NIGDT's installer again.")
        )
    if code in ("silent", "hung"):
        return Problem(
            _("The NIGDT service does not answer. Close the NIGDT panel, wait a minute and try again.")
        )
    if code in ("lost", "stopping", "restarting"):
        return Problem(_("The NIGDT service ended while it worked on this fill. Try again."))
    if code in ("busy", "rate", "too-many-clients"):
        seconds = max(1, round(error.retry_after or 5))
        text = ngettext(
            "NIGDT is busy with other fills. Try again in {n} second.",
            "NIGDT is busy with other fills. Try again in {n} seconds.",
            seconds,
        )
        return Problem(text.format(n=seconds))
    if code == "unknown-bundle" and model == DEFAULT_MODEL:
        return Problem(_("No model is installed. Run NIGDT's installer again."))
    if code == "unknown-bundle":
        return Problem(_("There is no model named “{model}” here. Choose another model.").format(model=model))
    if code == "bundle-broken":
        return Problem(
            _("The model “{model}” is damaged ({reason}). Choose another model or install it again.").format(
                model=model, reason=reason
            )
        )
    if code == "bad-request" and way == "recolour":
        return Problem(_("The description names no colour. Name one: “a red bird”, or just “turquoise”."))
    if code == "out-of-memory":
        return Problem(_("The computer's memory does not suffice for this fill. Select a smaller region."))
    if code == "too-large":
        text = _("This fill is too large. Select a smaller region or shorten the description.")
    elif code in ("model-failed", "not-a-number"):
        text = _("The model failed at this fill. Try another region or description.")
    elif code == "unsafe-state":
        text = _(
            "Others on this computer could read what leads to the NIGDT service. Have their rights removed."
        )
    elif code == "forbidden":
        text = _("The computer that runs the NIGDT service does not allow this.")
    elif code in ("bad-message", "bad-request", "job-id-reused", "unknown-job"):
        text = _("The NIGDT service did not understand this plug-in. Run NIGDT's installer again.")
    else:
        text = _("The NIGDT service failed. Try again.")
    own = f"{error.message} {error.hint}".strip()
    return Problem(f"{text} ({own})" if own else text)
