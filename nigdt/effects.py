"""Which words drew a fill: leave each one out in turn and see what changes.

Attention (eq. 5) tells what the network looked at, which is another thing: on held-out birds its ranking of
the words has nothing to do with this one. The image half of a fill is kept, so a word costs one text half.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.answers import CompletionJob, EncodedContext, WordEffect
from nigdt.completer import Completer
from nigdt.recipe import Variant
from nigdt.text import tokenise

__all__ = ["word_effects"]

_CELLS = 32  # along the longer side of the map


def word_effects(
    completer: Completer, context: EncodedContext, caption: str, variant: Variant, guidance: float = 1.0
) -> list[WordEffect]:
    """Measure every word of a caption, in order; a word that stands twice is left out once each time.

    Args:
        completer: What encoded the context.
        context: From `Completer.encode`.
        caption: What is to be seen in the hole.
        variant: Which of the possible answers.
        guidance: As `Recipe.guidance`.

    Raises:
        ModelError: The model's answer holds values that are not numbers.
    """
    words = tokenise(caption)
    captions = [caption, *_each_left_out(words)]
    whole, *others = _drawn(completer, context, captions, variant, guidance)
    height, width = whole.shape[:2]
    hole = 1 - context.visible
    pixels = max(1.0, float(hole.sum()))
    scale = _CELLS / max(height, width)
    grid = (max(1, round(width * scale)), max(1, round(height * scale)))
    effects = []
    for word, other in zip(words, others, strict=True):
        difference = np.abs(whole - other).mean(axis=2) * hole
        shown = np.clip(np.rint(other), 0, 255).astype(np.uint8)
        cells = cv2.resize(difference, grid, interpolation=cv2.INTER_AREA).astype(np.float32)
        effects.append(
            WordEffect(word, word in completer.vocabulary, float(difference.sum()) / pixels, cells, shown)
        )
    return effects


def _drawn(
    completer: Completer, context: EncodedContext, captions: list[str], variant: Variant, guidance: float
) -> list[NDArray[np.float32]]:
    """Draw each caption's picture, (H, W, 3) in 0 to 255, as it is seen in the photo."""
    drawn = {
        text: completer.shown(CompletionJob(context, text, [variant], guidance=guidance))[0]
        for text in dict.fromkeys(captions)
    }
    return [drawn[text] for text in captions]


def _each_left_out(words: list[str]) -> Iterator[str]:
    for place in range(len(words)):
        yield " ".join(words[:place] + words[place + 1 :])
