"""Figures that tell whether a filled hole looks like what surrounds it. They need no original picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.context.membrane import push_pull

__all__ = ["Figures", "measure"]

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_WORKING = 512
"""Longest side at which repetition is looked for."""
_RING = 0.25
"""Width of the ring as a fraction of the root of the hole's area."""
_FINE = 2.0
"""A texture is what is left of the luma minus its blur of this many times the smallest looked-at detail."""


@dataclass(frozen=True)
class Figures:
    """How a filled hole compares with its surroundings.

    Attributes:
        energy: Mean squared gradient in the hole, divided by that of the surroundings continued into the
            hole; 1 is best, below it the fill is too plain, above too rough.
        colour: Mean distance in CIE Lab of the blurred fill from the surroundings' colour continued into the
            hole; 0 is what a smooth continuation gives.
        repetition: Highest autocorrelation of the hole's texture at another place than 0, -1 to 1.
        ring_repetition: The same of the surroundings' texture.
        seam: Mean gradient across the hole's border, divided by that beside it; about 1 without a seam.
    """

    energy: float
    colour: float
    repetition: float
    ring_repetition: float
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
    return Figures(
        energy=_energy(lab[..., 0], inside, ring, depth, away, sigma),
        colour=_colour(lab, inside, ring, sigma),
        repetition=_repetition(lab[..., 0], inside, extent),
        ring_repetition=_repetition(lab[..., 0], ring, extent),
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


def _continued(values: Floats, known: Mask, sigma: float) -> Floats:
    """Blur values (h, w, c) in the known part, and continue them smoothly over everything else."""
    weight = known.astype(np.float32)
    total = cv2.GaussianBlur(weight, (0, 0), sigma)[..., None]
    blurred = cv2.GaussianBlur(values * weight[..., None], (0, 0), sigma).reshape(values.shape)
    blurred = np.where(known[..., None], blurred / np.maximum(total, 1e-3), 0).astype(np.float32)
    return push_pull(np.asarray(blurred, np.float32), weight)


def _repetition(luma: Floats, part: Mask, extent: float) -> float:
    """Return the highest normalised autocorrelation of the part's texture beyond its main lobe."""
    scale = min(1.0, _WORKING / max(luma.shape))
    size = (max(1, round(luma.shape[1] * scale)), max(1, round(luma.shape[0] * scale)))
    grey = cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
    fraction = cv2.resize(part.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    weight = (fraction > 0.999).astype(np.float32)
    if weight.sum() < 64:
        return 0.0
    sigma = max(_FINE, extent * scale / 24)
    mean = cv2.GaussianBlur(grey * weight, (0, 0), sigma) / np.maximum(
        cv2.GaussianBlur(weight, (0, 0), sigma), 1e-3
    )
    texture = (grey - mean) * weight
    shape = [cv2.getOptimalDFTSize(2 * side) for side in grey.shape]
    spectrum, seen = np.fft.rfft2(texture, shape), np.fft.rfft2(weight, shape)
    squares = np.fft.rfft2(texture**2, shape)
    product = np.fft.irfft2(spectrum * spectrum.conj(), shape)
    overlap = np.fft.irfft2(seen * seen.conj(), shape)
    first = np.fft.irfft2(squares * seen.conj(), shape)
    second = np.fft.irfft2(seen * squares.conj(), shape)
    correlation = product / np.sqrt(np.maximum(first * second, 1e-3))
    lag_y, lag_x = np.fft.fftfreq(shape[0], 1 / shape[0]), np.fft.fftfreq(shape[1], 1 / shape[1])
    far = np.hypot(lag_y[:, None], lag_x[None]) > 3 * sigma
    # A smaller overlap correlates by chance.
    usable = far & (overlap > 0.25 * weight.sum())
    return float(correlation[usable].max()) if usable.any() else 0.0


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
