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
from nigdt_training.inpaint.validation import FIGURES, Scores
from nigdt_training.run import Run, writing
from nigdt_training.samples import Pool

_FILE = "scores.jsonl"


@dataclass(frozen=True)
class Gain:
    """What so many steps bring on photos not learnt from.

    Attributes:
        step: After how many steps; the best for all photos together.
        photos: How many photos were measured.
        before: Mean "psnr" (dB), "l1" (0 to 255) and "texture" (distance, `Scores`) of the model that
            training began with.
        after: The same after training.
        texture: By which fraction of the distance before the texture came nearer, mean over the photos, each
            after the steps that did best on other photos, so that no photo had a part in choosing what it
            measures.
        error: Its standard error.
        better: On how many of the photos the texture came nearer.
    """

    step: int
    photos: int
    before: dict[str, float]
    after: dict[str, float]
    texture: float
    error: float
    better: int

    @property
    def at_least(self) -> float:
        """Lower end of the one-sided 95 % confidence interval by Student's distribution."""
        return self.texture - self.error * float(student.ppf(0.95, max(1, self.photos - 1)))

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
        found[line["step"]] = Scores(*(np.asarray(line[name]) for name in ("photo", *FIGURES)))
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
    nearer = (before[:, -1] - after[:, -1]) / before[:, -1].mean()
    error = float(np.std(nearer, ddof=1)) / math.sqrt(len(nearer)) if len(nearer) > 1 else math.inf
    first, last = (dict(zip(FIGURES, one.mean(0).tolist(), strict=True)) for one in (before, after))
    step = common[_best(np.concatenate(tables, 1)) - 1]
    return Gain(step, len(nearer), first, last, float(nearer.mean()), error, int((nearer > 0).sum()))


def _by_photo(scores: Mapping[int, Scores], steps: Sequence[int]) -> np.ndarray:
    """Return (steps, photos, figures): those of every photo, each the mean of its holes."""
    photos = np.unique(scores[0].photo)
    return np.array(
        [
            [[float(getattr(one, name)[one.photo == photo].mean()) for name in FIGURES] for photo in photos]
            for one in (scores[step] for step in steps)
        ]
    )


def _best(table: np.ndarray) -> int:
    """Return the row of the least mean texture distance but for the first, where training began."""
    return 1 + int(np.argmin(table[1:, :, -1].mean(1)))
