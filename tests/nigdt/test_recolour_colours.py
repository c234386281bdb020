import numpy as np
import pytest

from nigdt.colours import (
    BASIC,
    COMMON,
    find_colours,
    lab_to_rgb,
    named_lab,
    names_part,
    nearest_basic,
    rgb_to_lab,
)


def test_lab_there_and_back():
    rgb = np.random.default_rng(0).random((50, 40, 3))
    assert np.abs(lab_to_rgb(rgb_to_lab(rgb)) - rgb).max() < 1e-9
    assert np.abs(lab_to_rgb(rgb_to_lab(rgb.astype(np.float32))) - rgb).max() < 1e-4
    assert rgb_to_lab(rgb.astype(np.float32)).dtype == np.float32


def test_lab_of_white_black_and_red():
    lab = rgb_to_lab(np.array([[1, 1, 1], [0, 0, 0], [1, 0, 0]], np.float64))
    np.testing.assert_allclose(lab, [[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20]], atol=0.05)


def test_colours_outside_the_gamut_are_clipped():
    rgb = lab_to_rgb(np.array([[50.0, 150.0, -150.0], [120.0, 0.0, 0.0]]))
    assert rgb.min() >= 0
    assert rgb.max() <= 1


@pytest.mark.parametrize(
    ("caption", "words"),
    [
        ("a black horse", [("black",)]),
        ("Dark-green wings and a pale blue belly", [("dark", "green"), ("pale", "blue")]),
        ("a navy blue bird", [("navy", "blue")]),
        ("light sky blue", [("light", "sky", "blue")]),
        ("turquoise", [("turquoise",)]),
        ("a light on a table", []),
        ("grass", []),
    ],
)
def test_colours_of_captions(caption, words):
    assert [colour.words for colour in find_colours(caption)] == words


def test_every_basic_colour_is_nearest_to_itself():
    assert [nearest_basic(np.array(named_lab((name,)))) for name in BASIC] == list(BASIC)


def test_modifiers_move_lightness_their_way():
    for name in ("red", "blue", "green", "brown"):
        light, plain, dark = (named_lab(words)[0] for words in (("light", name), (name,), ("dark", name)))
        assert light > plain > dark


def test_names_are_said_once():
    assert not BASIC.keys() & COMMON.keys()


def test_parts():
    assert names_part("a bird with red wings")
    assert not names_part("a red bird")
