"""The descriptions that were used last, kept in GIMP's own folder."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from nigdt.files import write_atomically

MOST = 12


class Recent:
    """The newest come first; a file that cannot be read or written costs nothing but the memory."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def captions(self, mode: str) -> list[str]:
        """Return what was asked for in a mode."""
        captions = self._read().get(mode)
        return [caption for caption in captions if isinstance(caption, str)] if captions else []

    def add(self, mode: str, caption: str) -> None:
        """Put a caption first."""
        kept = self._read()
        kept[mode] = [caption, *(other for other in self.captions(mode) if other != caption)][:MOST]
        with contextlib.suppress(OSError):
            write_atomically(self._file, json.dumps(kept).encode(), mode=0o600)

    def _read(self) -> dict[str, list[str]]:
        try:
            if not self._file.is_file():  # a pipe would be waited for
                return {}
            kept = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(kept, dict):
            return {}
        return {mode: captions for mode, captions in kept.items() if isinstance(captions, list)}
