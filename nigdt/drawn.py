"""The colours of a thing that the model drew: where it did not follow its caption, they are mended.

The network draws a bird in any colour of its caption, and does not know all colours. What it drew is a
picture of a bird all the same, so the recolouring network can tell its parts and give it another colour.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.colours import find_colours, nearest_basic, rgb_to_lab
from nigdt.context.blend import greyed
from nigdt.outlines import Silhouette
from nigdt.part_words import KEPT, split_parts
from nigdt.recolourer import Recolourer
from nigdt.round_things import names_round_thing

__all__ = ["coloured", "differs"]

Floats = NDArray[np.float32]

_OUTLINED = 0.4
"""Of an outline, from which on a place is the thing's, ..."""
_CORE = 0.95
"""... and from which on it is surely that."""
_SAMPLES = 10_000
"""Pixels of a thing that tell its commonest colour."""


def coloured(recolourer: Recolourer, picture: Floats, told: Silhouette, caption: str) -> Floats | None:
    """Give what was drawn into an outline the colours that its caption names.

    Args:
        recolourer: Tells parts, and paints.
        picture: (H, W, 3), 0 to 255, drawn from the caption without the colours of parts (`split_parts`).
        told: What the model was told to draw, at the same size.
        caption: All of it.

    Returns:
        (H, W, 3), changed where it has to be; None where parts have colours and none of these parts is seen,
        or where the outline is empty.
    """
    core = told.outline > _CORE
    if not core.any():
        return None
    selection = np.where(told.outline > _OUTLINED, np.uint8(255), np.uint8(0))
    drawn = before = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    thing, parts = split_parts(caption, recolourer.read(caption))
    asked = find_colours(thing)
    uneven = names_round_thing(caption)  # the model fades its colour towards the middle
    if len(asked) == 1 and (uneven or differs(drawn, core, np.array(asked[0].lab))):
        body = selection.copy()
        for part in KEPT:
            if part in told.parts:
                body[told.parts[part] > _OUTLINED] = 0
        if not uneven:  # patches of other colours would be taken for other materials, and stay
            drawn = np.asarray(cv2.copyTo(greyed(drawn), body, drawn.copy()), np.uint8)
        drawn = recolourer.predict(drawn, body, " ".join(asked[0].words), exact=True).apply(drawn)[0]
    if parts:
        found = recolourer.predict_parts(drawn, selection, parts, places=told.parts)
        if found is None:
            return None
        drawn = found.apply(drawn)[0]
    return np.where((drawn != before).any(axis=2, keepdims=True), drawn, picture).astype(np.float32)


def differs(picture: NDArray[np.uint8], core: NDArray[np.bool_], asked: NDArray[np.float64]) -> bool:
    """Return whether the commonest colour of a thing has another name than the one that is asked for.

    Args:
        picture: (h, w, 3).
        core: (h, w), where the thing is.
        asked: L, a and b.
    """
    colours = picture[core]
    colours = colours[:: max(1, len(colours) // _SAMPLES)]
    lab = rgb_to_lab(colours.astype(np.float32) / np.float32(255))
    return nearest_basic(np.median(lab, axis=0)) != nearest_basic(asked)
