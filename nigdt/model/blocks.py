"""The residual block and the convolutions that every network of the paper is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm as _spectral_norm
from torch.utils.checkpoint import checkpoint

from nigdt.config import HeadPadding, MaskCells

Resample = Literal["none", "down", "up"]
NormKind = Literal["instance", "affine", "none"]
SLOPE = 0.1


def convolution(
    inputs: int,
    outputs: int,
    kernel: int,
    *,
    spectral_norm: bool,
    bias: bool = True,
    gain: float = 1.0,
    padding_mode: HeadPadding = "zeros",
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
        padding_mode: What is seen beyond the edge.
    """
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias, padding_mode=padding_mode)
    nn.init.orthogonal_(layer.weight, gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return _spectral_norm(layer) if spectral_norm else layer


def doubling_convolution(inputs: int, outputs: int, *, spectral_norm: bool) -> nn.Module:
    """Return a transposed 3x3 convolution of stride 2, with orthogonal weight, that doubles a map."""
    layer = nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1)
    nn.init.orthogonal_(layer.weight)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    # Rows are input channels, as in the published code; torch's default are outputs.
    return _spectral_norm(layer, dim=0) if spectral_norm else layer


def area(picture: Tensor, like: Tensor) -> Tensor:
    """Average `picture` (B, C, H, W) down to the height and width of `like`."""
    return F.adaptive_avg_pool2d(picture, (like.shape[2], like.shape[3]))


def samples(picture: Tensor, like: Tensor) -> Tensor:
    """Sample `picture` (B, C, H, W) at evenly spaced points, corners included, one per cell of `like`."""
    size = (like.shape[2], like.shape[3])
    return F.interpolate(picture, size, mode="bilinear", align_corners=True)


SHRINK: dict[MaskCells, Callable[[Tensor, Tensor], Tensor]] = {"area": area, "samples": samples}
"""Ways to bring a picture or mask down to a map's size."""


class ResidualBlock(nn.Module):
    """Pre-activation LeakyReLU(0.1), 3x3, 3x3, with a 1x1 shortcut; optionally halves or doubles the map.

    Shapes: (B, inputs, H, W) to (B, outputs, H', W') with H' = H / 2 for `down` (average pool), 2 H for
    `up` (nearest), else H. Inside it has `hidden` channels, by default as many as outputs.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        resample: Resample = "none",
        norm: NormKind = "none",
        spectral_norm: bool = True,
        activate_input: bool = True,
        hidden: int | None = None,
    ) -> None:
        super().__init__()
        hidden = hidden or outputs
        self.recompute = False
        self.resample = resample
        self.activate_input = activate_input
        self.enlarge: nn.Module = (
            nn.Upsample(scale_factor=2, mode="nearest") if resample == "up" else nn.Identity()
        )
        self.norm1, self.norm2 = _norm(norm, inputs), _norm(norm, hidden)
        self.conv1 = convolution(inputs, hidden, 3, spectral_norm=spectral_norm)
        self.conv2 = convolution(hidden, outputs, 3, spectral_norm=spectral_norm)
        self.shortcut = convolution(inputs, outputs, 1, spectral_norm=spectral_norm)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, H, W) to (B, outputs, H', W')."""
        return _kept_or_made_again(self, x)

    def compute(self, x: Tensor) -> Tensor:
        """Do the block's work; `forward` decides what is kept of it for the gradient."""
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


class TransposedBlock(nn.Module):
    """The published code's doubling block: transposed convolutions in the second place and the shortcut.

    Shapes: (B, inputs, H, W) to (B, outputs, 2 H, 2 W).
    """

    def __init__(self, inputs: int, outputs: int, *, norm: NormKind, spectral_norm: bool) -> None:
        super().__init__()
        self.recompute = False
        self.norm1, self.norm2 = _norm(norm, inputs), _norm(norm, outputs)
        self.conv1 = convolution(inputs, outputs, 3, spectral_norm=spectral_norm)
        self.conv2 = doubling_convolution(outputs, outputs, spectral_norm=spectral_norm)
        self.shortcut = doubling_convolution(inputs, outputs, spectral_norm=spectral_norm)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, H, W) to (B, outputs, 2 H, 2 W)."""
        return _kept_or_made_again(self, x)

    def compute(self, x: Tensor) -> Tensor:
        """Do the block's work; `forward` decides what is kept of it for the gradient."""
        y = self.conv1(F.leaky_relu(self.norm1(x), SLOPE))
        return self.conv2(F.leaky_relu(self.norm2(y), SLOPE)) + self.shortcut(x)


def recompute_blocks(network: nn.Module) -> None:
    """Have a network's residual blocks keep their input alone for the gradient, and make the rest again.

    Less memory for more time (gradient checkpointing). Spectral norm must stand still from the block's
    forward pass to its backward pass: both lie within one `torch.nn.utils.parametrize.cached()`.
    """
    for module in network.modules():
        if isinstance(module, ResidualBlock | TransposedBlock):
            module.recompute = True


def _kept_or_made_again(block: ResidualBlock | TransposedBlock, x: Tensor) -> Tensor:
    if block.recompute and torch.is_grad_enabled():
        for layer in block.modules():
            if parametrize.is_parametrized(layer, "weight"):
                _ = layer.weight  # into the cache, so that the block finds it there both times
        made: Tensor = checkpoint(block.compute, x, use_reentrant=False, preserve_rng_state=False)
        return made
    return block.compute(x)


def _norm(kind: NormKind, channels: int) -> nn.Module:
    if kind == "none":
        return nn.Identity()
    return nn.InstanceNorm2d(channels, affine=kind == "affine")
