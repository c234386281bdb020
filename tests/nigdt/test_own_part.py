"""Words that give colours to what the photo itself shows in the selection: a bird, its part, a thing."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from PIL import Image

from nigdt import Inpainter
from nigdt.answers import CompletionJob
from nigdt.colours import nearest_basic, rgb_to_lab
from nigdt.locating import Location
from nigdt.notices import (
    COLOURED_ALREADY,
    COLOURED_BIRD,
    COLOURED_PART,
    COLOURED_THING,
    NO_SHAPE,
    PART_NOT_SELECTED,
    THERE_ALREADY,
)
from nigdt.recipe import Variant

BREAST = (slice(240, 440), slice(530, 690))
BIRD = (slice(50, 660), slice(330, 830))


@pytest.fixture(scope="module")
def inpainter() -> Inpainter:
    return Inpainter.from_bundle("nigdt-small")


@pytest.fixture(scope="module")
def kingfisher() -> Image.Image:
    return Image.open(files("nigdt") / "data" / "kingfisher.jpg").convert("RGB")


def selected(photo: Image.Image, place: tuple[slice, slice]) -> np.ndarray:
    selection = np.zeros((photo.height, photo.width), np.uint8)
    selection[place] = 255
    return selection


def detail(picture: np.ndarray) -> np.ndarray:
    grey = picture.astype(np.float32).mean(-1)
    return grey[1:, 1:] - grey[:-1, :-1]


@pytest.mark.parametrize("caption", ["a blue breast", "a bird with a blue breast and a white beak"])
def test_the_photos_own_part_is_coloured_and_keeps_its_feathers(
    inpainter: Inpainter, kingfisher: Image.Image, caption: str
) -> None:
    selection = selected(kingfisher, BREAST)
    (fill,) = inpainter.fill(kingfisher, selection, caption)
    assert COLOURED_PART in fill.notices
    before, after = np.asarray(kingfisher)[BREAST], np.asarray(fill.photo)[BREAST]
    middle = after[40:110, 100:150]
    assert nearest_basic(np.median(rgb_to_lab(middle.reshape(-1, 3) / np.float32(255)), axis=0)) == "blue"
    assert np.corrcoef(detail(before).ravel(), detail(after).ravel())[0, 1] > 0.8


def test_further_variants_are_drawn(inpainter: Inpainter, kingfisher: Image.Image) -> None:
    selection = selected(kingfisher, BREAST)
    fills = inpainter.fill(kingfisher, selection, "a blue breast", variants=3)
    assert [COLOURED_PART in fill.notices for fill in fills] == [fill.seed is None for fill in fills]
    before = detail(np.asarray(kingfisher)[BREAST]).ravel()
    like = [np.corrcoef(before, detail(np.asarray(fill.photo)[BREAST]).ravel())[0, 1] for fill in fills]
    assert like[0] > 0.8
    assert max(like[1:]) < 0.5


@pytest.mark.parametrize(
    ("caption", "notice"),
    [
        ("a blue bird", COLOURED_BIRD),
        ("this small bird has blue wings and a blue head and is blue", COLOURED_BIRD),
        ("a bird with a blue breast", COLOURED_PART),
        ("a blue breast", COLOURED_PART),
    ],
)
def test_a_bird_that_the_photo_shows_is_coloured_and_keeps_its_feathers(
    inpainter: Inpainter, kingfisher: Image.Image, caption: str, notice: str
) -> None:
    first, other = inpainter.fill(kingfisher, selected(kingfisher, BIRD), caption, variants=2)
    assert notice in first.notices
    assert THERE_ALREADY not in first.notices
    assert notice not in other.notices
    before, after = np.asarray(kingfisher), np.asarray(first.photo)
    middle = after[255:300, 590:650].reshape(-1, 3)
    assert nearest_basic(np.median(rgb_to_lab(middle / np.float32(255)), axis=0)) == "blue"
    assert np.corrcoef(detail(before[BIRD]).ravel(), detail(after[BIRD]).ravel())[0, 1] > 0.8


def test_a_piece_that_was_left_out_is_told(inpainter: Inpainter, kingfisher: Image.Image) -> None:
    body = (slice(160, 660), BIRD[1])  # without the crown
    for place, left in ((BIRD, False), (body, True)):
        (fill,) = inpainter.fill(kingfisher, selected(kingfisher, place), "a green bird")
        assert COLOURED_BIRD in fill.notices
        assert (PART_NOT_SELECTED in fill.notices) is left


def test_large_photos_stay_sharp(inpainter: Inpainter, kingfisher: Image.Image) -> None:
    large = kingfisher.resize((5 * kingfisher.width, 5 * kingfisher.height), Image.Resampling.LANCZOS)
    noise = np.random.default_rng(0).normal(0, 12, (large.height, large.width, 1))
    photo = np.clip(np.asarray(large) + noise, 0, 255).astype(np.uint8)
    selection = np.zeros(photo.shape[:2], np.uint8)
    place = tuple(slice(5 * part.start, 5 * part.stop) for part in BIRD)
    selection[place] = 255
    (fill,) = inpainter.fill(Image.fromarray(photo), selection, "a purple bird")
    middle = np.s_[1400:1700, 2850:3150]
    assert (
        np.corrcoef(detail(photo[middle]).ravel(), detail(np.asarray(fill.photo)[middle]).ravel())[0, 1] > 0.8
    )


def test_grey_photos_have_no_place_for_colours(inpainter: Inpainter, kingfisher: Image.Image) -> None:
    (fill,) = inpainter.fill(kingfisher.convert("L"), selected(kingfisher, BIRD), "a purple bird")
    assert COLOURED_BIRD not in fill.notices


def test_another_thing_is_coloured_where_the_model_has_no_shape_for_the_words(
    inpainter: Inpainter, kingfisher: Image.Image
) -> None:
    located = inpainter.located(inpainter.encode(np.asarray(kingfisher), selected(kingfisher, BIRD)))
    assert located.lies.whole
    assert not located.lies.other
    told = {
        (caption, other): inpainter.complete(
            [CompletionJob(replace(located, location=Location(other=other)), caption, [Variant()])]
        )[0][0].notices
        for caption in ("a purple car", "a car", "a purple bird")
        for other in (False, True)
    }
    assert [key for key, notices in told.items() if COLOURED_THING in notices] == [("a purple car", True)]


@pytest.mark.parametrize(
    ("place", "caption"),
    [
        (BREAST, "a blue bird with a white breast"),  # the bird has a colour too, and it is not all there
        (BREAST, "blue"),
        (BIRD, "a crow"),  # it is another bird
        (BIRD, "a flying blue bird"),  # which this one is not
        ((slice(60, 350), slice(20, 250)), "a bird with a blue breast"),  # the ground shows no part
    ],
)
def test_all_else_is_drawn(
    inpainter: Inpainter, kingfisher: Image.Image, place: tuple[slice, slice], caption: str
) -> None:
    (fill,) = inpainter.fill(kingfisher, selected(kingfisher, place), caption)
    assert not {COLOURED_PART, COLOURED_BIRD} & set(fill.notices)
    assert (THERE_ALREADY in fill.notices) == (place == BIRD)


def test_the_hole_is_not_looked_at_unless_the_context_is_located(
    inpainter: Inpainter, kingfisher: Image.Image
) -> None:
    crop, hole = np.asarray(kingfisher), selected(kingfisher, BREAST)
    context = inpainter.encode(crop, hole)
    job = CompletionJob(context, "a blue breast", [Variant()])
    assert inpainter.complete([job])[0][0].notices == ()
    located = CompletionJob(inpainter.located(context), "a blue breast", [Variant()])
    assert inpainter.complete([located])[0][0].notices == (COLOURED_PART,)
    shown = inpainter.shown(located)[0]
    assert not np.array_equal(shown, inpainter.shown(job)[0])


@pytest.mark.parametrize("caption", ["a blue breast", "a bird with a blue breast"])
def test_attention_is_told_and_changes_no_pixel(
    inpainter: Inpainter, kingfisher: Image.Image, caption: str
) -> None:
    context = inpainter.located(inpainter.encode(np.asarray(kingfisher), selected(kingfisher, BREAST)))
    plain, told = (
        inpainter.complete([CompletionJob(context, caption, [Variant()], attention=asked)])[0][0]
        for asked in (False, True)
    )
    assert np.array_equal(plain.pixels, told.pixels)
    assert plain.notices == told.notices == (COLOURED_PART,)
    assert told.attention is not None
    assert [use.word for use in told.attention] == caption.split()


def test_a_body_is_coloured_up_to_its_edge_though_parts_have_colours_of_their_own(
    inpainter: Inpainter, kingfisher: Image.Image
) -> None:
    fill = inpainter.fill(kingfisher, selected(kingfisher, BIRD), "a purple bird with white wings")[0]

    def blue(photo: Image.Image) -> int:
        crown = np.asarray(photo.convert("RGB"), np.float32)[60:140, 500:690]
        lab = rgb_to_lab(crown / np.float32(255))
        return int(np.count_nonzero((lab[..., 1] < 15) & (lab[..., 2] < -20)))

    assert blue(fill.photo) < 0.03 * blue(kingfisher)


PERCH = (slice(150, 650), slice(860, 1220))  # beside the bird: the end of its branch, and what is behind it


def test_what_the_photo_shows_around_a_drawn_bird_stays(
    inpainter: Inpainter, kingfisher: Image.Image
) -> None:
    selection = selected(kingfisher, PERCH)
    (fill,) = inpainter.fill(kingfisher, selection, "a red bird")
    before, after = np.asarray(kingfisher)[PERCH], np.asarray(fill.photo)[PERCH]
    same = (before == after).all(axis=2)
    assert 0.3 < same.mean() < 0.95
    assert same[-60:].all()  # below the branch
    assert same[:80, -120:].all()  # behind the bird
    drawn = rgb_to_lab(after[~same] / np.float32(255))
    assert nearest_basic(np.median(drawn, axis=0)) == "red"


def test_a_bird_that_is_replaced_goes_and_its_perch_stays(
    inpainter: Inpainter, kingfisher: Image.Image
) -> None:
    photo, selection = np.asarray(kingfisher), selected(kingfisher, BIRD)
    context = inpainter.surrounded(inpainter.located(inpainter.encode(photo, selection)))
    assert context.backdrop is not None
    changed = (context.backdrop != photo).any(axis=2)
    assert not changed[selection == 0].any()
    assert changed[300:400, 560:660].all()  # its breast
    assert not changed[60:100, 340:380].any()  # a corner of the box


def test_evaluation_sees_nothing_of_what_is_hidden(inpainter: Inpainter, kingfisher: Image.Image) -> None:
    photo, selection = np.asarray(kingfisher), selected(kingfisher, PERCH)
    context = inpainter.surrounded(inpainter.encode(photo, selection))  # nobody located it
    assert context.backdrop is not None
    assert (context.backdrop != photo).any(axis=2)[PERCH].mean() > 0.9


def test_nothing_makes_room_for_nothing(inpainter: Inpainter, kingfisher: Image.Image) -> None:
    (fill,) = inpainter.fill(kingfisher, selected(kingfisher, BIRD), "a man")
    assert NO_SHAPE in fill.notices
    assert np.array_equal(np.asarray(fill.photo), np.asarray(kingfisher))


def test_a_fill_at_the_models_size_casts_its_shadow_too(inpainter: Inpainter) -> None:
    gravel = np.random.default_rng(6).normal(130, 40, (500, 640, 3)).clip(0, 255).astype(np.uint8)
    selection = np.zeros(gravel.shape[:2], np.uint8)
    selection[120:400, 180:460] = 255
    context = inpainter.surrounded(inpainter.located(inpainter.encode(gravel, selection)))
    assert context.footing is None
    job = CompletionJob(context, "a red bird", [Variant()])
    (shown,), ((fill,),) = inpainter.shown(job), inpainter.complete([job])
    assert shown.shape[:2] == context.visible.shape
    assert fill.pixels.shape == gravel.shape
    assert fill.pixels[385:400, 250:390].mean() < gravel[385:400, 250:390].mean() - 5


def test_a_bird_that_has_the_colours_already_stays(inpainter: Inpainter, kingfisher: Image.Image) -> None:
    selection = selected(kingfisher, BIRD)
    (once,) = inpainter.fill(kingfisher, selection, "a black bird", mode="recolour")
    pixels = np.asarray(once.photo)
    body = np.abs(pixels.astype(np.int16) - np.asarray(kingfisher)).max(-1) > 12
    pixels = np.where(body[..., None], pixels.mean(-1, keepdims=True) * 0.3, pixels).astype(np.uint8)
    kept, drawn = inpainter.fill(Image.fromarray(pixels), selection, "a black bird", variants=2)
    changed = [
        (np.abs(np.asarray(fill.photo, np.int16) - pixels).max(-1)[BIRD] > 12).mean()
        for fill in (kept, drawn)
    ]
    assert kept.notices == (COLOURED_ALREADY,)
    assert changed[0] < 0.02
    assert changed[1] > 0.2
