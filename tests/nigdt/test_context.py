from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nigdt.box import Box, check_selection, selection_box
from nigdt.context import Context
from nigdt.context.box import context_box
from nigdt.context.context import closed, grown, prepared
from nigdt.errors import SelectionError
from nigdt.limits import PADDING
from nigdt.photo.photo import Photo
from nigdt.recipe import Recipe


def select(height: int, width: int, box: Box) -> np.ndarray:
    selection = np.zeros((height, width), np.uint8)
    selection[box.top : box.bottom, box.left : box.right] = 255
    return selection


def test_context_is_padded_by_a_quarter_and_centred() -> None:
    selection = select(1000, 1500, Box(600, 400, 200, 100))
    box = context_box(selection, minimum=128)
    assert box == Box(550, 300, 300, 300)  # 200 + 2 * 50, around (700, 450)


def test_small_selection_gets_the_models_size() -> None:
    assert context_box(select(1000, 1500, Box(600, 400, 20, 10)), 256) == Box(482, 277, 256, 256)


def test_context_is_shifted_into_the_photo() -> None:
    box = context_box(select(1000, 1500, Box(0, 900, 200, 100)), 128)
    assert box == Box(0, 700, 300, 300)


def test_widening_shows_more_but_never_more_than_the_photo_has() -> None:
    selection = select(1000, 1500, Box(600, 400, 200, 100))
    assert context_box(selection, 128, widen=2.0).width == 600
    assert context_box(selection, 128, widen=50.0) == Box(0, 0, 1500, 1000)
    with pytest.raises(ValueError, match="below 1"):
        context_box(selection, 128, widen=0.5)


def test_of_a_scratch_a_removal_sees_less_than_of_a_thing_as_long() -> None:
    thing, outline, scratch = (np.zeros((3000, 3000), np.uint8) for _ in range(3))
    cv2.circle(thing, (1500, 1500), 300, 255, cv2.FILLED)
    cv2.circle(outline, (1500, 1500), 300, 255, 4)
    cv2.line(scratch, (1260, 1260), (1740, 1740), 255, 30)
    recipe, rgb8 = Recipe(mode="remove"), np.zeros((3000, 3000, 3), np.uint8)
    boxes = [Context.of(rgb8, drawn, 64, recipe).box for drawn in (thing, outline, scratch)]
    assert abs(boxes[0].width - boxes[1].width) < 20  # what it encloses is removed too
    assert boxes[2].width < 0.6 * boxes[0].width
    assert Context.of(rgb8, scratch, 64, Recipe("x")).box.width > 700  # what is drawn needs its surroundings


def test_photo_smaller_than_the_model_is_shown_whole_and_nothing_else() -> None:
    rgb8 = np.random.default_rng(0).integers(0, 256, (40, 64, 3), dtype=np.uint8)
    selection = select(40, 64, Box(10, 10, 8, 8))
    context = Context.of(rgb8, selection, 128, Recipe("x"))
    assert context.box == Box(0, 0, 64, 40)
    np.testing.assert_array_equal(context.crop, rgb8)
    np.testing.assert_array_equal(context.selection, selection)
    assert context.notices(Recipe("x")) == []


@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.integers(0, 89),
    st.integers(0, 89),
    st.sampled_from([64, 128]),
    st.floats(1, 4),
)
def test_every_selection_gets_a_context_inside_the_photo_that_holds_it(
    height: int, width: int, row: int, column: int, minimum: int, widen: float
) -> None:
    inner = Box(column % width, row % height, max(1, (width - column % width) // 2), 1)
    selection = select(height, width, inner)
    assert selection_box(selection) == selection_box(selection > 0) == inner
    grown = cv2.dilate(selection, np.ones((7, 7), np.uint8))
    assert inner.grown(3, width, height) == selection_box(grown)
    box = context_box(selection, minimum, widen)
    _, padding = PADDING["describe"]
    assert 0 <= box.left <= max(0, inner.left - padding)
    assert width >= box.right >= min(width, inner.right + padding)
    assert 0 <= box.top <= inner.top
    assert height >= box.bottom >= inner.bottom
    assert box.width == min(width, max(box.width, box.height))
    assert box.height == min(height, max(box.width, box.height))
    rgb8 = np.arange(height * width * 3, dtype=np.uint32).astype(np.uint8).reshape(height, width, 3)
    context = Context.of(rgb8, selection, minimum, Recipe("x", widen=widen))
    np.testing.assert_array_equal(context.crop, rgb8[box.slices])
    np.testing.assert_array_equal(context.selection, selection[box.slices])


def test_context_is_a_copy() -> None:
    rgb8, selection = np.zeros((100, 100, 3), np.uint8), select(100, 100, Box(40, 40, 9, 9))
    context = Context.of(rgb8, selection, 64, Recipe("x"))
    context.crop[:] = 9
    context.selection[:] = 9
    assert not rgb8.any()
    assert selection.max() == 255


def test_growing_reaches_further_by_that_many_pixels() -> None:
    selection = select(200, 200, Box(90, 90, 20, 20))
    context = Context.of(np.zeros((200, 200, 3), np.uint8), selection, 64, Recipe("x", grow=7))
    assert selection_box(context.selection) == Box(83 - context.box.left, 83 - context.box.top, 34, 34)


def test_what_is_to_be_removed_is_closed_and_grown_by_three() -> None:
    selection = select(200, 200, Box(90, 90, 20, 20))
    selection[98:102, 98:102] = 0
    selection[90:100, 105:107] = 0  # open to the outside
    whole = np.zeros((200, 200, 3), np.uint8)
    removed = Context.of(whole, selection, 64, Recipe("", "remove"))
    described = Context.of(whole, selection, 64, Recipe("a bird"))
    inner = selection_box(removed.selection)
    assert (inner.width, inner.height) == (26, 26)
    middle = np.s_[
        98 - removed.box.top : 102 - removed.box.top, 98 - removed.box.left : 102 - removed.box.left
    ]
    assert (removed.selection[middle] == 255).all()
    assert selection_box(described.selection).width == 20
    plain = Context.of(whole, selection, 64, Recipe("", "remove", grow=0))
    assert plain.selection[92 - plain.box.top, 106 - plain.box.left] == 0
    assert removed.box.width > described.box.width
    assert not removed.reduced


@given(seed=st.integers(0, 2**16), grow=st.integers(0, 9), mode=st.sampled_from(["remove", "describe"]))
def test_a_selection_is_prepared_near_it_as_on_the_whole(seed: int, grow: int, mode: str) -> None:
    rng = np.random.default_rng(seed)
    selection = np.zeros((40, 50), np.uint8)
    for _ in range(2):
        middle = int(rng.integers(0, 50)), int(rng.integers(0, 40))
        cv2.circle(selection, middle, int(rng.integers(1, 12)), int(rng.choice([90, 255])), 2)
    recipe = Recipe("a bird", mode, grow=grow)  # type: ignore[arg-type]
    whole = grown(closed(selection, selection.size) if mode == "remove" else selection, recipe.grown)
    np.testing.assert_array_equal(prepared(selection, recipe), whole)


def test_a_removal_copies_nothing_from_what_is_transparent() -> None:
    alpha = np.full((120, 120), 255, np.uint8)
    alpha[:30] = 0
    selection = select(120, 120, Box(50, 50, 20, 20))
    removal = Recipe(mode="remove", grow=0)
    context = Context.of(np.zeros((120, 120, 3), np.uint8), selection, 128, removal, alpha)
    assert (context.hole[:30] == 255).all()
    assert context.hole[40, 5] == 0
    fill, weight = context.place(np.full((120, 120, 3), 200, np.uint8), removal)
    assert fill.shape == (120, 120, 3)
    assert not weight[:30].any()


def test_what_is_described_is_drawn_into_the_selection_whatever_is_transparent() -> None:
    alpha = np.zeros((120, 120), np.uint8)
    selection, rgb = select(120, 120, Box(50, 50, 20, 20)), np.zeros((120, 120, 3), np.uint8)
    assert Context.of(rgb, selection, 128, Recipe("x"), alpha).hole.all()  # nothing at all to go by
    alpha[:30] = 255
    opaque = Context.of(rgb, selection, 128, Recipe("x"))
    assert np.array_equal(Context.of(rgb, selection, 128, Recipe("x"), alpha).hole, opaque.hole)


def test_a_large_context_is_reduced_and_the_user_is_told() -> None:
    rng = np.random.default_rng(0)
    rgb8 = rng.integers(0, 256, (1500, 2600, 3), dtype=np.uint8)
    context = Context.of(rgb8, select(1500, 2600, Box(500, 200, 1200, 1100)), 128, Recipe("x"))
    assert (context.box.width, context.box.height) == (1800, 1500)
    crop, hole = context.sent
    assert crop.shape == (853, 1024, 3)
    assert hole.shape == (853, 1024)
    assert context.notices(Recipe("x")) == [
        "The region is large: it is filled at 1024 pixels and enlarged to 1800."
    ]
    fill, weight = context.place(crop, Recipe("x"))
    assert fill.shape == (1500, 1800, 3)
    # Where the fill counts, the model made pixels: the hole covers the weight at the reduced size too.
    reduced = cv2.resize((weight > 0).astype(np.float32), (1024, 853), interpolation=cv2.INTER_AREA)
    assert (hole[reduced > 0] == 255).all()


def test_selection_must_fit_and_select_something() -> None:
    with pytest.raises(SelectionError, match="Nothing is selected"):
        check_selection(np.zeros((4, 5), np.uint8), 5, 4)
    with pytest.raises(SelectionError, match="5 x 4 pixels, the photo 4 x 5"):
        check_selection(np.ones((4, 5), np.uint8), 4, 5)
    with pytest.raises(SelectionError, match="not 8-bit grey"):
        check_selection(np.ones((4, 5), bool), 5, 4)
    with pytest.raises(SelectionError):
        selection_box(np.zeros((4, 5), np.uint8))


def test_a_frame_around_a_photo_does_not_select_all_of_it() -> None:
    frame = np.full((100, 120), 255, np.uint8)
    frame[5:-5, 5:-5] = 0
    frame[2, 3:6] = 0  # a small hole in it
    expected = frame.copy()
    expected[2, 3:6] = 255
    found = prepared(frame, Recipe(mode="remove", grow=0))
    np.testing.assert_array_equal(found, expected)
    outline = np.zeros((100, 120), np.uint8)
    outline[20:80, 20:90] = 255
    outline[22:78, 22:88] = 0
    assert prepared(outline, Recipe(mode="remove", grow=0))[20:80, 20:90].all()


def test_what_nobody_sees_is_not_recoloured() -> None:
    photo = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
    selection = np.zeros((90, 120), np.uint8)
    selection[20:70, 30:90] = 255
    alpha = np.full((90, 120), 255, np.uint8)
    alpha[:, :60] = 0
    recipe = Recipe("red", mode="recolour")
    context = Context.of(photo, selection, 64, recipe, alpha)
    left = 60 - context.box.left
    assert not context.selection[:, :left].any()
    assert context.selection[:, left:].any()
    alpha[:, 60:] = 0
    with pytest.raises(SelectionError, match="transparent"):
        Context.of(photo, selection, 64, recipe, alpha)
    assert Context.of(photo, selection, 64, Recipe("red"), alpha).hole.any()


def test_what_an_answer_leaves_keeps_the_photos_own_pixels() -> None:
    photo = np.random.default_rng(4).integers(0, 255, (1500, 2200, 3), np.uint8)
    selection = np.zeros(photo.shape[:2], np.uint8)
    selection[100:1400, 200:2000] = 255
    context = Context.of(photo, selection, 192, Recipe("a red bird"))
    assert context.reduced
    answer = context.sent[0].copy()
    height, width = answer.shape[:2]
    thing = np.s_[height // 3 : height // 2, width // 3 : width // 2]
    answer[thing] = (200, 20, 20)
    made = context.enlarged(answer)
    changed = (made != context.crop).any(axis=2) & (context.hole > 0)
    rows, columns = np.nonzero(changed)
    scale = context.crop.shape[0] / height
    assert abs(rows.min() - scale * (height // 3)) < 4 * scale
    assert abs(columns.max() - scale * (width // 2)) < 4 * scale
    down, across = (slice(int(0.38 * side), int(0.45 * side)) for side in made.shape[:2])
    assert changed[down, across].mean() > 0.99


def test_a_fill_covers_what_is_transparent_and_a_recolouring_keeps_it() -> None:
    rgba = np.random.default_rng(0).integers(0, 255, (90, 120, 4), np.uint8)
    rgba[..., 3] = 255
    rgba[:45, :60, 3] = 0
    rgba[45:, :60, 3] = 200
    photo = Photo.from_image(Image.fromarray(rgba))
    selection = np.zeros((90, 120), np.uint8)
    selection[20:70, 30:90] = 255
    opaque = {}
    for recipe in (Recipe("a bird"), Recipe(mode="remove"), Recipe("red", mode="recolour")):
        context = Context.of(photo.rgb8, selection, 64, recipe, photo.alpha8)
        answer = np.full_like(context.sent[0], 90)
        opaque[recipe.mode] = context.onto(photo, answer, recipe).alpha8
    for mode in ("describe", "remove"):
        assert (opaque[mode][selection > 0] == 255).all()
        assert (opaque[mode][:15] == rgba[:15, :, 3]).all()
    assert np.array_equal(opaque["recolour"], rgba[..., 3])


def test_colours_that_nobody_sees_are_kept_from_the_model() -> None:
    rgb = np.zeros((90, 120, 3), np.uint8)
    rgb[:, 60:] = (90, 160, 40)
    alpha = np.full((90, 120), 255, np.uint8)
    alpha[:, :60] = 0
    selection = select(90, 120, Box(20, 20, 60, 50))
    context = Context.of(rgb, selection, 64, Recipe("a bird"), alpha)
    assert np.abs(context.crop.astype(int) - (90, 160, 40)).max() <= 1
    assert np.array_equal(Context.of(rgb, selection, 64, Recipe("a bird")).crop, rgb[context.box.slices])


def test_what_a_described_fill_leaves_stays_transparent() -> None:
    rgba = np.random.default_rng(0).integers(0, 255, (90, 120, 4), np.uint8)
    rgba[..., 3] = 255
    rgba[:, :60, 3] = 0
    photo = Photo.from_image(Image.fromarray(rgba))
    selection = np.zeros((90, 120), np.uint8)
    selection[20:70, 20:90] = 255
    context = Context.of(photo.rgb8, selection, 64, Recipe("a bird"), photo.alpha8)
    answer, thing = context.sent[0].copy(), np.zeros((90, 120), bool)
    thing[30:60, 30:50] = True
    answer[thing[context.box.slices]] = (200, 30, 40)
    alpha = context.onto(photo, answer, Recipe("a bird")).alpha8
    assert (alpha[thing] == 255).all()
    assert not alpha[~thing & (rgba[..., 3] == 0)].any()
    assert (alpha[:, 60:] == 255).all()
    removal = Recipe(mode="remove", grow=0)
    context = Context.of(photo.rgb8, selection, 64, removal, photo.alpha8)
    assert (context.onto(photo, context.sent[0], removal).alpha8[selection > 0] == 255).all()
