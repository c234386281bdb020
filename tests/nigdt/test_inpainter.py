from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import nigdt
from nigdt.bundle.bundle import read_bundle
from nigdt.bundle.weights import load_model
from nigdt.context.blend import blend_weight
from nigdt.errors import ModelError, NigdtError, PhotoError, SelectionError
from nigdt.inpainter import CompletionJob, Inpainter
from nigdt.recipe import Variant, variants_from_seed

CAPTION = "a bird with a red belly"


@pytest.fixture(scope="module")
def inpainter(tiny_bundle: Path) -> Inpainter:
    return Inpainter.from_bundle(str(tiny_bundle), device="cpu")


@pytest.fixture(scope="module")
def crop() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def hole() -> np.ndarray:
    hole = np.zeros((96, 96), np.uint8)
    hole[30:70, 25:60] = 255
    return hole


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (150, 220, 3), dtype=np.uint8))


@pytest.fixture(scope="module")
def selection() -> np.ndarray:
    selection = np.zeros((150, 220), np.uint8)
    selection[50:90, 100:150] = 255
    return selection


def test_front_door_names_are_the_real_ones() -> None:
    assert nigdt.Inpainter is Inpainter
    assert nigdt.Variant is Variant


def test_fill_changes_the_hole_and_keeps_every_byte_beside_it(inpainter, photo, selection) -> None:
    fills = inpainter.fill(photo, selection, CAPTION, variants=12, seed=4)
    assert [fill.seed for fill in fills] == [*range(4, 16)]
    weight = blend_weight(selection)
    old = np.asarray(photo)
    for fill in fills:
        new = np.asarray(fill.photo)
        assert fill.photo.size == photo.size
        assert fill.photo.mode == photo.mode
        np.testing.assert_array_equal(new[weight == 0], old[weight == 0])
        assert (new[weight == 255] != old[weight == 255]).mean() > 0.9
    assert len({fill.photo.tobytes() for fill in fills}) > 3
    assert not np.array_equal(np.asarray(fills[0].photo), np.asarray(fills[1].photo))


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "I;16", "1", "CMYK"])
def test_fill_keeps_the_mode(inpainter, photo, selection, mode: str) -> None:
    if mode == "I;16":
        old = Image.fromarray(np.random.default_rng(2).integers(0, 65536, (150, 220), dtype=np.uint16))
    else:
        old = photo.quantize(64) if mode == "P" else photo.convert(mode)
    new = inpainter.fill(old, selection, CAPTION)[0].photo
    assert new.mode == mode
    weight = blend_weight(selection)
    np.testing.assert_array_equal(np.asarray(new)[weight == 0], np.asarray(old)[weight == 0])


def test_same_question_same_bytes_whatever_else_is_asked(inpainter, crop, hole) -> None:
    variants = variants_from_seed(4, 11)
    other = np.roll(crop, 13, axis=1)[:, ::-1].copy()
    context, elsewhere = inpainter.encode(crop, hole), inpainter.encode(other, hole)
    together = inpainter.complete(
        [
            CompletionJob(elsewhere, "the sky", variants),
            CompletionJob(context, CAPTION, variants, attention=True),
            CompletionJob(context, "a dog", variants[:1]),
        ]
    )[1]
    for variant, fill in zip(variants, together, strict=True):
        alone = inpainter.fill_context(crop, hole, CAPTION, [variant])[0]
        np.testing.assert_array_equal(alone.pixels, fill.pixels)


def test_a_freshly_loaded_model_gives_the_same_bytes(inpainter, tiny_bundle, crop, hole) -> None:
    again = Inpainter.from_bundle(str(tiny_bundle), device="cpu")
    first = inpainter.fill_context(crop, hole, CAPTION, [Variant(seed=3)])[0]
    np.testing.assert_array_equal(
        again.fill_context(crop, hole, CAPTION, [Variant(seed=3)])[0].pixels, first.pixels
    )


@pytest.mark.parametrize("side", [40, 64, 96, 150])
def test_hidden_pixels_are_never_looked_at(inpainter, side: int) -> None:
    rng = np.random.default_rng(side)
    crop = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
    mask = (rng.random((side, side)) < 0.02).astype(np.uint8) * 255
    mask[side // 4 : side // 2, side // 3 : side // 2] = 255
    changed = np.where(mask[..., None] > 0, 255 - crop, crop)
    for caption in (CAPTION, ""):
        a = inpainter.fill_context(crop, mask, caption)[0].pixels
        b = inpainter.fill_context(changed, mask, caption)[0].pixels
        hidden = mask > 0
        np.testing.assert_array_equal(a[hidden], b[hidden])


def test_selected_means_to_be_filled(inpainter, photo, selection) -> None:
    """The polarity at the public edge: the selected region changes, the rest decides what it becomes."""
    context = inpainter.encode(np.asarray(photo), selection)
    M = context.features.M[0, 0].numpy()
    rows, columns = np.array([50, 90]) * M.shape[0] / 150, np.array([100, 150]) * M.shape[1] / 220
    assert M[int(rows.mean()), int(columns.mean())] == 0
    assert M[0, 0] == M[-1, -1] == 1
    assert 1 - M.mean() == pytest.approx((rows[1] - rows[0]) * (columns[1] - columns[0]) / M.size, rel=0.3)


def test_spread_stays_near_its_base(inpainter, crop, hole) -> None:
    def made(variant: Variant) -> np.ndarray:
        return inpainter.fill_context(crop, hole, CAPTION, [variant])[0].pixels.astype(int)

    base = made(Variant(seed=1))
    np.testing.assert_array_equal(made(Variant(seed=9, base=1, spread=0.0)), base)
    np.testing.assert_array_equal(made(Variant(seed=9, base=1, spread=1.0)), made(Variant(seed=9)))
    np.testing.assert_array_equal(made(Variant(seed=9, spread=0.0)), made(Variant()))
    near = np.abs(made(Variant(seed=9, base=1, spread=0.1)) - base).mean()
    far = np.abs(made(Variant(seed=9)) - base).mean()
    assert 0 < near < 0.5 * far


def test_caption_guides_and_without_known_words_is_empty_guidance(
    inpainter, crop, hole, photo, selection
) -> None:
    def made(caption: str) -> np.ndarray:
        return inpainter.fill_context(crop, hole, caption)[0].pixels

    assert not np.array_equal(made("red bird"), made("blue sky"))
    np.testing.assert_array_equal(made(""), made("zyzzyva xylophone"))
    np.testing.assert_array_equal(made("red zyzzyva bird"), made("Red, BIRD!"))
    fill = inpainter.fill(photo, selection, "red zyzzyva bird zyzzyva")[0]
    assert fill.unknown_words == ("zyzzyva",)


def test_guidance_multiplies_what_the_words_change(inpainter, crop, hole) -> None:
    context = inpainter.encode(crop, hole)

    def drawn(caption: str, guidance: float) -> np.ndarray:
        return inpainter.pictures(CompletionJob(context, caption, [Variant(seed=3)], guidance=guidance))[0]

    plain, without = drawn("red bird", 1.0), drawn("", 1.0)
    assert np.abs(plain - without).max() > 1e-3
    np.testing.assert_array_equal(drawn("", 2.5), without)
    np.testing.assert_allclose(drawn("red bird", 0.0), without, atol=1e-3)
    np.testing.assert_allclose(drawn("red bird", 2.5), without + 2.5 * (plain - without), atol=1e-3)


def test_attention_says_which_words_were_used(inpainter, crop, hole) -> None:
    fill = inpainter.fill_context(crop, hole, "a zyzzyva red bird", attention=True)[0]
    assert fill.attention is not None
    assert [use.word for use in fill.attention] == ["a", "zyzzyva", "red", "bird"]
    assert [use.known for use in fill.attention] == [True, False, True, True]
    assert sum(use.weight for use in fill.attention) == pytest.approx(1)
    assert fill.attention[1].weight == 0
    assert not fill.attention[1].map.any()
    total = sum(use.map for use in fill.attention)
    assert total.shape == (2, 2)
    np.testing.assert_allclose(total[total > 0], 1, rtol=1e-5)  # over words, in every cell that is looked at
    assert inpainter.fill_context(crop, hole, "bird")[0].attention is None
    none = inpainter.fill_context(crop, hole, "zyzzyva", attention=True)[0].attention
    assert none is not None
    assert [use.weight for use in none] == [0]


def test_words_beyond_the_models_limit_are_reported_unused(inpainter, crop, hole) -> None:
    fill = inpainter.fill_context(crop, hole, "bird " * 36, attention=True)[0]
    assert fill.attention is not None
    assert len(fill.attention) == 36
    assert all(use.weight > 0 for use in fill.attention[:32])
    assert all(use.weight == 0 for use in fill.attention[32:])


@pytest.mark.parametrize("shape", [(64, 64), (30, 30), (500, 500), (70, 200), (333, 97)])
def test_contexts_of_any_size(inpainter, shape: tuple[int, int]) -> None:
    crop = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    mask = np.zeros(shape, np.uint8)
    mask[shape[0] // 3 : shape[0] // 2, shape[1] // 3 : shape[1] // 2] = 255
    fill = inpainter.fill_context(crop, mask, CAPTION)[0]
    assert fill.pixels.shape == crop.shape
    assert fill.pixels.dtype == np.uint8
    assert fill.pixels.std() > 1


def test_larger_working_sizes_run_fully_convolutional(inpainter, crop, hole) -> None:
    context = inpainter.encode(crop, hole, size=128)
    assert context.features.M.shape == (1, 1, 128, 128)
    assert context.nbytes > crop.nbytes
    pixels = inpainter.complete([CompletionJob(context, CAPTION)])[0][0].pixels
    assert pixels.shape == crop.shape


@pytest.mark.parametrize("size", [(64, 64), (40, 90), (33, 20), (400, 100), (1, 1)])
def test_photos_of_any_size(inpainter, size: tuple[int, int]) -> None:
    old = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    selection = np.zeros(old.shape[:2], np.uint8)
    selection[: max(1, size[1] // 3), : max(1, size[0] // 4)] = 255
    new = np.asarray(inpainter.fill(Image.fromarray(old), selection, CAPTION)[0].photo)
    weight = blend_weight(selection)
    np.testing.assert_array_equal(new[weight == 0], old[weight == 0])


def test_whole_photo_selected_is_still_filled(inpainter, photo) -> None:
    fill = inpainter.fill(photo, np.full((150, 220), 255, np.uint8), CAPTION)[0]
    assert np.isfinite(np.asarray(fill.photo)).all()
    assert not np.array_equal(np.asarray(fill.photo), np.asarray(photo))


def test_rotated_photo_is_selected_as_it_is_seen(inpainter, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (80, 120, 3), dtype=np.uint8)).save(
        tmp_path / "a.png", exif=exif
    )
    with Image.open(tmp_path / "a.png") as image:
        seen = np.zeros((120, 80), np.uint8)  # upright: 80 wide, 120 high
        seen[20:50, 10:40] = 255
        fill = inpainter.fill(image, seen, CAPTION)[0]
        assert fill.photo.size == image.size == (120, 80)
        assert fill.result.size == (80, 120)
        with pytest.raises(SelectionError, match="upright"):
            inpainter.fill(image, np.full((80, 120), 255, np.uint8), CAPTION)


def test_selection_as_picture_bool_or_soft(inpainter, photo, selection) -> None:
    expected = np.asarray(inpainter.fill(photo, selection, CAPTION)[0].photo)
    for other in (selection > 0, Image.fromarray(selection), Image.fromarray(selection).convert("1")):
        np.testing.assert_array_equal(np.asarray(inpainter.fill(photo, other, CAPTION)[0].photo), expected)


def test_a_photo_may_be_an_array(inpainter, photo, selection) -> None:
    pixels = np.asarray(photo.convert("RGB"))
    for array in (pixels, np.dstack([pixels, np.full_like(pixels[..., :1], 255)]), pixels[..., 0]):
        expected, found = (
            inpainter.fill(one, selection, CAPTION)[0].photo for one in (Image.fromarray(array), array)
        )
        assert found.mode == expected.mode
        np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))


@pytest.mark.parametrize("shape", [(0, 0, 3), (150, 220, 2), (1, 150, 220, 3), (150,)])
def test_other_arrays_are_no_photo(inpainter, selection, shape: tuple[int, ...]) -> None:
    with pytest.raises(PhotoError, match="is no photo"):
        inpainter.fill(np.zeros(shape, np.uint8), selection, CAPTION)
    with pytest.raises(PhotoError, match="float32 is no photo"):
        inpainter.fill(np.zeros((150, 220, 3), np.float32), selection, CAPTION)


def test_feather_is_the_callers_and_never_leaves_the_hole(inpainter, photo, selection) -> None:
    old = np.asarray(photo)
    for feather, reach in ((0, 0), (1, 1), (2, 2), (200, 2)):
        new = np.asarray(inpainter.fill(photo, selection, CAPTION, feather=feather)[0].photo)
        rows = np.flatnonzero((new != old).any(axis=(1, 2)))
        assert 50 - reach <= rows[0] <= 50
        assert 89 <= rows[-1] <= 89 + reach


def test_misuse_is_named(inpainter, photo, selection, crop, hole) -> None:
    with pytest.raises(SelectionError, match="Nothing is selected"):
        inpainter.fill(photo, np.zeros_like(selection), CAPTION)
    with pytest.raises(SelectionError, match="the photo 220 x 150"):
        inpainter.fill(photo, selection[:-1], CAPTION)
    with pytest.raises(SelectionError, match="Nothing is selected"):
        inpainter.encode(crop, np.zeros_like(hole))
    with pytest.raises(SelectionError, match="not 8-bit RGB"):
        inpainter.encode(crop[..., 0], hole)
    with pytest.raises(PhotoError, match="mode F"):
        inpainter.fill(photo.convert("F"), selection, CAPTION)


def test_unknown_device_is_one_line(tiny_bundle: Path) -> None:
    with pytest.raises(NigdtError, match=r"Device 'abacus' cannot be used.* Use cpu\.") as caught:
        Inpainter.from_bundle(str(tiny_bundle), device="abacus")
    assert "\n" not in str(caught.value)


def test_wider_context_shows_the_model_more(inpainter, photo, selection) -> None:
    narrow = np.asarray(inpainter.fill(photo, selection, CAPTION)[0].photo)
    wide = np.asarray(inpainter.fill(photo, selection, CAPTION, widen=1.8)[0].photo)
    assert not np.array_equal(narrow, wide)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_answer_that_is_not_a_number_is_refused(tiny_bundle, photo, selection, crop, hole, value) -> None:
    broken = Inpainter.from_bundle(str(tiny_bundle), device="cpu")
    broken._model.generator.heads[0].bias[1] = value
    broken._model.generator.heads[-1].weight[0] = value
    for work in (
        lambda: broken.fill(photo, selection, CAPTION),
        lambda: broken.fill_context(crop, hole, CAPTION),
        lambda: broken.pictures(CompletionJob(broken.encode(crop, hole), CAPTION)),
    ):
        with pytest.raises(ModelError, match="not numbers"):
            work()


def test_a_context_counts_all_it_holds(inpainter, crop, hole) -> None:
    large, small = inpainter.encode(crop, hole), inpainter.encode(crop[:48, :48], hole[:48, :48])
    assert large.residual is not None
    assert small.residual is None  # nothing is enlarged
    assert large.nbytes > crop.nbytes + hole.nbytes + 4 * crop.nbytes  # the residual is single precision
    assert large.nbytes > small.nbytes > 0


def test_channels_last_gives_the_same_picture(inpainter, tiny_bundle, crop, hole) -> None:
    """Within a hundredth of a grey level of torch's own layout; single precision in both."""
    plain, vocabulary = load_model(read_bundle(tiny_bundle))
    reference = Inpainter(plain, vocabulary, inpainter.bundle, "cpu")
    weight = inpainter._model.generator.blocks[0].conv1.weight
    assert weight.dtype == torch.float32
    assert weight.is_contiguous(memory_format=torch.channels_last)
    for variant in (Variant(), Variant(seed=3)):
        drawn, expected = (
            painter.pictures(CompletionJob(painter.encode(crop, hole), CAPTION, [variant]))[0]
            for painter in (inpainter, reference)
        )
        np.testing.assert_allclose(drawn, expected, atol=0.01)
