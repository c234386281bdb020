"""The edge of the object in a selection, where colours and the finder together put it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.box import selection_box
from nigdt.objects import grab_cut

__all__ = [
    "both_say",
    "fine_object",
    "likelier_colours",
    "matted",
    "mean_near",
    "object_in",
    "possible",
    "smooth_step",
]

Floats = NDArray[np.float32]

_SIDE = 300
"""Side in pixels, of a square of the same area, at which the object is cut out."""
_ROUNDS = 3
_PERHAPS, _CERTAIN = 0.35, 0.85
"""How sure the finder must be of a place for it to be taken for the object at first, and to stay it."""
_CORE = 0.012
"""How far inside the object a place must lie to be certain, as a fraction of the side."""
_INNER, _OUTER, _NEAR = 3.0, 5.0, 4.0
"""Pixels inside and outside of the cut between which the edge lies, and reach of the colours beside it."""
_APART = 12.0
"""Lab units by which object and surroundings must differ for their mixtures to tell anything."""
_RING = 0.05
"""Width of the surroundings that an object is compared with, as a fraction of the context's side."""
_UNLIKELY = (0.15, 0.4)
"""Likelihood of a colour to be of the object: below the first it is not, above the second it may be."""
_BELIEVED, _KEPT = (0.3, 0.5), (0.6, 0.8)
"""How sure the finder must be of a place to add it in a selection that follows the object, and to keep it
though it shows the surroundings' colours."""
_FOLLOWS = (0.82, 0.9)
"""Fraction of the selection that is object: below the first the selection is drawn around the object, above
the second it follows it."""
_GAP = 0.004
"""Size of an enclosed gap, beside the object's, below which it is filled."""
_FOREIGN = (0.04, 0.12)
"""Likelihood below the first of which a colour is of the surroundings, and above the second not surely so."""
_SURE = (0.5, 0.8)
"""Likelihood between which a colour comes to be surely of the object."""
_RARE = np.float32(1e-6)
"""Fraction of the pixels that every colour counts as having, so that one seen nowhere is undecided."""
_STEPS = 40
"""Pixels by which the object grows into places that are surely of its colour."""
_FINE = (0.15, 0.85)
"""How sure such a finder must be for a place to belong to the object a little, and wholly."""
_FINE_KEPT = (0.6, 0.8)
"""How sure it must be of a place to keep it though it shows the surroundings' colours, as a twig does."""
_HINTED = (0.1, 0.25)
"""How sure it must be of a place of the object's colour for that to be of the object too."""
_COLOUR = 0.7
"""How much the colour counts beside what the finder says, in log odds."""
_ELSEWHERE = 0.15
"""How sure the finder may be of places that count as surroundings, at most."""
_UNSEEN = (0.2, 0.5)
"""How likely, by finder and colour together, a selected place is not of the object, and perhaps of it."""
_MARGIN = 0.06
"""Margin around the selection whose colours are the background's, as a fraction of the side."""


def object_in(crop: NDArray[np.uint8], lab: Floats, chosen: Floats, sure: Floats) -> Floats:
    """Tell how much of each pixel of a selection is the object that it was drawn around.

    GrabCut begins from what the finder is sure of. Then what is alike in colour is taken along, what shows
    only the surroundings' colours is left, and at the edge mixed colours are told apart.

    Args:
        crop: (H, W, 3), the context.
        lab: (h, w, 3), the same, smaller.
        chosen: (h, w), 0 to 1, the selection.
        sure: (h, w), 0 to 1, how sure the finder is of the object.

    Returns:
        (h, w), 0 to 1.
    """
    cut = _cut_out(crop, chosen, sure, _likelihood(lab, sure, chosen))
    return matted(lab, _completed(lab, cut, chosen, sure))


def fine_object(lab: Floats, chosen: Floats, sure: Floats, edged: Floats) -> Floats:
    """As `object_in`, for a finder that sees the object's edge itself.

    Args:
        lab: (h, w, 3), the context.
        chosen: (h, w), 0 to 1, the selection.
        sure: (h, w), 0 to 1, how sure the finder is of the object.
        edged: The same with its edge moved to the photo's.

    Returns:
        (h, w), 0 to 1.
    """
    low, high = _FINE
    thing = np.clip((edged - low) / (high - low), 0, 1).astype(np.float32)
    chance = _likelihood(lab, thing, chosen, sure)
    own = 1 - (1 - smooth_step(chance, *_FOREIGN)) * (1 - smooth_step(sure, *_FINE_KEPT))
    own = own * smooth_step(both_say(sure, chance), *_UNSEEN)
    thing = thing * own
    covered = float((thing * chosen).sum() / max(1e-3, float(chosen.sum())))
    follows = np.float32(np.clip((covered - _FOLLOWS[0]) / (_FOLLOWS[1] - _FOLLOWS[0]), 0, 1))
    likely = smooth_step(chance, *_SURE) * smooth_step(sure, *_HINTED) * chosen
    more = _grown_into(thing, likely)
    believed = np.maximum(smooth_step(chance, *_UNLIKELY), smooth_step(sure, *_BELIEVED)) * own
    more = np.maximum(more, chosen * believed)
    thing = thing + follows * np.maximum(more - thing, 0)
    return matted(lab, np.maximum(thing, _small_gaps(thing) * chosen))


def _cut_out(crop: NDArray[np.uint8], selection: Floats, sure: Floats, chance: Floats) -> Floats:
    """Cut the object in a selection out of its surroundings.

    Args:
        crop: (H, W, 3), the context.
        selection: (h, w), 0 to 1.
        sure: (h, w), 0 to 1, how sure the finder is of the object.
        chance: (h, w), 0 to 1, how likely each place's colour is the object's.

    Returns:
        (h, w), 0 to 1: the object, to within a few pixels.
    """
    scale = min(1.0, _SIDE / (crop.shape[0] * crop.shape[1]) ** 0.5)
    size = (max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale)))
    pixels = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    chosen, seen, likely = (
        np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)
        for values in (selection, sure, chance)
    )
    labels = np.full(chosen.shape, cv2.GC_PR_BGD, np.uint8)
    labels[((seen > _PERHAPS) & (likely > _FOREIGN[0])) | (likely > _SURE[0])] = cv2.GC_PR_FGD
    radius = round(_CORE * _SIDE)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    labels[cv2.erode((seen > _CERTAIN).astype(np.uint8), disc) > 0] = cv2.GC_FGD
    labels[chosen < 0.5] = cv2.GC_BGD
    window = selection_box(chosen).grown(round(_MARGIN * max(size)), *size).slices
    # Odd labels are the object's, even ones the background's: both are needed.
    if (labels[window] & 1).all() or not (labels[window] & 1).any():
        return sure
    cut = np.zeros(chosen.shape, np.float32)
    cut[window] = grab_cut(
        np.ascontiguousarray(pixels[window]), np.ascontiguousarray(labels[window]), _ROUNDS
    )
    # Where a selection ends within a thing, its colours lie on both sides: they tell nothing.
    undecided = (seen > 0.5) & (likely > _UNLIKELY[1])
    cut = np.maximum(cut, undecided * chosen)
    return cv2.resize(cut, sure.shape[1::-1], interpolation=cv2.INTER_LINEAR).clip(0, 1).astype(np.float32)


def matted(lab: Floats, cut: Floats) -> Floats:
    """Tell at an object's edge how much of each pixel is object: hair, feathers, blur.

    Each pixel there is taken for a mixture of the colours that lie a little inside and a little outside.

    Args:
        lab: (h, w, 3), the photo.
        cut: (h, w), 0 to 1, the object to within a few pixels.

    Returns:
        (h, w), 0 to 1.
    """
    inside = (cut > 0.5).astype(np.uint8)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3) - cv2.distanceTransform(1 - inside, cv2.DIST_L2, 3)
    own, own_weight = mean_near(lab, (depth > _INNER).astype(np.float32), _NEAR)
    other, other_weight = mean_near(lab, (depth < -_OUTER).astype(np.float32), _NEAR)
    off = own - other
    apart = (off**2).sum(-1)
    alpha = ((lab - other) * off).sum(-1) / np.maximum(apart, 1)
    # Deep inside all is object, far outside nothing, whatever the colours.
    alpha = np.clip(alpha, np.clip(depth / _INNER, 0, 1), np.clip(1 + depth / _OUTER, 0, 1))
    known = (apart > _APART**2) & (own_weight > 0.01) & (other_weight > 0.01)
    return np.where(known & (depth > -_OUTER) & (depth < _INNER), alpha, cut).astype(np.float32)


def mean_near(values: Floats, weight: Floats, deviation: float) -> tuple[Floats, Floats]:
    """Return the mean around each place of values (h, w, C) by their weight (h, w), and the weight there.

    Args:
        values: What is averaged.
        weight: How much each place counts.
        deviation: Of the Gaussian that says what is near, in pixels.
    """
    there = cv2.GaussianBlur(weight, (0, 0), deviation)
    sums = cv2.GaussianBlur(values * weight[..., None], (0, 0), deviation).reshape(values.shape)
    return (sums / (there[..., None] + np.float32(1e-6))).astype(np.float32), np.asarray(there, np.float32)


def _completed(lab: Floats, cut: Floats, chosen: Floats, sure: Floats) -> Floats:
    """Take along what borders on the object in its colour, and leave what shows the surroundings' colours.

    Args:
        lab: (h, w, 3), the photo.
        cut: (h, w), 0 to 1, the object, roughly.
        chosen: (h, w), 0 to 1, the selection.
        sure: (h, w), 0 to 1, how sure the finder is of the object: of what is surely of it nothing is left.

    Returns:
        (h, w), 0 to 1.
    """
    chance = _likelihood(lab, cut, chosen)
    foreign = (1 - smooth_step(chance, *_FOREIGN)) * (1 - smooth_step(sure, *_KEPT))
    rim = cut * (1 - foreign)
    likely = smooth_step(chance, *_SURE) * chosen
    rim = _grown_into(rim, likely)
    covered = float((rim * chosen).sum() / max(1e-3, float(chosen.sum())))
    believed = np.maximum(smooth_step(chance, *_UNLIKELY), smooth_step(sure, *_BELIEVED))
    follows = np.float32(np.clip((covered - _FOLLOWS[0]) / (_FOLLOWS[1] - _FOLLOWS[0]), 0, 1))
    rim = np.maximum(rim, follows * chosen * believed)
    return np.maximum(rim, _small_gaps(rim) * chosen)


def _grown_into(thing: Floats, likely: Floats) -> Floats:
    """Let an object grow into adjoining places, as far as these are likely to be of it; (h, w) in 0..1."""
    for _ in range(_STEPS):
        thing = np.maximum(thing, np.minimum(cv2.dilate(thing, np.ones((3, 3), np.uint8)), likely))
    return thing


def _small_gaps(place: Floats) -> Floats:
    """Where something else is enclosed that is too small to be seen through: an eye, the inside of an ear."""
    _, names, stats, _ = cv2.connectedComponentsWithStats((place < 0.5).astype(np.uint8), connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] < _GAP * float((place > 0.5).sum())
    return small[names].astype(np.float32) * (place < 0.5)


def possible(lab: Floats, inside: Floats, chosen: Floats) -> Floats:
    """Tell where the object can be by its colour: not in what shows only the surroundings' colours.

    Args:
        lab: (h, w, 3), the photo.
        inside: (h, w), 0 to 1, where the object is known to be.
        chosen: (h, w), 0 to 1, the selection.

    Returns:
        (h, w), 0 to 1.
    """
    return smooth_step(_likelihood(lab, inside, chosen), *_UNLIKELY)


def _likelihood(lab: Floats, inside: Floats, chosen: Floats, sure: Floats | None = None) -> Floats:
    """Tell how likely a colour is the object's, not the surroundings'; arguments as of `possible`.

    Where the finder is `sure` of the object outside the selection too, that is no surroundings.
    """
    reach = max(3, round(_RING * (chosen.shape[0] * chosen.shape[1]) ** 0.5))
    near = np.clip(4 * cv2.blur(chosen, (2 * reach + 1, 2 * reach + 1)), 0, 1)
    own = inside * chosen
    outside = chosen < 0.05
    if sure is not None:
        outside &= sure < _ELSEWHERE
    return likelier_colours(lab, own * (own > 0.6), (near * outside).astype(np.float32))


def likelier_colours(lab: Floats, own: Floats, other: Floats) -> Floats:
    """Tell how likely each place's colour is that of some places and not that of others.

    Args:
        lab: (h, w, 3), the photo.
        own: (h, w), 0 to 1, the ones.
        other: (h, w), 0 to 1, the others.

    Returns:
        (h, w), 0 to 1; a colour that is seen in neither is undecided.
    """
    shape = (18, 40, 40)
    bins = np.ravel_multi_index(
        (
            np.clip(lab[..., 0] / 6, 0, shape[0] - 1).astype(np.intp),
            np.clip((lab[..., 1] + 100) / 5, 0, shape[1] - 1).astype(np.intp),
            np.clip((lab[..., 2] + 100) / 5, 0, shape[2] - 1).astype(np.intp),
        ),
        shape,
    )

    def histogram(weight: Floats) -> Floats:
        flat = np.bincount(bins.ravel(), weight.ravel(), int(np.prod(shape)))
        counts: NDArray[np.float64] = flat.reshape(shape).astype(np.float64)
        for axis in range(3):
            counts = (np.roll(counts, 1, axis) + np.roll(counts, -1, axis)) / 4 + counts / 2
        return (counts.ravel() / max(1e-6, counts.sum())).astype(np.float32)

    core, ring = histogram(own.astype(np.float32)), histogram(other.astype(np.float32))
    chance = (core[bins] + _RARE) / (core[bins] + ring[bins] + 2 * _RARE)
    return np.asarray(cv2.GaussianBlur(chance, (0, 0), 1.0), np.float32)


def both_say(sure: Floats, alike: Floats) -> Floats:
    """Return how likely each place is of an object, (h, w) in 0..1, by the finder and by its colour.

    Args:
        sure: (h, w), 0 to 1, how sure the finder is.
        alike: (h, w), 0 to 1, from `likelier_colours`.
    """
    odds = _log_odds(sure) + np.float32(_COLOUR) * _log_odds(alike)
    return (1 / (1 + np.exp(-odds))).astype(np.float32)


def _log_odds(chance: Floats) -> Floats:
    """Return the logarithm of the odds of a chance in 0..1, which is never quite certain."""
    bounded = np.clip(chance, 0.01, 0.99)
    return np.asarray(np.log(bounded / (1 - bounded)), np.float32)


def smooth_step(values: Floats, low: float, high: float) -> Floats:
    """Rise smoothly from 0 at `low` to 1 at `high`."""
    t = np.clip((values - np.float32(low)) / np.float32(max(1e-6, high - low)), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)
