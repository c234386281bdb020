"""One step with the losses of `paper-cub` and of the published code, on numbers that can be worked out.

The networks stand for constants: I = 0.25, I_g = 0.75, I_r = 0, q = N(1, 2 squared), p = N(0.5, 0.5 squared);
what a discriminator says of a picture, feature and score alike, is the picture's value.
"""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning_fabric import Fabric
from nigdt_training.ablation.plan import load_plan
from nigdt_training.bench.steps import synthetic_batch
from nigdt_training.inpaint.step import Networks, train_step
from nigdt_training.settings import LossSettings, load_settings, settings_from
from torch import Tensor, nn

from nigdt.model import Gaussian
from nigdt.text import Vocabulary

PHOTO, ANSWER, RECONSTRUCTION = 0.25, 0.75, 0.0
POSTERIOR, PRIOR = (1.0, 2.0), (0.5, 0.5)
FORWARD = (4 + 1 - 1) / 2 - math.log(2)  # KL(q || N(0, 1)), eq. 17
REVERSED = (1 / 4 + 1 / 4 - 1) / 2 + math.log(2)  # KL(N(0, 1) || q), as the published code had it
PULL = (16 + 1 - 1) / 2 - math.log(4)  # KL(q || p), eq. 18


class Paths(nn.Module):
    """Both paths: what they make, and each number of it as a parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.answer, self.reconstruction, self.posterior, self.prior = (
            nn.Parameter(torch.tensor(value)) for value in (ANSWER, RECONSTRUCTION, POSTERIOR, PRIOR)
        )

    def forward(self, image: Tensor, *_: Any, reconstruct: bool, outline: Tensor) -> SimpleNamespace:
        assert reconstruct
        assert outline.shape == (len(image), 1, *image.shape[2:])
        pyramids = [
            [value.expand(len(image), 3, side, side) for side in (8, 16, 32, 64)]
            for value in (self.answer, self.reconstruction)
        ]
        shape = (len(image), 4, 2, 2)
        posterior, prior = (
            Gaussian(mu.expand(shape), sigma.expand(shape)) for mu, sigma in (self.posterior, self.prior)
        )
        generative = SimpleNamespace(pyramid=pyramids[0], image=pyramids[0][-1], prior=prior)
        return SimpleNamespace(generative=generative, reconstruction=pyramids[1], posterior=posterior)


class Scores(nn.Module):
    """D1 and D2, which say of a picture its value."""

    def forward(self, image: Tensor, answers: Tensor) -> tuple[SimpleNamespace, SimpleNamespace]:
        def verdict(pictures: Tensor) -> SimpleNamespace:
            value = pictures.mean((1, 2, 3))[:, None]
            return SimpleNamespace(feature=value, score1=value, score2=value)

        return verdict(image), verdict(answers)


def step(loss: LossSettings, tiny_settings: dict[str, Any]) -> tuple[dict[str, float], Paths]:
    settings = replace(settings_from(tiny_settings), loss=replace(loss, match=0.0))
    fabric = Fabric(accelerator="cpu", devices=1)
    networks = Networks(settings, Vocabulary(["bird"]), fabric)
    batch = synthetic_batch(settings, networks.plain.model.latent_shape(64, 64), fabric.device)
    batch.image = torch.full_like(batch.image, PHOTO)
    networks.paths, networks.discriminators = Paths(), Scores()
    logs = train_step(networks, batch, 0, settings, fabric, None, None)
    return {name: value.item() for name, value in logs.items()}, networks.paths


def test_the_papers_step_is_eq_12_of_both_answers_and_eq_17_to_19(tiny_settings: dict[str, Any]) -> None:
    logs, paths = step(load_settings("paper-cub").loss, tiny_settings)
    l1 = feature = 0.5 + 0.25  # |I - I_g| + |I - I_r|, a sum over the answers and a mean over the scales
    adversarial = 0.0625 + 1.0  # (0.75 - 1)^2 + (0 - 1)^2
    assert logs["total"] == pytest.approx(20 * (l1 + feature + adversarial) + 20 * (FORWARD + PULL), rel=1e-4)
    assert logs["total"] == pytest.approx(209.6612, rel=1e-4)
    assert logs["kl_posterior"] == pytest.approx(FORWARD, rel=1e-5)
    assert logs["kl_prior"] == pytest.approx(PULL, rel=1e-5)
    fakes = (0.75**2 + 0) / 2
    assert logs["discriminator"] == pytest.approx(2 * ((0.25 - 1) ** 2 + fakes) / 2, rel=1e-5)
    # By each answer: 20 (sign(L1) + sign(feature) + 2 (score - 1)).
    assert paths.answer.grad == pytest.approx(20 * (1 + 1 - 0.5), rel=1e-3)
    assert paths.reconstruction.grad == pytest.approx(20 * (-1 - 1 - 2), rel=1e-3)
    # By mu and sigma: eq. 17 alone moves q, mu and sigma - 1 / sigma; eq. 18 alone moves p.
    assert paths.posterior.grad.tolist() == pytest.approx([20 * 1, 20 * 1.5], rel=1e-4)
    assert paths.prior.grad.tolist() == pytest.approx(
        [20 * -0.5 / 0.25, 20 * (2 - (4 + 0.25) / 0.125)], rel=1e-4
    )


def test_the_published_codes_step(tiny_settings: dict[str, Any]) -> None:
    authors = next(entry for entry in load_plan("cub").entries if entry.name == "authors")
    logs, _ = step(authors.settings.loss, tiny_settings)
    l1, feature, adversarial = 4 * (0.5 + 0.25), 0.5**2 + 0.25**2, 0.0625 + 1.0
    total = 20 * l1 + feature + adversarial + 20 * 4 * (REVERSED + PULL)
    assert logs["total"] == pytest.approx(total, rel=1e-4)
    assert logs["total"] == pytest.approx(625.9232, rel=1e-4)
    assert logs["discriminator"] == pytest.approx(2 * ((0.25 - 1) ** 2 + 0) / 2, rel=1e-5), "I_r alone"
