"""EfficientNet-lite0 (Apache-2.0; module names are those of its published weight file)."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["REGION_STAGE", "STAGE_CHANNELS", "EfficientNetLite0", "SameConv"]

# EfficientNet-lite0, as published: expansion, channels, repeats, first stride, kernel of each stage.
_STAGES = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
REGION_STAGE = 4
"""The stage with 112 channels at 1/16 of the size."""
STAGE_CHANNELS = tuple(stage[1] for stage in _STAGES)
"""Channels of each stage's output."""


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class SameConv(nn.Conv2d):
    """Convolution with TensorFlow's "same" padding, which the published weights were trained with.

    Of an odd number of padding pixels the additional one goes to the right and to the bottom; at stride 2 an
    even side is padded by 0 and 1 with kernel 3, by 1 and 2 with kernel 5.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C', ceil(H / stride), ceil(W / stride))."""
        right, bottom = (
            max((math.ceil(side / stride) - 1) * stride + kernel - side, 0)
            for side, stride, kernel in zip(
                (x.shape[3], x.shape[2]), self.stride[::-1], self.kernel_size[::-1], strict=True
            )
        )
        padding = (right // 2, right - right // 2, bottom // 2, bottom - bottom // 2)
        return super().forward(F.pad(x, padding))


class _MBConv(nn.Module):
    """Inverted residual block without squeeze and excitation, as the lite variants have it."""

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int, kernel: int) -> None:
        super().__init__()
        inner = inputs * expansion
        if expansion > 1:
            self._expand_conv = nn.Conv2d(inputs, inner, 1, bias=False)
            self._bn0 = _norm(inner)
        self._depthwise_conv = SameConv(inner, inner, kernel, stride, groups=inner, bias=False)
        self._bn1 = _norm(inner)
        self._project_conv = nn.Conv2d(inner, outputs, 1, bias=False)
        self._bn2 = _norm(outputs)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu6(self._bn0(self._expand_conv(x))) if hasattr(self, "_expand_conv") else x
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.residual else y


class EfficientNetLite0(nn.Module):
    """The image classifier without its last layer.

    Args:
        depth: How many of the seven stages there are; all of them have the head as well.
    """

    region_channels = STAGE_CHANNELS[REGION_STAGE]
    global_channels = 1280

    def __init__(self, depth: int = len(_STAGES)) -> None:
        super().__init__()
        self._conv_stem = SameConv(3, 32, 3, 2, bias=False)
        self._bn0 = _norm(32)
        blocks: list[nn.Module] = []
        self._ends = []
        channels = 32
        for expansion, outputs, repeats, stride, kernel in _STAGES[:depth]:
            for i in range(repeats):
                blocks.append(_MBConv(channels, outputs, expansion, stride if i == 0 else 1, kernel))
                channels = outputs
            self._ends.append(len(blocks) - 1)
        self._blocks = nn.ModuleList(blocks)
        if depth == len(_STAGES):
            self._conv_head = nn.Conv2d(channels, self.global_channels, 1, bias=False)
            self._bn1 = _norm(self.global_channels)

    def stages(self, image: Tensor, number: int = len(_STAGES)) -> list[Tensor]:
        """Return the outputs of the first stages.

        Args:
            image: (B, 3, H, W) in [-1, 1].
            number: How many of them; there must be as many.
        """
        x = F.relu6(self._bn0(self._conv_stem(image)))
        outputs = []
        for i, block in enumerate(self._blocks):
            x = block(x)
            if i in self._ends:
                outputs.append(x)
                if len(outputs) == number:
                    break
        return outputs

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Map images (B, 3, H, W) in [-1, 1] to regions (B, 112, H/16, W/16) and global vectors (B, 1280)."""
        outputs = self.stages(image)
        head = F.relu6(self._bn1(self._conv_head(outputs[-1])))
        return outputs[REGION_STAGE], head.mean((2, 3))
