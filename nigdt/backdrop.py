"""Drawn things before the photo's own surroundings: what the words leave alone is continued, not drawn.

A small model draws the thing that words name, and around it, up to the selection's edge, a dull guess. What
is around is in the photo, so it is continued from there, as a removal would, and the drawn thing is laid over
it. Where the thing is, the model tells by itself: there its picture differs from the one without words.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.box import selection_box
from nigdt.colours import PART_WORDS, placed_colours
from nigdt.context.membrane import push_pull
from nigdt.objects import largest_piece
from nigdt.removal import NothingFitsError, Quality, remove
from nigdt.removal.layout import lab_of
from nigdt.surroundings import materials, whatever
from nigdt.text import tokenise

__all__ = [
    "change_by_words",
    "continued",
    "has_surroundings",
    "is_clear",
    "laid_into",
    "laid_over",
    "things_named",
    "without_things",
]

Floats = NDArray[np.float32]

_HIDDEN = 0.5
"""M below which a place counts as hidden."""
_BLUR = 2.0
"""Sigma, in pixels of the model's picture, over which differences are averaged."""
_TOP = 90
"""Percentile of the difference in the hole that counts as a thing's own."""
_LEAST = 20.0
"""Lab units that this difference is taken for at least: less is nothing that words drew."""
_CLEAR = 16.0
"""Lab units that things must differ by on average from what is drawn without words: less is a ghost."""
_SOLID = 0.75
"""Fraction of its convex hull that the largest thing must fill: less is streaks."""
_OUTLINE = 0.4
"""Fraction of it at a thing's outline, ..."""
_CORE = 0.62
"""... and from which on the model's colours are the thing's alone."""
_RIM = 3
"""Pixels of the model's picture inside an outline where it draws a rim as often as the thing."""
_SPECK = 0.08
"""Size, as a fraction of the largest thing's, below which a thing is a speck, ..."""
_LEAST_SIZE = 0.02
"""... and as a fraction of the hole's."""
_EDGE = 1.25
"""Half the width of a thing's edge, in pixels of the model's picture, ..."""
_SHARP_EDGE = 0.6
"""... of one that was drawn into an outline, ..."""
_LEAST_EDGE = 1.0
"""... and at least, in pixels of the photo."""
_TRACE = 0.01
"""Of an outline, below which it is nowhere near what is seen of the thing."""

_THERE, _BESIDE, _LEAST_BESIDE = 0.3, 0.05, 3
"""How sure a place is of a thing from which on it goes with it, and how far beside such places what goes
reaches: as a fraction of the root of their area, and in pixels at least."""
_WHOLE = (0.55, 0.65)
"""Fractions of the hole. What covers less than the first stands before its surroundings; what covers more
than the second is a part of what is around, a belly, and the model draws all of the hole."""


_LITTLE_WORDS = frozenset({"a", "an", "and", "its", "of", "the", "with"})


def has_surroundings(caption: str) -> bool:
    """Return whether what a caption names stands before surroundings, or is just a part ("a white belly").

    A selection for a part lies within the thing that the part belongs to, whose other parts are no
    surroundings.
    """
    rest = _beside_colours(caption)
    return not rest or any(word not in PART_WORDS for word in rest)


def things_named(caption: str) -> list[str]:
    """Return a caption's words for things, without those for colours, parts and surroundings."""
    if materials(caption) or whatever(caption):
        return []
    return [word for word in _beside_colours(caption) if word not in PART_WORDS]


def _beside_colours(caption: str) -> list[str]:
    coloured = {i for start, stop, _ in placed_colours(caption) for i in range(start, stop)}
    words = enumerate(tokenise(caption))
    return [word for i, word in words if i not in coloured and word not in _LITTLE_WORDS]


def continued(
    crop: NDArray[np.uint8], hole: NDArray[np.uint8], quality: Quality = "preview"
) -> NDArray[np.uint8] | None:
    """Return the context with its surroundings continued into the hole; None where nothing in it fits.

    Args:
        crop: (h, w, 3), the context.
        hole: (h, w), above 0 where pixels are made.
        quality: As of `remove`.
    """
    try:
        return remove(crop, hole, quality=quality)
    except NothingFitsError:
        return None


def without_things(
    crop: NDArray[np.uint8], hole: NDArray[np.uint8], things: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Return the context without the things that are to be replaced; all else in it stays.

    Args:
        crop: (h, w, 3), the context.
        hole: (h, w), above 0 where pixels may change.
        things: (H, W), at any size, where they are.
    """
    size = crop.shape[1::-1]
    there = cv2.resize(things.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > _THERE
    beside = max(_LEAST_BESIDE, round(_BESIDE * float(np.count_nonzero(there)) ** 0.5))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * beside + 1, 2 * beside + 1))
    grown = cv2.dilate(there.astype(np.uint8), disc) > 0
    gone = np.where(grown & (hole > 0), np.uint8(255), np.uint8(0))
    if not gone.any():
        return crop
    made = continued(crop, gone)
    return crop if made is None else made


def change_by_words(worded: Floats, wordless: Floats, visible: Floats) -> tuple[Floats, float]:
    """Tell how much words changed each place, as a fraction of what they changed a thing by.

    Args:
        worded: (H, W, 3), 0 to 255, what the model draws.
        wordless: The same without words.
        visible: (H, W), the model's M: 1 where the photo is visible, 0 in the hole.

    Returns:
        (H, W), 0 and up, 0 outside the hole; and what they changed a thing by, in Lab units.
    """
    hidden = (visible < _HIDDEN).astype(np.float32)
    with_words, without = (lab_of(np.clip(picture, 0, 255)) for picture in (worded, wordless))
    difference = np.linalg.norm(with_words - without, axis=2).astype(np.float32) * hidden
    mean = cv2.GaussianBlur(difference, (0, 0), _BLUR)
    mean /= np.maximum(cv2.GaussianBlur(hidden, (0, 0), _BLUR), np.float32(1e-3))
    if not hidden.any():
        return hidden, _LEAST
    top = max(float(np.percentile(mean[hidden > 0], _TOP)), _LEAST)
    return mean * hidden / np.float32(top), top


def laid_over(
    fill: NDArray[np.generic],
    picture: Floats,
    wordless: Floats,
    visible: Floats,
    backdrop: NDArray[np.uint8],
) -> tuple[Floats, bool]:
    """Lay the things that words drew over the continued surroundings.

    Args:
        fill: (h, w, 3), 0 to 255, the model's picture at the context's size.
        picture: (H, W, 3), 0 to 255, the same at its own.
        wordless: (H, W, 3), what the model draws without words.
        visible: (H, W), the model's M: 1 where the photo is visible, 0 in the hole.
        backdrop: (h, w, 3), from `continued`.

    Returns:
        (h, w, 3), 0 to 255; and whether there is a thing: what is not clear is left out.
    """
    change, top = change_by_words(picture, wordless, visible)
    things = _things(change)
    if not things.any() or top * float(change[things].mean()) < _CLEAR or _solidity(things) < _SOLID:
        return backdrop.astype(np.float32), False
    height, width = fill.shape[:2]
    scale = max(height / things.shape[0], width / things.shape[1])
    # Neither holes in a thing nor specks beside it are to have an outline.
    specks = (change > _OUTLINE) & ~things
    level = np.where(things, np.maximum(change, 1.2 * _OUTLINE), np.where(specks, 0, change))
    level = np.asarray(cv2.GaussianBlur(level.astype(np.float32), (0, 0), 0.8), np.float32)
    opacity = _opacity(level, (width, height), scale)
    before, part = _WHOLE
    covered = float(np.count_nonzero(things)) / max(1.0, float(np.count_nonzero(visible < _HIDDEN)))
    whole = np.float32(np.clip((covered - before) / (part - before), 0, 1))
    core = (change > _CORE) & things
    drawn = _own_at_edge(fill, picture, core, 1 - whole) if whole < 1 else fill.astype(np.float32)
    mixed = backdrop + np.maximum(opacity, whole)[..., None] * (drawn - backdrop)
    return np.clip(mixed, 0, 255).astype(np.float32), True


def is_clear(picture: Floats, wordless: Floats, outline: Floats) -> bool:
    """Return whether what was drawn into an outline differs clearly from what is drawn without words.

    Args:
        picture: (H, W, 3), 0 to 255, what the model draws.
        wordless: (H, W, 3), the same without words.
        outline: (H, W), 0 to 1, 1 on the thing.
    """
    with_words, without = (lab_of(np.clip(one, 0, 255)) for one in (picture, wordless))
    difference = np.linalg.norm(with_words - without, axis=2)
    return float((difference * outline).sum()) >= _CLEAR * max(1.0, float(outline.sum()))


def laid_into(
    fill: NDArray[np.generic],
    picture: Floats,
    backdrop: NDArray[np.uint8],
    outline: Floats,
    thin: Sequence[Floats] = (),
) -> NDArray[np.uint8]:
    """Lay a thing that was drawn into an outline over the continued surroundings.

    Args:
        fill: (h, w, 3), 0 to 255, the model's picture at the context's size.
        picture: (H, W, 3), 0 to 255, the same at its own.
        backdrop: (h, w, 3), from `continued`.
        outline: (H, W), 0 to 1, 1 on the thing.
        thin: (H, W) each, 0 to 1, parts of it that are all rim and keep their colours, such as legs.

    Returns:
        (h, w, 3).
    """
    height, width = fill.shape[:2]
    laid = backdrop.copy()
    if not (outline > _TRACE).any():
        return laid
    scale = max(height / outline.shape[0], width / outline.shape[1])
    smooth = np.asarray(cv2.GaussianBlur(outline, (0, 0), 0.8), np.float32)
    # All that costs is done where the thing is: elsewhere the surroundings stay.
    window = _reach(smooth, (width, height), scale)
    opacity = _opacity(smooth, (width, height), scale, _SHARP_EDGE, window)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _RIM + 1, 2 * _RIM + 1))
    core = cv2.erode((outline > _CORE).astype(np.uint8), disc) > 0
    for part in thin:
        core |= part > _CORE
    drawn = _own_at_edge(fill, picture, core, window=window)
    mixed = cv2.blendLinear(drawn, laid[window].astype(np.float32), opacity, 1 - opacity)
    laid[window] = np.clip(np.rint(mixed), 0, 255)
    return laid


def _reach(outline: Floats, size: tuple[int, int], scale: float) -> tuple[slice, slice]:
    """Return the rows and columns of a picture of `size` in which an outline (H, W) may be seen."""
    rows, columns = outline.shape
    box = selection_box(outline > _TRACE)
    across, down, margin = size[0] / columns, size[1] / rows, 4 * scale + 8
    return (
        slice(max(0, int(box.top * down - margin)), min(size[1], int(box.bottom * down + margin) + 1)),
        slice(max(0, int(box.left * across - margin)), min(size[0], int(box.right * across + margin) + 1)),
    )


def _own_at_edge(
    fill: NDArray[np.generic],
    picture: Floats,
    core: NDArray[np.bool_],
    part: np.float32 | float = 1.0,
    window: tuple[slice, slice] = (slice(None), slice(None)),
) -> Floats:
    """Give a thing its own colours up to its edge; what the model drew around it stays out.

    Args:
        fill: (h, w, 3), 0 to 255, the model's picture at the context's size.
        picture: (H, W, 3), 0 to 255, the same at its own.
        core: (H, W), where the colours are the thing's alone.
        part: How far, 0 to 1.
        window: The rows and columns that are wanted.
    """
    drawn = fill[window].astype(np.float32)
    if not core.any():
        return drawn
    own = np.float32(part) * (push_pull(picture, core.astype(np.float32)) - picture)
    drawn += cv2.resize(own, fill.shape[1::-1], interpolation=cv2.INTER_LINEAR)[window]
    return drawn


def _things(change: Floats) -> NDArray[np.bool_]:
    """Return where things are, without specks and without holes in them, (H, W)."""
    inside = (change > _OUTLINE).astype(np.uint8)
    count, labels, facts, _ = cv2.connectedComponentsWithStats(inside)
    sizes = facts[:, cv2.CC_STAT_AREA]
    if count == 1:
        return inside > 0
    least = max(_SPECK * sizes[1:].max(), _LEAST_SIZE * np.count_nonzero(change))
    kept = np.isin(labels, 1 + np.flatnonzero(sizes[1:] >= least))
    outlines, _ = cv2.findContours(kept.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(np.zeros_like(inside), outlines, -1, 1, cv2.FILLED) > 0


def _solidity(things: NDArray[np.bool_]) -> float:
    """Return how much of its convex hull the largest thing fills: streaks and rims fill little of it."""
    largest = largest_piece(things).astype(np.uint8)
    outlines, _ = cv2.findContours(largest, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = cv2.fillConvexPoly(np.zeros_like(largest), cv2.convexHull(np.vstack(outlines)), 1)
    return int(np.count_nonzero(largest)) / max(1, int(np.count_nonzero(hull)))


def _opacity(
    level: Floats,
    size: tuple[int, int],
    scale: float,
    edge: float = _EDGE,
    window: tuple[slice, slice] = (slice(None), slice(None)),
) -> Floats:
    """Return how much of the thing is seen at each place: 1 inside, 0 outside, even edges between, (h, w)."""
    enlarged = cv2.resize(level, size, interpolation=cv2.INTER_CUBIC)[window]
    enlarged = cv2.GaussianBlur(enlarged, (0, 0), max(0.5, scale / 2))
    slope = cv2.magnitude(
        cv2.Sobel(enlarged, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(enlarged, cv2.CV_32F, 0, 1, scale=1 / 8)
    )
    distance = (enlarged - _OUTLINE) / np.maximum(slope, 0.04 / scale)
    half = max(_LEAST_EDGE, edge * scale)
    return np.clip(0.5 + distance / (2 * half), 0, 1).astype(np.float32)
