"""From offsets at a coarse size to the fill at full size, in the photo's own pixels."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.box import selection_box
from nigdt.context.membrane import Membrane
from nigdt.removal.copying import copied, index
from nigdt.removal.focus import refocus
from nigdt.removal.layout import Layout, lab_of
from nigdt.removal.quilting import compressed, features, sharpness
from nigdt.removal.shifts import Shifts

__all__ = ["carry", "settle"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]

_FINEST = 400_000
"""Seams are moved up to the size at which the hole has this many pixels."""
_FEATHER = 0.15
"""Coarse pixels on either side of a seam over which its sides fade into each other; 1 to 4 real ones."""
_SPREAD = 8.0
"""Coarse pixels over which the step at a seam is spread."""
_SMOOTH = 2.0
"""Sigma, in coarse pixels, below which the coarse answer's colours count no more."""
_REACH = 0.06
"""Fraction of the context's longest side at which 1/e of the border's correction is left."""
_MET = 0.1
"""Fraction of a window at the border that the photo must have for the fill to be shifted towards it."""
_BAND = 0.006
"""Width, as a fraction of the context's longest side, over which the border's difference is averaged."""


def carry(
    pixels: NDArray[np.uint8],
    hole: Mask,
    allowed: Mask | None,
    layout: Layout,
    offsets: Ints,
    advance: Callable[[float], None],
    finer: bool,
) -> NDArray[np.uint8]:
    """Bring a coarse answer to full size.

    Args:
        pixels: (h, w, 3), the photo.
        hole: (h, w).
        allowed: (h, w), where patches may be taken from; None is everywhere.
        layout: The coarse answer.
        offsets: (H, W, 2), its sources, at its size, from `settle`.
        advance: Told the fraction that is done, 0 to 1; may raise to stop.
        finer: Whether to move seams at finer sizes too, which takes most of the time.

    Returns:
        (h, w, 3): the photo outside the hole, the fill inside.
    """
    sizes = _sizes(layout.hole.shape, hole) if finer else []
    plan = [lab_of(values) for values in (layout.guess, layout.pixels)]
    for number, size in enumerate(sizes):
        offsets = _settle_finer(layout, pixels, hole, allowed, plan, offsets, size)
        advance(0.7 * (number + 1) / len(sizes))
    coarse = hole.shape[1] / layout.hole.shape[1]
    feather = int(np.clip(round(coarse * _FEATHER), 1, 4))
    filled = copied(pixels, hole, offsets, _SPREAD * coarse, feather, layout.roughness)
    advance(0.85)
    _match_colours(pixels, filled, hole, layout)
    if layout.gradual:
        refocus(filled, hole, layout.roughness)
    advance(1.0)
    return filled


def settle(layout: Layout, offsets: Ints, passes: int) -> Ints:
    """Move the seams of a coarse answer to where they show least.

    Args:
        layout: The coarse answer.
        offsets: (H, W, 2), its sources, from `quilt`.
        passes: How often at most to go over the seams.

    Returns:
        (H, W, 2), the sources.
    """
    lab = lab_of(layout.pixels)
    planned, seen = features(lab_of(layout.guess), layout, 2), features(lab, layout, 2)
    planned, seen = compressed(planned, seen, layout.usable, 12)
    shifts = Shifts(offsets, layout.hole, _inside(layout.usable, 2), lab)
    shifts.settle(planned, seen, passes, far=True, sharpness=sharpness(layout), sharper=layout.short)
    return shifts.offsets()


def _settle_finer(
    layout: Layout,
    pixels: NDArray[np.uint8],
    hole: Mask,
    allowed: Mask | None,
    plan: list[Floats],
    offsets: Ints,
    size: tuple[int, int],
) -> Ints:
    """Return the offsets (h, w, 2) at a finer size (w, h), from those at a coarser one."""
    small, hidden = pixels, hole
    if size != hole.shape[::-1]:
        small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        hidden = cv2.resize(hole.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 1e-4
    usable = ~hidden
    if allowed is not None:
        usable &= cv2.resize(allowed.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    planned, seen = (cv2.resize(lab, size, interpolation=cv2.INTER_LINEAR) * np.float32(0.7) for lab in plan)
    shifts = Shifts(_enlarged(offsets, size), hidden, _inside(usable, 1), lab_of(small))
    shifts.align()
    shifts.settle(planned, seen, passes=6, sharpness=sharpness(layout, size), sharper=layout.short)
    return shifts.offsets()


def _sizes(coarse: tuple[int, ...], hole: Mask) -> list[tuple[int, int]]:
    """Return the finer sizes (w, h), each at most about twice the one before, up to `_FINEST`."""
    height, width = hole.shape
    finest = min(1.0, (_FINEST / max(1, int(hole.sum()))) ** 0.5)
    last = (round(width * finest), round(height * finest))
    ratio = last[0] / coarse[1]
    steps = max(0, round(np.log2(ratio) + 0.2)) if ratio > 1.05 else 0
    sizes = [
        (round(coarse[1] * ratio ** (i / steps)), round(coarse[0] * (last[1] / coarse[0]) ** (i / steps)))
        for i in range(1, steps)
    ]
    return [*sizes, last] if steps else []


def _enlarged(offsets: Ints, size: tuple[int, int]) -> Ints:
    """Return the offsets at a larger size (w, h), whose longer steps are rounded to whole pixels."""
    height, width = offsets.shape[:2]
    if (width, height) == size:
        return offsets
    ratio = np.array([size[1] / height, size[0] / width])
    hole = selection_box(offsets[..., 0] | offsets[..., 1])
    rows = index(np.arange(size[1]), ratio[0], height)
    columns = index(np.arange(size[0]), ratio[1], width)
    # Only the hole has offsets, and it is a small part.
    down = slice(*np.searchsorted(rows, [hole.top, hole.bottom]))
    across = slice(*np.searchsorted(columns, [hole.left, hole.right]))
    enlarged: Ints = np.zeros((size[1], size[0], 2), np.int32)
    longer = np.rint(offsets * ratio).astype(np.int32)
    enlarged[down, across] = longer[rows[down, None], columns[None, across]]
    return enlarged


def _inside(usable: Mask, margin: int) -> Mask:
    """Keep what is at least `margin` pixels away from anything unusable and from the picture's edge."""
    window = np.ones((2 * margin + 1,) * 2, np.uint8)
    return cv2.erode(usable.astype(np.uint8), window, borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0


def _match_colours(pixels: NDArray[np.uint8], filled: NDArray[np.uint8], hole: Mask, layout: Layout) -> None:
    """Give the hole, in place, the coarse answer's colours inside and the photo's at its border."""
    size = layout.hole.shape[::-1]
    height, width = hole.shape
    difference = layout.guess.astype(np.float32) - cv2.resize(filled, size, interpolation=cv2.INTER_AREA)
    weight = layout.hole.astype(np.float32)
    total = np.maximum(cv2.GaussianBlur(weight, (0, 0), _SMOOTH), 1e-3)
    difference = cv2.GaussianBlur(difference * weight[..., None], (0, 0), _SMOOTH) / total[..., None]
    rows, columns = box = selection_box(hole).slices
    x = (np.arange(columns.start, columns.stop, dtype=np.float32) + 0.5) * (size[0] / width) - 0.5
    y = (np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5) * (size[1] / height) - 0.5
    map_x, map_y = (np.asarray(place, np.float32) for place in np.meshgrid(x, y))
    corrected = np.asarray(
        cv2.remap(difference, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32
    )
    corrected += filled[box]
    _meet_border(pixels, corrected, hole, box, layout.usable)
    inside = hole[box]
    filled[box][inside] = np.clip(np.rint(corrected[inside]), 0, 255).astype(np.uint8)


def _meet_border(
    pixels: NDArray[np.uint8], corrected: Floats, hole: Mask, box: tuple[slice, slice], usable: Mask
) -> None:
    """Shift the colours inside, in place, so that they meet the photo's along the border.

    Where something else lies beside the hole, there is nothing to meet.

    Args:
        pixels: (H, W, 3), the photo.
        corrected: (h, w, 3), the fill in its box.
        hole: (H, W).
        box: Rows and columns that hold the hole.
        usable: At the layout's size, what the fill may be taken from.
    """
    height, width = hole.shape
    reach = max(2, round(_BAND * max(height, width)))
    rows = slice(max(0, box[0].start - reach), min(height, box[0].stop + reach))
    columns = slice(max(0, box[1].start - reach), min(width, box[1].stop + reach))
    inner = (
        slice(box[0].start - rows.start, box[0].stop - rows.start),
        slice(box[1].start - columns.start, box[1].stop - columns.start),
    )
    inside = hole[rows, columns]
    values = pixels[rows, columns].astype(np.float32)
    values[inner] = np.where(hole[box][..., None], corrected, values[inner])
    at = (
        index(np.arange(rows.start, rows.stop), height / usable.shape[0], usable.shape[0])[:, None],
        index(np.arange(columns.start, columns.stop), width / usable.shape[1], usable.shape[1])[None],
    )
    # A coarse pixel beside the hole is partly hidden and so not usable; those around it tell.
    alike = cv2.dilate(usable.astype(np.uint8), np.ones((3, 3), np.uint8))[at] > 0
    # Means on either side of the border, each over pixels of its own side.
    window = (2 * reach + 1, 2 * reach + 1)
    means, sums = [], []
    for side in (inside, ~inside & alike):
        weight = side.astype(np.float32)
        sums.append(cv2.blur(weight, window))
        total = np.maximum(sums[-1], 1e-3)[..., None]
        means.append(cv2.blur(values * weight[..., None], window) / total)
    edge = cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1) == 0
    border = inside & edge & (sums[1] > _MET)
    if not border.any():
        return
    y, x = np.nonzero(border)
    sheet = Membrane(y, x, inside.shape)(np.asarray((means[1] - means[0])[y, x], np.float32))
    depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3)
    sheet *= np.exp(depth / np.float32(-_REACH * max(height, width)))[..., None]
    corrected += sheet[inner]
