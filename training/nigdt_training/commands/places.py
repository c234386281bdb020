"""Where the training commands keep what they can make again."""

from __future__ import annotations

import os
from pathlib import Path


def photo_caches() -> Path:
    """Return the folder of decoded photos; the variable `NIGDT_CACHE_DIR` replaces the user's cache."""
    import platformdirs

    return Path(os.environ.get("NIGDT_CACHE_DIR") or platformdirs.user_cache_dir("nigdt")) / "photos"
