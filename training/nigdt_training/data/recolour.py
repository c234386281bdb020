"""Colour words and colours: moving an object to a named colour, and the captions that say so.

Augmenting photos this way teaches a model that a colour word decides the colour of what the hole held. Only
the object's pixels change and their light and shade stay; all work is in CIE L*a*b* (D65).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import cv2
import numpy as np

from nigdt.box import selection_box


@dataclass(frozen=True)
class AnchorColour:
    """A colour word's place.

    Attributes:
        rgb: Its sRGB anchor, 0..255.
        lab: The same in CIE L*a*b* (D65), L* 0..100.
    """

    rgb: tuple[int, int, int]
    lab: tuple[float, float, float]


def bytes_to_lab(rgb: np.ndarray) -> np.ndarray:
    """Convert sRGB (..., 3) uint8 to CIE L*a*b* (D65) float32 of the same shape, L* 0..100."""
    flat = np.ascontiguousarray(rgb, np.uint8).reshape(1, -1, 3).astype(np.float32) / 255
    return cv2.cvtColor(flat, cv2.COLOR_RGB2Lab).reshape(rgb.shape)


def lab_to_bytes(lab: np.ndarray) -> np.ndarray:
    """Convert CIE L*a*b* (D65) float (..., 3) to sRGB uint8, clipped to the gamut and rounded."""
    flat = np.ascontiguousarray(lab, np.float32).reshape(1, -1, 3)
    rgb = cv2.cvtColor(flat, cv2.COLOR_Lab2RGB).reshape(lab.shape)
    return np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)


def _named(red: int, green: int, blue: int) -> AnchorColour:
    lab = bytes_to_lab(np.array([red, green, blue], np.uint8))
    return AnchorColour((red, green, blue), (float(lab[0]), float(lab[1]), float(lab[2])))


COLOURS: dict[str, AnchorColour] = {
    "red": _named(200, 30, 35),
    "blue": _named(40, 80, 200),
    "yellow": _named(240, 210, 40),
    "black": _named(25, 25, 25),
    "white": _named(240, 240, 240),
    "green": _named(50, 140, 50),
    "brown": _named(120, 75, 40),
}
"""The seven colours of colour-swap accuracy, with their anchors."""

OTHER_COLOUR_WORDS = (
    "grey",
    "gray",
    "orange",
    "purple",
    "pink",
    "tan",
    "rufous",
    "buff",
    "olive",
    "iridescent",
    "golden",
    "gold",
    "crimson",
    "scarlet",
    "violet",
    "turquoise",
    "teal",
    "cream",
    "beige",
)
"""Colour words that captions use and that are replaced when an object is recoloured, but never painted."""

_NEUTRAL = frozenset({"black", "white"})
_SPREAD = 13.0
_WORD = "|".join((*COLOURS, *OTHER_COLOUR_WORDS))
_SHADE = r"(?:(?:light|dark|bright|pale|deep|vivid)(?:er|ish)?[\s-]+)?"
_COLOUR_PHRASE = re.compile(
    rf"\b(?:an?\s+)?{_SHADE}(?:{_WORD})(?:ish)?(?:(?:\s*,?\s*(?:and|&)\s+|\s*,\s*|\s*[-/]\s*){_SHADE}(?:{_WORD})(?:ish)?)*\b",
    re.IGNORECASE,
)


def nearest_colour(rgb: tuple[float, float, float] | np.ndarray) -> str:
    """Find the named colour nearest to an sRGB colour (0..255), Euclidean in L*a*b* (CIE 1976)."""
    lab = bytes_to_lab(np.clip(np.rint(np.asarray(rgb, np.float64)), 0, 255).astype(np.uint8))
    return min(COLOURS, key=lambda name: float(np.sum((lab - np.array(COLOURS[name].lab)) ** 2)))


def recolour(
    photo: np.ndarray, object_mask: np.ndarray, colour: str, rng: np.random.Generator | None = None
) -> np.ndarray:
    """Move the object's pixels to a named colour and keep its light and shade.

    The object's median lands on the anchor; differences of lightness around it stay, scaled so that neither a
    flat black bird turns into a flat patch nor a contrasty one leaves its colour. Chroma falls off towards
    shadows and highlights as on a lit surface, and a part of the original variation of hue stays.

    Args:
        photo: (H, W, 3) uint8 RGB.
        object_mask: (H, W) uint8, 255 on the object, soft at its edge.
        colour: One of `COLOURS`.
        rng: Where given, the anchor moves a little (lightness and chroma), so that a model sees shades of the
            colour.

    Returns:
        A new photo; pixels where the mask is 0 keep their exact values.
    """
    weight = object_mask.astype(np.float32) / 255
    core = object_mask > 127
    if not core.any():
        return photo.copy()
    window = selection_box(object_mask).slices
    lab = bytes_to_lab(photo[window])
    inside = lab[core[window]]
    middle = np.median(inside, axis=0)
    low, high = np.percentile(inside[:, 0], (16, 84))
    anchor = np.array(COLOURS[colour].lab, np.float32)
    if rng is not None:
        anchor = anchor + np.array([rng.uniform(-5, 5), 0, 0], np.float32)
        anchor[1:] *= rng.uniform(0.72, 1.08)

    gain = np.clip(_SPREAD / max(1.0, (high - low) / 2), 0.5, 1.5)
    if colour in _NEUTRAL:
        gain *= 0.75
    light = _compress(anchor[0] + gain * (lab[..., 0] - middle[0]), anchor[0])
    chroma = np.clip(1 - np.abs(light - anchor[0]) / 110, 0.35, 1)[..., None]
    leftover = np.clip(lab[..., 1:] - middle[1:], -20, 20) * (0.1 if colour in _NEUTRAL else 0.3)
    moved = np.concatenate([light[..., None], anchor[1:] * chroma + leftover], axis=-1)

    result = photo.copy()
    blend = weight[window][..., None]
    painted = photo[window] * (1 - blend) + lab_to_bytes(moved).astype(np.float32) * blend
    result[window] = np.where(blend > 0, np.rint(painted), photo[window]).astype(np.uint8)
    return result


def _compress(light: np.ndarray, middle: float) -> np.ndarray:
    """Bend lightness smoothly into 3..98 around `middle` instead of clipping it there."""
    up, down = 98 - middle, middle - 3
    away = light - middle
    return middle + np.where(away > 0, up * np.tanh(away / up), down * np.tanh(away / down))


def has_colour_word(caption: str) -> bool:
    """Return whether a caption names any colour, one of `COLOURS` or another."""
    return _COLOUR_PHRASE.search(caption) is not None


def recolour_caption(caption: str, colour: str) -> str:
    """Put one colour in place of all that a caption names ("a black and white bird" -> "a red bird").

    Articles follow, shades ("light brown") go, and a caption that names no colour comes back unchanged.
    """

    def replace(match: re.Match[str]) -> str:
        article = re.match(r"an?\s+", match.group(0), re.IGNORECASE)
        if article is None:
            return colour
        return f"{'A' if article.group(0)[0] == 'A' else 'a'} {colour}"

    return _COLOUR_PHRASE.sub(replace, caption)


TEMPLATES = (
    "a {colour} {noun}",
    "a {noun} that is {colour}",
    "this {noun} is {colour}",
    "the {noun} is all {colour}",
    "a {noun} with {colour} feathers",
    "a {colour} {noun} with {colour} wings",
    "this {colour} {noun} has a {colour} belly and a {colour} crown",
    "this {noun} is {colour} with {colour} wings and a {colour} tail",
)
"""Captions of an object in one colour, as people write them."""
WHOLE_PART_TEMPLATES = (
    "a {colour} bird with {part}",
    "this bird is {colour} with {part}",
    "this {colour} bird has {part}",
    "a small {colour} bird with {part}",
)
"""Captions of a bird in one colour with a part in another."""
PART_TEMPLATES = ("a bird with {part}", "this bird has {part}", "{part}")
"""Captions of a part's colour alone."""


def template_captions(colour: str, noun: str = "bird") -> list[str]:
    """Return captions that name one colour of the object; those about feathers, wings ... only for birds."""
    usable = TEMPLATES if noun == "bird" else TEMPLATES[:4]
    return [template.format(colour=colour, noun=noun) for template in usable]
