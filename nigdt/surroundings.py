"""Words for what surrounds things: where the photo shows it already, the photo's own serves best.

"Green grass" beside olive grass should become that grass. A material is known by the colours that it usually
has; they are wide, since only what lies around the hole is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.colours import find_colours, rgb_to_lab
from nigdt.text import tokenise

__all__ = ["MATERIALS", "materials", "mostly", "names_surface", "ring_around", "showing", "whatever"]

Lab = tuple[float, float, float]

_GRASS: Final[tuple[Lab, ...]] = (
    (35, -15, 22),
    (50, -22, 32),
    (55, -10, 32),
    (65, -25, 45),
    (60, 0, 30),
    (72, 0, 35),
)
_LEAVES: Final[tuple[Lab, ...]] = ((18, -6, 10), (32, -12, 18), (45, -20, 28), (60, -20, 35), (50, 0, 25))
_SKY: Final[tuple[Lab, ...]] = (
    (60, -2, -25),
    (72, -6, -20),
    (85, -3, -8),
    (93, 0, 0),
    (75, 0, 0),
    (50, 5, -40),
)
_WATER: Final[tuple[Lab, ...]] = (
    (30, -5, -18),
    (45, -5, -15),
    (55, -12, -8),
    (65, -5, -5),
    (80, -2, -2),
    (40, -8, 3),
)
_SNOW: Final[tuple[Lab, ...]] = ((97, 0, 0), (90, 0, -2), (82, 0, -4), (75, 0, -8))
_SAND: Final[tuple[Lab, ...]] = ((82, 3, 16), (72, 5, 20), (62, 6, 20), (55, 5, 14), (75, 1, 8))
_STONE: Final[tuple[Lab, ...]] = ((30, 0, 3), (45, 1, 4), (58, 1, 5), (70, 1, 6), (50, 4, 12))
_EARTH: Final[tuple[Lab, ...]] = ((25, 6, 12), (38, 9, 18), (50, 9, 20), (60, 8, 20))
_WALL: Final[tuple[Lab, ...]] = ((88, 0, 4), (75, 2, 10), (60, 2, 6), (45, 2, 4), (28, 0, 0), (48, 18, 18))
_WOOD: Final[tuple[Lab, ...]] = ((22, 4, 8), (35, 8, 16), (48, 10, 24), (62, 10, 30), (55, 2, 6))

MATERIALS: Final[Mapping[str, tuple[Lab, ...]]] = {
    **dict.fromkeys(("grass", "lawn", "meadow", "field", "pasture"), _GRASS),
    **dict.fromkeys(
        ("tree", "trees", "forest", "leaves", "leaf", "bushes", "bush", "foliage", "hedge"), _LEAVES
    ),
    **dict.fromkeys(("sky", "clouds", "cloud"), _SKY),
    **dict.fromkeys(("water", "sea", "ocean", "lake", "river", "waves"), _WATER),
    **dict.fromkeys(("snow", "ice"), _SNOW),
    **dict.fromkeys(("sand", "beach", "dunes"), _SAND),
    **dict.fromkeys(
        ("rock", "rocks", "stone", "stones", "gravel", "road", "street", "asphalt", "pavement", "concrete"),
        _STONE,
    ),
    **dict.fromkeys(("mountain", "mountains", "hill", "hills"), (*_STONE, *_LEAVES, *_SNOW, *_SKY)),
    **dict.fromkeys(("soil", "earth", "dirt", "mud", "ground"), _EARTH),
    **dict.fromkeys(("wood", "planks", "bark"), _WOOD),
    **dict.fromkeys(("wall", "walls", "building", "buildings", "houses", "town", "city"), _WALL),
}
"""The usual colours, in CIE L*a*b* (D65), of what surroundings are made of."""

_PLAIN: Final = frozenset(
    {"a", "an", "the", "some", "of", "in", "on", "with", "and", "more", "plain", "clear", "blurred", "soft"}
    | {"smooth", "dry", "wet", "tall", "short", "wild", "deep", "light", "dark", "pale", "bright", "sunny"}
    | {"cloudy", "open", "empty"}
)
"""Words beside which a caption still names nothing but surroundings."""

_WHATEVER: Final = frozenset({"background", "surroundings", "scenery", "landscape", "nothing"})
"""Words for whatever is around."""

_SURFACES: Final = frozenset({"carpet", "ceiling", "floor", "flooring", "backdrop", "wallpaper"})
"""Further words for what lies behind or under things, of any colour."""

_REACH: Final = 16.0  # distance in Lab, lightness halved, up to which a pixel counts as a material's
_LEAST: Final = 0.3  # fraction of the ring that must be of the material
_MOST: Final = 0.6  # fraction of it from which on words that name it choose nothing
_WORKING: Final = 256  # longest side, in pixels, at which colours are compared
_GRAIN: Final = 1.5  # standard deviation, in pixels of that size, of the blur that takes the grain away
_GRADUAL: Final = 1.5  # Lab units per pixel of that size up to which a change is a shade, not an edge
_OPPOSED: Final = 40.0  # degrees of hue by which a colour word contradicts what is there
_COLOURED: Final = 14.0  # least chroma of a colour that has a hue to speak of


def materials(caption: str) -> tuple[Lab, ...]:
    """Return the colours of the surroundings that a caption names; empty where it names anything else."""
    named = _surroundings(caption)
    if any(word in _SURFACES for word in named):
        return ()
    return tuple(colour for word in named for colour in MATERIALS.get(word, ()))


def names_surface(caption: str) -> bool:
    """Return whether a caption names what lies behind or under things, and nothing but its colour."""
    return bool(_surroundings(caption))


def _surroundings(caption: str) -> list[str]:
    """Return the words for surroundings of a caption that names nothing else; none where it does."""
    colours = {word for colour in find_colours(caption) for word in colour.words}
    named = []
    for word in tokenise(caption):
        if word in MATERIALS or word in _WHATEVER or word in _SURFACES:
            named.append(word)
        elif word not in _PLAIN and word not in colours:
            return []
    return named


def whatever(caption: str) -> bool:
    """Return whether a caption asks for nothing but what is around, of whatever material and colour."""
    said = set(tokenise(caption))
    return bool(said & _WHATEVER) and said <= _WHATEVER | _PLAIN


def showing(crop: NDArray[np.uint8], hole: NDArray[np.uint8], caption: str) -> NDArray[np.uint8] | None:
    """Return where a context shows the surroundings that a caption names.

    Args:
        crop: (h, w, 3), the context.
        hole: (h, w), above 0 where pixels are made; nothing is looked at there.
        caption: What is to be seen in the hole.

    Returns:
        (h, w) uint8, 255 where they are, 0 elsewhere and in the hole; None where the caption names something
        else, or where too little of what lies around the hole is such, or of quite another colour than the
        words say.
    """
    if whatever(caption):
        return np.where(hole == 0, np.uint8(255), np.uint8(0))
    wanted = materials(caption)
    if not wanted or not (hole == 0).any():
        return None
    height, width = hole.shape
    scale = min(1.0, _WORKING / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    hidden = cv2.resize((hole > 0).astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    seen = _blurred(rgb_to_lab(small.astype(np.float32) / np.float32(255)), ~hidden)
    near = np.full(hidden.shape, np.inf, np.float32)
    for L, a, b in wanted:
        away = (seen[..., 0] - L) ** 2 / 4 + (seen[..., 1] - a) ** 2 + (seen[..., 2] - b) ** 2
        np.minimum(near, away, out=near)
    alike = (near <= _REACH**2) & ~hidden
    ring = ring_around(hidden)
    enough = alike[ring].sum() >= _LEAST * max(1, ring.sum())
    if not enough or _contradicted(caption, seen[alike & ring]):
        return None
    shaded = _with_shades(alike, seen, hidden)
    enlarged = cv2.resize(shaded * np.uint8(255), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where((enlarged > 127) & (hole == 0), np.uint8(255), np.uint8(0))


def mostly(shown: NDArray[np.uint8], hole: NDArray[np.uint8]) -> bool:
    """Return whether most of what lies around a hole is shown.

    Words that name most of it choose nothing in it: all of it belongs to the scene.

    Args:
        shown: (h, w), from `showing`.
        hole: (h, w), above 0 where pixels are made.
    """
    scale = min(1.0, _WORKING / max(hole.shape))
    size = (max(1, round(hole.shape[1] * scale)), max(1, round(hole.shape[0] * scale)))
    hidden = cv2.resize((hole > 0).astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    ring = ring_around(hidden)
    return bool(ring.any()) and float((cv2.resize(shown, size)[ring] > 127).mean()) >= _MOST


def ring_around(hidden: NDArray[np.bool_], width: float = 0.12) -> NDArray[np.bool_]:
    """Return what lies around a hole (h, w), as far as a fraction of the root of its area."""
    reach = max(2, round(width * np.sqrt(hidden.sum())))
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    return (cv2.dilate(hidden.astype(np.uint8), kernel) > 0) & ~hidden


def _blurred(values: NDArray[np.float32], visible: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the values (h, w, 3) without their grain, from visible places alone."""
    part = visible.astype(np.float32)
    weight = cv2.GaussianBlur(part, (0, 0), _GRAIN)[..., None]
    sums = cv2.GaussianBlur(values * part[..., None], (0, 0), _GRAIN)
    return (sums / np.maximum(weight, np.float32(1e-4))).astype(np.float32)


def _with_shades(
    alike: NDArray[np.bool_], seen: NDArray[np.float32], hidden: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Add what passes gradually into a material: the bright part of a sky or of a sea is of the same kind.

    Without it the hole's dark part would end at its bright one in an edge that the photo does not have.
    """
    step = np.zeros(hidden.shape, np.float32)
    for axis in (0, 1):
        step += (np.gradient(seen, axis=axis) ** 2).sum(2) if hidden.shape[axis] > 1 else 0
    _, pieces = cv2.connectedComponents(((step <= _GRADUAL**2) & ~hidden).astype(np.uint8), connectivity=4)
    reached = np.bincount(pieces.reshape(-1), alike.reshape(-1)) > 0
    reached[0] = False
    return alike | reached[pieces]


def _contradicted(caption: str, lab: NDArray[np.float32]) -> bool:
    """Return whether a caption's colour has quite another hue than the pixels (n, 3) of what it names."""
    middle = np.median(lab, axis=0)
    for colour in find_colours(caption):
        said = np.array(colour.lab[1:])
        there = middle[1:]
        if min(np.hypot(*said), np.hypot(*there)) < _COLOURED:
            continue
        turn = np.degrees(np.arctan2(said[1], said[0]) - np.arctan2(there[1], there[0]))
        if abs((turn + 180) % 360 - 180) > _OPPOSED:
            return True
    return False
