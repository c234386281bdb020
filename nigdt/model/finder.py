"""The finder: where in a selection the object is, and which part of a bird each place shows.

The recolouring network gives a colour to a whole object, and takes a loose box's background along where it
looks alike. "Red wings" needs to know where wings are, which few photos teach: there are part places for
hundreds of birds, not thousands. So this network starts from an ImageNet classifier and learns nothing but
places; the words choose among them.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nigdt.model.lite0 import REGION_STAGE, STAGE_CHANNELS, EfficientNetLite0
from nigdt.part_words import PARTS

FINDER_SIZE, FINE_FINDER_SIZE = 192, 224
"""Side in pixels, of a square of equal area, at which a finder was trained and is used, without and with a
fine edge; both sides must be multiples of 16."""

_WIDTHS = (32, 48, 64)
_FINE_WIDTH = 24


class FinderScores(NamedTuple):
    """What the finder sees.

    Attributes:
        parts: (B, 1 + parts, h, w) before the softmax over channels, of no part and then of `PARTS`.
        objects: (B, 1, h, w) before the sigmoid; (B, 1, 2 h, 2 w) from a finder with a fine edge.
        bird: (B,) before the sigmoid, whether the object is a bird; None where the finder cannot tell.
        features: (B, C), what it tells that by.
    """

    parts: Tensor
    objects: Tensor
    bird: Tensor | None
    features: Tensor | None = None


class ObjectFinder(nn.Module):
    """Photo and selection to object and parts: EfficientNet-lite0 to stride 16, and back to stride 4.

    Args:
        tells_birds: Whether it tells birds from other objects; parts it sees in all of them.
        fine: Whether it goes back to stride 2 for the object, whose thin parts stride 4 loses.
    """

    def __init__(self, tells_birds: bool = False, fine: bool = False) -> None:
        super().__init__()
        self.size = FINE_FINDER_SIZE if fine else FINDER_SIZE
        self.object_stride = 2 if fine else 4
        self.trunk = EfficientNetLite0(REGION_STAGE + 1)
        two, four, eight, _, sixteen = STAGE_CHANNELS[: REGION_STAGE + 1]
        self.enter = nn.ModuleList(
            nn.Conv2d(channels + 1, width, 1)
            for channels, width in zip((four, eight, sixteen), _WIDTHS, strict=True)
        )
        inputs = (_WIDTHS[0] + _WIDTHS[1], _WIDTHS[1] + _WIDTHS[2], _WIDTHS[2])
        self.mix = nn.ModuleList(_mixed(given, width) for given, width in zip(inputs, _WIDTHS, strict=True))
        self.head = nn.Conv2d(_WIDTHS[0], 2 + len(PARTS), 1)
        self.fine = (
            nn.Sequential(_mixed(two + 1 + _WIDTHS[0], _FINE_WIDTH), nn.Conv2d(_FINE_WIDTH, 1, 1))
            if fine
            else None
        )
        self.bird = nn.Linear(sixteen, 1) if tells_birds else None

    def forward(self, rgb: Tensor, selection: Tensor) -> FinderScores:
        """Answer a batch.

        Args:
            rgb: (B, 3, H, W) in [-1, 1], H and W multiples of 16.
            selection: (B, 1, H, W) in 0..1.

        Returns:
            Scores, those of places (B, ., H / 4, W / 4), the object's at stride 2 where the edge is fine.
        """
        stages = self.trunk.stages(rgb, REGION_STAGE + 1)
        y: Tensor | None = None
        for i, stage in ((2, stages[4]), (1, stages[2]), (0, stages[1])):
            chosen = F.interpolate(selection, size=stage.shape[2:], mode="area")
            x = self.enter[i](torch.cat([stage, chosen], dim=1))
            if y is not None:
                x = torch.cat([x, F.interpolate(y, size=x.shape[2:], mode="nearest")], dim=1)
            y = self.mix[i](x)
        scores: Tensor = self.head(y)
        objects = scores[:, -1:]
        if self.fine is not None and y is not None:
            chosen = F.interpolate(selection, size=stages[0].shape[2:], mode="area")
            finer = F.interpolate(y, size=stages[0].shape[2:], mode="nearest")
            coarse = F.interpolate(objects, size=stages[0].shape[2:], mode="bilinear", align_corners=False)
            objects = coarse + self.fine(torch.cat([stages[0], chosen, finer], dim=1))
        if self.bird is None:
            return FinderScores(scores[:, :-1], objects, None)
        features = _object_features(stages[4], objects, selection)
        return FinderScores(scores[:, :-1], objects, self.bird(features)[:, 0], features)


def _mixed(inputs: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, width, 3, padding=1), nn.GroupNorm(8, width), nn.SiLU(inplace=True)
    )


def _object_features(stage: Tensor, objects: Tensor, selection: Tensor) -> Tensor:
    """Average a map (B, C, h, w) over the object that is seen in the selection, (B, C).

    Args:
        stage: The map.
        objects: (B, 1, H, W), scores before the sigmoid.
        selection: (B, 1, H', W') in 0..1.
    """
    chosen = F.interpolate(selection, size=objects.shape[2:], mode="area")
    weight = F.interpolate(objects.sigmoid() * chosen, size=stage.shape[2:], mode="area")
    return (stage * weight).sum((2, 3)) / weight.sum((2, 3)).clamp(min=1e-3)
