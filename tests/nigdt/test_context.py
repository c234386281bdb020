from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nigdt.context.box import MIN_PADDING, Box, check_selection, context_box, crop, selection_box
from nigdt.errors import SelectionError


def select(height: int, width: int, box: Box) -> np.ndarray:
    selection = np.zeros((height, width), np.uint8)
    selection[box.top : box.bottom, box.left : box.right] = 255
    return selection


def test_context_is_padded_by_a_quarter_and_centred() -> None:
    selection = select(1000, 1500, Box(600, 400, 200, 100))
    box = context_box(selection, minimum=128)
    assert box == Box(550, 300, 300, 300)  # 200 + 2 * 50, around (700, 450)


def test_small_selection_gets_the_models_size() -> None:
    assert context_box(select(1000, 1500, Box(600, 400, 20, 10)), 256) == Box(482, 277, 256, 256)


def test_context_is_shifted_into_the_photo() -> None:
    box = context_box(select(1000, 1500, Box(0, 900, 200, 100)), 128)
    assert box == Box(0, 700, 300, 300)


def test_widening_shows_more_but_never_more_than_the_photo_has() -> None:
    selection = select(1000, 1500, Box(600, 400, 200, 100))
    assert context_box(selection, 128, widen=2.0).width == 600
    assert context_box(selection, 128, widen=50.0).width == 1500
    with pytest.raises(ValueError, match="below 1"):
        context_box(selection, 128, widen=0.5)


def test_photo_smaller_than_the_model_is_reflected() -> None:
    rgb8 = np.random.default_rng(0).integers(0, 256, (40, 64, 3), dtype=np.uint8)
    selection = select(40, 64, Box(10, 10, 8, 8))
    box = context_box(selection, 128)
    assert box == Box(-32, -44, 128, 128)
    pixels, mask = crop(rgb8, selection, box)
    padded = np.pad(rgb8, ((44, 44), (32, 32), (0, 0)), mode="reflect")  # numpy's own reflection
    np.testing.assert_array_equal(pixels, padded)
    assert pixels.shape == (128, 128, 3)
    assert mask.shape == (128, 128)
    assert mask[44 + 10, 32 + 10] == 255


@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.integers(0, 89),
    st.integers(0, 89),
    st.sampled_from([64, 128]),
    st.floats(1, 4),
)
def test_every_selection_gets_a_square_that_holds_it(
    height: int, width: int, row: int, column: int, minimum: int, widen: float
) -> None:
    inner = Box(column % width, row % height, max(1, (width - column % width) // 2), 1)
    selection = select(height, width, inner)
    assert selection_box(selection) == inner
    box = context_box(selection, minimum, widen)
    assert box.width == box.height >= minimum
    assert box.left <= max(0, inner.left - MIN_PADDING)
    assert box.right >= min(width, inner.right + MIN_PADDING)
    assert box.top <= inner.top
    assert box.bottom >= inner.bottom
    if box.width <= width:
        assert box.left >= 0
        assert box.right <= width
    rgb8 = np.arange(height * width * 3, dtype=np.uint32).astype(np.uint8).reshape(height, width, 3)
    pixels, mask = crop(rgb8, selection, box)
    assert pixels.shape == (box.height, box.width, 3)
    np.testing.assert_array_equal(
        pixels[inner.top - box.top, inner.left - box.left], rgb8[inner.top, inner.left]
    )
    assert mask[inner.top - box.top, inner.left - box.left] == 255


def test_crop_is_a_copy() -> None:
    rgb8 = np.zeros((100, 100, 3), np.uint8)
    pixels, mask = crop(rgb8, np.zeros((100, 100), np.uint8), Box(0, 0, 100, 100))
    pixels[:] = 9
    mask[:] = 9
    assert not rgb8.any()


def test_selection_must_fit_and_select_something() -> None:
    with pytest.raises(SelectionError, match="Nothing is selected"):
        check_selection(np.zeros((4, 5), np.uint8), 5, 4)
    with pytest.raises(SelectionError, match="5 x 4 pixels, the photo 4 x 5"):
        check_selection(np.ones((4, 5), np.uint8), 4, 5)
    with pytest.raises(SelectionError, match="not 8-bit grey"):
        check_selection(np.ones((4, 5), bool), 5, 4)
    with pytest.raises(SelectionError):
        selection_box(np.zeros((4, 5), np.uint8))
