"""Figures of filled holes: known pictures get known figures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from nigdt.removal.figures import measure

SIDE = 240
MASK = np.zeros((SIDE, SIDE), np.uint8)
MASK[80:160, 80:160] = 255
INSIDE = MASK > 0


def texture(seed: int = 0) -> np.ndarray:
    grain = np.random.default_rng(seed).normal(0, 40, (SIDE, SIDE)).astype(np.float32)
    soft = 128 + 2 * cv2.GaussianBlur(grain, (0, 0), 1.5)
    return np.repeat(soft[..., None], 3, 2).clip(0, 255).round().astype(np.uint8)


def test_the_untouched_picture_is_right() -> None:
    figures = measure(texture(), MASK)
    assert figures.energy == pytest.approx(1, abs=0.15)
    assert figures.colour < 3
    assert figures.repeats < 0.1
    assert figures.seam == pytest.approx(1, abs=0.15)


def test_a_plain_fill_has_no_energy_and_a_rough_one_too_much() -> None:
    picture = texture()
    plain = np.where(INSIDE[..., None], np.uint8(128), picture)
    assert measure(plain, MASK).energy < 0.1
    rough = picture.astype(int)
    rough[INSIDE] = 128 + 2 * (rough[INSIDE] - 128)
    assert measure(rough.clip(0, 255).astype(np.uint8), MASK).energy > 2


def test_a_ball_of_another_colour_is_far_off() -> None:
    picture = texture()
    ball = np.where(INSIDE[..., None], np.array([40, 160, 40], np.uint8), picture)
    figures = measure(ball, MASK)
    assert figures.colour > 20
    assert figures.strange > 15
    assert figures.seam > 1.5


def test_a_colour_is_strange_only_if_the_surroundings_have_none_like_it() -> None:
    picture = texture()
    picture[:, 62:76] = (60, 90, 160)  # a stripe through the ring
    there = np.where(INSIDE[..., None], np.array([60, 90, 160], np.uint8), picture)
    elsewhere = np.where(INSIDE[..., None], np.array([160, 90, 60], np.uint8), picture)
    assert measure(there, MASK).colour > 10
    assert measure(there, MASK).strange < 2
    assert measure(elsewhere, MASK).strange > 15


def test_tiles_repeat() -> None:
    picture = texture()
    picture[80:160, 80:160] = np.tile(texture(1)[:20, :20], (4, 4, 1))
    assert measure(picture, MASK).repetition > 0.8
    assert measure(picture, MASK).repeats > 0.15


def test_a_piece_that_is_there_twice_repeats_in_any_shape_of_hole() -> None:
    picture = texture()
    shape = cv2.ellipse(np.zeros_like(MASK), (120, 120), (70, 35), 20, 0, 360, 255, cv2.FILLED)
    assert measure(picture, shape).repeats < 0.1
    picture[105:135, 130:160] = picture[105:135, 80:110]
    assert measure(picture, shape).repetition > 0.95
    assert measure(picture, shape).repeats > 0.15


def test_what_is_plain_does_not_repeat() -> None:
    picture = texture()
    plain = np.where(INSIDE[..., None], np.uint8(128), picture)
    assert measure(plain, MASK).repetition < 0.1


def test_there_must_be_surroundings() -> None:
    for mask in (np.zeros_like(MASK), np.full_like(MASK, 255)):
        with pytest.raises(ValueError, match="neither empty nor"):
            measure(texture(), mask)
