"""A job's pixels as arrays, and the model's answer as a message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nigdt.context.compositing import blend, composite
from nigdt_backend.daemon.scheduler import Job
from nigdt_backend.daemon.worker import FillMessage
from nigdt_backend.protocol import Frame, finite

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nigdt.inpainter import RawFill


def job_pixels(job: Job) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Crop (h, w, 3) and selection (h, w) of a job."""
    request = job.request
    crop = np.frombuffer(request.crop, np.uint8).reshape(request.height, request.width, 3)
    return crop, np.frombuffer(request.mask, np.uint8).reshape(request.height, request.width)


def fill_message(job: Job, index: int, fill: RawFill, unknown: Sequence[str]) -> FillMessage:
    """An answer for the wire, blended if the job asks for that."""
    request = job.request
    pixels = fill.pixels
    if request.result == "composite":
        crop, selection = job_pixels(job)
        matched, weight = blend(crop, pixels, selection, request.feather)
        pixels = composite(crop, matched, weight)
    frames: list[Frame] = [np.ascontiguousarray(pixels).data.cast("B")]
    words = []
    for use in fill.attention or ():
        height, width = use.map.shape
        peak = float(use.map.max())
        shown = use.known and peak > 0
        frames.append(np.rint(use.map * (255.0 / peak)).astype(np.uint8).tobytes() if shown else b"")
        words.append(
            {
                "word": use.word,
                "known": use.known,
                "weight": finite(float(use.weight)),
                "width": width if shown else 0,
                "height": height if shown else 0,
            }
        )
    header = {
        "index": index,
        "width": request.width,
        "height": request.height,
        "variant": request.variants[index],
        "unknown_words": list(unknown),
        "words": words,
    }
    return FillMessage(header, frames)
