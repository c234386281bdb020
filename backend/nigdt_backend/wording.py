"""What a client says when the daemon or the way to it fails: one sentence and one hint for each code.

Panel and GIMP plug-in both read it and bring their own translator. Standard library only.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["sentences", "worded"]

Translate = Callable[[str, str], str]
"""Takes a context, for translators who sort by it, and an English text; returns the user's."""


def worded(
    code: str, own: str, seconds: float | None, known: dict[str, tuple[str, str]], translate: Translate
) -> tuple[str, str]:
    """Return what happened, and a hint with the daemon's or library's own words in brackets, or these alone.

    Args:
        code: Codes that are not known are treated as "internal".
        own: What the daemon or the library says, in English; may be empty.
        seconds: After how long to try again, if the daemon said so.
        known: `sentences`, or more than these.
        translate: Into the user's language.
    """
    message, hint = known.get(code, known["internal"])
    if seconds:
        hint = translate("Failures", "Try again in {seconds} s.").format(seconds=max(1, round(seconds)))
    return message, f"{hint} ({own})" if hint and own else hint or own


def sentences(translate: Translate) -> dict[str, tuple[str, str]]:
    """Return by code what happened and what to do, the second perhaps empty, in the user's language."""
    again = translate("Failures", "Try again.")
    other_model = translate("Failures", "Choose another model.")
    misunderstood = (
        translate("Failures", "This program and the NIGDT service are of different versions."),
        translate("Failures", "Run NIGDT's installer again."),
    )
    busy = translate("Failures", "NIGDT is busy with other fills."), again
    silent = (
        translate("Failures", "The NIGDT service does not answer."),
        translate("Failures", "Close NIGDT's windows, wait a minute and try again."),
    )
    ended = translate("Failures", "The NIGDT service ended while it was needed."), again
    stopped = translate("Failures", "The fill was stopped."), ""
    failed = (
        translate("Failures", "The model failed at this fill."),
        translate("Failures", "Try another region or caption."),
    )
    return {
        "bad-message": misunderstood,
        "bad-request": misunderstood,
        "version": misunderstood,
        "job-id-reused": misunderstood,
        "unknown-context": misunderstood,
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
        "cancelled": stopped,
        "superseded": stopped,
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
            translate("Failures", "The NIGDT service is not running."),
            translate("Failures", "Open the NIGDT panel on the machine where it runs, then try again."),
        ),
        "cannot-start": (
            translate("Failures", "The NIGDT service cannot be started."),
            translate("Failures", "Run NIGDT's installer again."),
        ),
        "unsafe-state": (
            translate("Failures", "Others could read what leads to the NIGDT service."),
            translate("Failures", "Take their rights to that folder away, then try again."),
        ),
        "internal": (translate("Failures", "Something unexpected went wrong."), again),
    }
