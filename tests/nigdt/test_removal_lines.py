"""Horizons, slopes and trunks go on through a hole; texture has no direction."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from nigdt.removal import remove
from nigdt.removal.layout import lab_of
from nigdt.removal.lines import across, running

HEIGHT, WIDTH = 150, 200


def landscape(degrees: float) -> np.ndarray:
    """Return sky above and meadow below a line through the middle, clockwise from the horizontal."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    turned = np.deg2rad(degrees)
    below = (y - HEIGHT / 2) * np.cos(turned) - (x - WIDTH / 2) * np.sin(turned) > 0
    picture = np.where(below[..., None], np.array([90, 120, 50]), np.array([150, 180, 220]))
    grain = cv2.GaussianBlur(rng.normal(0, 40, picture.shape), (0, 0), 1.5) * (1 + 2 * below[..., None])
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def round_hole() -> np.ndarray:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.hypot(y - HEIGHT / 2, x - WIDTH / 2) < 40


@pytest.mark.parametrize("degrees", [0, 20, -33, 90])
def test_the_direction_of_what_the_hole_interrupts_is_found(degrees: float) -> None:
    hole = round_hole()
    found = running(lab_of(landscape(degrees)), hole, ~hole)
    assert found is not None
    assert abs(np.rad2deg(found) - degrees) <= 4


def test_texture_runs_in_no_direction() -> None:
    hole = round_hole()
    rng = np.random.default_rng(1)
    texture = cv2.GaussianBlur(rng.normal(128, 300, (HEIGHT, WIDTH, 3)), (0, 0), 2)
    assert running(lab_of(np.clip(texture, 0, 255).astype(np.uint8)), hole, ~hole) is None


def test_a_light_that_fades_runs_in_no_direction() -> None:
    hole = round_hole()
    ramp = np.linspace(20, 220, HEIGHT)[:, None, None] * np.ones((1, WIDTH, 3))
    assert running(lab_of(ramp.astype(np.uint8)), hole, ~hole) is None


def test_what_other_things_cover_says_nothing_about_the_direction() -> None:
    hole = round_hole()
    assert running(lab_of(landscape(0)), hole, np.zeros_like(hole)) is None


def test_the_distance_from_a_line_is_the_same_along_it() -> None:
    level, steep = across((HEIGHT, WIDTH), 0.0), across((HEIGHT, WIDTH), np.pi / 2)
    assert np.ptp(level, axis=1).max() < 1e-6
    assert np.ptp(steep, axis=0).max() < 1e-5
    assert level[-1, 0] - level[0, 0] == pytest.approx((HEIGHT - 1) / WIDTH)


@pytest.mark.parametrize(
    ("at_edge", "sigma", "sloping", "most"),
    [(True, 0, 0.0, 0.05), (False, 0, 0.1, 0.03), (False, 1.5, 0.0, 0.015), (False, 1.5, 0.1, 0.02)],
)
def test_a_horizon_goes_on_where_the_other_side_shows_it(
    at_edge: bool, sigma: float, sloping: float, most: float
) -> None:
    height, width = 150, 260
    y, x = np.mgrid[:height, :width]
    below = y > height - (20 if at_edge else 60) + sloping * (x - width / 2)
    hole = (y > 30) & (abs(x - 130) < 60) if at_edge else np.hypot(y - 75, (x - 130) / 1.5) < 50
    grain = np.random.default_rng(0).normal(0, 60 if sigma else 4, (height, width, 3))
    if sigma:
        grain = cv2.GaussianBlur(grain, (0, 0), sigma)
    picture = np.where(below[..., None], [90, 120, 50], [150, 180, 220]) + grain
    shown = np.where(hole[..., None], 0, np.clip(picture, 0, 255)).astype(np.uint8)
    filled = remove(shown, hole.astype(np.uint8))
    ground = cv2.GaussianBlur(filled, (0, 0), 2)[..., 2] < 130
    assert (ground != below)[hole].mean() < most


def test_a_slope_that_is_as_good_as_level_is_level() -> None:
    found = running(lab_of(landscape(2)), round_hole(), ~round_hole())
    assert found == 0


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_two_holes_in_different_light_have_no_direction(seed: int) -> None:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    holes = (np.hypot(y - 75, x - 45) < 25) | (np.hypot(y - 75, x - 155) < 25)
    light = np.clip((x - 70) / 60, 0, 1)[..., None] * 110
    grass = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 120, (HEIGHT, WIDTH, 3)), (0, 0), 1.5)
    picture = np.clip(np.array([70, 90, 50]) + light + grass, 0, 255).astype(np.uint8)
    assert running(lab_of(picture), holes, ~holes) is None
