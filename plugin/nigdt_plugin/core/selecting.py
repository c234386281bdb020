"""Selecting in a session's photo; what is large is drawn in a thread. UI thread only."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nigdt.photo.mask import read_mask
from nigdt_plugin.core.document import Document, SelectionStep
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.selection import Combine, Mask, Patch, Selection
from nigdt_plugin.core.tasks import Hook

_LARGE = 1_000_000
"""Pixels from which on a shape is drawn in a thread."""


class Selecting(ABC):
    """The part of a session that changes the selection."""

    document: Document | None
    steps: Hook

    @abstractmethod
    def work(self, work: Callable[[], Any], then: Callable[[Any], None], doing: str = "") -> None:
        """Do something long in a thread; see `Session.work`."""

    def select(self, patch: Patch, how: Combine, label: str) -> None:
        """Let a shape meet the selection."""
        if self.document is not None:
            self.document.select(patch, how, label)
            self.steps()

    def draw(self, shape: Callable[[], Patch], area: float, how: Combine, label: str) -> None:
        """Let a shape of about `area` pixels meet the selection; a large one is drawn in a thread."""
        if area < _LARGE:
            self.select(shape(), how, label)
        else:
            self.change_selection(lambda selection: selection.combined(shape(), how), label)

    def change_selection(
        self,
        change: Callable[[Selection], tuple[Region, Mask]],
        label: str,
        wanted: Callable[[], bool] = lambda: True,
        then: Callable[[], None] = lambda: None,
    ) -> None:
        """Change the selection as a whole (invert, grow ...), worked out in a thread.

        Args:
            change: Gives what is to be written.
            label: Of the step.
            wanted: Asked once it is worked out; False drops it.
            then: Called once it is done.
        """
        document = self.document
        if document is None:
            return
        revision = document.selection.revision

        def work() -> tuple[Region, Mask, SelectionStep | None]:
            copy = Selection(document.width, document.height)
            copy.put(copy.whole, document.selection.mask.copy())
            region, values = change(copy)
            step = document.selection_step(region, copy.mask[region.slices], values, label)
            return region, values, step

        def done(result: tuple[Region, Mask, SelectionStep | None]) -> None:
            region, values, step = result
            if self.document is not document or not wanted():
                return
            if document.selection.revision != revision:  # drawn on meanwhile
                self.change_selection(change, label, wanted, then)
                return
            if step is not None:
                document.selection.put(region, values)
                document.record(step)
                document.selection_changed(region)
                self.steps()
            then()

        self.work(work, done)

    def find(
        self,
        search: Callable[[np.ndarray], Patch],
        how: Combine,
        label: str,
        wanted: Callable[[], bool] = lambda: True,
        then: Callable[[], None] = lambda: None,
    ) -> None:
        """Select what is found in the picture as it is seen; for the rest see `change_selection`."""
        document = self.document
        if document is None:
            return

        self.change_selection(
            lambda selection: selection.combined(search(document.rgb), how), label, wanted, then
        )

    def load_selection(self, path: Path, label: str) -> None:
        """Take the selection from a grey picture."""
        document = self.document
        if document is not None:
            self.change_selection(lambda it: (it.whole, read_mask(path, it.width, it.height)), label)
