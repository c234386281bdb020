"""Where the training commands keep what they can make again, and where they may write."""

from __future__ import annotations

import os
from pathlib import Path

from nigdt.files import check_folder_writable


def photo_caches() -> Path:
    """Return the folder of decoded photos; the variable `NIGDT_CACHE_DIR` replaces the user's cache."""
    import platformdirs

    return Path(os.environ.get("NIGDT_CACHE_DIR") or platformdirs.user_cache_dir("nigdt")) / "photos"


def check_out(folder: Path) -> None:
    """Refuse a folder that takes no files: before hours of work, not after them.

    Raises:
        DataError: Nothing can be written there.
    """
    from nigdt_training.data.errors import DataError

    try:
        check_folder_writable(folder)
    except OSError as error:
        raise DataError(f"{folder} cannot be written: {error.strerror}.", "Choose another --out.") from None
