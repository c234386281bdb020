"""Where a bird that is drawn into a photo can stand: on a branch, or on the ground's edge. No torch here."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.box import selection_box
from nigdt.colours import rgb_to_lab

__all__ = ["above", "footing", "with_shadow"]

Floats = NDArray[np.float32]

_LOWER = (0.6, 0.97)
"""Fractions of a hole's height between which feet may stand."""
_MIDDLE = (0.3, 0.7)
"""Fractions of its width between which they may."""
_REACH = 0.04
"""Height, beside the hole's, over which an edge is looked for, and by which it may waver."""
_SLOPES = (0.0, -0.15, 0.15, -0.3, 0.3)
"""Slopes of edges that are stood on, down by across."""
_SLOPED = 25
"""Percentile over the columns of how clear an edge is: most of them must have it."""
_CLEAR = 15.0
"""Lab units from which on an edge is clear."""
_AS_CLEAR = 0.85
"""Of the clearest edge, from which on a row belongs to it."""
_SUNK = 0.03
"""Height, beside the hole's, by which feet reach below an edge."""
_FEET = 0.08
"""Height, beside a bird's, that its feet take, ..."""
_SHADOW_WIDTH, _SHADOW_HEIGHT = 0.28, 0.05
"""... and half the sides of its shadow, beside its own."""
_DARKEST = 0.5
"""How much light a shadow takes at most."""
_SMOOTH, _ROUGH = 4.0, 14.0
"""Mean second difference, in grey levels of the model's picture, up to which ground is smooth and from which
on it is rough."""
_LEAST_GROUND = 3
"""Side in pixels of the smallest piece of ground whose roughness is told."""
_LEAST_HEIGHT, _LEAST_WIDTH = 16, 10
"""Sides in pixels of the smallest hole that is looked at."""


def footing(
    picture: NDArray[np.uint8], hole: NDArray[np.bool_], thing: NDArray[np.bool_] | None
) -> int | None:
    """Return the row at which a bird in a hole can stand, or None where nothing is seen to stand on.

    Where a thing is replaced, what stands there next stands where it stood. Else it is the clearest edge in
    the lower part of the hole that goes through its middle from left to right.

    Args:
        picture: (H, W, 3), what the photo shows.
        hole: (H, W), at the same size.
        thing: (H, W), the thing that is to be replaced, or None.
    """
    if not hole.any():
        return None
    box = selection_box(hole)
    if box.height < _LEAST_HEIGHT or box.width < _LEAST_WIDTH:
        return None
    first, last = (box.top + int(part * box.height) for part in _LOWER)
    sunk = round(_SUNK * box.height)
    if thing is not None:
        rows = np.flatnonzero((thing & hole).any(axis=1))
        return int(rows[-1]) if len(rows) and first <= rows[-1] < last else None
    smooth = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), max(0.8, 0.3 * _REACH * box.height))
    lab = rgb_to_lab(smooth / np.float32(255))
    reach = max(2, round(_REACH * box.height))
    padded = np.pad(lab, ((reach, reach), (0, 0), (0, 0)), mode="edge")
    step = np.linalg.norm(padded[2 * reach :] - padded[: -2 * reach], axis=2).astype(np.float32)
    step = np.asarray(cv2.dilate(step, np.ones((2 * reach + 1, 1), np.uint8)), np.float32)
    left, right = (box.left + int(part * box.width) for part in _MIDDLE)
    levels = [_sheared(step, slope, (left + right) / 2)[first:last, left:right] for slope in _SLOPES]
    clearness = [np.percentile(level, _SLOPED, axis=1) for level in levels]
    clear = max(clearness, key=np.max)
    if clear.max() < _CLEAR:
        return None
    at = np.flatnonzero(clear > _AS_CLEAR * clear.max())
    upper = np.split(at, np.flatnonzero(np.diff(at) > 1) + 1)[0]  # a branch has two edges
    return first + int(np.median(upper)) + sunk


def _sheared(step: Floats, slope: float, middle: float) -> Floats:
    """Return a map (H, W) in which lines of a slope run level; the column `middle` stays."""
    matrix = np.array([[1, 0, 0], [slope, 1, -slope * middle]], np.float64)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(step, matrix, step.shape[::-1], flags=how), np.float32)


def above(hole: NDArray[np.bool_], row: int | None) -> NDArray[np.bool_]:
    """Return the part of a hole (H, W) above a row, from `footing`; all of it where there is none."""
    if row is None:
        return hole
    part = hole.copy()
    part[row:] = False
    return part if part.any() else hole


def with_shadow(picture: NDArray[np.uint8], outline: Floats, hole: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return what a bird is to be laid over, with its shadow where it stands on something rough.

    Grass, gravel and leaves are rough. Sky, water out of focus and snow in the distance are not: whatever
    stands before them casts no shadow there.

    Args:
        picture: (h, w, 3), what is seen without the bird.
        outline: (H, W), 0 to 1, the bird with its legs.
        hole: (h, w), where pixels may change.
    """
    inside = outline > 0.5
    if not inside.any():
        return picture
    across, down = picture.shape[1] / outline.shape[1], picture.shape[0] / outline.shape[0]
    box = selection_box(inside)
    feet = np.flatnonzero(inside[box.bottom - max(1, round(_FEET * box.height)) : box.bottom].any(axis=0))
    x, y = float(feet.mean()) * across, (box.bottom - 0.5) * down
    wide, high = _SHADOW_WIDTH * box.width * across, _SHADOW_HEIGHT * box.height * down
    rows = slice(max(0, int(y - 3 * high)), int(y + 3 * high) + 1)
    columns = slice(max(0, int(x - 2 * wide)), int(x + 2 * wide) + 1)
    part = picture[rows, columns]
    if min(part.shape[:2]) < _LEAST_GROUND:
        return picture
    size = [
        max(_LEAST_GROUND, round(n / scale)) for n, scale in ((part.shape[1], across), (part.shape[0], down))
    ]
    reduced = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(reduced, cv2.COLOR_RGB2GRAY).astype(np.float32)
    roughness = float(np.abs(cv2.Laplacian(grey, cv2.CV_32F)).mean())
    strength = _DARKEST * float(np.clip((roughness - _SMOOTH) / (_ROUGH - _SMOOTH), 0, 1))
    if strength == 0:
        return picture
    at_x = np.arange(part.shape[1]) + columns.start
    at_y = np.arange(part.shape[0]) + rows.start
    away = ((at_x - x) / wide) ** 2 + ((at_y[:, None] - y) / high) ** 2
    shade = strength * np.exp(-away) * hole[rows, columns]
    shadowed = picture.copy()
    shadowed[rows, columns] = np.rint(part * (1 - shade[..., None]))
    return shadowed
