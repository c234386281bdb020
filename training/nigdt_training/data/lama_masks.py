"""LaMa's thin, medium and thick masks (Suvorov et al. 2022): its generators' distributions at 256 px.

The numbers are those of the published configurations `random_thin_256` to `random_thick_256`: broken
lines of a number of strokes each, or, with probability 0.3 / 1.3, boxes. Masks of more than half the picture
are drawn again, as there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np

LamaKind = Literal["thin", "medium", "thick"]
LAMA_KINDS: tuple[LamaKind, ...] = get_args(LamaKind)
_SIDE = 256
_LARGEST = 0.5
_BOXES = 0.3 / 1.3


@dataclass(frozen=True)
class _Boxes:
    margin: int
    sides: tuple[int, int]
    number: tuple[int, int]


@dataclass(frozen=True)
class _Kind:
    """Ranges, ends included: broken lines, length and width of a stroke (at 256 px); boxes if any."""

    lines: tuple[int, int]
    length: tuple[int, int]
    width: tuple[int, int]
    boxes: _Boxes | None


_RANGES: dict[LamaKind, _Kind] = {
    "thin": _Kind((4, 51), (10, 49), (5, 14), None),
    "medium": _Kind((4, 6), (10, 109), (5, 54), _Boxes(0, (10, 50), (1, 5))),
    "thick": _Kind((1, 6), (10, 209), (5, 104), _Boxes(10, (30, 150), (1, 3))),
}


def lama_mask(height: int, width: int, kind: LamaKind, random: np.random.Generator) -> np.ndarray:
    """Return a mask of one of LaMa's kinds, (height, width) uint8, 255 = to be filled.

    It is drawn at 256 px and enlarged or reduced to the picture.
    """
    ranges = _RANGES[kind]
    while True:
        mask = np.zeros((_SIDE, _SIDE), np.uint8)
        if ranges.boxes is not None and random.random() < _BOXES:
            _draw_boxes(mask, ranges.boxes, random)
        else:
            _draw_lines(mask, ranges, random)
        if 0 < (mask > 0).mean() <= _LARGEST:
            return cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST)


def _draw_lines(mask: np.ndarray, ranges: _Kind, random: np.random.Generator) -> None:
    for line in range(_between(ranges.lines, random)):
        point = random.integers(0, _SIDE, 2)
        for _ in range(int(random.integers(1, 6))):
            # Whole radians from 0 to 3, the other way round in every other line.
            angle = (0.01 + int(random.integers(0, 4))) * (-1 if line % 2 == 0 else 1)
            step = _between(ranges.length, random) * np.array([np.sin(angle), np.cos(angle)])
            end = np.clip((point + step).astype(np.int32), 0, _SIDE)
            thickness = _between(ranges.width, random)
            cv2.line(mask, tuple(map(int, point)), tuple(map(int, end)), 255, thickness)
            point = end


def _draw_boxes(mask: np.ndarray, boxes: _Boxes, random: np.random.Generator) -> None:
    for _ in range(_between(boxes.number, random)):
        sides = np.array([_between(boxes.sides, random) for _ in range(2)])
        top, left = random.integers(boxes.margin, _SIDE - boxes.margin - sides + 1)
        mask[top : top + sides[0], left : left + sides[1]] = 255


def _between(ends: tuple[int, int], random: np.random.Generator) -> int:
    return int(random.integers(ends[0], ends[1] + 1))
