"""The colours of what was drawn: the kingfisher stands for a bird that the model drew."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from nigdt import Inpainter
from nigdt.answers import EncodedContext, RawFill
from nigdt.bundle.bundle import find_bundle
from nigdt.bundle.recolour import load_recolour
from nigdt.colours import nearest_basic, rgb_to_lab
from nigdt.drawn import coloured
from nigdt.recipe import Variant
from nigdt.recolourer import Recolourer

BIRD = [
    (485, 110), (540, 70), (620, 65), (690, 120), (810, 185), (810, 205), (690, 190), (700, 250), (690, 380),
    (620, 500), (590, 560), (530, 560), (470, 640), (405, 620), (350, 500), (360, 350), (400, 240),
    (460, 180),
]  # fmt: skip
BOX = (300, 20, 860, 680)


@pytest.fixture(scope="module")
def recolourer() -> Recolourer:
    return Recolourer(*load_recolour(find_bundle().folder))


@pytest.fixture(scope="module")
def drawn() -> tuple[EncodedContext, RawFill]:
    photo = Image.open(files("nigdt") / "data" / "kingfisher.jpg").convert("RGB")
    mask = Image.new("L", photo.size)
    ImageDraw.Draw(mask).polygon(BIRD, fill=255)
    crop, hole = np.asarray(photo.crop(BOX)), np.asarray(mask.crop(BOX))
    context = Inpainter.from_bundle().encode(crop, hole)
    size = context.visible.shape[::-1]
    outline = np.asarray(cv2.resize(hole / np.float32(255), size, interpolation=cv2.INTER_AREA), np.float32)
    return context, RawFill(crop, Variant(), outline=outline)


def median(picture: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
    """Return the median Lab of a place, given in pixels of the photo."""
    left, top = BOX[:2]
    place = picture[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    return np.median(rgb_to_lab(place.reshape(-1, 3) / np.float32(255)), axis=0)


BREAST, HEAD = (slice(260, 400), slice(560, 660)), (slice(85, 130), slice(540, 640))


def test_a_bird_of_another_colour_is_given_the_one_asked_for(
    recolourer: Recolourer, drawn: tuple[EncodedContext, RawFill]
) -> None:
    context, fill = drawn
    found = coloured(recolourer, context, fill, "a purple bird")
    assert found is not None
    assert nearest_basic(median(fill.pixels, *BREAST)) != "purple"
    assert nearest_basic(median(found.pixels, *BREAST)) == "purple"
    assert np.array_equal(found.pixels[context.hole == 0], fill.pixels[context.hole == 0])


def test_parts_get_their_colours_and_the_rest_stays(
    recolourer: Recolourer, drawn: tuple[EncodedContext, RawFill]
) -> None:
    context, fill = drawn
    found = coloured(recolourer, context, fill, "a bird with a green breast and a green belly")
    assert found is not None
    before, after = (median(one.pixels, *BREAST) for one in (fill, found))
    assert after[1] < before[1] - 20  # from red towards green
    assert np.abs(median(found.pixels, *HEAD) - median(fill.pixels, *HEAD)).max() < 6


def test_the_colour_that_is_there_stays_as_it_was_drawn(
    recolourer: Recolourer, drawn: tuple[EncodedContext, RawFill]
) -> None:
    context, fill = drawn
    core = cv2.resize(fill.outline, fill.pixels.shape[1::-1]) > 0.95
    colour = nearest_basic(np.median(rgb_to_lab(fill.pixels[core] / np.float32(255)), axis=0))
    found = coloured(recolourer, context, fill, f"a {colour} bird")
    assert found is not None
    assert np.array_equal(found.pixels, np.where(context.hole[..., None] > 0, fill.pixels, context.crop))


def test_without_an_outline_nothing_is_known(
    recolourer: Recolourer, drawn: tuple[EncodedContext, RawFill]
) -> None:
    context, fill = drawn
    assert coloured(recolourer, context, replace(fill, outline=None), "a purple bird") is None
    nowhere = np.zeros_like(context.visible)
    assert coloured(recolourer, context, replace(fill, outline=nowhere), "a purple bird") is None
