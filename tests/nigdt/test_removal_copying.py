"""Steps between pieces: spread as a whole before a blurred background, only in part on an edge."""

from __future__ import annotations

import numpy as np

from nigdt.removal.copying import copied

SIDE = 160


def step(log_roughness: float) -> float:
    """Return the largest step in a hole, half of which comes from a bright place and half from a dark one."""
    photo = np.full((SIDE, SIDE, 3), 200, np.uint8)
    photo[:, : SIDE // 2] = 80
    hole = np.zeros((SIDE, SIDE), np.bool_)
    hole[40:120, 60:100] = True
    offsets = np.zeros((SIDE, SIDE, 2), np.int32)
    offsets[40:120, 60:80] = (0, -45)
    offsets[40:120, 80:100] = (0, 45)
    roughness = np.full((SIDE, SIDE), log_roughness, np.float32)
    filled = copied(photo, hole, offsets, 30.0, 1, roughness).astype(int)
    return float(np.abs(np.diff(filled[60:100, 61:99], axis=1)).max())


def test_no_step_is_seen_where_everything_is_out_of_focus() -> None:
    assert step(np.log(2.0)) < 6


def test_an_edge_in_what_is_sharp_does_not_glow() -> None:
    assert step(np.log(20.0)) > 20
