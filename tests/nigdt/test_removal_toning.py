"""Broad colours of a coarse answer: mended among leaves, left alone at a horizon and on a smooth sky."""

from __future__ import annotations

import cv2
import numpy as np

from nigdt.removal.layout import Layout, lab_of
from nigdt.removal.toning import toned

SIDE = 120
HOLE = np.zeros((SIDE, SIDE), np.bool_)
HOLE[35:85, 35:85] = True
INNER = np.s_[50:70, 50:70]


def leaves(contrast: float = 12) -> np.ndarray:
    grain = np.random.default_rng(0).normal(0, contrast, (SIDE, SIDE)).astype(np.float32)
    picture = np.full((SIDE, SIDE, 3), (90, 120, 60), np.float32)
    return (picture + 2 * cv2.GaussianBlur(grain, (0, 0), 1)[..., None]).clip(0, 255).astype(np.uint8)


def layout(pixels: np.ndarray, guess: np.ndarray) -> Layout:
    return Layout(pixels, HOLE, ~HOLE, np.zeros((SIDE, SIDE), np.float32), guess)


def darker(pixels: np.ndarray, by: int = 40) -> np.ndarray:
    return np.where(HOLE[..., None], pixels.astype(int) - by, pixels).clip(0, 255).astype(np.uint8)


def lightness(pixels: np.ndarray) -> float:
    return float(lab_of(pixels)[..., 0][INNER].mean())


def test_leaves_become_as_light_as_those_around_them() -> None:
    pixels = leaves()
    guess = darker(pixels)
    answer = toned(layout(pixels, guess))
    assert lightness(pixels) - lightness(guess) > 10
    assert abs(lightness(answer) - lightness(pixels)) < 2
    assert np.array_equal(answer[~HOLE], guess[~HOLE])


def test_the_grain_stays() -> None:
    pixels = leaves()
    fine = [
        values - cv2.GaussianBlur(values, (0, 0), 2)
        for values in (
            lab_of(toned(layout(pixels, darker(pixels))))[..., 0][INNER],
            lab_of(darker(pixels))[..., 0][INNER],
        )
    ]
    assert np.corrcoef(fine[0].ravel(), fine[1].ravel())[0, 1] > 0.95


def test_a_horizon_stays_sharp() -> None:
    pixels = leaves()
    pixels[:60] = (pixels[:60].astype(int) + np.array([100, 90, 140])).clip(0, 255)
    answer = toned(layout(pixels, pixels))
    assert np.abs(lab_of(answer) - lab_of(pixels))[INNER].max() < 3


def test_a_smooth_sky_gets_no_cloud() -> None:
    pixels = leaves(contrast=0)
    guess = darker(pixels, by=10)
    assert np.abs(toned(layout(pixels, guess)) - guess).max() < 3
