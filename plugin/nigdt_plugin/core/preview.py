"""The chosen fill in its place, before it is applied. UI thread only; blending happens in a thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from nigdt.recipe import Recipe
from nigdt_plugin.core import fills
from nigdt_plugin.core.composite import Composite
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.draft import Draft, Drafts, Seen
from nigdt_plugin.core.failures import failure_of
from nigdt_plugin.core.fills import Candidate, Round
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.layers import Layer, Pixels
from nigdt_plugin.core.pyramid import Levels, widened
from nigdt_plugin.core.tasks import Hook, Tasks


@dataclass(frozen=True, eq=False)
class ShownPart:
    """Pixels of the picture, and as the screen shows them.

    Attributes:
        drawn: At least what was asked for.
        levels: The same at every size, on chequered ground where the photo is clear.
    """

    drawn: Composite
    levels: Levels

    @classmethod
    def of(cls, document: Document, region: Region, layers: tuple[Layer, ...]) -> ShownPart:
        """Draw a region with these layers; in any thread."""
        size = document.width, document.height
        region = widened(region, *size)
        drawn = document.drawn(region, layers)
        return cls(drawn, Levels(region, drawn.on_checks, *size))


_Blended = tuple[Layer, dict[Region, ShownPart], Pixels, Layer | None]


@dataclass(frozen=True, eq=False)
class _Wanted:
    """What is to be shown."""

    entry: Round
    fill: Candidate
    recipe: Recipe


@dataclass(frozen=True)
class _Full:
    """What a blend at full strength depends on: the slider of the strength does not do it anew.

    Attributes:
        fill: What is blended.
        grey: Whether the photo is grey.
        recipe: By which, at full strength.
    """

    fill: Candidate
    grey: bool
    recipe: Recipe


class Preview:
    """At most one layer that is shown but not yet part of the document.

    Args:
        document: The photo.
        tasks: Threads for blending.

    Attributes:
        layer: What is shown, None for nothing.
        drawn: What is seen in its region, and in that of the layer shown before; empty if layers below
            changed since.
        seen: Returns what is on the screen; None for nothing.

    Hooks:
        changed: Another layer is shown, or none; told the one before.
        drafted: A large fill is shown as it is seen, until all of it is worked out; told the `Draft`.
        failed: A blend failed; told the `Failure`.
    """

    def __init__(self, document: Document, tasks: Tasks) -> None:
        self.layer: Layer | None = None
        self.drawn: dict[Region, ShownPart] = {}
        self.changed, self.drafted = Hook(), Hook()
        self.seen: Callable[[], Seen | None] = lambda: None
        self.failed = Hook()
        self._document = document
        self._tasks = tasks
        self._wanted: _Wanted | None = None
        self._soft: _Wanted | None = None  # what is shown without its detail
        self._drafts = Drafts(document)
        self._drafting = False
        self._draft: tuple[_Wanted, Seen] | None = None  # what the draft on the screen is of
        self._running: set[bool] = set()  # the blends on their way: one without detail, one with it
        self._detailed: deque[tuple[Candidate, Pixels]] = deque(maxlen=2)
        self._full: tuple[_Full, Layer] | None = None  # what was shown last, at full strength
        self._then: Callable[[], None] | None = None

    @property
    def busy(self) -> bool:
        """Whether what is shown is not yet what was asked for."""
        return self._wanted is not None

    @property
    def stands(self) -> bool:
        """Whether the fill asked for can be seen."""
        return self.layer is not None or self._draft is not None

    def without(self, layer: Layer) -> tuple[Layer, ...]:
        """Return the document's layers without the one whose place `layer` would take."""
        return tuple(it for it in self._document.layers if it.round != layer.round)

    def show(self, entry: Round, fill: Candidate, recipe: Recipe) -> None:
        """Blend a fill and show it; of several requests that wait only the newest counts.

        A fill that has to be enlarged is shown soft at once, and with its detail when that is worked out. A
        large one is drafted first.
        """
        if self._wanted is None or self._wanted.fill is not fill:
            self._then = None
        self._wanted = _Wanted(entry, fill, recipe)
        if not self._start_draft(self._wanted) and False not in self._running:
            self._blend(self._wanted)

    def look_again(self) -> None:
        """Draft what is awaited anew: another part of the photo is on the screen."""
        if self._wanted is not None and self._draft is not None:
            self._start_draft(self._wanted)

    def _start_draft(self, wanted: _Wanted) -> bool:
        """Draft a fill, or let the draft on its way do so next; False where that does not help."""
        seen = self.seen()
        if seen is None or not self._drafts.possible(wanted.entry):
            return False
        if self._drafting:
            return True
        self._drafting = True
        layers, detailed = self._document.layers, self._known_detail(wanted.fill)

        def work() -> Draft | None:
            return self._drafts.of(wanted.entry, wanted.fill, wanted.recipe, seen, layers, detailed)

        def done(draft: Draft | None) -> None:
            self._drafting = False
            now = self._wanted
            if now is None:
                return
            if now.fill is wanted.fill and draft is not None:
                self._draft = wanted, seen
                self.drafted(draft)
            if (now is not wanted or self.seen() != seen) and self._start_draft(now):
                return
            if False not in self._running:
                self._blend_whole(now)

        def failed(error: Exception) -> None:
            self._drafting = False
            self.failed(failure_of(error))
            if self._wanted is not None and False not in self._running:
                self._blend_whole(self._wanted)

        self._tasks.run(work, done, failed)
        return True

    def _blend_whole(self, wanted: _Wanted) -> None:
        """Blend what was drafted; the soft state in between would show nothing new."""
        detail = wanted.fill.reduced(wanted.entry.context) and self._known_detail(wanted.fill) is None
        if not detail:
            self._blend(wanted)
            return
        self._soft = wanted
        if True not in self._running:
            self._blend(wanted, detail=True)

    def _known_detail(self, fill: Candidate) -> Pixels | None:
        return next((pixels for it, pixels in self._detailed if it is fill), None)

    def _blend(self, wanted: _Wanted, *, detail: bool = False) -> None:
        document, layers, shown = self._document, self._document.layers, self.layer
        entry, fill = wanted.entry, wanted.fill
        known = self._known_detail(fill)
        soft = fill.reduced(entry.context) and known is None and not detail
        grey = document.photo.grey
        key = _Full(fill, grey, replace(wanted.recipe, strength=1.0))
        kept = self._full[1] if self._full is not None and self._full[0] == key else None
        self._running.add(detail)

        def work() -> _Blended:
            pixels = fill.at(entry.context, detail=not soft) if known is None else known
            full = kept
            if soft:
                layer = fills.blended(entry, fill, pixels, wanted.recipe, grey)
            else:
                if full is None:
                    full = fills.blended(entry, fill, pixels, key.recipe, grey)
                layer = full.at_strength(wanted.recipe)
            whole = (*(it for it in layers if it.round != layer.round), layer)
            regions = {layer.region} if shown is None else {layer.region, shown.region}
            return layer, {region: ShownPart.of(document, region, whole) for region in regions}, pixels, full

        def done(result: _Blended) -> None:
            layer, drawn, pixels, full = result
            if full is not None:
                self._full = key, full
            self._running.discard(detail)
            if detail and known is None:
                self._detailed.append((fill, pixels))
            now = self._wanted
            # While a slider moves, what was asked for a moment ago is better than nothing.
            late = now is not None and now.fill is fill and not detail and self._draft is None
            if now is wanted or late:
                self._draft = None
                before, self.layer = self.layer, layer
                self.drawn = drawn if layers == document.layers else {}
                self.changed(before)
            if soft and now is wanted:
                self._soft = wanted
            self._next(ended=None if soft else wanted)

        def failed(error: Exception) -> None:
            self._running.discard(detail)
            if self._wanted is wanted:
                self._then = None
            self._next(ended=wanted)
            self.failed(failure_of(error))

        self._tasks.run(work, done, failed)

    def _next(self, ended: _Wanted | None) -> None:
        """Start what comes after a blend."""
        now = self._wanted
        if now is None:
            return
        if now is ended:
            then, self._wanted, self._then = self._then, None, None
            if then is not None:
                then()
        elif now is self._soft:
            if True not in self._running:
                self._blend(now, detail=True)
        elif False not in self._running and not self._drafting:
            if self._draft is not None and self._draft[0] is now:
                self._blend_whole(now)
            else:
                self._blend(now)

    def when_shown(self, then: Callable[[], None]) -> None:
        """Do `then` once the blend that is awaited is shown; never if another fill takes its place."""
        if self.busy:
            self._then = then
        else:
            then()

    def drop(self) -> None:
        """Show nothing."""
        self._wanted = self._then = None
        before, self.layer = self.layer, None
        drafted, self._draft = self._draft, None
        self.drawn = {}
        if before is not None or drafted is not None:
            self.changed(before)

    def take(self) -> tuple[Layer, Composite | None] | None:
        """Take the layer to apply, and its region's pixels if known; from now on nothing is shown."""
        if self.layer is None:
            return None
        layer, drawn = self.layer, self.drawn.get(self.layer.region)
        self.layer, self.drawn = None, {}
        # The pixels were drawn with this layer on top; in the place of an earlier one they may differ.
        topmost = self._document.with_fill(layer)[-1] is layer
        return layer, drawn.drawn if topmost and drawn is not None else None
