"""The residual block and the convolutions that every network of the paper is made of."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm as _spectral_norm

Resample = Literal["none", "down", "up"]
SLOPE = 0.1


def convolution(
    inputs: int, outputs: int, kernel: int, *, spectral_norm: bool, bias: bool = True, gain: float = 1.0
) -> nn.Module:
    """Return a same-size convolution with orthogonal weight.

    The weight is initialised before spectral norm is registered: afterwards the raw weight has another
    name and initialisers that look for `weight` pass it by.

    Args:
        inputs: Input channels.
        outputs: Output channels.
        kernel: Odd kernel side.
        spectral_norm: Whether to divide the weight by its largest singular value.
        bias: Whether to add a bias (starts at 0).
        gain: Scale of the orthogonal weight.
    """
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias)
    nn.init.orthogonal_(layer.weight, gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return _spectral_norm(layer) if spectral_norm else layer


def area(picture: Tensor, like: Tensor) -> Tensor:
    """`picture` (B, C, H, W) averaged down to the height and width of `like`."""
    return F.adaptive_avg_pool2d(picture, (like.shape[2], like.shape[3]))


class ResidualBlock(nn.Module):
    """Pre-activation LeakyReLU(0.1), 3x3, 3x3, with a 1x1 shortcut; optionally halves or doubles the map.

    Shapes: (B, inputs, H, W) to (B, outputs, H', W') with H' = H / 2 for `down` (average pool), 2 H for
    `up` (nearest), else H.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        resample: Resample = "none",
        instance_norm: bool = False,
        spectral_norm: bool = True,
        activate_input: bool = True,
    ) -> None:
        super().__init__()
        self.resample = resample
        self.activate_input = activate_input
        self.enlarge: nn.Module = (
            nn.Upsample(scale_factor=2, mode="nearest") if resample == "up" else nn.Identity()
        )
        self.norm1: nn.Module = nn.InstanceNorm2d(inputs) if instance_norm else nn.Identity()
        self.norm2: nn.Module = nn.InstanceNorm2d(outputs) if instance_norm else nn.Identity()
        self.conv1 = convolution(inputs, outputs, 3, spectral_norm=spectral_norm)
        self.conv2 = convolution(outputs, outputs, 3, spectral_norm=spectral_norm)
        self.shortcut = convolution(inputs, outputs, 1, spectral_norm=spectral_norm)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, H, W) to (B, outputs, H', W')."""
        y = F.leaky_relu(self.norm1(x), SLOPE) if self.activate_input else x
        if self.resample == "up":
            # A 1x1 convolution and nearest doubling commute: the cheap order gives the same map.
            shortcut = F.interpolate(self.shortcut(x), scale_factor=2.0, mode="nearest")
        elif self.resample == "down":
            shortcut = self.shortcut(F.avg_pool2d(x, 2))
        else:
            shortcut = self.shortcut(x)
        y = self.conv1(self.enlarge(y))
        y = self.conv2(F.leaky_relu(self.norm2(y), SLOPE))
        if self.resample == "down":
            y = F.avg_pool2d(y, 2)
        return y + shortcut
