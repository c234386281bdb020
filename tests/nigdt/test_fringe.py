"""What is left of an object's old colour at its edge."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from nigdt.fringe import edge_by_hue

LOW, HIGH = 0.2, 0.8
RED, GREY, BLUE = (45.0, 60.0, 40.0), (70.0, 0.0, 0.0), (35.0, 20.0, -70.0)


def fringed(around: tuple[float, float, float] = GREY) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a red disc's place, how much of each pixel has its hue, and the photo, sharp in L alone."""
    place = cv2.circle(np.zeros((96, 96), np.float32), (48, 48), 24, 1, cv2.FILLED)
    share = np.asarray(cv2.GaussianBlur(place, (0, 0), 1.2), np.float32)
    lab = np.float32(around) + share[..., None] * (np.float32(RED) - np.float32(around))
    lab[..., 0] = np.where(place > 0, RED[0], around[0])
    return place, share, lab


def painted(alpha: np.ndarray, lab: np.ndarray) -> np.ndarray:
    """Return how much of each pixel is painted, (h, w)."""
    return np.clip(((alpha[..., :3] * lab).sum(-1) + alpha[..., 3] - LOW) / (HIGH - LOW), 0, 1)


def to_blue(place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return an alpha that ends with the disc, and the colour that it gets."""
    alpha = np.zeros((*place.shape, 4), np.float32)
    alpha[..., 3] = place
    return alpha, np.broadcast_to(np.float32((0, BLUE[1], BLUE[2])), (*place.shape, 3)).copy()


def test_the_old_hue_beside_an_object_goes_with_it() -> None:
    place, share, lab = fringed()
    alpha, target = to_blue(place)
    ring = (place == 0) & (share > 0.15) & (share < 0.5)
    assert ring.sum() > 50

    def redness(alpha: np.ndarray) -> float:
        how = painted(alpha, lab)[ring]
        return float((lab[ring][:, 2] + how * (BLUE[2] - lab[ring][:, 2])).mean())

    mended = edge_by_hue(alpha, place, target, lab, LOW, HIGH)
    assert redness(alpha) > 8
    assert redness(mended) < 0


def test_the_object_itself_and_what_is_far_from_it_stay() -> None:
    place, _, lab = fringed()
    alpha, target = to_blue(place)
    mended = edge_by_hue(alpha, place, target, lab, LOW, HIGH)
    far = cv2.dilate(place, np.ones((15, 15), np.uint8)) == 0
    deep = cv2.erode(place, np.ones((7, 7), np.uint8)) > 0
    assert np.array_equal(mended[far | deep], alpha[far | deep])


@pytest.mark.parametrize("around", [(45.0, 58.0, 38.0), (80.0, 55.0, 42.0)])
def test_surroundings_of_the_same_hue_tell_nothing(around: tuple[float, float, float]) -> None:
    place, _, lab = fringed(around)
    alpha, target = to_blue(place)
    mended = edge_by_hue(alpha, place, target, lab, LOW, HIGH)
    assert np.array_equal(mended, alpha)


def test_surroundings_of_many_hues_are_not_painted() -> None:
    place, share, lab = fringed()
    patches = np.random.default_rng(3).normal(0, 25, (24, 24, 2)).astype(np.float32)
    patches = cv2.resize(patches, (96, 96), interpolation=cv2.INTER_NEAREST)
    lab[..., 1:] += patches * (share < 0.02)[..., None]
    alpha, target = to_blue(place)
    mended = edge_by_hue(alpha, place, target, lab, LOW, HIGH)
    clear = (place == 0) & (share < 0.02)
    assert painted(mended, lab)[clear].mean() < 0.05


def test_a_black_hem_is_no_mixture() -> None:
    place, _, lab = fringed((60.0, -30.0, 30.0))
    hem = (place == 0) & (cv2.dilate(place, np.ones((9, 9), np.uint8)) > 0)
    lab[hem] = (12.0, 2.0, 2.0)  # whose hue lies between both
    alpha, target = to_blue(place)
    assert painted(edge_by_hue(alpha, place, target, lab, LOW, HIGH), lab)[hem].max() < 0.05


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_nothing_has_no_edge_and_nor_has_all(value: float) -> None:
    place, _, lab = fringed()
    alpha, target = to_blue(place)
    mended = edge_by_hue(alpha, np.full_like(place, value), target, lab, LOW, HIGH)
    assert mended is alpha
