"""The recolouring network beside a bundle's model: two files, written and read here alone.

`recolour.safetensors` holds the weights in half precision, `recolour.json` the architecture, the words it
knows and a summary of its training. A bundle may do without both.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from nigdt.bundle.bundle import RECOLOUR_CONFIG, RECOLOUR_WEIGHTS
from nigdt.bundle.tensors import TooLittleMemoryError, read_weights
from nigdt.errors import BundleError, NigdtError
from nigdt.memory import means_too_little_memory
from nigdt.model.recolour import RecolourConfig, RecolourNet
from nigdt.text import Vocabulary

__all__ = ["load_recolour", "save_recolour"]

FORMAT, VERSION = "nigdt-recolour", 1
_MOST = {"size": 4096, "max_words": 1000}


def save_recolour(
    folder: str | os.PathLike[str], net: RecolourNet, vocabulary: Vocabulary, training: Mapping[str, Any]
) -> None:
    """Write a network's two files; the caller renews the bundle's checksums.

    Args:
        folder: Where; it must exist.
        net: The network with the weights to ship.
        vocabulary: The words it was trained with.
        training: Plain values that say how.

    Raises:
        BundleError: A weight is not finite or too large for half precision, or the disk refuses.
    """
    folder = Path(folder)
    weights = {name: value.detach().cpu().numpy() for name, value in net.state_dict().items()}
    real = {name: value for name, value in weights.items() if np.issubdtype(value.dtype, np.floating)}
    for name, value in real.items():
        if not np.isfinite(value).all() or np.abs(value).max(initial=0) > np.finfo(np.float16).max:
            raise BundleError(f"Weight {name} does not fit half precision.", "Export an earlier checkpoint.")
    about = {
        "format": FORMAT,
        "version": VERSION,
        "architecture": net.config.to_dict(),
        "parameters": sum(value.size for value in real.values()),
        "training": dict(training),
        "words": list(vocabulary.words),
    }
    try:
        halves = {name: np.ascontiguousarray(value, np.float16) for name, value in real.items()}
        (folder / RECOLOUR_WEIGHTS).write_bytes(save(weights | halves))
        text = json.dumps(about, ensure_ascii=False, indent=0)
        (folder / RECOLOUR_CONFIG).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise BundleError(f"Cannot write to {folder}: {error.strerror or error}.") from None


def load_recolour(
    folder: str | os.PathLike[str], device: torch.device | str = "cpu"
) -> tuple[RecolourNet, Vocabulary]:
    """Read what `save_recolour` wrote, in single precision and evaluation mode; checksums are the caller's.

    Args:
        folder: A bundle's folder.
        device: Where to put the weights.

    Raises:
        BundleError: There is no recolouring network, or its files are damaged or do not fit together.
    """
    folder = Path(folder)
    if not (folder / RECOLOUR_CONFIG).is_file() or not (folder / RECOLOUR_WEIGHTS).is_file():
        raise BundleError(
            f"Bundle {folder.name} cannot recolour: it has no {RECOLOUR_WEIGHTS}.", "Use another bundle."
        )
    try:
        about = json.loads((folder / RECOLOUR_CONFIG).read_text(encoding="utf-8"))
        if about["format"] != FORMAT or about["version"] != VERSION:
            raise ValueError(f"it is {about['format']} {about['version']}, not {FORMAT} {VERSION}")
        config = RecolourConfig.from_dict(about["architecture"])
        vocabulary = Vocabulary(about["words"])
        _check_fit(config, vocabulary, folder / RECOLOUR_WEIGHTS)
        net = RecolourNet(config, len(vocabulary))
        counts = {name for name, value in net.state_dict().items() if not value.is_floating_point()}
        weights = read_weights(folder / RECOLOUR_WEIGHTS, counts=counts)
        net.load_state_dict(weights)
    except (
        *(OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError),
        *(RuntimeError, SafetensorError, NigdtError, MemoryError),
    ) as error:
        if means_too_little_memory(error):
            raise TooLittleMemoryError(folder.name) from None
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise BundleError(
            f"Bundle {folder.name}: the recolouring network cannot be read ({reason}).",
            "Get the bundle again.",
        ) from None
    return net.to(device).requires_grad_(False).eval(), vocabulary


def _check_fit(config: RecolourConfig, vocabulary: Vocabulary, weights: Path) -> None:
    """Compare a file's shapes with the architecture before either costs memory.

    Raises:
        ValueError: They differ, or the architecture's numbers are absurd.
    """
    for name, most in _MOST.items():
        value = getattr(config, name)
        if type(value) is not int or not 1 <= value <= most:
            raise ValueError(f"its {name} is not a number from 1 to {most}")
    with torch.device("meta"):
        net = RecolourNet(config, len(vocabulary))
    expected = {name: tuple(value.shape) for name, value in net.state_dict().items()}
    with safe_open(weights, "pt") as file:
        given = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    if expected != given:
        raise ValueError("its weights do not fit the architecture")
