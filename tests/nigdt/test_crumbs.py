"""Ends that a lasso cuts off go with their thing; what leads on stays."""

from __future__ import annotations

import cv2
import numpy as np

from nigdt.context.context import Context
from nigdt.context.crumbs import with_crumbs
from nigdt.recipe import Recipe

SIDE = 400


def scene(*strokes: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return a brown animal on blurred grass and a lasso that cuts off what reaches beyond 130 pixels.

    Args:
        strokes: Direction in degrees and length in pixels, from the middle, of horns or twigs.
    """
    rng = np.random.default_rng(0)
    grass = cv2.GaussianBlur(rng.normal(0, 40, (SIDE, SIDE, 3)), (0, 0), 6)
    photo = np.clip(grass + np.array([110, 150, 80]), 0, 255).astype(np.uint8)
    middle = SIDE // 2
    cv2.circle(photo, (middle, middle), 100, (120, 70, 40), -1)
    for degrees, length in strokes:
        turned = np.deg2rad(degrees)
        end = (round(middle + length * np.cos(turned)), round(middle + length * np.sin(turned)))
        cv2.line(photo, (middle, middle), end, (120, 70, 40), 9)
    lasso = np.zeros((SIDE, SIDE), np.uint8)
    cv2.circle(lasso, (middle, middle), 130, 255, -1)
    return photo, lasso


def brown(photo: np.ndarray) -> np.ndarray:
    return np.abs(photo.astype(int) - [120, 70, 40]).max(2) < 3


def test_the_tip_of_a_horn_is_selected_too() -> None:
    photo, lasso = scene((-60, 140))
    selected = with_crumbs(photo, lasso)
    assert (brown(photo) & (lasso == 0)).sum() > 50
    assert not (brown(photo) & (selected == 0)).any()
    assert ((selected > 0) & (lasso == 0)).sum() < 600
    assert (selected >= lasso).all()


def test_a_twig_that_leads_on_is_not() -> None:
    photo, lasso = scene((0, 190))
    assert (with_crumbs(photo, lasso) == lasso).all()


def test_a_stone_beside_the_selection_is_not() -> None:
    photo, lasso = scene()
    cv2.circle(photo, (SIDE // 2, SIDE // 2 - 133), 6, (120, 70, 40), -1)
    assert (with_crumbs(photo, lasso) == lasso).all()


def test_only_what_is_removed_gains_its_ends() -> None:
    photo, lasso = scene((-60, 140))
    removed, grown = (Context.of(photo, lasso, 128, Recipe("", mode="remove", grow=by)) for by in (1, 2))
    described = Context.of(photo, lasso, 128, Recipe("grass", mode="describe", grow=1))
    assert (removed.selection > 0).sum() > (described.selection > 0).sum() > (lasso > 0).sum()
    assert (grown.selection > 0).sum() > (removed.selection > 0).sum()


def test_nothing_beside_a_selection_that_does_not_grow_changes() -> None:
    photo, lasso = scene((-60, 140))
    exact = Context.of(photo, lasso, 128, Recipe("", mode="remove", grow=0))
    assert (exact.selection > 0).sum() == (lasso > 0).sum()


def test_a_removal_leaves_no_tip_in_the_air() -> None:
    photo, lasso = scene((-60, 140))
    context = Context.of(photo, lasso, 128, Recipe("", mode="remove", grow=1))
    left = brown(context.crop) & (context.hole == 0)
    assert not left.any()


def test_nothing_is_told_of_strokes_and_small_selections() -> None:
    photo, _ = scene((-60, 140))
    for box in ((5, 300), (40, 40)):
        selection = np.zeros((SIDE, SIDE), np.uint8)
        selection[60 : 60 + box[0], 50 : 50 + box[1]] = 255
        assert with_crumbs(photo, selection) is selection
