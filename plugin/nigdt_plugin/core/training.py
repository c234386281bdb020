"""Training on the user's photos: what to run, and what that reports."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nigdt.bundle.bundle import user_bundles_folder, valid_name

STEPS = 2000
"""Steps at most, unless the user says otherwise."""


INSTALL = "python3 installer install --extras backend,panel,training"


@dataclass(frozen=True)
class Progress:
    """One line of the training's output; what a line does not tell is None.

    Attributes:
        message: What a person would read, in English.
        step: Steps done.
        steps: Steps in all.
        loss: The generator's loss.
        eta: Seconds to go.
        sheet: Picture of samples so far.
        gain: PSNR in dB on photos kept apart, before and after.
    """

    message: str
    step: int | None = None
    steps: int | None = None
    loss: float | None = None
    eta: float | None = None
    sheet: Path | None = None
    gain: tuple[float, float] | None = None


def installed() -> bool:
    """Return whether what the training needs is there, without importing it."""
    return all(importlib.util.find_spec(name) for name in ("nigdt_training", "lightning_fabric"))


def runs_folder() -> Path:
    """Return where trainings of the panel keep their checkpoints."""
    return user_bundles_folder().parent / "runs"


def interrupted(folder: Path, name: str) -> int | None:
    """Return the planned steps of the training of that name on that folder; None if it cannot go on."""
    runs = sorted(runs_folder().glob(f"{'[0-9]' * 5}-{name}")) if valid_name(name) else []
    try:
        settings = yaml.safe_load((runs[-1] / "settings.yaml").read_text(encoding="utf-8"))
        same = settings["data"][0]["path"] == str(folder.resolve())
        return int(settings["steps"]) if same else None
    except (OSError, ValueError, TypeError, LookupError, yaml.YAMLError):
        return None


def command(folder: Path, name: str, start_from: str = "default", steps: int = STEPS) -> list[str]:
    """Return the command that trains a model on a folder, or resumes a training that was interrupted.

    Args:
        folder: Captioned photos.
        name: What the new model is called.
        start_from: The model that is taught.
        steps: Steps at most; one that was interrupted keeps its own number.
    """
    python = os.environ.get("NIGDT_PYTHON") or sys.executable
    arguments = ["train", "photos", str(folder), "--name", name, "--runs", str(runs_folder())]
    going_on = interrupted(folder, name)
    arguments += ["--json-progress", "--bundle", start_from, "--steps", str(going_on or steps)]
    if going_on is not None:
        arguments.append("--resume")
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
            _gain(data),
        )
    except (ValueError, TypeError, AttributeError, KeyError):
        return None


def _gain(data: dict[str, Any]) -> tuple[float, float] | None:
    if "before" not in data or "after" not in data:
        return None
    return float(data["before"]["psnr"]), float(data["after"]["psnr"])


def reason(errors: str) -> str:
    """Return the last line of an error output, without the program's name; empty if it said nothing."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    return lines[-1].removeprefix("nigdt: ") if lines else ""


def suggested_name(folder: Path, taken: Sequence[str]) -> str:
    """Return a bundle name made of the folder's, not taken yet."""
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
