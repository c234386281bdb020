"""The outlines that a model keeps (`nigdt.model.outlines`), learnt from the objects cut out of its photos.

Objects of a named class (`species`) are compared in a square of one size and grouped by k-means. An outline
is the mean of the few objects nearest to a group's middle. Kept are those that are sharp, because these few
agree, and that differ most from an oval, because they show what the thing is.

Where the data set tells places of parts, an outline has those of the objects most like it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nigdt.box import Box, selection_box
from nigdt.colours import find_colours
from nigdt.errors import NigdtError
from nigdt.marks import Landmarks
from nigdt.model.outlines import MARKS, SIDE
from nigdt.objects import largest_piece
from nigdt.outlines import likeness_to_oval
from nigdt.part_words import PART_NAMES
from nigdt.text import Vocabulary, tokenise
from nigdt_training.data.records import Point
from nigdt_training.inpaint.step import Networks
from nigdt_training.samples import Pool

__all__ = [
    "LearntOutlines",
    "ObjectShape",
    "keep_outlines",
    "learn_marks",
    "learn_outlines",
    "typical",
    "whole_shape",
]

Floats = NDArray[np.float32]

_LEAST_PIXELS = 900
_SOLID = 0.62
"""Part of its convex hull that a bird covers at least."""
_GROUPS = 4
"""Groups for each outline that is kept."""
_BLUR = 1.0
_ASPECT_WEIGHT = 4.0
"""Of the logarithm of width by height, beside the differences of the pixels."""
_NEAREST = 8
"""Objects that an outline is the mean of."""
_LEAST_SHARP = 0.83
"""Mean distance of an outline's pixels from one half, doubled."""
_LEAST_GROUP = 15
"""Objects of a group."""
_BESIDE = 0.1
"""How far beside its object's box a beak may be that its cut-out lost, as a fraction of the box."""
_BELOW = 0.4
"""The same of a leg, below it."""
_MARKED = 6
"""Objects with known places that an outline's marks are the medians of, ..."""
_SEEN = 3
"""... and how many of them show a wing or a leg that the outline is given, at least."""
_OFTEN = 0.25
"""Part of the class's photos whose captions have a word that names it, ..."""
_RARELY = 0.1
"""... and how much rarer it is in the others', at least."""
_LIKE, _ODD = 1.5, 1.4
"""Of the usual difference between an outline and the one most like it: how far others count as like it, and
from which on it is an odd one, a torn cut-out or two things at once."""
_FUNCTION_WORDS = frozenset({"a", "an", "and", "has", "is", "it", "its", "of", "that", "the", "this", "with"})


def keep_outlines(networks: Networks, pools: Sequence[Pool], vocabulary: Vocabulary) -> None:
    """Give a model that is to keep outlines, or their marks, those of these photos, unless it has some.

    Raises:
        NigdtError: The photos show fewer than it is to keep, or the data sets tell no places.
    """
    model = networks.plain.model
    count = model.config.outlines
    if not count:
        return
    if not model.outlines.shapes.any():
        _keep(networks, _outlines(pools, count, vocabulary))
    if model.config.marks and (model.outlines.marks < 0).all():
        marks = learn_marks(pools, model.outlines.shapes.numpy(), model.outlines.aspects.numpy())
        if (marks < 0).all():
            raise NigdtError(
                "The data sets do not tell where eyes and beaks are.",
                "Set model.marks to false, or add places of parts (docs/training-data.md).",
            )
        _keep(networks, {"outlines.marks": torch.from_numpy(marks)})


def _outlines(pools: Sequence[Pool], count: int, vocabulary: Vocabulary) -> dict[str, Tensor]:
    learnt = learn_outlines(pools, count, vocabulary)
    if len(learnt.shapes) < count:
        raise NigdtError(
            f"The photos show {len(learnt.shapes)} clear outlines of named classes, not {count}.",
            f"Set model.outlines to {len(learnt.shapes)}, or add photos.",
        )
    return {
        "outlines.shapes": torch.from_numpy(learnt.shapes),
        "outlines.aspects": torch.from_numpy(learnt.aspects),
        "outlines.numbers": torch.from_numpy(learnt.numbers),
        "outlines.words": torch.tensor([float(word in learnt.words) for word in vocabulary.words]),
    }


def _keep(networks: Networks, book: dict[str, Tensor]) -> None:
    own = networks.plain.model.state_dict()
    for name, value in book.items():
        own[name].copy_(value)
        networks.averaged[name].copy_(value)


@dataclass(frozen=True)
class LearntOutlines:
    """What `learn_outlines` finds.

    Attributes:
        shapes: (N, SIDE, SIDE), 0 to 1.
        aspects: (N,), width divided by height.
        numbers: (N,), how many objects have nearly this one.
        words: The words that name such things.
    """

    shapes: Floats
    aspects: Floats
    numbers: Floats
    words: tuple[str, ...]


_NONE = LearntOutlines(
    np.zeros((0, SIDE, SIDE), np.float32), np.zeros(0, np.float32), np.zeros(0, np.float32), ()
)


def learn_outlines(pools: Sequence[Pool], count: int, vocabulary: Vocabulary) -> LearntOutlines:
    """Learn outlines of what has a class in these photos.

    Args:
        pools: Photos to learn from.
        count: Most outlines to keep.
        vocabulary: The model's; other words are left out.

    Returns:
        As many as there are, up to `count`.
    """
    found = [one for pool in pools for one in _objects(pool)]
    if len(found) < _NEAREST:
        return _NONE
    shapes = np.stack([one.outline.shape for one in found])
    aspects = np.array([one.outline.aspect for one in found], np.float32)
    features = _features(shapes, aspects)
    groups = min(_GROUPS * count, len(found) // _NEAREST)
    labels, middles = _clustered(features, groups)
    sizes = np.bincount(labels, minlength=groups)
    kept: list[tuple[float, Floats, float, int]] = []
    for middle, size in zip(middles, sizes, strict=True):
        nearest = np.argsort(np.linalg.norm(features - middle, axis=1))[:_NEAREST]
        shape = np.asarray(shapes[nearest].mean(0), np.float32)
        aspect = float(np.exp(np.log(aspects[nearest]).mean()))
        if 2 * np.abs(shape - 0.5).mean() >= _LEAST_SHARP and size >= _LEAST_GROUP:
            kept.append((_likeness(shape, aspect), shape, aspect, int(size)))
    if not kept:
        return _NONE
    _, kept_shapes, kept_aspects, numbers = zip(*sorted(kept, key=lambda one: one[0])[:count], strict=True)
    return LearntOutlines(
        np.stack(kept_shapes),
        np.array(kept_aspects, np.float32),
        np.array(numbers, np.float32),
        _naming_words(pools, vocabulary),
    )


def learn_marks(pools: Sequence[Pool], shapes: Floats, aspects: Floats) -> Floats:
    """Learn where eyes, beaks, wings and legs are in outlines.

    Args:
        pools: Photos to learn from.
        shapes: (N, SIDE, SIDE), 0 to 1.
        aspects: (N,), width divided by height.

    Returns:
        (N, len(MARKS), 2), x and y of each from 0 to 1, legs beyond it; -1 where the photos do not tell it.
    """
    known = [one for pool in pools for one in _objects(pool) if one.marks is not None]
    marks = np.full((len(shapes), len(MARKS), 2), -1, np.float32)
    if len(known) < _MARKED:
        return marks
    like = _features(
        np.stack([one.outline.shape for one in known]),
        np.array([one.outline.aspect for one in known], np.float32),
    )
    places = np.stack([one.marks for one in known if one.marks is not None])
    for i, feature in enumerate(_features(shapes, aspects)):
        nearest = places[np.argsort(np.linalg.norm(like - feature, axis=1))[:_MARKED]]
        for part in range(len(MARKS)):
            seen = nearest[~np.isnan(nearest[:, part, 0]), part]
            if len(seen) >= _SEEN:
                marks[i, part] = np.median(seen, axis=0)
    return marks


def _features(shapes: Floats, aspects: Floats) -> Floats:
    """Return what outlines are compared by, (N, F)."""
    reduced = np.stack([cv2.GaussianBlur(shape, (0, 0), _BLUR)[::2, ::2].ravel() for shape in shapes])
    return np.concatenate([reduced, _ASPECT_WEIGHT * np.log(aspects)[:, None]], 1).astype(np.float32)


@dataclass(frozen=True)
class ObjectShape:
    """The outline of a whole object.

    Attributes:
        shape: (SIDE, SIDE), 0 to 1, in its bounding box, the heavier half on the left.
        aspect: The box's width divided by its height.
        box: Where that is.
        turned: Whether the object was mirrored for that.
    """

    shape: Floats
    aspect: float
    box: Box
    turned: bool


@dataclass(frozen=True)
class _Object:
    """A whole object of a class.

    Attributes:
        outline: Its outline.
        marks: (len(MARKS), 2), where its parts are, x and y from 0 to 1 in the box, NaN where they are not
            seen; None where its head is not seen from the side.
    """

    outline: ObjectShape
    marks: Floats | None


def _objects(pool: Pool) -> Iterator[_Object]:
    """Yield each whole object of a class."""
    for i in map(int, pool.photos):
        mask = pool.cache.object_mask(i) if pool.cache.species(i) else None
        found = None if mask is None else whole_shape(mask)
        if found is not None:
            yield _Object(found, _marks(pool.cache.places(i), found.box, found.turned))


def whole_shape(mask: NDArray[np.uint8], least_solid: float = _SOLID) -> ObjectShape | None:
    """Return the outline of an object that is seen as a whole; None for others.

    Args:
        mask: (H, W), above 127 on the object.
        least_solid: Part of its convex hull that it covers at least; less is a torn cut-out.
    """
    piece = largest_piece(mask > 127)
    if piece.sum() < _LEAST_PIXELS:
        return None
    box = selection_box(piece)
    height, width = mask.shape
    if box.left <= 1 or box.top <= 1 or box.right >= width - 1 or box.bottom >= height - 1:
        return None
    alone = piece[box.slices].astype(np.uint8)
    outlines, _ = cv2.findContours(alone, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(outlines, key=cv2.contourArea)
    if cv2.contourArea(outline) < least_solid * cv2.contourArea(cv2.convexHull(outline)):
        return None
    filled = cv2.drawContours(np.zeros_like(alone), [outline], -1, 1, cv2.FILLED).astype(np.float32)
    shape = np.asarray(cv2.resize(filled, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.float32)
    turned = float((shape * np.linspace(-1, 1, SIDE)[None]).sum()) > 0
    facing: Floats = np.ascontiguousarray(shape[:, ::-1] if turned else shape, np.float32)
    return ObjectShape(facing, box.width / box.height, box, turned)


def typical(shapes: Sequence[ObjectShape], most: int) -> tuple[list[ObjectShape], list[float]]:
    """Return the outlines that others are like, and how common each is; odd ones are left out.

    Args:
        shapes: At least two.
        most: How many to keep at most.
    """
    features = _features(
        np.stack([one.shape for one in shapes]), np.array([one.aspect for one in shapes], np.float32)
    )
    apart = np.linalg.norm(features[:, None] - features[None], axis=2)
    nearest = np.sort(apart, axis=1)[:, 1]
    usual = float(np.median(nearest))
    common = np.exp(-((apart / max(1e-6, _LIKE * usual)) ** 2)).sum(1)
    kept = [i for i in np.argsort(-common).tolist() if nearest[i] <= _ODD * usual][:most]
    return [shapes[i] for i in kept], [float(common[i]) for i in kept]


def _clustered(features: Floats, groups: int) -> tuple[NDArray[np.integer[Any]], Floats]:
    """Return each row's group, (N,), and the groups' middles, by k-means."""
    cv2.setRNGSeed(0)
    rule = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 60, 1e-4)
    _, labels, middles = cv2.kmeans(features, groups, None, rule, 2, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
    return labels.ravel(), middles


def _marks(places: Mapping[str, Point], box: Box, mirrored: bool) -> Floats | None:
    """Return `_Object.marks` of a bird that is seen from the side."""
    parts = Landmarks.of(places)
    if len(parts.eyes) != 1 or parts.beak is None:
        return None
    wing = parts.wings[0] if len(parts.wings) == 1 else None
    legs = sorted(parts.legs, reverse=mirrored)  # from the head on, which is on the left
    front, hind = (legs[0], legs[-1]) if legs else (None, None)
    unknown = (np.nan, np.nan)
    found = [parts.eyes[0], parts.beak, wing, parts.tail, front, hind]
    marks = np.array([unknown if place is None else place for place in found], np.float64)
    marks = (marks - (box.left, box.top)) / (box.width, box.height)
    if mirrored:
        marks[:, 0] = 1 - marks[:, 0]
    head = marks[:2]
    if head.min() < -_BESIDE or head.max() > 1 + _BESIDE:
        return None
    marks[4:][(marks[4:, 1] < 0.5) | (marks[4:, 1] > 1 + _BELOW)] = np.nan
    return marks.astype(np.float32)


def _likeness(shape: Floats, aspect: float) -> float:
    size = (max(8, round(2 * SIDE * max(1.0, aspect))), max(8, round(2 * SIDE * max(1.0, 1 / aspect))))
    return likeness_to_oval(cv2.resize(shape, size) > 0.5)


def _naming_words(pools: Sequence[Pool], vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return what names things of a class: the last words of its names, and what captions call all."""
    named, classes, others = Counter[str](), 0, Counter[str]()
    rest, names = 0, set[str]()
    for pool in pools:
        for i in map(int, pool.photos):
            words = {word for caption in pool.cache.captions(i) for word in tokenise(caption)}
            species = pool.cache.species(i)
            if species:
                classes, names = classes + 1, names | set(tokenise(species.replace("_", " "))[-1:])
                named.update(words)
            else:
                rest += 1
                others.update(words)
    parts = {name for one in PART_NAMES.values() for name in one}
    common = {word for word, number in named.items() if number >= _OFTEN * classes} | names
    return tuple(
        sorted(
            word
            for word in (common & set(vocabulary.words)) - parts - _FUNCTION_WORDS
            if not find_colours(word) and others[word] * classes <= _RARELY * named[word] * max(1, rest)
        )
    )
