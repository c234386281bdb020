"""Selections of things that are to go: grown a little, and looked at whether they cut the thing in two."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.context.box import Box, selection_box

__all__ = ["Remainder", "grown", "remainder", "removal_box"]

_AROUND = 1.25
_LEAST_AROUND = 64
_WORKING = 160
"""Root of the selection's area at which a cut is looked for."""
_ROUNDS = 4
_LEAST_SHARE = 0.03
"""A remainder below this share of the selection is not worth a word, ..."""
_MOST_SHARE = 0.6
"""... and what is above it is no remainder but a surrounding of the same colour."""


def grown(selection: NDArray[np.uint8], pixels: int = 3) -> NDArray[np.uint8]:
    """A selection of a thing, made to cover it: holes closed and the edge moved outwards.

    Args:
        selection: (h, w), 255 = selected; soft edges are kept.
        pixels: By how much to grow; 2 to 4 covers the mixed pixels of an object's edge.

    Returns:
        (h, w), at least the selection everywhere.
    """
    if pixels < 0:
        raise ValueError(f"a selection cannot be grown by {pixels}")
    filled = selection.copy()
    # Whatever is not selected and cannot be reached from outside is a hole.
    outside = np.pad((selection < 128).astype(np.uint8), 1, constant_values=1)
    cv2.floodFill(outside, None, (0, 0), 2)
    filled[outside[1:-1, 1:-1] == 1] = 255
    if not pixels:
        return filled
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return np.asarray(cv2.dilate(filled, disc), np.uint8)


def removal_box(selection: NDArray[np.uint8]) -> Box:
    """The part of a photo that a removal should see: wider than a model's context, never beyond the photo.

    Args:
        selection: (h, w), 255 = selected.

    Raises:
        SelectionError: Nothing is selected.
    """
    height, width = selection.shape
    inner = selection_box(selection)
    margin = max(_LEAST_AROUND, round(_AROUND * max(inner.width, inner.height)))
    left, top = max(0, inner.left - margin), max(0, inner.top - margin)
    right, bottom = min(width, inner.right + margin), min(height, inner.bottom + margin)
    return Box(left, top, right - left, bottom - top)


@dataclass(frozen=True)
class Remainder:
    """A part of the selected thing that the selection leaves out.

    Attributes:
        selection: (h, w) uint8, the selection with that part.
        share: The part's area as a share of the selection's.
    """

    selection: NDArray[np.uint8]
    share: float


def remainder(crop: NDArray[np.uint8], selection: NDArray[np.uint8]) -> Remainder | None:
    """Notice that a selection cuts its object in two.

    What is inside and what is far outside are modelled by colours (GrabCut, Rother et al. 2004); a piece
    beside the selection that is told to belong to the inside, and touches it along a noticeable part of the
    border, is left over.

    Args:
        crop: (h, w, 3) RGB.
        selection: (h, w), above 127 where selected.

    Returns:
        The suggestion to grow, or None where the selection seems to hold the whole thing.
    """
    inside = selection > 127
    if inside.sum() < 16 or inside.all():
        return None
    scale = min(1.0, _WORKING / float(np.sqrt(inside.sum())))
    size = (max(8, round(inside.shape[1] * scale)), max(8, round(inside.shape[0] * scale)))
    small = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)
    within = cv2.resize(inside.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5
    part = _left_over(small, within)
    share = part.sum() / max(1, within.sum())
    if not _LEAST_SHARE <= share <= _MOST_SHARE:
        return None
    whole = cv2.resize(part.astype(np.float32), inside.shape[::-1], interpolation=cv2.INTER_LINEAR) > 0.5
    return Remainder(np.where(whole, np.uint8(255), selection), float(share))


def _left_over(pixels: NDArray[np.uint8], within: NDArray[np.bool_]) -> NDArray[np.bool_]:
    extent = float(np.sqrt(within.sum()))
    away = cv2.distanceTransform((~within).astype(np.uint8), cv2.DIST_L2, 3)
    depth = cv2.distanceTransform(within.astype(np.uint8), cv2.DIST_L2, 3)
    labels = np.full(within.shape, cv2.GC_BGD, np.uint8)
    labels[away <= 0.5 * extent] = cv2.GC_PR_BGD
    # A lasso holds some of the surroundings along its border.
    labels[within] = cv2.GC_PR_FGD
    labels[depth > 0.5 * depth.max()] = cv2.GC_FGD
    if not (labels == cv2.GC_BGD).any():
        labels[away > np.quantile(away[~within], 0.7)] = cv2.GC_BGD
    models = np.zeros((2, 1, 65), np.float64)
    cv2.setRNGSeed(0)
    whole = (0, 0, within.shape[1], within.shape[0])  # not looked at when a mask is given
    cv2.grabCut(pixels, labels, whole, models[0], models[1], _ROUNDS, cv2.GC_INIT_WITH_MASK)
    thing = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    part = np.zeros(within.shape, np.bool_)
    # Thin fringes are the lasso's imprecision.
    opened = cv2.morphologyEx((thing & ~within).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, pieces = cv2.connectedComponents(opened)
    beside = cv2.dilate((within & thing).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    for piece in range(1, count):
        at = pieces == piece
        if (at & beside).sum() >= max(3, 0.1 * np.sqrt(at.sum())):
            part |= at
    return part
