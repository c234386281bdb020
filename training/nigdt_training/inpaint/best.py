"""The checkpoints of a run's best validations."""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path
from typing import Protocol

from nigdt.errors import NigdtError
from nigdt.files import write_atomically
from nigdt_training.checkpoint import read_facts
from nigdt_training.run import Run


class Save(Protocol):
    """A function that writes a checkpoint atomically, with further facts in it."""

    def __call__(self, path: Path, **facts: float) -> None:
        """Write the state at hand to `path`."""


def keep_best(run: Run, count: int, step: int, score: float, save: Save) -> None:
    """Keep this state if it is among the `count` best of the run, and drop what no longer is.

    The best is `best.safetensors`, the others are `best-STEP.safetensors`. Killed at any moment, it
    leaves whole files, at worst the best twice, which the next best puts right.

    Args:
        run: Whose folder it is.
        count: How many are kept.
        step: Of the state at hand.
        score: Its validation, higher is better.
        save: Writes the state at hand.

    Raises:
        NigdtError: The disk is full or the folder cannot be written.
    """
    scores = {path: value for path, (at, value) in _kept(run).items() if at != step}
    best = scores.get(run.best)
    if best is None or score > best:
        if best is not None:
            second = run.runner_up(read_facts(run.best)["step"])
            _copy(run.best, second)
            scores[second] = scores.pop(run.best)
        save(run.best, score=score)
        scores[run.best] = score
    elif sum(other >= score for other in scores.values()) < count:
        save(run.runner_up(step), score=score)
        scores[run.runner_up(step)] = score
    ranked = sorted(scores, key=lambda path: (path == run.best, scores[path]), reverse=True)
    for path in {*_runners_up(run)} - {*ranked[:count]}:
        path.unlink()


def _kept(run: Run) -> dict[Path, tuple[int, float]]:
    """Return (Step, score) of each checkpoint that can be read."""
    found = {}
    for path in (run.best, *_runners_up(run)):
        try:
            facts = read_facts(path)
        except NigdtError:
            continue  # none yet
        # Runs of before runners-up were kept wrote the best's score only as the best so far.
        found[path] = (facts["step"], facts.get("score", facts["best"]))
    return found


def _runners_up(run: Run) -> list[Path]:
    return sorted(run.folder.glob("best-*.safetensors"))


def _copy(source: Path, target: Path) -> None:
    """Give a file that is about to be replaced a second name; copy it where the disk has no links."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        try:
            with source.open("rb") as file:
                write_atomically(target, partial(shutil.copyfileobj, file))
        except OSError as error:
            raise NigdtError(f"Cannot write {target}: {error.strerror}", hint="Make room.") from error
