from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from nigdt_training.evaluation.baselines import BASELINES, harmonic, patchmatch
from nigdt_training.evaluation.metrics import gradient_in_hole
from skimage import data


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return data.astronaut()[100:164, 150:246].copy()


@pytest.mark.parametrize("name", BASELINES)
def test_baselines_fill_without_seeing_what_is_hidden(photo: np.ndarray, name: str) -> None:
    fill: Callable[[np.ndarray, np.ndarray], np.ndarray] = BASELINES[name]
    hole = np.zeros(photo.shape[:2], bool)
    hole[20:44, 30:70] = True
    changed = photo.copy()
    changed[hole] = (255, 0, 255)
    before = photo.copy()
    made = fill(photo, hole)
    np.testing.assert_array_equal(made, fill(changed, hole))
    np.testing.assert_array_equal(made[~hole], photo[~hole])
    np.testing.assert_array_equal(photo, before)
    assert made[hole].min() > 0
    assert np.abs(made[hole].astype(int) - photo[hole]).mean() < 60


def test_harmonic_continues_a_plane_exactly() -> None:
    y, x = np.mgrid[:40, :50]
    plane = np.stack([2 * x + y, 3 * y + 20, 200 - x - y], -1).astype(np.uint8)
    hole = np.zeros((40, 50), bool)
    hole[10:30, 5:45] = True
    np.testing.assert_array_equal(harmonic(plane, hole), plane)


def test_harmonic_pixels_are_the_mean_of_their_neighbours(photo: np.ndarray) -> None:
    hole = np.zeros(photo.shape[:2], bool)
    hole[20:44, 30:70] = True
    made = harmonic(photo, hole).astype(float)
    mean = (made[19:43, 30:70] + made[21:45, 30:70] + made[20:44, 29:69] + made[20:44, 31:71]) / 4
    assert np.abs(made[20:44, 30:70] - mean).max() <= 1.0


def test_harmonic_at_the_picture_s_edge() -> None:
    photo = np.full((20, 30, 3), 90, np.uint8)
    photo[:, :2] = 40
    hole = np.zeros((20, 30), bool)
    hole[:, 1:] = True
    made = harmonic(photo, hole)
    assert (made == 40).all()
    assert (harmonic(photo, np.ones_like(hole)) == 128).all()
    np.testing.assert_array_equal(harmonic(photo, np.zeros_like(hole)), photo)


def test_patchmatch_carries_texture_over_and_survives_a_hole_over_everything() -> None:
    noise = np.random.default_rng(0).integers(60, 200, (64, 64, 3), dtype=np.uint8)
    hole = np.zeros((64, 64), bool)
    hole[24:40, 24:40] = True
    original = gradient_in_hole(noise, hole)
    assert gradient_in_hole(patchmatch(noise, hole), hole) > 0.7 * original
    assert gradient_in_hole(harmonic(noise, hole), hole) < 0.2 * original
    assert (patchmatch(noise, np.ones_like(hole)) == 128).all()
