"""The fills of a round, the chosen one in its place, and what the user does with them. UI thread only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from nigdt.recipe import Recipe
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.fills import Candidate, Round
from nigdt_plugin.core.preview import Preview
from nigdt_plugin.core.tasks import Hook, Tasks


class Choosing:
    """Which of a round's fills is shown, kept, thrown away or applied.

    Args:
        document: The photo.
        tasks: Threads for blending.

    Attributes:
        recipe: How the next fills are asked for, but for caption, bundle and variant, and how the chosen one
            meets the photo.
        round: The fills in view.
        chosen: The one in its place.
        preview: The chosen fill in its place.

    Hooks:
        changed: The fills, the chosen one or what is awaited.
        finished: A round got all it asked for, or a fill of it was kept or applied; told the round.
    """

    def __init__(self, document: Document, tasks: Tasks) -> None:
        self.document = document
        self.recipe = Recipe()
        self.round: Round | None = None
        self.chosen: Candidate | None = None
        self.preview = Preview(document, tasks)
        self.changed = Hook()
        self.finished = Hook()

    @property
    def notices(self) -> tuple[str, ...]:
        """What is good to know about the fills in view, in English, each sentence once."""
        if self.round is None or self.chosen is None:
            return ()
        return tuple(dict.fromkeys((*self.round.context.notices(self.chosen.recipe), *self.round.told)))

    def cancel(self) -> None:
        """Drop what was asked for and has not come; whoever asks for fills says how."""

    def choose(self, fill: Candidate | None) -> None:
        """Show a fill in place, or none."""
        self.chosen = fill
        if fill is None or self.round is None:
            self.preview.drop()
        else:
            self.preview.show(self.round, fill, self._blended(fill))
        self.changed()

    def set_recipe(self, recipe: Recipe) -> None:
        """Ask for fills, and blend the chosen one, in another way.

        What only the next fills depend on does not show the chosen one: it may be a layer by now, that is
        hidden or removed.
        """
        before = self._blended(self.chosen) if self.chosen is not None else None
        self.recipe = recipe
        if self.chosen is not None and self.round is not None and self._blended(self.chosen) != before:
            self.preview.show(self.round, self.chosen, self._blended(self.chosen))

    def show_again(self) -> None:
        """Blend the chosen fill anew: the photo became another kind."""
        if self.chosen is not None and self.round is not None and self.preview.layer is not None:
            self.preview.show(self.round, self.chosen, self._blended(self.chosen))

    def _blended(self, fill: Candidate) -> Recipe:
        """Return a fill's recipe with the blend that is set now."""
        mine = self.recipe
        return replace(
            fill.recipe, feather=mine.feather, match_colours=mine.match_colours, strength=mine.strength
        )

    def keep(self, fill: Candidate, favourite: bool) -> None:
        """Mark a fill as a favourite: new fills leave it in the strip, and the history keeps it."""
        fill.favourite = favourite
        self.changed()
        if self.round is not None:
            self.finished(self.round)

    def discard(self, fill: Candidate) -> None:
        """Take a fill out of the strip."""
        if self.round is None or fill not in self.round.fills:
            return
        before, position = list(self.round.fills), self.round.fills.index(fill)
        self.round.fills.remove(fill)
        self._discarded(before)
        if self.chosen is fill:
            rest = self.round.fills
            self.choose(rest[min(position, len(rest) - 1)] if rest else None)
        self.changed()

    def _discarded(self, before: list[Candidate]) -> None:
        """Let it be undone that fills were taken out of the strip."""
        if self.round is not None and self.round.fills != before:
            after = list(self.round.fills)
            chosen = self.chosen if self.chosen in before and self.chosen not in after else None
            step = DiscardStep(self, "Discard fills", self.round, before, after, chosen)
            self.document.undo_stack.push(step)

    def open_round(self, entry: Round) -> None:
        """Go back to an earlier round of this photo."""
        self.cancel()
        self.preview.drop()
        self.round = entry
        self.choose(entry.fills[0] if entry.fills else None)

    def put_away(self) -> None:
        """Show no fill, and ask for none any more; those in the strip stay."""
        self.cancel()
        self.choose(None)

    def applied(self, fill: Candidate) -> bool:
        """Return whether the picture shows this fill as a layer."""
        return any(layer.fill == fill.id for layer in self.document.layers)

    @property
    def unapplied(self) -> bool:
        """Whether a fill is shown that the picture does not hold."""
        if self.chosen is None or self.round is None or not (self.preview.busy or self.preview.layer):
            return False
        shown = self._blended(self.chosen)
        return not any(
            layer.fill == self.chosen.id and layer.recipe == shown and layer.visible
            for layer in self.document.layers
        )

    def apply(self, then: Callable[[], None] | None = None) -> None:
        """Make the chosen fill a layer, as one step, as soon as its blend is shown.

        Args:
            then: Called next; never if another fill takes its place before.
        """

        def now() -> None:
            self._apply()
            if then is not None:
                then()

        self.preview.when_shown(now)

    def _apply(self) -> None:
        taken = self.preview.take() if self.chosen is not None else None
        if taken is not None:
            self.document.apply(taken[0], "Fill", taken[1])
            self.changed()
            if self.round is not None:
                self.finished(self.round)


@dataclass
class DiscardStep:
    """The fills of one round before and after, and which of those taken out was shown; see `UndoStep`."""

    filling: Choosing
    label: str
    round: Round
    before: list[Candidate]
    after: list[Candidate]
    chosen: Candidate | None

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return sum(fill.pixels.nbytes for fill in self.before if fill not in self.after)

    def undo(self) -> None:
        """Bring back what was taken out, and show again what was shown; what has come since stays."""
        since = [fill for fill in self.round.fills if fill not in self.before]
        self._show([*self.before, *since])
        if self.chosen is not None and self.filling.chosen is not self.chosen:
            self.filling.choose(self.chosen)

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
