"""The outlines that a model keeps: what things that its words name look like from outside.

A small generator asked for a bird in an empty hole draws a blob: it would have to make up the shape and the
picture at once. So the shape is chosen first, among those that things of this kind have most often, and the
model draws into it (after the two steps, layout and picture, of Hong et al. 2018).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["MARKS", "SIDE", "OutlineBook"]

SIDE = 48
"""Side in pixels of an outline, whatever its proportions."""
MARKS = ("eye", "beak", "wing", "tail", "front leg", "hind leg")
"""Parts whose places an outline may have, in their order."""


class OutlineBook(nn.Module):
    """Outlines, and the words that name what has them.

    Args:
        count: How many outlines.
        vocabulary_size: Number of known words.
        marks: Whether they have marks.

    Attributes:
        shapes: (count, SIDE, SIDE) in [0, 1], 1 inside; each fills its square.
        aspects: (count,), their widths divided by their heights.
        numbers: (count,), how many of the things in the training photos have nearly this one.
        kinds: (count,), which kind of thing each is of, from 1. Older models have no other than the first.
        words: (vocabulary_size,), the kind that a word names, else 0.
        marks: (count, len(MARKS), 2), where they are, each x and y from 0 to 1 in the square, legs beyond it;
            -1 where that is not known. Models that were made before wings and legs were told have the first
            two.
    """

    shapes: Tensor
    aspects: Tensor
    numbers: Tensor
    kinds: Tensor
    words: Tensor
    marks: Tensor

    def __init__(self, count: int, vocabulary_size: int, marks: bool = False) -> None:
        super().__init__()
        self.register_buffer("shapes", torch.zeros(count, SIDE, SIDE))
        self.register_buffer("aspects", torch.ones(count))
        self.register_buffer("numbers", torch.ones(count))
        self.register_buffer("kinds", torch.ones(count))
        self.register_buffer("words", torch.zeros(vocabulary_size))
        if marks:
            self.register_buffer("marks", torch.full((count, len(MARKS), 2), -1.0))
