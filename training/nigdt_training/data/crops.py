"""Squares cut from photos: drawn at random for training, fixed for evaluation."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from nigdt_training.data.decode import Frame
from nigdt_training.data.records import BoxXYWH


def square(frame: Frame, size: int, around_object: bool = False) -> Frame:
    """Cut a frame's central square, or one 1.75 times the object's box, as size x size pixels."""
    height, width = frame.photo.shape[:2]
    side, centre_x, centre_y = float(min(height, width)), width / 2, height / 2
    if around_object and frame.box is not None:
        x, y, box_width, box_height = frame.box
        side = float(np.clip(1.75 * max(box_width, box_height), min(64, side), side))
        centre_x, centre_y = x + box_width / 2, y + box_height / 2
    edge = round(side)
    left = int(np.clip(round(centre_x - side / 2), 0, width - edge))
    top = int(np.clip(round(centre_y - side / 2), 0, height - edge))
    scale = size / edge

    def cut(plane: np.ndarray) -> np.ndarray:
        plane = np.ascontiguousarray(plane[top : top + edge, left : left + edge])
        if edge == size:
            return plane
        method = cv2.INTER_AREA if edge > size else cv2.INTER_CUBIC
        return cv2.resize(plane, (size, size), interpolation=method)

    box = None if frame.box is None else _shift(frame.box, left, top, scale, size)
    return Frame(cut(frame.photo), box, None if frame.outline is None else cut(frame.outline))


def _shift(box: BoxXYWH, left: int, top: int, scale: float, size: int) -> BoxXYWH | None:
    x0, y0 = max(0.0, (box[0] - left) * scale), max(0.0, (box[1] - top) * scale)
    x1 = min(float(size), (box[0] + box[2] - left) * scale)
    y1 = min(float(size), (box[1] + box[3] - top) * scale)
    return (x0, y0, x1 - x0, y1 - y0) if x1 - x0 >= 1 and y1 - y0 >= 1 else None


def crop_square(
    height: int,
    width: int,
    box: Sequence[float] | None,
    smallest: float,
    random: np.random.Generator,
) -> tuple[int, int, int]:
    """Return a random square crop (left, top, side); one around the box where there is a box."""
    short = min(height, width)
    if box is None:
        side = round(short * random.uniform(smallest, 1))
        return (
            int(random.integers(0, width - side + 1)),
            int(random.integers(0, height - side + 1)),
            side,
        )
    x, y, w, h = box
    side = int(np.clip(max(w, h) * random.uniform(1.3, 2.2), min(48, short), short))
    left = x + w / 2 - side / 2 + random.uniform(-0.1, 0.1) * side
    top = y + h / 2 - side / 2 + random.uniform(-0.1, 0.1) * side
    return int(np.clip(left, 0, width - side)), int(np.clip(top, 0, height - side)), side
