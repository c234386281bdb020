"""Projected discriminators in a training step: both sides' losses from one look at photos and answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from nigdt.model.projected import (
    ProjectedDiscriminator,
    ProjectedOutput,
    discriminator_hinge,
    generator_hinge,
    relative_feature_distance,
)
from nigdt_training.inpaint.adversaries import Judged
from nigdt_training.inpaint.texture import CHANNELS, frozen_features


def load_projected(sentence: int) -> ProjectedDiscriminator:
    """Make the discriminator on EfficientNet-lite0's features.

    Args:
        sentence: Width of the caption's vector; 0 for a model without captions.

    Raises:
        NigdtError: The package with the ImageNet weights is missing.
    """
    return ProjectedDiscriminator(frozen_features(), CHANNELS, sentence)


class ProjectedScores(nn.Module):
    """The discriminator behind one `forward`, as data-parallel wrappers need."""

    def __init__(self, network: ProjectedDiscriminator) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, answers: Tensor) -> tuple[ProjectedOutput, ProjectedOutput]:
        """Look at photos (B, 3, H, W) and answers (N, 3, H, W) apart."""
        with torch.no_grad():
            features = self.network.features(image)
        return ProjectedOutput(features, self.network.read(features)), self.network(answers)


@dataclass(frozen=True)
class Conditions:
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


def judge_projected(
    network: ProjectedDiscriminator,
    look: Callable[[Tensor, Tensor], tuple[ProjectedOutput, ProjectedOutput]],
    case: Conditions,
    leaf: Tensor,
) -> Judged:
    """Score answers by the projected discriminator.

    Args:
        network: The discriminator.
        look: Its `ProjectedScores`, as wrapped for several processes.
        case: Photos, holes and captions.
        leaf: I_g and, at steps of the reconstructive path, I_r, one after the other, (N, 3, H, W).
    """
    count = len(case.image)
    captions = list(case.captions)
    moved = captions[-1:] + captions[:-1]
    differs = case.M.new_tensor([float(a != b) for a, b in zip(captions, moved, strict=True)])
    with parametrize.cached():  # spectral norm takes one step of its iteration for all
        real, made = look(case.image, leaf)
        good = network.scores(real.seen, case.sentence)
        wrong = network.scores(real.seen, case.sentence.roll(1, 0))
        each = [network.scores(seen, case.sentence) for seen in _by_answer(made.seen, count)]
    losses = [discriminator_hinge(good, one, wrong, case.M, differs) for one in each]
    return Judged(
        [relative_feature_distance(real.features, maps, case.M) for maps in _by_answer(made.features, count)],
        [generator_hinge(one, case.M) for one in each],
        torch.stack(losses).mean(),
    )


def _by_answer(maps: Sequence[Tensor], count: int) -> list[tuple[Tensor, ...]]:
    """Return each answer's maps, of `count` pictures, from those of all answers."""
    return list(zip(*(one.split(count) for one in maps), strict=True))
