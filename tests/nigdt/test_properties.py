"""What holds for every photo, every selection and every answer of a model."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from nigdt.context import Context
from nigdt.context.blend import blend_weight, colour_match, growth, hole_of
from nigdt.context.box import context_box
from nigdt.photo.photo import Photo
from nigdt.photo.samples import CHANNELS, SIXTEEN_BIT, upright
from nigdt.recipe import Recipe

SIDES = st.integers(1, 40)
FEATHERS = st.none() | st.integers(0, 30)


@st.composite
def selections(draw: st.DrawFn) -> np.ndarray:
    """(h, w) uint8: a few soft or hard rectangles and pixels anywhere, at least one of them above 0."""
    height, width = draw(SIDES), draw(SIDES)
    selection = np.zeros((height, width), np.uint8)
    for _ in range(draw(st.integers(1, 3))):
        top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        h, w = draw(st.integers(1, height - top)), draw(st.integers(1, width - left))
        value = draw(st.sampled_from([1, 2, 128, 254, 255]))
        selection[top : top + h, left : left + w] = value
    return selection


def noise(seed: int, *shape: int, kind: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, np.iinfo(kind).max + 1, shape, dtype=kind)


def distance(selected: np.ndarray) -> np.ndarray:
    """Of every pixel to the nearest selected one, along rows, columns and diagonals."""
    rows, columns = np.nonzero(selected)
    y, x = np.mgrid[: selected.shape[0], : selected.shape[1]]
    each = np.maximum(np.abs(y[..., None] - rows), np.abs(x[..., None] - columns))
    return each.min(-1)


@given(selections(), FEATHERS)
def test_the_weight_lies_in_the_hole_and_ends_at_the_feather(
    selection: np.ndarray, feather: int | None
) -> None:
    hole, weight = hole_of(selection), blend_weight(selection, feather)
    assert weight.dtype == hole.dtype == np.uint8
    assert (hole[weight > 0] == 255).all()
    assert ((hole == 0) | (hole == 255)).all()
    reach = growth(selection) if feather is None else min(feather, growth(selection))
    assert not weight[distance(selection > 0) > reach].any()
    if feather is None or feather <= growth(selection):
        assert (weight >= selection).all()
    if feather == 0:
        np.testing.assert_array_equal(weight, selection)


@given(selections(), st.integers(0, 3))
def test_colours_are_matched_without_looking_under_the_hole(selection: np.ndarray, seed: int) -> None:
    hole = np.where(selection > 0, 255, 0).astype(np.uint8)
    photo, fill = noise(seed, *hole.shape, 3), noise(seed + 9, *hole.shape, 3)
    other = np.where(hole[..., None] > 0, 255 - photo, photo)
    np.testing.assert_array_equal(colour_match(photo, fill, hole), colour_match(other, fill, hole))


@st.composite
def photos(draw: st.DrawFn, height: int, width: int) -> Photo:
    """A photo of any kind that is height x width upright, lying in its file in any orientation."""
    kind, orientation = draw(st.sampled_from(sorted(CHANNELS))), draw(st.integers(1, 8))
    shape = (width, height) if orientation >= 5 else (height, width)
    shape += (CHANNELS[kind],) if CHANNELS[kind] > 1 else ()
    seed = draw(st.integers(0, 3))
    if kind == "P":
        colours = draw(st.integers(1, 256))
        image = Image.fromarray((noise(seed, *shape).astype(int) % colours).astype(np.uint8))
        image.putpalette(noise(seed, 3 * colours).tobytes())
        if draw(st.booleans()):
            image.info["transparency"] = noise(seed, colours).tobytes()
        plain = Photo.from_image(image)
        return Photo(plain.samples, "P", palette=plain._palette, orientation=orientation, info=plain.info)
    samples = noise(seed, *shape, kind=np.uint16 if kind in SIXTEEN_BIT else np.uint8)
    return Photo(samples > 127 if kind == "1" else samples, kind, orientation=orientation)


@given(st.data(), selections(), FEATHERS)
@settings(max_examples=200)
def test_every_kind_of_photo_keeps_its_samples_outside_the_band(
    data: st.DataObject, selection: np.ndarray, feather: int | None
) -> None:
    photo = data.draw(photos(*selection.shape))
    before = photo.samples.copy()
    box = context_box(selection, 32)
    context = Context.of(photo.rgb8, selection, 32, Recipe("x"), photo.alpha8)
    fill = noise(data.draw(st.integers(0, 3)), box.height, box.width, 3)
    weight = blend_weight(context.selection, feather)
    changed = context.onto(photo, fill, Recipe("x", feather=feather))

    np.testing.assert_array_equal(photo.samples, before)
    assert changed.kind == photo.kind
    assert changed.samples.shape == before.shape
    assert changed.samples.dtype == before.dtype
    height, width = selection.shape
    band = np.zeros((height, width), bool)
    band[box.slices] = weight > 0
    old, new = upright(before, photo.orientation), upright(changed.samples, photo.orientation)
    np.testing.assert_array_equal(new[~band], old[~band])
    np.testing.assert_array_equal(changed.rgb8[~band], photo.rgb8[~band])
    whole = np.zeros((height, width), np.uint8)
    whole[box.slices] = weight
    if photo.kind.removesuffix(";16") in ("LA", "RGBA"):
        assert (new[..., -1] >= old[..., -1]).all()
        assert (new[..., -1][whole == 255] == np.iinfo(new.dtype).max).all()
    if photo.kind == "P":
        alpha = photo._palette.alpha  # type: ignore[union-attr]
        np.testing.assert_array_equal(alpha[new] == 255, (alpha[old] == 255) | (whole >= 128))


def test_a_selection_one_pixel_wide_is_feathered():
    weight = blend_weight(np.array([[255], [255], [0], [0]], np.uint8), 1)
    assert weight.shape == (4, 1)
    assert weight[0, 0] == 255
    assert 0 < weight[2, 0] < 255
