"""What a bug report needs, as text."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict

from nigdt_backend.paths import log_path, state_dir

from nigdt import __version__
from nigdt_plugin.core import models
from nigdt_plugin.core.session import Session

_PRIVATE = ("recent", "captions", "presets", "window")


def report(session: Session, versions: Sequence[str], errors: Sequence[str]) -> str:
    """List versions, models, the daemon's state, settings and recent errors; no captions, no photos' names.

    Args:
        session: The panel.
        versions: Lines about libraries that this module does not import.
        errors: Messages shown to the user lately.
    """
    settings = {key: value for key, value in asdict(session.settings).items() if key not in _PRIVATE}
    document = session.document
    lines = [
        f"NIGDT {__version__}",
        f"Python {sys.version.split()[0]} on {platform.platform()}",
        *versions,
        f"State folder {state_dir()}, log {log_path()}",
        "Photo: " + (f"{document.width} x {document.height}, {document.photo.kind}" if document else "none"),
        "Models: " + (", ".join(f"{it.name} ({it.size_px} px)" for it in models.available()) or "none"),
        f"Connection: {session.link_state.phase.value}, reconnected {session.link_state.restarts} times",
        "Daemon: " + json.dumps(session.link_state.status, ensure_ascii=False),
        "Settings: " + json.dumps(settings, ensure_ascii=False),
        "Errors:",
        *(f"  {error}" for error in errors),
    ]
    return "\n".join(lines) + "\n"
