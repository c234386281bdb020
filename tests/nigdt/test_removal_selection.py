"""Whether a selection for a removal cuts a thing in two."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from nigdt.removal import remainder


def thing() -> tuple[np.ndarray, np.ndarray]:
    """A reddish ellipse with texture on green texture, and its mask."""
    random = np.random.default_rng(0)
    mask = cv2.ellipse(np.zeros((200, 300), np.uint8), (150, 100), (90, 40), 0, 0, 360, 255, -1)
    ground = random.normal([80, 140, 60], 8, (200, 300, 3))
    body = random.normal([190, 90, 70], 8, (200, 300, 3))
    return np.where(mask[..., None] > 0, body, ground).round().astype(np.uint8), mask


def test_a_cut_thing_is_noticed_and_the_rest_suggested() -> None:
    picture, whole = thing()
    cut = whole.copy()
    cut[:, 185:] = 0
    left_over = remainder(picture, cut)
    assert left_over is not None
    missing = (whole > 0) & (cut == 0)
    found = (left_over.selection > 0) & (cut == 0)
    assert (found & missing).sum() > 0.8 * missing.sum()
    assert (found & ~missing).sum() < 0.2 * missing.sum()
    assert left_over.fraction == pytest.approx(missing.sum() / (cut > 0).sum(), abs=0.1)


def test_a_generous_selection_cuts_nothing() -> None:
    picture, whole = thing()
    assert remainder(picture, cv2.dilate(whole, np.ones((15, 15), np.uint8))) is None
    assert remainder(picture, np.zeros_like(whole)) is None
