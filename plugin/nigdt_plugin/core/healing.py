"""Removing what a stroke covers, stroke by stroke, beside whatever else is selected and chosen."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from nigdt.recipe import Recipe
from nigdt_plugin.core.filling import Filling
from nigdt_plugin.core.selection import Selection
from nigdt_plugin.core.tasks import Hook

if TYPE_CHECKING:
    from nigdt_plugin.core.session import Session


class Healing:
    """Each stroke becomes a layer of its own as soon as what it covers is removed; strokes may wait.

    Args:
        session: Whose photo it is.

    Attributes:
        painted: The stroke that is being painted; the photo's own selection stays as it is.

    Hooks:
        shown: Another stroke is to be outlined; told it, or None for none.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting: deque[Selection] = deque()
        self._now: tuple[Filling, Recipe] | None = None  # and what was chosen before
        self._working: Selection | None = None
        self.painted: Selection | None = None
        self.shown = Hook()

    @property
    def busy(self) -> bool:
        """Whether a stroke is being painted or worked on."""
        return self.painted is not None or self._now is not None

    def begin(self) -> Selection:
        """Return an empty mask of the photo's size for a stroke to be painted on."""
        document = self._session.document
        assert document is not None
        self.painted = Selection(document.width, document.height)
        self._show()
        return self.painted

    def give_up(self) -> None:
        """Forget the stroke that is being painted."""
        self.painted = None
        self._show()

    def heal(self) -> None:
        """Remove what the painted stroke covers."""
        if self.painted is not None:
            self._waiting.append(self.painted)
            self.painted = None
        self._next()

    def _next(self) -> None:
        filling = self._session.filling
        if self._now is not None or not self._waiting or filling is None:
            return
        stroke = self._waiting.popleft()
        if stroke.empty:
            self._show()
            self._next()
            return
        self._now = filling, filling.recipe
        self._working = stroke
        self._show()
        filling.recipe = replace(filling.recipe, mode="remove", strength=1.0)
        filling.changed.connect(self._look)
        filling.failed.connect(self._failed)
        filling.fill("", 1, selection=stroke)

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
        """Bring back what was chosen before."""
        if self._now is None:
            return
        (filling, recipe), self._now = self._now, None
        filling.failed.disconnect(self._failed)
        filling.recipe = recipe
        self._working = None
        self._show()
        self._session.steps()
        self._session.fills()
        self._next()

    def _show(self) -> None:
        """Outline the stroke under the user's hand, or else the one that is worked on."""
        self.shown(self.painted or self._working)
