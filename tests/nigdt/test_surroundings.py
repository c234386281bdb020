"""Words for what is around anyway are met with the photo's own."""

from __future__ import annotations

import numpy as np
import pytest

from nigdt.colours import lab_to_rgb
from nigdt.surroundings import MATERIALS, materials, mostly, names_surface, showing


def ground(*lab: tuple[float, float, float], side: int = 120) -> np.ndarray:
    """Bands of colours with some grain, (side, side, 3)."""
    rng = np.random.default_rng(0)
    bands = np.repeat(np.array(lab, np.float64), -(-side // len(lab)), axis=0)[:side]
    grain = rng.normal(0, 4, (side, side, 1)) * (1, 0.3, 0.3)
    return np.rint(lab_to_rgb(bands[:, None] + grain) * 255).astype(np.uint8)


@pytest.fixture
def hole() -> np.ndarray:
    hole = np.zeros((120, 120), np.uint8)
    hole[40:80, 45:85] = 255
    return hole


GRASS, OLIVE, SKY, WALL = (48, -22, 30), (55, -6, 28), (72, -6, -22), (60, 30, 25)


@pytest.mark.parametrize(
    ("caption", "around"),
    [
        ("grass", GRASS),
        ("green grass", GRASS),
        ("green grass", OLIVE),
        ("some tall dry grass", OLIVE),
        ("the blue sky", SKY),
        ("clear sky", SKY),
        ("white snow", (93, 0, -2)),
        ("a blurred background", WALL),
        ("nothing", SKY),
    ],
)
def test_what_is_around_is_continued(
    hole: np.ndarray, caption: str, around: tuple[float, float, float]
) -> None:
    found = showing(ground(around), hole, caption)
    assert found is not None
    assert not found[hole > 0].any()
    assert (found[hole == 0] == 255).mean() > 0.9


@pytest.mark.parametrize(
    ("caption", "around"),
    [
        ("grass", SKY),
        ("blue grass", GRASS),
        ("a red sky", SKY),
        ("snow", GRASS),
        ("a bird on the grass", GRASS),
        ("a dog", GRASS),
        ("green", GRASS),
        ("", GRASS),
        ("a red background", SKY),
    ],
)
def test_all_else_is_the_model_s(hole: np.ndarray, caption: str, around: tuple[float, float, float]) -> None:
    assert showing(ground(around), hole, caption) is None


def test_only_the_part_that_is_meant_may_serve(hole: np.ndarray) -> None:
    found = showing(ground(SKY, GRASS), hole, "green grass")
    assert found is not None
    assert not found[:55].any()
    assert (found[65:][hole[65:] == 0] == 255).mean() > 0.9


def test_what_the_hole_hides_makes_no_difference(hole: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    photo = ground(GRASS, OLIVE, side=500)
    large = np.kron(hole, np.ones((5, 5), np.uint8))[:500, :500]
    other = np.where(large[..., None] > 0, rng.integers(0, 256, photo.shape, dtype=np.uint8), photo)
    one, two = showing(photo, large, "grass"), showing(other, large, "grass")
    assert one is not None
    np.testing.assert_array_equal(one, two)


def test_nothing_visible_shows_nothing() -> None:
    assert showing(ground(GRASS), np.full((120, 120), 255, np.uint8), "grass") is None


def test_every_material_is_known_in_its_own_colours(hole: np.ndarray) -> None:
    for word, colours in MATERIALS.items():
        assert materials(f"the {word}") == colours
        for lab in colours:
            assert showing(ground(lab), hole, word) is not None, (word, lab)


def test_a_surface_that_is_described_as_a_material_is_one_to_recolour_too() -> None:
    assert materials("sand") == MATERIALS["sand"]
    assert names_surface("sand")
    assert names_surface("a sand carpet")
    assert materials("a sand carpet") == ()
    assert not names_surface("a castle of sand")


def test_a_gradual_change_of_shade_is_of_the_same_material_and_an_edge_is_not(hole: np.ndarray) -> None:
    depth = np.linspace(75, 15, 120)  # from the bright surface down
    sea = np.stack([depth, np.full(120, -5.0), np.full(120, -18.0)], axis=1)
    gradual = np.rint(lab_to_rgb(np.repeat(sea[:, None], 120, axis=1)) * 255).astype(np.uint8)
    found = showing(gradual, hole, "deep water")
    assert found is not None
    assert (found[hole == 0] == 255).mean() > 0.95
    gradual[:20] = np.rint(lab_to_rgb(np.array(WALL, np.float64)[None, None]) * 255)
    found = showing(gradual, hole, "deep water")
    assert found is not None
    assert not found[:16].any()
    assert (found[24:][hole[24:] == 0] == 255).mean() > 0.95


def test_words_that_name_most_of_what_is_around_choose_nothing(hole: np.ndarray) -> None:
    found = showing(ground(GRASS), hole, "grass")
    assert found is not None
    assert mostly(found, hole)
    half = showing(ground(SKY, GRASS), hole, "grass")
    assert half is not None
    assert not mostly(half, hole)
