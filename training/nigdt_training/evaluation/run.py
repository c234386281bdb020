"""Running systems over cases and collecting their figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from nigdt_training.data.records import Record
from nigdt_training.evaluation import metrics
from nigdt_training.evaluation.cases import Case
from nigdt_training.evaluation.colour_swap import NOT_ASKED, ColourSwap, ColourSwapMeter, askable
from nigdt_training.evaluation.features import FeatureExtractor
from nigdt_training.evaluation.perceptual import ClipScore, Perceptual
from nigdt_training.evaluation.retrieval import MatchScorer, draw_negatives, retrieve
from nigdt_training.evaluation.sets import (
    frechet_distance,
    indiscriminable,
    kernel_distance,
    without_groups,
)
from nigdt_training.evaluation.systems import Request, System

CHUNK = 8


@dataclass(frozen=True)
class Options:
    """What to measure beyond Table 1.

    Attributes:
        samples: Answers per case; above 1 gives best-of-N and diversity, apart from Table 1's one answer.
        colour_swap: Ask guided systems for swapped colour words too (seven more fills per case).
        scorer: Match networks for R-precision, not used in training what they measure.
        caption_pool: Photos from whose captions R-precision draws negatives.
        features: Extractor for what compares sets: FID, KID, U-IDS and P-IDS.
        perceptual: Measures LPIPS.
        clip: Measures the CLIP score.
        seed: Draws the negatives.
        sheet: How many cases keep their pictures for the sheet.
    """

    samples: int = 1
    colour_swap: bool = False
    scorer: MatchScorer | None = None
    caption_pool: Sequence[Record] = ()
    features: FeatureExtractor | None = None
    perceptual: Perceptual | None = None
    clip: ClipScore | None = None
    seed: int = 0
    sheet: int = 8


@dataclass
class SystemResult:
    """Figures of one system.

    Attributes:
        name: The system's name.
        cases: How many cases it filled.
        figures: Metric -> mean over the cases; absent when not measured.
        per_case: Metric -> one value per case, NaN where it could not be measured.
        without: Metric of sets -> its values without each group of photos, for the jackknife.
        colour_swap: Answers to swapped colour words.
        pictures: Composites of the first cases, for the sheet.
        swaps: Answers of the first askable cases to the seven colours, (case number, colour -> picture).
    """

    name: str
    cases: int
    figures: dict[str, float]
    per_case: dict[str, list[float]]
    without: dict[str, list[float]]
    colour_swap: ColourSwap | None
    pictures: list[np.ndarray] = field(repr=False)
    swaps: list[tuple[int, dict[str, np.ndarray]]] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return plain values without pictures; figures that are not finite become None."""
        return {
            "name": self.name,
            "cases": self.cases,
            "figures": _finite(self.figures),
            "colour_swap": None if self.colour_swap is None else _finite(asdict(self.colour_swap)),
            "per_case": _finite(self.per_case),
            "without": _finite(self.without),
        }


def evaluate(
    system: System,
    cases: Sequence[Case],
    options: Options,
    progress: Callable[[int, int], None] | None = None,
) -> SystemResult:
    """Fill all cases with one system and measure the answers.

    Args:
        system: The system.
        cases: The cases.
        options: What to measure.
        progress: Called with (cases done, cases in all).
    """
    per_case: dict[str, list[float]] = {}
    meter = ColourSwapMeter()
    pictures: list[np.ndarray] = []
    swaps: list[tuple[int, dict[str, np.ndarray]]] = []
    outputs: list[np.ndarray] = []
    for start in range(0, len(cases), CHUNK):
        chunk = cases[start : start + CHUNK]
        answers = system.fill([Request(case, case.caption) for case in chunk], options.samples)
        for number, (case, samples) in enumerate(zip(chunk, answers, strict=True), start):
            found_here = measure(case, samples)
            if options.perceptual is not None:
                found_here["lpips"] = options.perceptual(case.photo, samples[0])
            if options.clip is not None:
                found_here["clip"] = options.clip(samples[0], case.caption)
            for metric, value in found_here.items():
                per_case.setdefault(metric, []).append(value)
            if options.scorer is not None:
                # Every system meets the same negatives, whatever was measured before.
                rng = np.random.default_rng([options.seed, number])
                negatives = draw_negatives(case, options.caption_pool, rng)
                found = retrieve(options.scorer, samples[0], case.caption, negatives)
                per_case.setdefault("r_precision", []).append(found.precision)
                per_case.setdefault("percentile", []).append(found.percentile)
            if options.colour_swap and system.guided:
                found_swaps = NOT_ASKED
                if askable(case):
                    swapped, found_swaps = meter.add(system, case, samples[0])
                    if len(swaps) < options.sheet:
                        swaps.append((number, swapped))
                for metric, value in found_swaps.items():
                    per_case.setdefault(metric, []).append(value)
            if len(pictures) < options.sheet:
                pictures.append(samples[0])
            if options.features is not None:
                outputs.append(samples[0])
        if progress is not None:
            progress(min(start + CHUNK, len(cases)), len(cases))
    of_sets: dict[str, float] = {}
    without: dict[str, list[float]] = {}
    if options.features is not None and len(cases) > 1:
        originals = [case.photo for case in cases]
        of_sets, without = _compare_sets(options.features, originals, outputs, per_case)
    figures = {metric: _mean(values) for metric, values in per_case.items()} | of_sets
    # Averages first: a flat original would make its own ratio arbitrarily large.
    figures["gradient_ratio"] = figures["gradient"] / max(1e-9, figures["gradient_original"])
    colour_swap = meter.result()
    if colour_swap is not None:
        figures["background"] = colour_swap.background
    return SystemResult(system.name, len(cases), figures, per_case, without, colour_swap, pictures, swaps)


def measure(case: Case, samples: Sequence[np.ndarray]) -> dict[str, float]:
    """Measure the answers to one case: Table 1's figures of the first, best-of-N and diversity of several."""
    first = samples[0]
    figures = {
        **{metric.key: metric.measure(case.photo, first, case.hole) for metric in metrics.METRICS},
        "ratio": case.ratio,
        "gradient": metrics.gradient_in_hole(first, case.hole),
        "gradient_original": metrics.gradient_in_hole(case.photo, case.hole),
    }
    if len(samples) > 1:
        figures["best_l1"] = min(metrics.l1(case.photo, sample) for sample in samples)
        figures["best_psnr"] = max(metrics.psnr(case.photo, sample) for sample in samples)
        figures["best_ssim"] = max(metrics.ssim(case.photo, sample) for sample in samples)
        figures["diversity"] = metrics.diversity(samples, case.hole)
    return figures


def _compare_sets(
    extract: FeatureExtractor,
    originals: Sequence[np.ndarray],
    outputs: Sequence[np.ndarray],
    per_case: dict[str, list[float]],
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Measure the distances between photos and fills, and add U-IDS and P-IDS to the figures of the cases.

    Returns:
        FID and KID; the same without each group of photos.
    """
    real, made = extract(originals), extract(outputs)
    for name, values in zip(("u_ids", "p_ids"), indiscriminable(real, made), strict=True):
        per_case[f"{name}{extract.suffix}"] = values.tolist()
    found, without = {}, {}
    for name, distance in (("fid", frechet_distance), ("kid", kernel_distance)):
        found[f"{name}{extract.suffix}"] = distance(real, made)
        if len(real) > 2:
            without[f"{name}{extract.suffix}"] = without_groups(distance, real, made)
    return found, without


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def _finite(value: Any) -> Any:
    """Replace numbers that JSON cannot hold by None, anywhere inside."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
