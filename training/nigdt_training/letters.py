"""Fonts for captions in any script, found among those of the machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_NOTHING = "\uffff"  # no character, so that every font draws its sign for a missing one
_WIDE = (
    "DejaVuSans.",
    "NotoSans-Regular.",
    "DroidSansFallback",
    "NotoSansCJK",
    "Arial Unicode",
    "msyh",
    "segoeui",
)


def font_for(text: str, size: int) -> Font:
    """Return a font that has every letter of a text; where the machine has none, one that has most.

    Args:
        text: What is to be written.
        size: Height in pixels.
    """
    needed = frozenset(letter for letter in text if letter.isprintable() and not letter.isspace())
    own = ImageFont.load_default(size)
    if not _missing(own, needed):
        return own
    path = _best_font(needed)
    return own if path is None else ImageFont.truetype(path, size)


@cache
def _best_font(needed: frozenset[str]) -> str | None:
    fewest, best = len(needed) + 1, None
    for path in _fonts():
        try:
            missing = len(_missing(ImageFont.truetype(path, 10), needed))
        except OSError:
            continue
        if missing < fewest:
            fewest, best = missing, path
        if not missing:
            break
    return best


def _missing(font: Font, letters: frozenset[str]) -> list[str]:
    absent = _drawn(font, _NOTHING)
    return [letter for letter in letters if _drawn(font, letter) == absent]


def _drawn(font: Font, letter: str) -> bytes:
    pixels: Any = font.getmask(letter)
    return bytes(pixels)


@cache
def _fonts() -> tuple[str, ...]:
    """List the machine's fonts, those with many scripts first."""
    found = (str(path) for place in _places() for path in sorted(place.rglob("*.[to]t[fc]")))
    return tuple(sorted(found, key=lambda path: not Path(path).name.startswith(_WIDE)))


def _places() -> Iterator[Path]:
    if sys.platform == "win32":
        yield Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts"
    elif sys.platform == "darwin":
        yield from (Path("/System/Library/Fonts"), Path("/Library/Fonts"), Path.home() / "Library/Fonts")
    else:
        yield from (
            Path("/usr/share/fonts"),
            Path("/usr/local/share/fonts"),
            Path.home() / ".local/share/fonts",
        )
