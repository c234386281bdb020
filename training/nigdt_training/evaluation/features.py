"""What compares sets of pictures: FID, KID, U-IDS and P-IDS on the features of a network.

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
            f"Inception's weights for FID cannot be had: {error}", "Use --features efficientnet-lite0."
        ) from None


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Return the Frechet distance of two feature sets (Heusel et al. 2017), each taken as a Gaussian.

    Biased upwards for few pictures: compare only figures of equal counts.

    Args:
        first: (N, D) with N > 1.
        second: (M, D) with M > 1.
    """
    means = first.mean(0) - second.mean(0)
    one, two = _root(first), _root(second)
    # tr((A'A B'B)^(1/2)) is the sum of the singular values of A B'; no root of a singular matrix is needed.
    cross = np.linalg.svd(one @ two.T, compute_uv=False).sum()
    return float(means @ means + np.square(one).sum() + np.square(two).sum() - 2 * cross)


def _root(features: np.ndarray) -> np.ndarray:
    """Return a matrix A, as small as possible, whose A'A is the sample covariance."""
    centred = (features - features.mean(0)) / np.sqrt(len(features) - 1)
    return np.asarray(np.linalg.qr(centred, mode="r")) if len(centred) > centred.shape[1] else centred


def kernel_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Return the kernel distance of two feature sets (Binkowski et al. 2018): MMD^2, (x.y / D + 1)^3.

    Args:
        first: (N, D) with N > 1.
        second: (M, D) with M > 1.
    """
    width = first.shape[1]

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a @ b.T / width + 1) ** 3

    def within(values: np.ndarray) -> float:
        square = kernel(values, values)
        return (square.sum() - np.trace(square)) / (len(values) * (len(values) - 1))

    return float(within(first) + within(second) - 2 * kernel(first, second).mean())


def indiscriminable(real: np.ndarray, made: np.ndarray) -> tuple[float, float]:
    """Return U-IDS and P-IDS of two feature sets (Zhao et al. 2021), in [0, 1].

    A linear support vector machine is trained to tell real from made pictures. U-IDS is the fraction that it
    gets wrong, P-IDS the fraction of pairs whose made picture it takes for the more real one.

    Args:
        real: (N, D), features of the photos.
        made: (N, D), features of their fills, in the same order.
    """
    from sklearn.svm import LinearSVC  # here, for it takes a second that no other measure needs

    inputs = np.concatenate([real, made])
    labels = np.concatenate([np.ones(len(real)), np.zeros(len(made))])
    machine = LinearSVC(dual=False).fit(inputs, labels)
    real_side, made_side = machine.decision_function(real), machine.decision_function(made)
    return float(1 - machine.score(inputs, labels)), float((made_side > real_side).mean())
