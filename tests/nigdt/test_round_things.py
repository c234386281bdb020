"""Things that are round from every side."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from nigdt import Inpainter
from nigdt.colours import nearest_basic, rgb_to_lab
from nigdt.round_things import circle_in, names_round_thing


@pytest.mark.parametrize(
    ("caption", "is_round"),
    [
        ("a red ball", True),
        ("A big, shiny blue balloon", True),
        ("an orange", True),
        ("the ripe peach", True),
        ("a tennis ball", True),
        ("an orange dog", False),
        ("orange", False),
        ("a boy with a ball", False),
        ("a ball of wool", False),
        ("a red bird", False),
        ("shiny", False),
        ("", False),
    ],
)
def test_one_round_thing_alone_is_named(caption: str, is_round: bool) -> None:
    assert names_round_thing(caption) == is_round


def test_the_circle_is_the_largest_in_the_hole_and_in_its_middle() -> None:
    hole = np.zeros((96, 128), bool)
    hole[20:60, 10:110] = True
    circle = circle_in(hole)
    assert circle is not None
    assert circle[~hole].sum() < 0.01 * circle.sum()
    assert circle.sum() == pytest.approx(np.pi * (0.94 * 20) ** 2, rel=0.1)
    rows, columns = np.nonzero(circle > 0.5)
    assert (rows.mean(), columns.mean()) == pytest.approx((39.5, 59.5), abs=1)


def test_where_there_is_no_room_there_is_none() -> None:
    hole = np.zeros((64, 64), bool)
    hole[30:34, 5:60] = True
    assert circle_in(hole) is None


@pytest.mark.parametrize("colour", ["red", "blue", "yellow"])
def test_a_ball_is_drawn_round_and_in_its_colour(colour: str) -> None:
    inpainter = Inpainter.from_bundle("nigdt-small")
    ramp = np.linspace(90, 150, 160)[:, None, None]
    photo = np.broadcast_to(ramp * np.array([1.0, 1.05, 0.9]), (160, 160, 3)).astype(np.uint8)
    selection = np.zeros((160, 160), np.uint8)
    selection[40:120, 30:130] = 255
    (fill,) = inpainter.fill(Image.fromarray(photo), selection, f"a {colour} ball", feather=0)
    pixels = np.asarray(fill.photo)
    inside = pixels[60:100, 60:100].reshape(-1, 3) / np.float32(255)
    assert nearest_basic(np.median(rgb_to_lab(inside), axis=0)) == colour
    beside = np.abs(pixels[60:100, 32:38].astype(int) - photo[60:100, 32:38]).mean()
    assert beside < 12
