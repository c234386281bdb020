"""What leaving a word out changes, against computing each fill anew from the photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nigdt.answers import CompletionJob
from nigdt.effects import word_effects
from nigdt.inpainter import Inpainter
from nigdt.recipe import Variant

CAPTION = "a red bird with the blue belly and zebra grass dog"


@pytest.fixture(scope="module")
def inpainter(tiny_bundle: Path) -> Inpainter:
    return Inpainter.from_bundle(str(tiny_bundle), device="cpu")


def ranks(values: list[float]) -> np.ndarray:
    return np.argsort(np.argsort(values))


@pytest.mark.parametrize("variant", [Variant(), Variant(7)])
def test_effects_rank_the_words_as_full_recomputation_does(inpainter: Inpainter, variant: Variant) -> None:
    crop = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    hole = np.zeros((64, 64), np.uint8)
    hole[20:50, 15:45] = 255
    effects = word_effects(inpainter, inpainter.encode(crop, hole), CAPTION, variant)
    words = CAPTION.split()
    assert [effect.word for effect in effects] == words

    def drawn(caption: str) -> np.ndarray:
        return inpainter.fill_context(crop, hole, caption, [variant])[0].pixels.astype(float)

    whole, inside = drawn(CAPTION), hole > 0
    anew = [
        float(np.abs(whole - drawn(" ".join(words[:i] + words[i + 1 :])))[inside].mean())
        for i in range(len(words))
    ]
    for effect, change in zip(effects, anew, strict=True):
        assert effect.change == pytest.approx(change, abs=0.6)  # the latter is rounded to grey levels
    known = [i for i, effect in enumerate(effects) if effect.known]
    one, two = ([values[i] for i in known] for values in ([e.change for e in effects], anew))
    assert np.corrcoef(ranks(one), ranks(two))[0, 1] >= 0.99
    assert max(one) > 1, "no word does anything: this test would show nothing"


def test_an_unknown_word_changes_nothing_and_maps_lie_in_the_hole(inpainter: Inpainter) -> None:
    crop = np.random.default_rng(1).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    hole = np.zeros((64, 96), np.uint8)
    hole[32:, 48:] = 255
    effects = word_effects(inpainter, inpainter.encode(crop, hole), "a zebra bird", Variant())
    zebra, bird = effects[1], effects[2]
    assert (zebra.known, zebra.change, float(zebra.map.max())) == (False, 0.0, 0.0)
    assert bird.known
    assert bird.change > 0
    rows, columns = bird.map.shape
    assert not bird.map[: rows // 2 - 1].any()
    assert not bird.map[:, : columns // 2 - 1].any()
    assert bird.without.dtype == np.uint8


def test_no_words_no_effects(inpainter: Inpainter) -> None:
    crop, hole = np.zeros((64, 64, 3), np.uint8), np.full((64, 64), 255, np.uint8)
    assert word_effects(inpainter, inpainter.encode(crop, hole), "", Variant()) == []


def test_effects_are_those_on_the_guided_picture(inpainter: Inpainter) -> None:
    crop = np.random.default_rng(2).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    hole = np.zeros((64, 64), np.uint8)
    hole[20:50, 15:45] = 255
    context = inpainter.encode(crop, hole)

    def shown(caption: str) -> np.ndarray:
        return inpainter.shown(CompletionJob(context, caption, [Variant(3)], guidance=2.5))[0]

    wanted = [np.abs(shown("red bird") - shown(rest))[hole > 0].mean() for rest in ("bird", "red")]
    effects = word_effects(inpainter, context, "red bird", Variant(3), 2.5)
    assert [effect.change for effect in effects] == pytest.approx(wanted, rel=1e-3)
