"""The outlines that a model keeps, and where in a hole they go."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from nigdt import Inpainter
from nigdt.answers import CompletionJob
from nigdt.bundle.bundle import RECOLOUR_CONFIG, RECOLOUR_WEIGHTS, find_bundle
from nigdt.bundle.weights import load_model
from nigdt.bundle.writing import save_bundle, write_sums
from nigdt.config import ModelConfig
from nigdt.errors import BundleError
from nigdt.model import NIGDT
from nigdt.model.outlines import SIDE
from nigdt.notices import DREW_NOTHING, NO_SHAPE
from nigdt.outlines import Outlines, draws_itself, likeness_to_oval
from nigdt.recipe import Variant
from nigdt.text import Vocabulary
from tests.tiny import TINY_MODEL, TINY_WORDS


def crescent() -> np.ndarray:
    shape = np.zeros((SIDE, SIDE), np.uint8)
    cv2.ellipse(shape, (24, 24), (23, 23), 0, 0, 360, 1, -1)
    cv2.ellipse(shape, (32, 16), (18, 18), 0, 0, 360, 0, -1)
    return shape.astype(np.float32)


def triangle() -> np.ndarray:
    corners = np.array([[0, 47], [47, 47], [10, 0]], np.int32)
    return cv2.fillPoly(np.zeros((SIDE, SIDE), np.uint8), [corners], 1).astype(np.float32)


SHAPES = np.stack([crescent(), triangle()])
ASPECTS, NUMBERS = np.array([1.0, 1.6], np.float32), np.array([1, 3], np.float32)
WORDS = {"bird": 1, "gull": 1}
OUTLINES = Outlines(SHAPES, ASPECTS, NUMBERS, WORDS)
POULTRY = Outlines(SHAPES, ASPECTS, NUMBERS, WORDS | {"chicken": 1})


MARKS = np.array([[[0.2, 0.3], [0.05, 0.35]], [[-1, -1], [-1, -1]]], np.float32)


def placed(hole: np.ndarray, variant: Variant, outlines: Outlines = OUTLINES) -> np.ndarray | None:
    told = outlines.place(hole, variant)
    return None if told is None else told.outline


def box_hole(rows: slice = slice(30, 90), columns: slice = slice(20, 110)) -> np.ndarray:
    hole = np.zeros((128, 128), bool)
    hole[rows, columns] = True
    return hole


def test_only_words_that_name_such_things_are_given_one() -> None:
    assert OUTLINES.kind_in("A red Bird")
    assert not OUTLINES.kind_in("a red belly")
    assert POULTRY.kind_in("a brown chicken on the grass")
    assert not POULTRY.kind_in("chicken and broccoli with tomatoes")
    assert POULTRY.kind_in("a bird on a plate")
    assert not OUTLINES.kind_in("")


def test_birds_of_which_photos_are_kept_are_birds_still() -> None:
    both = Outlines(SHAPES, ASPECTS, NUMBERS, WORDS | {"crow": 2, "giraffe": 3})
    assert both.is_bird(both.of_birds)
    assert both.is_bird(2)
    assert not both.is_bird(3)


@pytest.mark.parametrize("seed", [None, *range(1, 8)])
@pytest.mark.parametrize("kind", ["box", "oval", "two"])
def test_an_outline_lies_in_the_hole_and_fills_a_good_part_of_it(kind: str, seed: int | None) -> None:
    hole = box_hole()
    if kind == "oval":
        oval = cv2.ellipse(np.zeros((128, 128), np.uint8), (64, 64), (50, 30), 20, 0, 360, 1, -1)
        hole = np.asarray(oval > 0)
    if kind == "two":
        hole[30:90, 62:68] = False
    outline = placed(hole, Variant(seed))
    assert outline is not None
    assert outline.shape == hole.shape
    assert outline.min() >= 0
    assert outline.max() <= 1
    assert outline[~hole].sum() <= 0.03 * outline.sum()
    assert outline[hole].sum() >= (0.06 if kind == "two" else 0.12) * hole.sum()


def test_seeds_choose_among_outlines_and_both_ways_of_facing() -> None:
    found = {placed(box_hole(), Variant(seed)).round(2).tobytes() for seed in range(1, 30)}  # type: ignore[union-attr]
    assert len(found) == 4


def test_common_ones_are_drawn_more_often_and_the_mean_answer_has_the_commonest() -> None:
    def drawn_by(outlines: Outlines, seed: int | None) -> bytes:
        outline = placed(box_hole(), Variant(seed), outlines)
        assert outline is not None
        return outline.tobytes()

    alone = [Outlines(SHAPES[i:][:1], ASPECTS[i:][:1], NUMBERS[i:][:1], WORDS) for i in (0, 1)]
    either = [{drawn_by(one, seed) for seed in range(1, 12)} for one in alone]
    drawn = [drawn_by(OUTLINES, seed) for seed in range(1, 200)]
    rare, common = (sum(one in outlines for one in drawn) for outlines in either)
    assert 2 * rare < common < 5 * rare
    assert drawn_by(OUTLINES, None) in either[1]


def test_the_same_seed_chooses_the_same() -> None:
    for variant in (Variant(), Variant(5)):
        assert np.array_equal(placed(box_hole(), variant), placed(box_hole(), variant))  # type: ignore[arg-type]


def test_what_stays_near_another_answer_keeps_its_outline() -> None:
    base = placed(box_hole(), Variant(5))
    for seed in range(20, 30):
        assert np.array_equal(placed(box_hole(), Variant(seed, base=5, spread=0.4)), base)  # type: ignore[arg-type]


def test_the_eye_and_the_beak_go_with_the_outline_whichever_way_it_faces() -> None:
    marked = Outlines(SHAPES[:1], ASPECTS[:1], NUMBERS[:1], WORDS, MARKS[:1])
    hole, both = box_hole(), set()
    for seed in range(1, 12):
        told, plain = marked.place(hole, Variant(seed)), placed(hole, Variant(seed))
        assert told is not None
        assert told.marks is not None
        plain = placed(hole, Variant(seed), Outlines(SHAPES[:1], ASPECTS[:1], NUMBERS[:1], WORDS))
        assert plain is not None
        rows, columns = np.nonzero(plain > 0.5)
        left, width = columns.min(), np.ptp(columns) + 1
        tip = np.nonzero(told.marks > 0.5)[1]
        mirrored = tip.mean() > left + width / 2
        both.add(mirrored)
        eye = 1 - 0.2 if mirrored else 0.2
        x, y = left + eye * width, rows.min() + 0.3 * (np.ptp(rows) + 1)
        assert told.marks[round(y), round(x)] > 0.9
        assert (told.outline >= plain).all()
        assert (
            told.outline[(told.marks > 0.9) & (np.arange(128)[None] < x - 0.1 * width)].min(initial=1) > 0.9
        )
        assert np.array_equal(told.maps(2), np.stack([told.outline, told.marks]))
    assert both == {False, True}


def bird(marks: list[list[float]], model_marks: int = 6) -> NIGDT:
    """Return a model whose one outline has these marks."""
    model = NIGDT(ModelConfig.from_dict({**TINY_MODEL, "outlines": 1, "marks": True}), len(TINY_WORDS))
    model.outlines.shapes.copy_(torch.from_numpy(SHAPES[:1]))
    model.outlines.marks = torch.full((1, model_marks, 2), -1.0)
    model.outlines.marks[0, : len(marks)] = torch.tensor(marks)
    return model


HEAD = [[0.2, 0.3], [0.05, 0.35]]


def test_a_bird_stands_on_its_legs_within_the_hole() -> None:
    whole = [*HEAD, [0.4, 0.6], [0.8, 0.8], [0.5, 1.1], [0.6, 1.1]]
    standing = Outlines.of(bird(whole), Vocabulary(TINY_WORDS))
    sitting = Outlines.of(bird(HEAD), Vocabulary(TINY_WORDS))
    assert standing is not None
    assert sitting is not None
    hole = box_hole(slice(20, 100), slice(20, 100))
    on_legs, without = standing.place(hole, Variant()), sitting.place(hole, Variant())
    assert on_legs is not None
    assert without is not None
    assert on_legs.marks is not None
    assert without.marks is not None
    assert np.isclose(on_legs.marks, 0.4).any(), "the wing"
    assert not np.isclose(without.marks, 0.4).any()
    for told in (on_legs, without):
        assert not (told.outline * ~hole).any()
    rows = [np.count_nonzero((told.outline > 0.5).any(axis=1)) for told in (on_legs, without)]
    assert rows[0] == pytest.approx(rows[1], abs=5), "it is smaller by as much as its legs are long"
    feet = [np.nonzero((told.outline > 0.5).any(axis=1))[0].max() for told in (on_legs, without)]
    widths = [
        np.count_nonzero((told.outline > 0.5)[foot - 3])
        for told, foot in zip((on_legs, without), feet, strict=True)
    ]
    assert 0 < widths[0] < 10 < widths[1]


def test_models_that_are_told_no_wings_and_legs_are_still_read(tmp_path: Path) -> None:
    save_bundle(tmp_path / "older", bird(HEAD, 2), Vocabulary(TINY_WORDS), title="older")
    outlines = Outlines.of(*load_model(find_bundle(str(tmp_path / "older"))))
    assert outlines is not None
    told = outlines.place(box_hole(), Variant())
    assert told is not None
    assert told.marks is not None
    assert told.marks.max() > 0.9
    assert not np.isclose(told.marks, 0.4).any()


@pytest.mark.parametrize("marks", [3, 7])
def test_any_other_number_of_marks_is_refused(marks: int, tmp_path: Path) -> None:
    save_bundle(tmp_path / "odd", bird(HEAD, marks), Vocabulary(TINY_WORDS), title="odd")
    with pytest.raises(BundleError, match=r"first outlines\.marks"):
        load_model(find_bundle(str(tmp_path / "odd")))


def test_an_outline_whose_marks_are_not_known_has_none() -> None:
    told = Outlines(SHAPES[1:], ASPECTS[1:], NUMBERS[1:], WORDS, MARKS[1:]).place(box_hole(), Variant())
    assert told is not None
    assert told.marks is not None
    assert not told.marks.any()


def test_a_crescent_is_an_outline_of_its_own() -> None:
    hole = np.zeros((128, 128), bool)
    hole[20:116, 20:116] = cv2.resize(crescent(), (96, 96)) > 0.5
    assert draws_itself(hole)


@pytest.mark.parametrize("angle", [0, 15, 45, 80])
def test_boxes_and_ovals_have_none_however_they_lie(angle: int) -> None:
    corners = cv2.boxPoints(((64, 64), (70, 40), angle))
    box = cv2.fillPoly(np.zeros((128, 128), np.uint8), [np.rint(corners).astype(np.int32)], 1) > 0
    oval = np.zeros((128, 128), np.uint8)
    cv2.ellipse(oval, (64, 64), (50, 25), angle, 0, 360, 1, -1)
    assert not draws_itself(box)
    assert not draws_itself(oval > 0)
    assert likeness_to_oval(oval > 0) > 0.95


@pytest.mark.parametrize("oval", [False, True])
def test_what_is_no_bird_stands_at_the_lower_end(oval: bool) -> None:
    hole = box_hole(slice(10, 118), slice(30, 90))
    if oval:
        hole = cv2.ellipse(np.zeros((128, 128), np.uint8), (60, 64), (40, 54), 0, 0, 360, 1, -1) > 0
    kinds = np.array([1, 2])
    both = Outlines(SHAPES, ASPECTS, NUMBERS, {"bird": 1, "dog": 2}, kinds=kinds)
    flying = Outlines(SHAPES, ASPECTS, NUMBERS, {"bird": 2, "dog": 1}, kinds=kinds)
    standing, bird = (one.place(hole, Variant(), 2) for one in (both, flying))
    assert standing is not None
    assert bird is not None
    lowest, birds = (int(np.flatnonzero(one.outline.max(1) > 0.5)[-1]) for one in (standing, bird))
    assert lowest > birds
    assert standing.outline[~hole].sum() <= 0.02 * standing.outline.sum()
    assert oval or lowest >= 116


def test_crumbs_have_none() -> None:
    hole = np.zeros((128, 128), bool)
    hole[10:40, 10:40] = hole[80:110, 80:110] = True
    assert not draws_itself(hole)


def test_a_thin_hole_has_room_for_none_or_a_narrow_one() -> None:
    hole = box_hole(slice(60, 62), slice(5, 120))
    outline = placed(hole, Variant())
    assert outline is None or outline[~hole].sum() == 0


@pytest.fixture(scope="module")
def outlined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bundle of random weights that keeps the two outlines for the word "bird"."""
    folder = tmp_path_factory.mktemp("bundles") / "outlined"
    torch.manual_seed(0)
    config = ModelConfig.from_dict({**TINY_MODEL, "outlines": 2, "prefill": "harmonic"})
    model = NIGDT(config, len(TINY_WORDS))
    with torch.no_grad():
        model.outlines.shapes.copy_(torch.from_numpy(OUTLINES.shapes))
        model.outlines.aspects.copy_(torch.from_numpy(OUTLINES.aspects))
        model.outlines.numbers.copy_(torch.from_numpy(OUTLINES.numbers))
        model.outlines.words.copy_(torch.tensor([float(word == "bird") for word in TINY_WORDS]))
        for layer in model.generator.outline:  # begins at no effect
            layer.weight.normal_()
    save_bundle(folder, model, Vocabulary(TINY_WORDS), title="outlined")
    return folder


def noise(side: int = 160) -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(60, 200, (side, side, 3), np.uint8))


def test_a_fill_shows_the_thing_in_its_outline_and_surroundings_around(outlined: Path) -> None:
    inpainter = Inpainter.from_bundle(str(outlined))
    selection = np.zeros((160, 160), np.uint8)
    selection[30:130, 30:130] = 255
    one, other = inpainter.fill(noise(), selection, "bird", variants=2, seed=3, feather=0)
    removed = inpainter.fill(noise(), selection, mode="remove", grow=0, feather=0)[0]
    assert not np.array_equal(one.photo, other.photo)
    photo, fill = np.asarray(noise()), np.asarray(one.photo)
    assert np.array_equal(fill[selection == 0], photo[selection == 0])
    assert fill.shape == np.asarray(removed.photo).shape
    again = inpainter.draw(noise(), selection, one.recipe)[0]
    assert np.array_equal(np.asarray(again.photo), fill)


def test_a_thing_fills_a_photo_that_is_selected_whole(outlined: Path) -> None:
    inpainter = Inpainter.from_bundle(str(outlined))
    whole = np.full((160, 160), 255, np.uint8)
    one, other = inpainter.fill(noise(), whole, "bird", variants=2)
    assert not np.array_equal(one.photo, noise())
    assert not np.array_equal(one.photo, other.photo)


def test_a_model_of_birds_knows_an_owl_by_its_outline(outlined: Path) -> None:
    inpainter = Inpainter.from_bundle(str(outlined))
    crop, hole = np.asarray(noise(128)), np.zeros((128, 128), np.uint8)
    hole[40:90, 40:90] = 255
    owl, thing = (inpainter.fill_context(crop, hole, text)[0].pixels for text in ("red owl", "red zzz"))
    assert "owl" in inpainter.unknown_words("red owl")
    assert not np.array_equal(owl, thing)


def test_while_only_words_change_the_picture_is_looked_at_once(outlined: Path, monkeypatch) -> None:
    inpainter, fresh = (Inpainter.from_bundle(str(outlined)) for _ in range(2))
    crop, hole = np.asarray(noise(128)), np.zeros((128, 128), np.uint8)
    hole[40:90, 40:90] = 255
    context = inpainter.surrounded(inpainter.encode(crop, hole))
    looked, drawn = [], []
    look, draw = inpainter._runner.encode, inpainter._runner.complete
    monkeypatch.setattr(inpainter._runner, "encode", lambda *a: looked.append(1) or look(*a))
    monkeypatch.setattr(inpainter._runner, "complete", lambda *a: drawn.append(1) or draw(*a))
    seen = [
        inpainter.complete([CompletionJob(context, caption, [Variant(seed)])])[0][0]
        for caption in ("red bird", "blue bird", "red bird")
        for seed in (None, 3)
    ]
    job = CompletionJob(context, "red bird")
    outlines = {inpainter.told(job, Variant(seed)).outline.tobytes() for seed in (None, 3)}  # type: ignore[union-attr]
    assert len(looked) == len(outlines), "once for each outline"
    assert len(drawn) == 6, "none is drawn without words, which nothing would be made of"
    assert np.array_equal(seen[0].pixels, seen[4].pixels)
    other = fresh.surrounded(fresh.encode(crop, hole))
    again = fresh.complete([CompletionJob(other, "blue bird", [Variant(3)])])[0][0]
    assert np.array_equal(seen[3].pixels, again.pixels)
    hole[40:60] = 0
    looked.clear()
    inpainter.complete([CompletionJob(inpainter.encode(crop, hole), "red bird", [Variant()])])
    assert len(looked) == 2, "another selection, and its outline"


def test_other_words_are_drawn_as_by_a_model_that_is_told_nothing(outlined: Path) -> None:
    inpainter = Inpainter.from_bundle(str(outlined))
    crop, hole = np.asarray(noise(128)), np.zeros((128, 128), np.uint8)
    hole[40:90, 40:90] = 255
    context = inpainter.encode(crop, hole)
    assert context.features.outline is not None
    assert not context.features.outline.any()
    named, unnamed = (inpainter.fill_context(crop, hole, text)[0].pixels for text in ("red bird", "red"))
    assert not np.array_equal(named, unnamed)


def test_a_selection_with_an_outline_is_drawn_into_it_whatever_the_thing(outlined: Path) -> None:
    inpainter = Inpainter.from_bundle(str(outlined))
    crop, hole = np.asarray(noise(128)), np.zeros((128, 128), np.uint8)
    hole[16:112, 16:112] = np.where(cv2.resize(crescent(), (96, 96)) > 0.5, 255, 0)
    context = inpainter.encode(crop, hole)
    plain = Inpainter.from_bundle(str(outlined))
    plain._teller.outlines = None
    told, untold = (
        one.complete([CompletionJob(context, "a dog")])[0][0].pixels for one in (inpainter, plain)
    )
    assert not np.array_equal(told, untold)
    part, same = (
        one.complete([CompletionJob(context, "a red belly")])[0][0].pixels for one in (inpainter, plain)
    )
    assert np.array_equal(part, same)


def test_attention_changes_no_pixel(outlined: Path) -> None:
    folder = outlined.with_name("with-parts")
    shutil.copytree(outlined, folder)
    for name in (RECOLOUR_CONFIG, RECOLOUR_WEIGHTS):
        shutil.copy(find_bundle().folder / name, folder)
    write_sums(folder)
    inpainter = Inpainter.from_bundle(str(folder))
    crop, hole = np.asarray(noise(128)), np.zeros((128, 128), np.uint8)
    hole[30:100, 30:100] = 255
    context = inpainter.surrounded(inpainter.encode(crop, hole))
    plain, told = (
        inpainter.complete([CompletionJob(context, "a red bird with a blue belly", attention=asked)])[0][0]
        for asked in (False, True)
    )
    assert np.array_equal(plain.pixels, told.pixels)
    assert plain.attention is None
    assert told.attention is not None
    assert [use.word for use in told.attention] == ["a", "red", "bird", "with", "a", "blue", "belly"]


def test_what_words_do_not_change_draws_nothing_into_it(outlined: Path) -> None:
    inpainter = Inpainter.from_bundle(str(outlined))
    crop, hole = np.asarray(noise(128)), np.zeros((128, 128), np.uint8)
    hole[16:112, 16:112] = np.where(cv2.resize(crescent(), (96, 96)) > 0.5, 255, 0)
    context = inpainter.surrounded(inpainter.encode(crop, hole))
    unknown = inpainter.complete([CompletionJob(context, "zzz")])[0][0]
    assert unknown.notices == (DREW_NOTHING,)
    assert np.array_equal(unknown.pixels, context.backdrop)


@pytest.mark.parametrize(
    ("caption", "told"),
    [
        ("a red dog", True),
        ("a red bird", False),
        ("a red belly", False),
        ("red grass", False),
        ("zzz", False),
    ],
)
def test_who_asks_for_another_thing_is_told_how_it_gets_a_shape(caption: str, told: bool) -> None:
    inpainter = Inpainter.from_bundle("nigdt-small")
    crop, hole = np.full((128, 128, 3), 128, np.uint8), np.zeros((128, 128), np.uint8)
    hole[30:100, 30:100] = 255
    context = inpainter.surrounded(inpainter.encode(crop, hole))
    mean, other = inpainter.complete([CompletionJob(context, caption, [Variant(), Variant(4)])])[0]
    assert (NO_SHAPE in mean.notices) == told
    assert NO_SHAPE not in other.notices
    if told:  # what the model draws without a shape is shown to those alone who ask for more
        assert np.array_equal(mean.pixels, context.backdrop)
    hole[16:112, 16:112] = np.where(cv2.resize(crescent(), (96, 96)) > 0.5, 255, 0)
    assert NO_SHAPE not in inpainter.fill_context(crop, hole, caption)[0].notices


def test_a_scene_is_not_drawn_into_the_shape_that_is_selected() -> None:
    inpainter = Inpainter.from_bundle("nigdt-small")
    crop, hole = np.full((128, 128, 3), 128, np.uint8), np.zeros((128, 128), np.uint8)
    hole[16:112, 16:112] = np.where(cv2.resize(crescent(), (96, 96)) > 0.5, 255, 0)
    fill = inpainter.fill_context(crop, hole, "a woman sits on a red bench next to a tall building")[0]
    assert fill.notices == (NO_SHAPE,)
    assert np.array_equal(fill.pixels, crop)


def test_a_model_without_outlines_has_none(tiny_bundle: Path) -> None:
    crop, hole = np.asarray(noise(128)), np.zeros((128, 128), np.uint8)
    hole[40:90, 40:90] = 255
    assert Inpainter.from_bundle(str(tiny_bundle)).encode(crop, hole).features.outline is None


def test_hidden_pixels_are_not_shown_where_nothing_is_drawn() -> None:
    inpainter = Inpainter.from_bundle("nigdt-small")
    crop, hole = np.full((128, 128, 3), 210, np.uint8), np.zeros((128, 128), np.uint8)
    hole[30:100, 30:100] = 255
    crop[hole > 0] = 128
    (picture,) = inpainter.shown(CompletionJob(inpainter.encode(crop, hole), "a red dog"))
    assert np.abs(picture - 210).max() < 3
