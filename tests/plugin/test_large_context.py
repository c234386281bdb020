"""Contexts larger than what is sent, without Qt and without a daemon."""

from __future__ import annotations

import cv2
import numpy as np
from nigdt_plugin.core.fills import _SENT_SIDE, Fill, Shot

from nigdt.context import Box
from nigdt.variants import Variant

SIDE = _SENT_SIDE * 5 // 4


def test_a_context_that_travels_smaller_keeps_its_detail():
    crop = np.random.default_rng(5).integers(60, 200, (SIDE, SIDE, 3)).astype(np.uint8)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[500:800, 500:800] = 255
    shot = Shot(Box(0, 0, SIDE, SIDE), crop, mask)
    sent, _ = shot.sent
    assert sent.shape < crop.shape
    fill = Fill(sent, "grass", Variant(), "default")
    soft = cv2.resize(sent, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    inside = np.s_[540:760, 540:760]
    assert fill.at(shot)[inside].std() > 1.05 * soft[inside].std()
    assert fill.at(shot) is fill.at(shot), "the enlarged fill is worked out once"
