"""The colours of a thing that the model drew: where it did not follow its caption, they are mended.

The network draws a bird in any colour of its caption, and does not know all colours. What it drew is a
picture of a bird all the same, so the recolouring network can tell its parts and give it another colour.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.answers import EncodedContext, RawFill
from nigdt.colours import find_colours, nearest_basic, rgb_to_lab
from nigdt.part_words import KEPT, split_parts
from nigdt.recolourer import Recolourer
from nigdt.round_things import names_round_thing

__all__ = ["coloured"]

_OUTLINED = 0.4
"""Of an outline, from which on a place is the thing's, ..."""
_CORE = 0.95
"""... and from which on it is surely that."""
_SAMPLES = 10_000
"""Pixels of a thing that tell its commonest colour."""


def coloured(recolourer: Recolourer, context: EncodedContext, fill: RawFill, caption: str) -> RawFill | None:
    """Give what was drawn into an outline the colours that its caption names.

    Args:
        recolourer: Tells parts, and paints.
        context: Where it was drawn.
        fill: Drawn from the caption without the colours of parts (`split_parts`).
        caption: All of it.

    Returns:
        The fill, changed where it has to be; None where parts have colours and none of these parts is seen,
        or where nothing was drawn into an outline.
    """
    hole = context.hole > 0
    if fill.outline is None:
        return None
    size = hole.shape[::-1]
    outline = cv2.resize(fill.outline, size, interpolation=cv2.INTER_LINEAR)
    selection = np.where((outline > _OUTLINED) & hole, np.uint8(255), np.uint8(0))
    core = (outline > _CORE) & hole
    if not core.any():
        return None
    drawn = np.asarray(cv2.copyTo(fill.pixels, context.hole, context.crop.copy()), np.uint8)
    thing, parts = split_parts(caption)
    asked = find_colours(thing)
    uneven = names_round_thing(caption)  # the model fades its colour towards the middle
    if len(asked) == 1 and (uneven or _differs(drawn, core, np.array(asked[0].lab))):
        body = selection.copy()
        for place in _enlarged(fill, KEPT, size).values():
            body[place > _OUTLINED] = 0
        if not uneven:  # patches of other colours would be taken for other materials, and stay
            drawn = np.asarray(cv2.copyTo(_grey(drawn), body, drawn.copy()), np.uint8)
        drawn = recolourer.predict(drawn, body, " ".join(asked[0].words), exact=True).apply(drawn)[0]
    if parts:
        found = recolourer.predict_parts(drawn, selection, parts, places=_enlarged(fill, fill.parts, size))
        if found is None:
            return None
        drawn = found.apply(drawn)[0]
    return replace(fill, pixels=drawn)


def _enlarged(fill: RawFill, parts: Iterable[str], size: tuple[int, int]) -> dict[str, NDArray[np.float32]]:
    """Return where those of these parts are that were told, at the context's size (w, h)."""
    return {
        part: np.asarray(cv2.resize(fill.parts[part], size, interpolation=cv2.INTER_LINEAR), np.float32)
        for part in parts
        if part in fill.parts
    }


def _grey(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)


def _differs(picture: NDArray[np.uint8], core: NDArray[np.bool_], asked: NDArray[np.float64]) -> bool:
    """Return whether the commonest colour of a thing has another name than the one that is asked for."""
    colours = picture[core]
    colours = colours[:: max(1, len(colours) // _SAMPLES)]
    lab = rgb_to_lab(colours.astype(np.float32) / np.float32(255))
    return nearest_basic(np.median(lab, axis=0)) != nearest_basic(asked)
