"""Failures in the user's language: a sentence for each code; what the daemon itself says stands behind it."""

from __future__ import annotations

from nigdt_plugin.core.failures import Failure
from nigdt_plugin.ui.widgets import translate


def worded(failure: Failure) -> tuple[str, str]:
    """Return what happened, and what to do with the daemon's or library's own words in brackets.

    Args:
        failure: Codes that are not known are treated as "internal".
    """
    sentences = _sentences()
    message, hint = sentences.get(failure.code, sentences["internal"])
    if failure.seconds:
        hint = translate("Failures", "Try again in {seconds} s.").format(
            seconds=max(1, round(failure.seconds))
        )
    own = f"{failure.message} {failure.hint}".strip()
    return message, f"{hint} ({own})".strip() if own else hint


def _sentences() -> dict[str, tuple[str, str]]:
    again = translate("Failures", "Try again.")
    restart = translate("Failures", "Close every window of NIGDT, wait a minute and start it again.")
    versions = translate("Failures", "The panel and the model's process do not fit together.")
    update = translate("Failures", "Run the installer's update, then start the panel again.")
    busy = translate("Failures", "The model is busy with other fills."), again
    silent = translate("Failures", "The model's process does not answer."), restart
    ended = translate("Failures", "The model's process ended while it was needed."), again
    misunderstood = versions, update
    failed = (
        translate("Failures", "The model failed at this fill."),
        translate("Failures", "Try another region or caption."),
    )
    other_model = translate("Failures", "Choose another model.")
    return {
        "bad-message": misunderstood,
        "bad-request": misunderstood,
        "version": misunderstood,
        "job-id-reused": misunderstood,
        "unknown-job": misunderstood,
        "too-large": (
            translate("Failures", "This fill is too large."),
            translate("Failures", "Select a smaller region, or shorten the caption."),
        ),
        "busy": busy,
        "rate": busy,
        "too-many-clients": busy,
        "unknown-bundle": (translate("Failures", "This model is not installed."), other_model),
        "bundle-broken": (
            translate("Failures", "This model is damaged."),
            translate("Failures", "Choose another model, or install this one again."),
        ),
        "cancelled": (translate("Failures", "The fill was stopped."), ""),
        "superseded": (translate("Failures", "The fill was stopped."), ""),
        "stopping": ended,
        "restarting": ended,
        "lost": ended,
        "forbidden": (translate("Failures", "The other machine does not allow this."), ""),
        "model-failed": failed,
        "not-a-number": failed,
        "hung": silent,
        "silent": silent,
        "out-of-memory": (
            translate("Failures", "The computer's memory does not suffice for this fill."),
            translate("Failures", "Select a smaller region."),
        ),
        "not-running": (
            translate("Failures", "The model's process is not running."),
            translate("Failures", "Start it, or open the panel on the machine where it runs."),
        ),
        "cannot-start": (
            translate("Failures", "The model's process cannot be started."),
            translate("Failures", "Run the installer again to repair the installation."),
        ),
        "unsafe-state": (
            translate("Failures", "Others could read what leads to the model's process."),
            translate("Failures", "Take their rights to that folder away, then try again."),
        ),
        "photo": (translate("Failures", "This picture cannot be used."), ""),
        "open": (translate("Failures", "This file cannot be opened."), ""),
        "save": (translate("Failures", "The picture cannot be saved."), ""),
        "bundle": (translate("Failures", "This model cannot be used."), other_model),
        "selection": (translate("Failures", "This selection cannot be used."), ""),
        "caption": (translate("Failures", "This caption cannot be used."), ""),
        "file": (translate("Failures", "A file cannot be read or written."), ""),
        "other-photo": (
            translate("Failures", "This entry belongs to a larger photo."),
            translate("Failures", "Open that photo first."),
        ),
        "flattened": (
            translate("Failures", "The layers of this file are opened as one picture."),
            translate("Failures", "They blend in ways that the panel does not know."),
        ),
        "internal": (translate("Failures", "Something unexpected went wrong."), again),
    }
