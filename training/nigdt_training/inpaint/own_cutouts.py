"""What is seen so clearly in somebody's own photos that a bundle keeps it (`nigdt.pasted`).

Few and good ones: a thing is kept where the photo shows it as a whole, where the finder cuts it out alike
whatever the window that it is asked about, and where it stands out from what is behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.bundle.bundle import BundleInfo
from nigdt.bundle.recolour import load_recolour
from nigdt.colours import rgb_to_lab
from nigdt.cutout import mean_near, smooth_step
from nigdt.finding import window_around
from nigdt.objects import largest_piece
from nigdt.pasted import BESIDE, CutOut, light_of
from nigdt.recolourer import Recolourer
from nigdt_training.inpaint.outlines import ObjectShape, whole_shape
from nigdt_training.samples import Pool

__all__ = ["Cutter", "Kept", "cut_outs_of", "cutter_of"]

Floats = NDArray[np.float32]
Cutter = Callable[[NDArray[np.uint8], NDArray[np.uint8]], Floats]
"""Photo (H, W, 3) and box (H, W), 255 in it, to how much of each pixel is the object in it, 0 to 1."""

_WINDOWS = ((0.15, False), (0.15, True), (0.4, False))
"""Margins around the object, as fractions of it, in which it is cut out, and whether in a mirror."""
_AGREE = 0.93
"""Overlap (intersection over union) of the cuts, at least, ..."""
_ROUGH = 0.78
"""... and with what the finder saw at first."""
_LEAST_SIDE = 100
"""Pixels of the longer side of a thing that is large enough to be laid into a photo."""
_LONGEST = 320
"""Pixels of the longer side of what is kept."""
_SOFTEST = 3.5
"""Pixels that are neither object nor surroundings, for each pixel of its edge, at most."""
_APART = 20.0
"""Lab units by which a quarter of the edge's pixels differ less from what is behind it, at least."""
_LEAST_SOLID = 0.35
"""As of a subject's outlines."""
_ODD = 2.5
"""Of the usual distance from the things' median colour, from which on one is an odd one, ..."""
_ALIKE = 12.0
"""... and Lab units up to which none is."""
_NEAR = 5
"""Pixels around the object in which its opacity is kept: what lies farther off is of other things."""
_OPAQUE = (0.12, 0.9)
"""How much of a pixel must be object to be seen a little, and wholly: the rest shows the old background."""
_CLEAN = (0.9, 1.0)
_BEHIND, _NEARLY = 6.0, 0.05
"""Deviation, in pixels, of the means that what is seen through a thing is compared with, and how much of what
they are taken of must be what is behind it."""
_LIKE, _UNLIKE = 7.0, 30.0
"""Lab units up to which a colour is that behind the thing, and by which that differs from its own."""
_LEAST_GAP, _MOST_GAP = 6, 0.02
"""Pixels of such a place at least, and what part of the thing at most."""
_RADII = (6.0, 1.5)
"""Deviations of the means that tell object and surroundings apart at the edge, in pixels."""


@dataclass(frozen=True)
class Kept:
    """A thing that is kept.

    Attributes:
        shape: Its outline.
        cut: What is seen of it, facing as that.
        quality: How clearly it is seen; larger is better.
    """

    shape: ObjectShape
    cut: CutOut
    quality: float


def cutter_of(info: BundleInfo, device: str = "cpu") -> Cutter | None:
    """Return what cuts objects out to their fine edge: the bundle's own network; None where it has none."""
    if not info.recolours:
        return None
    net, words = load_recolour(info.folder, device)
    return None if net.finder is None else Recolourer(net, words, device).cut_out


def cut_outs_of(photos: Pool, cutter: Cutter, most: int) -> list[Kept]:
    """Cut out what the photos show clearly and in a usual colour.

    Args:
        photos: With objects that are cut out roughly.
        cutter: Cuts them out to their edge.
        most: How many to keep at most.

    Returns:
        The clearest first.
    """
    found, colours = [], []
    for i in map(int, photos.photos):
        rough = photos.cache.object_mask(i)
        if rough is not None and (rough > 127).any():
            photo = np.ascontiguousarray(photos.cache.photo(i))
            colours.append(_mean_colour(photo, rough > 127))
            found.append(kept_of(photo, rough, cutter))
    if not found:
        return []
    away = np.linalg.norm(np.stack(colours) - np.median(colours, axis=0), axis=1)
    most_away = max(_ALIKE, _ODD * float(np.median(away)))
    usual = [one for one, far in zip(found, away, strict=True) if one is not None and far <= most_away]
    return sorted(usual, key=lambda one: -one.quality)[:most]


def kept_of(photo: NDArray[np.uint8], rough: NDArray[np.uint8], cutter: Cutter) -> Kept | None:
    """Cut the object of a photo out; None where it is not seen clearly and as a whole.

    Args:
        photo: (H, W, 3).
        rough: (H, W), above 127 on the object, as the finder saw it.
        cutter: Cuts it out to its edge.
    """
    cuts = []
    for margin, mirrored in _WINDOWS:
        around = np.zeros(rough.shape, np.uint8)
        around[window_around(rough > 127, margin)] = 255
        if mirrored:
            cut = cutter(np.ascontiguousarray(photo[:, ::-1]), np.ascontiguousarray(around[:, ::-1]))[:, ::-1]
        else:
            cut = cutter(photo, around)
        cuts.append(np.ascontiguousarray(cut))
    pieces = [largest_piece(cut > 0.5) for cut in cuts]
    piece, opacity = pieces[0], cuts[0]
    if min(_overlap(piece, other) for other in pieces[1:]) < _AGREE:
        return None
    if _overlap(piece, largest_piece(rough > 127)) < _ROUGH:
        return None
    shape = whole_shape(piece.astype(np.uint8) * 255, _LEAST_SOLID)
    if shape is None or max(shape.box.width, shape.box.height) < _LEAST_SIDE:
        return None
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _NEAR + 1, 2 * _NEAR + 1))
    opacity = opacity * cv2.dilate(piece.astype(np.uint8), disc) * (1 - _seen_through(photo, piece))
    edge = int(np.count_nonzero(piece & (cv2.erode(piece.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)))
    soft = float(np.count_nonzero((opacity > 0.15) & (opacity < 0.85))) / edge
    contrast = _contrast(photo, piece)
    if soft > _SOFTEST or contrast < _APART:
        return None
    light = light_of(photo.reshape(-1, 3))
    if light is None:
        return None
    pixels = _cropped(np.dstack([_own_colours(photo, opacity), 255 * smooth_step(opacity, *_OPAQUE)]), shape)
    size = min(1.0, max(shape.box.width, shape.box.height) / 200)
    return Kept(shape, CutOut(pixels, light), contrast * size / max(1.0, soft))


def _mean_colour(photo: NDArray[np.uint8], where: NDArray[np.bool_]) -> Floats:
    """Return the mean colour of a part of a photo, in Lab, (3,)."""
    lab = rgb_to_lab(photo[where].astype(np.float32) / np.float32(255))
    return np.asarray(lab.mean(axis=0), np.float32)


def _overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum()) / max(1.0, float((one | other).sum()))


def _contrast(photo: NDArray[np.uint8], piece: NDArray[np.bool_]) -> float:
    """Return by how many Lab units most of an object's edge differs from what is behind it."""
    lab = rgb_to_lab(photo.astype(np.float32) / np.float32(255))
    mask = piece.astype(np.uint8)
    inner = cv2.erode(mask, np.ones((3, 3), np.uint8))
    outer = cv2.dilate(mask, np.ones((5, 5), np.uint8)) == 0
    own, other = (
        mean_near(lab, inner.astype(np.float32), 2)[0],
        mean_near(lab, outer.astype(np.float32), 2)[0],
    )
    apart = np.linalg.norm(own - other, axis=2)
    return float(np.percentile(apart[piece & (inner == 0)], 25))


def _seen_through(photo: NDArray[np.uint8], piece: NDArray[np.bool_]) -> Floats:
    """Return where a little of what is behind an object is seen within it, (H, W) in 0 to 1."""
    lab = rgb_to_lab(photo.astype(np.float32) / np.float32(255))
    inner = cv2.erode(piece.astype(np.uint8), np.ones((3, 3), np.uint8))
    outer = cv2.dilate(piece.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
    behind, near = mean_near(lab, outer.astype(np.float32), _BEHIND)
    own = mean_near(lab, inner.astype(np.float32), _BEHIND)[0]
    like = np.linalg.norm(lab - behind, axis=2) < _LIKE
    like &= (np.linalg.norm(own - behind, axis=2) > _UNLIKE) & (near > _NEARLY) & (inner > 0)
    _, names, facts, _ = cv2.connectedComponentsWithStats(like.astype(np.uint8), connectivity=4)
    sizes = facts[:, cv2.CC_STAT_AREA]
    small = (sizes >= _LEAST_GAP) & (sizes < _MOST_GAP * np.count_nonzero(piece))
    small[0] = False
    gaps = cv2.dilate(small[names].astype(np.float32), np.ones((3, 3), np.uint8))
    return np.asarray(cv2.GaussianBlur(gaps, (0, 0), 0.6), np.float32)


def _own_colours(photo: NDArray[np.uint8], opacity: Floats) -> Floats:
    """Return an object's own colours, also where the photo mixes them with what is behind (Forte 2021)."""
    seen = photo.astype(np.float32)
    own = seen
    behind = seen
    for radius in _RADII:
        mean, _ = mean_near(own, opacity, radius)
        other, _ = mean_near(behind, 1 - opacity, radius)
        left = seen - opacity[..., None] * mean - (1 - opacity[..., None]) * other
        own = np.clip(mean + opacity[..., None] * left, 0, 255)
        behind = np.clip(other + (1 - opacity[..., None]) * left, 0, 255)
    sure = smooth_step(opacity, *_CLEAN)[..., None]
    return np.asarray(own + sure * (seen - own), np.float32)


def _cropped(whole: Floats, shape: ObjectShape) -> NDArray[np.uint8]:
    """Return a picture's part around an outline, facing as that, no larger than what is kept."""
    box = shape.box
    scale = min(1.0, (_LONGEST - 2 * BESIDE) / max(box.width, box.height))
    beside = BESIDE / scale
    inner = np.array([round(box.width * scale), round(box.height * scale)])
    step = np.array([box.width, box.height]) / inner
    width, height = inner + 2 * BESIDE
    mixed = np.dstack([whole[..., :3] * whole[..., 3:] / 255, whole[..., 3:]]).astype(np.float32)
    if scale < 1:
        size = (max(1, round(mixed.shape[1] * scale)), max(1, round(mixed.shape[0] * scale)))
        step, beside = step * (np.array(size) / mixed.shape[1::-1]), float(BESIDE)
        origin = np.array([box.left, box.top]) * (np.array(size) / mixed.shape[1::-1])
        mixed = np.asarray(cv2.resize(mixed, size, interpolation=cv2.INTER_AREA), np.float32)
    else:
        origin = np.array([box.left, box.top], np.float64)
    matrix = np.array(
        [[step[0], 0, origin[0] - beside * step[0]], [0, step[1], origin[1] - beside * step[1]]]
    )
    part = cv2.warpAffine(
        mixed, matrix, (int(width), int(height)), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    colours = 255 * part[..., :3] / np.maximum(part[..., 3:], 1)
    pixels = np.clip(np.rint(np.dstack([colours, part[..., 3:]])), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(pixels[:, ::-1] if shape.turned else pixels)
