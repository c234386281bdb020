"""Colour goes on to an object's own edge where a selection misses the last of it, and over what it clips."""

from __future__ import annotations

from importlib.resources import files

import cv2
import numpy as np
import pytest
from PIL import Image

from nigdt import Inpainter
from nigdt.notices import GOES_ON
from nigdt.recolouring import Recolouring
from nigdt.rim import rim_width, wider, within_rim


def box(height: int, width: int) -> np.ndarray:
    selection = np.zeros((height + 100, width + 100), np.uint8)
    selection[50 : 50 + height, 50 : 50 + width] = 255
    return selection


def test_the_rim_is_a_thirtieth_of_the_longest_side() -> None:
    assert rim_width(box(40, 390)) == 13
    assert rim_width(box(40, 20)) == 2
    chosen, where = within_rim(box(40, 390))
    assert (where.left, where.top, where.width, where.height) == (37, 37, 416, 66)
    assert chosen[33].all()
    assert not chosen[0, 0]  # round corners
    wide = wider(box(40, 390))
    assert set(np.unique(wide)) == {0, 255}
    assert np.count_nonzero(wide) == np.count_nonzero(chosen)


def test_a_soft_border_is_meant_to_be_soft() -> None:
    assert rim_width(cv2.GaussianBlur(box(100, 400), (0, 0), 6).astype(np.uint8)) == 0
    smooth = cv2.resize(box(100, 400), None, fx=0.77, fy=0.77, interpolation=cv2.INTER_AREA)
    assert rim_width(np.asarray(smooth, np.uint8)) == round(0.77 * 400 / 30)


@pytest.fixture(scope="module")
def inpainter() -> Inpainter:
    return Inpainter.from_bundle()


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    picture = Image.open(str(files("nigdt") / "data" / "kingfisher.jpg")).convert("RGB")
    return np.asarray(picture.resize((960, 960 * picture.height // picture.width)))


@pytest.fixture(scope="module")
def bird(inpainter: Inpainter, photo: np.ndarray) -> np.ndarray:
    blue = (photo[..., 2].astype(int) - photo[..., 0] > 90).astype(np.float32)
    row, column = np.unravel_index(int(cv2.blur(blue, (25, 25)).argmax()), blue.shape)
    sure = inpainter.object_at(photo, float(column), float(row))
    return np.where(sure > 127, np.uint8(255), np.uint8(0))


def changed(inpainter: Inpainter, photo: np.ndarray, selection: np.ndarray, caption: str, **kwargs: int):
    (fill,) = inpainter.fill(Image.fromarray(photo), selection, caption, mode="recolour", **kwargs)
    return (np.abs(np.asarray(fill.photo).astype(int) - photo) > 12).any(axis=2)


def test_the_last_pixels_of_an_object_take_the_colour_too(
    inpainter: Inpainter, photo: np.ndarray, bird: np.ndarray
) -> None:
    tight = cv2.erode(bird, np.ones((13, 13), np.uint8)).astype(np.uint8)
    missed = (cv2.erode(bird, np.ones((3, 3), np.uint8)) > 0) & (tight == 0)
    away = cv2.dilate(bird, np.ones((25, 25), np.uint8)) == 0
    reached = changed(inpainter, photo, tight, "a purple bird")
    assert reached[missed].mean() > 0.6
    assert not reached[away].any()
    exact = changed(inpainter, photo, tight, "a purple bird", grow=0)
    assert not exact[tight == 0].any()


def test_a_selection_that_cuts_an_object_keeps_its_border(
    inpainter: Inpainter, photo: np.ndarray, bird: np.ndarray
) -> None:
    rows = np.flatnonzero(bird.any(axis=1))
    middle = int(rows.mean())
    upper = bird.copy()
    upper[middle:] = 0
    below = np.zeros(bird.shape, bool)
    below[middle + 1 :] = True
    columns = np.flatnonzero(bird[middle])
    below[:, : columns[len(columns) // 4]] = False  # where the outline ends there, it is an edge too
    below[:, columns[3 * len(columns) // 4] :] = False
    assert not changed(inpainter, photo, upper, "a purple bird")[below].any()


@pytest.mark.parametrize("end", ["tail", "head"])
def test_the_colour_goes_on_over_the_end_that_a_selection_clips(
    inpainter: Inpainter, photo: np.ndarray, bird: np.ndarray, end: str
) -> None:
    rows, columns = (np.flatnonzero(bird.any(axis=axis)) for axis in (1, 0))
    clipped = bird.copy()
    if end == "head":
        clipped[: rows[0] + len(rows) // 8] = 0
    else:
        clipped[:, : columns[0] + len(columns) // 7] = 0
    missed = (cv2.erode(bird, np.ones((5, 5), np.uint8)) > 0) & (clipped == 0)
    assert missed.sum() > 0.05 * np.count_nonzero(bird)
    (fill,) = inpainter.fill(Image.fromarray(photo), clipped, "a purple bird", mode="recolour")
    different = (np.abs(np.asarray(fill.photo).astype(int) - photo) > 12).any(axis=2)
    assert different[missed].mean() > 0.85
    assert not different[cv2.dilate(bird, np.ones((25, 25), np.uint8)) == 0].any()
    assert fill.notices == (GOES_ON,)
    (fill,) = inpainter.fill(Image.fromarray(photo), clipped, "a purple bird", mode="recolour", grow=0)
    assert (np.asarray(fill.photo) == photo).all(axis=2)[clipped == 0].all()
    assert GOES_ON not in fill.notices


@pytest.mark.parametrize("side", [1, -1])
def test_a_second_bird_beside_keeps_its_colour(
    inpainter: Inpainter, photo: np.ndarray, bird: np.ndarray, side: int
) -> None:
    columns = np.flatnonzero(bird.any(axis=0))
    shift = np.float32([[1, 0, side * 0.8 * len(columns)], [0, 1, 10]])
    size = photo.shape[1::-1]
    other = cv2.warpAffine(bird, shift, size)
    moved = cv2.warpAffine(photo, shift, size, borderMode=cv2.BORDER_REPLICATE)
    behind = cv2.GaussianBlur(other, (0, 0), 1)[..., None] / 255
    behind = behind * (1 - cv2.GaussianBlur(bird, (0, 0), 1)[..., None] / 255)
    both = (behind * moved + (1 - behind) * photo).astype(np.uint8)
    done = changed(inpainter, both, bird, "a purple bird")
    assert done[bird > 0].mean() > 0.9
    assert not done[(other > 0) & (cv2.dilate(bird, np.ones((9, 9), np.uint8)) == 0)].any()


@pytest.mark.parametrize("caption", ["a purple wall", "a bird with purple wings"])
def test_surfaces_and_parts_end_with_the_selection(
    inpainter: Inpainter, photo: np.ndarray, bird: np.ndarray, caption: str
) -> None:
    selection = bird if "bird" in caption else np.zeros_like(bird)
    if "wall" in caption:
        selection[40:140, 30:200] = 255
    done = changed(inpainter, photo, selection, caption)
    assert done[selection > 0].any()
    assert not done[selection == 0].any()


def test_maps_say_how_far_the_rim_is_painted() -> None:
    rng = np.random.default_rng(3)
    maps = rng.random((10, 14, 11), np.float32)
    selection = box(60, 80)
    read = Recolouring.of(maps, selection)
    np.testing.assert_array_equal(read.maps, maps)
    older = Recolouring.of(maps[..., :10], selection)
    assert older.beyond is None
    maps[..., 10] = 0
    np.testing.assert_array_equal(older.maps, maps)


def test_what_nobody_sees_is_not_painted_on_the_rim_either() -> None:
    maps = np.zeros((8, 8, 11), np.float32)
    maps[..., 3] = 1  # everywhere
    maps[..., 7] = 60  # towards red
    maps[..., 10] = 1
    selection = box(60, 60)
    photo = np.full((*selection.shape, 3), 120, np.uint8)
    barred = np.zeros(selection.shape, bool)
    barred[:, 100:] = True
    painted, alpha = Recolouring.of(maps, selection, barred).apply(photo)
    assert (alpha[48:50, 60:90] == 1).all()  # the rim
    assert not alpha[barred].any()
    assert (painted[barred] == 120).all()
