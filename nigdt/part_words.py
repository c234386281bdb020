"""Which words name a bird's parts, and which colour a caption gives to which part. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nigdt.colours import NamedColour, placed_colours
from nigdt.text import tokenise

__all__ = [
    "GROUPS",
    "KEPT",
    "PARTS",
    "PART_NAMES",
    "AskedPart",
    "Reading",
    "asked_parts",
    "by_order",
    "parts_of",
    "split_parts",
]

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

KEPT = ("eye", "beak", "leg")
"""Parts that keep their colour when the whole bird gets another."""

_LISTS = frozenset({"and", "a", "an", "the", "its", "with"})
"""Words between two parts that share a colour: "red wings and a tail"."""
_MANY = 3
"""Parts that a caption gives one colour for it to mean all of them."""
_JOINING = _LISTS | {"has", "have", "having", "of", "coloured", "colored"}
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


@dataclass(frozen=True)
class Reading:
    """Which of a caption's colours go to which of its words for parts.

    Attributes:
        given: Index of each part's word that gets a colour, and which of `placed_colours` that is, in order.
        whole: Which colour the rest of the thing gets, or None.
    """

    given: tuple[tuple[int, int], ...] = ()
    whole: int | None = None


def parts_of(word: str) -> tuple[str, ...]:
    """Return those of `PARTS` that a word names, none for most words."""
    for part, names in PART_NAMES.items():
        if word in names:
            return GROUPS.get(part, (part,))
    return ()


def by_order(caption: str) -> Reading:
    """Read which part is to have which colour, and which colour the rest, by the order of the words.

    A part takes the colour right before it ("dark green wings"), else that of the part it is listed with
    ("red wings and tail"), else the next one ("make the wings blue"), else the last one. The first colour
    that no part takes is the whole object's ("a black bird with red wings"). Models with a reader know more
    ways to say it (`nigdt.reading`).
    """
    colours = placed_colours(caption)
    given = _given(tokenise(caption), colours)
    taken = {n for _, n in given}
    return Reading(tuple(given), next((n for n in range(len(colours)) if n not in taken), None))


def asked_parts(caption: str, reading: Reading | None = None) -> tuple[list[AskedPart], NamedColour | None]:
    """Return which part is to have which colour, and which colour the rest.

    Args:
        caption: What the user typed.
        reading: How it is read; None reads it by the order of the words.

    Returns:
        The parts, in the caption's order, and the colour of the rest or None.
    """
    reading = reading or by_order(caption)
    words, colours = tokenise(caption), placed_colours(caption)
    asked = [AskedPart(parts_of(words[i]), colours[n][2]) for i, n in reading.given]
    whole = None if reading.whole is None else colours[reading.whole][2]
    return asked, whole if asked else None


def split_parts(caption: str, reading: Reading | None = None) -> tuple[str, str]:
    """Split a caption into what names the thing and what gives colours to its parts.

    Args:
        caption: What the user typed: "a yellow bird with black wings and a red crown".
        reading: How it is read; None reads it by the order of the words.

    Returns:
        "a yellow bird" and "black wings and red crown"; the second is empty where no part is given a colour.
        What gives one colour to many parts and none to the rest means all of the thing.
    """
    words, colours = tokenise(caption), placed_colours(caption)
    given = (reading or by_order(caption)).given
    gone = {i for i, word in enumerate(words) if parts_of(word)}
    for _, n in given:
        gone.update(range(*colours[n][:2]))
    rest = [word for i, word in enumerate(words) if i not in gone]
    while rest and rest[-1] in _JOINING:
        rest.pop()
    named = {colours[n][2].words for _, n in given}
    whole = len(colours) > len({n for _, n in given})
    if rest and len(given) >= _MANY and len(named) == 1 and not whole:
        rest[-1:-1] = named.pop()
    return " ".join(rest), " and ".join(" ".join((*colours[n][2].words, words[i])) for i, n in given)


def _given(words: Sequence[str], colours: Sequence[tuple[int, int, NamedColour]]) -> list[tuple[int, int]]:
    """Return each part's word that is given a colour, and which of the colours, in order."""
    taken: set[int] = set()
    given: list[tuple[int, int]] = []
    before: int | None = None
    last_part = -1
    for i, word in enumerate(words):
        if not parts_of(word):
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
            given.append((i, chosen))
    return given


def _right_before(
    words: Sequence[str], i: int, colours: Sequence[tuple[int, int, NamedColour]]
) -> int | None:
    """Return the colour that ends at the word before word i, "coloured" left aside."""
    end = i
    while end and words[end - 1] in _OF_COLOUR:
        end -= 1
    return next((n for n, (_, stop, _) in enumerate(colours) if stop == end), None)
