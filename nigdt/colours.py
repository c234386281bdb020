"""Colour words people type, and where they lie in CIE L*a*b*. Needs no torch.

The eleven basic colours (Berlin and Kay 1969) have anchors of their own; the common names beyond them take
the values of the CSS colour of that name, or, where CSS has none or one that people do not mean, of the xkcd
colour survey. `light`, `dark` and their like move any of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nigdt.text import tokenise

__all__ = [
    "BASIC",
    "COMMON",
    "MODIFIERS",
    "NEUTRAL",
    "NamedColour",
    "chroma_and_hue",
    "find_colours",
    "lab_of_hue",
    "lab_to_rgb",
    "named_lab",
    "names_part",
    "nearest_basic",
    "placed_colours",
    "rgb_to_lab",
]

BASIC: dict[str, tuple[int, int, int]] = {
    "red": (200, 30, 35),
    "orange": (240, 130, 30),
    "yellow": (240, 210, 40),
    "green": (50, 140, 50),
    "blue": (40, 80, 200),
    "purple": (125, 45, 155),
    "pink": (240, 145, 180),
    "brown": (120, 75, 40),
    "black": (25, 25, 25),
    "white": (240, 240, 240),
    "grey": (128, 128, 128),
}
"""The eleven basic colours: word -> sRGB, 0..255."""

COMMON: dict[str, tuple[int, int, int]] = {
    "turquoise": (64, 208, 200),
    "cyan": (20, 210, 225),
    "teal": (0, 128, 128),
    "aqua": (60, 215, 215),
    "navy": (15, 20, 100),
    "indigo": (70, 20, 130),
    "violet": (140, 60, 200),
    "lavender": (195, 180, 235),
    "lilac": (205, 165, 230),
    "mauve": (175, 115, 150),
    "plum": (120, 45, 100),
    "magenta": (200, 20, 140),
    "fuchsia": (230, 30, 190),
    "rose": (225, 85, 120),
    "salmon": (250, 128, 114),
    "coral": (255, 115, 80),
    "peach": (255, 185, 140),
    "apricot": (250, 180, 115),
    "crimson": (170, 15, 45),
    "scarlet": (205, 25, 20),
    "ruby": (155, 15, 60),
    "maroon": (115, 10, 35),
    "burgundy": (105, 10, 45),
    "rust": (170, 65, 20),
    "rufous": (165, 75, 35),
    "copper": (184, 110, 55),
    "bronze": (160, 115, 50),
    "chestnut": (125, 55, 40),
    "chocolate": (80, 45, 25),
    "coffee": (100, 70, 50),
    "tan": (205, 170, 125),
    "khaki": (190, 175, 110),
    "beige": (225, 210, 175),
    "buff": (235, 200, 140),
    "cream": (250, 240, 205),
    "ivory": (250, 245, 225),
    "gold": (220, 170, 40),
    "golden": (220, 170, 40),
    "amber": (250, 175, 20),
    "mustard": (205, 165, 25),
    "lemon": (250, 240, 80),
    "blonde": (230, 200, 130),
    "lime": (130, 215, 40),
    "chartreuse": (165, 225, 30),
    "olive": (115, 115, 30),
    "emerald": (20, 155, 85),
    "mint": (160, 235, 190),
    "azure": (30, 130, 230),
    "cobalt": (20, 60, 160),
    "silver": (185, 188, 192),
    "charcoal": (55, 58, 62),
    "gray": (128, 128, 128),
    "slate": (100, 115, 130),
}
"""The common names beyond the basic ones: word -> sRGB, 0..255."""

_PAIRS: dict[tuple[str, str], tuple[int, int, int]] = {
    ("sky", "blue"): (125, 190, 240),
    ("navy", "blue"): COMMON["navy"],
    ("royal", "blue"): (50, 75, 215),
    ("hot", "pink"): (245, 60, 150),
    ("lime", "green"): (70, 205, 50),
    ("forest", "green"): (30, 90, 40),
    ("olive", "green"): COMMON["olive"],
    ("mint", "green"): COMMON["mint"],
    ("blood", "red"): (120, 5, 15),
    ("brick", "red"): (155, 55, 45),
    ("off", "white"): COMMON["ivory"],
    ("rose", "gold"): (205, 145, 125),
}
"""Names of two words."""

MODIFIERS: dict[str, tuple[float, float]] = {
    "light": (18.0, 0.75),
    "pale": (22.0, 0.5),
    "pastel": (22.0, 0.55),
    "bright": (7.0, 1.2),
    "vivid": (2.0, 1.25),
    "dark": (-20.0, 0.85),
    "deep": (-13.0, 1.1),
}
"""Word -> what it adds to lightness and by what it multiplies chroma."""

_PART_WORDS = """
back beak bill belly stomach breast chest crown forehead nape tail throat eye eyes leg legs foot
feet paw paws wing wings head neck face ear ears nose mouth mane hair horn horns hoof hooves fin
fins claw claws shell spots stripes underside underparts collar sleeve sleeves handle wheel wheels
roof door window lid rim
"""
PART_WORDS = frozenset(_PART_WORDS.split())
"""Words for parts of things: a caption with one of them asks for that part, not for the whole."""

NEUTRAL = frozenset({"black", "white", "grey", "gray", "silver", "charcoal"})
"""Colours without a hue of their own."""

_D65 = np.array([0.95047, 1.0, 1.08883])
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_FROM_XYZ = np.linalg.inv(_TO_XYZ)
_KNEE = (6 / 29) ** 3
_OK_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_OK_AXES = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_CONES, _FROM_AXES = np.linalg.inv(_OK_CONES), np.linalg.inv(_OK_AXES)


def rgb_to_lab(rgb: np.ndarray) -> np.ndarray:
    """Convert sRGB (..., 3) floats in 0..1 to CIE L*a*b* (D65), L* 0..100, same kind of float."""
    kind = rgb.dtype
    xyz = _linear(rgb) @ (_TO_XYZ / _D65[:, None]).T.astype(kind)
    f = np.where(xyz > _KNEE, np.cbrt(xyz), xyz * (841 / 108) + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(kind, copy=False)


def _linear(rgb: np.ndarray) -> np.ndarray:
    return np.where(rgb <= 0.04045, rgb / 12.92, (np.maximum(rgb, 0.04045) / 1.055 + 0.055 / 1.055) ** 2.4)


def _encoded(linear: np.ndarray) -> np.ndarray:
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def lab_to_rgb(lab: np.ndarray) -> np.ndarray:
    """Convert CIE L*a*b* (D65) floats (..., 3) to sRGB in 0..1, clipped to the gamut."""
    kind = lab.dtype
    y = (lab[..., 0] + 16) / 116
    f = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1)
    xyz = np.where(f > 6 / 29, f**3, (f - 4 / 29) * (108 / 841))
    linear = xyz @ (_FROM_XYZ * _D65).T.astype(kind)
    return np.clip(_encoded(np.clip(linear, 0, 1)), 0, 1).astype(kind, copy=False)


def chroma_and_hue(lab: tuple[float, float, float]) -> tuple[float, float]:
    """Return chroma and hue angle (radians) in Oklab (Ottosson 2020), whose blue stays blue when it fades."""
    linear = _linear(lab_to_rgb(np.array(lab, np.float64)))
    _, a, b = np.cbrt(linear @ _OK_CONES.T) @ _OK_AXES.T
    return float(np.hypot(a, b)), float(np.arctan2(b, a))


def lab_of_hue(lightness: np.ndarray, chroma: np.ndarray, hue: np.ndarray) -> np.ndarray:
    """Return CIE L*a*b* (..., 3) float32 from lightness in it, and chroma and hue (radians) in Oklab."""
    wanted = np.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness / 903.3)
    a, b, level = chroma * np.cos(hue), chroma * np.sin(hue), np.cbrt(wanted)
    for _ in range(2):  # Oklab's lightness is another one: find the one with this luminance
        linear = (np.stack([level, a, b], axis=-1) @ _FROM_AXES.T.astype(level.dtype)) ** 3
        linear = linear @ _FROM_CONES.T.astype(level.dtype)
        level = level + np.cbrt(wanted) - np.cbrt(np.maximum(linear @ _TO_XYZ[1].astype(level.dtype), 0))
    lab = rgb_to_lab(_encoded(np.clip(linear, 0, 1)).astype(np.float32))
    lab[..., 0] = lightness
    return lab


def _lab(rgb: tuple[int, int, int]) -> tuple[float, float, float]:
    L, a, b = rgb_to_lab(np.array(rgb, np.float64) / 255)
    return float(L), float(a), float(b)


_LAB = {name: _lab(rgb) for name, rgb in {**BASIC, **COMMON}.items()}
_PAIRS_LAB = {pair: _lab(rgb) for pair, rgb in _PAIRS.items()}


@dataclass(frozen=True)
class NamedColour:
    """A colour that a caption names.

    Attributes:
        words: The words that name it, modifiers included ("dark", "sky", "blue").
        lab: Its place in CIE L*a*b*.
    """

    words: tuple[str, ...]
    lab: tuple[float, float, float]

    @property
    def neutral(self) -> bool:
        """Whether it has no hue of its own: then lightness alone makes it."""
        return self.words[-1] in NEUTRAL


def named_lab(words: tuple[str, ...]) -> tuple[float, float, float]:
    """Return the CIE L*a*b* of a colour name with its modifiers, as `NamedColour.words` has them.

    Raises:
        KeyError: The last word or last two words name no colour.
    """
    pair = words[-2:]
    known = pair in _PAIRS_LAB
    L, a, b = _PAIRS_LAB[pair] if known else _LAB[words[-1]]  # type: ignore[index]
    for word in words[: -2 if known else -1]:
        lighter, chroma = MODIFIERS[word]
        L, a, b = min(97.0, max(5.0, L + lighter)), a * chroma, b * chroma
    return L, a, b


def find_colours(caption: str) -> list[NamedColour]:
    """Return the colours a caption names, in order, with repeats; words such as "reddish" do not count."""
    return [colour for _, _, colour in placed_colours(caption)]


def placed_colours(caption: str) -> list[tuple[int, int, NamedColour]]:
    """Return the colours of `find_colours`, each with its first word's index and the one after its last."""
    words = tokenise(caption)
    found = []
    for i, word in enumerate(words):
        if word not in _LAB:
            continue
        if i + 1 < len(words) and (word, words[i + 1]) in _PAIRS_LAB:
            continue  # "navy blue" is one colour; its second word reports it
        start = i - 1 if i and (words[i - 1], word) in _PAIRS_LAB else i
        while start and words[start - 1] in MODIFIERS:
            start -= 1
        name = tuple(words[start : i + 1])
        found.append((start, i + 1, NamedColour(name, named_lab(name))))
    return found


def names_part(caption: str) -> bool:
    """Return whether a caption asks for a part of the object rather than all of it."""
    return not PART_WORDS.isdisjoint(tokenise(caption))


def pairs() -> list[tuple[str, str]]:
    """Return the colour names of two words."""
    return list(_PAIRS)


def nearest_basic(lab: np.ndarray) -> str:
    """Return the basic colour nearest to one CIE L*a*b* colour by Euclidean distance (CIE 1976)."""
    return min(BASIC, key=lambda name: float(np.sum((np.asarray(lab) - np.array(_LAB[name])) ** 2)))
