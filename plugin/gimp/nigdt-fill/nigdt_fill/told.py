"""What the user should know of a fill: words that the model does not know, and what the service noticed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nigdt_backend.protocol import FillPicture

from nigdt.notices import COLOURED_BIRD, COLOURED_PART, CONTINUED, PART_LEFT, filled_in, worded
from nigdt_fill.texts import in_context
from nigdt_fill.words import about_unknown

EXPLAINING = frozenset({COLOURED_BIRD, COLOURED_PART, CONTINUED})
"""Notices that say how a fill came about that is as asked: nothing to warn of."""


def missing_growth(notices: Iterable[str]) -> int:
    """Return by how many pixels a removal's selection should grow, 0 where it holds the whole thing."""
    told = (filled_in(PART_LEFT, notice) for notice in notices)
    return next((int(found[0]) for found in told if found and found[0].isdecimal()), 0)


def about_fill(unknown: Sequence[str], caption: str, notices: Iterable[str]) -> str:
    """Return what to say of a fill, nothing where it needs no words.

    Unknown words come first: what else is to be said mostly follows from them, and there is little room.

    Args:
        unknown: Words of the caption that the model does not know.
        caption: The whole of it.
        notices: What the service said, in English; the missing growth is not told.
    """
    said = [worded(notice, in_context) for notice in notices if filled_in(PART_LEFT, notice) is None]
    return about_unknown(unknown, caption) or " ".join(said)


def about_finished(pictures: Sequence[FillPicture], notices: Iterable[str]) -> str:
    """Return what to say of fills that nobody could read about beforehand, nothing where they are as asked.

    Args:
        pictures: The fills, one or more.
        notices: What the service said of them.
    """
    first, told = pictures[0], [notice for notice in notices if notice not in EXPLAINING]
    return about_fill(first.unknown_words, first.recipe.caption, told)
