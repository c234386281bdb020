"""The texts in the user's language, by gettext; English where a translation is missing."""

from __future__ import annotations

import gettext
from pathlib import Path

DOMAIN = "nigdt-fill"
LOCALES = Path(__file__).resolve().parent.parent / "locale"

_translation = gettext.translation(DOMAIN, str(LOCALES), fallback=True)

_ = _translation.gettext


def in_context(_context: str, text: str) -> str:
    """Translate a text that the panel sorts by context; the catalogue here has none."""
    return _translation.gettext(text)
