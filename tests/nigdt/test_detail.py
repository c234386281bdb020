from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from nigdt.context.detail import Residual, _root_around, enlarge
from nigdt.inpainter import CompletionJob, Inpainter

SIZE, MODEL = 512, 128


def texture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Left half rough and dark, right half fine-grained and bright: two materials."""
    rng = np.random.default_rng(seed)
    coarse = cv2.GaussianBlur(rng.normal(0, 1, (height, width)).astype(np.float32), (0, 0), 1.2)
    coarse *= 30 / coarse.std()
    faint = rng.normal(0, 4, (height, width)).astype(np.float32)
    left = np.arange(width)[None] < width // 2
    grey = np.where(left, 80 + coarse, 190 + faint)
    return np.clip(grey[..., None] + np.array([8, 0, -8]), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def crop() -> np.ndarray:
    return texture(SIZE, SIZE)


@pytest.fixture(scope="module")
def hole() -> np.ndarray:
    hole = np.zeros((SIZE, SIZE), np.uint8)
    hole[128:384, 128:384] = 255
    return hole


@pytest.fixture(scope="module")
def picture(crop: np.ndarray) -> np.ndarray:
    """What a perfect model would draw."""
    return cv2.resize(crop.astype(np.float32), (MODEL, MODEL), interpolation=cv2.INTER_AREA)


def energy(pixels: np.ndarray) -> float:
    down, right = np.gradient(pixels.astype(np.float32).mean(-1))
    return float((down**2 + right**2).mean())


def test_lost_detail_comes_back_where_it_belongs(crop, hole, picture) -> None:
    result = enlarge(picture, crop, hole)
    soft = cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    rough, fine = np.s_[140:372, 140:244], np.s_[140:372, 268:372]
    for part in (rough, fine):
        assert energy(soft[part]) < 0.45 * energy(crop[part])
        assert 0.7 < energy(result[part]) / energy(crop[part]) < 1.4
    # Each material got its own: the fine side stays as quiet as it was.
    assert energy(result[fine]) < 0.2 * energy(result[rough])


def test_colours_of_the_model_are_kept(crop, hole, picture) -> None:
    red = picture.copy()
    red[32:96, 32:96] += np.array([40, 0, -20], np.float32)
    result = enlarge(red, crop, hole).astype(float)
    inside = np.s_[192:320, 150:240]
    np.testing.assert_allclose(
        result[inside].mean((0, 1)), cv2.resize(red, (SIZE, SIZE))[inside].mean((0, 1)), atol=4
    )


def test_outside_the_hole_the_models_picture_is_only_enlarged(crop, hole, picture) -> None:
    result = enlarge(picture, crop, hole)
    soft = np.clip(cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC), 0, 255)
    outside = np.ones((SIZE, SIZE), bool)
    outside[110:402, 110:402] = False
    assert np.abs(result.astype(float) - soft)[outside].max() <= 0.5


def test_hidden_pixels_do_not_matter(crop, hole, picture) -> None:
    changed = np.where(hole[..., None] > 0, 255 - crop, crop)
    np.testing.assert_array_equal(enlarge(picture, crop, hole), enlarge(picture, changed, hole))


def test_same_bytes_again_and_with_a_kept_residual(crop, hole, picture) -> None:
    first = enlarge(picture, crop, hole)
    np.testing.assert_array_equal(enlarge(picture, crop, hole), first)
    residual = Residual(crop, hole, MODEL, MODEL)
    enlarge(picture[::-1].copy(), crop, hole, residual)  # another variant before
    np.testing.assert_array_equal(enlarge(picture, crop, hole, residual), first)


def test_flat_surroundings_lend_nothing(hole) -> None:
    flat = np.full((SIZE, SIZE, 3), 120, np.uint8)
    picture = np.full((MODEL, MODEL, 3), 120, np.float32)
    np.testing.assert_array_equal(enlarge(picture, flat, hole), 120)


def test_the_fill_meets_the_photo_along_the_border(hole) -> None:
    across = np.arange(SIZE, dtype=np.float32)[None, :, None]
    stripes = np.broadcast_to(128 + 60 * np.sin(across / 30), (SIZE, SIZE, 3)).astype(np.uint8)
    picture = cv2.resize(stripes.astype(np.float32), (MODEL, MODEL), interpolation=cv2.INTER_AREA)
    picture[32:96, 32:96] = 128  # a fill that does not continue the stripes
    soft = cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    met = enlarge(picture, stripes, hole)
    far, near = (np.abs(p[128, 128:384].astype(float) - stripes[127, 128:384]).mean() for p in (soft, met))
    assert near < 0.8 * far
    assert np.abs(met[220:292, 220:292].mean() - 128) < 6


@pytest.mark.parametrize("covered", ["all", "all but a corner"])
def test_nothing_to_borrow_from_is_plain_enlarging(crop, picture, covered: str) -> None:
    hole = np.full((SIZE, SIZE), 255, np.uint8)
    if covered == "all but a corner":
        hole[:20, :20] = 0
    soft = np.clip(np.rint(cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)), 0, 255)
    np.testing.assert_array_equal(enlarge(picture, crop, hole), soft.astype(np.uint8))


def test_equal_and_smaller_sizes_borrow_nothing(crop, hole, picture) -> None:
    np.testing.assert_array_equal(
        enlarge(picture, crop[:MODEL, :MODEL], hole[:MODEL, :MODEL]), np.rint(picture).astype(np.uint8)
    )
    small = enlarge(picture, crop[:64, :64], hole[:64, :64])
    assert small.shape == (64, 64, 3)


@pytest.mark.parametrize("shape", [(300, 700), (513, 129), (200, 200)])
def test_contexts_that_are_not_square(shape: tuple[int, int]) -> None:
    crop = texture(*shape)
    hole = np.zeros(shape, np.uint8)
    hole[shape[0] // 3 : shape[0] // 2, shape[1] // 3 : shape[1] // 2] = 255
    reduced = cv2.resize(crop.astype(np.float32), (96, 64), interpolation=cv2.INTER_AREA)
    assert enlarge(reduced, crop, hole).shape == crop.shape


def test_fills_of_large_selections_use_it(tiny_bundle: Path, crop, hole) -> None:
    inpainter = Inpainter.from_bundle(str(tiny_bundle), device="cpu")
    job = CompletionJob(inpainter.encode(crop, hole), "red bird")
    drawn = inpainter.shown(job)[0]
    assert drawn.shape == (64, 64, 3)
    result = inpainter.complete([job])[0][0].pixels
    np.testing.assert_array_equal(result, enlarge(drawn, crop, hole))
    none = inpainter.complete([replace(job, detail=0.0)])[0][0].pixels
    np.testing.assert_array_equal(none, enlarge(drawn, crop, hole, detail=0.0))
    assert not np.array_equal(none, result)


def test_detail_is_a_factor(crop, hole, picture) -> None:
    inside = np.s_[140:372, 140:244]
    none, usual, more = (energy(enlarge(picture, crop, hole, detail=d)[inside]) for d in (0.0, 1.0, 1.5))
    assert none < 0.5 * usual < usual < 0.8 * more


def test_of_a_thing_alone_only_its_own_detail_is_carried(crop, hole, picture) -> None:
    thing = np.zeros((MODEL, MODEL), np.float32)
    thing[36:60, 36:56] = 1
    full, own = enlarge(picture, crop, hole), enlarge(picture, crop, hole, thing=thing)
    inside, away = np.s_[152:232, 152:216], np.s_[264:376, 136:240]
    assert 0.8 < energy(own[inside]) / energy(full[inside]) < 1.2
    assert energy(own[away]) < 0.45 * energy(full[away])
    nowhere = enlarge(picture, crop, hole, thing=np.zeros_like(thing))
    assert energy(nowhere[inside]) < 0.45 * energy(full[inside])


def test_another_colour_takes_no_texture(crop, hole, picture) -> None:
    blue = np.full_like(picture, (20.0, 40.0, 220.0))
    inside = np.s_[160:352, 160:352]
    assert energy(enlarge(blue, crop, hole)[inside]) < 0.05 * energy(enlarge(picture, crop, hole)[inside])


def test_a_mean_that_ends_below_0_has_a_root() -> None:
    rng = np.random.default_rng(0)
    below = 0
    for _ in range(200):
        squares = (rng.random((24, 24)) ** 8 * 10 ** rng.uniform(-3, 5)).astype(np.float32)
        squares[rng.random((24, 24)) < 0.5] = 0
        squares[:, 12:] = 0
        below += bool((cv2.blur(squares, (3, 3)) < 0).any())
        assert (_root_around(squares) >= 0).all()
    assert below
