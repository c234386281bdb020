"""What library and daemon say about fills, in the user's language."""

from __future__ import annotations

import re

from PyQt6.QtCore import QT_TRANSLATE_NOOP

from nigdt_plugin.ui.widgets import translate

WITHOUT_WORDS = QT_TRANSLATE_NOOP("Notices", "Without words, the region is filled with its surroundings.")
_SENTENCES = (
    WITHOUT_WORDS,
    QT_TRANSLATE_NOOP("Notices", "The region is large: it is filled at {0} pixels and enlarged to {1}."),
    QT_TRANSLATE_NOOP(
        "Notices", "Nothing in the photo could be continued into the region, so the model filled it."
    ),
    QT_TRANSLATE_NOOP(
        "Notices", "What the words name is around the region already, so the photo's own was continued."
    ),
    QT_TRANSLATE_NOOP(
        "Notices",
        "The model draws nothing clear for these words, so the photo's own surroundings were continued.",
    ),
    QT_TRANSLATE_NOOP("Notices", "Damaged metadata of this photo is left out: {0}."),
    QT_TRANSLATE_NOOP(
        "Notices",
        "This photo has {0} bits per channel and is opened with 8: convert it to a 16-bit TIFF first to keep"
        " them all.",
    ),
    QT_TRANSLATE_NOOP("Notices", "{0} has no place for some metadata of this photo: {1}."),
    QT_TRANSLATE_NOOP(
        "Notices",
        "The photo's own XMP leaves no room in a {0} file to record how it was filled: save it as {1} to keep"
        " that.",
    ),
)


def worded_notice(notices: str) -> str:
    """Translate notices, one per line; one that is not known stays as it is."""
    return "\n".join(_worded(one) for one in notices.split("\n"))


def _worded(notice: str) -> str:
    for sentence in _SENTENCES:
        pattern = re.sub(r"\\\{\d\\\}", r"(.+)", re.escape(sentence))
        found = re.fullmatch(pattern, notice)
        if found is not None:
            return translate("Notices", sentence).format(*found.groups())
    return notice
