"""How far a fill's texture is from the photo's: what agrees with eyes better than PSNR does.

Frozen ImageNet features are compared by their statistics in the hole, not place by place (after the texture
term of DISTS, Ding et al. 2020): a sharp bird that looks another way is closer than a blur.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import Tensor

from nigdt.model.blocks import area
from nigdt_training.match.backbone import pretrained_lite0

_STAGES = (1, 2, 4, 6)
CHANNELS = (24, 40, 112, 320)
"""Of EfficientNet-lite0's maps at strides 4, 8, 16 and 32."""
_EPSILON = 1e-6


@functools.cache
def frozen_features() -> Callable[[Tensor], list[Tensor]]:
    """Return what turns pictures (B, 3, H, W) in [-1, 1] into EfficientNet-lite0's maps, fine to coarse.

    Raises:
        NigdtError: The package with the ImageNet weights is missing.
    """
    # Discriminators take gradients through what validation loaded. What is drawn by chance afterwards must
    # not depend on which of the two came first: a resumed training may load it at another moment.
    with torch.inference_mode(False), torch.random.fork_rng(devices=[]):
        network = pretrained_lite0()

    def features(picture: Tensor) -> list[Tensor]:
        with torch.inference_mode(False):
            network.to(picture.device)
        stages = network.stages(picture.float(), max(_STAGES) + 1)
        return [stages[i] for i in _STAGES]

    return features


@torch.inference_mode()
def texture_distances(photo: Tensor, fill: Tensor, M: Tensor) -> Tensor:
    """Compare each feature's mean and standard deviation in the hole, as fractions of the photo's.

    Args:
        photo: (B, 3, H, W) in [-1, 1].
        fill: The same with the hole filled.
        M: (B, 1, H, W), 1 = visible.

    Returns:
        (B,): the mean over strides 4, 8, 16 and 32, and over both statistics; 0 = the same texture.
    """
    features = frozen_features()
    both = zip(features(photo), features(fill), strict=True)
    return torch.stack([_distances(_statistics(a, M), _statistics(b, M)) for a, b in both]).mean(0)


def _statistics(values: Tensor, M: Tensor) -> Tensor:
    """Return (B, 2, C): each channel's mean and standard deviation in the hole."""
    hidden = 1 - area(M, values)
    size = hidden.sum((2, 3)) + _EPSILON
    mean = (hidden * values).sum((2, 3)) / size
    spread = (hidden * (values - mean[:, :, None, None]).square()).sum((2, 3)) / size
    return torch.stack([mean, spread.sqrt()], 1)


def _distances(real: Tensor, fake: Tensor) -> Tensor:
    """Return (B,) from statistics (B, 2, C)."""
    return ((real - fake).abs().mean(2) / (real.abs().mean(2) + _EPSILON)).mean(1)
