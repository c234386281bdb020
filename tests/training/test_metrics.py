from __future__ import annotations

import math

import numpy as np
import pytest
from nigdt_training.evaluation.features import frechet_distance, kernel_distance
from nigdt_training.evaluation.metrics import (
    composite,
    diversity,
    gradient_in_hole,
    l1,
    lab_distance,
    psnr,
    shown_colour,
    ssim,
    total_variation,
)
from scipy.linalg import sqrtm
from skimage import data


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return data.astronaut()[100:228, 150:278].copy()


def test_l1_and_psnr_by_hand() -> None:
    black, grey = np.zeros((4, 5, 3), np.uint8), np.full((4, 5, 3), 10, np.uint8)
    grey[0, 0] = 40
    assert l1(black, grey) == pytest.approx((19 * 10 + 40) / 20)
    assert psnr(black, grey) == pytest.approx(10 * math.log10(255**2 / ((19 * 100 + 1600) / 20)))
    assert psnr(grey, grey) == math.inf


def test_differences_do_not_wrap_around_in_eight_bits() -> None:
    dark, light = np.full((8, 8, 3), 5, np.uint8), np.full((8, 8, 3), 250, np.uint8)
    assert l1(dark, light) == l1(light, dark) == 245
    assert psnr(dark, light) == psnr(light, dark) == pytest.approx(20 * math.log10(255 / 245))


def test_total_variation_is_circular() -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    picture[:, 0] = 100
    # Two of four columns have a step across, one of them over the edge; none has one down.
    assert total_variation(picture) == pytest.approx(50)
    corner = np.zeros((4, 4, 3), np.uint8)
    corner[3, 3] = 100
    assert total_variation(corner) == pytest.approx((100 + 100 + math.sqrt(2) * 100) / 16)


def test_ssim_against_its_definition(photo: np.ndarray) -> None:
    other = np.clip(photo.astype(int) + np.random.default_rng(0).integers(-30, 31, photo.shape), 0, 255)
    other = other.astype(np.uint8)

    def by_definition(x: np.ndarray, y: np.ndarray) -> float:
        windows = [np.lib.stride_tricks.sliding_window_view(plane, (7, 7)) for plane in (x, y)]
        mx, my = (w.mean((2, 3)) for w in windows)
        cx, cy = (w - m[..., None, None] for w, m in zip(windows, (mx, my), strict=True))
        vx, vy, vxy = ((a * b).sum((2, 3)) / 48 for a, b in ((cx, cx), (cy, cy), (cx, cy)))
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        return float((((2 * mx * my + c1) * (2 * vxy + c2)) / ((mx**2 + my**2 + c1) * (vx + vy + c2))).mean())

    expected = np.mean(
        [by_definition(photo[..., c].astype(float), other[..., c].astype(float)) for c in range(3)]
    )
    assert ssim(photo, other) == pytest.approx(expected, abs=1e-6)
    assert ssim(photo, photo) == pytest.approx(1)


def test_gradient_leaves_the_seam_out(photo: np.ndarray) -> None:
    hole = np.zeros(photo.shape[:2], bool)
    hole[32:96, 32:96] = True
    flat = composite(photo, np.full_like(photo, 255), hole)
    assert gradient_in_hole(flat, hole) == 0
    assert gradient_in_hole(photo, hole) > 5
    assert math.isnan(gradient_in_hole(photo, np.zeros_like(hole)))


def test_composite_keeps_the_visible_pixels(photo: np.ndarray) -> None:
    hole = np.zeros(photo.shape[:2], bool)
    hole[10:20, 30:50] = True
    made = composite(photo, 255 - photo, hole)
    np.testing.assert_array_equal(made[~hole], photo[~hole])
    np.testing.assert_array_equal(made[hole], 255 - photo[hole])


def test_diversity_counts_the_hole_alone(photo: np.ndarray) -> None:
    hole = np.zeros(photo.shape[:2], bool)
    hole[:64] = True
    lighter = np.minimum(photo, 200) + 10
    assert diversity([np.minimum(photo, 200), lighter], hole) == 10
    assert diversity([photo, photo, photo], hole) == 0
    with pytest.raises(ValueError, match="two samples"):
        diversity([photo], hole)


def test_shown_colour_looks_at_the_object_only() -> None:
    picture = np.full((20, 20, 3), (50, 140, 50), np.uint8)
    thing = np.zeros((20, 20), bool)
    thing[5:10, 5:10] = True
    picture[thing] = (190, 40, 40)
    assert shown_colour(picture, thing) == "red"
    assert shown_colour(picture, ~thing) == "green"


def test_lab_distance() -> None:
    white, black = np.full((4, 4, 3), 255, np.uint8), np.zeros((4, 4, 3), np.uint8)
    everywhere = np.ones((4, 4), bool)
    assert lab_distance(white, black, everywhere) == pytest.approx(100, abs=0.1)
    assert lab_distance(white, white, everywhere) == 0
    assert math.isnan(lab_distance(white, black, ~everywhere))


def test_frechet_distance_against_the_matrix_root() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(0, 1, (200, 6))
    second = rng.normal(0.5, 2, (150, 6)) @ rng.normal(0, 1, (6, 6))
    one, two = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    means = first.mean(0) - second.mean(0)
    expected = means @ means + np.trace(one + two - 2 * np.real(sqrtm(one @ two)))
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-8)
    few = rng.normal(0, 1, (4, 6))
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-8)


def test_kernel_distance_is_unbiased() -> None:
    rng = np.random.default_rng(0)
    same = [kernel_distance(rng.normal(0, 1, (50, 8)), rng.normal(0, 1, (50, 8))) for _ in range(200)]
    assert abs(np.mean(same)) < 3 * np.std(same) / math.sqrt(len(same))
    assert kernel_distance(rng.normal(0, 1, (50, 8)), rng.normal(1, 1, (50, 8))) > 5 * np.std(same)
