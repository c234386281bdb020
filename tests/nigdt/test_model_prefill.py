from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from nigdt.masks import centre_mask, irregular_mask, rectangle_mask
from nigdt.model.prefill import _halved, harmonic_prefill

torch.set_num_threads(1)
SIDE = 64


def smooth_picture() -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    return np.stack([x - y, np.sin(4 * x) * y, np.cos(5 * y + x)]).astype(np.float32) * 0.9


def exact(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Laplace's equation on the hole, solved by long relaxation; the picture's edge reflects."""
    out = np.where(hole, picture[:, ~hole].mean(1)[:, None, None], picture).astype(np.float64)
    for _ in range(4000):
        padded = np.pad(out, ((0, 0), (1, 1), (1, 1)), mode="edge")
        mean = (padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1] + padded[:, 1:-1, :-2] + padded[:, 1:-1, 2:]) / 4
        out[:, hole] = mean[:, hole]
    return out


def prefill(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    M = torch.from_numpy((~hole).astype(np.float32))[None, None]
    return harmonic_prefill(torch.from_numpy(picture)[None] * M, M)[0].numpy()


@pytest.mark.parametrize("kind", ["centre", "rectangle", "irregular"])
def test_it_is_the_photo_where_visible_and_harmonic_in_the_hole(kind: str) -> None:
    random = np.random.default_rng(3)
    hole = {
        "centre": centre_mask(SIDE, SIDE),
        "rectangle": rectangle_mask(SIDE, SIDE, random),
        "irregular": irregular_mask(SIDE, SIDE, random),
    }[kind] > 0
    picture = smooth_picture()
    got, expected = prefill(picture, hole), exact(picture, hole)
    assert np.array_equal(got[:, ~hole], picture[:, ~hole])
    error = np.abs(got - expected)[:, hole].mean()
    grey = np.abs(picture[:, ~hole].mean(1)[:, None] - expected[:, hole]).mean()
    assert error < 0.005
    assert error < 0.05 * grey


def test_it_stays_within_the_visible_range() -> None:
    hole = centre_mask(SIDE, SIDE) > 0
    picture = np.sign(smooth_picture())
    got = prefill(picture, hole)
    assert got.min() >= -1 - 1e-5
    assert got.max() <= 1 + 1e-5


def test_a_flat_photo_is_continued_flat() -> None:
    picture = np.full((3, SIDE, SIDE), 0.3, np.float32)
    for seed in range(5):
        hole = irregular_mask(SIDE, SIDE, np.random.default_rng(seed)) > 0
        assert np.allclose(prefill(picture, hole), 0.3, atol=1e-5)


def test_without_a_visible_pixel_it_is_zero() -> None:
    assert (prefill(smooth_picture(), np.ones((SIDE, SIDE), bool)) == 0).all()


def test_without_a_hole_it_is_the_photo() -> None:
    picture = smooth_picture()
    assert np.array_equal(prefill(picture, np.zeros((SIDE, SIDE), bool)), picture)


@pytest.mark.parametrize(("height", "width"), [(64, 512), (96, 160), (224, 64)])
def test_any_shape(height: int, width: int) -> None:
    M = torch.ones(2, 1, height, width)
    M[:, :, 10:50, 10:50] = 0
    I_m = torch.full((2, 3, height, width), -0.5) * M
    assert torch.allclose(harmonic_prefill(I_m, M), torch.full_like(I_m, -0.5), atol=1e-5)


def test_one_visible_pixel_colours_everything() -> None:
    hole = np.ones((SIDE, SIDE), bool)
    hole[5, 7] = False
    assert np.allclose(prefill(np.full((3, SIDE, SIDE), 0.7, np.float32), hole), 0.7, atol=1e-4)


@pytest.mark.parametrize(("height", "width"), [(3, 3), (3, 4), (6, 5), (12, 8)])
def test_halving_takes_means_of_the_cells_there_are(height: int, width: int) -> None:
    x = torch.rand(2, 3, height, width)
    assert torch.allclose(_halved(x), F.avg_pool2d(x, 2, ceil_mode=True), atol=1e-6)
