"""What words draw, laid over the photo's own surroundings."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from PIL import Image

from nigdt import Inpainter
from nigdt.answers import CompletionJob, EncodedContext
from nigdt.backdrop import change_by_words, continued, has_surroundings, is_clear, laid_into, laid_over
from nigdt.model_picture import without_weave
from nigdt.recipe import Recipe, Variant

SIDE, SCALE = 96, 2
CORNERS = (slice(42, 50), slice(110, 118))
HOLE = (slice(16, 80), slice(16, 80))
RED, GREY = (200, 30, 30), 128


def model_pictures(radius: int, speck: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make what a model draws with and without words, a red disc on grey, and M."""
    wordless = np.full((SIDE, SIDE, 3), GREY, np.float32)
    worded = cv2.circle(wordless.copy(), (48, 48), radius, RED, -1)
    if speck:
        cv2.circle(worded, (22, 22), speck, RED, -1)
    visible = np.ones((SIDE, SIDE), np.float32)
    visible[HOLE] = 0
    return worded, wordless, visible


def laid(radius: int, speck: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lay it over noise; the result, the noise, and the model's picture enlarged."""
    worded, wordless, visible = model_pictures(radius, speck)
    side = SIDE * SCALE
    noise = np.random.default_rng(0).integers(0, 255, (side, side, 3), np.uint8)
    fill = cv2.resize(worded, (side, side), interpolation=cv2.INTER_CUBIC).clip(0, 255)
    return laid_over(fill, worded, wordless, visible, noise)[0], noise, fill


def test_words_change_what_they_change_and_only_in_the_hole() -> None:
    worded, wordless, visible = model_pictures(12)
    worded[:8] = 0  # the model's picture outside of the hole is not looked at
    change, unit = change_by_words(worded, wordless, visible)
    assert unit > 40
    assert change[48, 48] > 0.9
    assert change[20, 20] < 0.05
    assert not change[visible > 0].any()


def test_a_thing_stands_before_the_surroundings() -> None:
    result, noise, fill = laid(14)
    centre = (slice(88, 104), slice(88, 104))
    assert np.abs(result[centre] - fill[centre]).max() < 1
    for corner in ((slice(32, 60), slice(32, 60)), (slice(130, 160), slice(130, 160))):
        assert np.array_equal(result[corner], noise[corner])


def test_its_edge_keeps_its_own_colour() -> None:
    result, _, _ = laid(14)
    worded, wordless, visible = model_pictures(14)
    black, _ = laid_over(
        cv2.resize(worded, (SIDE * SCALE,) * 2), worded, wordless, visible, np.zeros((192, 192, 3), np.uint8)
    )
    edge = black[96, 96:140]  # from red to black, without the model's grey between
    assert (edge[:, 1] < 45).all()
    assert result.dtype == np.float32


def test_a_speck_is_no_thing() -> None:
    result, noise, _ = laid(14, speck=2)
    assert np.array_equal(result[36:52, 36:52], noise[36:52, 36:52])


def test_words_that_change_nothing_leave_the_surroundings() -> None:
    result, noise, _ = laid(0)
    hole = (slice(32, 160),) * 2
    inside = result[hole]
    _, wordless, visible = model_pictures(0)
    same, clear = laid_over(np.zeros((192, 192, 3)), wordless, wordless, visible, noise)
    assert not clear
    assert np.array_equal(same, noise)
    assert inside.shape == noise[hole].shape


@pytest.mark.parametrize(("difference", "clear"), [(4, False), (9, False), (70, True)])
def test_a_ghost_is_no_thing(difference: int, clear: bool) -> None:
    _, wordless, visible = model_pictures(0)
    worded = cv2.circle(wordless.copy(), (48, 48), 14, (GREY + difference,) * 3, -1)
    fill = cv2.resize(worded, (SIDE * SCALE,) * 2)
    noise = np.random.default_rng(0).integers(0, 255, fill.shape, np.uint8)
    result, drawn = laid_over(fill, worded, wordless, visible, noise)
    assert drawn is clear
    assert np.array_equal(result, noise) is not clear


def test_what_covers_most_of_the_hole_is_the_models_alone() -> None:
    result, _, fill = laid(31)
    hole = (slice(32, 160),) * 2
    assert np.abs(result[hole] - fill[hole]).max() < 1


def test_what_covers_more_is_never_taken_back_in_a_jump() -> None:
    means = [float(laid(radius)[0][33:43, 33:43].std()) for radius in range(20, 32)]
    # The corner is noise (std about 73) behind a small thing and the model's flat grey beside a large one.
    assert means[0] > 60
    assert means[-1] < 5
    assert all(later <= earlier + 1 for earlier, later in pairwise(means))


@pytest.mark.parametrize("caption", ["a red bird", "a bird with a white belly", "white", "", "snow"])
def test_a_thing_has_surroundings(caption: str) -> None:
    assert has_surroundings(caption)


@pytest.mark.parametrize(
    "caption", ["a white belly", "light blue wings", "Red wings and a black tail", "belly"]
)
def test_a_part_has_none(caption: str) -> None:
    assert not has_surroundings(caption)


def test_where_nothing_fits_nothing_is_continued() -> None:
    crop = np.random.default_rng(1).integers(0, 255, (40, 40, 3), np.uint8)
    hole = np.full((40, 40), 255, np.uint8)
    hole[0, 0] = 0
    assert continued(crop, hole) is None


@pytest.fixture(scope="module")
def default() -> Inpainter:
    return Inpainter.from_bundle("default", device="cpu")


def test_a_bird_in_a_striped_field(default: Inpainter) -> None:
    rows = np.arange(160)[:, None, None]
    photo = np.broadcast_to(np.where(rows // 4 % 2, (120, 160, 90), (100, 140, 70)), (160, 160, 3))
    photo = np.ascontiguousarray(photo).astype(np.uint8)
    selection = np.zeros((160, 160), np.uint8)
    selection[40:120, 40:120] = 255
    context = default.surrounded(default.encode(photo, selection))
    job = CompletionJob(context, "a red bird", [Variant()])
    pixels = default.complete([job])[0][0].pixels
    assert context.backdrop is not None
    drawn = np.abs(pixels.astype(int) - context.backdrop).max(2) > 8
    inside = selection > 0
    assert 0.05 < drawn[inside].mean() < 0.9  # a thing, and surroundings beside it
    reds = pixels[inside & drawn].astype(int)
    assert (reds[:, 0] - reds[:, 1] > 40).mean() > 0.5
    stripes = context.backdrop[inside & ~drawn]
    assert (
        np.array_equal(np.rint(stripes), pixels[inside & ~drawn])
        or np.abs(stripes.astype(int) - pixels[inside & ~drawn]).max() <= 8
    )


def test_a_part_is_the_models_alone(default: Inpainter) -> None:
    photo = np.random.default_rng(2).integers(90, 110, (160, 160, 3), np.uint8)
    selection = np.zeros((160, 160), np.uint8)
    selection[40:120, 40:120] = 255
    for caption, alone in (("a red belly", True), ("a red bird", False)):
        (answer,) = default.answer(photo, selection, Recipe(caption), [Variant()])
        job = CompletionJob(default.encode(photo, selection), caption)
        assert np.array_equal(answer.pixels, default.complete([job])[0][0].pixels) is alone


def test_the_library_fills_so(default: Inpainter) -> None:
    photo = Image.fromarray(np.random.default_rng(2).integers(90, 110, (160, 160, 3), np.uint8))
    selection = np.zeros((160, 160), np.uint8)
    selection[40:120, 40:120] = 255
    (fill,) = default.fill(photo, selection, "a red bird", feather=0)
    pixels = np.array(fill.photo)
    assert np.array_equal(pixels[selection == 0], np.array(photo)[selection == 0])
    corners = [pixels[rows, columns] for rows in CORNERS for columns in CORNERS]
    grain = [3 < corner.astype(float).std() < 12 for corner in corners]
    assert sum(grain) >= 2  # the photo's own (5.8), which the model does not draw


def outlined(radius: int = 20) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make a red disc with a green rim on grey, the same without words, and the disc's outline."""
    worded, wordless, _ = model_pictures(radius)
    cv2.circle(worded, (48, 48), radius, (20, 220, 20), 3)
    worded = cv2.GaussianBlur(worded, (0, 0), 0.8)
    return worded, wordless, cv2.circle(np.zeros((SIDE, SIDE), np.float32), (48, 48), radius, 1, -1)


def test_a_thing_ends_at_its_outline_and_has_no_rim() -> None:
    worded, _, outline = outlined()
    side = SIDE * SCALE
    noise = np.random.default_rng(0).integers(0, 255, (side, side, 3), np.uint8)
    fill = cv2.resize(worded, (side, side), interpolation=cv2.INTER_CUBIC).clip(0, 255)
    result = laid_into(fill, worded, noise, outline)
    y, x = np.mgrid[:side, :side] - 96.5
    away = np.hypot(y, x)
    assert np.abs(result[away < 28] - RED).max() < 8
    rim = (away > 36.5) & (away < 39)
    assert np.abs(fill[rim] - RED).mean() > 2 * np.abs(result[rim] - RED).mean()
    assert np.array_equal(result[away > 48], noise[away > 48])


def test_what_is_laid_beside_a_thing_is_left_as_it_is() -> None:
    worded, _, outline = outlined()
    side = SIDE * SCALE
    noise = np.random.default_rng(0).integers(0, 255, (side, side, 3), np.uint8)
    fill = cv2.resize(worded, (side, side), interpolation=cv2.INTER_CUBIC).clip(0, 255)
    assert np.array_equal(laid_into(fill, worded, noise, np.zeros_like(outline)), noise)
    shift = np.float32([[1, 0, -40], [0, 1, -40]])  # beyond the corner
    cut = cv2.warpAffine(outline, shift, (SIDE, SIDE))
    moved = cv2.warpAffine(worded, shift, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    result = laid_into(
        cv2.resize(moved, (side, side), interpolation=cv2.INTER_CUBIC).clip(0, 255), moved, noise, cut
    )
    y, x = np.mgrid[:side, :side] - (96.5 - 80)
    away = np.hypot(y, x)
    assert np.abs(result[away < 28] - RED).max() < 8
    assert np.array_equal(result[away > 48], noise[away > 48])


def test_a_thing_is_clear_where_words_change_it() -> None:
    worded, wordless, outline = outlined()
    assert is_clear(worded, wordless, outline)
    assert not is_clear(wordless + 3, wordless, outline)


def encoded() -> EncodedContext:
    """Return an encoded context that is enlarged."""
    crop = np.random.default_rng(0).integers(0, 255, (4 * SIDE, 4 * SIDE, 3), np.uint8)
    hole = np.zeros(crop.shape[:2], np.uint8)
    hole[100:200, 100:200] = 255
    return Inpainter.from_bundle().encode(crop, hole)


def test_the_weave_goes_and_all_else_stays() -> None:
    y, x = np.mgrid[:SIDE, :SIDE]
    smooth = np.repeat(128 + 60 * np.sin(x / 6)[..., None], 3, 2).astype(np.float32)
    woven = smooth + np.where((x + y) % 2, 9, -9)[..., None].astype(np.float32)
    _, _, visible = model_pictures(10)
    context = replace(encoded(), visible=visible)
    cleaned = without_weave(woven, context)
    assert np.array_equal(without_weave(woven, replace(context, residual=None)), woven)
    assert np.array_equal(cleaned[visible > 0], woven[visible > 0])
    inner = (slice(20, 76), slice(20, 76))
    assert np.abs(cleaned[inner] - smooth[inner]).max() < 0.5


def test_thin_parts_keep_the_colours_that_were_drawn() -> None:
    outline = np.zeros((96, 96), np.float32)
    outline[20:60, 30:66] = 1
    leg = np.zeros_like(outline)
    leg[60:80, 47:49] = 1
    picture = np.full((96, 96, 3), 230, np.float32)
    picture[20:60, 30:66] = (200, 30, 30)
    picture[leg > 0] = (20, 20, 20)
    backdrop = np.full((96, 96, 3), 128, np.uint8)
    both = np.maximum(outline, leg)
    kept = laid_into(picture, picture, backdrop, both, [leg])[70, 47:49]
    assert np.abs(kept - 20).max() < 40
    of_the_body = laid_into(picture, picture, backdrop, both)[70, 47:49]
    assert of_the_body[:, 0].min() > 90, "else they would be taken for a rim, which has the body's colours"


@pytest.mark.parametrize(("shape", "clear"), [("disc", True), ("ring", False), ("cross", False)])
def test_streaks_are_no_thing(shape: str, clear: bool) -> None:
    _, wordless, visible = model_pictures(0)
    worded = wordless.copy()
    if shape == "cross":
        for end in ((30, 66), (66, 66)):
            cv2.line(worded, (96 - end[0], 96 - end[1]), end, (GREY + 90,) * 3, 7)
    else:
        cv2.ellipse(
            worded, (48, 48), (22, 22), 0, 0, 360 if clear else 200, (GREY + 90,) * 3, -1 if clear else 7
        )
    fill = cv2.resize(worded, (SIDE * SCALE,) * 2)
    assert laid_over(fill, worded, wordless, visible, np.zeros(fill.shape, np.uint8))[1] is clear
