"""Fills taken out of the strip, as a step that can be undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nigdt_plugin.core.fills import Candidate, Round

if TYPE_CHECKING:
    from nigdt_plugin.core.choosing import Choosing


@dataclass
class DiscardStep:
    """The fills of one round before and after; see `UndoStep`."""

    filling: Choosing
    label: str
    round: Round
    before: list[Candidate]
    after: list[Candidate]

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return sum(fill.pixels.nbytes for fill in self.before if fill not in self.after)

    def undo(self) -> None:
        """Bring back what was taken out; what has come since stays."""
        since = [fill for fill in self.round.fills if fill not in self.before]
        self._show([*self.before, *since])

    def redo(self) -> None:
        """Take it out again."""
        gone = [fill for fill in self.before if fill not in self.after]
        self._show([fill for fill in self.round.fills if fill not in gone])

    def _show(self, fills: list[Candidate]) -> None:
        self.round.fills = fills
        if self.filling.round is not self.round:
            self.filling.open_round(self.round)
        elif self.filling.chosen not in fills:
            self.filling.choose(fills[0] if fills else None)
        else:
            self.filling.changed()
