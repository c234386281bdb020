"""Things cut out of one's own photos, and laid into others. No torch here.

A small network cannot learn what a giraffe looks like from fifty photos of it, but the photos show it. So a
bundle that was trained on them keeps what is seen most clearly in them, with its soft edge, and where such a
thing is asked for, that is what is seen: in the size of its place, in the light of the photo around it, and
no sharper than that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.box import selection_box
from nigdt.colours import lab_to_rgb, rgb_to_lab
from nigdt.footing import with_shadow

__all__ = ["BESIDE", "CutOut", "Paint", "Placement", "is_amid", "laid_out", "light_of", "suiting"]

Floats = NDArray[np.float32]
Paint = Callable[[Floats, Floats], Floats]

BESIDE = 2
"""Pixels of a cut-out on each side of its outline's box, where its edge fades out."""
_EXTREMES = (2, 98)
"""Percentiles of lightness that count as the darkest and the lightest of a photo."""
_LEAST_RANGE = 20.0
"""Between these two, in Lab units, from which on they tell of the light."""
_TAKEN = 0.5
"""Of the difference between the light of both photos, what the thing takes over of their range, ..."""
_CAST = 0.3
"""... and of their cast, ..."""
_MOST_CAST = 5.0
"""... in Lab units at most."""
_DIFFERENT = (18.0, 25.0, 12.0, 14.0, 12.0)
"""Of each figure of light, by how much it differs between photos that do not suit each other."""
_CHROMA = (0.7, 1.15)
"""Factors between which its chroma is changed."""
_COLOURFUL = 6.0
"""Chroma, in Lab units, that any photo counts as having beside its own."""
_AROUND = 0.6
"""How far beside the thing the photo's light is looked at, as a fraction of its longer side."""
_LEAST = 200
"""Pixels of surroundings below which nothing is known of them."""
_BLURS = (0.0, 0.45, 0.6, 0.8, 1.0, 1.3, 1.7, 2.2, 3.0)
"""Deviations, in pixels of the photo, by which a cut-out is blurred until it is no sharper than that."""
_BLOCK = 12
"""Side in pixels of the blocks in which sharpness is told."""
_IN_FOCUS, _TYPICAL = 95, 50
"""Percentiles of the blocks whose sharpness counts as the photo's, what is in focus there, and a thing's."""
_TEXTURED = 60
"""Percentile of the blocks by how much there is to see from which on they tell of sharpness."""

_TRACE, _HALF = 0.02, 0.5
"""Opacity from which on a pixel takes another colour, and what it counts as then at least."""
_FEET = 0.16
"""Height, beside a thing's, from its lowest place up to which it may touch the ground."""
_SHADOW_WIDE, _SHADOW_HIGH = 0.05, 0.014
"""Deviations of the shadow where it touches the ground, beside its width and height, ..."""
_SHADOW = 0.45
"""... and how much light that takes."""
_RING = 0.12
"""Width of the surroundings that tell whether a hole is in such a thing, beside its longer side, ..."""
_SAME = 14.0
"""... and Lab units by which their median colour differs from its, at most."""


@dataclass(frozen=True)
class CutOut:
    """A thing that a photo shows.

    Attributes:
        pixels: (h, w, 4) uint8, its colours, also where they are mixed with the surroundings' in the photo,
            and its opacity. Its outline's box is smaller by `BESIDE` on each side.
        light: (5,), of the photo, as `light_of` has it.
    """

    pixels: NDArray[np.uint8]
    light: Floats


@dataclass(frozen=True)
class Placement:
    """Which of a model's outlines was chosen, and where in a picture it is.

    Attributes:
        outline: Its number.
        mirrored: Whether it faces the other way.
        left: Where its box begins, as a fraction of the picture's width.
        top: The same of the height.
        width: The box's, as a fraction of the picture's.
        height: The same.
    """

    outline: int
    mirrored: bool
    left: float
    top: float
    width: float
    height: float


def light_of(rgb: NDArray[np.uint8]) -> Floats | None:
    """Return what tells the light of pixels (N, 3): Lab's L of the darkest and lightest, mean a, b, chroma.

    None where there are too few.
    """
    if len(rgb) < _LEAST:
        return None
    lab = rgb_to_lab(np.asarray(rgb, np.float32) / np.float32(255))
    low, high = np.percentile(lab[:, 0], _EXTREMES)
    a, b = lab[:, 1:].mean(axis=0)
    chroma = np.hypot(lab[:, 1], lab[:, 2]).mean()
    return np.array([low, high, a, b, chroma], np.float32)


def suiting(own: Floats, there: Floats) -> float:
    """Return how alike the light of two photos is, 0 to 1; both as `light_of` has it."""
    return float(np.exp(-np.square((own - there) / np.array(_DIFFERENT, np.float32)).sum() / 2))


def laid_out(
    cut: CutOut,
    place: Placement,
    backdrop: NDArray[np.uint8],
    crop: NDArray[np.uint8],
    hole: NDArray[np.bool_],
    *,
    shadow: bool = True,
    paint: Paint | None = None,
) -> tuple[NDArray[np.uint8], Floats]:
    """Lay a cut-out over what is to be seen around it.

    Args:
        cut: What.
        place: Where its outline is; there it stands at the lower end, in its own proportions.
        backdrop: (h, w, 3), what is seen without it.
        crop: (h, w, 3), the photo, whose light and sharpness it takes over.
        hole: (h, w), where pixels may change.
        shadow: Whether it stands on ground, onto which it casts a shadow.
        paint: Gives it other colours, in a picture (h, w, 3) that shows its own up to its edge, and where it
            is there, (h, w) in 0 to 1; returns the picture.

    Returns:
        (h, w, 3), and how much of each pixel is the thing, (h, w) in 0 to 1.
    """
    alpha, colours = np.zeros(hole.shape, np.float32), np.zeros((*hole.shape, 3), np.float32)
    rows, columns, thing = _fitted(cut, place, hole.shape)
    alpha[rows, columns], colours[rows, columns] = thing[..., 3], thing[..., :3]
    if not (alpha > 0.5).any():
        return backdrop, alpha
    box = selection_box(alpha > 0.5)
    margin = round(_AROUND * max(box.width, box.height))
    near = box.grown(margin, hole.shape[1], hole.shape[0]).slices
    there = light_of(crop[near][~hole[near]])
    window = (rows, columns)
    if there is not None:
        colours[window] = _relit(colours[window], cut.light, there)
    softer = _softened(np.dstack([colours[window], alpha[window]]), crop, hole)
    colours[window], alpha[window] = softer[..., :3], softer[..., 3]
    alpha *= hole
    ground = _touched(with_shadow(backdrop, alpha, hole), alpha, hole) if shadow and alpha.any() else backdrop
    if paint is not None and alpha.any():
        seen = np.where(alpha[..., None] > _TRACE, colours, ground).astype(np.float32)
        colours = paint(seen, np.maximum(alpha, (alpha > _TRACE) * np.float32(_HALF)))
    part = alpha[window][..., None]
    laid = ground.copy()
    laid[window] = np.clip(np.rint(ground[window] + part * (colours[window] - ground[window])), 0, 255)
    return laid, alpha


def _fitted(cut: CutOut, place: Placement, shape: tuple[int, ...]) -> tuple[slice, slice, Floats]:
    """Return the rows and columns of a picture that a cut-out takes, and it in that size, (h, w, 4)."""
    height, width = shape
    pixels = cut.pixels[:, ::-1] if place.mirrored else cut.pixels
    inner = np.array([pixels.shape[1] - 2 * BESIDE, pixels.shape[0] - 2 * BESIDE], np.float64)
    scale = float(min(np.array([place.width * width, place.height * height]) / inner))
    wide, high = (max(1, round(float(n * scale))) for n in pixels.shape[1::-1])
    left = round((place.left + place.width / 2) * width - wide / 2)
    bottom = round((place.top + place.height) * height + BESIDE * scale)
    opacity = pixels[..., 3:].astype(np.float32) / np.float32(255)
    mixed = np.dstack([pixels[..., :3] * opacity, opacity])
    sized = np.asarray(
        cv2.resize(mixed, (wide, high), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC),
        np.float32,
    )
    alpha = np.clip(sized[..., 3:], 0, 1)
    colours = np.clip(sized[..., :3] / np.maximum(sized[..., 3:], np.float32(1e-3)), 0, 255)
    whole = np.dstack([colours, alpha]).astype(np.float32)
    top = bottom - high
    rows, columns = slice(max(0, top), min(height, bottom)), slice(max(0, left), min(width, left + wide))
    return (
        rows,
        columns,
        whole[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left],
    )


def _touched(picture: NDArray[np.uint8], alpha: Floats, hole: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return a picture with the narrow shadow of what stands in it, where that touches the ground."""
    inside = alpha > 0.5
    box = selection_box(inside)
    columns = np.flatnonzero(inside.any(axis=0))
    lowest = inside.shape[0] - 1 - np.argmax(inside[::-1, columns], axis=0)
    feet = lowest >= box.bottom - max(2, round(_FEET * box.height))
    touched = np.zeros(inside.shape, np.float32)
    touched[lowest[feet], columns[feet]] = 1
    deviations = max(1.0, _SHADOW_WIDE * box.width), max(0.8, _SHADOW_HIGH * box.height)
    shade = cv2.GaussianBlur(touched, (0, 0), deviations[0], sigmaY=deviations[1])
    shade = shade * np.float32(_SHADOW / max(1e-6, float(shade.max()))) * hole
    return np.rint(picture * (1 - shade[..., None])).astype(np.uint8)


def is_amid(crop: NDArray[np.uint8], hole: NDArray[np.bool_], cut_outs: Iterable[CutOut]) -> bool:
    """Return whether what is seen around a hole has the colour of such a thing, and may be one.

    Args:
        crop: (h, w, 3), the photo.
        hole: (h, w).
        cut_outs: What such things look like.
    """
    box = selection_box(hole)
    reach = max(3, round(_RING * max(box.width, box.height)))
    near = box.grown(reach, hole.shape[1], hole.shape[0]).slices
    ring = (cv2.dilate(hole[near].astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8)) > 0) & ~hole[
        near
    ]
    if not ring.any():
        return False
    around = _median(crop[near][ring])
    return any(
        np.linalg.norm(around - _median(cut.pixels[cut.pixels[..., 3] > 200, :3])) < _SAME for cut in cut_outs
    )


def _median(rgb: NDArray[np.uint8]) -> Floats:
    """Return the median colour of pixels (N, 3), in Lab."""
    if not len(rgb):
        return np.full(3, np.inf, np.float32)
    return np.asarray(np.median(rgb_to_lab(rgb.astype(np.float32) / np.float32(255)), axis=0), np.float32)


def _relit(colours: Floats, own: Floats, there: Floats) -> Floats:
    """Return colours (h, w, 3), 0 to 255, of a photo of one light in another, half way."""
    lab = rgb_to_lab(colours / np.float32(255))
    low, high, a, b, chroma = (float(value) for value in own)
    new_low, new_high, new_a, new_b, new_chroma = (float(value) for value in there)
    if high - low >= _LEAST_RANGE and new_high - new_low >= _LEAST_RANGE:
        low, new_low = low, low + _TAKEN * (new_low - low)
        new_high = high + _TAKEN * (new_high - high)
        lab[..., 0] = new_low + (lab[..., 0] - low) * (new_high - new_low) / (high - low)
    factor = ((new_chroma + _COLOURFUL) / (chroma + _COLOURFUL)) ** _TAKEN
    lab[..., 1:] *= np.clip(factor, *_CHROMA)
    lab[..., 1:] += np.clip(_CAST * np.array([new_a - a, new_b - b]), -_MOST_CAST, _MOST_CAST)
    lab[..., 0] = np.clip(lab[..., 0], 0, 100)
    return np.clip(255 * lab_to_rgb(lab), 0, 255).astype(np.float32)


def _softened(thing: Floats, crop: NDArray[np.uint8], hole: NDArray[np.bool_]) -> Floats:
    """Blur a cut-out (h, w, 4) until it is no sharper than what is in focus in a photo."""
    limit = _sharpness(crop.astype(np.float32), (~hole).astype(np.float32), _IN_FOCUS)
    if limit is None:
        return thing
    alpha = thing[..., 3:]
    # Its own edge is not told of: it is as soft as it was cut out.
    inner = cv2.erode((alpha[..., 0] > 0.9).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    mixed = np.dstack([thing[..., :3] * alpha, alpha])
    softer = thing
    for blur in _BLURS:
        if blur:
            sums = np.asarray(cv2.GaussianBlur(mixed, (0, 0), blur), np.float32)
            softer = np.dstack([sums[..., :3] / np.maximum(sums[..., 3:], np.float32(1e-3)), sums[..., 3:]])
        own = _sharpness(softer[..., :3], inner, _TYPICAL)
        if own is None or own <= limit:
            break
    return np.asarray(softer, np.float32)


def _sharpness(picture: Floats, where: Floats, percentile: float) -> float | None:
    """Return how much of what is seen in a picture (h, w, 3) is fine; None where nothing tells."""
    grey = cv2.cvtColor(np.clip(picture, 0, 255).astype(np.float32), cv2.COLOR_RGB2GRAY)
    smooth = cv2.GaussianBlur(grey, (0, 0), 0.8)
    fine, coarse = np.abs(grey - smooth), np.abs(smooth - cv2.GaussianBlur(grey, (0, 0), 2.0))
    height, width = grey.shape
    size = (max(1, width // _BLOCK), max(1, height // _BLOCK))
    whole, fine, coarse = (
        cv2.resize(one * where, size, interpolation=cv2.INTER_AREA)
        for one in (np.ones_like(grey), fine, coarse)
    )
    told = whole > 0.9
    if not told.any():
        return None
    least = np.percentile(coarse[told], _TEXTURED)
    told &= coarse >= max(float(least), 1e-3)
    if not told.any():
        return None
    return float(np.percentile(fine[told] / coarse[told], percentile))
