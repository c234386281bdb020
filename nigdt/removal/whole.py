"""The whole way of a removal: a photo and a selection in, the photo without the thing out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nigdt.context.blend import blend_weight, hole_of
from nigdt.context.box import check_selection
from nigdt.photo.photo import Photo
from nigdt.removal.engine import Quality, remove
from nigdt.removal.selection import covering, removal_box
from nigdt.removal.worker import RemovalWorker

__all__ = ["GROW", "removed"]

GROW = 3
"""Pixels by which a selection is grown unless one says otherwise."""
_OPAQUE = 128  # least alpha at which a pixel's colour is taken for the photo's


def removed(
    photo: Photo,
    selection: NDArray[np.uint8],
    *,
    grow: int = GROW,
    feather: int | None = None,
    seed: int = 0,
    variant: int = 0,
    allowed: NDArray[np.uint8] | None = None,
    quality: Quality = "final",
    worker: RemovalWorker | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Photo:
    """Remove what is selected from a photo, at the photo's own depth.

    Args:
        photo: Any that `Photo` reads.
        selection: (H, W) uint8, 255 = to be removed.
        grow: Pixels by which the selection is grown; its holes are closed.
        feather: As `Recipe.feather`.
        seed: As for `nigdt.removal.remove`, as are the next three.
        variant: Which answer.
        allowed: (H, W), above 0 where pixels may be taken from.
        quality: "soft", "preview" or "final".
        worker: Does the work in its process; None does it in this one.
        progress: Told the share that is done, 0 to 1.
        cancelled: Asked whether to stop.

    Raises:
        SelectionError: The selection is empty or does not fit the photo.
        NothingFitsError: Nothing around the selection can continue into it.
        RemovalCancelledError: `cancelled` said so.
        RemovalError: The worker's process failed.
    """
    check_selection(selection, *photo.size)
    selection = covering(selection, grow)
    box = removal_box(selection)
    crop, selected = np.ascontiguousarray(photo.rgb8[box.slices]), selection[box.slices]
    permitted = None if allowed is None else np.ascontiguousarray(allowed[box.slices])
    alpha = photo.alpha8
    if alpha is not None and (transparent := alpha[box.slices] < _OPAQUE).any():
        permitted = np.where(transparent, np.uint8(0), 255 if permitted is None else permitted)
    hole = hole_of(selected)
    if worker is None:
        filled = remove(
            crop,
            hole,
            seed=seed,
            variant=variant,
            allowed=permitted,
            quality=quality,
            progress=progress,
            cancelled=cancelled,
        )
    else:
        worker.start(crop, hole, seed=seed, variant=variant, allowed=permitted, quality=quality)
        filled = worker.result(progress, cancelled)
    return photo.paste(box, filled, blend_weight(selected, feather) / np.float32(255))
