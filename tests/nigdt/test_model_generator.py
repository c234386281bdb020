"""Latent (eq. 9), residual representation (eq. 10), generator and discriminators."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from nigdt.config import ModelConfig
from nigdt.model import NIGDT, Discriminator
from nigdt.model.generator import Generator, ShortLongAttention
from nigdt.model.latent import Projection, ResidualRepresentation, guidance_channels
from tests.tiny import ODD_MODEL

torch.set_num_threads(1)
TINY = ModelConfig.from_dict(ODD_MODEL)


def test_h_has_768_channels_in_the_paper_and_less_in_its_ablations() -> None:
    paper = ModelConfig()
    assert guidance_channels(paper) == 768
    assert guidance_channels(paper.with_changes(without="dual-attention")) == 512
    assert guidance_channels(paper.with_changes(without="text")) == 256


def test_sigma_is_a_standard_deviation_with_a_floor() -> None:
    torch.manual_seed(0)
    projection = Projection(TINY).eval()
    h = torch.randn(2, guidance_channels(TINY), 2, 2)
    mu, sigma = projection(h)
    assert mu.shape == sigma.shape == (2, 3, 2, 2)
    assert mu.abs().max() < 0.2
    # Near softplus(0) at the start: a KL of order 1, not of millions.
    assert torch.allclose(sigma, torch.full_like(sigma, float(np.log(2)) + 0.1), atol=0.1)
    projection.last.bias.data[3:] = -100.0  # type: ignore[index, union-attr]
    assert torch.allclose(projection(h)[1], torch.tensor(0.1))
    assert not hasattr(projection.last, "parametrizations")


def test_r_is_the_sum_of_f_of_h_and_g_of_z() -> None:
    torch.manual_seed(0)
    residual = ResidualRepresentation(TINY).eval()
    h, z = torch.randn(2, guidance_channels(TINY), 2, 2), torch.randn(2, 3, 2, 2)
    assert torch.allclose(residual(h, z), residual.f(h) + residual.g(z))
    assert residual(h, z).shape == (2, 8, 2, 2)


@torch.no_grad()
def test_short_and_long_term_attention_against_loops() -> None:
    torch.manual_seed(0)
    layer = ShortLongAttention(4, 3, spectral_norm=False)
    layer.gamma.fill_(0.7)
    layer.alpha.fill_(0.4)
    x, v_l, m = torch.randn(1, 4, 2, 3), torch.randn(1, 3, 2, 3), torch.rand(1, 1, 2, 3)
    q = layer.query(x).flatten(2)[0].numpy()
    A = np.exp(q.T @ q)
    A /= A.sum(1, keepdims=True)
    assert np.allclose(layer.weights(x)[0].numpy(), A, atol=1e-5)
    X, V, visible = x.flatten(2)[0].numpy(), v_l.flatten(2)[0].numpy(), m.flatten().numpy()
    short = 0.7 * (X @ A.T) + X
    long = 0.4 * (1 - visible) * (V @ A.T) + visible * V
    mixed = torch.from_numpy(np.concatenate([short, long])).float().reshape(1, 7, 2, 3)
    assert torch.allclose(layer(x, v_l, m), layer.mix(mixed), atol=1e-5)


def test_attention_starts_as_the_identity_and_keeps_what_is_visible() -> None:
    layer = ShortLongAttention(4, 3, spectral_norm=False)
    assert (layer.gamma.item(), layer.alpha.item()) == (0, 0)
    x, v_l = torch.randn(1, 4, 2, 2), torch.randn(1, 3, 2, 2)
    hidden = layer(x, v_l, torch.zeros(1, 1, 2, 2))
    assert torch.allclose(hidden, layer.mix(torch.cat([x, torch.zeros_like(v_l)], 1)), atol=1e-6)
    visible = layer(x, v_l, torch.ones(1, 1, 2, 2))
    assert torch.allclose(visible, layer.mix(torch.cat([x, v_l], 1)), atol=1e-6)


def test_each_head_feeds_the_next_stage() -> None:
    torch.manual_seed(0)
    generator = Generator(TINY).eval()
    r, v_l, M = torch.randn(1, 8, 2, 2), torch.randn(1, 6, 8, 8), torch.ones(1, 1, 64, 64)
    pyramid, compared = generator(r, v_l, M, None)
    assert [tuple(p.shape) for p in pyramid] == [(1, 3, s, s) for s in (8, 16, 32, 64)]
    assert compared.shape == (1, 8, 8, 8)
    assert all(p.abs().max() <= 1 for p in pyramid)
    for changed in range(4):
        hook = generator.heads[changed].register_forward_hook(lambda _m, _i, output: output + 1.0)
        other, _ = generator(r, v_l, M, None)
        hook.remove()
        differs = [not torch.equal(a, b) for a, b in zip(pyramid, other, strict=True)]
        assert differs == [n >= changed for n in range(4)]


def test_without_instance_norm_the_generator_has_none() -> None:
    def norms(config: ModelConfig) -> int:
        return sum(isinstance(m, torch.nn.InstanceNorm2d) for m in NIGDT(config, 4).modules())

    assert norms(TINY) == 10
    assert norms(TINY.with_changes(generator_norm="none")) == 0


def test_with_a_prefill_the_heads_start_at_the_prefilled_picture() -> None:
    torch.manual_seed(0)
    config = TINY.with_changes(prefill="harmonic", generator_norm="none", spectral_norm=False)
    generator = Generator(config).eval()
    base = torch.rand(1, 3, 64, 64) * 1.8 - 0.9
    pyramid, _ = generator(torch.randn(1, 8, 2, 2), torch.randn(1, 6, 8, 8), torch.ones(1, 1, 64, 64), base)
    for picture in pyramid:
        start = F.adaptive_avg_pool2d(base, picture.shape[2:])
        assert (picture - start).abs().mean() < 0.1
    black = torch.full((1, 3, 64, 64), -1.0)
    extreme, _ = generator(torch.randn(1, 8, 2, 2), torch.randn(1, 6, 8, 8), torch.ones(1, 1, 64, 64), black)
    assert all(torch.isfinite(p).all() for p in extreme)


def test_discriminator_gives_a_feature_and_patch_scores() -> None:
    torch.manual_seed(0)
    D = Discriminator(TINY).eval()
    image = torch.rand(2, 3, 96, 64) * 2 - 1
    assert D.features(image).shape == (2, 6, 3, 2)
    assert D(image).shape == (2, 1, 3, 2)
    assert torch.allclose(D(image), D.score(F.leaky_relu(D.features(image), 0.1)))
    # Everything that weighs is spectrally normalised, whatever the config says of the generative path.
    D = Discriminator(TINY.with_changes(spectral_norm=False))
    layers = [m for m in D.modules() if isinstance(m, torch.nn.Conv2d)]
    assert len(layers) == 5 * 3 + 2 + 1
    assert all(hasattr(layer, "parametrizations") for layer in layers)


@pytest.mark.parametrize("after", range(6))
def test_self_attention_of_the_discriminator_is_at_one_eighth(after: int) -> None:
    D = Discriminator(TINY)
    assert (type(D.layers[after]).__name__ == "SelfAttention") == (after == 3)
