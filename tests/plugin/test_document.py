from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from nigdt_plugin.core.document import Document, packed, unpacked
from nigdt_plugin.core.fills import Candidate, Round, blended
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.layers import Layer
from nigdt_plugin.core.selection import Combine, Patch, inverted, rectangle, stroke
from nigdt_plugin.core.undo import UndoStack
from PIL import Image

from nigdt.context import Context
from nigdt.photo.photo import Photo
from nigdt.recipe import Recipe


def make_document() -> Document:
    rng = np.random.default_rng(1)
    return Document(Photo.from_image(Image.fromarray(rng.integers(0, 256, (40, 60, 3), np.uint8))))


def layer(left: int, top: int, value: int, weight: float = 1.0, round_: str = "") -> Layer:
    shape = (10, 12)
    return Layer(
        Region(left, top, left + 12, top + 10),
        np.full((*shape, 3), value, np.uint8),
        np.full(shape, weight, np.float32),
        Recipe("a bird"),
        round=round_,
    )


def test_a_palette_with_a_clear_colour_is_clear_there():
    image = Image.new("P", (6, 4), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.paste(1, (2, 0, 6, 4))
    image.info["transparency"] = 1
    document = Document(Photo.from_image(image))
    assert (document.alpha[:, 2:] == 0).all()
    assert (document.alpha[:, :2] == 255).all()
    assert make_document().alpha is None


def test_what_is_seen_is_what_is_saved():
    document = make_document()
    document.apply(layer(5, 5, 200), "Fill")
    document.apply(layer(10, 8, 20, 0.25), "Fill")
    seen, saved = document.rgb, document.result().rgb8
    assert np.abs(seen.astype(int) - saved.astype(int)).max() <= 1
    outside = np.ones((40, 60), bool)
    outside[5:18, 5:22] = False
    assert np.array_equal(saved[outside], document.photo.rgb8[outside])


def clear_document() -> Document:
    """A photo that is transparent on the left, half so in the middle."""
    rgba = np.random.default_rng(1).integers(0, 256, (40, 60, 4), np.uint8)
    rgba[..., 3] = np.repeat(np.array([0, 140, 255], np.uint8), 20)
    return Document(Photo.from_image(Image.fromarray(rgba)))


def seen(document: Document) -> np.ndarray:
    return np.dstack([document.rgb, document.alpha]).astype(int)


def test_a_fill_is_seen_and_saved_where_the_photo_is_transparent():
    document = clear_document()
    untouched = seen(document)
    document.apply(layer(4, 5, 200), "Fill")
    document.apply(layer(14, 8, 20, 0.25), "Fill")
    document.apply(layer(25, 20, 90, 0.6), "Fill")
    assert (document.alpha[5:8, 4:16] == 255).all()
    assert (document.rgb[5:8, 4:14] == 200).all()
    assert (document.rgb[10:15, 16:20] == 20).all()  # nothing of what lies below can be seen there
    saved = document.result()
    assert np.abs(seen(document) - np.dstack([saved.rgb8, saved.alpha8])).max() <= 1
    assert set(np.unique(document.seen(document.selection.whole).on_checks[5:8, 4:14])) == {200}
    while document.undo():
        pass
    assert np.array_equal(seen(document), untouched)


def test_a_recolouring_leaves_the_photo_as_transparent_as_it_is():
    document = clear_document()
    colour = replace(layer(24, 5, 200), recipe=Recipe("red", mode="recolour"))
    document.apply(colour, "Fill")
    assert np.array_equal(document.alpha, document.photo.alpha8)
    assert np.array_equal(document.result().alpha8, document.photo.alpha8)
    assert (document.rgb[5:15, 24:36] == 200).all()
    assert document.cannot_merge((colour, layer(24, 5, 10)))
    assert not document.cannot_merge((colour, colour))
    assert not make_document().cannot_merge((colour, layer(24, 5, 10)))


@pytest.mark.parametrize("recipe", [Recipe("a bird"), Recipe("red", mode="recolour")])
def test_merging_layers_keeps_a_transparent_picture(recipe: Recipe):
    document = clear_document()
    for it in (layer(5, 5, 200, 0.7), layer(10, 8, 20, 0.5), layer(25, 9, 90, 0.8)):
        document.apply(replace(it, recipe=recipe), "Fill")
    before = seen(document)
    merged = document.merged(document.layers)
    document.change_layers(document.with_merged(merged, document.layers), "Merge")
    assert len(document.layers) == 1
    shown = before[..., 3] > 0
    assert np.abs(seen(document) - before)[shown].max() <= 2
    assert np.array_equal(document.alpha > 0, shown)


def test_every_step_can_be_undone_and_done_again():
    document = make_document()
    states = [(document.rgb.copy(), document.selection.mask.copy())]
    document.select(rectangle((3, 3), (20, 20)), Combine.REPLACE, "Rectangle")
    states.append((document.rgb.copy(), document.selection.mask.copy()))
    document.apply(layer(5, 5, 200), "Fill")
    states.append((document.rgb.copy(), document.selection.mask.copy()))
    document.select(stroke([(30, 20), (40, 25)], 9, 0.2), Combine.ADD, "Brush")
    states.append((document.rgb.copy(), document.selection.mask.copy()))
    document.write_selection(*inverted(document.selection), "Invert")
    states.append((document.rgb.copy(), document.selection.mask.copy()))
    document.change_layers((), "Remove layer")
    states.append((document.rgb.copy(), document.selection.mask.copy()))
    for pixels, mask in reversed(states[:-1]):
        assert document.undo()
        assert np.array_equal(document.rgb, pixels)
        assert np.array_equal(document.selection.mask, mask)
    assert not document.undo()
    for pixels, mask in states[1:]:
        assert document.redo()
        assert np.array_equal(document.rgb, pixels)
        assert np.array_equal(document.selection.mask, mask)
    assert not document.redo()


def test_another_fill_of_a_round_takes_the_place_of_the_first():
    document = make_document()
    document.apply(layer(5, 5, 200, round_="r"), "Fill")
    document.apply(layer(5, 5, 90, round_="r"), "Fill")
    assert len(document.layers) == 1
    assert (document.rgb[6, 6] == 90).all()
    document.undo()
    assert (document.rgb[6, 6] == 200).all()


def test_hiding_a_layer_shows_the_original():
    document = make_document()
    document.apply(layer(5, 5, 200), "Fill")
    document.change_layers((document.layers[0].shown(False),), "Hide")
    assert np.array_equal(document.rgb, document.photo.rgb8)
    assert np.array_equal(document.result().rgb8, document.photo.rgb8)


def test_merging_layers_keeps_the_picture():
    document = make_document()
    document.apply(layer(5, 5, 200, 0.7), "Fill")
    document.apply(layer(10, 8, 20, 0.5), "Fill")
    before, before_layers = document.rgb.copy(), document.layers
    one, two = before_layers
    document.change_layers((one.at_opacity(0.5), layer(2, 2, 90).shown(False), two), "Hide")
    before, parts = document.rgb.copy(), (document.layers[0], document.layers[2])
    merged = document.merged(parts)
    document.change_layers(document.with_merged(merged, parts), "Merge")
    assert [it.visible for it in document.layers] == [False, True]
    assert [origin.region for origin in merged.origins] == [it.region for it in before_layers]
    assert np.abs(document.rgb.astype(int) - before.astype(int)).max() <= 2
    document.undo()
    assert np.array_equal(document.rgb, before)


def test_a_photo_is_modified_until_its_layers_are_saved():
    document = make_document()
    assert not document.modified
    document.apply(layer(5, 5, 200), "Fill")
    assert document.modified
    document.mark_saved(document.layers)
    assert not document.modified
    document.undo()
    assert document.modified


class Step:
    label = "step"

    def __init__(self, size: int) -> None:
        self.size = size

    def undo(self) -> None: ...

    def redo(self) -> None: ...


def test_undo_keeps_to_its_budget_but_never_forgets_the_last_step():
    stack = UndoStack(budget=100)
    for _ in range(10):
        stack.push(Step(30))
    assert len(stack) == 3
    stack.push(Step(1000))
    assert len(stack) == 1
    assert stack.undo()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16"])
def test_pixels_outside_a_fill_keep_their_bytes_in_every_kind_of_photo(mode: str):
    values = np.random.default_rng(2).integers(0, 256, (40, 60, 4), np.uint8)
    base = Image.fromarray(values, "RGBA")
    if mode == "I;16":
        image = Image.fromarray(values[..., 0].astype(np.uint16) * 257)
    elif mode in ("P", "1"):
        image = base.convert("RGB").convert(mode)
    else:
        image = base.convert(mode)
    document = Document(Photo.from_image(image))
    document.apply(layer(20, 10, 128), "Fill")
    before, after = document.photo.samples, document.result().samples
    outside = np.ones((40, 60), bool)
    outside[10:20, 20:32] = False
    assert np.array_equal(before[outside], after[outside])
    assert not np.array_equal(before, after)


def test_tall_layers_are_drawn_whole():
    rng = np.random.default_rng(2)
    document = Document(Photo.from_image(Image.fromarray(rng.integers(0, 256, (500, 30, 3), np.uint8))))
    region = Region(3, 7, 29, 480)
    weight = cv2.GaussianBlur(np.pad(np.ones((453, 6), np.float32), 10), (0, 0), 3)
    rgb = rng.integers(0, 256, (473, 26, 3), np.uint8)
    layers = (Layer(region, rgb, weight), Layer(region, rgb, np.full_like(weight, 0.5)))
    document.set_layers(layers)
    assert np.array_equal(document.rgb, document.composite(document.selection.whole, layers))
    document.set_layers(())
    assert np.array_equal(document.rgb, document.photo.rgb8)


@pytest.mark.parametrize("strength", [0.0, 0.3, 0.77, 1.0])
def test_the_strength_of_a_layer_is_changed_as_blending_does_it(strength: float):
    rng = np.random.default_rng(3)
    photo, mask = rng.integers(0, 256, (200, 220, 3), np.uint8), np.zeros((200, 220), np.uint8)
    mask[60:150, 50:170] = 255
    recipe = Recipe("a bird")
    context = Context.of(photo, mask, 64, recipe)
    fill = Candidate(rng.integers(0, 256, context.sent[0].shape, np.uint8), recipe)
    entry, pixels = Round(context, Patch(0, 0, mask)), fill.at(context)
    wanted = replace(recipe, strength=strength)
    quick = blended(entry, fill, pixels, recipe).at_strength(wanted)
    document = Document(Photo.from_image(Image.fromarray(photo)))
    whole, straight = document.selection.whole, blended(entry, fill, pixels, wanted)
    assert np.array_equal(document.composite(whole, (quick,)), document.composite(whole, (straight,)))
    assert quick.recipe == wanted


def test_a_mask_is_packed_into_bits_only_where_nothing_is_lost():
    hard = np.zeros((30, 40), np.uint8)
    hard[5:20, 7:31] = 255
    assert isinstance(packed(hard), bytes)
    for value in (1, 128, 254):
        soft = hard.copy()
        soft[0, 0] = value
        kept = packed(soft[:, :])
        soft[:] = 0  # painted on since
        assert unpacked(kept, soft.shape)[0, 0] == value
        assert np.array_equal(unpacked(kept, soft.shape)[1:], hard[1:])
    assert np.array_equal(unpacked(packed(hard), hard.shape), hard)
