"""Deep water, skies and blurred backgrounds go on smoothly where something was removed from them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from nigdt.context.membrane import harmonic, push_pull
from nigdt.removal import remove
from nigdt.removal.focus import ring_of, roughness_of
from nigdt.removal.layout import Variation, lab_of, lay_out
from nigdt.removal.light import calm, evenly_lit, unbroken

HEIGHT, WIDTH = 300, 360


def water(seed: int = 0) -> np.ndarray:
    """Return a glow at the upper left in water that darkens, with a little grain."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    glow = np.exp(-np.hypot(y, x - 40) / 110)[..., None] * np.array([40, 190, 170])
    grain = np.random.default_rng(seed).normal(0, 1.5, (HEIGHT, WIDTH, 3))
    return np.clip(np.rint(glow + np.array([5, 30, 50]) + grain), 0, 255).astype(np.uint8)


def hidden() -> np.ndarray:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.hypot((y - 140) / 95, (x - 160) / 70) < 1


@pytest.mark.parametrize("seed", [0, 1])
def test_light_goes_on_smoothly(seed: int) -> None:
    picture, hole = water(seed), hidden()
    shown = np.where(hole[..., None], np.uint8(0), picture)
    filled = remove(shown, hole.astype(np.uint8) * np.uint8(255))
    apart = np.linalg.norm(cv2.blur(lab_of(filled) - lab_of(picture), (9, 9)), axis=2)
    assert np.percentile(apart[hole], 99) < 1.7


def test_a_veil_before_what_is_blurred_is_taken_away_and_the_grain_stays() -> None:
    picture, hole = water(), hidden()
    veiled = np.where(hole[..., None], np.clip(picture + np.array([20, 0, 10]), 0, 255), picture)
    lit = evenly_lit(veiled.astype(np.uint8), hole, ~hole)
    assert np.array_equal(lit[~hole], picture[~hole])
    deep = cv2.erode(hole.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
    assert abs(cv2.blur(lit, (15, 15)).astype(int) - cv2.blur(picture, (15, 15)))[deep].mean() < 3
    grain = [one - cv2.GaussianBlur(one, (0, 0), 1) for one in (lit.astype(float), picture.astype(float))]
    assert np.corrcoef(grain[0][deep].ravel(), grain[1][deep].ravel())[0, 1] > 0.9


def test_only_what_has_neither_edges_nor_texture_is_unbroken() -> None:
    size = (WIDTH // 4, HEIGHT // 4)
    hole = cv2.resize(hidden().astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    walled = water()
    walled[150:] = (200, 180, 150)
    grass = np.clip(water() + np.random.default_rng(0).normal(0, 25, (HEIGHT, WIDTH, 3)), 0, 255)
    for picture, expected in ((water(), True), (walled, False), (grass.astype(np.uint8), False)):
        small = lab_of(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
        rough = roughness_of(picture, hidden(), size)
        assert unbroken(small, rough, hole, ~hole, ring_of(hole, ~hole)) == expected


def test_a_slope_is_continued_without_corners() -> None:
    y, x = np.mgrid[:50, :70]
    slope = (2 * x + y).astype(np.float32)[..., None]
    known = np.hypot(y - 25, (x - 35) / 1.3) > 20
    sheet = harmonic(slope, known)
    assert np.array_equal(sheet[known], slope[known])
    assert np.abs(sheet - slope).max() < 1
    assert np.abs(push_pull(slope, known.astype(np.float32)) - slope).max() > 5


def surface(seed: int = 0) -> np.ndarray:
    """Return water whose ripples end soon below its surface, where the light fades too."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    light = (np.exp(-y / 60) * (1.2 - x / WIDTH))[..., None] * np.array([60, 170, 150])
    waves = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 1, (HEIGHT, WIDTH)), (0, 0), 1.2)
    ripples = (waves * 60 * np.exp(-((y / 60) ** 2)))[..., None]
    grain = np.random.default_rng(seed + 1).normal(0, 0.4, (HEIGHT, WIDTH, 3))
    return np.clip(np.rint(light + ripples + np.array([5, 30, 50]) + grain), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", [0, 1])
def test_ripples_do_not_hang_down_into_deep_water(seed: int) -> None:
    picture = surface(seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    hole = np.hypot((y - 160) / 130, (x - 170) / 75) < 1
    shown = np.where(hole[..., None], np.uint8(0), picture)
    filled = remove(shown, hole.astype(np.uint8) * np.uint8(255))
    size = (WIDTH // 4, HEIGHT // 4)
    found, there = (roughness_of(one, np.zeros_like(hole), size) for one in (filled, picture))
    deep = cv2.resize(hole.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.999
    deep[: 80 // 4] = False
    assert np.percentile((found - there)[deep], 95) < 0.3
    apart = np.linalg.norm(cv2.blur(lab_of(filled) - lab_of(picture), (9, 9)), axis=2)
    assert np.percentile(apart[hole & (y > 80)], 95) < 3


def test_what_is_left_of_a_wing_is_not_copied_into_smooth_light() -> None:
    picture, hole = water(), hidden()
    rng = np.random.default_rng(0)
    left = picture.astype(float)
    left[120:150, 40:88] += cv2.GaussianBlur(rng.normal(0, 40, (30, 48, 1)), (0, 0), 1)[..., None]
    shown = np.where(hole[..., None], 0, np.clip(left, 0, 255)).astype(np.uint8)
    size = (WIDTH // 4, HEIGHT // 4)
    small = cv2.resize(hole.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    sources = calm(roughness_of(shown, hole, size), ~small, ring_of(small, ~small))
    assert not sources[32:36, 12:18].any()
    assert sources[~small].mean() > 0.9
    filled = remove(shown, hole.astype(np.uint8) * np.uint8(255))
    found = roughness_of(filled, np.zeros_like(hole), size)
    there = roughness_of(picture, np.zeros_like(hole), size)
    deep = cv2.erode(small.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert (found - there)[deep].max() < 0.4


def test_a_sky_full_of_stars_is_not_left_without_sources() -> None:
    picture, hole = water(), hidden()
    picture[4::18, 4::18] += 40
    layout = lay_out(picture, hole, None, 80.0, Variation())
    assert layout.usable[~layout.hole].mean() > 0.8
