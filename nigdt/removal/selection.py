"""Whether a selection of a thing that is to go cuts it in two."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.box import selection_box
from nigdt.objects import grab_cut

__all__ = ["Remainder", "remainder"]

_WORKING = 96
"""Root of the selection's area at which a cut is looked for."""
_ROUNDS = 3
_CONTACT = 0.05
"""A piece that is left over touches at least this fraction of the selection's border, ..."""
_STEP = 9.0
"""... and its colour there is no further than this from the inside's, in Lab units."""
_LEAST = 0.06
"""A remainder below this fraction of the selection is not worth a word, ..."""
_MOST = 0.6
"""... and what is above it is no remainder but a surrounding of the same colour."""


@dataclass(frozen=True)
class Remainder:
    """A part of the selected thing that the selection leaves out.

    Attributes:
        selection: (h, w) uint8, the selection with that part.
        fraction: The part's area as a fraction of the selection's.
    """

    selection: NDArray[np.uint8]
    fraction: float


def remainder(crop: NDArray[np.uint8], selection: NDArray[np.uint8]) -> Remainder | None:
    """Notice that a selection cuts its object in two.

    What is inside and what is far outside are modelled by colours (GrabCut, Rother et al. 2004). A piece
    beside the selection is left over if it belongs to the inside by its colours and goes on from the inside
    without an edge along a noticeable part of the selection's border.

    Args:
        crop: (h, w, 3) RGB.
        selection: (h, w), above 127 where selected.

    Returns:
        The suggestion to grow, or None where the selection seems to hold the whole thing.
    """
    inside = selection > 127
    if inside.sum() < 16 or inside.all():
        return None
    near = _near(inside)
    within, pixels = inside[near], crop[near]
    scale = min(1.0, _WORKING / float(np.sqrt(inside.sum())))
    size = (max(8, round(within.shape[1] * scale)), max(8, round(within.shape[0] * scale)))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    selected = cv2.resize(within.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5
    part = _left_over(small, selected)
    fraction = part.sum() / max(1, selected.sum())
    if not _LEAST <= fraction <= _MOST:
        return None
    whole = cv2.resize(part.astype(np.float32), within.shape[::-1], interpolation=cv2.INTER_LINEAR) > 0.5
    suggested = selection.copy()
    suggested[near][whole] = 255
    return Remainder(suggested, float(fraction))


def _near(inside: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the selection and half its extent around it."""
    box = selection_box(inside.astype(np.uint8))
    margin = max(8, max(box.width, box.height) // 2)
    return (
        slice(max(0, box.top - margin), box.bottom + margin),
        slice(max(0, box.left - margin), box.right + margin),
    )


def _left_over(pixels: NDArray[np.uint8], within: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pieces (h, w) of the thing outside the selection."""
    thing = _thing(pixels, within)
    # Thin fringes are the lasso's imprecision.
    opened = cv2.morphologyEx((thing & ~within).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, pieces = cv2.connectedComponents(opened)
    lab = cv2.cvtColor(cv2.blur(pixels, (3, 3)).astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    core = within & thing
    beside = np.zeros(within.shape, np.bool_)
    step: NDArray[np.float32] = np.full(within.shape, np.inf, np.float32)
    for down, right in ((0, 2), (0, -2), (2, 0), (-2, 0)):
        theirs = np.roll(core, (down, right), (0, 1))
        apart = np.linalg.norm(lab - np.roll(lab, (down, right), (0, 1)), axis=2)
        beside |= theirs
        step = np.where(theirs, np.minimum(step, apart), step).astype(np.float32)
    border = within & (cv2.erode(within.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)
    part = np.zeros(within.shape, np.bool_)
    for piece in range(1, count):
        at = pieces == piece
        contact = at & beside
        # A contact is two pixels deep.
        if contact.sum() / 2 >= _CONTACT * border.sum() and np.median(step[contact]) <= _STEP:
            part |= at
    return part


def _thing(pixels: NDArray[np.uint8], within: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return what looks like the inside of the selection rather than like what lies around it, (h, w)."""
    extent = float(np.sqrt(within.sum()))
    away = cv2.distanceTransform((~within).astype(np.uint8), cv2.DIST_L2, 3)
    depth = cv2.distanceTransform(within.astype(np.uint8), cv2.DIST_L2, 3)
    labels = np.full(within.shape, cv2.GC_BGD, np.uint8)
    labels[away <= 0.5 * extent] = cv2.GC_PR_BGD
    # A lasso holds some of the surroundings along its border.
    labels[within] = cv2.GC_PR_FGD
    labels[depth > 0.5 * depth.max()] = cv2.GC_FGD
    if not (labels == cv2.GC_BGD).any() and not within.all():
        labels[away > np.quantile(away[~within], 0.7)] = cv2.GC_BGD
    return grab_cut(pixels, labels, _ROUNDS)
