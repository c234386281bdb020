"""Standard errors and paired tests of the tables, on made figures and features."""

from __future__ import annotations

import math

import numpy as np
import pytest
from nigdt_training.evaluation.differences import difference, error_of, of_photos, of_seeds
from nigdt_training.evaluation.report import paired_table, ratio_table, seeds_table, table
from nigdt_training.evaluation.run import SystemResult
from nigdt_training.evaluation.sets import (
    GROUPS,
    frechet_distance,
    indiscriminable,
    jackknife_error,
    kernel_distance,
    without_groups,
)
from scipy.stats import ttest_rel, wilcoxon


def result(
    name: str,
    per_case: dict[str, list[float]],
    without: dict[str, list[float]] | None = None,
    **figures: float,
) -> SystemResult:
    means = {metric: float(np.nanmean(values)) for metric, values in per_case.items()}
    cases = max((len(values) for values in per_case.values()), default=0)
    return SystemResult(name, cases, means | figures, per_case, without or {}, None, [], [])


def test_jackknife_of_a_mean_is_its_standard_error() -> None:
    values = np.random.default_rng(0).normal(size=30)
    without = [np.delete(values, left_out).mean() for left_out in range(30)]
    assert jackknife_error(without) == pytest.approx(values.std(ddof=1) / math.sqrt(30))
    assert jackknife_error([1.0]) == 0


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
def test_the_error_of_a_distance_is_its_spread_over_other_photos(distance) -> None:
    """A hundred sets of photos drawn anew: what they spread by is what one of them says of itself."""
    found, said = [], []
    for seed in range(100):
        random = np.random.default_rng(seed)
        real = random.normal(size=(80, 6))
        made = 0.7 * real + 0.5 * random.normal(size=real.shape) + 0.3
        found.append(distance(real, made))
        said.append(jackknife_error(without_groups(distance, real, made)))
    assert len(without_groups(distance, real, made)) == GROUPS
    assert np.mean(said) == pytest.approx(np.std(found, ddof=1), rel=0.35)


def test_fills_of_one_photo_are_left_out_together() -> None:
    """The same photos and fills: no group changes the distance; shuffled fills would."""
    real = np.random.default_rng(0).normal(size=(40, 3))
    assert without_groups(frechet_distance, real, real) == pytest.approx([0] * GROUPS, abs=1e-9)


def test_indiscriminability_has_the_error_of_a_mean_over_photos() -> None:
    found, said = [], []
    for seed in range(60):
        random = np.random.default_rng(seed)
        real, made = random.normal(size=(100, 2)), random.normal(0.8, 1, size=(100, 2))
        unpaired, _ = indiscriminable(real, made)
        found.append(unpaired.mean())
        said.append(error_of(result("a", {"u_ids": unpaired.tolist()}), "u_ids"))
    assert np.mean(said) == pytest.approx(np.std(found, ddof=1), rel=0.35)


def test_figures_of_photos_by_wilcoxon() -> None:
    random = np.random.default_rng(1)
    first, second = random.normal(size=(2, 25))
    found = of_photos([*second, math.inf, 1.0], [*first, math.inf, math.nan])
    assert found.mean == pytest.approx((second - first).mean())
    assert found.error == pytest.approx((second - first).std(ddof=1) / 5)
    assert found.p == pytest.approx(wilcoxon(second - first).pvalue)
    assert of_photos(first, first).p == 1
    assert math.isnan(of_photos([1.0], [2.0]).p), "one photo tests nothing"
    assert of_photos([1.0], [2.0]).written(".2f") == "-1.00"
    assert of_photos([math.nan], [2.0]).written(".2f") == ""


def test_ratios_differ_by_the_delta_method() -> None:
    """Equal denominators: the difference of the ratios is the mean difference over their mean."""
    random = np.random.default_rng(2)
    below = random.uniform(5, 10, 400).tolist()
    one, other = (random.uniform(1, 4, 400).tolist() for _ in range(2))
    results = [
        result(name, {"gradient": above, "gradient_original": below}, gradient_ratio=sum(above) / sum(below))
        for name, above in (("one", one), ("other", other))
    ]
    found = difference(results[1], results[0], "gradient_ratio")
    assert found.mean == pytest.approx((np.mean(other) - np.mean(one)) / np.mean(below))
    drawn = random.integers(400, size=(2000, 400))
    spread = [np.subtract(np.take(other, i), np.take(one, i)).sum() / np.take(below, i).sum() for i in drawn]
    assert found.error == pytest.approx(np.std(spread), rel=0.1)
    same = difference(results[0], results[0], "gradient_ratio")
    assert (same.mean, same.error, same.p) == (0, 0, 1)


def test_distances_differ_by_less_than_their_own_errors_say() -> None:
    """Both systems met the same photos, so what the photos bring to both falls out of the difference."""
    random = np.random.default_rng(3)
    real = random.normal(size=(200, 4)) * random.gamma(1, 1, size=(200, 1))
    fills = 0.5 * real + 0.1 * random.normal(size=real.shape)
    results = []
    for name, made in (("one", fills), ("other", fills + 0.02 * random.normal(size=real.shape))):
        without = {"fid": without_groups(frechet_distance, real, made)}
        results.append(result(name, {}, without, fid=frechet_distance(real, made)))
    found = difference(results[1], results[0], "fid")
    assert found.mean == results[1].figures["fid"] - results[0].figures["fid"]
    assert 0 < found.error < 0.2 * error_of(results[0], "fid")


def test_seeds_are_compared_by_students_t() -> None:
    one, other = [1.0, 2.0, 4.0], [2.0, 2.5, 5.5]
    found = of_seeds(other, one)
    assert found.mean == pytest.approx(1.0)
    assert found.p == pytest.approx(ttest_rel(other, one).pvalue)
    assert math.isnan(of_seeds([1.0], [2.0]).p)
    assert math.isnan(of_seeds([math.nan] * 2, [1.0] * 2).mean)


def test_every_table_gives_errors_and_differences() -> None:
    random = np.random.default_rng(4)

    def made(name: str) -> SystemResult:
        per_case = {
            metric: random.uniform(1, 2, 12).tolist()
            for metric in ("l1", "psnr", "tv", "ssim", "gradient", "gradient_original", "p_ids", "diversity")
        }
        per_case["ratio"] = np.linspace(0.02, 0.25, 12).tolist()
        return result(name, per_case, {"fid": random.uniform(8, 9, 12).tolist()}, fid=8.5, gradient_ratio=1.0)

    runs = [[made("one"), made("other")] for _ in range(3)]
    whole, paired, ratio = table(runs[0]), paired_table(runs[0]), ratio_table(runs[0])
    for titled in (whole, paired):
        header, _, first, *_ = titled.splitlines()
        cells = dict(zip(header.split("|"), first.split("|"), strict=True))
        named = {title.strip(): cell for title, cell in cells.items() if title.strip()}
        assert {"l1", "PSNR", "TV", "SSIM", "gradient", "diversity", "FID", "P-IDS"} <= set(named)
        assert all("\u00b1" in cell for title, cell in list(named.items())[1:]), titled
    assert paired.count(", p ") == 8
    assert ratio.count("other minus one") == 3
    assert ", p " in ratio
    last = next(line for line in seeds_table(runs).splitlines() if line.startswith("| other minus one"))
    assert last.count(", p ") == 8
