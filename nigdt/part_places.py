"""Where the parts of a bird are that a caption gives colours to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.colours import NamedColour
from nigdt.cutout import smooth_step
from nigdt.finding import resized
from nigdt.looking import KEPT_PARTS, LEAST_SURE
from nigdt.part_words import PARTS, AskedPart
from nigdt.recolouring import snapped

__all__ = ["fading", "likelier", "names_only", "places_of", "with_known"]

Floats = NDArray[np.float32]

_BELONGS = (0.2, 0.5)
"""How sure the finder must be for a place to belong to a part a little, and wholly."""
_SELECTED = 2.5
"""How much likelier than another part one is that a selection was made for."""
_PLUMAGE, _SPECK = 0.3, 5
"""How far a part's edge may lie from where the finder sees it, as a fraction of the root of its area, and
size of what is no edge, in the network's pixels."""
_FADE = 0.2
"""Width of the fading edge of a part that a selection cuts through, as a fraction of the root of its area."""
_TINY = 1e-6


def fading(place: Floats, chosen: Floats) -> Floats:
    """Tell how strongly a part is painted that a selection cuts through, (h, w) in 0..1.

    Where the part goes on outside, its colour ends by degrees, not at a line that nobody drew on the bird.

    Args:
        place: (h, w), 0 to 1, the part, also outside the selection.
        chosen: (h, w), 0 to 1, the selection.
    """
    reach = _FADE * float(chosen.sum()) ** 0.5
    outside = ((place > 0.5) & (chosen < 0.5)).astype(np.uint8)
    # A rim is the finder's error, or the selection's.
    size = 2 * max(1, round(reach / 4)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    outside = np.asarray(cv2.morphologyEx(outside, cv2.MORPH_OPEN, disc), np.uint8)
    if not outside.any():
        return np.ones_like(chosen)
    away = np.asarray(cv2.distanceTransform(1 - outside, cv2.DIST_L2, 5), np.float32)
    return smooth_step(away, 0, max(2.0, reach))


def places_of(
    parts: Floats, lab: Floats, chosen: Floats, asked: Sequence[AskedPart]
) -> tuple[Floats, list[tuple[Floats, NamedColour]]]:
    """Return how far the parts that have colours cover each place, (h, w), and the places of those seen.

    Where plumage changes its colour near a part's edge, the part ends there.
    """
    there: list[tuple[Floats, NamedColour]] = []
    covered = np.zeros_like(chosen)
    for one in asked:
        place = parts[..., [PARTS.index(part) for part in one.parts]].sum(-1)
        if (place * chosen).max() > LEAST_SURE:
            # Specks of another colour, such as the spots of a wing, are of the part.
            reach = _PLUMAGE * float(np.count_nonzero(place > LEAST_SURE)) ** 0.5
            edged = snapped(place, lab, max(1, round(reach)))
            place = np.asarray(cv2.medianBlur(edged, _SPECK), np.float32)
            there.append((smooth_step(place, *_BELONGS), one.colour))
            covered = covered + there[-1][0]
    return np.minimum(1, covered), there


def names_only(asked: Sequence[AskedPart], places: Mapping[str, Floats]) -> bool:
    """Return whether no other parts get colours than those whose places are known."""
    return all(part in places for one in asked for part in one.parts)


def with_known(parts: Floats, places: Mapping[str, Floats]) -> Floats:
    """Put parts, (h, w, parts) in 0..1, where they are known to be."""
    for part, place in places.items():
        here = resized(place, *parts.shape[1::-1])
        parts = parts * (1 - here[..., None])
        parts[..., PARTS.index(part)] = here
    return parts


def likelier(parts: Floats, asked: Sequence[AskedPart]) -> Floats:
    """Weigh how sure the finder is of each part, (h, w, parts), in a selection made for some of them."""
    weights = np.ones(len(PARTS), np.float32)
    weights[[PARTS.index(part) for one in asked for part in one.parts]] = _SELECTED
    weights[KEPT_PARTS] = np.maximum(weights[KEPT_PARTS], _SELECTED)
    weighed = parts * weights
    total, before = weighed.sum(-1, keepdims=True), parts.sum(-1, keepdims=True)
    return np.asarray(weighed * before / np.maximum(total, np.float32(_TINY)), np.float32)
