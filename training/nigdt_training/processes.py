"""What processes that train together tell each other, once a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy
from torch import Tensor, nn


class Together(DDPStrategy):
    """Processes whose gradients are averaged after all micro-batches, by `average_gradients`.

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


def agree(fabric: Fabric, *flags: bool) -> list[bool]:
    """Return each flag as true as it is in any process."""
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
    known = agree(fabric, *(parameter.grad is not None for parameter in parameters))
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


def average_losses(fabric: Fabric, losses: Mapping[str, Tensor], names: Sequence[str]) -> dict[str, float]:
    """Means over all processes of those of the named losses that any of them had; none counts as 0."""
    had = agree(fabric, *(name in losses for name in names))
    zero = torch.zeros((), device=fabric.device)
    values = torch.stack([losses.get(name, zero).float() for name in names])
    means = (_sum(fabric, values) / fabric.world_size).tolist()
    return {name: mean for name, mean, one in zip(names, means, had, strict=True) if one}


def _sum(fabric: Fabric, tensor: Tensor) -> Tensor:
    return torch.as_tensor(fabric.all_reduce(tensor, reduce_op="sum"))
