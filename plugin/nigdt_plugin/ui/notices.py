"""What library, daemon and panel say about fills and photos, in the user's language."""

from __future__ import annotations

from nigdt import notices
from nigdt_plugin.core.recovery import LAYER_LOST, SELECTION_LOST
from nigdt_plugin.ui.widgets import translate

ALL = (*notices.ALL, LAYER_LOST, SELECTION_LOST)
"""What is translated here: the list that GIMP has too, and what only the panel says."""

TRANSLATED = (*ALL, *notices.METADATA)
"""The same, and the names that are filled in."""


def worded_notice(told: str) -> str:
    """Translate notices, one per line; one that is not known stays as it is."""
    return "\n".join(notices.worded(notice, translate, ALL) for notice in told.split("\n"))
