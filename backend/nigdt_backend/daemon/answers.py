"""A job's pixels as arrays, and the model's answer as a message."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from nigdt.context import Box, Context
from nigdt.context.context import prepared
from nigdt.limits import GROW_MAX
from nigdt.notices import PART_LEFT
from nigdt.removal import remainder
from nigdt_backend.daemon.scheduler import Job
from nigdt_backend.daemon.worker import FillMessage
from nigdt_backend.protocol import Frame, finite

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nigdt.answers import RawFill
    from nigdt.bundle.bundle import BundleInfo


def job_pixels(job: Job) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Crop (h, w, 3 or 4) and mask (h, w) of a job, as they came."""
    request = job.request
    crop = np.frombuffer(request.crop, np.uint8).reshape(request.height, request.width, request.channels)
    return crop, np.frombuffer(request.mask, np.uint8).reshape(request.height, request.width)


def placed_context(job: Job) -> Context | None:
    """Return the context of a job whose answers the daemon places; None where the client does."""
    if job.request.result != "placed":
        return None
    crop, selection = job_pixels(job)
    alpha = crop[..., 3] if job.request.channels == 4 else None
    whole = Box(0, 0, job.request.width, job.request.height)
    recipe = job.request.recipe
    mode, exact = recipe.effective_mode, recipe.grow == 0
    return Context.within(whole, crop[..., :3], prepared(selection, recipe), alpha, mode, exact=exact)


def growth_notice(job: Job, crop: NDArray[np.uint8], hole: NDArray[np.uint8]) -> str | None:
    """Notice that a removal leaves out a part of the thing, and by how much its selection should grow.

    Only for clients without NumPy, which cannot look themselves; None where there is nothing to say.

    Args:
        job: The removal.
        crop: (h, w, 3) uint8, the context.
        hole: (h, w) uint8, what was filled.
    """
    if job.request.result != "placed" or job.request.recipe.effective_mode != "remove":
        return None
    found = remainder(crop, hole)
    if found is None:
        return None
    away = cv2.distanceTransform((hole == 0).astype(np.uint8), cv2.DIST_L2, 3)
    further = math.ceil(float(away[found.selection > 127].max()))
    pixels = job.request.recipe.grown + further
    # Far away it is a part that should be selected by hand: growing would take in much besides.
    if pixels > GROW_MAX or further > float(np.count_nonzero(hole)) ** 0.5 / 2:
        return None
    return PART_LEFT.format(pixels)


def fill_message(
    job: Job, index: int, fill: RawFill, unknown: Sequence[str], bundle: BundleInfo
) -> FillMessage:
    """Encode an answer for the wire, placed if the job asks for that.

    Args:
        job: What asked for it.
        index: Which of the job's variants it is.
        fill: The model's answer.
        unknown: Words of the caption that the model does not know.
        bundle: What drew it.
    """
    asked = job.request.recipe.with_variant(fill.variant)
    recipe = replace(asked, bundle=bundle.name, digest=bundle.digest)
    context = placed_context(job)
    maps = fill.maps if context is None else None
    pictures = [fill.pixels] if context is None else list(context.place(fill.pixels, recipe, fill.maps))
    frames: list[Frame] = [np.ascontiguousarray(picture).data.cast("B") for picture in pictures]
    if maps is not None:
        frames.append(np.ascontiguousarray(maps, "<f4").data.cast("B"))
    words: list[dict[str, Any]] = []
    for use in fill.attention or ():
        _add_word(words, frames, use.word, use.known, use.weight, use.map)
    without_size = [0, 0]
    if fill.effects:
        total = sum(effect.change for effect in fill.effects) or 1.0
        for effect in fill.effects:
            _add_word(words, frames, effect.word, effect.known, effect.change / total, effect.map)
            words[-1]["change"] = finite(effect.change)
        without_size = list(fill.effects[0].without.shape[1::-1])
        frames += [np.ascontiguousarray(effect.without).data.cast("B") for effect in fill.effects]
    header = {
        "index": index,
        "width": job.request.width,
        "height": job.request.height,
        "placed": context is not None,
        "map_size": [0, 0] if maps is None else list(maps.shape[:2]),
        "recipe": recipe.to_dict(),
        "unknown_words": list(unknown),
        "without_size": without_size,
        "words": words,
    }
    return FillMessage(header, frames)


def object_message(job: Job, sure: NDArray[np.uint8]) -> FillMessage:
    """Encode for the wire where the object is that was clicked: as the weight of a fill that changes nothing.

    Args:
        job: What asked for it.
        sure: (h, w), 255 where the model is sure of it.
    """
    crop, _ = job_pixels(job)
    header = {
        "index": job.made,
        "width": job.request.width,
        "height": job.request.height,
        "placed": True,
        "map_size": [0, 0],
        "recipe": job.request.recipe.to_dict(),
        "unknown_words": [],
        "without_size": [0, 0],
        "words": [],
    }
    return FillMessage(header, [np.ascontiguousarray(picture).data.cast("B") for picture in (crop, sure)])


def _add_word(
    words: list[dict[str, Any]],
    frames: list[Frame],
    word: str,
    known: bool,
    weight: float,
    cells: NDArray[np.float32],
) -> None:
    """Add one word's object and its map, 255 = its strongest cell, to a message."""
    height, width = cells.shape
    peak = float(cells.max())
    shown = known and peak > 0
    frames.append(np.rint(cells * (255.0 / peak)).astype(np.uint8).tobytes() if shown else b"")
    words.append(
        {
            "word": word,
            "known": known,
            "weight": finite(float(weight)),
            "width": width if shown else 0,
            "height": height if shown else 0,
        }
    )
