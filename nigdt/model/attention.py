"""Dual multi-modal attention (eq. 3 to 7)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nigdt.config import AttentionAxis, ModelConfig
from nigdt.model.blocks import convolution
from nigdt.model.encoders import TextFeatures


def masked_softmax(scores: Tensor, allowed: Tensor, dim: int) -> Tensor:
    """Take the softmax over `dim`; forbidden entries weigh 0, and a slice with none allowed is 0, not NaN."""
    scores = scores.masked_fill(~allowed, -torch.inf)
    top = scores.amax(dim, keepdim=True)
    weights = torch.exp(scores - torch.where(top.isfinite(), top, torch.zeros_like(top)))
    return weights / weights.sum(dim, keepdim=True).clamp(min=torch.finfo(weights.dtype).tiny)


class DualAttention(nn.Module):
    """Reciprocal attention between image cells and words; Q is shared by both paths.

    The positive path reads the words that agree with the cells it sees (eq. 3), the negative path the
    words that disagree with them (eq. 4): what the caption says and the visible picture does not show
    must be in the hole.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.axis: AttentionAxis = config.attention_axis
        self.max_pool = config.max_pool
        self.Q = convolution(
            config.encoder_channels[-1],
            config.text_channels,
            1,
            spectral_norm=config.spectral_norm and config.traits.normed_queries,
            bias=False,
        )

    def forward(
        self, v_h: Tensor, text: TextFeatures, cells: Tensor, *, positive: bool
    ) -> tuple[Tensor, Tensor]:
        """Weigh the words for every cell.

        Args:
            v_h: (B, C, h, w) high-level image features.
            text: The caption's words.
            cells: (B, h * w) bool, the cells this path may see.
            positive: Path: eq. 3 if True, eq. 4 if False.

        Returns:
            `t_e` (B, text_channels, h, w) and `beta` (B, h * w, L), 0 for cells and words not seen.
        """
        batch, _, height, width = v_h.shape
        query = self.Q(v_h).flatten(2).transpose(1, 2)
        s = query @ text.words.transpose(1, 2)
        if not positive:
            s = -s  # negate first, mask after: -inf must stay -inf
        allowed = cells[:, :, None] & text.mask[:, None, :]
        beta = masked_softmax(s, allowed, dim=2 if self.axis == "words" else 1)  # eq. 5
        t_e = (beta @ text.words).transpose(1, 2)  # eq. 6
        if self.max_pool:  # eq. 7; cells not seen are rows of 0 and count as such
            t_e = t_e.amax(2, keepdim=True).expand(-1, -1, height * width)
        return t_e.reshape(batch, -1, height, width), beta
