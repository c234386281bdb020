"""Ways to say which part is to have which colour, drawn from a grammar, for the reader of captions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nigdt.colours import BASIC, COMMON, MODIFIERS, pairs
from nigdt.part_words import PART_NAMES
from nigdt.text import tokenise
from nigdt_training.recolour.captions import NOUNS, draw_colour

__all__ = ["Phrasing", "draw_phrasing", "phrasing_words"]

_BIRDS_SAID = """
bird parrot duck finch sparrow gull warbler animal owl robin pigeon chicken hen
"""
_BIRDS = _BIRDS_SAID.split()
_PLACES_SAID = """
branch tree wall leaf ground grass fence rock stone background sky field water pole wire
"""
_PLACES = _PLACES_SAID.split()
_SHAPES_SAID = """
short long small big large pointed curved thick thin sharp rounded tiny slender fluffy spotted
striped feathered shiny broad narrow plump iridescent
"""
_SHAPES = _SHAPES_SAID.split()
_DEGREES_SAID = """
mostly mainly entirely completely all fully slightly very some
"""
_DEGREES = _DEGREES_SAID.split()
_ARTICLES = ("a", "the", "its", "a", "", "his", "her", "an")
_THE = ("the", "its", "")
_IS = (
    "is",
    "are",
    "should be",
    "must be",
    "to be",
    "that is",
    "that are",
    "which is",
    "painted",
    "should become",
)
_MAKE = (
    "make",
    "paint",
    "turn",
    "colour",
    "color",
    "dye",
    "have",
    "i want",
    "change the colour of",
    "change",
)
_ON = ("on", "for", "at", "over", "only on", "on both", "all over")
_HAS = ("with", "has", "that has", "having", "and has", "but with", "but has", "whose", "and")
_JOIN = ("and", "and", "with", "but", "then", "also", "while", "plus", "and its", "and the", "and whose", "")
_KEPT = (
    "keep the",
    "leave the",
    "not the",
    "except the",
    "but not the",
    "without changing the",
    "do not touch the",
)
_UNCHANGED = ("", "as it is", "alone", "unchanged", "as they are")
_REST = ("the rest", "everything else", "all the rest", "otherwise", "the rest of the bird")
_BEFORE = ("on", "in front of", "before", "beside", "in", "behind", "near", "under", "sitting on")
_GROUPS = (1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5)


@dataclass
class Phrasing:
    """A caption and what it means.

    Attributes:
        words: Its words.
        given: Index of each part's word, and of the last word of its colour; None where it gets none.
        whole: The same index of the rest's colour, or None.
    """

    words: list[str] = field(default_factory=list)
    given: dict[int, int | None] = field(default_factory=dict)
    whole: int | None = None


class _Writer:
    """Writes one phrasing, word by word."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.made = rng, Phrasing()

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def one(self, choices: Sequence[str]) -> str:
        return choices[int(self.rng.integers(len(choices)))]

    def say(self, *choices: str) -> None:
        self.made.words += tokenise(self.one(choices))

    def colour(self) -> int:
        self.made.words += draw_colour(self.rng).words
        return len(self.made.words) - 1

    def part(self, part: str) -> int:
        self.say(*PART_NAMES[part])
        return len(self.made.words) - 1

    def listed(self, parts: Sequence[str]) -> list[int]:
        """Name parts that share a colour."""
        places = []
        for i, part in enumerate(parts):
            if i:
                self.say("and" if i == len(parts) - 1 else "")
                if self.chance(0.5):
                    self.say(*_ARTICLES)
            elif self.chance(0.08):  # a later part that has its own adjective does not share the colour
                self.say(*_SHAPES)
            places.append(self.part(part))
        return places

    def coloured(self, parts: Sequence[str]) -> None:
        """Give parts a colour, in one of the ways that people say it."""
        way = self.rng.random()
        if way < 0.44:  # "a dark red belly"
            if self.chance(0.6):
                self.say(*_ARTICLES)
            if self.chance(0.1):
                self.say(*_DEGREES, *_SHAPES)
            colour = self.colour()
            if self.chance(0.12):
                self.say("coloured", "colored", *_SHAPES)
            places = self.listed(parts)
        elif way < 0.88:
            ways = (
                (_THE, _IS, _DEGREES),  # "the belly is all red"
                (_THE, ("",), ()),  # "belly red"
                (_MAKE, ("", "be", "into", "to", "in"), ()),  # "make the belly red"
                (("with", "has", "having"), ("of", "in", "coloured"), ()),  # "with wings of gold"
            )
            before, between, degrees = ways[int(self.rng.integers(4))]
            self.say(*before)
            if before in (_MAKE, ("with", "has", "having")):
                self.say("the", "its", "only the", "just the", "")
            places = self.listed(parts)
            self.say(*between)
            if degrees and self.chance(0.12):
                self.say(*degrees)
            colour = self.colour()
        else:  # "red on the belly"
            colour = self.colour()
            self.say(*_ON)
            self.say(*_THE)
            places = self.listed(parts)
        self.made.given.update(dict.fromkeys(places, colour))

    def plain(self, part: str) -> None:
        """Name a part that gets no colour."""
        if self.chance(0.4):  # "keep the belly as it is"
            self.say(*_KEPT)
            place = self.part(part)
            self.say(*_UNCHANGED)
        else:  # "a short beak"
            self.say(*_ARTICLES)
            if self.chance(0.8):
                self.say(*_SHAPES)
                if self.chance(0.2):
                    self.say(*_SHAPES)
            place = self.part(part)
        self.made.given[place] = None

    def opening(self) -> None:
        """Name the thing, perhaps with a colour of its own."""
        made = self.made
        if self.chance(0.12):  # "yellow with"
            made.whole = self.colour()
            self.say("with", "but", "and", "with a", "all over but")
            return
        noun = self.one(_BIRDS if self.chance(0.75) else sorted(NOUNS))
        self.say("a", "this", "the", "", "make it a", "an")
        if self.chance(0.15):
            self.say(*_SHAPES, *_DEGREES)
        if self.chance(0.32):
            made.whole = self.colour()
        self.say(noun)
        if made.whole is None and self.chance(0.12):  # "a bird that is green"
            self.say("that is", "is", "in", "all", "that is all")
            if self.chance(0.3):
                self.say(*_DEGREES)
            made.whole = self.colour()
        self.say(*_HAS)

    def ending(self) -> None:
        """Perhaps say what the rest looks like, or what it is before, whose colour is nobody's."""
        if self.made.whole is None and self.chance(0.2):
            self.say("and", "but", "")
            if self.chance(0.6):
                self.say(*_REST)
                self.say("", "is", "in", "should be", "stays")
            else:  # "and is blue"
                self.say("is", "it is", "is otherwise", "is all", "the bird is")
            if self.chance(0.2):
                self.say(*_DEGREES)
            self.made.whole = self.colour()
        if self.chance(0.15):
            self.say(*_BEFORE)
            self.say("a", "the", "")
            if self.chance(0.75):
                self.colour()
            if self.chance(0.15):
                self.say(*_SHAPES)
            self.say(*_PLACES)


def draw_phrasing(rng: np.random.Generator) -> Phrasing:
    """Draw a caption that names parts, each of them once."""
    writer = _Writer(rng)
    parts = [str(part) for part in rng.permutation(list(PART_NAMES))]
    if writer.chance(0.75):
        writer.opening()
    for i in range(_GROUPS[int(rng.integers(len(_GROUPS)))]):
        if i:
            writer.say(*_JOIN)
        together = 1 if writer.chance(0.82) else 2
        named, parts = parts[:together], parts[together:]
        if writer.chance(0.15):
            writer.plain(named[0])
        else:
            writer.coloured(named)
    writer.ending()
    return writer.made


def phrasing_words() -> list[str]:
    """Return every word that these captions can hold, in order."""
    groups = (_BIRDS, _PLACES, _SHAPES, _DEGREES, _ARTICLES, _IS, _MAKE, _ON, _HAS, _JOIN, _KEPT, _UNCHANGED)
    texts = [text for group in (*groups, _REST, _BEFORE, *PART_NAMES.values()) for text in group]
    texts += ["this be into to in of coloured colored with having only just all over stays make it"]
    said = {word for text in texts for word in tokenise(text)}
    return sorted(said | {word for pair in pairs() for word in pair} | {*BASIC, *COMMON, *MODIFIERS} | NOUNS)
