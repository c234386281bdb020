"""Fills that continue the photo's own surroundings: removals, and what words name that is there already.

They need no model, and run in a process of their own (`nigdt.removal.RemovalWorker`).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nigdt.answers import RawFill
from nigdt.notices import CONTINUED
from nigdt.recipe import Recipe, Variant
from nigdt.removal import NothingFitsError, RemovalWorker
from nigdt.surroundings import mostly, showing

__all__ = ["Continuation", "continues", "drawn_words"]


def continues(crop: NDArray[np.uint8], hole: NDArray[np.uint8], recipe: Recipe) -> bool:
    """Return whether a fill continues the surroundings: what removes, or names what is around the hole.

    Args:
        crop: (h, w, 3), from `Context.sent`, as the next.
        hole: (h, w).
        recipe: What is asked for.
    """
    if recipe.effective_mode == "describe":
        return showing(crop, hole, recipe.caption) is not None
    return recipe.effective_mode == "remove"


def drawn_words(recipe: Recipe) -> str:
    """Return what the model is told where nothing can be continued: never what is to be gone."""
    return recipe.caption if recipe.effective_mode == "describe" else ""


class Continuation:
    """Continues surroundings into holes, one at a time, in a process that is kept for the next."""

    def __init__(self) -> None:
        self._worker = RemovalWorker()
        weakref.finalize(self, self._worker.close)

    def warm_up(self) -> None:
        """Begin the process before it is needed.

        Raises:
            RemovalError: It cannot be started.
        """
        self._worker.warm_up()

    def fill(
        self,
        crop: NDArray[np.uint8],
        hole: NDArray[np.uint8],
        recipe: Recipe,
        variant: Variant,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        previewed: Callable[[RawFill], None] | None = None,
        free: Callable[[], NDArray[np.uint8] | None] | None = None,
    ) -> RawFill | None:
        """Make one answer; None where nothing in the photo can be continued into the hole.

        Args:
            crop: (h, w, 3), from `Context.sent`, as the next.
            hole: (h, w).
            recipe: What is asked for, for which `continues` holds.
            variant: Its seed says which of the possible answers.
            progress: Told the fraction that is done, 0 to 1.
            cancelled: Asked often whether to stop.
            previewed: Shown a soft answer at once and a coarse one soon, before the answer itself.
            free: Called when the soft answer was shown; returns where no other thing stands, as `free_of`
                does. Sources are taken from there as far as possible.

        Raises:
            RemovalCancelledError: `cancelled` said so.
            RemovalError: The process that removes failed.
            SelectionError: The hole does not fit.
        """
        soft: NDArray[np.uint8] | None = None

        def show(pixels: NDArray[np.uint8]) -> None:
            if previewed is not None and (soft is None or not np.array_equal(pixels, soft)):
                previewed(RawFill(pixels, variant))

        described = recipe.effective_mode == "describe"
        if previewed is not None and free is not None:
            self._worker.start(crop, hole, quality="soft")
            first = self._worker.result(None, cancelled)
            show(first)
            soft = first
        without_things = None if free is None else free()
        # Words steer a removal unless they name most of what is there; to describe that is to ask for it all.
        named = None if described else showing(crop, hole, recipe.caption)
        if named is not None and mostly(named, hole):
            named = None
        for sources in _narrower_first(named, without_things):
            try:
                self._worker.start(
                    crop, hole, variant=variant.seed or 0, allowed=sources, previews=previewed is not None
                )
                fill = RawFill(self._worker.result(progress, cancelled, show), variant)
            except NothingFitsError:
                continue  # where the choice was narrow, a wider one may have something
            return replace(fill, notices=(CONTINUED,)) if described else fill
        return None


def _narrower_first(
    named: NDArray[np.uint8] | None, free: NDArray[np.uint8] | None
) -> list[NDArray[np.uint8] | None]:
    """Return what sources may be taken from, in the order in which that is tried; None is everywhere."""
    both = [] if named is None or free is None else [np.minimum(named, free)]
    return [*both, *(one for one in (named, free) if one is not None), None]
