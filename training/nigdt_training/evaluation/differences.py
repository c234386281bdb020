"""What systems differ by on the same photos, with standard errors and tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student
from scipy.stats import wilcoxon

from nigdt_training.evaluation.metrics import ratio_error, standard_error
from nigdt_training.evaluation.run import SystemResult
from nigdt_training.evaluation.sets import jackknife_error

RATIOS = {
    "gradient_ratio": ("gradient", "gradient_original"),
    "background": ("swapped_beside", "true_beside"),
}
"""Metrics that are ratios of two means over the photos: numerator and denominator."""


@dataclass(frozen=True)
class Difference:
    """A system's figure minus another's.

    Attributes:
        mean: The difference.
        error: Its standard error.
        p: Two-sided p of no difference; NaN where one photo, or one seed, leaves nothing to test.
    """

    mean: float
    error: float
    p: float

    def written(self, form: str) -> str:
        """Return it as a table's cell; `form` is the figure's format."""
        if np.isnan(self.mean):
            return ""
        if np.isnan(self.p):
            return f"{self.mean:+{form}}"
        return f"{self.mean:+{form}} \u00b1 {self.error:{form}}, p {self.p:.2g}"


def error_of(result: SystemResult, metric: str) -> float:
    """Return a figure's standard error over the photos; 0 where it has none."""
    if metric in RATIOS:
        above, below = RATIOS[metric]
        return ratio_error(result.per_case.get(above, []), result.per_case.get(below, []))
    if metric in result.without:
        return jackknife_error(result.without[metric])
    return standard_error(result.per_case.get(metric, []))


def comparable(result: SystemResult, metric: str) -> bool:
    """Tell whether a metric's differences can be tested: the system has it photo by photo or by groups."""
    parts = RATIOS.get(metric, (metric,))
    return metric in result.without or all(part in result.per_case for part in parts)


def difference(result: SystemResult, first: SystemResult, metric: str) -> Difference:
    """Return what a system differs by from the first one on the same photos.

    p is of Wilcoxon's signed-rank test over the photos. For distances between sets and for ratios of means it
    is of Student's t, with the error by a jackknife over groups of photos and by the delta method.
    """
    if metric in result.without:
        parts = np.subtract(result.without[metric], first.without[metric])
        return _by_student(result.figures[metric] - first.figures[metric], jackknife_error(parts), len(parts))
    if metric in RATIOS:
        parts = np.subtract(_influence(result, metric), _influence(first, metric))
        parts = parts[np.isfinite(parts)]
        mean = result.figures[metric] - first.figures[metric]
        return _by_student(mean, standard_error(parts), len(parts))
    return of_photos(result.per_case[metric], first.per_case[metric])


def of_photos(values: Sequence[float] | np.ndarray, first: Sequence[float] | np.ndarray) -> Difference:
    """Compare figures of the same photos; those that are not finite in both do not count."""
    one, other = np.asarray(values, float), np.asarray(first, float)
    known = np.isfinite(one) & np.isfinite(other)
    apart = one[known] - other[known]
    if len(apart) < 2:
        return Difference(float(apart.mean()) if len(apart) else float("nan"), 0.0, float("nan"))
    p = float(wilcoxon(apart).pvalue) if apart.any() else 1.0
    return Difference(float(apart.mean()), standard_error(apart), p)


def of_seeds(values: Sequence[float], first: Sequence[float]) -> Difference:
    """Compare a figure of two systems over seeds by Student's t; each seed gave both the same photos."""
    one, other = np.asarray(values, float), np.asarray(first, float)
    known = np.isfinite(one) & np.isfinite(other)
    apart = one[known] - other[known]
    mean = float(apart.mean()) if len(apart) else float("nan")
    return _by_student(mean, standard_error(apart), len(apart))


def _influence(result: SystemResult, metric: str) -> np.ndarray:
    """Return what each photo adds to a ratio of means, to first order (delta method)."""
    above, below = (np.asarray(result.per_case[part], float) for part in RATIOS[metric])
    known = np.isfinite(above) & np.isfinite(below)
    if not known.any():
        return np.full(len(above), np.nan)
    ratio = above[known].mean() / below[known].mean()
    return np.asarray((above - ratio * below) / below[known].mean())


def _by_student(mean: float, error: float, count: int) -> Difference:
    if count < 2 or np.isnan(mean):
        return Difference(mean, 0.0, float("nan"))
    if error == 0:
        return Difference(mean, 0.0, 1.0 if mean == 0 else 0.0)
    return Difference(mean, error, float(2 * student.sf(abs(mean) / error, count - 1)))
