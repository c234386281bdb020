"""Fused models: the same pictures with less arithmetic."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nigdt.config import ModelConfig
from nigdt.model import NIGDT
from nigdt.runtime.fused import ChannelsLastInstanceNorm, FusedUpsampleConv, fuse
from nigdt.runtime.runner import prepare

torch.set_num_threads(1)


@pytest.mark.parametrize(("height", "width"), [(4, 4), (1, 3), (5, 2)])
@pytest.mark.parametrize("bias", [True, False])
@torch.no_grad()
def test_doubling_and_convolving_in_one_step_gives_the_same_map(height: int, width: int, bias: bool) -> None:
    layer = nn.Conv2d(3, 5, 3, padding=1, bias=bias)
    x = torch.randn(2, 3, height, width)
    expected = layer(F.interpolate(x, scale_factor=2.0, mode="nearest"))
    assert torch.allclose(FusedUpsampleConv(layer)(x), expected, atol=1e-6)


@pytest.mark.parametrize("pictures", [1, 3])
def test_channels_last_norm_is_instance_norm_and_keeps_the_layout(pictures: int) -> None:
    x = (torch.randn(pictures, 6, 8, 8) * 7 + 30).to(memory_format=torch.channels_last)
    made = ChannelsLastInstanceNorm()(x)
    assert torch.allclose(made, nn.InstanceNorm2d(6)(x), atol=1e-5)
    if pictures == 1:
        assert made.is_contiguous(memory_format=torch.channels_last)


def networks(norm: str) -> tuple[NIGDT, NIGDT]:
    """A model with weights in every layer, and the same model fused."""
    config = ModelConfig(
        size=64,
        encoder_channels=(8,) * 7,
        generator_channels=(8,) * 5,
        text_channels=8,
        embedding=8,
        latent_channels=8,
        projection_channels=8,
        representation_channels=8,
        generator_norm=norm,  # type: ignore[arg-type]
    )
    pair = []
    for _ in range(2):
        torch.manual_seed(1)
        model = NIGDT(config, 12).eval().requires_grad_(False)
        for weight in model.parameters():
            weight.add_(0.1 * torch.randn(weight.shape))
        pair.append(model)
    fuse(pair[1])
    return pair[0], pair[1]


def arguments() -> tuple[torch.Tensor, ...]:
    torch.manual_seed(2)
    M = torch.ones(1, 1, 64, 64)
    M[..., 16:40, 20:50] = 0
    return torch.rand(1, 3, 64, 64) * 2 - 1, M, torch.tensor([[3, 7, 1]]), torch.tensor([3])


@pytest.mark.parametrize("norm", ["none", "instance"])
@torch.no_grad()
def test_a_fused_model_draws_the_same_pictures(norm: str) -> None:
    plain, fused = networks(norm)
    for expected, made in zip(plain(*arguments()).pyramid, fused(*arguments()).pyramid, strict=True):
        assert expected.std() > 1e-3
        assert torch.allclose(made, expected, atol=1e-4)


@torch.no_grad()
def test_a_fused_generator_computes_less() -> None:
    counts = []
    for model in networks("none"):
        with FlopCounterMode(display=False) as counter:
            model(*arguments())
        counts.append(counter.get_total_flops())
    assert counts[1] < 0.9 * counts[0]


def test_only_the_cpu_runs_fused_models() -> None:
    """Elsewhere nobody has measured that it is faster."""
    for device, fused in (("cpu", True), ("mps", False)):
        model = prepare(networks("none")[0], device, "float32")
        assert isinstance(model.generator.blocks[0].conv1, FusedUpsampleConv) is fused
