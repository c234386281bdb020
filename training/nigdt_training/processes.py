"""What processes that train together tell each other, once a step."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy
from torch import Tensor, nn


class ManualSyncDDP(DDPStrategy):
    """DDP whose gradients `average_gradients` averages after all micro-batches.

    Averaged in every backward pass, as usual, they would all have to take equally many micro-batches through
    the same parts of the networks: memory could not run out in one alone, and no path rest in some steps.
    """

    def setup_module(self, module: nn.Module) -> nn.Module:  # type: ignore[override]
        """Return the module as it is, with the first process's weights."""
        for tensor in module.state_dict().values():
            sent = tensor.contiguous()  # whatever its memory format
            torch.distributed.broadcast(sent, 0)
            tensor.copy_(sent)
        return module


def processes_here(fabric: Fabric) -> int:
    """Return how many of the processes run on this machine."""
    return int(getattr(fabric.strategy, "num_processes", 1))


def any_rank(fabric: Fabric, *flags: bool) -> list[bool]:
    """Return the logical OR of each flag over all processes."""
    if fabric.world_size == 1:
        return list(flags)
    raised = torch.tensor(flags, dtype=torch.float32, device=fabric.device)
    return [bool(value) for value in _sum(fabric, raised).tolist()]


@torch.no_grad()
def average_gradients(fabric: Fabric, network: nn.Module) -> None:
    """Replace each gradient by its mean over all processes; a missing one is 0, unless all are missing."""
    if fabric.world_size == 1:
        return
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    known = any_rank(fabric, *(parameter.grad is not None for parameter in parameters))
    moved = [parameter for parameter, one in zip(parameters, known, strict=True) if one]
    if not moved:
        return
    for parameter in moved:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    gradients = [parameter.grad for parameter in moved if parameter.grad is not None]
    mean = _sum(fabric, torch.cat([gradient.flatten() for gradient in gradients])) / fabric.world_size
    for gradient, part in zip(gradients, mean.split([one.numel() for one in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))


def average_losses(fabric: Fabric, losses: Mapping[str, Tensor]) -> dict[str, float]:
    """Average over all processes the losses that any of them had; where one lacks a loss it counts as 0."""
    if fabric.world_size == 1:
        return {name: float(value) for name, value in losses.items()}
    everybody: list[list[str]] = [[] for _ in range(fabric.world_size)]
    torch.distributed.all_gather_object(everybody, sorted(losses))
    names = sorted(set().union(*everybody))
    zero = torch.zeros((), device=fabric.device)
    values = torch.stack([losses.get(name, zero).float() for name in names])
    return dict(zip(names, (_sum(fabric, values) / fabric.world_size).tolist(), strict=True))


def _sum(fabric: Fabric, tensor: Tensor) -> Tensor:
    return torch.as_tensor(fabric.all_reduce(tensor, reduce_op="sum"))
