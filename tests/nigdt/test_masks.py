from __future__ import annotations

import numpy as np
import pytest

from nigdt.errors import NigdtError
from nigdt.masks import box_mask, centre_mask, irregular_mask, outline_mask, rectangle_mask

SIZES = [(64, 64), (96, 160), (33, 57), (256, 256)]


def coverage(mask: np.ndarray) -> float:
    return float((mask > 0).mean())


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_every_mask_is_8_bit_with_255_to_be_filled(height: int, width: int) -> None:
    random = np.random.default_rng(0)
    for mask in (
        centre_mask(height, width),
        rectangle_mask(height, width, random),
        irregular_mask(height, width, random),
        box_mask(height, width, (3, 4, 20, 10)),
    ):
        assert (mask.shape, mask.dtype) == ((height, width), np.uint8)
        assert set(np.unique(mask)) == {0, 255}


def test_centre_is_the_middle_half_by_half() -> None:
    mask = centre_mask(64, 128)
    assert (mask[16:48, 32:96] == 255).all()
    assert coverage(mask) == 0.25


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_rectangles_are_whole_and_of_the_sides_stated(height: int, width: int) -> None:
    places = set()
    for seed in range(50):
        mask = rectangle_mask(height, width, np.random.default_rng(seed))
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        assert (mask > 0).sum() == len(rows) * len(columns)
        assert height // 5 <= len(rows) <= 3 * height // 5
        assert width // 5 <= len(columns) <= 3 * width // 5
        places.add((rows[0], columns[0]))
    assert len(places) > 30


def test_strokes_cover_what_they_should_on_the_whole() -> None:
    covered = [coverage(irregular_mask(128, 128, np.random.default_rng(seed))) for seed in range(200)]
    assert min(covered) >= 0.1
    assert max(covered) < 0.65
    assert 0.2 < np.mean(covered) < 0.4
    assert np.quantile(covered, 0.9) < 0.45


@pytest.mark.parametrize("draw", [rectangle_mask, irregular_mask])
def test_the_same_generator_state_gives_the_same_mask(draw: type) -> None:
    first, again, other = (draw(80, 64, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_a_box_lies_where_it_says_and_is_clipped() -> None:
    mask = box_mask(60, 100, (10, 20, 30, 5))
    assert (mask[20:25, 10:40] == 255).all()
    assert (mask > 0).sum() == 150
    assert (box_mask(60, 100, (-5, -5, 10, 10)) > 0).sum() == 25
    assert (box_mask(60, 100, (95, 55, 50, 50)) > 0).sum() == 25
    assert (box_mask(60, 100, (10.2, 10.2, 0.1, 0.1)) > 0).sum() == 1


@pytest.mark.parametrize("box", [(-30, 5, 20, 20), (5, -30, 20, 20), (100, 5, 20, 20), (5, 60, 20, 20)])
def test_a_box_outside_the_picture_is_refused(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(NigdtError, match="outside the 100 x 60 picture"):
        box_mask(60, 100, box)


def test_an_outline_is_the_object_grown_by_a_disc() -> None:
    outline = np.zeros((40, 60), np.uint8)
    outline[20, 30] = 200
    outline[20, 31] = 100  # a soft edge, less than half object
    assert np.argwhere(outline_mask(outline)).tolist() == [[20, 30]]
    grown = outline_mask(outline, 5)
    distance = np.hypot(*(np.mgrid[:40, :60] - np.array([20, 30])[:, None, None]))
    assert set(np.unique(grown)) == {0, 255}
    assert (grown[distance <= 4] == 255).all()
    assert (grown[distance > 6] == 0).all()
    assert not outline_mask(np.zeros((8, 8), np.uint8), 3).any()


@pytest.mark.parametrize("side", [1, 2, 4])
def test_tiny_pictures_still_get_a_hole(side: int) -> None:
    assert coverage(rectangle_mask(side, side, np.random.default_rng(0))) > 0
