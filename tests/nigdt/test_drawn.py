"""The colours of what was drawn: the kingfisher stands for a bird that the model drew."""

from __future__ import annotations

from importlib.resources import files

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from nigdt.bundle.bundle import find_bundle
from nigdt.bundle.recolour import load_recolour
from nigdt.colours import nearest_basic, rgb_to_lab
from nigdt.drawn import coloured
from nigdt.outlines import Silhouette
from nigdt.recolourer import Recolourer

BIRD = [
    (485, 110), (540, 70), (620, 65), (690, 120), (810, 185), (810, 205), (690, 190), (700, 250), (690, 380),
    (620, 500), (590, 560), (530, 560), (470, 640), (405, 620), (350, 500), (360, 350), (400, 240),
    (460, 180),
]  # fmt: skip
BOX = (300, 20, 860, 680)
REDUCED = 2


@pytest.fixture(scope="module")
def recolourer() -> Recolourer:
    return Recolourer(*load_recolour(find_bundle().folder))


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, Silhouette]:
    photo = Image.open(files("nigdt") / "data" / "kingfisher.jpg").convert("RGB")
    mask = Image.new("L", photo.size)
    ImageDraw.Draw(mask).polygon(BIRD, fill=255)
    crop, outline = np.asarray(photo.crop(BOX), np.float32), np.asarray(mask.crop(BOX)) / np.float32(255)
    size = (crop.shape[1] // REDUCED, crop.shape[0] // REDUCED)
    picture, reduced = (cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in (crop, outline))
    return picture, Silhouette(np.asarray(reduced, np.float32))


def median(picture: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
    """Return the median Lab of a place, given in pixels of the photo."""
    left, top = BOX[:2]
    place = picture[
        (rows.start - top) // REDUCED : (rows.stop - top) // REDUCED,
        (columns.start - left) // REDUCED : (columns.stop - left) // REDUCED,
    ]
    return np.median(rgb_to_lab(place.reshape(-1, 3) / np.float32(255)), axis=0)


BREAST, HEAD = (slice(260, 400), slice(560, 660)), (slice(85, 130), slice(540, 640))
WING = (slice(200, 330), slice(420, 480))


def test_a_bird_of_another_colour_is_given_the_one_asked_for(
    recolourer: Recolourer, drawn: tuple[np.ndarray, Silhouette]
) -> None:
    picture, told = drawn
    found = coloured(recolourer, picture, told, "a purple bird")
    assert found is not None
    assert nearest_basic(median(picture, *BREAST)) != "purple"
    assert nearest_basic(median(found, *BREAST)) == "purple"
    assert np.array_equal(found[told.outline == 0], picture[told.outline == 0])


def test_parts_get_their_colours_and_the_rest_stays(
    recolourer: Recolourer, drawn: tuple[np.ndarray, Silhouette]
) -> None:
    picture, told = drawn
    found = coloured(recolourer, picture, told, "a bird with a green breast and a green belly")
    assert found is not None
    before, after = (median(one, *BREAST) for one in (picture, found))
    assert after[1] < before[1] - 20  # from red towards green
    assert np.abs(median(found, *HEAD) - median(picture, *HEAD)).max() < 6


def test_a_part_is_painted_where_the_model_was_told_to_draw_it(
    recolourer: Recolourer, drawn: tuple[np.ndarray, Silhouette], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture, told = drawn
    wing = np.zeros_like(told.outline)
    rows, columns = (
        slice((one.start - edge) // REDUCED, (one.stop - edge) // REDUCED)
        for one, edge in zip(WING, (BOX[1], BOX[0]), strict=True)
    )
    wing[rows, columns] = 1
    monkeypatch.setattr(recolourer._looker, "find", lambda *_: pytest.fail("it was looked for"))
    found = coloured(
        recolourer, picture, Silhouette(told.outline, parts={"wing": wing}), "a bird with red wings"
    )
    assert found is not None
    assert nearest_basic(median(found, *WING)) == "red"
    assert nearest_basic(median(picture, *WING)) != "red"
    assert np.abs(median(found, *HEAD) - median(picture, *HEAD)).max() < 1


def test_the_colour_that_is_there_stays_as_it_was_drawn(
    recolourer: Recolourer, drawn: tuple[np.ndarray, Silhouette]
) -> None:
    picture, told = drawn
    core = np.rint(picture[told.outline > 0.95])
    colour = nearest_basic(np.median(rgb_to_lab(core / np.float32(255)), axis=0))
    found = coloured(recolourer, picture, told, f"a {colour} bird")
    assert found is not None
    assert np.array_equal(found, picture)


def test_without_an_outline_nothing_is_known(
    recolourer: Recolourer, drawn: tuple[np.ndarray, Silhouette]
) -> None:
    picture, told = drawn
    assert coloured(recolourer, picture, Silhouette(np.zeros_like(told.outline)), "a purple bird") is None
