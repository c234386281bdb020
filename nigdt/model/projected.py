"""Projected discriminators: small heads on mixed features of a frozen ImageNet network (Sauer et al. 2021).

They take the place of D1 and D2 where a run asks for them; the paper has none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nigdt.model.blocks import SLOPE, area, convolution

_EPSILON = 1e-6


class FeatureMixer(nn.Module):
    """Fixed random mixing of feature maps, from coarse to fine, so that every head sees every scale.

    Args:
        channels: Of the feature maps, fine to coarse.
        width: Channels of the mixed maps.
        seed: Of the random weights, which are never trained.
    """

    def __init__(self, channels: Sequence[int], width: int, seed: int = 0) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(seed)
        self.project = nn.ModuleList(nn.Conv2d(count, width, 1) for count in channels)
        self.mix = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in channels[:-1])
        for layer in (*self.project, *self.mix):
            assert isinstance(layer, nn.Conv2d)
            assert layer.bias is not None
            deviation = layer.weight[0].numel() ** -0.5
            with torch.no_grad():
                layer.weight.copy_(torch.randn(layer.weight.shape, generator=random) * deviation)
                layer.bias.zero_()
        self.requires_grad_(False)

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Turn maps (B, C_i, h_i, w_i), fine to coarse, into maps (B, width, h_i, w_i) in the same order."""
        maps = [project(feature) for project, feature in zip(self.project, features, strict=True)]
        for i in range(len(maps) - 2, -1, -1):
            coarse = F.interpolate(maps[i + 1], size=maps[i].shape[2:], mode="bilinear", align_corners=False)
            maps[i] = self.mix[i](maps[i] + coarse)
        return maps


class Head(nn.Module):
    """Scores every place of one map, with a caption or without; spectrally normalised.

    Args:
        width: Channels of the map.
        sentence: Width of the caption's vector; 0 for a model without captions.
        halve: Whether to look at half the resolution, as is enough for the finest map.
    """

    def __init__(self, width: int, sentence: int, *, halve: bool) -> None:
        super().__init__()
        self.halve = halve
        self.first = convolution(width, width, 3, spectral_norm=True)
        self.second = convolution(width, width, 3, spectral_norm=True)
        self.score = convolution(width, 1, 1, spectral_norm=True)
        self.caption = nn.Linear(sentence, width, bias=False) if sentence else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, width, h, w) to what the scores are read from, in the same shape or half of it."""
        x = F.leaky_relu(self.first(F.avg_pool2d(x, 2) if self.halve else x), SLOPE)
        return F.leaky_relu(self.second(x), SLOPE)

    def scores(self, x: Tensor, sentence: Tensor) -> Tensor:
        """Return the scores (B, 1, h, w): how real a place is, plus how well it fits the caption (B, C)."""
        if self.caption is None:
            return self.score(x)
        fits = torch.einsum("bchw,bc->bhw", x, self.caption(sentence)) / x.shape[1] ** 0.5
        return self.score(x) + fits[:, None]


@dataclass
class ProjectedOutput:
    """What the projected discriminators say of some pictures.

    Attributes:
        features: The frozen network's maps, fine to coarse.
        seen: Each head's map that scores are read from.
    """

    features: list[Tensor]
    seen: list[Tensor]


class ProjectedDiscriminator(nn.Module):
    """Four heads on a frozen network's features at strides 4, 8, 16 and 32.

    Args:
        features: Pictures (B, 3, H, W) in [-1, 1] to feature maps, fine to coarse; frozen, not part of
            this module's weights.
        channels: Of these maps.
        sentence: Width of the caption's vector; 0 for a model without captions.
        width: Channels that they are mixed to.
    """

    def __init__(
        self,
        features: Callable[[Tensor], list[Tensor]],
        channels: Sequence[int],
        sentence: int,
        width: int = 64,
    ) -> None:
        super().__init__()
        self.features = features
        self.mixer = FeatureMixer(channels, width)
        self.heads = nn.ModuleList(Head(width, sentence, halve=i == 0) for i in range(len(channels)))

    def forward(self, picture: Tensor) -> ProjectedOutput:
        """Look at pictures (B, 3, H, W) in [-1, 1]."""
        features = self.features(picture)
        return ProjectedOutput(features, self.read(features))

    def read(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Turn frozen features into each head's map."""
        return [head(mixed) for head, mixed in zip(self.heads, self.mixer(features), strict=True)]

    def scores(self, seen: Sequence[Tensor], sentence: Tensor) -> list[Tensor]:
        """Return each head's scores (B, 1, h, w), given its map and the captions (B, C)."""
        return [head.scores(x, sentence) for head, x in zip(self.heads, seen, strict=True)]  # type: ignore[operator]


def in_hole(values: Tensor, M: Tensor) -> Tensor:
    """Average each picture's values over the hole.

    Args:
        values: (B, C, h, w).
        M: (B, 1, H, W), 1 = visible.

    Returns:
        (B,); places count by how much of them is hidden.
    """
    hidden = 1 - area(M, values)
    return (hidden * values).mean(1).sum((1, 2)) / (hidden.sum((1, 2, 3)) + _EPSILON)


def relative_feature_distance(real: Sequence[Tensor], fake: Sequence[Tensor], M: Tensor) -> Tensor:
    """Compute how far frozen features differ in the hole, as a fraction of their size; mean over maps, batch.

    Args:
        real: The photo's maps (B, C_i, h_i, w_i); no gradient flows into them.
        fake: The answer's.
        M: (B, 1, H, W), 1 = visible.
    """
    each = [
        (in_hole((a.detach() - b).abs(), M) / (in_hole(a.detach().abs(), M) + _EPSILON)).mean()
        for a, b in zip(real, fake, strict=True)
    ]
    return torch.stack(each).mean()


def generator_hinge(scores: Sequence[Tensor], M: Tensor) -> Tensor:
    """Return what the generator minimises: minus the scores in the hole, summed over heads; batch mean."""
    return torch.stack([-in_hole(score, M).mean() for score in scores]).sum()


def discriminator_hinge(
    real: Sequence[Tensor],
    fake: Sequence[Tensor],
    mismatched: Sequence[Tensor],
    M: Tensor,
    differs: Tensor,
) -> Tensor:
    """Sum the hinge loss in the hole over heads; photos under another photo's caption count as made, by half.

    Args:
        real: Each head's scores of the photos with their captions, (B, 1, h, w).
        fake: Of the answers with the same captions.
        mismatched: Of the photos with other captions.
        M: (B, 1, H, W), 1 = visible.
        differs: (B,), 1 where the other caption is another one.
    """
    total = M.new_zeros(())
    for good, made, wrong in zip(real, fake, mismatched, strict=True):
        total = total + in_hole(F.relu(1 - good), M).mean()
        total = total + in_hole(F.relu(1 + made), M).mean() / 2
        total = total + (differs * in_hole(F.relu(1 + wrong), M)).mean() / 2
    return total
