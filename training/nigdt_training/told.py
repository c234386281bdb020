"""What the model is told in training of an object that the hole hides: its outline, and its parts' places."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from nigdt.marks import Landmarks, draw_parts, draw_told
from nigdt_training.data.records import Point

__all__ = ["what_is_told"]

_TOLD = 0.85
"""Probability that the model is told the outline of an object, then again that it is told the marks, ..."""
_EACH = 0.9
"""... and of these each kind of part."""
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
    if channels > 1 and places and random.random() < _TOLD:
        landmarks = _some(Landmarks.of(places), random)
        body = told[0].astype(np.float32) / np.float32(255)
        told[:2] = np.rint(np.stack(draw_told(body, draw_parts(body, landmarks))) * 255)
    return told


def _some(landmarks: Landmarks, random: np.random.Generator) -> Landmarks:
    """Leave kinds of parts out, as birds that are seen from elsewhere do not show them."""
    head, wings, legs = random.random(3) < _EACH
    return Landmarks(
        eyes=landmarks.eyes if head else (),
        beak=landmarks.beak if head else None,
        wings=landmarks.wings if wings else (),
        tail=landmarks.tail,
        legs=landmarks.legs if legs else (),
    )


def _is_hidden(outline: np.ndarray, mask: np.ndarray) -> bool:
    whole = int(np.count_nonzero(outline > 127))
    return whole > 0 and int(np.count_nonzero((outline > 127) & (mask > 127))) >= _HIDDEN * whole


def _simplified(outline: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Round an outline off, as those that stand for a kind of thing are."""
    blurred = cv2.GaussianBlur(outline, (0, 0), random.uniform(*_ROUNDED) * outline.shape[0])
    return np.clip((blurred.astype(np.float32) - 127.5) * 4 + 127.5, 0, 255).astype(np.uint8)
