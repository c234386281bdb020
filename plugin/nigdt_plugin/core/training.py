"""Training on the user's photos: what to run, and what that reports."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nigdt.bundle import valid_name


@dataclass(frozen=True)
class Progress:
    """One line of the training's progress.

    Attributes:
        step: Steps done.
        steps: Steps in all.
        loss: The generator's loss, None before the first.
        eta: Seconds to go, None if unknown.
        sheet: Picture of samples so far, None before the first.
    """

    step: int
    steps: int
    loss: float | None
    eta: float | None
    sheet: Path | None


def command(folder: Path, name: str) -> list[str]:
    """The program and arguments that train a model called ``name`` on a folder, or go on with it."""
    python = os.environ.get("NIGDT_PYTHON") or sys.executable
    return [python, "-m", "nigdt", "train", "photos", str(folder), "--name", name, "--json-progress"]


def parse(line: str) -> Progress | None:
    """Read one line of output; None for lines that are not progress."""
    try:
        data = json.loads(line)
        step, steps = int(data["step"]), int(data["steps"])
        loss, eta, sheet = data.get("loss"), data.get("eta_s"), data.get("sheet")
        return Progress(
            step,
            steps,
            float(loss) if loss is not None else None,
            float(eta) if eta is not None else None,
            Path(sheet) if sheet else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
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
