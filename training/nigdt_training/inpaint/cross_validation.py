"""What a fine-tuning will bring, measured by cross-validation: each photo by a model that has not seen it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

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
        step: After how many steps.
        photos: How many photos were measured.
        before: Mean "psnr" (dB) and "l1" (0 to 255) of the model that training began with.
        after: The same after training.
        psnr: Mean over the photos of the difference in PSNR, dB.
        error: Its standard error, dB.
    """

    step: int
    photos: int
    before: dict[str, float]
    after: dict[str, float]
    psnr: float
    error: float

    @property
    def certain(self) -> bool:
        """Whether the gain is more than its standard error: chance alone does that once in six times."""
        return self.psnr > self.error


def splits(pool: Pool, parts: int, used: int) -> list[tuple[Pool, Pool]]:
    """(Photos to learn from, photos to measure on) `used` times, each time another of `parts` kept apart.

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
    """Return the best of the steps that all runs were measured after, step 0 being what they began with."""
    measured = [recorded(run) for run in runs]
    common = set.intersection(*(set(scores) for scores in measured)) - {0}
    if not common:
        raise NigdtError("The runs were not measured at a step that all of them reached.")
    gains = [_gain([one[0] for one in measured], [one[step] for one in measured], step) for step in common]
    return max(gains, key=lambda gain: (gain.psnr, -gain.step))


def _gain(before: Sequence[Scores], after: Sequence[Scores], step: int) -> Gain:
    first, last = (
        Scores(*(np.concatenate([getattr(one, name) for one in scores]) for name in ("photo", "psnr", "l1")))
        for scores in (before, after)
    )
    photos = np.unique(first.photo)
    per_photo = [float((last.psnr - first.psnr)[first.photo == photo].mean()) for photo in photos]
    error = float(np.std(per_photo, ddof=1)) / math.sqrt(len(photos)) if len(photos) > 1 else math.inf
    return Gain(step, len(photos), first.means(), last.means(), float(np.mean(per_photo)), error)
