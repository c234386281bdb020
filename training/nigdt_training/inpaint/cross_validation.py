"""What a fine-tuning will bring, measured by cross-validation: each photo by a model that has not seen it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import t as student

from nigdt.errors import NigdtError
from nigdt_training.data.split import in_order
from nigdt_training.inpaint.validation import Scores
from nigdt_training.run import Run, writing
from nigdt_training.samples import Pool

_FILE = "scores.jsonl"


@dataclass(frozen=True)
class Gain:
    """What so many steps bring on photos not learnt from.

    Attributes:
        step: After how many steps; the best for all photos together.
        photos: How many photos were measured.
        before: Mean "psnr" (dB) and "l1" (0 to 255) of the model that training began with.
        after: The same after training.
        psnr: Mean over the photos of the difference in PSNR, dB, each after the steps that did best on other
            photos, so that no photo had a part in choosing what it measures.
        error: Its standard error, dB.
        better: How many of the photos are filled nearer to the original than before.
    """

    step: int
    photos: int
    before: dict[str, float]
    after: dict[str, float]
    psnr: float
    error: float
    better: int

    @property
    def at_least(self) -> float:
        """Lower end of the one-sided 95 % confidence interval, dB, by Student's distribution."""
        return self.psnr - self.error * float(student.ppf(0.95, max(1, self.photos - 1)))

    @property
    def certain(self) -> bool:
        """Whether the gain is above zero with 95 % confidence."""
        return self.at_least > 0


def splits(pool: Pool, parts: int, used: int) -> list[tuple[Pool, Pool]]:
    """Return photos to learn from and to measure on, `used` times, another of `parts` kept apart each time.

    Look-alikes stay together. The parts depend on the photos' names alone.

    Raises:
        NigdtError: All photos look alike.
    """
    groups = np.array([pool.cache.group(int(i)) for i in pool.photos])
    keys = in_order(groups.tolist())
    if len(keys) < 2:
        raise NigdtError("All photos look alike.", hint="None would be left to measure on: add others.")
    parts = min(parts, len(keys))
    found = []
    for part in range(min(used, parts)):
        kept = np.isin(groups, keys[part::parts])
        found.append(tuple(replace(pool, photos=pool.photos[one]) for one in (~kept, kept)))
    return found  # type: ignore[return-value]


def record(run: Run, step: int, scores: Scores) -> None:
    """Keep scores in the run's folder.

    Raises:
        NigdtError: The disk is full or the folder cannot be written.
    """
    line = {"step": step, **{name: value.tolist() for name, value in vars(scores).items()}}
    with writing(run.folder / _FILE), (run.folder / _FILE).open("a", encoding="utf-8") as file:
        file.write("\n" + json.dumps(line) + "\n")  # on a line of its own even after a torn one


def recorded(run: Run) -> dict[int, Scores]:
    """Step -> scores; what an interrupted run measured again counts once, torn lines not at all."""
    found = {}
    path = run.folder / _FILE
    for row in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            line = json.loads(row)
        except ValueError:
            continue
        found[line["step"]] = Scores(*(np.asarray(line[name]) for name in ("photo", "psnr", "l1")))
    return found


def best_gain(runs: Sequence[Run]) -> Gain:
    """Return the steps that did best on all photos, and their gain measured without having chosen by it.

    The photos of each run are measured after the steps that did best on those of the others; with a single
    run, each half of its photos after those that did best on the other half. Step 0 is what the runs began
    with.

    Raises:
        NigdtError: There is no step that all runs were measured at.
    """
    measured = [recorded(run) for run in runs]
    common = sorted(set.intersection(*(set(scores) for scores in measured)) - {0})
    if not common:
        raise NigdtError("The runs were not measured at a step that all of them reached.")
    tables = [_by_photo(scores, [0, *common]) for scores in measured]
    parts = tables if len(tables) > 1 else [tables[0][:, 0::2], tables[0][:, 1::2]]
    parts = [part for part in parts if part.shape[1]]
    found = []
    for number, part in enumerate(parts):
        others = [other for k, other in enumerate(parts) if k != number] or [part]
        found.append(part[[0, _best(np.concatenate(others, 1))]])
    before, after = np.concatenate(found, 1)
    gains = after[:, 0] - before[:, 0]
    error = float(np.std(gains, ddof=1)) / math.sqrt(len(gains)) if len(gains) > 1 else math.inf
    first, last = (
        {"psnr": float(one[:, 0].mean()), "l1": float(one[:, 1].mean())} for one in (before, after)
    )
    step = common[_best(np.concatenate(tables, 1)) - 1]
    better = int((gains > 0).sum())
    return Gain(step, len(gains), first, last, float(gains.mean()), error, better)


def _by_photo(scores: Mapping[int, Scores], steps: Sequence[int]) -> np.ndarray:
    """Return (steps, photos, 2): PSNR and l1 of every photo, the mean of its holes."""
    photos = np.unique(scores[0].photo)
    return np.array(
        [
            [[float(values[one.photo == photo].mean()) for values in (one.psnr, one.l1)] for photo in photos]
            for one in (scores[step] for step in steps)
        ]
    )


def _best(table: np.ndarray) -> int:
    """Return the row of the highest mean PSNR but for the first, which is what training began with."""
    return 1 + int(np.argmax(table[1:, :, 0].mean(1)))
