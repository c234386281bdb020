"""The chosen fill in its place, before it is applied. UI thread only; blending happens in a thread."""

from __future__ import annotations

from collections.abc import Callable

from nigdt_plugin.core import fills
from nigdt_plugin.core.document import Document, Drawn
from nigdt_plugin.core.failures import failure_of
from nigdt_plugin.core.fills import Blend, Fill, Round
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.layers import Layer, Pixels
from nigdt_plugin.core.tasks import Hook, Tasks


class Preview:
    """At most one layer that is shown but not yet part of the document.

    Args:
        document: The photo.
        tasks: Threads for blending.

    Attributes:
        layer: What is shown, None for nothing.
        drawn: Its region, and that of the layer shown before, with their pixels (h, w, 3) uint8; empty if
            layers below changed since.

    Hooks:
        changed: Another layer is shown, or none; told the one before.
        failed: A blend failed; told the ``Failure``.
    """

    def __init__(self, document: Document, tasks: Tasks) -> None:
        self.layer: Layer | None = None
        self.drawn: dict[Region, Pixels] = {}
        self.changed = Hook()
        self.failed = Hook()
        self._document = document
        self._tasks = tasks
        self._asked = 0
        self._awaited = 0  # number of the blend that is awaited, 0 = none
        self._fill: Fill | None = None
        self._then: Callable[[], None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a blend is still being worked out."""
        return bool(self._awaited)

    def without(self, layer: Layer) -> tuple[Layer, ...]:
        """The document's layers without the one whose place ``layer`` would take."""
        return tuple(it for it in self._document.layers if it.round != layer.round)

    def show(self, entry: Round, fill: Fill, blend: Blend) -> None:
        """Blend a fill and show it; of several requests only the newest counts."""
        document, layers = self._document, self._document.layers
        self._asked += 1
        mine = self._awaited = self._asked
        if fill is not self._fill:
            self._fill, self._then = fill, None

        shown = self.layer

        def work() -> tuple[Layer, dict[Region, Pixels]]:
            layer = fills.blended(entry, fill, blend, document.width, document.height)
            whole = (*(it for it in layers if it.round != layer.round), layer)
            regions = {layer.region} if shown is None else {layer.region, shown.region}
            return layer, {region: document.composite(region, whole) for region in regions}

        def done(result: tuple[Layer, dict[Region, Pixels]]) -> None:
            if mine != self._awaited:
                return
            self._awaited = 0
            layer, drawn = result
            before, self.layer = self.layer, layer
            self.drawn = drawn if layers == document.layers else {}  # undone or hidden meanwhile
            self.changed(before)
            then, self._then = self._then, None
            if then is not None:
                then()

        def failed(error: Exception) -> None:
            if mine == self._awaited:
                self._awaited, self._then = 0, None
            self.failed(failure_of(error))

        self._tasks.run(work, done, failed)

    def when_shown(self, then: Callable[[], None]) -> None:
        """Do ``then`` once the blend that is awaited is shown; never if another fill takes its place."""
        if self._awaited:
            self._then = then
        else:
            then()

    def drop(self) -> None:
        """Show nothing."""
        self._awaited, self._fill, self._then = 0, None, None
        before, self.layer = self.layer, None
        self.drawn = {}
        if before is not None:
            self.changed(before)

    def take(self) -> tuple[Layer, Drawn | None] | None:
        """The layer to apply, and its region's pixels if they are known; from now on nothing is shown."""
        if self.layer is None:
            return None
        layer, pixels = self.layer, self.drawn.get(self.layer.region)
        self.layer, self.drawn = None, {}
        # The pixels were drawn with this layer on top; in the place of an earlier one they may differ.
        topmost = self._document.with_fill(layer)[-1] is layer
        return layer, (layer.region, pixels) if topmost and pixels is not None else None
