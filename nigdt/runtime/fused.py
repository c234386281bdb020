"""Rewrites a trained model for the CPU: the same pictures, but for rounding, with less arithmetic.

All of it was measured to be faster on the CPU and nowhere else; how accelerators run is left as it was.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from nigdt.model import NIGDT
from nigdt.model.blocks import ResidualBlock

__all__ = ["Doubling", "OwnNorm", "fold"]


def fold(model: NIGDT) -> None:
    """Rewrite a model, in place; it can be trained no more, and its weights are not those of its bundle.

    Args:
        model: In evaluation mode, spectral norm folded into its weights.
    """
    for block in model.modules():
        if not isinstance(block, ResidualBlock):
            continue
        if block.resample == "up":
            assert isinstance(block.conv1, nn.Conv2d)
            block.enlarge, block.conv1 = nn.Identity(), Doubling(block.conv1)
        if isinstance(block.norm1, nn.InstanceNorm2d):
            block.norm1, block.norm2 = OwnNorm(), OwnNorm()


class Doubling(nn.Module):
    """Nearest doubling and the 3x3 convolution after it in one step: 16 products a cell instead of 36.

    Doubling is a transposed convolution of stride 2 by ones; the convolution after it makes of the ones a 4x4
    kernel, each entry the sum of those of the 3x3 kernel that meet the same cell.

    Args:
        layer: The convolution.
    """

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        flipped = F.pad(layer.weight.flip(2, 3).transpose(0, 1), (1, 1, 1, 1))
        self.weight = nn.Parameter(4 * F.avg_pool2d(flipped, 2, stride=1), requires_grad=False)
        self.bias = layer.bias

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, 2 H, 2 W)."""
        return F.conv_transpose2d(x, self.weight, self.bias, stride=2, padding=1)


class OwnNorm(nn.Module):
    """Instance norm. For one picture that is batch norm, which unlike torch's keeps channels last."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        if len(x) > 1:
            return F.instance_norm(x)
        return F.batch_norm(x, None, None, training=True)
