"""Projected discriminators in a training step: both sides' losses from one look at photos and answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn.utils import parametrize

from nigdt.model.projected import (
    ProjectedDiscriminator,
    Verdict,
    discriminator_hinge,
    generator_hinge,
    relative_feature_distance,
)
from nigdt_training.match.backbone import EfficientNetLite0
from nigdt_training.settings import LossSettings

if TYPE_CHECKING:
    from nigdt_training.inpaint.step import Networks

_STAGES, _CHANNELS = (1, 2, 4, 6), (24, 40, 112, 320)  # EfficientNet-lite0 at strides 4, 8, 16 and 32


def load_projected(sentence: int) -> ProjectedDiscriminator:
    """Make the discriminator on EfficientNet-lite0's features.

    Args:
        sentence: Width of the caption's vector; 0 for a model without captions.

    Raises:
        NigdtError: The package with the ImageNet weights is missing.
    """
    network = EfficientNetLite0.pretrained()

    def features(picture: Tensor) -> list[Tensor]:
        network.to(picture.device)
        stages = network.stages(picture.float(), max(_STAGES) + 1)
        return [stages[i] for i in _STAGES]

    return ProjectedDiscriminator(features, _CHANNELS, sentence)


class ProjectedScores(nn.Module):
    """The discriminator behind one `forward`, as data-parallel wrappers need."""

    def __init__(self, network: ProjectedDiscriminator) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, answers: Tensor) -> tuple[Verdict, Verdict]:
        """Look at photos (B, 3, H, W) and answers (N, 3, H, W) apart."""
        with torch.no_grad():
            features = self.network.features(image)
        return Verdict(features, self.network.read(features)), self.network(answers)


@dataclass(frozen=True)
class Case:
    """What the discriminator knows besides the answers.

    Attributes:
        image: The photos, (B, 3, H, W) in [-1, 1].
        M: (B, 1, H, W), 1 = visible.
        sentence: The captions' vectors, (B, C), without gradient.
        captions: The captions.
    """

    image: Tensor
    M: Tensor
    sentence: Tensor
    captions: Sequence[str]


def projected_adversaries(
    networks: Networks,
    case: Case,
    answers: Sequence[Tensor],
    weights: LossSettings,
    fabric: Fabric,
    part: float,
    fraction: float,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Compute both sides' losses; the discriminator's is taken back at once.

    The answers enter as a leaf: what the generator minimises goes back as far as that leaf, what the
    discriminator minimises as far as its heads, and neither reaches the other.

    Args:
        networks: What is trained.
        case: Photos, holes and captions.
        answers: I_g and, at steps of the reconstructive path, I_r, each (B, 3, H, W).
        weights: Of feature distance and adversarial term.
        fabric: Runs the backward passes.
        part: Fraction of the (micro-)batch that is shown.
        fraction: The micro-batch's part of the whole batch.

    Returns:
        The generator side's weighted sum over the answers, with their gradient, and all losses by name.
    """
    network, count = networks.projected, len(case.image)
    shown = torch.cat(list(answers))
    leaf = shown.detach().requires_grad_()
    other = case.sentence.roll(1, 0)
    captions = list(case.captions)
    moved = captions[-1:] + captions[:-1]
    differs = case.M.new_tensor([float(a != b) for a, b in zip(captions, moved, strict=True)])
    with parametrize.cached():  # spectral norm takes one step of its iteration for all
        real, made = networks.discriminators(case.image, leaf)
        good = network.scores(real.seen, case.sentence)
        wrong = network.scores(real.seen, other)
        judged = []
        for start in range(0, len(shown), count):
            seen = [x[start : start + count] for x in made.seen]
            judged.append(network.scores(seen, case.sentence))
        features = []
        for start in range(0, len(shown), count):
            maps = [x[start : start + count] for x in made.features]
            features.append(relative_feature_distance(real.features, maps, case.M))
        scores = [generator_hinge(one, case.M) for one in judged]
        gaps = (1, weights.reconstruct_every)
        weighted = [
            gap * (weights.feature * feature + weights.adversarial * score)
            for gap, feature, score in zip(gaps, features, scores, strict=False)
        ]
        generator = part * torch.stack(weighted).sum()
        fabric.backward(generator, inputs=[leaf], retain_graph=True)
        losses = [discriminator_hinge(good, one, wrong, case.M, differs) for one in judged]
        discriminator = torch.stack(losses).mean()
        heads = [weight for weight in network.parameters() if weight.requires_grad]
        fabric.backward(part * fraction * discriminator, inputs=heads)
    assert leaf.grad is not None
    carried = (shown * leaf.grad).sum()
    terms = {
        "feature": torch.stack(features).sum(),
        "adversarial": torch.stack(scores).sum(),
        "discriminator": discriminator,
    }
    return carried - carried.detach() + generator.detach(), terms
