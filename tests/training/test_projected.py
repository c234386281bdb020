"""Projected discriminators: what they score, and what each side's gradients are."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from lightning_fabric import Fabric
from nigdt_training.bench.steps import synthetic_batch
from nigdt_training.inpaint.projected import load_projected
from nigdt_training.inpaint.step import Networks, train_step
from nigdt_training.settings import settings_from

from nigdt.model.projected import (
    FeatureMixer,
    ProjectedDiscriminator,
    discriminator_hinge,
    in_hole,
    relative_feature_distance,
)
from nigdt.text import Vocabulary


def hole(height: int, width: int) -> torch.Tensor:
    M = torch.ones(1, 1, height, width)
    M[..., : width // 2] = 0
    return M


def test_only_the_hole_counts():
    values = torch.zeros(1, 1, 4, 4)
    values[..., :2], values[..., 2:] = 3.0, 100.0
    assert in_hole(values, hole(8, 8)).item() == pytest.approx(3.0, rel=1e-5)


def test_feature_distance_is_a_fraction_of_the_features_size():
    real, fake = torch.full((1, 2, 4, 4), 2.0), torch.full((1, 2, 4, 4), 1.5)
    assert relative_feature_distance([real], [fake], hole(8, 8)).item() == pytest.approx(0.25, rel=1e-5)


def test_hinge_by_hand():
    M = hole(8, 8)
    good, made, wrong = (torch.full((1, 1, 4, 4), value) for value in (0.25, -0.5, 0.0))
    both = discriminator_hinge([good], [made], [wrong], M, torch.ones(1))
    assert both.item() == pytest.approx(0.75 + 0.25 + 0.5, rel=1e-5)
    same_caption = discriminator_hinge([good], [made], [wrong], M, torch.zeros(1))
    assert same_caption.item() == pytest.approx(0.75 + 0.25, rel=1e-5)


def test_the_mixing_is_fixed_and_reaches_the_fine_map_from_the_coarse_one():
    maps = [torch.randn(1, 3, 8, 8), torch.randn(1, 5, 4, 4)]
    mixer, again = FeatureMixer((3, 5), 6), FeatureMixer((3, 5), 6)
    fine = mixer(maps)[0]
    assert torch.equal(fine, again(maps)[0])
    assert not torch.equal(fine, mixer([maps[0], maps[1] + 1])[0])
    assert not any(weight.requires_grad for weight in mixer.parameters())


def test_the_caption_moves_the_scores_and_no_caption_is_allowed():
    torch.manual_seed(0)
    for sentence in (4, 0):
        network = ProjectedDiscriminator(lambda x: [x, x[..., ::2, ::2]], (3, 3), sentence, width=8).eval()
        seen = network(torch.randn(2, 3, 16, 16)).seen
        one, other = (
            network.scores(seen, torch.randn(2, sentence)),
            network.scores(seen, torch.randn(2, sentence)),
        )
        assert [score.shape for score in one] == [(2, 1, 8, 8)] * 2
        assert torch.equal(one[0], other[0]) == (sentence == 0)


@pytest.fixture
def prepared(tiny_settings: dict[str, Any]) -> Any:
    loss = {"adversary": "projected", "feature": 1.0, "adversarial": 0.1, "match": 0.0}
    settings = settings_from({**tiny_settings, "loss": loss})
    fabric = Fabric(accelerator="cpu", devices=1)
    networks = Networks(settings, Vocabulary([f"w{i}" for i in range(2000)]), fabric)
    size = settings.picture_size
    return (
        settings,
        fabric,
        networks,
        synthetic_batch(settings, networks.plain.model.latent_shape(size, size), fabric.device),
    )


def test_each_side_learns_from_its_own_loss(prepared):
    settings, fabric, networks, batch = prepared
    logs = train_step(networks, batch, 0, settings, fabric, None, None)
    assert all(torch.isfinite(value) for value in logs.values())
    heads = [w for w in networks.projected.parameters() if w.requires_grad]
    assert all(w.grad is not None for w in heads)
    before = [float(logs["discriminator"])]
    for step in range(1, 10):
        networks.optimiser_d.step()
        networks.optimiser_d.zero_grad()
        networks.optimiser_g.zero_grad()
        before.append(float(train_step(networks, batch, step, settings, fabric, None, None)["discriminator"]))
    assert before[-1] < 0.9 * before[0], before


def test_the_frozen_network_stays_out_of_the_weights():
    network = load_projected(8)
    assert sum(w.numel() for w in network.parameters()) < 800_000
    features = network.features(torch.zeros(1, 3, 64, 64))
    assert [tuple(x.shape[1:]) for x in features] == [(24, 16, 16), (40, 8, 8), (112, 4, 4), (320, 2, 2)]
