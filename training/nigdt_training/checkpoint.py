"""Checkpoints without pickles: one safetensors file with tensors and, in its header, everything else."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from nigdt.errors import NigdtError
from nigdt.files import write_atomically

FORMAT = 1


@dataclass
class Checkpoint:
    """What a file holds.

    Attributes:
        tensors: Named tensors; the part before the first dot says whose they are.
        facts: JSON values: step, settings, vocabulary, best scores...
    """

    tensors: dict[str, Tensor]
    facts: dict[str, Any]

    def part(self, name: str) -> dict[str, Tensor]:
        """Return the tensors of one owner, without its prefix."""
        prefix = name + "."
        return {key[len(prefix) :]: value for key, value in self.tensors.items() if key.startswith(prefix)}


class SaveTimes:
    """When to save a recovery checkpoint: so seldom that saving takes about a hundredth of the time.

    `with` it, a checkpoint is saved.
    """

    def __init__(self) -> None:
        self._ended, self._seconds = time.monotonic(), 0.0

    def due(self) -> bool:
        """Return whether to save now."""
        return time.monotonic() - self._ended > 100 * self._seconds

    def __enter__(self) -> None:
        self._began = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._ended = time.monotonic()
        self._seconds = self._ended - self._began


def write_checkpoint(path: Path, parts: Mapping[str, Mapping[str, Tensor]], facts: Mapping[str, Any]) -> None:
    """Write atomically: a crash leaves the old file or the new one, never half of one.

    Raises:
        NigdtError: The disk is full or the folder cannot be written.
    """
    tensors = {
        f"{owner}.{key}": value.detach().contiguous().cpu().clone()
        for owner, state in parts.items()
        for key, value in state.items()
    }
    data = save(tensors, metadata={"format": str(FORMAT), "facts": json.dumps(facts)})
    try:
        write_atomically(path, data)
    except OSError as error:
        raise NigdtError(
            f"Cannot write the checkpoint {path}: {error.strerror}",
            hint="Make room or choose another --runs folder, then go on with --resume.",
        ) from error


def read_checkpoint(path: Path) -> Checkpoint:
    """Read what `write_checkpoint` wrote; nothing is unpickled.

    Raises:
        NigdtError: The file is missing, broken or of another format.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
        if metadata.get("format") != str(FORMAT):
            raise NigdtError(f"{path} is not a checkpoint of this version.")
        return Checkpoint(tensors, json.loads(metadata["facts"]))
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise NigdtError(f"Cannot read the checkpoint {path}: {error}") from error


def read_facts(path: Path) -> dict[str, Any]:
    """Return the JSON values of a checkpoint, without its tensors.

    Raises:
        NigdtError: As for `read_checkpoint`.
    """
    try:
        with safe_open(path, framework="pt") as file:
            facts: dict[str, Any] = json.loads((file.metadata() or {})["facts"])
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise NigdtError(f"Cannot read the checkpoint {path}: {error}") from error
    return facts


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return an optimiser's state as named tensors, "<parameter number>.<what>"."""
    state = optimiser.state_dict()["state"]
    return {
        f"{number}.{name}": torch.as_tensor(value)
        for number, values in state.items()
        for name, value in values.items()
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `optimiser_tensors` took; learning rates stay as the optimiser has them."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, name = key.split(".", 1)
        state.setdefault(int(number), {})[name] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def load_strictly(module: nn.Module, state: Mapping[str, Tensor], what: str) -> None:
    """Load weights and say in one line if they do not fit.

    Raises:
        NigdtError: Names or shapes differ.
    """
    try:
        module.load_state_dict(dict(state))
    except RuntimeError as error:
        raise NigdtError(f"{what} do not fit this model: {' '.join(str(error).split())[:200]}") from error
