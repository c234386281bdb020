"""Objects found in the picture: in a box drawn around one, or at points clicked on it (GrabCut)."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.objects import grab_cut
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.selection import Mask, Patch

Pixels = NDArray[np.uint8]
Point = tuple[float, float]

# GrabCut's time grows with the area: the object is looked for in a small copy, in a box or around a click,
# and its edge in a larger one.
_OBJECT_PIXELS = 300_000
_BOX_PIXELS = 120_000
_SEARCH_PIXELS = 60_000
_ROUNDS = 4
_SMALLEST = 4
"""Width and height in pixels below which everything is the object."""
_COLOURS = 48
"""Most colours around the clicks that others are compared with."""
_DOT = 0.012
"""Radius of what is certain around a click, as a fraction of the photo's longer side."""
_AROUND = 0.6
"""Fraction of that distance within which pixels of any colour are probably the object's."""
_TOO_LITTLE = 4
"""An object of less than so many times what was clicked has not been found."""
_FRAME = 0.04
"""Width of the photo's rim that is background if nothing else is known, as a fraction of its longer side."""
_CORRECTED = 0.2
"""Distance from a further click up to which it changes what was found, as the same fraction."""
_NEAR = 0.35
"""Distance from a click at which pixels are no likelier to be the object's, as the same fraction."""

_PERHAPS, _CERTAIN = 0.35, 0.85
"""How sure the model must be of a place for it to be taken for the object at first, and to stay it."""
_NOWHERE = 0.04
"""How sure it must be at least for a place to be of the object at all."""
_CORE = 0.01
"""How far inside the object a place must lie to stay it, as a fraction of the photo's side."""


def object_in(rgb: Pixels, box: Region, seen: NDArray[np.uint8] | None = None) -> Patch:
    """Return the object inside a box drawn loosely around it.

    It begins with what the model sees there or, without a model, with all of the box; colours find the edge
    (GrabCut, Rother et al. 2004).

    Args:
        rgb: Photo (H, W, 3) uint8.
        box: Rectangle around the object.
        seen: (h, w), of a small copy of the photo: 255 where the model is sure of the object in the box.

    Returns:
        Patch of the object, with a smooth edge; the box itself if no object stands out.
    """
    height, width = rgb.shape[:2]
    box = box.clipped(width, height)
    whole = Patch(box.left, box.top, np.full((box.height, box.width), 255, np.uint8))
    if min(box.width, box.height) < _SMALLEST:
        return whole
    # Surroundings teach what is background.
    outer = box.grown(max(8, (box.width + box.height) // 6)).clipped(width, height)
    small, scale = _reduced(rgb[outer.slices], _BOX_PIXELS)
    labels = np.full(small.shape[:2], cv2.GC_BGD, np.uint8)
    left, top = round((box.left - outer.left) * scale), round((box.top - outer.top) * scale)
    right = left + max(2, round(box.width * scale))
    bottom = top + max(2, round(box.height * scale))
    labels[top:bottom, left:right] = cv2.GC_PR_FGD
    if not (labels == cv2.GC_BGD).any():
        return whole
    coarse = None
    if seen is not None:
        across, down = seen.shape[1] / width, seen.shape[0] / height
        part = seen[
            int(outer.top * down) : int(np.ceil(outer.bottom * down)),
            int(outer.left * across) : int(np.ceil(outer.right * across)),
        ]
        coarse = _seen_in(small, part, labels == cv2.GC_PR_FGD)
    if coarse is None:
        coarse = _main_parts(_closed(grab_cut(small, labels, _ROUNDS)))
    if int(np.count_nonzero(coarse)) < 0.02 * (right - left) * (bottom - top):
        return whole
    fine, finer = _reduced(rgb[outer.slices], _OBJECT_PIXELS)
    labels = _refinable(coarse, fine, finer / scale)
    inside = np.zeros(labels.shape, bool)
    left, top = round((box.left - outer.left) * finer), round((box.top - outer.top) * finer)
    inside[top : top + round(box.height * finer), left : left + round(box.width * finer)] = True
    labels[~inside] = cv2.GC_BGD
    return _patch(_main_parts(_closed(grab_cut(fine, labels, 1))), outer)


def object_at(
    rgb: Pixels,
    inside: Sequence[Point],
    outside: Sequence[Point] = (),
    seen: NDArray[np.uint8] | None = None,
) -> Patch:
    """Return the object at points that were clicked.

    It is looked for in a small copy of the photo, beginning with what the model is sure of or, without a
    model, with what is near the first point and of its colours; further points correct that, each in its own
    neighbourhood. Then the edge is found in a larger copy of the surroundings.

    Args:
        rgb: Photo (H, W, 3) uint8.
        inside: Points (x, y) on the object, at least one.
        outside: Points that do not belong to it.
        seen: (h, w), of a small copy of the photo: 255 where the model is sure of the object at the first
            point.
    """
    height, width = rgb.shape[:2]
    if min(height, width) < _SMALLEST:
        return Patch(0, 0, np.full((height, width), 255, np.uint8))
    small, scale = _reduced(rgb, _SEARCH_PIXELS)
    radius = max(2.0, _DOT * max(small.shape[:2]))
    sure = _dots(small.shape, inside, scale, radius)
    not_it = _dots(small.shape, outside, scale, radius)
    first = _dots(small.shape, inside[:1], scale, radius)
    coarse = None if seen is None else _begun_with(small, seen, first)
    if coarse is None:
        coarse = _touching(grab_cut(small, _first_guess(small, first), _ROUNDS), first)
    if np.count_nonzero(coarse) < _TOO_LITTLE * np.count_nonzero(first):
        # All went to the background, as with an object of several colours that fills much of the photo.
        coarse = _touching(grab_cut(small, _all_but_the_frame(first), _ROUNDS), first)
    if len(inside) > 1 or outside:
        more = _dots(small.shape, inside[1:], scale, radius)
        coarse = _touching(grab_cut(small, _corrected(small, coarse, more, not_it), 2) & ~not_it, sure)
    bounds = cv2.boundingRect(coarse)
    reach = max(4, round(0.15 * max(bounds[2], bounds[3])))
    region = Region(
        int((bounds[0] - reach) / scale),
        int((bounds[1] - reach) / scale),
        int((bounds[0] + bounds[2] + reach) / scale) + 1,
        int((bounds[1] + bounds[3] + reach) / scale) + 1,
    ).clipped(width, height)
    fine, finer = _reduced(rgb[region.slices], _OBJECT_PIXELS)
    moved = [((x - region.left), (y - region.top)) for x, y in inside]
    away = [((x - region.left), (y - region.top)) for x, y in outside]
    part = coarse[
        int(region.top * scale) : int(np.ceil(region.bottom * scale)),
        int(region.left * scale) : int(np.ceil(region.right * scale)),
    ]
    radius *= finer / scale
    sure = _dots(fine.shape, moved, finer, radius)
    labels = _refinable(part, fine, finer / scale)
    labels[sure] = cv2.GC_FGD
    not_it = _dots(fine.shape, away, finer, radius) & ~sure
    labels[not_it] = cv2.GC_BGD
    found = grab_cut(fine, labels, 1) if (labels == cv2.GC_BGD).any() else labels == cv2.GC_PR_FGD
    mask = _touching(found, sure)
    mask[not_it] = 0  # however small the hole
    return _patch(mask, region)


def _reduced(rgb: Pixels, most: int) -> tuple[Pixels, float]:
    """Return a copy of at most so many pixels, and its scale."""
    scale = min(1.0, (most / (rgb.shape[0] * rgb.shape[1])) ** 0.5)
    if scale < 1:
        size = max(4, round(rgb.shape[1] * scale)), max(4, round(rgb.shape[0] * scale))
        rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return np.ascontiguousarray(rgb), scale


def _dots(shape: tuple[int, ...], points: Sequence[Point], scale: float, radius: float) -> NDArray[np.bool_]:
    mask = np.zeros(shape[:2], np.uint8)
    for x, y in points:
        cv2.circle(mask, (int(x * scale), int(y * scale)), max(1, round(radius)), 1, cv2.FILLED)
    return mask > 0


def _begun_with(small: Pixels, seen: NDArray[np.uint8], first: NDArray[np.bool_]) -> Mask | None:
    """Return the object that the model sees, cut out by its colours; None if it sees none at the click."""
    sure, labels = _seen_labels(small, seen)
    if not (sure[first] > _PERHAPS).any():
        return None
    labels[first] = cv2.GC_FGD
    if (labels & 1).all():  # even ones are the background's
        return None
    return _touching(grab_cut(small, labels, _ROUNDS), first)


def _seen_in(small: Pixels, seen: NDArray[np.uint8], box: NDArray[np.bool_]) -> Mask | None:
    """Return the object that the model sees in a box, cut out by its colours; None if it sees none there."""
    sure, labels = _seen_labels(small, seen)
    if not (sure[box] > _CERTAIN).any():
        return None
    labels[~box] = cv2.GC_BGD
    return _main_parts(_closed(grab_cut(small, labels, _ROUNDS)))


def _seen_labels(small: Pixels, seen: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return how sure the model is of each place of a reduced photo, in 0..1, and the labels for GrabCut."""
    height, width = small.shape[:2]
    enlarged = cv2.resize(seen, (width, height), interpolation=cv2.INTER_LINEAR)
    sure = enlarged.astype(np.float32) / np.float32(255)
    labels = np.where(sure > _PERHAPS, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    radius = max(1, round(_CORE * (height * width) ** 0.5))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    labels[cv2.erode((sure > _CERTAIN).astype(np.uint8), disc) > 0] = cv2.GC_FGD
    labels[sure < _NOWHERE] = cv2.GC_BGD
    return sure, labels


def _first_guess(small: Pixels, sure: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return labels for GrabCut: what is near the point and of its colours is probably the object's."""
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    unlike = _unlike(lab, lab[sure])
    far = _distance(sure) / (_NEAR * max(sure.shape))
    likely = (unlike / 28 + far < 1) | (far < _AROUND)
    labels = np.where(likely, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    frame = np.ones(sure.shape, bool)
    frame[2:-2, 2:-2] = False
    labels[frame & (unlike > 14)] = cv2.GC_BGD
    labels[far > 2] = cv2.GC_BGD
    labels[sure] = cv2.GC_FGD
    if not (labels == cv2.GC_BGD).any() and not (labels == cv2.GC_PR_BGD).any():
        labels[frame & ~sure] = cv2.GC_BGD
    return labels


def _all_but_the_frame(sure: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return labels for GrabCut: the rim of the photo is background, and all else probably the object's."""
    width = max(2, round(_FRAME * max(sure.shape)))
    labels = np.full(sure.shape, cv2.GC_BGD, np.uint8)
    labels[width:-width, width:-width] = cv2.GC_PR_FGD
    labels[sure] = cv2.GC_FGD
    return labels


def _corrected(
    small: Pixels, coarse: Mask, more: NDArray[np.bool_], not_it: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Return labels for GrabCut that keep an object, but near the points that correct it.

    Args:
        small: The photo, reduced.
        coarse: The object so far.
        more: What was clicked as belonging to it.
        not_it: What was clicked as not belonging to it.
    """
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    found = coarse > 127
    labels = np.where(found, cv2.GC_FGD, cv2.GC_BGD).astype(np.uint8)
    reach = _CORRECTED * max(found.shape)
    # Of a place near points of both kinds the nearer decides.
    from_more, from_not_it = _distance(more), _distance(not_it)
    for points, mine, other, wanted in (
        (more, from_more, from_not_it, cv2.GC_PR_FGD),
        (not_it, from_not_it, from_more, cv2.GC_PR_BGD),
    ):
        if points.any():
            near = (mine < reach) & (mine <= other)
            labels[near] = np.where(found, cv2.GC_PR_FGD, cv2.GC_PR_BGD)[near]
            labels[near & (_unlike(lab, lab[points]) / 28 + mine / reach < 1)] = wanted
    labels[more] = cv2.GC_FGD
    labels[not_it & ~more] = cv2.GC_BGD
    return labels


def _distance(points: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the distance of every pixel from the nearest marked one; infinite without one."""
    if not points.any():
        return np.full(points.shape, np.inf, np.float32)
    return np.asarray(cv2.distanceTransform((~points).astype(np.uint8), cv2.DIST_L2, 3), np.float32)


def _unlike(lab: NDArray[np.float32], colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how far every pixel's colour is from the nearest of some."""
    unlike = np.full(lab.shape[:2], np.inf, np.float32)
    for place in np.linspace(0, len(colours) - 1, min(_COLOURS, len(colours))).astype(int):
        np.minimum(unlike, np.linalg.norm(lab - colours[place], axis=2), out=unlike)
    return unlike


def _refinable(coarse: Mask, fine: Pixels, enlarged: float) -> NDArray[np.uint8]:
    """Return labels for GrabCut that leave open the edge of what was found in a copy that is smaller."""
    guess = cv2.resize(coarse, (fine.shape[1], fine.shape[0]), interpolation=cv2.INTER_LINEAR) > 127
    return _band(guess, max(3, round(3 * enlarged)))


def _band(guess: NDArray[np.bool_], width: int) -> NDArray[np.uint8]:
    """Return the labels that leave only a band along the edge of a guess open."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1))
    mask = guess.astype(np.uint8)
    labels = np.where(guess, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[cv2.erode(mask, kernel) > 0] = cv2.GC_FGD
    labels[cv2.dilate(mask, kernel) == 0] = cv2.GC_BGD
    return labels


def _closed(found: NDArray[np.bool_]) -> Mask:
    mask = np.where(found, 255, 0).astype(np.uint8)
    return cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)).astype(np.uint8)


def _touching(found: NDArray[np.bool_], sure: NDArray[np.bool_]) -> Mask:
    """Return the parts that hold a point that was clicked, small holes filled."""
    _, labels = cv2.connectedComponents(_closed(found | sure), connectivity=8)
    kept = np.isin(labels, np.unique(labels[sure])) & (labels > 0)
    return _filled(np.where(kept, 255, 0).astype(np.uint8))


def _patch(mask: Mask, region: Region) -> Patch:
    """Enlarge a mask to its region, with a smooth edge."""
    mask = cv2.GaussianBlur(mask, (0, 0), 1.0).astype(np.uint8)
    if mask.shape != (region.height, region.width):
        size = region.width, region.height
        mask = cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    return Patch(region.left, region.top, mask)


def _main_parts(mask: Mask) -> Mask:
    """Return the largest part and those at least a tenth of it, their small holes filled."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count <= 1:
        return mask
    areas = stats[1:, cv2.CC_STAT_AREA]
    keep = np.flatnonzero(areas >= areas.max() / 10) + 1
    return _filled(np.where(np.isin(labels, keep), 255, 0).astype(np.uint8))


def _filled(mask: Mask) -> Mask:
    """Fill holes smaller than a fiftieth of the largest part."""
    contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    limit = max((cv2.contourArea(contour) for contour in contours), default=0.0) / 50
    for contour, (_, _, _, parent) in zip(contours, tree[0] if tree is not None else [], strict=True):
        if parent >= 0 and cv2.contourArea(contour) < limit:
            cv2.drawContours(mask, [contour], -1, 255, cv2.FILLED)
    return mask
