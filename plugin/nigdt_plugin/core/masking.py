"""The mask of a layer under the brush: what a stroke covers is hidden, or shown again. UI thread only."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nigdt_plugin.core.layers import Layer
from nigdt_plugin.core.selection import Selection
from nigdt_plugin.core.tasks import Hook

if TYPE_CHECKING:
    from nigdt_plugin.core.session import Session


class Masking:
    """Strokes that change how much of a layer is seen, while the selection stays.

    Args:
        session: Whose layers they are.

    Attributes:
        target: Returns the layer whose mask is painted on; None while brushes paint the selection.
        painted: The stroke that is being painted.

    Hooks:
        shown: Another stroke is to be outlined; told it, or None for none.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.target: Callable[[], Layer | None] | None = None
        self.painted: Selection | None = None
        self.shown = Hook()

    def begin(self) -> bool:
        """Begin a stroke; False where it is one of the selection."""
        document = self._session.document
        if document is None or self.target is None or self.target() is None:
            return False
        self.painted = Selection(document.width, document.height)
        self.shown(self.painted)
        return True

    def paint(self, *, shown: bool) -> None:
        """Hide what the stroke covers of the layer, or show it again."""
        painted, layer = self.painted, self.target() if self.target is not None else None
        self.give_up()
        if layer is not None and painted is not None and not painted.empty:
            self._session.layering.paint_mask(layer, painted.patch(), shown=shown)

    def give_up(self) -> None:
        """Forget the stroke that is being painted."""
        self.painted = None
        self.shown(None)
