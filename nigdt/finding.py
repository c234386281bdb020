"""Asking the finder where objects are: in a selection, or at a place that was clicked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from nigdt.box import selection_box
from nigdt.model.finder import FinderScores, ObjectFinder
from nigdt.model.recolour import STRIDE

__all__ = [
    "finder_scores",
    "object_at",
    "object_within",
    "resized",
    "to_tensor",
    "window_around",
    "working_size",
]

Floats = NDArray[np.float32]
Window = tuple[slice, slice]

_SIDES = (1.0, 0.6, 0.36, 0.2, 0.12)
"""Sides of the squares around a click in which an object is looked for, as fractions of the photo's own."""
_BESIDE = 0.4
"""How much more than a square the finder looks at, on each side, as a fraction of it."""
_PERHAPS = 0.35
"""How sure the finder must be of a place for it to be of the object at first."""
_AROUND = 0.12
"""Margin around an object found, as a fraction of it, in which it is looked for more closely."""
_LOST = 0.3
"""Fraction of an object below which a closer look has lost it."""


@torch.inference_mode()
def object_at(finder: ObjectFinder, device: str, photo: NDArray[np.uint8], x: float, y: float) -> Floats:
    """Tell where the object is that was clicked.

    It is looked for in squares of several sizes around the click. The answer that is surest and whose object
    is cut off least by its square is looked at more closely.

    Args:
        finder: Photo and selection to object.
        device: Where it runs.
        photo: (H, W, 3); a copy of some 500 to 1000 pixels is enough.
        x: Column of the click.
        y: Row of the click.

    Returns:
        (H, W), 0 to 1, how sure the finder is of each place; 0 everywhere if it sees no object there.
    """
    height, width = photo.shape[:2]
    at = min(max(0, int(y)), height - 1), min(max(0, int(x)), width - 1)
    best, sure, thing = 0.0, np.zeros((height, width), np.float32), None
    for window in _squares(height, width, at):
        answer = _asked(finder, device, photo, _filled(window, photo))
        found = _touching(answer > _PERHAPS, at)
        if found is None:
            continue
        score = float(answer[found].mean()) - _cut_off(found, window)
        if score > best:
            best, sure, thing = score, answer, found
    if thing is None:
        return sure
    closer = _asked(finder, device, photo, _filled(window_around(thing, _AROUND), photo))
    found = _touching(closer > _PERHAPS, at)
    if found is None or found.sum() < _LOST * thing.sum():
        return sure
    return closer


@torch.inference_mode()
def object_within(
    finder: ObjectFinder, device: str, photo: NDArray[np.uint8], selection: NDArray[np.uint8]
) -> Floats:
    """Tell where the object is in a box, or in another selection that was drawn around it.

    Args:
        finder: Photo and selection to object.
        device: Where it runs.
        photo: (H, W, 3); a copy of some 500 to 1000 pixels is enough.
        selection: (H, W), above 0 where selected; not empty.

    Returns:
        (H, W), 0 to 1, how sure the finder is of each place; 0 outside the selection.
    """
    return _asked(finder, device, photo, selection)


def finder_scores(
    finder: ObjectFinder, device: str, crop: NDArray[np.uint8], selection: NDArray[np.uint8]
) -> FinderScores:
    """Ask the finder at its own size.

    Args:
        finder: Photo and selection to object and parts.
        device: Where it runs.
        crop: (H, W, 3).
        selection: (H, W), 255 where selected.
    """
    size = working_size(crop.shape[1], crop.shape[0], finder.size)
    rgb = to_tensor(resized(crop, *size).transpose(2, 0, 1), device) / 127.5 - 1
    scores: FinderScores = finder(rgb, to_tensor(resized(selection, *size)[None], device) / 255)
    return scores


def resized(picture: NDArray[Any], width: int, height: int) -> Floats:
    """Return a picture (H, W) or (H, W, C) at another size."""
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)


def working_size(width: int, height: int, side: int) -> tuple[int, int]:
    """Return the width and height, multiples of the network's stride, of about the area of a square."""
    scale = side / (width * height) ** 0.5
    return (
        max(2 * STRIDE, round(width * scale / STRIDE) * STRIDE),
        max(2 * STRIDE, round(height * scale / STRIDE) * STRIDE),
    )


def _filled(window: Window, photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the selection of a window, (H, W), 255 in it."""
    selection = np.zeros(photo.shape[:2], np.uint8)
    selection[window] = 255
    return selection


def _asked(
    finder: ObjectFinder, device: str, photo: NDArray[np.uint8], selection: NDArray[np.uint8]
) -> Floats:
    """Return how sure the finder is of an object within a selection, (H, W), 0 outside of it."""
    height, width = photo.shape[:2]
    rows, columns = window_around(selection, _BESIDE)
    crop = photo[rows, columns]
    scores = finder_scores(finder, device, crop, selection[rows, columns]).objects
    scores = F.interpolate(scores, size=crop.shape[:2], mode="bilinear", align_corners=False)
    sure = np.zeros((height, width), np.float32)
    sure[rows, columns] = scores[0, 0].sigmoid().float().cpu().numpy()
    sure[selection == 0] = 0
    return sure


def _squares(height: int, width: int, at: tuple[int, int]) -> Iterator[Window]:
    """Yield the whole photo, then smaller and smaller squares around a pixel, cut at the photo's border."""
    yield slice(0, height), slice(0, width)
    for side in _SIDES[1:]:
        half = max(4, round(side * max(height, width) / 2))
        row, column = at
        yield (
            slice(max(0, row - half), min(height, row + half)),
            slice(max(0, column - half), min(width, column + half)),
        )


def window_around(mask: NDArray[Any], margin: float) -> Window:
    """Return the rows and columns of what a mask (H, W) holds, and of a margin, as a fraction of it."""
    window = []
    for used, most in zip(selection_box(mask).slices, mask.shape, strict=True):
        beside = max(4, round(margin * (used.stop - used.start)))
        window.append(slice(max(0, used.start - beside), min(most, used.stop + beside)))
    return window[0], window[1]


def _touching(found: NDArray[np.bool_], at: tuple[int, int]) -> NDArray[np.bool_] | None:
    """Return the part that holds a pixel; None if the pixel is not of it."""
    if not found[at]:
        return None
    _, names = cv2.connectedComponents(found.astype(np.uint8), connectivity=4)
    return np.asarray(names == names[at])


def _cut_off(found: NDArray[np.bool_], window: Window) -> float:
    """Return the fraction of a window's border, where that is not the photo's, that lies in the object."""
    part = found[window]
    height, width = found.shape
    sides = [
        side
        for side, inner in (
            (part[0], window[0].start > 0),
            (part[-1], window[0].stop < height),
            (part[:, 0], window[1].start > 0),
            (part[:, -1], window[1].stop < width),
        )
        if inner
    ]
    return float(np.concatenate(sides).mean()) if sides else 0.0


def to_tensor(values: NDArray[np.floating[Any]], device: str) -> torch.Tensor:
    """Return an array as a batch of one in single precision."""
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))[None].to(device)
