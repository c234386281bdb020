"""What is seen in a selection, and for how long it is kept."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from nigdt.looking import Found, Looker
from nigdt.model.finder import FinderScores, ObjectFinder
from nigdt.part_words import PARTS

SIDE = 160


def picture() -> tuple[np.ndarray, np.ndarray]:
    """An orange disc on grey, and a box around it."""
    y, x = np.mgrid[:SIDE, :SIDE]
    crop = np.full((SIDE, SIDE, 3), 120, np.uint8)
    crop[(y - 80) ** 2 + (x - 80) ** 2 < 45**2] = (230, 120, 20)
    selection = np.zeros((SIDE, SIDE), np.uint8)
    selection[24:136, 24:136] = 255
    return crop, selection


def seeing(bird: bool) -> Looker:
    """A looker that is sure of the disc, and sees a bird's parts in its left half."""
    looker = Looker(None, SIDE, "cpu")
    y, x = np.mgrid[:SIDE, :SIDE]
    sure = ((y - 80) ** 2 + (x - 80) ** 2 < 45**2).astype(np.float32)
    parts = np.zeros((SIDE, SIDE, len(PARTS)), np.float32)
    parts[..., 0] = sure * (x < 80)
    looker.find = lambda *_: Found(sure, parts, sure, bird)  # type: ignore[method-assign]
    return looker


@pytest.mark.parametrize("bird", [True, False])
def test_of_a_bird_only_what_is_near_its_parts_is_the_thing(bird: bool) -> None:
    thing = seeing(bird).look(*picture()).thing
    assert thing is not None
    height, width = thing.shape
    left, right = thing[height // 2, round(0.35 * width)], thing[height // 2, round(0.65 * width)]
    assert left > 0.9
    assert (right > 0.9) is not bird


def test_what_is_seen_is_kept_while_context_and_selection_are_the_same_arrays() -> None:
    looker, (crop, selection) = seeing(True), picture()
    first = looker.look(crop, selection)
    assert looker.look(crop, selection) is first
    assert looker.look(crop.copy(), selection) is not first
    assert looker.look(crop, selection, exact=True).found is None


def test_a_fine_edge_is_seen_at_stride_two_and_a_coarse_one_at_four() -> None:
    rgb, selection = torch.zeros(1, 3, 64, 96), torch.ones(1, 1, 64, 96)
    fine, coarse = (ObjectFinder(fine=fine).eval()(rgb, selection) for fine in (True, False))
    assert fine.objects.shape == (1, 1, 32, 48)
    assert coarse.objects.shape == (1, 1, 16, 24)
    assert fine.parts.shape == coarse.parts.shape == (1, 1 + len(PARTS), 16, 24)


class FineDisc(ObjectFinder):
    """A fine finder that is sure of the orange disc, and of a thread that leads away from it."""

    def __init__(self) -> None:
        super().__init__(fine=True)

    def forward(self, rgb: torch.Tensor, selection: torch.Tensor) -> FinderScores:
        orange = ((rgb[:, :1] > 0.4) & (rgb[:, 2:] < 0)).float()
        objects = 16 * F.interpolate(orange, scale_factor=0.5, mode="area") - 8
        height, width = (side // 2 for side in objects.shape[2:])
        return FinderScores(torch.zeros(len(rgb), 1 + len(PARTS), height, width), objects, None)


@pytest.mark.parametrize(("top", "left"), [(24, 24), (40, 8)])
def test_a_finder_with_a_fine_edge_is_believed_to_the_pixel(top: int, left: int) -> None:
    crop, selection = picture()
    crop[79:82, 120:150] = (230, 120, 20)
    selection[:] = 0
    selection[top : top + 112, left : left + 146] = 255
    thing = Looker(FineDisc(), SIDE, "cpu").look(crop, selection).thing
    assert thing is not None
    got = cv2.resize(thing, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    chosen = selection > 0
    disc = (crop[..., 2] < 60) & chosen
    assert got[disc].mean() > 0.9
    assert got[80, 135:146].min() > 0.5, "the thread"
    assert got[chosen & ~disc].mean() < 0.02


def test_legs_keep_their_colour_and_the_belly_above_them_does_not() -> None:
    y, x = np.mgrid[:SIDE, :SIDE]
    sure = ((y - 70) ** 2 + (x - 80) ** 2 < 40**2).astype(np.float32)
    sure[100:140, 76:79] = 1
    parts = np.zeros((SIDE, SIDE, len(PARTS)), np.float32)
    parts[90:142, 60:100, PARTS.index("leg")] = 1  # as coarsely as the finder sees it
    crop = np.where(sure[..., None] > 0, np.uint8((230, 120, 20)), np.uint8((120, 120, 120)))
    selection = np.full((SIDE, SIDE), 255, np.uint8)
    looker = Looker(None, SIDE, "cpu")
    looked_at = slice(0, SIDE), slice(0, SIDE)
    looker.find = lambda *_: Found(sure, parts, sure, True, sure, looked_at)  # type: ignore[method-assign]
    kept = looker.look(crop, selection).kept
    assert kept is not None
    got = cv2.resize(kept, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    assert got[118:136, 77].min() > 0.8
    assert got[92:102, 66:94].max() < 0.2


def test_a_beak_has_a_head_behind_it() -> None:
    y, x = np.mgrid[:SIDE, :SIDE]
    sure = (((y - 80) / 30) ** 2 + ((x - 80) / 60) ** 2 < 1).astype(np.float32)
    parts = np.zeros((SIDE, SIDE, len(PARTS)), np.float32)
    parts[..., PARTS.index("beak")] = sure * ((x < 30) | (x > 130))
    parts[..., PARTS.index("crown")] = sure * (x > 105) * (x <= 130)
    crop = np.where(sure[..., None] > 0, np.uint8((230, 120, 20)), np.uint8((120, 120, 120)))
    looker, looked_at = Looker(None, SIDE, "cpu"), (slice(0, SIDE), slice(0, SIDE))
    looker.find = lambda *_: Found(sure, parts, sure, True, sure, looked_at)  # type: ignore[method-assign]
    kept = looker.look(crop, np.full((SIDE, SIDE), 255, np.uint8)).kept
    assert kept is not None
    got = cv2.resize(kept, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    assert got[80, 134] > 0.9
    assert got[80, 25] < 0.1, "the tip of its tail"


def test_only_birds_have_beaks_and_legs() -> None:
    assert seeing(True).look(*picture()).kept is not None
    assert seeing(False).look(*picture()).kept is None, "the finder sees them in horses too"
