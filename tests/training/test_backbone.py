"""The ImageNet backbones compute what their published weights were trained for."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
import torch.nn.functional as F
from nigdt_training.match.backbone import LOADERS, pretrained_lite0
from nigdt_training.settings import Backbone

from nigdt.model.lite0 import SameConv


@pytest.mark.parametrize(
    ("kernel", "stride", "side", "before", "after"),
    [(3, 2, 8, 0, 1), (5, 2, 8, 1, 2), (3, 2, 7, 1, 1), (5, 2, 7, 2, 2), (3, 1, 8, 1, 1), (5, 1, 7, 2, 2)],
)
def test_same_padding_puts_the_odd_pixel_after(kernel, stride, side, before, after) -> None:
    conv = SameConv(2, 3, kernel, stride, bias=False)
    x = torch.randn(1, 2, side, side)
    padded = F.pad(x, (before, after, before, after))
    torch.testing.assert_close(conv(x), F.conv2d(padded, conv.weight, stride=stride))
    assert conv(x).shape[2:] == (-(-side // stride),) * 2


def test_efficientnet_lite0_gives_the_features_of_the_reference_implementation() -> None:
    y, x = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    disc = ((x - 32) ** 2 + (y - 32) ** 2 < (64 / 3) ** 2).float() * 2 - 1
    image = torch.stack([torch.sin(x / 5 + y / 9), torch.cos(x / 7 - y / 4), disc])[None]
    _, vector = pretrained_lite0()(image)
    # Of the package efficientnet-lite-pytorch 0.1.0, with the same weight file.
    # fmt: off
    reference = [
        0.0, 0.0, 0.0, 0.0, 1.638, 0.0, 1.001, 0.853, 0.0, 0.017, 2.884, 0.0,
        0.0, 0.097, 0.078, 0.0, 0.741, 3.23, 0.0, 0.0, 0.48, 0.0, 2.404, 0.0,
    ]
    # fmt: on
    torch.testing.assert_close(vector[0, :24], torch.tensor(reference), atol=2e-3, rtol=0)
    assert vector.sum().item() == pytest.approx(934.42, abs=0.1)


def test_every_backbone_that_may_be_named_can_be_loaded() -> None:
    assert set(LOADERS) == set(get_args(Backbone))
