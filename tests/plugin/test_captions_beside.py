"""Several captions on one hole, and what each word does, against a real daemon, without Qt."""

from __future__ import annotations

import numpy as np
import pytest
from core_session import Core
from nigdt_plugin.core.captions import differences, variations
from nigdt_plugin.core.fills import without_word

from nigdt.recipe import Variant
from nigdt.text import Vocabulary


def test_several_captions_on_the_same_hole(core: Core):
    captions = ["a red bird", "a blue bird", "a white bird"]
    core.filling.fill("a red bird", 2)
    core.done()
    before = list(core.fills)
    core.filling.compare(captions)
    core.done()
    assert core.fills[:2] == before, "those there were stay, and are not made twice"
    assert sorted(fill.caption for fill in core.fills[2:]) == ["a blue bird", "a white bird"]
    assert {fill.variant for fill in core.fills} == {Variant(), before[1].variant}
    red, blue, white = (next(f for f in core.fills if f.caption == c).pixels[40:60, 40:60] for c in captions)
    assert red.reshape(-1, 3).mean(0).argmax() == 0
    assert blue.reshape(-1, 3).mean(0).argmax() == 2
    assert white.mean() > red.mean()


@pytest.mark.parametrize(
    ("captions", "shown"),
    [
        (["a bird with a red belly", "a bird with a blue belly"], ["red belly", "blue belly"]),
        (["a bird", "a bird with a blue belly"], ["bird", "bird with a blue belly"]),
        (["red", "blue"], ["red", "blue"]),
        (["a bird"], ["bird"]),
        ([], []),
    ],
)
def test_captions_are_told_apart_by_what_differs(captions: list[str], shown: list[str]):
    assert differences(captions) == shown


@pytest.mark.parametrize(
    ("caption", "varied"),
    [
        ("a bird with a red belly", ["a bird with a blue belly", "a bird with a green belly"]),
        ("a blue bird with a Red, round belly", ["a blue bird with a blue round belly"]),
        ("a bird", []),
        ("", []),
    ],
)
def test_captions_vary_in_their_last_colour(caption: str, varied: list[str]):
    found = variations(caption, Vocabulary(["a", "bird", "green", "blue", "red"]), 5)
    assert found[: len(varied)] == varied
    assert bool(found) == bool(varied)


def test_each_word_comes_with_what_it_changed(core: Core):
    core.filling.fill("a red bird xyz", 1)
    core.done()
    fill = core.fills[0]
    assert fill.unknown == ("xyz",)
    core.filling.explain(fill)
    core.done()
    assert [word.word for word in fill.words] == ["a", "red", "bird", "xyz"]
    assert [word.known for word in fill.words] == [True, True, True, False]
    assert fill.words[1].map.shape == (16, 16)
    assert max(fill.words, key=lambda word: word.change).word == "red"
    assert np.array_equal(without_word(fill, fill.words[0]).pixels, fill.pixels)
    darker = without_word(fill, fill.words[1]).pixels
    assert darker.mean() == pytest.approx(fill.pixels.mean() / 2, rel=0.05)
