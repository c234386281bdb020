"""What holds for every photo, every selection and every answer of a model."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from nigdt.context.box import MIN_PADDING, context_box, crop, selection_box
from nigdt.context.compositing import blend, colour_match, composite, hole_and_weight
from nigdt.photo.photo import Photo
from nigdt.photo.samples import CHANNELS, SIXTEEN_BIT, upright

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


@given(selections(), st.sampled_from([8, 64]), st.floats(1, 4))
def test_the_context_holds_the_selection_and_mirrors_only_what_the_photo_lacks(
    selection: np.ndarray, minimum: int, widen: float
) -> None:
    height, width = selection.shape
    inner, box = selection_box(selection), context_box(selection, minimum, widen)
    assert box.width == box.height >= minimum
    assert box.left <= inner.left
    assert box.top <= inner.top
    assert box.right >= inner.right
    assert box.bottom >= inner.bottom
    assert box.width >= max(inner.width, inner.height) + 2 * MIN_PADDING
    for start, end, side in ((box.left, box.right, width), (box.top, box.bottom, height)):
        if end - start <= side:
            assert start >= 0
            assert end <= side
        else:  # all of the photo is shown, in the middle
            assert start <= 0
            assert end >= side
            assert abs((end - side) + start) <= 1

    # Pixels that say where they come from.
    y, x = np.mgrid[:height, :width].astype(np.uint8)
    places, mask = crop(np.stack([y, x, y], 2), selection, box)
    np.testing.assert_array_equal(mask, selection[places[..., 0], places[..., 1]])
    top, left = max(0, box.top), max(0, box.left)
    bottom, right = min(height, box.bottom), min(width, box.right)
    there = places[top - box.top : bottom - box.top, left - box.left : right - box.left]
    np.testing.assert_array_equal(there[..., 0], y[top:bottom, left:right])
    np.testing.assert_array_equal(there[..., 1], x[top:bottom, left:right])


@given(selections(), FEATHERS)
def test_the_weight_covers_the_selection_and_ends_at_the_feather(
    selection: np.ndarray, feather: int | None
) -> None:
    hole, weight = hole_and_weight(selection, feather)
    assert weight.min() >= 0
    assert weight.max() <= 1
    assert (weight >= np.float32(selection / 255) - 1e-6).all()
    np.testing.assert_array_equal(hole > 0, weight > 0)
    assert ((hole == 0) | (hole == 255)).all()
    reach = 24 if feather is None else feather
    assert not weight[distance(selection > 0) > reach].any()
    if feather == 0:
        np.testing.assert_array_equal(hole > 0, selection > 0)


@given(selections(), FEATHERS, st.integers(0, 3))
def test_a_composite_lies_between_photo_and_fill_and_keeps_the_rest(
    selection: np.ndarray, feather: int | None, seed: int
) -> None:
    photo, fill = noise(seed, *selection.shape, 3), noise(seed + 9, *selection.shape, 3)
    matched, weight = blend(photo, fill, selection, feather)
    made = composite(photo, matched, weight)
    np.testing.assert_array_equal(made[weight == 0], photo[weight == 0])
    np.testing.assert_array_equal(made[weight == 1], matched[weight == 1])
    assert (made >= np.minimum(photo, matched)).all()
    assert (made <= np.maximum(photo, matched)).all()


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
    context, mask = crop(photo.rgb8, selection, box)
    fill = noise(data.draw(st.integers(0, 3)), box.height, box.width, 3)
    matched, weight = blend(context, fill, mask, feather)
    changed = photo.paste(box, matched, weight)

    np.testing.assert_array_equal(photo.samples, before)
    assert changed.kind == photo.kind
    assert changed.samples.shape == before.shape
    assert changed.samples.dtype == before.dtype
    height, width = selection.shape
    shown = weight[max(0, -box.top) : height - box.top, max(0, -box.left) : width - box.left]
    band = np.zeros((height, width), bool)
    top, left = max(0, box.top), max(0, box.left)
    part = shown[: height - top, : width - left]
    band[top : top + part.shape[0], left : left + part.shape[1]] = part > 0
    old, new = upright(before, photo.orientation), upright(changed.samples, photo.orientation)
    np.testing.assert_array_equal(new[~band], old[~band])
    np.testing.assert_array_equal(changed.rgb8[~band], photo.rgb8[~band])
    if photo.kind.removesuffix(";16") in ("LA", "RGBA"):
        np.testing.assert_array_equal(new[..., -1], old[..., -1])
    if photo.kind == "P":
        alpha = photo._palette.alpha  # type: ignore[union-attr]
        np.testing.assert_array_equal(alpha[new] == 255, alpha[old] == 255)


@given(arrays(np.uint8, st.tuples(SIDES, SIDES), elements=st.sampled_from([0, 255])), st.integers(0, 12))
def test_a_hard_selection_is_filled_wholly_and_fades_outwards(selection: np.ndarray, feather: int) -> None:
    _, weight = hole_and_weight(selection, feather)
    assert (weight[selection == 255] == 1).all()
    if not selection.any():
        assert not weight.any()
        return
    away = distance(selection > 0)
    for near in range(feather + 1):
        ring = weight[away == near + 1]
        assert (ring <= 1 - near / (feather + 1) + 1e-6).all()
        assert near >= feather or not ring.size or ring.max() > 0
