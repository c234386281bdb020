"""What a model shows of its owner's photos where such a thing is asked for, in place of what it draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.answers import EncodedContext
from nigdt.outlines import Outlines, Silhouette
from nigdt.pasted import CutOut, Paint, is_amid, laid_out, light_of, suiting

__all__ = ["ShownThings"]


class ShownThings:
    """A model's cut-outs with the outlines that they belong to.

    Args:
        outlines: The model's.
        cut_outs: The number of an outline -> what is seen there.
    """

    def __init__(self, outlines: Outlines | None, cut_outs: Mapping[int, CutOut]) -> None:
        self.cut_outs = cut_outs
        self._outlines = outlines
        self._kinds = frozenset(self._kind(outline) for outline in cut_outs) - {0}

    def _kind(self, outline: int) -> int:
        if self._outlines is None:
            return 0
        return 1 if self._outlines.kinds is None else int(self._outlines.kinds[outline])

    def has(self, kind: int) -> bool:
        """Return whether things of a kind are shown."""
        return kind in self._kinds

    def of(self, told: Silhouette | None) -> CutOut | None:
        """Return what is seen where the model was told to draw; None for what it draws."""
        return None if told is None or told.place is None else self.cut_outs.get(told.place.outline)

    def may_be_around(self, context: EncodedContext) -> bool:
        """Return whether a hole may lie in such a thing, of which it is a part then."""
        return is_amid(context.crop, context.hole > 0, self.cut_outs.values())

    def suited(self, outlines: Outlines, context: EncodedContext) -> Outlines:
        """Return outlines of which those are likelier whose photo's light suits a context."""
        there = light_of(context.crop[context.hole == 0])
        if there is None:
            return outlines
        numbers = outlines.numbers.copy()
        for outline, cut in self.cut_outs.items():
            numbers[outline] *= suiting(cut.light, there)
        return replace(outlines, numbers=numbers)

    def laid(
        self,
        told: Silhouette,
        context: EncodedContext,
        backdrop: NDArray[np.uint8],
        paint: Paint | None = None,
    ) -> NDArray[np.uint8] | None:
        """Lay what is shown over its surroundings.

        Args:
            told: Where.
            context: The photo.
            backdrop: (h, w, 3), what is seen without it, at the size that is wanted.
            paint: Gives it other colours, as for `laid_out`.

        Returns:
            (h, w, 3); None where nothing is shown.
        """
        cut = self.of(told)
        if cut is None or told.place is None:
            return None
        size = backdrop.shape[1::-1]
        crop, hole = context.crop, context.hole
        if crop.shape[1::-1] != size:
            crop = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)
            hole = np.asarray(cv2.resize(hole, size, interpolation=cv2.INTER_NEAREST), np.uint8)
        perches = self._outlines is not None and self._outlines.is_bird(self._kind(told.place.outline))
        return laid_out(cut, told.place, backdrop, crop, hole > 0, shadow=not perches, paint=paint)[0]
