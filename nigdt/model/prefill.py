"""Harmonic interpolation of the hole from its border: a smooth first guess in plain tensor operations."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

_SWEEPS = 2  # Jacobi sweeps before and after each coarser level
_CYCLES = 2  # V-cycles on the finest level
_COARSEST_SWEEPS = 16
_DAMPING = 0.8  # of Jacobi, for smoothing


def harmonic_prefill(I_m: Tensor, M: Tensor) -> Tensor:
    """Fill the hole with the solution of Laplace's equation, by full multigrid.

    The visible pixels are averaged down a pyramid until no cell is empty, each level starts from the coarser
    one, and V-cycles on the finest remove what is left of the residual. Within about a grey level of the
    exact solution, on average, for holes up to half the side, at a fixed cost.

    Args:
        I_m: (B, 3, H, W) in [-1, 1], 0 in the hole.
        M: (B, 1, H, W), 1 = visible.

    Returns:
        (B, 3, H, W) in [-1, 1]; equal to I_m where M = 1. A photo without a visible pixel gives 0.
    """
    levels = [(I_m, M)]
    while min(levels[-1][1].shape[2:]) >= 2:
        colour, weight = levels[-1]
        pooled = _halved(weight)
        mean = _halved(colour * weight) / pooled.clamp(min=1e-6)
        levels.append((mean * (pooled > 0), (pooled > 0).to(M.dtype)))
    colour, weight = levels[-1]
    mean = (colour * weight).mean((2, 3), keepdim=True) / weight.mean((2, 3), keepdim=True).clamp(min=1e-6)
    guess = torch.where(weight > 0, colour, mean.expand_as(colour))
    for colour, weight in reversed(levels[:-1]):
        guess = F.interpolate(guess, size=colour.shape[2:], mode="bilinear", align_corners=False)
        guess = weight * colour + (1 - weight) * guess
        guess = _smooth(guess, None, 1 - weight, _SWEEPS)

    holes = [1 - M]
    while min(holes[-1].shape[2:]) > 4 and holes[-1].shape[2] % 2 == holes[-1].shape[3] % 2 == 0:
        holes.append((F.avg_pool2d(holes[-1], 2) > 0.5).to(M.dtype))
    for _ in range(_CYCLES):
        guess = _v_cycle(guess, None, holes)
    return M * I_m + (1 - M) * guess.clamp(-1, 1)


def _halved(x: Tensor) -> Tensor:
    """Average 2x2 cells, of fewer at an odd side's end; MPS took pooling's own of those wrongly."""
    height, width = x.shape[2:]
    if height % 2 or width % 2:
        x = F.pad(x, (0, width % 2, 0, height % 2), mode="replicate")
    return F.avg_pool2d(x, 2)


def _residual(u: Tensor, source: Tensor | None) -> Tensor:
    """Return the four neighbours' mean - u + source; a neighbour beyond the picture is the cell itself."""
    padded = F.pad(u, (1, 1, 1, 1), mode="replicate")
    across = padded[..., 1:-1, :-2] + padded[..., 1:-1, 2:]
    mean = (across + padded[..., :-2, 1:-1] + padded[..., 2:, 1:-1]) / 4
    return mean - u if source is None else mean - u + source


def _smooth(u: Tensor, source: Tensor | None, hole: Tensor, sweeps: int) -> Tensor:
    step = _DAMPING * hole
    for _ in range(sweeps):
        u = u + step * _residual(u, source)
    return u


def _v_cycle(u: Tensor, source: Tensor | None, holes: Sequence[Tensor]) -> Tensor:
    """Run one multigrid V-cycle for `residual = 0` in `holes[0]`; further holes are the coarser levels'."""
    hole = holes[0]
    if len(holes) == 1:
        return _smooth(u, source, hole, _COARSEST_SWEEPS)
    u = _smooth(u, source, hole, _SWEEPS)
    residual = hole * _residual(u, source)
    # Twice the spacing is four times the stencil's scale.
    coarse = 4 * F.avg_pool2d(residual, 2)
    correction = _v_cycle(torch.zeros_like(coarse), coarse, holes[1:])
    correction = hole * F.interpolate(correction, scale_factor=2, mode="bilinear", align_corners=False)
    # A coarse hole's border lies further out than the fine one's, so corrections come out too large; the step
    # that lowers the energy most keeps the cycles converging whatever the hole's shape.
    gain = (residual * correction).sum((2, 3), keepdim=True)
    energy = -(correction * _residual(correction, None)).sum((2, 3), keepdim=True)
    u = u + gain / energy.clamp(min=1e-12) * correction
    return _smooth(u, source, hole, _SWEEPS)
