"""Cropping the photo and extending its canvas, as steps that can be undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nigdt_plugin.core.display import Display
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.filling import Filling


@dataclass(frozen=True, eq=False)
class Desk:
    """One picture with its fills and what the canvas shows of it."""

    document: Document
    filling: Filling
    display: Display


@dataclass
class FrameStep:
    """Another part of the photo takes the place of the picture; see `UndoStep`. Both share one undo stack."""

    lay: Callable[[Desk], None]
    label: str
    before: Desk
    after: Desk

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return 3 * self.before.document.rgb.nbytes  # photo, picture, and its smaller copies

    def undo(self) -> None:
        """Show the picture before."""
        self.lay(self.before)

    def redo(self) -> None:
        """Show the other part."""
        self.lay(self.after)
