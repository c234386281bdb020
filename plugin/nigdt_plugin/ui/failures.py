"""Failures in the user's language: a sentence for each code; what the daemon itself says stands behind it."""

from __future__ import annotations

from nigdt_backend import wording

from nigdt_plugin.core.failures import Failure
from nigdt_plugin.ui.widgets import translate


def worded(failure: Failure) -> tuple[str, str]:
    """Return what happened, and a hint with the daemon's or library's own words in brackets, or these alone.

    Args:
        failure: Codes that are not known are treated as "internal".
    """
    own = f"{failure.message} {failure.hint}".strip()
    known = wording.sentences(translate) | _own_sentences()
    return wording.worded(failure.code, own, failure.seconds, known, translate)


def _own_sentences() -> dict[str, tuple[str, str]]:
    """Return the sentences of what fails in the panel itself."""
    return {
        "photo": (translate("Failures", "This picture cannot be used."), ""),
        "open": (translate("Failures", "This file cannot be opened."), ""),
        "save": (translate("Failures", "The picture cannot be saved."), ""),
        "protected": (
            translate("Failures", "The picture cannot be saved: the file or its folder is write-protected."),
            translate("Failures", "Save it under another name or in another folder."),
        ),
        "full": (
            translate("Failures", "The picture cannot be saved: the disk is full."),
            translate("Failures", "Make room, or save it on another disk."),
        ),
        "bundle": (
            translate("Failures", "This model cannot be used."),
            translate("Failures", "Choose another model."),
        ),
        "selection": (translate("Failures", "This selection cannot be used."), ""),
        "caption": (translate("Failures", "This caption cannot be used."), ""),
        "file": (translate("Failures", "A file cannot be read or written."), ""),
        "entry": (
            translate("Failures", "This entry of the history is damaged."),
            translate("Failures", "Forget it with the button below the list."),
        ),
        "entry-gone": (
            translate("Failures", "This entry of the history is no longer there."),
            translate("Failures", "It was deleted, perhaps to make room for newer ones."),
        ),
        "other-photo": (
            translate("Failures", "This entry belongs to a larger photo."),
            translate("Failures", "Open that photo first."),
        ),
        "flattened": (
            translate("Failures", "The layers of this file are opened as one picture."),
            translate("Failures", "They blend in ways that the panel does not know."),
        ),
        "mixed": (
            translate("Failures", "These layers cannot be merged."),
            translate("Failures", "Fills make this photo opaque, and a recolouring leaves it transparent."),
        ),
    }
