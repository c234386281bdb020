"""Where a drawn bird can stand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from nigdt.footing import above, footing, with_shadow

HOLE = np.zeros((192, 192), np.bool_)
HOLE[40:140, 50:150] = True
SKY = np.full((192, 192, 3), (150, 180, 220), np.uint8)


def with_branch(middle: int, slope: int = 0, colour: tuple[int, int, int] = (90, 60, 40)) -> np.ndarray:
    return cv2.line(SKY.copy(), (0, middle - slope), (191, middle + slope), colour, 9)


@pytest.mark.parametrize(("middle", "slope"), [(112, 0), (120, 0), (118, 3), (116, 20), (116, -30)])
def test_a_branch_is_stood_on(middle: int, slope: int) -> None:
    row = footing(with_branch(middle, slope), HOLE, None)
    assert row is not None
    assert middle - 6 <= row <= middle + 8


@pytest.mark.parametrize(
    "picture",
    [
        SKY,
        with_branch(60),  # too high for a bird above it
        with_branch(118, colour=(145, 172, 210)),  # hardly seen
        cv2.line(SKY.copy(), (100, 0), (100, 191), (90, 60, 40), 9),  # upright
    ],
)
def test_nothing_to_stand_on(picture: np.ndarray) -> None:
    assert footing(picture, HOLE, None) is None


def test_what_replaces_a_thing_stands_where_it_stood() -> None:
    thing = np.zeros_like(HOLE)
    thing[60:121, 80:120] = True
    assert footing(with_branch(132), HOLE, thing) == 120
    thing[60:121] = False
    thing[50:70, 80:120] = True  # it flew
    assert footing(with_branch(132), HOLE, thing) is None


def test_tiny_holes_have_none() -> None:
    hole = np.zeros_like(HOLE)
    assert footing(SKY, hole, None) is None
    hole[3:10, 3:10] = True
    assert footing(with_branch(8), hole, None) is None


def test_what_is_above() -> None:
    assert np.array_equal(above(HOLE, None), HOLE)
    assert np.flatnonzero(above(HOLE, 100).any(axis=1)).tolist() == list(range(40, 100))
    assert np.array_equal(above(HOLE, 20), HOLE)


BIRD = np.zeros((96, 96), np.float32)
BIRD[30:60, 30:70] = 1
BIRD[60:66, 48:52] = 1  # its leg


def ground(deviation: int) -> np.ndarray:
    grain = np.random.default_rng(3).normal(120, deviation, (192, 192, 1))
    return grain.clip(0, 255).astype(np.uint8).repeat(3, 2)


@pytest.mark.parametrize(("deviation", "is_seen"), [(25, True), (1, False)])
def test_a_shadow_falls_on_rough_ground(deviation: int, is_seen: bool) -> None:
    picture, hole = ground(deviation), np.ones((192, 192), np.bool_)
    shadowed = with_shadow(picture, BIRD, hole)
    lost = picture.astype(int) - shadowed
    assert (lost >= 0).all()
    assert bool(lost.any()) is is_seen
    if is_seen:
        rows, columns = np.nonzero(lost.max(axis=2) > 20)
        assert abs(rows.mean() - 131) < 3
        assert abs(columns.mean() - 100) < 3
        assert not lost[:110].any()


def test_a_shadow_ends_with_the_hole() -> None:
    hole = np.zeros((192, 192), np.bool_)
    hole[40:130, 40:160] = True
    picture = ground(25)
    changed = (with_shadow(picture, BIRD, hole) != picture).any(axis=2)
    assert changed.any()
    assert not changed[~hole].any()


def test_where_nothing_is_drawn_is_no_shadow() -> None:
    picture, hole = ground(25), np.ones((192, 192), np.bool_)
    assert np.array_equal(with_shadow(picture, np.zeros_like(BIRD), hole), picture)


@pytest.mark.parametrize("size", [(96, 96), (1300, 700), (2400, 1900)])
def test_a_shadow_at_any_size(size: tuple[int, int]) -> None:
    hole = np.ones(size, np.bool_)
    picture = cv2.resize(ground(60), size[::-1], interpolation=cv2.INTER_NEAREST)
    tiny = np.zeros_like(BIRD)
    tiny[50:52, 50:53] = 1
    assert (with_shadow(picture, BIRD, hole) != picture).any()
    assert with_shadow(picture, tiny, hole).shape == picture.shape
