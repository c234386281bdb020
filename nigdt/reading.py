"""Reading a caption with the network: which of its colours each part gets, however it is said."""

from __future__ import annotations

import re

import numpy as np
import torch

from nigdt.colours import placed_colours
from nigdt.model.reader import CaptionReader
from nigdt.part_words import PARTS, Reading, parts_of
from nigdt.text import tokenise

__all__ = ["read_caption", "words_to_read"]

_PIECE = re.compile(r"\w+|[,;]")
_PAUSE = "and"


def words_to_read(caption: str) -> list[tuple[str, int | None]]:
    """Return the words that the reader is given, and each one's index in `tokenise(caption)`.

    A comma or semicolon becomes the word that it stands for, which has no index: without it "belly red, wings
    black" would be "red wings".
    """
    found: list[tuple[str, int | None]] = []
    number = 0
    for piece in _PIECE.findall(caption.lower()):
        if piece in ",;":
            found.append((_PAUSE, None))
            continue
        if piece == _PAUSE and found and found[-1] == (_PAUSE, None):
            found.pop()
        found.append((piece, number))
        number += 1
    return found


@torch.inference_mode()
def read_caption(reader: CaptionReader, caption: str, max_words: int, device: str = "cpu") -> Reading:
    """Ask the reader which of a caption's colours each part and the rest get.

    Args:
        reader: The network.
        caption: What the user typed.
        max_words: Words that are read at most.
        device: Where the reader is.

    Returns:
        As `nigdt.part_words.by_order`: nothing where no word names a part or a colour.
    """
    vocabulary = reader.vocabulary
    words, colours = tokenise(caption), placed_colours(caption)
    known = [(word, i) for word, i in words_to_read(caption) if word in vocabulary][:max_words]
    columns = {i: column for column, (_, i) in enumerate(known) if i is not None}
    seen = [(n, columns[stop - 1]) for n, (_, stop, _) in enumerate(colours) if stop - 1 in columns]
    named = [i for i, word in enumerate(words) if parts_of(word) and i in columns]
    if not seen or not named:
        return Reading()
    tokens = torch.tensor([[vocabulary.encode(word, 1)[0] for word, _ in known]], device=device)
    told, scores, _ = reader(tokens, torch.tensor([len(known)]))
    given = told[0].float().cpu().numpy() > 0
    chosen = scores[0][:, [column for _, column in seen]].float().cpu().numpy()
    parts = []
    for i in named:
        rows = [1 + PARTS.index(part) for part in parts_of(words[i])]
        if given[rows].mean() > 0.5:
            parts.append((i, seen[int(np.argmax(chosen[rows].mean(0)))][0]))
    return Reading(tuple(parts), seen[int(np.argmax(chosen[0]))][0] if given[0] else None)
