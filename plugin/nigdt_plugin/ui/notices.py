"""What library and daemon say about fills, in the user's language."""

from __future__ import annotations

from nigdt.notices import worded
from nigdt_plugin.ui.widgets import translate


def worded_notice(notices: str) -> str:
    """Translate notices, one per line; one that is not known stays as it is."""
    return "\n".join(worded(notice, translate) for notice in notices.split("\n"))
