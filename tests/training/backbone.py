"""A backbone of one layer, for tests of the match networks."""

from __future__ import annotations

import torch
from torch import nn


class Backbone(nn.Module):
    """Stands in for ImageNet's features, of which this machine may have none."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 8, 8, 8)

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        regions = self.layer(image)
        return regions, regions.mean((2, 3))
