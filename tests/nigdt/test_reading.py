"""Which of a caption's colours each part gets, as the default model's reader reads it."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest
from PIL import Image

from nigdt import Inpainter
from nigdt.bundle.bundle import find_bundle
from nigdt.bundle.recolour import load_recolour
from nigdt.colours import nearest_basic, rgb_to_lab
from nigdt.part_words import Reading, asked_parts, by_order, split_parts
from nigdt.reading import read_caption, words_to_read
from nigdt.recolourer import Recolourer

HEAD = dict.fromkeys(("crown", "forehead", "nape", "throat"), "blue")
SAID = [
    ("red belly", {"belly": "red"}, None),
    ("a red belly and black wings", {"belly": "red", "wing": "black"}, None),
    ("make the wings blue and the tail red", {"wing": "blue", "tail": "red"}, None),
    ("its belly should be red", {"belly": "red"}, None),
    ("a yellow bird with black wings and a red crown", {"wing": "black", "crown": "red"}, "yellow"),
    ("yellow with black wings", {"wing": "black"}, "yellow"),
    ("wings and tail red", {"wing": "red", "tail": "red"}, None),
    ("the tail orange and everything else blue", {"tail": "orange"}, "blue"),
    ("a bird whose head is blue and whose belly is white", {**HEAD, "belly": "white"}, None),
    ("sky blue wings and a navy blue tail", {"wing": "sky blue", "tail": "navy blue"}, None),
    ("this small bird has blue wings and a blue head and is blue", {"wing": "blue", **HEAD}, "blue"),
    ("this bird is mostly black, with white on its wings", {"wing": "white"}, "black"),
    ("dark red wings with a pale yellow belly", {"wing": "dark red", "belly": "pale yellow"}, None),
    ("a bird that is all green but has red wings", {"wing": "red"}, "green"),
    ("this bird has a red crown, black wings and a white belly",
     {"crown": "red", "wing": "black", "belly": "white"}, None),
    ("a grey bird with black wings, a white belly and orange legs",
     {"wing": "black", "belly": "white", "leg": "orange"}, "grey"),
]  # fmt: skip
MISREAD_BY_ORDER = [
    ("belly red, wings black", {"belly": "red", "wing": "black"}, None),
    ("back blue, breast orange, belly white", {"back": "blue", "breast": "orange", "belly": "white"}, None),
    ("red on the wings and blue on the tail", {"wing": "red", "tail": "blue"}, None),
    ("this bird has red wings and a short beak", {"wing": "red"}, None),
    ("this bird has a white belly and a short pointed bill", {"belly": "white"}, None),
    ("a small bird with a pointed beak and a red breast", {"breast": "red"}, None),
    ("a bird with red wings on a green branch", {"wing": "red"}, None),
    ("red wings, but leave the tail as it is", {"wing": "red"}, None),
    ("a bird with a spotted belly and blue wings", {"wing": "blue"}, None),
]


@pytest.fixture(scope="module")
def recolourer() -> Recolourer:
    return Recolourer(*load_recolour(find_bundle("nigdt-small").folder))


def said(caption: str, reading: Reading | None) -> tuple[dict[str, str], str | None]:
    parts, rest = asked_parts(caption, reading)
    asked = {part: " ".join(one.colour.words) for one in parts for part in one.parts}
    return asked, rest and " ".join(rest.words)


@pytest.mark.parametrize(("caption", "asked", "whole"), SAID + MISREAD_BY_ORDER)
def test_every_part_gets_the_colour_that_is_meant(
    recolourer: Recolourer, caption: str, asked: dict[str, str], whole: str | None
) -> None:
    assert said(caption, recolourer.read(caption)) == (asked, whole)


@pytest.mark.parametrize(("caption", "asked", "whole"), MISREAD_BY_ORDER)
def test_the_order_of_words_alone_would_not_tell(
    caption: str, asked: dict[str, str], whole: str | None
) -> None:
    assert said(caption, by_order(caption)) != (asked, whole)


def test_what_gives_no_part_a_colour_is_read_without_the_network(recolourer: Recolourer) -> None:
    assert recolourer.read("a blue parrot") == by_order("a blue parrot") == Reading((), 0)
    reader = recolourer._net.reader
    assert reader is not None
    for caption in ("", "wings", "xyz blue", "red " * 40 + "wings"):
        assert read_caption(reader, caption, 24) == Reading()


def test_pauses_are_words_that_have_no_place_in_the_caption() -> None:
    assert words_to_read("Belly red, and wings; tail") == [
        ("belly", 0),
        ("red", 1),
        ("and", 2),
        ("wings", 3),
        ("and", None),
        ("tail", 4),
    ]


def test_a_caption_is_split_as_it_was_read(recolourer: Recolourer) -> None:
    caption = "a yellow bird, wings black, belly red"
    assert split_parts(caption, recolourer.read(caption)) == ("a yellow bird", "black wings and red belly")


def test_words_after_their_parts_colour_the_right_ones() -> None:
    photo = Image.open(files("nigdt") / "data" / "kingfisher.jpg").convert("RGB")
    selection = np.zeros(photo.size[::-1], np.uint8)
    selection[50:660, 330:830] = 255
    inpainter = Inpainter.from_bundle("nigdt-small")
    fills = [
        np.asarray(inpainter.fill(photo, selection, caption, mode="recolour")[0].photo)
        for caption in ("breast green, crown red", "a green breast and a red crown")
    ]
    assert np.array_equal(*fills)
    breast = fills[0][260:340, 570:650].reshape(-1, 3) / np.float32(255)
    assert nearest_basic(np.median(rgb_to_lab(breast), 0)) == "green"
