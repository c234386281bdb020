"""Where the bird that a model draws has its parts: what makes a shape a bird to whoever looks.

An outline alone leaves head, wings and legs to chance, and the model then draws none of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Landmarks", "draw_parts", "draw_told"]

Floats = NDArray[np.float32]
Point = tuple[float, float]

_EYE = 0.2
"""Radius of an eye, as a fraction of the distance from there to the middle of the beak."""
_LEAST_EYE = 1.1
"""The same in pixels, at least."""
_BASE, _TIP = 0.45, 0.5
"""How far a beak reaches from its middle towards the eye and away from it, in terms of their distance, ..."""
_HALF = 0.26
"""... and half its width at the base."""
_WING = 0.4
"""How strongly a wing is drawn, beside eyes, beak and legs."""
_WING_REACH = (0.4, 0.65)
"""How far a wing reaches from its middle away from the tail and towards it, in their distances, ..."""
_WING_WIDTH = 0.21
"""... half its width, ..."""
_WING_SHOULDER = 0.55
"""... an exponent, below 1, by which it is widest near the shoulder and pointed towards the tail, ..."""
_WING_EDGE = 0.035
"""... and the deviation of its edge's blur: feathers have no sharp edge, and the model would draw it."""
_LONGEST_WING = 1.1
"""Largest such distance, in terms of the side of a square of the bird's area, as for all that follows."""
_FARTHEST_LEG = 0.5
"""Farthest that a leg's place is from the body; farther ones belong to a body that was cut short."""
_LEG, _LEAST_LEG = 0.03, 1.2
"""Thickness of a leg, and the same in pixels, at least."""
_FOOT = 0.1
"""How far a leg goes on beyond its place."""
_SHIFT = 4
_ONE = 2**_SHIFT


@dataclass(frozen=True)
class Landmarks:
    """Places of a bird's parts, (x, y) in pixels, those that are seen.

    Attributes:
        eyes: One or both.
        beak: Its middle.
        wings: The middle of each.
        tail: Its middle.
        legs: Where each ends, or nearly so.
    """

    eyes: Sequence[Point] = ()
    beak: Point | None = None
    wings: Sequence[Point] = ()
    tail: Point | None = None
    legs: Sequence[Point] = ()

    @classmethod
    def of(cls, places: Mapping[str, Point]) -> Landmarks:
        """Return those among named places, such as `left_eye` of CUB-200-2011 or `front leg`."""

        def ending(part: str) -> list[Point]:
            return [place for name, place in places.items() if name.endswith(part)]

        return cls(ending("eye"), places.get("beak"), ending("wing"), places.get("tail"), ending("leg"))


def draw_parts(outline: Floats, landmarks: Landmarks) -> dict[str, Floats]:
    """Draw the parts of a bird that a model is told.

    Args:
        outline: (H, W), 0 to 1, 1 on its body.
        landmarks: Where they are.

    Returns:
        Part, as `nigdt.part_words` calls it -> (H, W), 0 to 1: eyes as discs, the beak as a triangle, legs as
        lines, and wings as drops within the outline. Those that are not seen are 0 everywhere.
    """
    return {
        "eye": _eyes(outline.shape, landmarks),
        "beak": _beak(outline.shape, landmarks),
        "leg": _legs(outline, landmarks.legs),
        "wing": _wings(outline, landmarks),
    }


def draw_told(outline: Floats, parts: Mapping[str, Floats]) -> tuple[Floats, Floats]:
    """Draw what a model is told of a bird.

    Args:
        outline: (H, W), 0 to 1, 1 on its body.
        parts: From `draw_parts`.

    Returns:
        The outline together with beak and legs, and the marks: all parts, wings more weakly. Both (H, W), 0
        to 1.
    """
    thin = np.maximum(parts["beak"], parts["leg"])
    marks = np.maximum(np.maximum(thin, parts["eye"]), np.float32(_WING) * parts["wing"])
    return np.maximum(outline, thin), marks


def _beak(shape: tuple[int, ...], landmarks: Landmarks) -> Floats:
    """Draw the beak, if it is seen and an eye tells where it points."""
    eyes, beak = landmarks.eyes, landmarks.beak
    picture = np.zeros(shape, np.uint8)
    if beak is not None and eyes:
        middle = np.array(beak, np.float64)
        towards = middle - np.mean(eyes, axis=0)
        across = np.array([-towards[1], towards[0]]) * _HALF
        base = middle - _BASE * towards
        corners = np.stack([base + across, middle + _TIP * towards, base - across])
        cv2.fillConvexPoly(picture, _fixed(corners), 255, cv2.LINE_AA, _SHIFT)
    return _scaled(picture)


def _legs(outline: Floats, legs: Sequence[Point]) -> Floats:
    """Draw legs from the body to their places and a little further."""
    picture = np.zeros(outline.shape, np.uint8)
    ys, xs = np.nonzero(outline > 0.5)
    if not len(xs):
        return _scaled(picture)
    size = float(np.sqrt(len(xs)))
    for leg in np.array(legs, np.float64).reshape(-1, 2):
        nearest = int(np.argmin((xs - leg[0]) ** 2 + (ys - leg[1]) ** 2))
        body = np.array([xs[nearest], ys[nearest]], np.float64)
        length = float(np.hypot(*(leg - body)))
        if length > _FARTHEST_LEG * size:
            continue
        # A leg that ends on the body as it is cut out stands straight down.
        onwards = (leg - body) / length if length > 1 else np.array([0.0, 1.0])
        ends = _fixed(np.stack([body, leg + _FOOT * size * onwards]))
        _line(picture, ends, max(_LEAST_LEG, _LEG * size))
    return _scaled(picture)


def _wings(outline: Floats, landmarks: Landmarks) -> Floats:
    picture = np.zeros(outline.shape, np.uint8)
    size = float(np.sqrt(np.count_nonzero(outline > 0.5)))
    for wing in landmarks.wings if landmarks.tail is not None else ():
        towards = np.array(landmarks.tail, np.float64) - wing
        length = min(float(np.hypot(*towards)), _LONGEST_WING * size)
        if length < 1:
            continue
        towards *= length / np.hypot(*towards)
        along = np.linspace(0, 1, 17)
        half = _WING_WIDTH * np.sin(np.pi * along**_WING_SHOULDER)
        spine = np.array(wing) + ((along * sum(_WING_REACH)) - _WING_REACH[0])[:, None] * towards
        across = half[:, None] * np.array([-towards[1], towards[0]])
        one = np.zeros(outline.shape, np.uint8)
        cv2.fillConvexPoly(
            one, _fixed(np.vstack([spine + across, (spine - across)[::-1]])), 255, cv2.LINE_AA, _SHIFT
        )
        picture = np.maximum(picture, cv2.GaussianBlur(one, (0, 0), max(0.5, _WING_EDGE * length)))
    return _scaled(picture) * (outline > 0.5)


def _eyes(shape: tuple[int, ...], landmarks: Landmarks) -> Floats:
    eyes, beak = landmarks.eyes, landmarks.beak
    apart = max((float(np.hypot(x - beak[0], y - beak[1])) for x, y in eyes if beak), default=0.0)
    radius = max(_LEAST_EYE, _EYE * apart)
    marks = np.zeros(shape, np.float32)
    for x, y in eyes:
        if not (-radius <= x < shape[1] + radius and -radius <= y < shape[0] + radius):
            continue
        disc = np.zeros(shape, np.uint8)
        centre = (round(x * _ONE), round(y * _ONE))
        cv2.circle(disc, centre, round(radius * _ONE), 255, cv2.FILLED, cv2.LINE_AA, _SHIFT)
        marks = np.maximum(marks, _scaled(disc))
    return marks


def _line(picture: NDArray[np.uint8], ends: NDArray[np.int32], thickness: float) -> None:
    """Draw a line as the polygon that it is: OpenCV's own are whole pixels thick."""
    towards = (ends[1] - ends[0]).astype(np.float64)
    across = np.array([-towards[1], towards[0]]) / max(1e-6, float(np.hypot(*towards))) * thickness / 2 * _ONE
    corners = np.stack([ends[0] + across, ends[1] + across, ends[1] - across, ends[0] - across])
    cv2.fillConvexPoly(picture, np.rint(corners).astype(np.int32), 255, cv2.LINE_AA, _SHIFT)


def _fixed(points: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return points as OpenCV reads fractions of pixels."""
    return np.rint(np.clip(points, -(2.0**15), 2.0**15) * _ONE).astype(np.int32)


def _scaled(picture: NDArray[np.uint8]) -> Floats:
    return picture.astype(np.float32) / np.float32(255)
