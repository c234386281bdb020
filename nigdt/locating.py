"""How a selection lies to the thing that the photo shows there, by what the finder sees."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.objects import largest_piece

__all__ = ["Location", "location"]

Floats = NDArray[np.float32]

_RING = 0.12
"""Width of what is around it, as a fraction of the root of its area."""
_WITHIN = 0.42
"""How much of that must be a part of a thing for the selection to lie within one."""
_TOUCHED, _PART = 0.02, 0.78
"""How much of what is seen of a thing a selection holds, from and up to which it is of a part of it."""
_HELD = 0.75
"""How much of a thing a selection holds at least for it to be of all of it."""
_FILLED = 0.2
"""How much of a selection a thing fills at least for the selection to have been made for it."""
_OUTSIDE = 0.1
"""How much of a place is selected at most for it to lie outside."""
_LEFT = (0.07, 0.55)
"""How much of a thing the largest piece outside is at least, and all of it at most, to be forgotten."""
_REPLACED = 0.5
"""How much of a piece of a thing a selection holds at least for the piece to be what is replaced there."""
_MEANT = 0.12
"""How much of the selection that fills at least: less may be a piece of the branch to sit on."""
_LEAST_SURE = 0.5
"""How sure the finder must be of a place for it to be of the thing."""
_TINY = 1e-6


@dataclass(frozen=True)
class Location:
    """How a selection lies to the thing that is there.

    Attributes:
        amid: Whether it lies within a thing: what is just around it belongs to the thing too.
        within: The same of a bird.
        part: Whether it holds a part of a bird, and the rest lies outside.
        left: Whether it holds most of a thing and leaves out a piece, which seems to be forgotten.
        whole: Whether it holds a bird.
        other: Whether it holds a thing of any other kind.
        thing: (h, w), at the finder's size, where things are most of which it holds, so that what is drawn
            there replaces them; None where it holds none.
    """

    amid: bool = False
    within: bool = False
    part: bool = False
    left: bool = False
    whole: bool = False
    other: bool = False
    thing: NDArray[np.bool_] | None = field(default=None, compare=False)


def location(sure: Floats, parts: Floats, chosen: Floats, bird: bool) -> Location:
    """Tell how a selection lies to a thing.

    Args:
        sure: (h, w), 0 to 1, how sure the finder is of the thing, in the selection and around it.
        parts: (h, w), 0 to 1, the same of any of its parts.
        chosen: (h, w), 0 to 1, the selection.
        bird: Whether the thing may be a bird.
    """
    inside = (chosen > 0.5).astype(np.uint8)
    margin = max(2, int(_RING * float(inside.sum()) ** 0.5))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
    ring = (cv2.dilate(inside, disc) > 0) & (inside == 0)
    amid = bool(ring.any()) and float(parts[ring].mean()) >= _WITHIN
    within = bird and amid
    held = float((parts * chosen).sum()) / max(_TINY, float(parts.sum()))
    thing = sure > _LEAST_SURE
    outside = thing & (chosen < _OUTSIDE)
    size = max(1.0, float(np.count_nonzero(thing)))
    left_out = float(np.count_nonzero(outside))
    piece = float(np.count_nonzero(largest_piece(outside)))
    left = not within and left_out < _LEFT[1] * size and piece > _LEFT[0] * size
    is_bird = bird and float((parts * chosen).max()) > _LEAST_SURE
    chosen_of_thing = float(np.count_nonzero(thing & (inside > 0)))
    most = chosen_of_thing >= _HELD * size
    whole = is_bird and (most or held >= _PART)
    other = not is_bird and most and chosen_of_thing >= _FILLED * float(inside.sum())
    part = bird and not whole and _TOUCHED < held < _PART
    return Location(amid, within, part, left, whole, other, _held_things(thing, inside > 0))


def _held_things(thing: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """Return those pieces of things (h, w) that a selection (h, w) was made for; None if there are none."""
    count, labels = cv2.connectedComponents(thing.astype(np.uint8))
    sizes = np.bincount(labels.ravel(), minlength=count)
    held = np.bincount(labels[chosen], minlength=count)
    replaced = (held >= _REPLACED * sizes) & (held >= _MEANT * np.count_nonzero(chosen))
    replaced[0] = False
    return replaced[labels] if replaced.any() else None
