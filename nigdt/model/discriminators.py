"""D1, whose final feature is compared (eq. 12), and D2, the adversary: the same network twice."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from nigdt.config import ModelConfig
from nigdt.model.blocks import SLOPE, ResidualBlock, convolution

ATTENTION_AFTER = 3  # halvings: 32 x 32 at 256 px


class SelfAttention(nn.Module):
    """Self-attention over the cells of a map, added with a learnt weight that starts at 0."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(1, channels // 4)
        self.query = convolution(channels, inner, 1, spectral_norm=True)
        self.key = convolution(channels, inner, 1, spectral_norm=True)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, h, w) to the same shape."""
        return x + self.gamma * attended(x, self.query(x), self.key(x))


class SharedSelfAttention(nn.Module):
    """Self-attention of a map whose queries are its keys, added with a learnt weight that starts at 0."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = convolution(channels, max(1, channels // 4), 1, spectral_norm=False)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, h, w) to the same shape."""
        return x + self.gamma * attended(x, self.query(x), self.query(x))


def attended(x: Tensor, queries: Tensor, keys: Tensor) -> Tensor:
    """Mix the cells of x (B, C, h, w) by the softmax of their queries with all keys, (B, D, h, w) each."""
    weights = torch.softmax(queries.flatten(2).transpose(1, 2) @ keys.flatten(2), dim=2)
    return (weights @ x.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(x.shape)


class PublishedDiscriminator(nn.Module):
    """The published code's D1 and D2.

    Halving layers keep their input's width inside, one further layer follows, the self-attention has one map
    for queries and keys, without spectral norm, and scores know no padding.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        widths = (3, *config.discriminator_channels)
        layers: list[nn.Module] = []
        for i in range(5):
            hidden = widths[i] if i else None
            layers.append(
                ResidualBlock(widths[i], widths[i + 1], resample="down", activate_input=i > 0, hidden=hidden)
            )
            if i + 1 == ATTENTION_AFTER:
                layers.append(SharedSelfAttention(widths[i + 1]))
        layers.append(ResidualBlock(widths[-1], widths[-1]))
        self.layers = nn.Sequential(*layers)
        self.score = spectral_norm(nn.Conv2d(widths[-1], 1, 3))

    def features(self, image: Tensor) -> Tensor:
        """Map images (B, 3, H, W) in [-1, 1] to the final feature, (B, C, H/32, W/32)."""
        return self.layers(image)

    def forward(self, image: Tensor) -> Tensor:
        """Map images (B, 3, H, W) in [-1, 1] to patch scores (B, 1, H/32 - 2, W/32 - 2)."""
        return self.score(F.leaky_relu(self.features(image), SLOPE))


class Discriminator(nn.Module):
    """Five halving residual layers with self-attention at H/8, then patch scores; spectrally normalised."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        widths = (3, *config.discriminator_channels)
        layers: list[nn.Module] = []
        for i in range(5):
            layers.append(ResidualBlock(widths[i], widths[i + 1], resample="down", activate_input=i > 0))
            if i + 1 == ATTENTION_AFTER:
                layers.append(SelfAttention(widths[i + 1]))
        self.layers = nn.Sequential(*layers)
        self.score = convolution(widths[-1], 1, 3, spectral_norm=True)

    def features(self, image: Tensor) -> Tensor:
        """Map images (B, 3, H, W) in [-1, 1] to the final feature, (B, C, H/32, W/32)."""
        return self.layers(image)

    def forward(self, image: Tensor) -> Tensor:
        """Map images (B, 3, H, W) in [-1, 1] to patch scores (B, 1, H/32, W/32); real is 1 under LSGAN."""
        return self.score(F.leaky_relu(self.features(image), SLOPE))
