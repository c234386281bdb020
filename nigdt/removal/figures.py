"""Figures that tell whether a filled hole looks like what surrounds it. They need no original picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.context.membrane import push_pull

__all__ = ["Figures", "measure"]

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_WORKING = 80.0
"""Root of the hole's area, in pixels, at which repetition is looked for; ..."""
_PIECE = 0.12
"""... side of the pieces that are compared, as a fraction of it, ..."""
_ASKED = 200
"""... for how many another one is sought, ..."""
_FEWEST = 16
"""... and of how many at least."""
_OFTEN = 95
"""Percentile of the pieces' correlations: copies are few among many."""
_GRAIN = 0.5
"""Lab units of contrast that are taken for rounding."""
_COLOUR_GRAIN, _COLOURS = 1.5, 4000
"""Sigma, in pixels, of the blur that takes the grain out of colours that are compared one by one, and about
how many of them."""
_RING = 0.25
"""Width of the ring as a fraction of the root of the hole's area."""


@dataclass(frozen=True)
class Figures:
    """How a filled hole compares with its surroundings.

    Attributes:
        energy: Mean squared gradient in the hole, divided by that of the surroundings continued into the
            hole; 1 is best, below it the fill is too plain, above too rough.
        colour: Mean distance in CIE Lab of the blurred fill from the surroundings' colour continued into the
            hole; 0 is what a smooth continuation gives.
        repetition: Correlation of a piece of the hole with the one that is most like it elsewhere in the
            hole, 95th percentile over pieces, -1 to 1; 1 is a copy.
        ring_repetition: The same of the surroundings, with as many pieces to choose from.
        strange: Mean distance in CIE Lab of the fill's colours, without grain, from the nearest one that the
            ring has; 0 where all of them are seen there too.
        seam: Mean gradient across the hole's border, divided by that beside it; about 1 without a seam.
    """

    energy: float
    colour: float
    repetition: float
    ring_repetition: float
    strange: float
    seam: float

    @property
    def repeats(self) -> float:
        """How much more the hole repeats itself than its surroundings; 0.1 is a tenth of the full scale."""
        return self.repetition - self.ring_repetition


def measure(pixels: NDArray[np.uint8], hole: NDArray[np.uint8] | Mask) -> Figures:
    """Compare a filled hole with its surroundings.

    Args:
        pixels: (h, w, 3) RGB, filled.
        hole: (h, w), above 0 where it was filled; neither empty nor everything.

    Returns:
        The figures.

    Raises:
        ValueError: The hole is empty or leaves no surroundings.
    """
    inside = np.asarray(hole, np.uint8) > 0
    if not inside.any() or inside.all():
        raise ValueError("The hole must be neither empty nor the whole picture.")
    lab = np.asarray(cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2Lab), np.float32)
    depth, away = (
        np.asarray(cv2.distanceTransform(part.astype(np.uint8), cv2.DIST_L2, 5), np.float32)
        for part in (inside, ~inside)
    )
    extent = float(np.sqrt(inside.sum()))
    ring = ~inside & (away <= max(8.0, _RING * extent))
    sigma = float(np.clip(extent / 24, 1.5, 24))
    repetition = _repetition(lab[..., 0], (inside, ring), extent)
    return Figures(
        energy=_energy(lab[..., 0], inside, ring, depth, away, sigma),
        colour=_colour(lab, inside, ring, sigma),
        repetition=repetition[0],
        ring_repetition=repetition[1],
        strange=_strange(lab, inside, ring & (away > 2)),
        seam=_seam(lab[..., 0], depth - away),
    )


def _energy(luma: Floats, inside: Mask, ring: Mask, depth: Floats, away: Floats, sigma: float) -> float:
    down, right = np.gradient(luma)
    energy = np.asarray(down**2 + right**2, np.float32)
    # The pixels beside the border mix both sides' values.
    expected = _continued(energy[..., None], ring & (away > 2), sigma)[..., 0]
    within = inside & (depth > 2) if (depth > 2).any() else inside
    return float(energy[within].mean() / max(float(expected[within].mean()), 1e-3))


def _colour(lab: Floats, inside: Mask, ring: Mask, sigma: float) -> float:
    weight = inside.astype(np.float32)
    total = np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-3)[..., None]
    seen = cv2.GaussianBlur(lab * weight[..., None], (0, 0), sigma) / total
    distance = np.linalg.norm(seen - _continued(lab, ring, sigma), axis=2)
    return float(distance[inside].mean())


def _strange(lab: Floats, inside: Mask, ring: Mask) -> float:
    blurred = np.asarray(cv2.GaussianBlur(lab, (0, 0), _COLOUR_GRAIN), np.float32)
    seen, asked = blurred[ring], blurred[inside]
    seen, asked = seen[:: 1 + len(seen) // _COLOURS], asked[:: 1 + len(asked) // _COLOURS]
    if not len(seen):
        return 0.0
    squared = (asked**2).sum(1)[:, None] - 2 * asked @ seen.T + (seen**2).sum(1)[None]
    return float(np.sqrt(np.maximum(squared.min(1), 0)).mean())


def _continued(values: Floats, known: Mask, sigma: float) -> Floats:
    """Blur values (h, w, c) in the known part, and continue them smoothly over everything else."""
    weight = known.astype(np.float32)
    total = cv2.GaussianBlur(weight, (0, 0), sigma)[..., None]
    blurred = cv2.GaussianBlur(values * weight[..., None], (0, 0), sigma).reshape(values.shape)
    blurred = np.where(known[..., None], blurred / np.maximum(total, 1e-3), 0).astype(np.float32)
    return push_pull(np.asarray(blurred, np.float32), weight)


def _repetition(luma: Floats, parts: Sequence[Mask], extent: float) -> list[float]:
    """Return for each part how like another of its pieces a piece is, of those that are most so.

    The highest autocorrelation of the whole part is no measure: its maximum by chance depends on the part's
    shape, and a piece that is there twice hardly raises it. So pieces are compared one by one, and each part
    has the same number of them to choose from.
    """
    scale = min(1.0, _WORKING / extent)
    size = (max(1, round(luma.shape[1] * scale)), max(1, round(luma.shape[0] * scale)))
    grey = np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.float32)
    side = max(5, round(_PIECE * extent * scale) | 1)
    found = []
    for part in parts:
        fraction = cv2.resize(part.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        weight = (fraction > 0.999).astype(np.float32)
        blurred = cv2.GaussianBlur(grey * weight, (0, 0), side / 2)
        texture = grey - blurred / np.maximum(cv2.GaussianBlur(weight, (0, 0), side / 2), 1e-3)
        window = np.ones((side, side), np.uint8)
        whole = cv2.erode(weight, window, borderType=cv2.BORDER_CONSTANT, borderValue=0)
        found.append((np.asarray(texture * weight, np.float32), np.argwhere(whole > 0)))
    fewest = min(len(places) for _, places in found)
    if fewest < _FEWEST:
        return [0.0] * len(found)
    return [_likeness(texture, places, fewest, side) for texture, places in found]


def _likeness(texture: Floats, places: NDArray[np.intp], number: int, side: int) -> float:
    """Return a high percentile of each piece's highest correlation with one that it does not overlap.

    Args:
        texture: (h, w).
        places: (n, 2), row and column of the pieces' middles.
        number: So many of them are compared.
        side: Of a piece, odd.
    """
    places = places[np.random.default_rng(0).permutation(len(places))[:number]]
    corner = places - side // 2
    windows = np.lib.stride_tricks.sliding_window_view(texture, (side, side))
    pieces = windows[corner[:, 0], corner[:, 1]].reshape(number, -1)
    pieces = pieces - pieces.mean(1, keepdims=True)
    # What is plain is like everything plain, up to rounding: no repetition.
    pieces /= np.sqrt((pieces**2).sum(1, keepdims=True) + np.float32(_GRAIN**2 * side**2))
    asked, some = pieces[:_ASKED], places[:_ASKED]
    correlation = asked @ pieces.T
    correlation[np.abs(some[:, None] - places[None]).max(2) < side] = -1
    return float(np.percentile(correlation.max(1), _OFTEN))


def _seam(luma: Floats, signed: Floats) -> float:
    normal_y, normal_x = np.gradient(cv2.GaussianBlur(signed, (0, 0), 2))
    length = np.maximum(np.hypot(normal_y, normal_x), 1e-6)
    down, right = np.gradient(luma)
    across = np.abs(down * normal_y + right * normal_x) / length
    distance = np.abs(signed)
    beside = across[(distance > 5) & (distance < 14)]
    border = across[distance <= 1.5]
    if not border.size or not beside.size:
        return 1.0
    return float(border.mean() / max(float(beside.mean()), 0.05))
