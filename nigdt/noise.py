"""The noise of a variant (eq. 13), drawn on the CPU: equal on every device."""

from __future__ import annotations

import torch
from torch import Tensor

from nigdt.recipe import Variant

__all__ = ["noise_of"]


def noise_of(variant: Variant, shape: tuple[int, int, int]) -> Tensor:
    """Return standard normal noise (1, C, h, w), 0 for the mean."""
    if variant.seed is None:
        return torch.zeros(1, *shape)
    noise = _draw(variant.seed, shape)
    if variant.spread == 1.0:
        return noise
    near = torch.zeros_like(noise) if variant.base is None else _draw(variant.base, shape)
    return (1 - variant.spread**2) ** 0.5 * near + variant.spread * noise


def _draw(seed: int, shape: tuple[int, int, int]) -> Tensor:
    return torch.randn(1, *shape, generator=torch.Generator().manual_seed(seed))
