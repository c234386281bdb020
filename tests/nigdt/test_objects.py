"""What belongs together in a mask."""

from __future__ import annotations

import numpy as np

from nigdt.objects import largest_piece


def test_pieces_that_touch_at_a_corner_are_one_or_two() -> None:
    mask = np.zeros((8, 8), bool)
    mask[:3, :3] = mask[3:5, 3:5] = True
    np.testing.assert_array_equal(largest_piece(mask), mask)
    alone = largest_piece(mask, connectivity=4)
    assert (alone.sum(), alone[:3, :3].all()) == (9, True)


def test_an_empty_mask_has_no_piece() -> None:
    assert not largest_piece(np.zeros((8, 8), bool)).any()
