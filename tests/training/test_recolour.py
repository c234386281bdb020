from __future__ import annotations

import numpy as np
import pytest
from nigdt_training.data.recolour import (
    COLOURS,
    nearest_colour,
    recolour,
    recolour_caption,
    template_captions,
)

from tests.training.colour_words import colour_words


def shaded_object(level: int) -> tuple[np.ndarray, np.ndarray]:
    """A textured disc lit from the left on a grey ground, and its soft mask."""
    rng = np.random.default_rng(level)
    y, x = np.mgrid[:96, :96]
    photo = np.full((96, 96, 3), 128, np.uint8)
    distance = np.hypot(x - 48, y - 48)
    light = level + (48 - x) * 0.6 + rng.normal(0, 6, x.shape)
    inside = distance < 30
    photo[inside] = np.clip(light, 0, 255)[inside][:, None]
    return photo, (np.clip(31 - distance, 0, 2) * 127.5).astype(np.uint8)


@pytest.mark.parametrize("colour", list(COLOURS))
@pytest.mark.parametrize("level", [30, 120, 220])
def test_median_of_the_object_becomes_the_named_colour(colour: str, level: int) -> None:
    photo, mask = shaded_object(level)
    for rng in (None, np.random.default_rng(level)):
        painted = recolour(photo, mask, colour, rng)
        assert nearest_colour(np.median(painted[mask > 127], axis=0)) == colour


@pytest.mark.parametrize("colour", list(COLOURS))
def test_light_and_shade_stay(colour: str) -> None:
    photo, mask = shaded_object(120)
    core = mask == 255
    before = photo[core].astype(float).mean(-1)
    after = recolour(photo, mask, colour)[core].astype(float).mean(-1)
    assert np.corrcoef(before, after)[0, 1] > 0.9
    assert after.std() > 4


def test_nothing_outside_the_object_changes() -> None:
    photo, mask = shaded_object(120)
    painted = recolour(photo, mask, "red")
    np.testing.assert_array_equal(painted[mask == 0], photo[mask == 0])
    assert (painted[mask == 255] != photo[mask == 255]).any()


def test_empty_mask_changes_nothing() -> None:
    photo, mask = shaded_object(120)
    np.testing.assert_array_equal(recolour(photo, mask * 0, "red"), photo)


def test_anchors_are_their_own_nearest_colours() -> None:
    for name, colour in COLOURS.items():
        assert nearest_colour(colour.rgb) == name


def test_dark_red_is_red_and_not_brown_or_black() -> None:
    assert nearest_colour((150, 20, 25)) == "red"


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("a black bird", "a red bird"),
        ("An orange bird sits.", "A red bird sits."),
        ("a black and white bird", "a red bird"),
        ("light brown wings, grey-blue back", "red wings, red back"),
        ("wings that are black, white and grey", "wings that are red"),
        ("a yellowish belly", "a red belly"),
        ("a bored bird in redwood", "a bored bird in redwood"),
        ("a small bird", "a small bird"),
    ],
)
def test_captions_name_the_new_colour(caption: str, expected: str) -> None:
    assert recolour_caption(caption, "red") == expected


@pytest.mark.parametrize("colour", list(COLOURS))
def test_templates_name_only_their_colour(colour: str) -> None:
    for noun in ("bird", "dog"):
        for caption in template_captions(colour, noun):
            assert set(colour_words(caption)) == {colour}
            assert noun in caption
