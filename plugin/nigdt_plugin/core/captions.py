"""Captions that differ in one word."""

from __future__ import annotations

from collections.abc import Sequence

from nigdt.text import Vocabulary, tokenise

COLOURS = ("red", "yellow", "blue", "white", "black", "green", "brown", "orange", "gray", "pink", "purple")


def differences(captions: Sequence[str]) -> list[str]:
    """Shorten captions by the words with which all of them begin, if that leaves something of each."""
    words = [caption.split() for caption in captions]
    common = 0
    while all(len(it) > common + 1 for it in words) and len({it[common] for it in words}) == 1:
        common += 1
    return [" ".join(it[common:]) for it in words] if common else list(captions)


def variations(caption: str, vocabulary: Vocabulary, most: int) -> list[str]:
    """Return the caption with its last colour word replaced by others that the model knows; none without one.

    Args:
        caption: What is varied.
        vocabulary: The model's words.
        most: How many at most.
    """
    words = caption.split()
    places = [place for place, word in enumerate(words) if set(tokenise(word)) & set(COLOURS)]
    if not places:
        return []
    place = places[-1]
    others = [colour for colour in COLOURS if colour in vocabulary and colour not in tokenise(words[place])]
    return [" ".join((*words[:place], colour, *words[place + 1 :])) for colour in others[:most]]
