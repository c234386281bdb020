"""Removing what a stroke covers, stroke by stroke, beside whatever else is selected and chosen."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nigdt.recipe import Recipe
from nigdt_plugin.core.filling import Filling
from nigdt_plugin.core.selection import Patch

if TYPE_CHECKING:
    from nigdt_plugin.core.session import Session


class Healing:
    """Each stroke becomes a layer of its own as soon as what it covers is removed; strokes may wait.

    Args:
        session: Whose photo it is.

    Attributes:
        painting: Whether a stroke is being painted, for which the selection has stepped aside.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting: deque[Patch] = deque()
        self._now: tuple[Filling, Recipe, Patch] | None = None  # and what was selected before
        self.painting = False

    @property
    def busy(self) -> bool:
        """Whether a stroke is being painted or worked on."""
        return self.painting or self._now is not None

    def heal(self, stroke: Patch) -> None:
        """Remove what a stroke covers."""
        self._waiting.append(stroke)
        self._next()

    def _next(self) -> None:
        document, filling = self._session.document, self._session.filling
        if self._now is not None or not self._waiting or document is None or filling is None:
            return
        stroke = self._waiting.popleft().clipped(document.width, document.height)
        if not stroke.mask.size or not stroke.mask.any():
            self._next()
            return
        self._now = filling, filling.recipe, self._exchange(filling, stroke)
        filling.recipe = replace(filling.recipe, mode="remove", strength=1.0)
        filling.changed.connect(self._look)
        filling.failed.connect(self._failed)
        filling.fill("", 1)

    def _look(self) -> None:
        """Apply the removal once it is there."""
        assert self._now is not None
        filling = self._now[0]
        if filling.busy:
            return
        filling.changed.disconnect(self._look)
        if filling.chosen is None:  # it was stopped
            self._end()
        else:
            filling.apply(self._end)

    def _failed(self, _failure: object) -> None:
        if self._now is not None:
            self._now[0].changed.disconnect(self._look)
            self._end()

    def _end(self) -> None:
        """Bring back what was selected and chosen before."""
        if self._now is None:
            return
        (filling, recipe, before), self._now = self._now, None
        filling.failed.disconnect(self._failed)
        filling.recipe = recipe
        self._exchange(filling, before)
        self._session.steps()
        self._session.fills()
        self._next()

    @staticmethod
    def _exchange(filling: Filling, patch: Patch) -> Patch:
        """Select a patch alone, without a step; return what was selected before."""
        document = filling.document
        selection, bounds = document.selection, document.selection.bounds
        before = Patch(bounds.left, bounds.top, selection.mask[bounds.slices].copy())
        selection.put(bounds, np.zeros_like(before.mask))
        selection.put(patch.region, patch.mask)
        document.selection_changed(bounds.union(patch.region))
        return before
