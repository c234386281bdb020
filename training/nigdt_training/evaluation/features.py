"""Features of a network on which `sets` compares pictures.

The figures of the literature are on Inception's features, with the weights that torch-fidelity brings. Where
they cannot be had, EfficientNet-lite0 stands in, and its figures are called otherwise, so that the two are
never mixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np

from nigdt.errors import NigdtError

Features = Literal["inception-v3", "efficientnet-lite0"]
FEATURES: tuple[Features, ...] = get_args(Features)
SUBSTITUTE = "_lite0"
"""Ends the names of figures on EfficientNet-lite0's features."""


class FeatureExtractor:
    """Global features of a network with its own weights.

    Attributes:
        suffix: Ends the names of figures on these features.
    """

    def __init__(self, name: Features, device: str | None = None, batch: int = 16) -> None:
        """Load the network.

        Args:
            name: "inception-v3" as torch-fidelity defines it, or "efficientnet-lite0" at 224 px.
            device: "cpu", "cuda", ...; None takes CUDA where there is one.
            batch: Pictures at once.

        Raises:
            NigdtError: A package is missing, or the weights cannot be had.
        """
        from nigdt.runtime.devices import usable_device
        from nigdt_training.match.backbone import load_backbone

        self._device = usable_device(device)
        self._batch = batch
        self._inception = name == "inception-v3"
        self.suffix = "" if self._inception else SUBSTITUTE
        self._network: Any = _inception() if self._inception else load_backbone(name, 224)
        self._network.to(self._device)

    def __call__(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Turn pictures (S, S, 3) uint8 RGB into features (N, 2048 or 1280) float64."""
        import torch

        parts = []
        with torch.inference_mode():
            for start in range(0, len(pictures), self._batch):
                stack = np.stack(pictures[start : start + self._batch])
                image = torch.from_numpy(stack).permute(0, 3, 1, 2).to(self._device)
                # torch-fidelity's network takes bytes and resizes them itself.
                found = self._network(image if self._inception else image.float() / 127.5 - 1)
                parts.append(found[0 if self._inception else 1].double().cpu().numpy())
        return np.concatenate(parts)


def _inception() -> Any:
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except ImportError:
        raise NigdtError("The package torch-fidelity is missing.", "pip install 'nigdt[metrics]'") from None
    try:
        return FeatureExtractorInceptionV3("inception-v3-compat", ["2048"]).eval()
    except (OSError, RuntimeError, ValueError) as error:
        raise NigdtError(
            f"Inception's weights for FID cannot be had: {error}", "Use fid=efficientnet-lite0."
        ) from None
