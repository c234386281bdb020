"""What a crash would lose, written while the panel runs: the photo's work, and the user's settings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from nigdt_plugin.core.document import Document
from nigdt_plugin.core.files import write_json
from nigdt_plugin.core.recovery import Lost, Recovery, Snapshot
from nigdt_plugin.core.settings import Settings
from nigdt_plugin.core.tasks import Tasks


class Keeping:
    """Writes in threads, and only what changed since the last time.

    Args:
        settings: The user's choices.
        tasks: Threads.
        failed: Told of an error of work in a thread.
    """

    def __init__(self, settings: Settings, tasks: Tasks, failed: Callable[[Exception], None]) -> None:
        self.recovery = Recovery()
        self._settings, self._tasks, self._failed = settings, tasks, failed
        self._kept_settings = settings.files()
        self._kept: tuple[Any, ...] = ()

    def begin(self) -> None:
        """Forget the work on the photo before: it is saved, or was given up."""
        self.recovery.discard()
        self.recovery = Recovery()
        self._kept = ()

    def adopt(self, lost: Lost) -> None:
        """Go on with the files of a panel that ended badly."""
        self.recovery.adopt(lost)

    def saved(self, document: Document, caption: str) -> None:
        """Note that a file holds the work."""
        self.recovery.discard()
        self._kept = _state(document, caption)

    def write(self, document: Document | None, caption: str) -> None:
        """Write the settings and the work, if they changed."""
        for path, values in self._settings.files().items():
            if values != self._kept_settings.get(path):
                self._kept_settings[path] = values
                self._tasks.run(partial(write_json, path, values), failed=self._failed)
        if document is None or not (document.modified or len(document.undo_stack)):
            return
        state = _state(document, caption)
        if state == self._kept:
            return
        self._kept = state
        # Not copied here, where a large mask would block the interface. What is drawn on it while it is
        # written may be in the file by half; it changes the state, so the next turn writes it anew.
        mask = document.selection.mask
        snapshot = Snapshot(document.photo, document.path, document.layers, mask, caption, document.near)
        recovery = self.recovery
        self._tasks.run(lambda: recovery.write(snapshot), failed=self._failed)


def _state(document: Document, caption: str) -> tuple[Any, ...]:
    return document.photo, document.layers, document.selection.revision, caption
