"""Which words name a bird's parts, and which colour a caption gives to which part. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nigdt.colours import NamedColour, placed_colours
from nigdt.text import tokenise

__all__ = ["GROUPS", "PARTS", "PART_NAMES", "AskedPart", "asked_parts", "parts_of"]

PARTS = (
    "back",
    "beak",
    "belly",
    "breast",
    "crown",
    "forehead",
    "nape",
    "tail",
    "throat",
    "eye",
    "leg",
    "wing",
)
"""The parts that a part finder tells apart (`nigdt.model.parts`)."""

PART_NAMES: dict[str, tuple[str, ...]] = {
    "back": ("back",),
    "beak": ("beak", "bill"),
    "belly": ("belly", "stomach"),
    "breast": ("breast", "chest"),
    "crown": ("crown",),
    "forehead": ("forehead",),
    "nape": ("nape",),
    "tail": ("tail",),
    "throat": ("throat",),
    "eye": ("eye", "eyes"),
    "leg": ("leg", "legs", "feet"),
    "wing": ("wing", "wings"),
    "head": ("head",),
    "underside": ("underside", "underparts"),
}
"""Part -> how people call it; `head` and `underside` are several of `PARTS`."""

GROUPS: dict[str, tuple[str, ...]] = {
    "head": ("crown", "forehead", "nape", "throat"),
    "underside": ("belly", "breast"),
}
"""Parts that are made of others."""

_LISTS = frozenset({"and", "a", "an", "the", "its", "with"})
"""Words between two parts that share a colour: "red wings and a tail"."""
_OF_COLOUR = frozenset({"coloured", "colored"})


@dataclass(frozen=True)
class AskedPart:
    """A colour that a caption gives to a part.

    Attributes:
        parts: Those of `PARTS` that make it up.
        colour: What colour it is to have.
    """

    parts: tuple[str, ...]
    colour: NamedColour


def parts_of(word: str) -> tuple[str, ...]:
    """Return those of `PARTS` that a word names, none for most words."""
    for part, names in PART_NAMES.items():
        if word in names:
            return GROUPS.get(part, (part,))
    return ()


def asked_parts(caption: str) -> tuple[list[AskedPart], NamedColour | None]:
    """Read which part is to have which colour, and which colour the rest.

    A part takes the colour right before it ("dark green wings"), else that of the part it is listed with
    ("red wings and tail"), else the next one ("make the wings blue"), else the last one. The first colour
    that no part takes is the whole object's ("a black bird with red wings").

    Args:
        caption: What the user typed.

    Returns:
        The parts, in the caption's order, and the colour of the rest or None.
    """
    words = tokenise(caption)
    colours = placed_colours(caption)
    taken: set[int] = set()
    asked: list[AskedPart] = []
    before: int | None = None
    last_part = -1
    for i, word in enumerate(words):
        parts = parts_of(word)
        if not parts:
            continue
        chosen = _right_before(words, i, colours)
        if chosen is None and before is not None and _LISTS.issuperset(words[last_part + 1 : i]):
            chosen = before
        if chosen is None:
            after = (n for n, (start, _, _) in enumerate(colours) if start > i and n not in taken)
            chosen = next(after, max(taken, default=len(colours) - 1))
        before, last_part = None, i
        if chosen >= 0:
            taken.add(chosen)
            before = chosen
            asked.append(AskedPart(parts, colours[chosen][2]))
    whole = next((colour for n, (_, _, colour) in enumerate(colours) if n not in taken), None)
    return asked, whole if asked else None


def _right_before(
    words: Sequence[str], i: int, colours: Sequence[tuple[int, int, NamedColour]]
) -> int | None:
    """Return the colour that ends at the word before word i, "coloured" left aside."""
    end = i
    while end and words[end - 1] in _OF_COLOUR:
        end -= 1
    return next((n for n, (_, stop, _) in enumerate(colours) if stop == end), None)
