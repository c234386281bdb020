"""Files of weights, read by one reader that knows which kind of number each has to be."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from nigdt.errors import BundleError
from nigdt.memory import means_too_little_memory, needs_more

__all__ = ["TooLittleMemoryError", "read_weights"]


def read_weights(
    path: Path, device: torch.device | str = "cpu", counts: Collection[str] = ()
) -> dict[str, torch.Tensor]:
    """Read weights in single precision.

    Args:
        path: A file of safetensors.
        device: Where to put them.
        counts: Names of the weights that are whole numbers, as batch normalisation counts its batches.

    Raises:
        MemoryError: There is too little of it.
        ValueError: It cannot be read, or a weight is of another kind of number or not finite.
    """
    try:
        weights = load_file(path)
    # Some kinds of numbers that the format knows are refused by torch, each with an error of its own.
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
        if means_too_little_memory(error):
            raise MemoryError from None
        raise ValueError(f"{path.name} cannot be read ({error})") from None
    for name, value in weights.items():
        kind = str(value.dtype).removeprefix("torch.")
        if name in counts:
            if value.dtype != torch.int64:
                raise ValueError(f"weight {name} holds no whole numbers ({kind})")
            continue
        if not value.is_floating_point():
            raise ValueError(f"weight {name} holds no floating-point numbers ({kind})")
        # NumPy, because waking torch's thread pool for each weight takes longer than the work.
        if not np.isfinite(value.float().numpy()).all():
            raise ValueError(f"weight {name} is not finite")
    return {
        name: value.to(device, None if name in counts else torch.float32) for name, value in weights.items()
    }


class TooLittleMemoryError(BundleError, MemoryError):
    """A bundle, which is whole, cannot be loaded: a MemoryError too, so that whoever can makes room."""

    def __init__(self, bundle: str, hint: str = "") -> None:
        super().__init__(f"There is not enough memory to load bundle {bundle}.", hint or needs_more()[1])
        self._bundle = bundle

    def __reduce__(self) -> tuple[type[BundleError], tuple[str, str]]:
        return type(self), (self._bundle, self.hint)
