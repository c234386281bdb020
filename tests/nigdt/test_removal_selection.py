"""Selections for removal: grown, and whether they cut a thing in two."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from nigdt.errors import SelectionError
from nigdt.removal import covering, remainder, removal_box


def thing() -> tuple[np.ndarray, np.ndarray]:
    """A reddish ellipse with texture on green texture, and its mask."""
    random = np.random.default_rng(0)
    mask = cv2.ellipse(np.zeros((200, 300), np.uint8), (150, 100), (90, 40), 0, 0, 360, 255, -1)
    ground = random.normal([80, 140, 60], 8, (200, 300, 3))
    body = random.normal([190, 90, 70], 8, (200, 300, 3))
    return np.where(mask[..., None] > 0, body, ground).round().astype(np.uint8), mask


def test_growing_covers_the_edge_and_closes_holes() -> None:
    mask = np.zeros((60, 60), np.uint8)
    mask[20:40, 20:40] = 255
    mask[28:32, 28:32] = 0
    result = covering(mask, 3)
    assert result[30, 30] == 255
    assert result[30, 17] == 255
    assert result[30, 16] == 0
    assert (covering(mask, 0)[28:32, 28:32] == 255).all()
    assert (covering(np.full((8, 8), 255, np.uint8)) == 255).all()


def test_growing_keeps_soft_edges_and_open_bays() -> None:
    mask = np.zeros((60, 60), np.uint8)
    mask[20:40, 20:40] = 255
    mask[20:40, 30:33] = 0
    mask[40:43, 20:40] = 100
    result = covering(mask, 0)
    assert (result == mask).all()


def test_the_removal_sees_no_further_than_the_photo() -> None:
    mask = np.zeros((300, 1000), np.uint8)
    mask[10:110, 400:500] = 255
    box = removal_box(mask)
    assert (box.left, box.top, box.right, box.bottom) == (275, 0, 625, 235)
    with pytest.raises(SelectionError):
        removal_box(np.zeros((10, 10), np.uint8))


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
    assert left_over.share == pytest.approx(missing.sum() / (cut > 0).sum(), abs=0.1)


def test_a_generous_selection_cuts_nothing() -> None:
    picture, whole = thing()
    assert remainder(picture, cv2.dilate(whole, np.ones((15, 15), np.uint8))) is None
    assert remainder(picture, np.zeros_like(whole)) is None
