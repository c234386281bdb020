"""Which pixels of a cut-out bird belong to which of its parts, by the places of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from nigdt.part_words import PARTS
from nigdt_training.data.recolour import bytes_to_lab

__all__ = ["labelled", "part_labels", "softened"]

_EYE_SIZE = 0.022
_LEG_REACH, _BEAK_REACH = 0.10, 0.14
_COLOUR_WEIGHT = 1 / 220
"""What one Lab unit counts against one bird's length when a pixel looks for its part."""


def part_labels(photo: np.ndarray, mask: np.ndarray, places: Mapping[str, Sequence[float]]) -> np.ndarray:
    """Give each pixel of a cut-out bird to the part place that is nearest in position and colour.

    Eyes are small discs; beak and legs reach only so far from their place.

    Args:
        photo: (H, W, 3) uint8 RGB.
        mask: (H, W) uint8, the bird.
        places: Part (with left_ and right_ where there are two) -> x, y.

    Returns:
        (H, W) uint8 labels, 0 outside the bird.
    """
    labels = np.zeros(mask.shape, np.uint8)
    inside = mask > 64
    rows, columns = np.nonzero(inside)
    if not len(rows):
        return labels
    length = max(int(np.ptp(rows)), int(np.ptp(columns)), 1)
    lab = cv2.GaussianBlur(bytes_to_lab(photo), (0, 0), 1.2)
    names, distances = [], []
    for name, (x, y) in places.items():
        part = name.split("_")[-1]
        if part == "eye" or not (0 <= x < mask.shape[1] and 0 <= y < mask.shape[0]):
            continue
        away = np.hypot(columns - x, rows - y) / length
        colour = np.linalg.norm(lab[rows, columns] - lab[int(y), int(x)], axis=1) * _COLOUR_WEIGHT
        distance = away + colour
        reach = {"leg": _LEG_REACH, "beak": _BEAK_REACH}.get(part)
        if reach is not None:
            distance = np.where(distance > reach, np.inf, distance)
        names.append(PARTS.index(part) + 1)
        distances.append(distance)
    if not names:
        return labels
    stacked = np.stack(distances)
    nearest = np.array(names, np.uint8)[stacked.argmin(0)]
    labels[rows, columns] = np.where(np.isfinite(stacked.min(0)), nearest, 0)
    for name, (x, y) in places.items():
        if name.endswith("eye"):
            near = np.hypot(columns - x, rows - y) <= max(1.5, _EYE_SIZE * length)
            labels[rows[near], columns[near]] = PARTS.index("eye") + 1
    return labels


def labelled(labels: np.ndarray, parts: Sequence[str]) -> np.ndarray:
    """Return where one of these parts is.

    Args:
        labels: (H, W) uint8 of `part_labels`.
        parts: Of `PARTS`.

    Returns:
        (H, W) float32, 1 on them, else 0.
    """
    chosen = np.zeros(len(PARTS) + 1, np.float32)
    chosen[[PARTS.index(p) + 1 for p in parts]] = 1
    return chosen[labels]


def softened(place: np.ndarray) -> np.ndarray:
    """Return a place, (H, W), with the edge that parts are tinted with."""
    return cv2.GaussianBlur(place, (0, 0), 0.7)
