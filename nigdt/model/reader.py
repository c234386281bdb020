"""The caption reader: which colour of a caption each part of a thing is to have.

The attention of eq. 3, 5 and 6 with learnt queries, one for each part that the finder sees and one for the
rest. A place asks by the parts that it shows: what it gets of the words is the mean of what these get.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nigdt.model.attention import masked_softmax
from nigdt.model.encoders import TextEncoder
from nigdt.part_words import PARTS
from nigdt.text import Vocabulary

__all__ = ["CaptionReader"]

_EMBEDDING, _CHANNELS = 32, 96


class CaptionReader(nn.Module):
    """Caption to the colour word of the rest and of each of `PARTS`, in this order.

    Args:
        vocabulary: The words that it knows.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.text = TextEncoder(len(vocabulary), _EMBEDDING, _CHANNELS, dropout=0.1)
        self.queries = nn.Parameter(0.3 * torch.randn(1 + len(PARTS), _CHANNELS))
        self.told = nn.Linear(_CHANNELS, 1 + len(PARTS))
        self.point = nn.Linear(_CHANNELS, _CHANNELS, bias=False)

    def attend(self, s: Tensor, mask: Tensor) -> Tensor:
        """Return beta (B, P, L), eq. 5, of scores and of which words there are, both of the same shape."""
        return masked_softmax(s, mask, dim=2)

    def forward(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Read a batch.

        Args:
            tokens: (B, L) word indices, 0 = padding.
            lengths: (B,) words per caption.

        Returns:
            (B, P) before the sigmoid, whether the caption gives the rest and each part a colour; (B, P, L)
            before the softmax over colour words, which one names it; and beta (B, P, L) of eq. 5.
        """
        text = self.text(tokens, lengths)
        s = self.queries @ text.words.transpose(1, 2)
        beta = self.attend(s, text.mask[:, None, :].expand_as(s))
        t_e = beta @ text.words
        told = (t_e * self.told.weight).sum(2) + self.told.bias
        return told, self.point(t_e) @ text.words.transpose(1, 2), beta
