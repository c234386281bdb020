"""Training in phases, each from the weights of the one before it: how the default model is made."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nigdt import schema
from nigdt.errors import NigdtError
from nigdt_training.checkpoint import read_facts
from nigdt_training.inpaint.session import Machine, Places, run_stages
from nigdt_training.match.stage import match_is_trained
from nigdt_training.run import Run
from nigdt_training.settings import TrainSettings, find_config, settings_from, with_changes


@dataclass(frozen=True)
class Phase:
    """One training of a course: its name and everything it trains with."""

    name: str
    settings: TrainSettings


@dataclass(frozen=True)
class _PhasesFile:
    """A file of phases: what all have in common, then name -> changes, in order."""

    settings: dict[str, Any]
    phases: dict[str, list[str]]


def load_phases(name: str | Path) -> list[Phase]:
    """Read a file of phases: a path, or one of `nigdt_training/configs` by its name.

    Raises:
        NigdtError: It cannot be read, or a key or value is wrong; the message names it.
    """
    path = find_config(name)
    file = schema.build(_PhasesFile, schema.read(path), str(path))
    base = settings_from(file.settings, f"{path}: settings")
    phases = [
        Phase(phase, with_changes(base, changes, f"{path}: phases.{phase}"))
        for phase, changes in file.phases.items()
    ]
    if not phases:
        raise NigdtError(f"{path}: `phases` names nothing to train.")
    return phases


def train_phases(
    phases: list[Phase],
    places: Places,
    name: str,
    device: str,
    say: Callable[..., None],
    deadline: float = math.inf,
) -> Run | None:
    """Train all phases; called again, it goes on where it stopped.

    Args:
        phases: What to train, in order.
        places: Data, caches, and the folder that gets one folder for all phases.
        name: That folder's name.
        device: Fabric's accelerator.
        say: Told one line at a time what happens.
        deadline: Moment of the monotonic clock after which training ends with a checkpoint to go on from.

    Returns:
        The last phase's run, or None where it stopped before the end.

    Raises:
        NigdtError: As `run_stages`, or the settings have changed since a phase began.
    """
    before: Run | None = None
    match_from: Path | None = None
    for number, phase in enumerate(phases, 1):
        folder = places.runs / name / f"{number}-{phase.name}"
        run = Run.within(folder, phase.settings)
        if run.settings != phase.settings:
            raise NigdtError(
                f"{folder} was begun with other settings.", "Remove it, or choose another --runs folder."
            )
        if not _finished(run):
            say(f"Phase {number} of {len(phases)}, {phase.name}: {folder}")
            fabric = Machine(device).fabric(phase.settings.precision)
            try:
                done = run_stages(
                    run,
                    places,
                    fabric,
                    say,
                    start_from=None if before is None else before.last,
                    match_from=match_from,
                    deadline=deadline,
                )
            finally:
                run.close()
            if not done:
                return None
        if phase.settings.loss.match > 0 and match_is_trained(run):
            match_from = run.match_checkpoint
        before = run
    return before


def _finished(run: Run) -> bool:
    return run.last.exists() and read_facts(run.last)["step"] >= run.settings.steps
