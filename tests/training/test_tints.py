"""Objects and birds' parts in other colours, with captions that say so."""

from __future__ import annotations

import re
from collections import Counter

import cv2
import numpy as np
import pytest
from nigdt_training.data.parts import labelled, part_labels
from nigdt_training.data.recolour import COLOURS, nearest_colour
from nigdt_training.tints import tinted

PLACES = {
    "left_eye": (30.0, 34.0),
    "beak": (20.0, 38.0),
    "crown": (34.0, 28.0),
    "throat": (32.0, 46.0),
    "belly": (60.0, 80.0),
    "left_wing": (70.0, 55.0),
    "tail": (112.0, 62.0),
    "left_leg": (62.0, 96.0),
}


def bird() -> tuple[np.ndarray, np.ndarray]:
    """A grey bird with a dark eye and an orange beak before green."""
    photo = np.full((128, 128, 3), (60, 120, 60), np.uint8)
    mask = np.zeros((128, 128), np.uint8)
    for picture, colour in ((photo, (128, 128, 128)), (mask, 255)):
        cv2.ellipse(picture, (66, 62), (44, 30), 10, 0, 360, colour, -1)
        cv2.circle(picture, (32, 38), 16, colour, -1)
    noise = np.random.default_rng(0).normal(0, 6, photo.shape[:2])[..., None]
    photo = np.clip(photo + noise, 0, 255).astype(np.uint8)
    cv2.circle(photo, (30, 34), 3, (10, 10, 10), -1)
    cv2.circle(photo, (20, 38), 4, (230, 140, 20), -1)
    return photo, mask


HOLE = np.full((128, 128), 255, np.uint8)


def draws(count: int, places: dict[str, tuple[float, float]] = PLACES) -> list[tuple[np.ndarray, str]]:
    photo, mask = bird()
    return [tinted(photo, mask, places, HOLE, "a grey bird", np.random.default_rng(k)) for k in range(count)]


def test_a_bird_in_another_colour_keeps_eye_and_beak() -> None:
    photo, mask = bird()
    for painted, _ in draws(40):
        assert np.array_equal(painted[mask == 0], photo[mask == 0])
        assert np.abs(painted[33:36, 29:32].astype(int) - photo[33:36, 29:32]).max() < 40
        assert np.abs(painted[37:40, 19:22].astype(int) - photo[37:40, 19:22]).max() < 40


def test_what_has_no_known_parts_is_tinted_whole() -> None:
    for painted, caption in draws(20, {}):
        colour = next(word for word in re.findall(r"\w+", caption) if word in COLOURS)
        assert nearest_colour(np.median(painted[33:36, 29:32].reshape(-1, 3), axis=0)) != "grey"
        assert nearest_colour(np.median(painted[70:80, 70:80].reshape(-1, 3), axis=0)) == colour


def test_captions_tell_the_colours_of_the_bird_and_of_its_part() -> None:
    photo, mask = bird()
    labels = part_labels(photo, mask, PLACES)
    wing = cv2.erode(labelled(labels, ["wing"]), np.ones((5, 5))) > 0
    belly = cv2.erode(labelled(labels, ["belly"]), np.ones((5, 5))) > 0
    kinds: Counter[str] = Counter()
    for painted, caption in draws(300):
        found = re.search(r"\b(\w+) wings$", caption)
        if not found:
            continue
        own = found.group(1)
        whole = re.search(rf"\b({'|'.join(COLOURS)})\b", caption[: found.start()])
        seen = nearest_colour(np.median(painted[wing], axis=0))
        assert seen == own, caption
        if whole:
            assert nearest_colour(np.median(painted[belly], axis=0)) == whole.group(1), caption
        else:
            assert np.abs(painted[belly].astype(int) - photo[belly]).max() == 0, caption
        kinds["both" if whole else "alone"] += 1
    assert kinds["both"] > kinds["alone"] > 3


@pytest.mark.parametrize("places", [{}, PLACES])
def test_half_of_them_are_tinted_in_the_hole_alone(places: dict[str, tuple[float, float]]) -> None:
    photo, mask = bird()
    hole = np.zeros((128, 128), np.uint8)
    hole[:, 64:] = 255
    outside = (mask > 0) & (hole == 0)
    kept = 0
    for k in range(60):
        painted, _ = tinted(photo, mask, places, hole, "a grey bird", np.random.default_rng(k))
        kept += np.array_equal(painted[outside], photo[outside])
    assert 15 < kept < 50


def test_a_part_that_is_hardly_seen_gets_no_colour_of_its_own() -> None:
    only_tail = {"tail": (112.0, 62.0), "crown": (34.0, 28.0)}
    captions = [caption for _, caption in draws(80, only_tail)]
    assert not any(caption.endswith(("belly", "breast")) for caption in captions)
    assert any(caption.endswith("head") for caption in captions)
