"""Where in a hole the thing that a caption names is to be: one of the outlines that the model keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.bird_colours import BIRD_COLOURS
from nigdt.box import selection_box
from nigdt.marks import Landmarks, draw_parts, draw_told
from nigdt.model import NIGDT
from nigdt.model.outlines import MARKS
from nigdt.objects import largest_piece
from nigdt.pasted import Placement
from nigdt.recipe import Variant
from nigdt.text import Vocabulary, tokenise

__all__ = ["Outlines", "Silhouette", "draws_itself", "likeness_to_oval"]

Floats = NDArray[np.float32]

_GRID = 40
"""Side in pixels of the square that a hole's bounding box is compared with outlines in."""
_MARGIN = 0.94
"""Most of the bounding box's width and height that an outline takes."""
_STRETCH = 1.2
"""Most that an outline's proportions are changed by to fit."""
_INSIDE = 0.985
"""Fraction of an outline that must lie in the hole."""
_SMALLER = 0.93
"""Factor by which it is shrunk until it does, ..."""
_STEPS = 14
"""... so often at most."""
_NEAR_BEST = 0.8
"""Outlines that fill the hole so nearly as well as the best are drawn by chance ..."""
_CHOICE = 4
"""... among at least so many."""
_NEAR_BEST_OF_OTHERS = 0.45, 8
"""The same of other kinds: a giraffe is slim, and fills no box as one does that lies down."""
_OVAL = 0.87
"""Overlap with the ellipse of the same moments, and with its bounding box, from which on a hole has no shape
of its own."""
_ONE_PIECE = 0.97
_UNKNOWN = -1.0
"""Place of a part that is not known."""
_FOOT = 0.1
"""How far feet reach below the places of legs, in terms of the outline's height."""
_SHARPENED = 4.0

_BIRD = "bird"
_BIRDS = frozenset(BIRD_COLOURS) | {"albatross", "grebe", "songbird"}
"""What a model whose outlines are birds' gives them to as well, whether it knows the word or not."""

_POULTRY = frozenset({"chicken", "chickens", "duck", "ducks", "goose", "turkey", "quail"})
_ON_A_PLATE = """
baked boiled bowl bread broccoli cheese cooked curry dinner dish fried fries garnished grilled lemon
lemons lettuce lunch meal meat mushrooms noodles onions pan pasta pepper peppers pizza plate plates
potato potatoes rice roast roasted salad sandwich sauce slice sliced slices soup stew tomato tomatoes
vegetables
"""
_FOOD = frozenset(_ON_A_PLATE.split())
"""Words beside which these are on a plate."""


@dataclass(frozen=True)
class Outlines:
    """What a model's outlines are.

    Attributes:
        shapes: (N, S, S), 0 to 1, 1 inside.
        aspects: (N,), width divided by height.
        numbers: (N,), how common each is.
        words: The kind of thing, from 1, that each word names which names one.
        marks: (N, P, 2), where each has the first P of `MARKS`, x and y from 0 to 1; -1 where they are not
            known. None where the model is told none.
        kinds: (N,), which kind each is of; None where all are of the first.
    """

    shapes: Floats
    aspects: Floats
    numbers: Floats
    words: Mapping[str, int]
    marks: Floats | None = None
    kinds: NDArray[np.integer[Any]] | None = None

    @classmethod
    def of(cls, model: NIGDT, vocabulary: Vocabulary) -> Outlines | None:
        """Return a model's outlines; None where it has none."""
        if not model.config.outlines:
            return None
        book = model.outlines
        named = np.rint(book.words.cpu().numpy()).astype(int)
        words = {word: int(kind) for word, kind in zip(vocabulary.words, named, strict=True) if kind}
        if _BIRD in words:
            words |= dict.fromkeys(_BIRDS - words.keys(), words[_BIRD])
        shapes, aspects, numbers = (x.cpu().numpy() for x in (book.shapes, book.aspects, book.numbers))
        marks = book.marks.cpu().numpy() if model.config.marks else None
        if marks is not None:
            shapes, aspects, marks = _with_room_for_legs(shapes, aspects, marks)
        kinds = np.rint(book.kinds.cpu().numpy()).astype(int)
        return cls(shapes, aspects, numbers, words, marks, kinds)

    @property
    def of_birds(self) -> int:
        """The kind that birds are of; 0 where the model has no outlines of birds."""
        return self.words.get(_BIRD, 0)

    def is_bird(self, kind: int) -> bool:
        """Return whether a kind is of birds, or of one bird that somebody's photos show: they perch."""
        return any(of == kind and (word == _BIRD or word in _BIRDS) for word, of in self.words.items())

    def kind_in(self, caption: str) -> int:
        """Return the kind of the first thing that a caption names, or 0; a chicken on a plate is none."""
        said = tokenise(caption)
        on_a_plate = not _FOOD.isdisjoint(said)
        kinds = (self.words.get(word, 0) for word in said if not (on_a_plate and word in _POULTRY))
        return next(filter(None, kinds), 0)

    def place(self, hole: NDArray[np.bool_], variant: Variant, kind: int = 1) -> Silhouette | None:
        """Choose an outline for a hole and put it into its largest piece.

        The variant's seed chooses among those that fit well, or its base where it stays near that; common
        ones are likelier. The mean answer has the commonest.

        Args:
            hole: (H, W).
            variant: Which of the possible answers.
            kind: Whose outline.

        Returns:
            None where no outline fits.
        """
        if not hole.any() or not len(self.shapes):
            return None
        hole = largest_piece(hole)
        box = selection_box(hole)
        height, width = box.height, box.width
        small = np.asarray(
            cv2.resize(hole[box.slices].astype(np.float32), (_GRID, _GRID), interpolation=cv2.INTER_AREA),
            np.float32,
        )
        fits = [
            fit
            for outline, (shape, aspect) in enumerate(zip(self.shapes, self.aspects, strict=True))
            if self.kinds is None or self.kinds[outline] == kind
            for mirrored in (False, True)
            if (fit := _fit(shape, float(aspect) * height / width, outline, mirrored, small)) is not None
        ]
        if not fits:
            return None
        fits.sort(key=lambda fit: -fit.area)
        near, choice = (_NEAR_BEST, _CHOICE) if kind == self.of_birds else _NEAR_BEST_OF_OTHERS
        count = max(choice, sum(fit.area >= near * fits[0].area for fit in fits))
        likely = np.array([float(self.numbers[fit.outline]) for fit in fits[:count]])
        seed = variant.base if variant.spread < 1 and variant.seed is not None else variant.seed
        if seed is None:
            fit = fits[int(np.argmax(likely))]
        else:
            fit = fits[int(np.random.default_rng(seed).choice(len(likely), p=likely / likely.sum()))]
        w, h = max(2, round(fit.width * width)), max(2, round(fit.height * height))
        left, top = round((width - w) * 0.5), round((height - h) * 0.5)
        if kind != self.of_birds:  # what does not fly stands at the lower end of the hole
            top = _lowest(
                _facing(self.shapes[fit.outline], fit.mirrored), (h, w), left, top, hole[box.slices]
            )
        outline = np.zeros(hole.shape, np.float32)
        shape = _facing(self.shapes[fit.outline], fit.mirrored)
        shape = np.asarray(cv2.resize(shape, (w, h), interpolation=cv2.INTER_LINEAR), np.float32)
        # A mean of several has no sharp edge, and the model learnt from sharp ones.
        outline[box.slices][top : top + h, left : left + w] = np.clip(0.5 + _SHARPENED * (shape - 0.5), 0, 1)
        rows, columns = hole.shape
        place = Placement(
            fit.outline,
            fit.mirrored,
            (box.left + left) / columns,
            (box.top + top) / rows,
            w / columns,
            h / rows,
        )
        if self.marks is None:
            return Silhouette(outline, place=place)
        marks = self.marks[fit.outline]
        if (marks[:2] == _UNKNOWN).all():
            return Silhouette(outline, np.zeros_like(outline), place=place)
        across = 1 - marks[:, 0] if fit.mirrored else marks[:, 0]
        x, y = box.left + left + across * w, box.top + top + marks[:, 1] * h
        places = {
            name: (float(x[i]), float(y[i]))
            for i, name in enumerate(MARKS[: len(marks)])
            if (marks[i] != _UNKNOWN).all()
        }
        parts = draw_parts(outline, Landmarks.of(places))
        drawn, marked = draw_told(outline, parts)
        return Silhouette(np.maximum(outline, drawn * hole), marked, parts, place)


def _with_room_for_legs(shapes: Floats, aspects: Floats, marks: Floats) -> tuple[Floats, Floats, Floats]:
    """Make outlines with their legs fill their squares, where the outlines alone did."""
    lowest = np.where(marks[:, 4:, 1] == _UNKNOWN, 0, marks[:, 4:, 1] + _FOOT).max(axis=1, initial=1)
    side = shapes.shape[1]
    room = [round(side * float(low - 1)) for low in lowest]
    taller = [
        cv2.resize(np.pad(shape, ((0, rows), (0, 0))), (side, side), interpolation=cv2.INTER_AREA)
        for shape, rows in zip(shapes, room, strict=True)
    ]
    factor = np.array([side / (side + rows) for rows in room], np.float32)
    lower = marks[..., 1] * factor[:, None]
    marks = np.stack([marks[..., 0], np.where(marks[..., 1] == _UNKNOWN, _UNKNOWN, lower)], -1)
    return np.stack(taller).astype(np.float32), aspects * factor, marks.astype(np.float32)


@dataclass(frozen=True)
class Silhouette:
    """What a model is told of the thing that it is to draw.

    Attributes:
        outline: (H, W), 0 to 1, 1 inside.
        marks: (H, W), 0 to 1, its parts (`nigdt.marks`); None where the model is told none.
        parts: Part -> (H, W), 0 to 1, where it is, as far as the model is told it.
        place: Which outline it is; None where it is none of the model's.
    """

    outline: Floats
    marks: Floats | None = None
    parts: Mapping[str, Floats] = field(default_factory=dict)
    place: Placement | None = None

    def maps(self, channels: int) -> Floats:
        """Return both as the model reads them, (channels, H, W)."""
        maps = np.zeros((channels, *self.outline.shape), np.float32)
        maps[0] = self.outline
        if self.marks is not None:
            maps[1] = self.marks
        return maps


def _facing(shape: Floats, mirrored: bool) -> Floats:
    return np.ascontiguousarray(shape[:, ::-1]) if mirrored else shape


@dataclass(frozen=True)
class _Fit:
    """How an outline fits a hole.

    Attributes:
        outline: Which outline.
        mirrored: Whether it faces the other way.
        width: Fraction of the hole's width that it takes.
        height: The same of the height.
        area: Fraction of the bounding box that is inside it.
    """

    outline: int
    mirrored: bool
    width: float
    height: float
    area: float


def _fit(shape: Floats, aspect: float, outline: int, mirrored: bool, hole: Floats) -> _Fit | None:
    """Make an outline as large as it can be in the middle of a hole.

    Args:
        shape: (S, S).
        aspect: Its width divided by its height where the hole's bounding box is a square.
        outline: Its number.
        mirrored: Whether it is to face the other way.
        hole: (_GRID, _GRID), 0 to 1, the bounding box.
    """
    shape = _facing(shape, mirrored)
    stretched = min(max(1.0, aspect / _STRETCH), aspect * _STRETCH)
    width, height = min(1.0, stretched), min(1.0, 1 / stretched)
    scale = _MARGIN
    for _ in range(_STEPS):
        w, h = max(2, round(width * scale * _GRID)), max(2, round(height * scale * _GRID))
        left, top = (_GRID - w) // 2, (_GRID - h) // 2
        there = cv2.resize(shape, (w, h), interpolation=cv2.INTER_AREA)
        area = float(there.sum())
        if float((there * hole[top : top + h, left : left + w]).sum()) >= _INSIDE * area:
            return _Fit(outline, mirrored, width * scale, height * scale, area / _GRID**2)
        scale *= _SMALLER
    return None


def _lowest(shape: Floats, size: tuple[int, int], left: int, top: int, hole: NDArray[np.bool_]) -> int:
    """Return the lowest row at which an outline can begin and still lie in a hole.

    Args:
        shape: (S, S).
        size: Its height and width, in pixels.
        left: Its first column.
        top: A row at which it lies in it.
        hole: (H, W).
    """
    there = cv2.resize(shape, size[::-1], interpolation=cv2.INTER_AREA)
    area = float(there.sum())
    rows = range(top, hole.shape[0] - size[0] + 1)
    inside = (
        row
        for row in rows
        if float((there * hole[row : row + size[0], left : left + size[1]]).sum()) >= _INSIDE * area
    )
    return max(inside, default=top)


def draws_itself(hole: NDArray[np.bool_]) -> bool:
    """Return whether a hole has the outline of a thing: it is in one piece, and neither a box nor an oval.

    Args:
        hole: (H, W).
    """
    if not hole.any():
        return False
    if largest_piece(hole).sum() < _ONE_PIECE * hole.sum():
        return False
    return max(likeness_to_oval(hole), _likeness_to_box(hole)) < _OVAL


def likeness_to_oval(mask: NDArray[np.bool_]) -> float:
    """Return the overlap (intersection over union) of a mask (H, W) and the ellipse of the same moments."""
    middle, axes, angle = _moments(mask)
    oval = np.zeros(mask.shape, np.uint8)
    cv2.ellipse(oval, (middle, (4 * axes[0], 4 * axes[1]), angle), 1, cv2.FILLED)
    return _overlap(mask, oval > 0)


def _likeness_to_box(mask: NDArray[np.bool_]) -> float:
    """Return the overlap with its bounding box, or with the rectangle of the same moments if that is more."""
    middle, axes, angle = _moments(mask)
    corners = cv2.boxPoints((middle, (12**0.5 * axes[0], 12**0.5 * axes[1]), angle))
    turned = cv2.fillPoly(np.zeros(mask.shape, np.uint8), [np.rint(corners).astype(np.int32)], 1) > 0
    box = selection_box(mask)
    return max(_overlap(mask, turned), float(mask.sum()) / (box.width * box.height))


def _moments(mask: NDArray[np.bool_]) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Return a mask's middle (x, y), the deviations along its axes, and the first axis's angle in degrees."""
    found = cv2.moments(mask.astype(np.uint8), binaryImage=True)
    area = max(1.0, found["m00"])
    spread = np.array([[found["mu20"], found["mu11"]], [found["mu11"], found["mu02"]]]) / area
    values, vectors = np.linalg.eigh(spread)
    one, other = np.sqrt(np.maximum(values, 1e-3))
    angle = float(np.degrees(np.arctan2(vectors[1, 0], vectors[0, 0])))
    return (found["m10"] / area, found["m01"] / area), (float(one), float(other)), angle


def _overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum()) / max(1.0, float((one | other).sum()))
