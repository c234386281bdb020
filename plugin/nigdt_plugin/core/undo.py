"""Undo and redo without a limit on steps, within a memory budget."""

from __future__ import annotations

from collections import deque
from typing import Protocol


class UndoStep(Protocol):
    """One thing the user did, and how to take it back."""

    @property
    def label(self) -> str:
        """What the user reads in the menu."""

    @property
    def size(self) -> int:
        """Bytes of memory the step keeps alive."""

    def undo(self) -> None:
        """Take it back."""

    def redo(self) -> None:
        """Do it again."""


class UndoStack:
    """Steps done and steps undone.

    Args:
        budget: Bytes that all steps together may keep; the oldest are forgotten first, the newest never.
    """

    def __init__(self, budget: int = 512 * 1024 * 1024) -> None:
        self.budget = budget
        self._done: deque[UndoStep] = deque()
        self._undone: list[UndoStep] = []

    @property
    def undo_label(self) -> str | None:
        """Label of the step that `undo` would take back, None if there is none."""
        return self._done[-1].label if self._done else None

    @property
    def redo_label(self) -> str | None:
        """Label of the step that `redo` would do again, None if there is none."""
        return self._undone[-1].label if self._undone else None

    @property
    def last(self) -> UndoStep | None:
        """The step done last, if nothing was undone since."""
        return self._done[-1] if self._done and not self._undone else None

    @property
    def size(self) -> int:
        """Bytes kept by all steps."""
        return sum(step.size for step in self._done) + sum(step.size for step in self._undone)

    def __len__(self) -> int:
        return len(self._done)

    def __bool__(self) -> bool:
        return True  # also when all is undone: it may be done again

    def push(self, step: UndoStep) -> None:
        """Remember a step that has just been done."""
        self._undone.clear()
        self._done.append(step)
        total = self.size
        while total > self.budget and len(self._done) > 1:
            total -= self._done.popleft().size

    def undo(self) -> bool:
        """Take back the last step; False if there is none."""
        if not self._done:
            return False
        step = self._done.pop()
        step.undo()
        self._undone.append(step)
        return True

    def redo(self) -> bool:
        """Do the last undone step again; False if there is none."""
        if not self._undone:
            return False
        step = self._undone.pop()
        step.redo()
        self._done.append(step)
        return True

    def clear(self) -> None:
        """Forget everything."""
        self._done.clear()
        self._undone.clear()
