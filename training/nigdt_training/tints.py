"""Objects, and birds' parts, in colours that they do not have, with captions that say so."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nigdt.part_words import GROUPS, KEPT
from nigdt_training.data.parts import labelled, part_labels, softened
from nigdt_training.data.recolour import (
    COLOURS,
    PART_TEMPLATES,
    WHOLE_PART_TEMPLATES,
    has_colour_word,
    recolour,
    recolour_caption,
    template_captions,
)
from nigdt_training.data.records import Point

__all__ = ["tinted"]

_IN_HOLE_ONLY = 0.5
"""Of the tinted objects, so that nothing but the caption tells the colour."""
_WITH_PART = 0.5
"""Of the birds whose parts' places are known: one part gets a colour of its own, ..."""
_PART_ALONE = 0.3
"""... and of these, the rest keeps its colours."""
_PARTS = {"wings": 4, "belly": 2, "breast": 2, "head": 2, "crown": 1, "tail": 1}
"""What gets a colour of its own, and how often."""
_AS_STORED = {
    "wings": ("wing",),
    "belly": ("belly", "breast"),
    "breast": ("breast", "throat"),
    **{name: GROUPS.get(name, (name,)) for name in ("head", "crown", "tail")},
}
_SMALLEST = 25
"""Pixels of a part that can be seen to have a colour."""


def tinted(
    photo: np.ndarray,
    outline: np.ndarray,
    places: Mapping[str, Point],
    mask: np.ndarray,
    caption: str,
    random: np.random.Generator,
) -> tuple[np.ndarray, str]:
    """Give an object, or a part of it, other colours.

    Args:
        photo: (S, S, 3) uint8 RGB.
        outline: (S, S) uint8 soft mask, 255 on the object.
        places: Part -> (x, y) in pixels, those that are seen.
        mask: (S, S) uint8, 255 = hole.
        caption: What the photo shows.
        random: Draws colours, parts and words.

    Returns:
        The photo and its caption.
    """
    paint = np.minimum(outline, mask) if random.random() < _IN_HOLE_ONLY else outline
    labels = part_labels(photo, outline, places) if places else None
    if labels is not None:
        paint = _scaled(paint, 1 - labelled(labels, KEPT))
        if random.random() < _WITH_PART:
            found = _with_part(photo, paint, labels, random)
            if found is not None:
                return found
    colour = _colour(random)
    photo = recolour(photo, paint, colour, random)
    if not has_colour_word(caption) or random.random() < 0.5:
        return photo, str(random.choice(template_captions(colour)))
    return photo, recolour_caption(caption, colour)


def _with_part(
    photo: np.ndarray, paint: np.ndarray, labels: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, str] | None:
    """Give one part a colour of its own, and mostly the rest one, too; None where the part is too small."""
    weights = np.array([*_PARTS.values()], np.float64)
    part = str(random.choice([*_PARTS], p=weights / weights.sum()))
    place = _scaled(paint, labelled(labels, _AS_STORED[part]))
    if np.count_nonzero(place > 127) < _SMALLEST:
        return None
    own, whole = _colour(random), _colour(random)
    if random.random() < _PART_ALONE:
        template = str(random.choice(PART_TEMPLATES))
    elif own != whole:
        photo = recolour(photo, paint, whole, random)
        template = str(random.choice(WHOLE_PART_TEMPLATES))
    else:
        return None
    phrase = f"{own} {part}" if part == "wings" else f"a {own} {part}"
    return recolour(photo, place, own, random), template.format(colour=whole, part=phrase)


def _colour(random: np.random.Generator) -> str:
    return list(COLOURS)[int(random.choice(len(COLOURS)))]


def _scaled(paint: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return a soft mask, (S, S) uint8, where a part or all but a part is left out softly."""
    return np.rint(paint * softened(weight)).astype(np.uint8)
