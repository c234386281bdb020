"""Remove what is selected and continue the surroundings into its place; no words, no model."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.box import selection_box
from nigdt.context.membrane import push_pull
from nigdt.errors import NigdtError, SelectionError
from nigdt.limits import removal_extent
from nigdt.removal.carrying import carry, settle
from nigdt.removal.layout import NothingFitsError, Variation, lay_out
from nigdt.removal.quilting import quilt

__all__ = ["Quality", "RemovalCancelledError", "remove", "variation"]

Quality = Literal["soft", "preview", "final"]
Mask = NDArray[np.bool_]

_SMALL = 150_000
"""A hole of so many pixels, a brush's stroke, is finished nearly as soon as its preview would be."""
_SIDE, _NARROW_SIDE, _PASSES = 80.0, 60.0, 10
"""Root of the hole's area, in pixels, at which it is laid out, the same of a small and narrow one, and passes
over its seams there; the same for previews, so that they show what comes."""
_AROUND = 1.25
"""How far around the hole to look for sources, as a fraction of its extent (`removal_extent`), ..."""
_LEAST_AROUND = 48
"""... and at least so many pixels."""
_SOFT = 128
"""Longest side at which the soft preview is made."""

# PyPatchMatch keeps its seed in a global of its own.
_one_at_a_time = threading.Lock()


class RemovalCancelledError(NigdtError):
    """The removal was stopped on request."""


def variation(number: int, seed: int = 0) -> Variation:
    """Return the recipe of a variant.

    Args:
        number: 0 is the best guess. The next take their sources from one side of the hole only, then come
            other draws among like sources.
        seed: 0 or more; another seed gives other answers.

    Raises:
        ValueError: A number is negative.
    """
    if number < 0 or seed < 0:
        raise ValueError(f"The variant {number} or the seed {seed} is negative.")
    own = seed * 1009 + number
    return (
        Variation(own, level=False),
        Variation(own),
        Variation(own, level=False, side="right"),
        Variation(own, level=False, side="left"),
        Variation(own, level=False, temper=0.4),
        Variation(own, side="right", temper=0.3),
        Variation(own, side="left", temper=0.3),
        Variation(own, temper=0.4),
    )[number % 8]


def remove(
    crop: NDArray[np.uint8],
    hole: NDArray[np.uint8],
    *,
    seed: int = 0,
    variant: int = 0,
    allowed: NDArray[np.uint8] | None = None,
    quality: Quality = "final",
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    previewed: Callable[[NDArray[np.uint8]], None] | None = None,
) -> NDArray[np.uint8]:
    """Fill a hole with its surroundings. The same arguments give the same bytes.

    Args:
        crop: (h, w, 3) RGB, a part of the photo around the hole, or all of it. It must not reach beyond the
            photo: mirrored surroundings would be taken for real ones.
        hole: (h, w), above 0 where pixels are made; what the crop shows there is not looked at.
        seed: 0 or more; another seed gives other answers.
        variant: Which answer, see `variation`.
        allowed: (h, w), above 0 where pixels may be taken from; None leaves the choice to the engine, which
            keeps to materials that lie around the hole.
        quality: "soft" is a smooth continuation (at once), "preview" shows what "final" will be, with seams
            that show at 100 %.
        progress: Told the fraction that is done, 0 to 1.
        cancelled: Asked between steps whether to stop. A step takes a second or two; `RemovalWorker` can be
            stopped at any time.
        previewed: On the way to a final answer shown the soft one and then, of a large hole, the preview,
            both as returned.

    Returns:
        (h, w, 3): the crop's own bytes outside the hole, the fill inside.

    Raises:
        SelectionError: The hole is empty, leaves nothing, or does not fit the crop.
        NothingFitsError: Nothing around the hole can continue into it.
        RemovalCancelledError: `cancelled` said so.
        NigdtError: PyPatchMatch is not there.
    """
    _check(crop, hole, allowed)
    recipe = variation(variant, seed)

    def advance(fraction: float) -> None:
        if cancelled is not None and cancelled():
            raise RemovalCancelledError("The removal was stopped.")
        if progress is not None:
            progress(fraction)

    def whole(filled: NDArray[np.uint8]) -> NDArray[np.uint8]:
        result = crop.copy()
        result[near] = filled
        return result

    def show(filled: NDArray[np.uint8]) -> None:
        if previewed is not None:
            previewed(whole(filled))

    advance(0.0)
    inside = hole > 0
    near = _surroundings(inside)
    pixels, wanted = np.ascontiguousarray(crop[near]), np.ascontiguousarray(inside[near])
    permitted = None if allowed is None else np.ascontiguousarray(allowed[near] > 0)
    # From here on nothing can see what the hole hides, not even by blurring across its border.
    filled = _soft(pixels, wanted)
    if quality != "soft":
        final = quality == "final"
        if final:
            show(filled)
        watched = show if final and previewed is not None else None
        filled = _textured(filled, wanted, permitted, recipe, final, advance, watched)
    result = whole(filled)
    advance(1.0)
    return result


def _textured(
    pixels: NDArray[np.uint8],
    wanted: NDArray[np.bool_],
    permitted: NDArray[np.bool_] | None,
    recipe: Variation,
    final: bool,
    advance: Callable[[float], None],
    show: Callable[[NDArray[np.uint8]], None] | None,
) -> NDArray[np.uint8]:
    """Return the soft answer with the texture of its surroundings, shown once on the way to it."""
    area, box = int(np.count_nonzero(wanted)), selection_box(wanted)
    longest, small = max(box.width, box.height), area <= _SMALL
    narrow = small and removal_extent(longest, area) < longest
    with _one_at_a_time:
        layout = lay_out(pixels, wanted, permitted, _NARROW_SIDE if narrow else _SIDE, recipe)
    advance(0.4)
    offsets = quilt(layout, recipe)
    advance(0.5)
    offsets = settle(layout, offsets, _PASSES)
    advance(0.6)

    def carried(finer: bool, told: Callable[[float], None]) -> NDArray[np.uint8]:
        return carry(pixels, wanted, permitted, layout, offsets, told, finer)

    if show is not None and not small:
        show(carried(False, lambda _: advance(0.6)))
    return carried(final, lambda fraction: advance(0.6 + 0.4 * fraction))


def _check(crop: NDArray[np.uint8], hole: NDArray[np.uint8], allowed: NDArray[np.uint8] | None) -> None:
    if crop.ndim != 3 or crop.shape[2] != 3 or crop.dtype != np.uint8:
        raise SelectionError(f"The context is {crop.dtype} of shape {crop.shape}, not 8-bit RGB.")
    for name, mask in (("hole", hole), ("allowed part", allowed)):
        if mask is not None and mask.shape != crop.shape[:2]:
            raise SelectionError(f"The {name} is of shape {mask.shape}, the context of {crop.shape[:2]}.")
    if not (hole > 0).any():
        raise SelectionError("Nothing is selected.", "Select what is to be removed.")
    if (hole > 0).all():
        raise NothingFitsError("The selection leaves nothing of the photo.", "Select less.")


def _surroundings(inside: Mask) -> tuple[slice, slice]:
    """Return the part of the crop that is worked on: the hole and what lies around it."""
    box = selection_box(inside)
    extent = removal_extent(max(box.width, box.height), int(np.count_nonzero(inside)))
    margin = max(_LEAST_AROUND, round(_AROUND * extent))
    return box.grown(margin, inside.shape[1], inside.shape[0]).slices


def _soft(pixels: NDArray[np.uint8], inside: Mask) -> NDArray[np.uint8]:
    """Return the surroundings' colours continued smoothly."""
    height, width = inside.shape
    scale = min(1.0, _SOFT / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    seen = cv2.resize((~inside).astype(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA)
    sheet = push_pull(small, (seen == 255).astype(np.float32))
    enlarged = cv2.resize(np.rint(sheet).astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(inside[..., None], enlarged, pixels)
