"""Captions that differ in one word."""

from __future__ import annotations

from nigdt.text import Vocabulary, tokenise

COLOURS = ("red", "yellow", "blue", "white", "black", "green", "brown", "orange", "gray", "pink", "purple")


def variations(caption: str, vocabulary: Vocabulary, most: int) -> list[str]:
    """The caption with its last colour word replaced by others that the model knows; none without one.

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
