"""What the model is told in training of an object that the hole hides: its outline, and its eye and beak."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from nigdt.marks import draw_beak, draw_marks
from nigdt_training.data.records import Point

__all__ = ["what_is_told"]

_TOLD = 0.85
"""Probability that the model is told the outline of an object, and then again that it is told the marks."""
_HIDDEN = 0.85
"""Fraction of an object that must be hidden for that."""
_ROUNDED = (0.004, 0.02)
"""Deviation of the blur that rounds an outline off, as a fraction of the sample's side."""


def what_is_told(
    outline: np.ndarray | None,
    places: Mapping[str, Point],
    mask: np.ndarray,
    channels: int,
    random: np.random.Generator,
) -> np.ndarray | None:
    """Draw what the model is told of an object, most times.

    Args:
        outline: (S, S) uint8 soft mask, 255 on it; None when unknown.
        places: Part -> (x, y) in pixels, those that are seen.
        mask: (S, S) uint8, 255 = hole.
        channels: C: 0 tells nothing, 1 the outline, 2 also the marks.
        random: Draws what is told.

    Returns:
        (C, S, S) uint8, or None where it is told nothing.
    """
    if not channels or outline is None or random.random() >= _TOLD or not _is_hidden(outline, mask):
        return None
    told = np.zeros((channels, *outline.shape), np.uint8)
    told[0] = _simplified(outline, random)
    eyes = [place for part, place in places.items() if part.endswith("eye")]
    if channels > 1 and eyes and random.random() < _TOLD:
        shape, beak = (outline.shape[0], outline.shape[1]), places.get("beak")
        told[0] = np.maximum(told[0], np.rint(draw_beak(shape, eyes, beak) * 255).astype(np.uint8))
        told[1] = np.rint(draw_marks(shape, eyes, beak) * 255)
    return told


def _is_hidden(outline: np.ndarray, mask: np.ndarray) -> bool:
    whole = int(np.count_nonzero(outline > 127))
    return whole > 0 and int(np.count_nonzero((outline > 127) & (mask > 127))) >= _HIDDEN * whole


def _simplified(outline: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Round an outline off, as those that stand for a kind of thing are."""
    blurred = cv2.GaussianBlur(outline, (0, 0), random.uniform(*_ROUNDED) * outline.shape[0])
    return np.clip((blurred.astype(np.float32) - 127.5) * 4 + 127.5, 0, 255).astype(np.uint8)
