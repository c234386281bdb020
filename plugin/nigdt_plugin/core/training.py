"""Training on the user's photos: what to run, and what that reports."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nigdt.bundle import user_bundles_folder, valid_name


@dataclass(frozen=True)
class Progress:
    """One line of the training's output; what a line does not tell is None.

    Attributes:
        message: What a person would read.
        step: Steps done.
        steps: Steps in all.
        loss: The generator's loss.
        eta: Seconds to go.
        sheet: Picture of samples so far.
    """

    message: str
    step: int | None = None
    steps: int | None = None
    loss: float | None = None
    eta: float | None = None
    sheet: Path | None = None


def runs_folder() -> Path:
    """Where trainings of the panel keep their checkpoints."""
    return user_bundles_folder().parent / "runs"


def command(folder: Path, name: str, start_from: str = "default") -> list[str]:
    """The program and arguments that train a model on a folder, or go on with one that was interrupted.

    Args:
        folder: Captioned photos.
        name: What the new model is called.
        start_from: The model that is taught.
    """
    python = os.environ.get("NIGDT_PYTHON") or sys.executable
    runs = runs_folder()
    arguments = ["train", "photos", str(folder), "--name", name, "--runs", str(runs), "--json-progress"]
    if any(runs.glob(f"[0-9]*-{name}")):
        arguments.append("--resume")
    else:
        arguments += ["--bundle", start_from]
    return [python, "-m", "nigdt", *arguments]


def parse(line: str) -> Progress | None:
    """Read one line of output; None for lines that are not progress."""
    try:
        data = json.loads(line)
        step, steps, loss, eta, sheet = (data.get(key) for key in ("step", "steps", "loss", "eta_s", "sheet"))
        return Progress(
            str(data.get("message", "")),
            None if step is None else int(step),
            None if steps is None else int(steps),
            None if loss is None else float(loss),
            None if eta is None else float(eta),
            Path(sheet) if sheet else None,
        )
    except (ValueError, TypeError, AttributeError):
        return None


def suggested_name(folder: Path, taken: Sequence[str]) -> str:
    """A bundle name made of the folder's, not taken yet."""
    base = re.sub(r"[^A-Za-z0-9._-]+", "-", folder.name).strip("-._")[:48].lower()
    base = base if valid_name(base) else "my-photos"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    return name


def duration(seconds: float) -> tuple[int, int]:
    """Hours and minutes, rounded up to a minute."""
    minutes = max(1, round(seconds / 60))
    return minutes // 60, minutes % 60
