"""Harmonic interpolation of the hole from its border: a smooth first guess in plain tensor operations."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

_SWEEPS = 4


def harmonic_prefill(I_m: Tensor, M: Tensor) -> Tensor:
    """Fill the hole by an approximate solution of Laplace's equation, coarse to fine.

    The visible pixels are averaged down a pyramid until no cell is empty, then each level starts from
    the coarser one and is relaxed by a few Jacobi sweeps, visible pixels held fixed: two-grid's idea
    with a fixed, small cost.

    Args:
        I_m: (B, 3, H, W) in [-1, 1], 0 in the hole.
        M: (B, 1, H, W), 1 = visible.

    Returns:
        (B, 3, H, W) in [-1, 1]; equal to I_m where M = 1. A photo without a visible pixel gives 0.
    """
    levels = [(I_m, M)]
    while min(levels[-1][1].shape[2:]) >= 2:
        colour, weight = levels[-1]
        pooled = F.avg_pool2d(weight, 2, ceil_mode=True)
        mean = F.avg_pool2d(colour * weight, 2, ceil_mode=True) / pooled.clamp(min=1e-6)
        levels.append((mean * (pooled > 0), (pooled > 0).to(M.dtype)))
    colour, weight = levels[-1]
    mean = (colour * weight).mean((2, 3), keepdim=True) / weight.mean((2, 3), keepdim=True).clamp(min=1e-6)
    guess = torch.where(weight > 0, colour, mean.expand_as(colour))
    for colour, weight in reversed(levels[:-1]):
        guess = F.interpolate(guess, size=colour.shape[2:], mode="bilinear", align_corners=False)
        guess = weight * colour + (1 - weight) * guess
        for _ in range(_SWEEPS):
            blurred = F.avg_pool2d(F.pad(guess, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
            guess = weight * colour + (1 - weight) * blurred
    return guess
