"""What the trainer asks of a comparison system."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nigdt_training.samples import Batch


@dataclass
class Losses:
    """Losses of one step.

    Attributes:
        total: What is minimised, a scalar.
        terms: Its parts by name, detached scalars for the log.
    """

    total: Tensor
    terms: dict[str, Tensor]


class ComparisonModel(nn.Module, ABC):
    """A comparison system: what it answers with, its adversaries, and its losses.

    Attributes:
        generator: What is optimised on the generator's side.
        adversary: What is optimised on the discriminators' side.
    """

    generator: nn.Module
    adversary: nn.Module

    @abstractmethod
    def answer(self, I_m: Tensor, M: Tensor, noise: Tensor | None = None) -> Tensor:
        """Fill a picture.

        Args:
            I_m: (B, 3, H, W) in [-1, 1], 0 wherever M = 0.
            M: (B, 1, H, W), 1 = visible.
            noise: (B, *latent_shape) standard normal where the system samples; None gives its one best
                answer.

        Returns:
            I_g, (B, 3, H, W) in [-1, 1].
        """

    @abstractmethod
    def latent_shape(self, size: int) -> tuple[int, int, int] | None:
        """Return the noise's shape for pictures of size x size; None for a system with a single answer."""

    @abstractmethod
    def draw(self, batch: Batch) -> Any:
        """Return what the generator makes of a batch, for both sides' losses; the system's own affair."""

    @abstractmethod
    def adversary_losses(self, batch: Batch, drawn: Any) -> Losses:
        """Return what the discriminators minimise; no gradient reaches the generator."""

    @abstractmethod
    def generator_losses(self, batch: Batch, drawn: Any) -> Losses:
        """Return what the generator minimises; the discriminators' parameters are frozen meanwhile."""


def weigh(terms: dict[str, Tensor], weights: dict[str, float]) -> Losses:
    """Return the weighted sum of named scalars."""
    total = torch.stack([weights[name] * value for name, value in terms.items()]).sum()
    return Losses(total, {name: value.detach() for name, value in terms.items()})
