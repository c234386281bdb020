"""The coarse answer: the context reduced, its sources chosen, and PatchMatch's fill of it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.context.membrane import push_pull
from nigdt.errors import NigdtError
from nigdt.removal.focus import by_degrees, expected, ring_of, roughness_of, same_material, scarce
from nigdt.removal.light import calm, evenly_lit, unbroken
from nigdt.removal.lines import across, running
from nigdt.removal.sources import choose_sources, spots_of

__all__ = ["Layout", "NothingFitsError", "Variation", "lab_of", "lay_out"]

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

PATCH_RADIUS = 3
"""PatchMatch compares patches of 7 x 7 coarse pixels."""
_SIDES = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}
_LEAST_SIDE = 20
_LEAST_SOURCES = 0.15
"""Sources must make up this fraction of the hole's area, ..."""
_COVERED = 0.75
"""One side alone serves where it has the materials of this fraction of the hole's ring."""
_FEWEST = 150
"""... and be at least so many coarse pixels whose whole patch is visible."""
_NEAR = 16
"""Coarse pixels from each part of the hole to the nearest source, beyond which PatchMatch leaves it black."""
_HEIGHT, _GUIDE = 25.0, 0.1
"""What the picture's longest side counts as where sources at the same height are preferred, and how much that
weighs against the colours, ..."""
_ACROSS, _STRICT = 60.0, 0.15
"""... and the same across the direction in which the surroundings run. More of it took bands of another
shade into skies."""


class NothingFitsError(NigdtError):
    """Nothing in the surroundings can continue into the hole: use a model's fill and say so."""


@dataclass(frozen=True)
class Variation:
    """What distinguishes one answer from another.

    Attributes:
        seed: Of PatchMatch and of the choice among like sources.
        level: Whether sources at the same height are preferred, as in most photos of landscapes and rooms.
        side: "up", "down", "left" or "right": take only from there; "" takes from everywhere.
        temper: How freely like sources are chosen among, 0 is strictly the best.
    """

    seed: int = 0
    level: bool = True
    side: str = ""
    temper: float = 0.0


@dataclass(frozen=True)
class Layout:
    """The reduced context and its coarse fill.

    Attributes:
        pixels: (h, w, 3) uint8, the reduced photo, the hole's pixels included.
        hole: (h, w), wherever any hidden pixel went into the reduced one.
        usable: (h, w), where patches may be taken from.
        roughness: (h, w), log of the finest detail's strength, continued into the hole.
        guess: (h, w, 3) uint8, PatchMatch's answer; what may not serve is smoothed over.
        height: (h, w), on which line of the surroundings' direction each pixel lies (`lines.across`): its
            height, where they run level or in no direction.
        directed: Whether they run in a direction.
        gradual: Whether their sharpness changes by degrees; `roughness` is then what is expected in the hole.
        short: Whether it does and sources at the hole's heights are scarce.
    """

    pixels: NDArray[np.uint8]
    hole: Mask
    usable: Mask
    roughness: Floats
    guess: NDArray[np.uint8]
    height: Floats
    directed: bool
    gradual: bool
    short: bool


def lab_of(pixels: NDArray[np.uint8] | Floats) -> Floats:
    """Convert RGB in 0 to 255 to CIE Lab, (h, w, 3) float32."""
    return np.asarray(cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2Lab), np.float32)


def lay_out(
    pixels: NDArray[np.uint8], hole: Mask, allowed: Mask | None, side: float, variation: Variation
) -> Layout:
    """Fill the hole coarsely.

    Args:
        pixels: (h, w, 3).
        hole: (h, w).
        allowed: (h, w), where patches may be taken from; None is everywhere.
        side: The root of the hole's area, in coarse pixels, that is worked at.
        variation: Which of the possible answers.

    Raises:
        NothingFitsError: There are too few sources.
    """
    height, width = hole.shape
    scale = min(1.0, side / float(np.sqrt(hole.sum())))
    size = (max(_LEAST_SIDE, round(width * scale)), max(_LEAST_SIDE, round(height * scale)))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    hidden = cv2.resize(hole.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 1e-4
    roughness = roughness_of(pixels, hole, size)
    usable = ~hidden
    if allowed is not None:
        usable &= cv2.resize(allowed.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.999
    lab = lab_of(small)
    sources = choose_sources(lab, roughness, hidden, usable)
    direction = running(lab, hidden, usable)
    lines = across(hidden.shape, direction or 0.0)
    ring = ring_of(hidden, usable)
    light = direction is None and unbroken(lab, roughness, hidden, usable, ring)
    gradual = direction is None and by_degrees(roughness, ring)
    gradual = gradual and (light or same_material(lab, roughness, ring))
    fitting = sources.fitting
    short = gradual and scarce(hidden, fitting)
    light = light and not gradual
    if light and _enough(smooth := calm(roughness, fitting, ring), hidden):
        fitting = smooth
    if short:
        fitting = fitting & ~_finer_spots(pixels, hole, fitting)
    if variation.side:
        aside = fitting & _on_side(hidden, _SIDES[variation.side])
        if _enough(aside, hidden) and _reach(aside, hidden) and sources.cover_ring(aside) >= _COVERED:
            fitting = aside
    if not _enough(fitting, hidden):
        raise NothingFitsError(
            "Nothing around the selection can continue into it.",
            "Select less, or describe what is to be seen there.",
        )
    if gradual:
        roughness = np.where(hidden, expected(roughness, fitting, level=not short), roughness)
    guide: tuple[Floats, float] | None = None
    if direction is not None or short:
        guide = lines * np.float32(_ACROSS), _STRICT
    elif variation.level:
        guide = lines * np.float32(_HEIGHT), _GUIDE
    guess = _patchmatch(small, hidden, fitting, variation.seed, guide)
    # Neighbours that may not serve must not be what a plan is compared by either.
    fair = (fitting | hidden).astype(np.float32)
    guess = np.rint(push_pull(guess.astype(np.float32), fair)).astype(np.uint8)
    if light:
        guess = evenly_lit(guess, hidden, fitting)
    return Layout(small, hidden, fitting, roughness, guess, lines, direction is not None, gradual, short)


def _finer_spots(pixels: NDArray[np.uint8], hole: Mask, fitting: Mask) -> Mask:
    """Return the sources that hold a speck. Few lie at one height, so it would be copied often."""
    height, width = fitting.shape
    size = (min(pixels.shape[1], 2 * width), min(pixels.shape[0], 2 * height))
    twice = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    sources, hidden = (
        cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        for mask in (fitting, hole)
    )
    found = spots_of(lab_of(twice), sources, hidden, local=True).astype(np.float32)
    return cv2.resize(found, (width, height), interpolation=cv2.INTER_AREA) > 0


def _patchmatch(
    small: NDArray[np.uint8], hidden: Mask, fitting: Mask, seed: int, guide: tuple[Floats, float] | None
) -> NDArray[np.uint8]:
    try:
        import patchmatch
    except ImportError as error:
        raise NigdtError(
            "PyPatchMatch is not installed.", "Install it with: pip install 'nigdt[model]'."
        ) from error
    if not patchmatch.patchmatch_available:
        raise NigdtError("PyPatchMatch's library cannot be loaded.", "Install PyPatchMatch again.")
    patchmatch.set_random_seed(seed)
    hole, others = hidden.astype(np.uint8), (~hidden & ~fitting).astype(np.uint8)
    if not _reach(fitting, hidden):  # what lies between is made anew too
        hole, others = hole | others, np.zeros_like(others)
    if guide is None:
        return patchmatch.inpaint(small, hole, global_mask=others, patch_size=PATCH_RADIUS)
    place = np.zeros((*hole.shape, 3), np.float32)
    place[..., 1], weight = guide
    return patchmatch.inpaint_regularity(
        small, hole, place, global_mask=others, patch_size=PATCH_RADIUS, guide_weight=weight
    )


def _enough(sources: Mask, hidden: Mask) -> bool:
    window = np.ones((2 * PATCH_RADIUS + 1,) * 2, np.uint8)
    whole = cv2.erode(sources.astype(np.uint8), window, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return int(whole.sum()) >= max(_FEWEST, _LEAST_SOURCES * float(hidden.sum()))


def _reach(sources: Mask, hidden: Mask) -> bool:
    """Return whether there are sources near each connected part of the hole."""
    count, part = cv2.connectedComponents(hidden.astype(np.uint8))
    far = cv2.distanceTransform((~sources).astype(np.uint8), cv2.DIST_L2, 5) > _NEAR
    return len(np.unique(part[hidden & ~far])) == count - 1


def _on_side(hidden: Mask, direction: tuple[int, int]) -> Mask:
    """Return the half of the picture that lies in a direction from the hole's middle."""
    rows, columns = np.nonzero(hidden)
    height, width = hidden.shape
    y = np.arange(height)[:, None] - rows.mean()
    x = np.arange(width)[None] - columns.mean()
    return np.broadcast_to(direction[0] * y + direction[1] * x > 0, hidden.shape)
