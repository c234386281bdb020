"""What compares sets of pictures by their features: FID, KID, U-IDS and P-IDS."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

GROUPS = 20
"""Groups of photos that the jackknife leaves out, one at a time."""

Distance = Callable[[np.ndarray, np.ndarray], float]


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


def without_groups(distance: Distance, real: np.ndarray, made: np.ndarray) -> list[float]:
    """Return a distance without each of `GROUPS` groups of photos and their fills.

    Args:
        distance: `frechet_distance` or `kernel_distance`.
        real: (N, D) with N > 2, features of the photos, in random order.
        made: (N, D), features of their fills, in the same order.
    """
    number = min(GROUPS, len(real))
    group = np.arange(len(real)) % number
    return [distance(real[group != left_out], made[group != left_out]) for left_out in range(number)]


def jackknife_error(values: Sequence[float] | np.ndarray) -> float:
    """Return the standard error of a figure from its values without each of G groups (Tukey's jackknife).

    The square root of (G - 1) / G times the sum of squared differences from their mean; 0 of fewer than two.
    """
    if len(values) < 2:
        return 0.0
    return float(np.sqrt((len(values) - 1) * np.var(values)))


def indiscriminable(real: np.ndarray, made: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what U-IDS and P-IDS of two feature sets (Zhao et al. 2021) are the means of.

    A linear support vector machine is trained to tell real from made pictures.

    Args:
        real: (N, D), features of the photos.
        made: (N, D), features of their fills, in the same order.

    Returns:
        (N,), of each photo and its fill the fraction that the machine gets wrong; (N,), 1 where it takes the
        fill for the more real one of the two, else 0.
    """
    from sklearn.svm import LinearSVC  # here, for it takes a second that no other measure needs

    inputs = np.concatenate([real, made])
    labels = np.concatenate([np.ones(len(real)), np.zeros(len(made))])
    machine = LinearSVC(dual=False).fit(inputs, labels)
    wrong = machine.predict(inputs) != labels
    real_side, made_side = machine.decision_function(real), machine.decision_function(made)
    return wrong.reshape(2, -1).mean(0), (made_side > real_side).astype(float)
