"""Captions in any script on the sheets."""

from __future__ import annotations

import numpy as np
import pytest
from nigdt_training.inpaint.validation import _wrapped
from nigdt_training.letters import _missing, font_for
from PIL import Image, ImageDraw


def drawn(text: str) -> bytes:
    font = font_for(text, 12)
    picture = Image.new("L", (400, 30))
    ImageDraw.Draw(picture).text((0, 0), text, fill=255, font=font)
    return picture.tobytes()


@pytest.mark.parametrize("pair", ["ag", "жф", "鸟红", "حم", "ăế"])
def test_letters_of_a_script_differ(pair: str) -> None:
    if _missing(font_for(pair, 12), frozenset(pair)):
        pytest.skip("this machine has no font with these letters")
    one, other = (drawn(letter) for letter in pair)
    assert one != other
    assert np.frombuffer(one, np.uint8).any()


def test_letters_without_any_font_still_give_a_sheet() -> None:
    assert drawn("\U0001f9ff\u0f40 bird")


def test_a_caption_is_broken_at_spaces_and_within_what_has_none() -> None:
    text = "a red bird on a long branch beside a house under the evening sky"
    font = font_for(text, 12)
    lines = _wrapped(text, 80, font)
    assert len(lines) == 3
    assert text.startswith(" ".join(lines))
    assert all(font.getlength(line) <= 80 for line in lines)
    solid = "w" * 40
    assert solid.startswith("".join(_wrapped(solid, 80, font)))
    assert _wrapped("", 80, font) == []
