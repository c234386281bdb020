"""Figures of one fill. All pictures are (H, W, 3) uint8 RGB composites, all values on the scale 0..255."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from skimage.metrics import structural_similarity

from nigdt_training.data.recolour import COLOURS, bytes_to_lab, nearest_colour


def composite(photo: np.ndarray, fill: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Return M * I + (1 - M) * I_g: the fill in the hole, the photo's exact pixels elsewhere.

    Args:
        photo: (H, W, 3) uint8.
        fill: (H, W, 3) uint8.
        hole: (H, W) bool.
    """
    return np.where(hole[..., None], fill, photo)


def l1(original: np.ndarray, output: np.ndarray) -> float:
    """Return the mean absolute difference over pixels and channels."""
    return float(np.abs(original.astype(np.float64) - output).mean())


def psnr(original: np.ndarray, output: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio, 20 log10(255 / rmse), in dB; infinite for equal pictures."""
    mean_square = np.square(original.astype(np.float64) - output).mean()
    return float("inf") if mean_square == 0 else float(20 * np.log10(255 / np.sqrt(mean_square)))


def total_variation(output: np.ndarray) -> float:
    """Return the mean over pixels and channels of sqrt(dx^2 + dy^2), differences circular."""
    values = output.astype(np.float64)
    across = np.roll(values, -1, axis=1) - values
    down = np.roll(values, -1, axis=0) - values
    return float(np.sqrt(across**2 + down**2).mean())


def psnr_in_hole(original: np.ndarray, output: np.ndarray, hole: np.ndarray) -> float:
    """Return the PSNR over the hole's pixels alone, in dB; `hole` is (H, W) bool and not empty."""
    return psnr(original[hole], output[hole])


def ssim_in_hole(original: np.ndarray, output: np.ndarray, hole: np.ndarray) -> float:
    """Return the mean of SSIM's map over the hole's pixels; their windows reach 3 pixels beyond it."""
    _, whole = structural_similarity(original, output, channel_axis=-1, data_range=255, full=True)
    return float(whole[hole].mean())


def ssim(original: np.ndarray, output: np.ndarray) -> float:
    """Return the SSIM: 7 x 7 uniform window, sample covariance, K 0.01 / 0.03, channels averaged."""
    return float(structural_similarity(original, output, channel_axis=-1, data_range=255))


def gradient_in_hole(picture: np.ndarray, hole: np.ndarray) -> float:
    """Return the mean gradient magnitude (forward differences, channels averaged) strictly inside the hole.

    A pixel counts when its right and lower neighbours lie in the hole too, so that the seam adds nothing. The
    ratio of a fill's to the original's says how much of the detail is there: near 0 is blur.

    Args:
        picture: (H, W, 3) uint8.
        hole: (H, W) bool.

    Returns:
        The mean, 0..361; NaN when the hole has no inside.
    """
    values = picture.astype(np.float64)
    across = values[:-1, 1:] - values[:-1, :-1]
    down = values[1:, :-1] - values[:-1, :-1]
    inside = hole[:-1, :-1] & hole[:-1, 1:] & hole[1:, :-1]
    if not inside.any():
        return float("nan")
    return float(np.sqrt(across**2 + down**2).mean(-1)[inside].mean())


def diversity(outputs: Sequence[np.ndarray], hole: np.ndarray) -> float:
    """Return the mean absolute difference in the hole between every two samples; 0 when all are equal.

    Raises:
        ValueError: Fewer than two samples.
    """
    if len(outputs) < 2:
        raise ValueError("diversity needs at least two samples")
    inside = np.stack([output[hole] for output in outputs]).astype(np.float64)
    pairs = [(i, j) for i in range(len(outputs)) for j in range(i)]
    return float(np.mean([np.abs(inside[i] - inside[j]).mean() for i, j in pairs]))


def shown_colour(output: np.ndarray, object_in_hole: np.ndarray) -> str:
    """Return the named colour nearest to the median colour of the object's pixels inside the hole.

    Args:
        output: (H, W, 3) uint8.
        object_in_hole: (H, W) bool, the original object's pixels that the hole covers; not empty.
    """
    return nearest_colour(np.median(output[object_in_hole], axis=0))


def lab_distance(first: np.ndarray, second: np.ndarray, region: np.ndarray) -> float:
    """Return the mean CIE 1976 colour difference of two pictures over a region; NaN when it is empty."""
    if not region.any():
        return float("nan")
    return float(
        np.sqrt(np.square(bytes_to_lab(first[region]) - bytes_to_lab(second[region])).sum(-1)).mean()
    )


SWAP_COLOURS = tuple(COLOURS)
"""Colour words that captions are swapped to; chance is one in seven."""


def standard_error(values: Sequence[float] | np.ndarray) -> float:
    """Return the standard error of a mean; values that are not finite do not count; 0 of fewer than two."""
    known = np.asarray(values)[np.isfinite(values)]
    return float(known.std(ddof=1) / np.sqrt(len(known))) if len(known) > 1 else 0.0


def ratio_error(upper: Sequence[float] | np.ndarray, lower: Sequence[float] | np.ndarray) -> float:
    """Return the standard error of the ratio of two means over the same photos, by the delta method."""
    above, below = np.asarray(upper, float), np.asarray(lower, float)
    known = np.isfinite(above) & np.isfinite(below)
    above, below = above[known], below[known]
    if len(above) < 2 or not below.mean():
        return 0.0
    return standard_error(above - above.mean() / below.mean() * below) / abs(float(below.mean()))


@dataclass(frozen=True)
class Metric:
    """A figure of one fill, and its column in the tables.

    Attributes:
        key: Its name in files.
        title: Its column's heading.
        style: How its value is written, as a format specification.
        measure: Computes it from photo and composite, (H, W, 3) uint8, and hole, (H, W) bool.
    """

    key: str
    title: str
    style: str
    measure: Callable[[np.ndarray, np.ndarray, np.ndarray], float]


METRICS = (
    Metric("l1", "l1", ".2f", lambda photo, output, _hole: l1(photo, output)),
    Metric("psnr", "PSNR", ".2f", lambda photo, output, _hole: psnr(photo, output)),
    Metric("tv", "TV", ".2f", lambda _photo, output, _hole: total_variation(output)),
    Metric("ssim", "SSIM", ".3f", lambda photo, output, _hole: ssim(photo, output)),
    Metric("psnr_hole", "PSNR hole", ".2f", psnr_in_hole),
    Metric("ssim_hole", "SSIM hole", ".3f", ssim_in_hole),
)
"""The figures of every fill that need nothing but photo, fill and hole, in the order of the columns."""
