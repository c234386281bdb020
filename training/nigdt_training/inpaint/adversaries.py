"""Both sides of the adversarial terms from one look at photos and answers, whatever discriminates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from lightning_fabric import Fabric
from torch import Tensor

from nigdt_training.settings import LossSettings


@dataclass(frozen=True)
class Judged:
    """What the discriminators made of the answers.

    Attributes:
        features: Of each answer, its feature distance from the photos.
        scores: Of each answer, what the generator minimises of its scores.
        discriminator: What the discriminators minimise.
    """

    features: Sequence[Tensor]
    scores: Sequence[Tensor]
    discriminator: Tensor


@dataclass(frozen=True)
class Adversaries:
    """How the terms of a (micro-)batch are weighed and taken back.

    Attributes:
        weights: Of feature distance and adversarial term.
        fabric: Runs the backward passes.
        part: Fraction of the (micro-)batch that is shown: a picture weighs the same however many there are.
        fraction: The micro-batch's part of the whole batch.
    """

    weights: LossSettings
    fabric: Fabric
    part: float
    fraction: float

    def take_back(
        self, shown: Tensor, leaf: Tensor, judged: Judged, learnt: Iterable[Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Take the discriminators' loss back, and carry the generator's to the answers.

        What the generator minimises goes back as far as the leaf, what the discriminators minimise as far as
        their parameters, and neither reaches the other.

        Args:
            shown: The answers, (N, 3, H, W).
            leaf: The same as a leaf, which `judged` was made from.
            judged: Of I_g and, at steps of the reconstructive path, of I_r.
            learnt: The discriminators' parameters.

        Returns:
            The generator side's weighted sum over the answers, with their gradient, and all losses by name.
        """
        weights = self.weights
        gaps = (1, weights.reconstruct_every)
        weighted = [
            gap * (weights.feature * feature + weights.adversarial * score)
            for gap, feature, score in zip(gaps, judged.features, judged.scores, strict=False)
        ]
        generator = self.part * torch.stack(weighted).sum()
        self.fabric.backward(generator, inputs=[leaf], retain_graph=True)
        theirs = [weight for weight in learnt if weight.requires_grad]
        self.fabric.backward(self.part * self.fraction * judged.discriminator, inputs=theirs)
        assert leaf.grad is not None
        carried = (shown * leaf.grad).sum()
        terms = {
            "feature": torch.stack(list(judged.features)).sum(),
            "adversarial": torch.stack(list(judged.scores)).sum(),
            "discriminator": judged.discriminator,
        }
        return carried - carried.detach() + generator.detach(), terms
