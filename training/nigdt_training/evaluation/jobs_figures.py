"""Figures of edited photos that need no original, and the bars that they are held to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.box import selection_box
from nigdt.colours import find_colours, nearest_basic, rgb_to_lab
from nigdt.removal.figures import measure
from nigdt_training.evaluation.jobs import PhotoJob, view
from nigdt_training.recolour.checking import detail_kept

__all__ = ["BARS", "boxed", "figures_of", "further", "met", "spilled"]

Pixels = NDArray[np.uint8]

BARS: dict[str, dict[str, tuple[float, float]]] = {
    "remove": {"energy": (0.5, 1.6), "colour": (0, 9), "repeats": (0, 1.1), "seam": (0, 1.3)},
    "recolour": {"asked": (1, 1), "detail": (0.9, 1), "spilled": (0, 3)},
    "describe": {"strange": (0, 2)},
}
"""By kind of job and figure, between what it shall lie."""

_AROUND = 0.08
"""A box around the selection leaves this fraction of its longer side free all around."""
_EDGE = 7
"""Pixels around an object that count neither to it nor to what lies beside it."""


def figures_of(job: PhotoJob, result: Pixels) -> dict[str, float]:
    """Measure a result.

    Args:
        job: What was to be done.
        result: (H, W, 3).

    Returns:
        Of a recolouring `asked`, 1 where the selection's median is nearest to the asked one of the eleven
        basic colours and else 0, and `detail`, how the fine detail of lightness correlates with the photo's.
        Of all others the figures of `nigdt.removal.figures`, and `repeats`, the repetition as a fraction of
        that of the surroundings.
    """
    if job.kind == "recolour":
        part = view(job).slices
        core = job.selection[part] > 200
        before, after = _lab(job.photo.rgb8[part]), _lab(result[part])
        colours = find_colours(job.caption)
        hit = bool(colours) and nearest_basic(np.median(after[core], 0)) == nearest_basic(
            np.array(colours[0].lab)
        )
        return {"asked": float(hit), "detail": detail_kept(before[..., 0], after[..., 0], core)}
    part = view(job).slices
    found = measure(result[part], job.selection[part])
    return {**asdict(found), "repeats": found.repetition / max(found.ring_repetition, 1e-3)}


def boxed(job: PhotoJob) -> PhotoJob:
    """Return a job whose selection is a generous box around its own."""
    inner = selection_box(job.selection)
    margin = round(_AROUND * max(inner.width, inner.height))
    selection = np.zeros_like(job.selection)
    selection[
        max(0, inner.top - margin) : inner.bottom + margin,
        max(0, inner.left - margin) : inner.right + margin,
    ] = 255
    return replace(job, selection=selection)


def spilled(job: PhotoJob, result: Pixels) -> float:
    """Return the mean change in Lab units beside the selection, in the box of `boxed` that was recoloured.

    Args:
        job: Its selection follows the object.
        result: (H, W, 3), of the boxed job.
    """
    grown = cv2.dilate((job.selection > 0).astype(np.uint8), np.ones((_EDGE, _EDGE), np.uint8)) > 0
    beside = (boxed(job).selection > 0) & ~grown
    if not beside.any():
        return 0.0
    return float(np.linalg.norm(_lab(result) - _lab(job.photo.rgb8), axis=-1)[beside].mean())


def further(found: Mapping[str, float], harmonic: Mapping[str, float]) -> float:
    """Return how much further a fill's colours are from the surroundings' than harmonic's, in Lab units."""
    return found["colour"] - harmonic["colour"]


def met(kind: str, found: Mapping[str, float]) -> dict[str, bool]:
    """Return which of the bars of a kind's figures are met; figures that were not measured are left out."""
    return {
        name: low <= round(found[name], 2) <= high
        for name, (low, high) in BARS[kind].items()
        if name in found
    }


def _lab(rgb: Pixels) -> NDArray[np.float32]:
    return np.asarray(rgb_to_lab(rgb.astype(np.float32) / np.float32(255)), np.float32)
