"""Birds get the colours that they are known to have where a caption names none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from nigdt import Inpainter
from nigdt.answers import CompletionJob
from nigdt.bird_colours import BIRD_COLOURS, with_its_colours
from nigdt.colours import find_colours, nearest_basic, rgb_to_lab
from nigdt.context import Context
from nigdt.part_words import asked_parts
from nigdt.recipe import Recipe, Variant


@pytest.mark.parametrize(
    ("caption", "said"),
    [
        ("a crow", "a black crow"),
        ("A Crow on a fence", "A black crow on a fence"),
        ("a kingfisher", "a blue kingfisher with a orange belly"),
        ("a small seagull", "a small white seagull with grey wings"),
        ("a robin with a yellow breast", "a brown robin with a yellow breast"),
        ("a green parrot", "a green parrot"),
        ("a bird", "a bird"),
        ("", ""),
        ("a dog", "a dog"),
        ("a scarecrow", "a scarecrow"),
    ],
)
def test_a_bird_gets_its_colours_unless_it_has_some(caption: str, said: str) -> None:
    assert with_its_colours(caption) == said


def test_every_colour_and_part_is_one_that_is_understood() -> None:
    for name, (whole, part) in BIRD_COLOURS.items():
        assert len(find_colours(f"a {whole} bird")) == 1, name
        assert bool(part) == bool(asked_parts(f"a bird with a {part}")[0]), name


@pytest.fixture(scope="module")
def inpainter() -> Inpainter:
    return Inpainter.from_bundle()


def drawn(inpainter: Inpainter, caption: str, attention: bool = False):
    photo = np.random.default_rng(0).integers(110, 140, (320, 320, 3), np.uint8)
    selection = np.zeros((320, 320), np.uint8)
    selection[60:260, 40:280] = 255
    context = inpainter.encode(*Context.of(photo, selection, inpainter.size, Recipe(caption)).sent)
    return inpainter.complete([CompletionJob(context, caption, [Variant()], attention)])[0][0]


@pytest.mark.parametrize(
    ("caption", "colour"), [("a crow", "black"), ("a cardinal", "red"), ("a swan", "white")]
)
def test_they_are_drawn_in_it(inpainter: Inpainter, caption: str, colour: str) -> None:
    fill = drawn(inpainter, caption)
    size = fill.pixels.shape[1::-1]
    inside = cv2.resize(fill.outline, size) > 0.95
    assert nearest_basic(np.median(rgb_to_lab(fill.pixels[inside] / np.float32(255)), axis=0)) == colour


def test_attention_is_that_of_the_callers_words(inpainter: Inpainter) -> None:
    attention = drawn(inpainter, "a crow", attention=True).attention
    assert [use.word for use in attention] == ["a", "crow"]
    assert sum(use.weight for use in attention) == pytest.approx(1, abs=1e-4)
