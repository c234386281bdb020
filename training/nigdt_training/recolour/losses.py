"""What the recolouring network learns from: the picture in the selection, the place, and the colour."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from nigdt.model.recolour import RecolourMaps

LAB_UNIT = 30.0
PLACE_WEIGHT = 0.7
PART_WEIGHT = 0.3
ATTENTION_WEIGHT = 0.3
COLOUR_WEIGHT = 0.7


@dataclass
class RecolourBatch:
    """Samples side by side; (B, C, H, W) float32 where not said otherwise.

    Attributes:
        start: Lab of the photo to be changed.
        tint: Lab of the wanted colour.
        alpha: (B, 1, H, W), where it belongs.
        selection: (B, 1, H, W).
        hidden: (B,), 1 where the selection's colour is hidden.
        tokens: (B, L) int64.
        lengths: (B,) int64.
        captions: The B captions.
        labels: (B, H, W) int64, the parts of birds (`nigdt_training.recolour.part_teacher`).
        named: (B, L, labels) bool, the parts that each word names.
    """

    start: Tensor
    tint: Tensor
    alpha: Tensor
    selection: Tensor
    hidden: Tensor
    tokens: Tensor
    lengths: Tensor
    captions: list[str]
    labels: Tensor
    named: Tensor


def recoloured(start: Tensor, maps: RecolourMaps, selection: Tensor) -> Tensor:
    """Return the recoloured Lab picture (B, 3, H, W)."""
    alpha = maps.alpha * selection
    return torch.cat(
        [start[:, :1] + alpha * maps.lightness, start[:, 1:] + alpha * (maps.colour - start[:, 1:])], dim=1
    )


def losses(maps: RecolourMaps, batch: RecolourBatch) -> dict[str, Tensor]:
    """Return the three losses, each a scalar.

    `picture` is the L1 distance of the recoloured picture in the selection, `place` the cross entropy of
    alpha in it with both sides weighing nearly alike however thin the part, `colour` the L1 distance of the
    proposed colour where it belongs, so that it is learnt before alpha is.
    """
    inside = (batch.selection > 0.05).float()
    target = batch.start + batch.alpha * batch.selection * (batch.tint - batch.start)
    area = inside.sum((1, 2, 3)).clamp(min=1)
    wrong = (recoloured(batch.start, maps, batch.selection) - target).abs().sum(1, keepdim=True)
    picture = ((wrong * inside).sum((1, 2, 3)) / area).mean() / LAB_UNIT

    yes = (batch.alpha * inside).sum((1, 2, 3), keepdim=True)
    no = ((1 - batch.alpha) * inside).sum((1, 2, 3), keepdim=True)
    favour = ((no + 1) / (yes + 1)).sqrt().clamp(0.4, 4)
    weight = inside * (batch.alpha * favour + (1 - batch.alpha))
    entropy = F.binary_cross_entropy_with_logits(maps.logits, batch.alpha, reduction="none")
    place = ((entropy * weight).sum((1, 2, 3)) / weight.sum((1, 2, 3)).clamp(min=1)).mean()

    core = (batch.alpha > 0.5).float() * inside
    proposed = torch.cat([batch.start[:, :1] + maps.lightness, maps.colour], dim=1)
    away = ((proposed - batch.tint).abs().sum(1, keepdim=True) * core).sum((1, 2, 3))
    colour = (away / core.sum((1, 2, 3)).clamp(min=20)).mean() / LAB_UNIT
    return {"picture": picture, "place": place, "colour": colour}


def total(parts: dict[str, Tensor]) -> Tensor:
    """Return the weighted sum that is minimised."""
    weighted = PLACE_WEIGHT * parts["place"] + COLOUR_WEIGHT * parts["colour"] + PART_WEIGHT * parts["part"]
    return parts["picture"] + weighted + ATTENTION_WEIGHT * parts["attention"]
