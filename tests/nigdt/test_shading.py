"""The shade that a drawn bird takes from the same bird without colours."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from nigdt import Inpainter
from nigdt.answers import CompletionJob
from nigdt.colours import nearest_basic, rgb_to_lab
from nigdt.context import Context
from nigdt.recipe import Recipe, Variant
from nigdt.shading import shaded

SIDE = 96


def oval(x: int, y: int, wide: int, high: int) -> np.ndarray:
    return cv2.ellipse(np.zeros((SIDE, SIDE), np.float32), (x, y), (wide, high), 0, 0, 360, 1, cv2.FILLED)


BODY, WING, EYE = oval(48, 48, 36, 28), oval(56, 50, 16, 9), oval(24, 40, 3, 3)
PARTS = {"wing": WING, "eye": EYE, "beak": np.zeros_like(BODY), "leg": np.zeros_like(BODY)}
COLOURS = {
    "red": (180, 40, 40),
    "blue": (50, 90, 190),
    "yellow": (220, 200, 70),
    "green": (60, 140, 60),
    "white": (240, 240, 240),
    "black": (25, 25, 25),
}


def plain() -> np.ndarray:
    """A grey bird with a darker wing and a black eye before a light sky."""
    picture = np.full((SIDE, SIDE, 3), 200, np.float32)
    for place, grey in ((BODY, 130), (WING, 80), (EYE, 10)):
        picture[place > 0.5] = grey
    return picture


def flat(colour: tuple[int, int, int]) -> np.ndarray:
    picture = np.full((SIDE, SIDE, 3), 200, np.float32)
    picture[BODY > 0.5] = colour
    return picture


def lab(picture: np.ndarray, place: np.ndarray) -> np.ndarray:
    return np.median(rgb_to_lab(picture[place > 0.99] / np.float32(255)), axis=0)


@pytest.mark.parametrize("name", COLOURS)
def test_wings_are_darker_and_colours_keep_their_names(name: str) -> None:
    before = flat(COLOURS[name])
    after = shaded(before, plain(), BODY, PARTS)
    rest = BODY * (1 - cv2.dilate(np.maximum(WING, EYE), np.ones((9, 9))))
    least = 2 if name in ("black", "white") else 4
    assert lab(after, WING)[0] < lab(after, rest)[0] - least
    assert nearest_basic(lab(after, rest)) == nearest_basic(lab(before, rest))
    away = cv2.erode((BODY < 0.01).astype(np.uint8), np.ones((7, 7))) > 0
    assert np.abs(after[away] - before[away]).max() <= 1


def test_what_is_the_same_all_over_brings_no_shade() -> None:
    even = np.full((SIDE, SIDE, 3), 130, np.float32)
    parts = {**PARTS, "eye": np.zeros_like(BODY)}
    after = shaded(flat(COLOURS["red"]), even, BODY, parts)
    inner = oval(48, 48, 20, 14) > 0.99
    assert np.ptp(after[inner], axis=0).max() <= 2


def test_eyes_look_as_without_colours_unless_they_were_asked_for() -> None:
    red = flat(COLOURS["red"])
    kept = shaded(red, plain(), BODY, PARTS)
    asked = shaded(red, plain(), BODY, PARTS, frozenset({"eye"}))
    assert lab(kept, oval(24, 40, 2, 2))[0] < 12
    assert lab(asked, oval(24, 40, 2, 2))[1] > 15, "it is still red"


def test_an_empty_outline_changes_nothing() -> None:
    red = flat(COLOURS["red"])
    assert shaded(red, plain(), np.zeros_like(BODY), PARTS) is red


def test_a_bird_that_is_all_edge_is_not_shaded() -> None:
    red, dot = flat(COLOURS["red"]), np.zeros_like(BODY)
    dot[40:43, 40:43] = 1
    assert np.array_equal(shaded(red, plain(), dot, {"wing": dot}), red)


@pytest.fixture(scope="module")
def inpainter() -> Inpainter:
    return Inpainter.from_bundle()


def job(inpainter: Inpainter, caption: str, *variants: Variant) -> CompletionJob:
    photo = np.random.default_rng(0).integers(90, 120, (320, 320, 3), np.uint8)
    selection = np.zeros((320, 320), np.uint8)
    selection[60:260, 60:260] = 255
    context = inpainter.encode(*Context.of(photo, selection, inpainter.size, Recipe(caption)).sent)
    return CompletionJob(context, caption, variants or (Variant(),))


def test_a_drawn_bird_is_shaded_by_one_without_colours(
    inpainter: Inpainter, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = job(inpainter, "a red bird")
    drawn: list[str] = []
    own = inpainter.pictures

    def counted(one: CompletionJob, batch: int = 1) -> list[np.ndarray]:
        drawn.append(one.caption)
        return own(one, batch)

    monkeypatch.setattr(inpainter, "pictures", counted)
    first = inpainter.complete([asked])[0][0].pixels
    assert drawn == ["a bird"]
    again = inpainter.complete([asked])[0][0].pixels
    assert np.array_equal(first, again)
    assert drawn == ["a bird"], "it is kept while only the caption changes"
    inpainter.complete([CompletionJob(asked.context, "a blue bird with black wings", [Variant()])])
    assert drawn == ["a bird"]
    inpainter.complete([CompletionJob(asked.context, "a red bird", [Variant(4)])])
    assert drawn == ["a bird"] * 2
    monkeypatch.setattr("nigdt.finisher.shaded", lambda picture, *_: picture)
    flat_bird = inpainter.complete([asked])[0][0].pixels
    assert not np.array_equal(first, flat_bird)


def test_what_has_no_colour_is_not_drawn_twice(inpainter: Inpainter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inpainter, "pictures", lambda *_: pytest.fail("drawn twice"))
    inpainter.complete([job(inpainter, "a bird")])


def test_memory_is_given_back_with_the_rest(inpainter: Inpainter) -> None:
    inpainter.complete([job(inpainter, "a red bird")])
    inpainter.forget_recordings()
    assert not inpainter._plain_birds
