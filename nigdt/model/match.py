"""Match networks D3 (words and regions) and D4 (sentence and picture), and their loss (eq. 11).

The image-text matching of AttnGAN without its same-class masking: every other caption of the batch is a
negative, except captions of the same photo.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nigdt.config import Cell
from nigdt.model.encoders import TextEncoder, TextFeatures

# Smoothing of the word loss: attention inside a caption, between words, and of the logits.
GAMMA_ATTENTION, GAMMA_WORDS, GAMMA_LOGITS = 5.0, 5.0, 10.0


@dataclass
class MatchScores:
    """Similarities (already times gamma 3) of B pictures (rows) and T captions (columns).

    Attributes:
        words: Word level, (B, T).
        sentences: Sentence level, (B, T).
        known: (T,) bool, which captions have a known word; the others say nothing about any picture.
    """

    words: Tensor
    sentences: Tensor
    known: Tensor


class MatchNetwork(nn.Module):
    """A frozen image backbone, its two projections, and a text encoder of its own.

    Args:
        backbone: (B, 3, H, W) in [-1, 1] to a region map (B, region_channels, h, w) and a global vector
            (B, global_channels); frozen.
        region_channels: Channels of the region map.
        global_channels: Width of the global vector.
        vocabulary_size: Number of known words.
        channels: Width of the shared space (256 in the paper).
        embedding: Width of the word embedding.
        dropout: Dropout on the embedding.
        cell: Of the text encoder.
    """

    def __init__(
        self,
        backbone: Callable[[Tensor], tuple[Tensor, Tensor]],
        region_channels: int,
        global_channels: int,
        vocabulary_size: int,
        *,
        channels: int = 256,
        embedding: int = 300,
        dropout: float = 0.5,
        cell: Cell = "gru",
    ) -> None:
        super().__init__()
        self.backbone = backbone
        if isinstance(backbone, nn.Module):
            backbone.requires_grad_(False)
        self.region_projection = nn.Conv2d(region_channels, channels, 1, bias=False)
        self.global_projection = nn.Linear(global_channels, channels)
        self.text_encoder = TextEncoder(vocabulary_size, embedding, channels, dropout, cell)

    def train(self, mode: bool = True) -> MatchNetwork:
        """Set the mode; the frozen backbone stays in eval so that its statistics do not move."""
        super().train(mode)
        if isinstance(self.backbone, nn.Module):
            self.backbone.eval()
        return self

    def encode_image(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Map images (B, 3, H, W) in [-1, 1] to regions (B, C, N) and a global vector (B, C)."""
        return self.project(*self.backbone(image))

    def project(self, regions: Tensor, whole: Tensor) -> tuple[Tensor, Tensor]:
        """Map backbone features, (B, R, h, w) and (B, G), to regions (B, C, N) and a global vector (B, C)."""
        return self.region_projection(regions).flatten(2), self.global_projection(whole)

    def scores(self, regions: Tensor, whole: Tensor, text: TextFeatures) -> MatchScores:
        """Compare every picture with every caption; see `word_similarity` and `sentence_similarity`."""
        return MatchScores(
            GAMMA_LOGITS * word_similarity(regions, text),
            GAMMA_LOGITS * sentence_similarity(whole, text.sentence),
            text.mask.any(1),
        )

    def forward(self, image: Tensor, text: TextFeatures) -> MatchScores:
        """Score images (B, 3, H, W) in [-1, 1] against B captions."""
        return self.scores(*self.encode_image(image), text)


def word_similarity(regions: Tensor, text: TextFeatures) -> Tensor:
    """Compute the word-level similarity (D3) of every picture and caption.

    For each word, the regions it attends to; for each caption, a soft maximum over its words.

    Args:
        regions: (B, C, N).
        text: T captions of up to L words.

    Returns:
        (B, T); a caption without known words is 0 with every picture.
    """
    words = text.words  # (T, L, C)
    s = torch.einsum("tlc,bcn->btln", words, regions)
    # Normalised over words first, so that a region is shared out among the words, then over regions.
    shared = torch.softmax(s.masked_fill(~text.mask[None, :, :, None], -1e4), dim=2)
    attention = torch.softmax(GAMMA_ATTENTION * shared, dim=3)
    context = torch.einsum("btln,bcn->btlc", attention, regions)
    relevance = F.cosine_similarity(context, words[None], dim=3, eps=1e-6)
    exponent = (GAMMA_WORDS * relevance).masked_fill(~text.mask[None], -torch.inf)
    has_words = text.mask.any(1)
    total = torch.logsumexp(torch.where(has_words[None, :, None], exponent, torch.zeros_like(exponent)), 2)
    return torch.where(has_words[None], total / GAMMA_WORDS, torch.zeros_like(total))


def sentence_similarity(whole: Tensor, sentence: Tensor) -> Tensor:
    """Compute the sentence-level similarity (D4): cosines (B, T) of vectors (B, C) and sentences (T, C)."""
    return F.normalize(whole, dim=1, eps=1e-6) @ F.normalize(sentence, dim=1, eps=1e-6).T


def match_loss(
    scores: MatchScores, photo: Tensor, further: Tensor | None = None, *, undivided: bool = False
) -> Tensor:
    """Compute L_T of eq. 11: cross-entropy both ways, word level plus sentence level; to be minimised.

    Args:
        scores: (B, B + F) each, picture i belonging to caption i and none to the last F captions.
        photo: (B,) an identifier per row; captions of the same photo are not negatives of each other.
        further: (F,) identifiers of the last F captions; None when there are none, as in the paper.
        undivided: Words weigh gamma 2 times as much, as in AttnGAN's published code, which does not divide
            the logarithm by it.

    Returns:
        Scalar; 0 if no picture's caption has a known word. Captions without one are neither matches nor
        negatives.
    """
    total = scores.words.new_zeros(())
    known, own = scores.known, scores.known[: len(photo)]
    if not own.any():
        return total
    group = (photo if further is None else torch.cat([photo, further]))[known]
    photo = photo[own]
    same = photo[:, None] == group[None]
    same.fill_diagonal_(False)
    target = torch.arange(len(photo), device=photo.device)
    words = scores.words * GAMMA_WORDS if undivided else scores.words
    for s in (words, scores.sentences):
        s = s[own][:, known].masked_fill(same, -torch.inf)
        total = total + F.cross_entropy(s, target) + F.cross_entropy(s[:, : len(photo)].T, target)
    return total
