"""Distances between sets of pictures on EfficientNet-lite0 features, not Inception's as usual."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class FeatureExtractor:
    """Global features of EfficientNet-lite0 with its ImageNet weights, at 224 px."""

    def __init__(self, device: str | None = None, batch: int = 16) -> None:
        """Load the network.

        Args:
            device: "cpu", "cuda", ...; None takes CUDA where there is one.
            batch: Pictures at once.

        Raises:
            NigdtError: The weights' package is missing.
        """
        from nigdt.runtime.devices import usable_device
        from nigdt_training.match.backbone import load_backbone

        self._device = usable_device(device)
        self._network = load_backbone("efficientnet-lite0", 224).to(self._device)
        self._batch = batch

    def __call__(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Pictures (S, S, 3) uint8 RGB to features (N, 1280) float64."""
        import torch

        parts = []
        with torch.inference_mode():
            for start in range(0, len(pictures), self._batch):
                stack = np.stack(pictures[start : start + self._batch])
                image = torch.from_numpy(stack).permute(0, 3, 1, 2).to(self._device).float() / 127.5 - 1
                parts.append(self._network(image)[1].double().cpu().numpy())
        return np.concatenate(parts)


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Frechet distance of two feature sets (Heusel et al. 2017), each taken as a Gaussian.

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
    """Kernel distance of two feature sets (Binkowski et al. 2018): unbiased squared MMD, (x.y / D + 1)^3.

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
