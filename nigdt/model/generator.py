"""Generator with short + long term attention and its output pyramid."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nigdt.config import ModelConfig
from nigdt.model.blocks import SHRINK, SLOPE, NormKind, ResidualBlock, TransposedBlock, area, convolution
from nigdt.model.encoders import LOW_LEVEL

FIRST_HEAD = 2  # the second up-block works at H/8, where attention and the first RGB head are
_EDGE = 0.98  # keeps atanh finite at pure black and white


class ShortLongAttention(nn.Module):
    """Self-attention that mixes the decoder's map (short term) with the encoder's (long term).

    `A = softmax(q^T q)`; short = gamma x A + x; long = alpha (1 - m) (v_l A) + m v_l: visible cells
    keep their own low-level features, hole cells borrow those of the cells they resemble.
    """

    def __init__(self, decoder: int, encoder: int, *, spectral_norm: bool, normed_query: bool = True) -> None:
        super().__init__()
        normed = spectral_norm and normed_query
        self.query = convolution(decoder, max(1, decoder // 4), 1, spectral_norm=normed)
        self.gamma = nn.Parameter(torch.zeros(1))
        self.alpha = nn.Parameter(torch.zeros(1))
        self.mix = ResidualBlock(decoder + encoder, decoder, spectral_norm=spectral_norm)

    def weights(self, x: Tensor) -> Tensor:
        """Compute A (B, N, N) for x (B, C, h, w), N = h w; row i is what cell i takes from every cell j."""
        q = self.query(x).flatten(2)
        return torch.softmax(q.transpose(1, 2) @ q, dim=2)

    def forward(self, x: Tensor, v_l: Tensor, m: Tensor) -> Tensor:
        """Mix decoder map x (B, C, h, w) with v_l (B, D, h, w); m (B, 1, h, w) is the visible fraction."""
        batch, channels, height, width = x.shape
        both = torch.cat([x, v_l], 1).flatten(2)
        moved = (self.weights(x) @ both.transpose(1, 2)).transpose(1, 2).reshape(batch, -1, height, width)
        short = self.gamma * moved[:, :channels] + x
        long = self.alpha * (1 - m) * moved[:, channels:] + m * v_l
        return self.mix(torch.cat([short, long], 1))


class Generator(nn.Module):
    """Five up-blocks from H/32 to H; RGB heads at H/8, H/4, H/2 and H, each fed into the next stage."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        widths = (config.representation_channels, *config.generator_channels)
        spectral = config.spectral_norm
        traits = config.traits
        norm: NormKind = config.generator_norm
        if norm == "instance" and traits.affine_norm:
            norm = "affine"
        transposed = traits.upsampling == "transposed"
        doubling: Callable[..., nn.Module] = (
            TransposedBlock if transposed else partial(ResidualBlock, resample="up")
        )
        self.blocks = nn.ModuleList(
            doubling(
                widths[i] + (3 if i >= FIRST_HEAD else 0),
                widths[i + 1],
                norm=norm,
                spectral_norm=spectral,
            )
            for i in range(5)
        )
        self.shrink = SHRINK[traits.mask_cells]
        self.attention = ShortLongAttention(
            widths[FIRST_HEAD],
            config.encoder_channels[LOW_LEVEL - 1],
            spectral_norm=spectral,
            normed_query=traits.normed_queries,
        )
        # Starts at 0, so that a generator trained without it goes on from where it was.
        self.skip = (
            convolution(config.encoder_channels[LOW_LEVEL], widths[1], 1, spectral_norm=False, gain=0.0)
            if config.skip
            else None
        )
        # So does what an outline adds at every size.
        self.outline = (
            nn.ModuleList(
                convolution(config.told_channels, width, 3, spectral_norm=False, gain=0.0)
                for width in widths[1:]
            )
            if config.outlines
            else None
        )
        # With a prefill the heads give what must change, so they start near no change.
        gain = 0.01 if config.prefill == "harmonic" else 1.0
        self.heads = nn.ModuleList(
            convolution(
                widths[i + 1],
                3,
                3,
                spectral_norm=spectral and config.prefill == "none",
                gain=gain,
                padding_mode=traits.head_padding,
            )
            for i in range(FIRST_HEAD - 1, 5)
        )

    def forward(
        self,
        r: Tensor,
        v_l: Tensor,
        M: Tensor,
        base: Tensor | None = None,
        skip: Tensor | None = None,
        outline: Tensor | None = None,
    ) -> tuple[list[Tensor], Tensor]:
        """Generate the picture.

        Args:
            r: (B, representation_channels, H/32, W/32), eq. 10.
            v_l: (B, c3, H/8, W/8), low-level features of the visible picture.
            M: (B, 1, H, W), 1 = visible.
            base: (B, 3, H, W) in [-1, 1], the prefilled picture that the heads change, or None.
            skip: (B, c4, H/16, W/16), the encoder's map of that size, with `config.skip`.
            outline: (B, `config.told_channels`, H, W) in [0, 1], as in `NIGDT.encode_image`.

        Returns:
            The pyramid, (B, 3, H/8, W/8) to (B, 3, H, W), each in [-1, 1], and the decoder's map that the
            attention at H/8 compared, (B, C, H/8, W/8), from which `attention.weights` follow.
        """
        m = self.shrink(M, v_l)
        pyramid: list[Tensor] = []
        x = compared = r
        for i, block in enumerate(self.blocks):
            x = block(x if i < FIRST_HEAD else torch.cat([x, pyramid[-1]], 1))
            if self.outline is not None and outline is not None:
                x = x + self.outline[i](area(outline, x))
            if i < FIRST_HEAD - 1:
                if self.skip is not None:
                    x = x + self.skip(skip)
                continue
            if i == FIRST_HEAD - 1:
                compared = x
                x = self.attention(x, v_l, m)
            drawn = self.heads[i - FIRST_HEAD + 1](F.leaky_relu(x, SLOPE))
            if base is not None:
                drawn = drawn + torch.atanh(_EDGE * area(base, x))
            pyramid.append(torch.tanh(drawn))
        return pyramid, compared
