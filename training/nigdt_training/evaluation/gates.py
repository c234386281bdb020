"""What a shipped model must reach on photos kept from its training: every figure beside its aim."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from nigdt_training.evaluation.baselines import harmonic
from nigdt_training.evaluation.cases import Case
from nigdt_training.evaluation.run import Options, SystemResult, evaluate
from nigdt_training.evaluation.systems import Baseline, Request, System
from nigdt_training.inpaint.texture import texture_distances

__all__ = ["Gate", "attention_gates", "gates_table", "model_gates", "recolour_gates", "speed_gate"]

_SAMPLES = 9
"""The one best answer and eight variants."""
_TIMED = 7


@dataclass(frozen=True)
class Gate:
    """One figure and where it shall lie.

    Attributes:
        what: Its name.
        found: What was measured.
        least: The smallest value that will do.
        most: The largest.
        unit: Put behind the figures.
    """

    what: str
    found: float
    least: float = -np.inf
    most: float = np.inf
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether it lies there, as it is printed."""
        return self.least <= round(self.found, 3) <= self.most

    @property
    def aim(self) -> str:
        """Where it shall lie, in words."""
        if np.isinf(self.least):
            return f"<= {self.most:g}{self.unit}"
        return (
            f">= {self.least:g}{self.unit}"
            if np.isinf(self.most)
            else f"{self.least:g} to {self.most:g}{self.unit}"
        )


def model_gates(
    system: System,
    shown: System,
    name: str,
    cases: Sequence[Case],
    progress: Callable[[int, int], None] | None = None,
) -> list[Gate]:
    """Measure a model's fills of one kind of photos.

    Args:
        system: The model, at its own size and without the texture step.
        shown: The same before the surroundings that users see.
        name: What they show, for the table.
        cases: Where objects are known and captions name colours, these are swapped too.
        progress: Called with (cases done, cases in all).

    Raises:
        NigdtError: EfficientNet-lite0's weights are missing.
    """
    own = evaluate(system, cases, Options(colour_swap=True, sheet=len(cases)), progress)
    seen = evaluate(shown, cases, Options(sheet=0))
    plain = evaluate(Baseline("harmonic", harmonic), cases, Options(sheet=len(cases)))
    gates = []
    if own.colour_swap is not None:
        swap = own.colour_swap
        pure = (swap.per_colour["red"] + swap.per_colour["blue"]) / 2
        gates += [
            Gate(f"{name}: colour-swap accuracy, {swap.photos} photos", 100 * swap.accuracy, 90, unit=" %"),
            Gate(f"{name}: red and blue", 100 * pure, 85, unit=" %"),
            Gate(f"{name}: background against the true caption's", swap.background, most=1.15),
        ]
    further = 100 * (_texture_distance(cases, own) / _texture_distance(cases, plain) - 1)
    return [
        *gates,
        Gate(f"{name}: spread of 8 variants, grey levels", spread_of(system, cases), 10),
        Gate(f"{name}: gradient in the hole / original", seen.figures["gradient_ratio"], 0.7, 1.3),
        Gate(f"{name}: the same before smooth surroundings", own.figures["gradient_ratio"], 0.7, 1.3),
        Gate(f"{name}: texture distance against harmonic", further, most=-20, unit=" %"),
    ]


def spread_of(system: System, cases: Sequence[Case]) -> float:
    """Return the standard deviation in the hole over eight variants, in grey levels, mean over the cases."""
    spreads = []
    for case in cases:
        variants = np.stack(system.fill([Request(case, case.caption)], _SAMPLES)[0][1:]).astype(np.float32)
        spreads.append(float(variants.std(0)[case.hole].mean()))
    return float(np.mean(spreads))


def recolour_gates(asked: float, detail: float, outside: float, parts: float) -> list[Gate]:
    """Set a recolouring network's figures (`nigdt_training.recolour.checking.Figures`) beside their aims."""
    return [
        Gate("recolour: requested colour", 100 * asked, 90, unit=" %"),
        Gate("recolour: detail, correlation with the photo's", detail, 0.9),
        Gate("recolour: change beside the object, Lab", outside, most=3),
        Gate("recolour: named part alone takes the colour", 100 * parts, 75, unit=" %"),
    ]


def speed_gate(system: System, case: Case) -> Gate:
    """Measure one fill, warm; the median of a few."""
    seconds = []
    for _ in range(_TIMED):
        began = time.perf_counter()
        system.fill([Request(case, case.caption)])
        seconds.append(time.perf_counter() - began)
    threads = torch.get_num_threads()
    return Gate(
        f"one fill, {threads} thread{'s' * (threads > 1)}",
        1000 * float(np.median(seconds[1:])),
        most=80,
        unit=" ms",
    )


def gates_table(gates: Sequence[Gate]) -> str:
    """Return the gates as a table in Markdown."""
    rows = ["| what | found | aim | met |", "|---|---:|---:|---|"]
    rows += [
        f"| {gate.what} | {gate.found:.3g}{gate.unit} | {gate.aim} | {'yes' if gate.met else 'no'} |"
        for gate in gates
    ]
    return "\n".join(rows)


def _texture_distance(cases: Sequence[Case], result: SystemResult) -> float:
    """Return the mean over the cases of how far the texture in the hole is from the photo's."""
    return float(np.mean([_one(c, p) for c, p in zip(cases, result.pictures, strict=True)]))


def _one(case: Case, picture: np.ndarray) -> float:
    both = np.stack([case.photo, picture]).astype(np.float32) / np.float32(127.5) - 1
    photo, fill = torch.from_numpy(both).permute(0, 3, 1, 2).split(1)
    return float(texture_distances(photo, fill, torch.from_numpy(~case.hole)[None, None].float()))


def attention_gates(lost: Mapping[str, float]) -> list[Gate]:
    """Set what is lost without attention (`nigdt_training.recolour.reader_ablation`) beside its aim."""
    return [
        Gate(f"recolour: named parts lost with {changed}", 100 * points, 10, unit=" points")
        for changed, points in lost.items()
    ]
