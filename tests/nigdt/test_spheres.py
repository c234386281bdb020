"""Light and shade of drawn balls."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from nigdt import Inpainter
from nigdt.answers import CompletionJob
from nigdt.colours import nearest_basic, rgb_to_lab
from nigdt.context import Context
from nigdt.recipe import Recipe, Variant
from nigdt.spheres import is_lit, lit

SIDE = 160


def scene(colour: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A flat disc on grey ground, its outline at half the size, and the hole."""
    disc = cv2.circle(np.zeros((SIDE, SIDE), np.float32), (80, 76), 50, 1, cv2.FILLED)
    picture = np.full((SIDE, SIDE, 3), 140, np.uint8)
    picture[disc > 0.5] = colour
    hole = np.zeros((SIDE, SIDE), bool)
    hole[14:146, 14:146] = True
    return picture, cv2.resize(disc, (SIDE // 2, SIDE // 2), interpolation=cv2.INTER_AREA), hole


@pytest.mark.parametrize(
    ("name", "colour"),
    [("red", (200, 40, 40)), ("blue", (50, 80, 200)), ("green", (50, 140, 50)), ("yellow", (240, 210, 50))],
)
def test_a_ball_is_lighter_above_than_below_and_keeps_its_colours_name(
    name: str, colour: tuple[int, int, int]
) -> None:
    picture, outline, hole = scene(colour)
    ball = lit(picture, outline, hole, f"a {name} ball")
    lightness = rgb_to_lab(ball.astype(np.float32) / np.float32(255))[..., 0]
    assert lightness[50, 68] > lightness[76, 80] > lightness[112, 92] + 5
    inside = cv2.resize(outline, hole.shape) > 0.99
    middle = np.median(rgb_to_lab(ball[inside] / np.float32(255)), axis=0)
    assert nearest_basic(middle) == name


def test_it_throws_a_shadow_inside_the_hole_alone() -> None:
    picture, outline, hole = scene((200, 40, 40))
    ball = lit(picture, outline, hole, "a red ball")
    assert ball[130:136, 70:90].mean() < 120
    assert np.array_equal(ball[~hole], picture[~hole])
    assert np.abs(ball[145].astype(int) - picture[145]).max() < 25, "it has no edge there"
    assert np.array_equal(ball[20:22, 60:100], picture[20:22, 60:100])


def test_what_flies_throws_none() -> None:
    picture, outline, hole = scene((200, 40, 40))
    balloon = lit(picture, outline, hole, "a red balloon")
    assert np.array_equal(balloon[130:136, 70:90], picture[130:136, 70:90])


def test_blotches_of_the_drawn_surface_go() -> None:
    picture, outline, hole = scene((200, 40, 40))
    cv2.circle(picture, (70, 60), 12, (20, 20, 20), cv2.FILLED)
    clean = lit(scene((200, 40, 40))[0], outline, hole, "a red ball")
    ball = lit(picture, outline, hole, "a red ball")
    assert np.abs(ball[60, 70].astype(int) - clean[60, 70]).max() < 30


def test_an_empty_outline_changes_nothing() -> None:
    picture, outline, hole = scene((200, 40, 40))
    assert lit(picture, np.zeros_like(outline), hole, "a red ball") is picture


def test_suns_moons_and_bubbles_are_no_balls() -> None:
    assert not any(is_lit(caption) for caption in ("a full moon", "the sun", "a bubble"))
    assert is_lit("a small red ball")


def test_a_described_ball_has_light_and_shade() -> None:
    inpainter = Inpainter.from_bundle()
    photo = np.random.default_rng(0).integers(110, 140, (320, 320, 3), np.uint8)
    selection = np.zeros((320, 320), np.uint8)
    selection[60:260, 60:260] = 255
    caption = "a red ball"
    context = inpainter.encode(*Context.of(photo, selection, inpainter.size, Recipe(caption)).sent)
    fill = inpainter.complete([CompletionJob(context, caption, [Variant()])])[0][0]
    rows, columns = np.nonzero(context.hole)
    y, x, reach = int(rows.mean()), int(columns.mean()), int(np.ptp(rows)) // 2
    lightness = rgb_to_lab(fill.pixels.astype(np.float32) / np.float32(255))[..., 0]
    above, below = (lightness[y + round(part * reach), x] for part in (-0.5, 0.65))
    assert above > below + 10
