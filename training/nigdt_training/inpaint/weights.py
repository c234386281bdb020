"""What stage 2 keeps of its networks in a checkpoint, and how networks take weights back."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nigdt.errors import NigdtError
from nigdt.model import NIGDT
from nigdt.text import Vocabulary
from nigdt_training.checkpoint import Checkpoint, load_strictly, optimiser_tensors, restore_optimiser
from nigdt_training.inpaint.step import Networks


def parts_of(networks: Networks) -> dict[str, dict[str, Tensor]]:
    """Return all that training goes on from, by part of a checkpoint."""
    return {
        "paths": networks.plain.state_dict(),
        "averaged": networks.averaged,
        "discriminators": networks.plain_d.state_dict(),
        "optimiser_g": optimiser_tensors(networks.optimiser_g),
        "optimiser_d": optimiser_tensors(networks.optimiser_d),
    }


def restore(networks: Networks, checkpoint: Checkpoint) -> None:
    """Put networks and optimisers where a checkpoint of the same run left them.

    Raises:
        NigdtError: The checkpoint is of another architecture.
    """
    load_strictly(networks.plain, checkpoint.part("paths"), "the checkpoint's weights")
    load_strictly(networks.plain_d, checkpoint.part("discriminators"), "the checkpoint's weights")
    restore_optimiser(networks.optimiser_g, checkpoint.part("optimiser_g"))
    restore_optimiser(networks.optimiser_d, checkpoint.part("optimiser_d"))
    _take_averages(networks, checkpoint.part("averaged"))


def begin_with(networks: Networks, checkpoint: Checkpoint, vocabulary: Vocabulary) -> None:
    """Take another run's averaged weights (and discriminators) as the beginning of this one.

    Raises:
        NigdtError: They belong to another architecture or vocabulary.
    """
    if checkpoint.facts["words"] != list(vocabulary.words):
        raise NigdtError("The weights to start from have another vocabulary.")
    paths = _with_additions(checkpoint.part("paths"), networks.plain)
    load_strictly(networks.plain, paths, "the weights to start from")
    averaged = _with_additions(checkpoint.part("averaged"), networks.plain.model)
    load_strictly(networks.plain.model, averaged, "the averaged weights to start from")
    load_strictly(networks.plain_d, checkpoint.part("discriminators"), "the discriminators")
    _take_averages(networks, averaged)


def begin_with_model(networks: Networks, model: NIGDT) -> None:
    """Begin with a finished model, as a bundle holds one; the posterior begins as a copy of the prior.

    Raises:
        NigdtError: It has another architecture or vocabulary.
    """
    state = _with_additions(model.state_dict(), networks.plain.model)
    load_strictly(networks.plain.model, state, "the model's weights")
    networks.plain.posterior_projection.load_state_dict(model.projection.state_dict())
    _take_averages(networks, state)


def _take_averages(networks: Networks, state: dict[str, Tensor]) -> None:
    for key, value in state.items():
        networks.averaged[key].copy_(value)


_GROWN = ("generator.skip.", "generator.outline.", "outlines.")
_WIDENED = ("image_encoder.layers.0.", "generator.outline.")


def _with_additions(state: dict[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """Return the weights with all that begins at 0 where they were trained without it.

    That is the network's skip, and its outline and marks together with the encoder's input channels for them.
    """
    own = network.state_dict()
    # Marks of fewer parts are learnt again.
    state = {
        key: value
        for key, value in state.items()
        if "outlines.marks" not in key or value.shape == own[key].shape
    }
    begun = {key: value for key, value in own.items() if any(part in key for part in _GROWN)}
    state = {**begun, **state}
    for key, value in state.items():
        missing = own[key].shape[1] - value.shape[1] if key in own and value.dim() == 4 else 0
        if missing > 0 and any(part in key for part in _WIDENED):
            state[key] = torch.cat([value, value.new_zeros(len(value), missing, *value.shape[2:])], 1)
    return state
