"""What the model is told of the thing that a caption names: a silhouette in the hole, or nothing."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from nigdt.answers import CompletionJob, EncodedContext
from nigdt.backdrop import has_surroundings, things_named
from nigdt.footing import above
from nigdt.model import ImageFeatures
from nigdt.outlines import Outlines, Silhouette, draws_itself
from nigdt.recipe import Variant
from nigdt.round_things import circle_in, names_round_thing
from nigdt.shown import ShownThings
from nigdt.text import Vocabulary

__all__ = ["Teller"]

_MOST_WORDS = 5
"""Words for things, beside colours, of a caption that still names one: more tell of a scene."""
_KEPT = 4
"""Contexts whose outline is kept: those of the fills that follow the typing."""


class Teller:
    """Chooses outlines for a model.

    Attributes:
        outlines: The model's, or None.
        shown: What is seen of photos instead of what the model draws.
    """

    def __init__(self, outlines: Outlines | None, vocabulary: Vocabulary) -> None:
        self.outlines = outlines
        self.shown = ShownThings(outlines, {})
        self._vocabulary = vocabulary
        self._placed: deque[tuple[ImageFeatures, tuple[int | None, Variant, int], Silhouette | None]] = deque(
            maxlen=_KEPT
        )

    def forget(self) -> None:
        """Give up the outlines that are kept."""
        self._placed.clear()

    def told(self, job: CompletionJob, variant: Variant) -> Silhouette | None:
        """Return what the model is told of a fill's thing; None leaves it to the model."""
        is_round = names_round_thing(job.caption)
        if self.outlines is None or (job.context.lies.within and not is_round):
            return None
        hole = job.context.visible < 0.5
        kind = 0 if is_round else self.outlines.kind_in(job.caption)
        amid = job.context.lies.amid and self.shown.may_be_around(job.context)
        if self.shown.has(kind) and not amid:
            placed = self._place(self.outlines, job.context, hole, variant, kind)
            if placed is not None:
                return placed
        names_a_thing = has_surroundings(job.caption) and bool(self._vocabulary.known(job.caption, 1))
        names_a_thing &= len(things_named(job.caption)) <= _MOST_WORDS
        if names_a_thing and draws_itself(hole) and not job.context.lies.amid:
            return Silhouette(hole.astype(np.float32))
        if is_round:
            circle = circle_in(hole)
            return None if circle is None else Silhouette(circle)
        if job.context.lies.amid and kind != self.outlines.of_birds:
            return None  # a part of a thing, which has no outline
        return self._place(self.outlines, job.context, hole, variant, kind) if kind else None

    def _place(
        self,
        outlines: Outlines,
        context: EncodedContext,
        hole: NDArray[np.bool_],
        variant: Variant,
        kind: int,
    ) -> Silhouette | None:
        """Choose an outline for a hole; while only the caption changes, it is kept."""
        row = context.footing if outlines.is_bird(kind) else None  # nothing else sits on branches
        key = (row, variant, kind)
        for features, drawn, found in self._placed:
            if features is context.features and drawn == key:
                return found
        if self.shown.has(kind):
            outlines = self.shown.suited(outlines, context)
        placed = outlines.place(above(hole, row), variant, kind)
        self._placed.append((context.features, key, placed))
        return placed

    def fills_outline(self, job: CompletionJob, outline: NDArray[np.float32] | None) -> bool:
        """Return whether what is drawn fills an outline surely, whatever is drawn without words."""
        return outline is not None and self.names_outline(job)

    def names_outline(self, job: CompletionJob) -> bool:
        """Return whether a caption names a thing whose outline is known from its name."""
        if self.outlines is None:
            return False
        return bool(self.outlines.kind_in(job.caption)) or names_round_thing(job.caption)

    def names_other_kind(self, job: CompletionJob) -> bool:
        """Return whether a caption names a thing that the model has outlines of, and that is no bird."""
        if self.outlines is None or names_round_thing(job.caption):
            return False
        return self.outlines.kind_in(job.caption) not in (0, self.outlines.of_birds)

    def names_shapeless(self, job: CompletionJob) -> bool:
        """Return whether a caption names a thing that the model knows and has no outline of."""
        if self.outlines is None or job.context.lies.within or self.names_outline(job):
            return False
        return any(word in self._vocabulary for word in things_named(job.caption))
