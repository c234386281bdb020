"""Training on the user's photos: what to run, and what that reports."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from nigdt_backend.launch import interpreter

from nigdt.bundle.bundle import user_bundles_folder, valid_name
from nigdt_plugin.core.files import folder_size

STEPS = 2000
"""Steps at most, unless the user says otherwise."""


_MOST, _MUCH = 0.75, 0.1
"""Part of the photos that are better, and by how much, before keeping a model is suggested."""


@dataclass(frozen=True)
class Verdict:
    """What a training brought, on photos that it had not learnt from.

    Attributes:
        better: On how many of them the fills came nearer to the photo.
        photos: How many they were.
        certain: Whether the gain is more than chance.
        nearer: By which fraction the fills came nearer on the average; below 0 farther off.
    """

    better: int
    photos: int
    certain: bool
    nearer: float

    @property
    def clear(self) -> bool:
        """Whether the gain is so large and common that keeping the model can be suggested."""
        return self.certain and self.better >= _MOST * self.photos and self.nearer >= _MUCH


@dataclass(frozen=True)
class Progress:
    """One line of the training's output; what a line does not tell is None.

    Attributes:
        step: Steps done.
        steps: Steps in all.
        eta: Seconds to go.
        part: Which of several trainings: all but the last try out what training brings.
        parts: How many trainings there are.
        usable: Photos that can be learnt from.
        skipped: Photos that cannot.
        subject: What the captions call the thing that the photos show, whose shape is learnt.
        cut_outs: How many pieces of the photos the model will hold.
        words: Those of the captions that the model does not know yet.
        nearer: By which fraction the fills came nearer so far, on photos that are not learnt from.
        sheet: Picture of samples so far.
        verdict: What it brought.
    """

    step: int | None = None
    steps: int | None = None
    eta: float | None = None
    part: int | None = None
    parts: int | None = None
    usable: int | None = None
    skipped: int | None = None
    subject: tuple[str, ...] | None = None
    cut_outs: int | None = None
    words: tuple[str, ...] | None = None
    nearer: float | None = None
    sheet: Path | None = None
    verdict: Verdict | None = None


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
    arguments = ["train", "photos", str(folder), "--name", name, "--runs", str(runs_folder())]
    going_on = interrupted(folder, name)
    arguments += ["--json-progress", "--bundle", start_from, "--steps", str(going_on or steps)]
    if going_on is not None:
        arguments.append("--resume")
    return [interpreter(), "-P", "-m", "nigdt", *arguments]


def parse(line: str) -> Progress | None:
    """Read one line of output; None for lines that are not progress."""
    try:
        data = json.loads(line)
        eta, sheet = data.get("eta_s"), data.get("sheet")
        words, subject, nearer = data.get("new_words"), data.get("subject"), data.get("nearer")
        counts = {
            name: None if data.get(name) is None else int(data[name])
            for name in ("step", "steps", "part", "parts", "usable", "skipped", "cut_outs")
        }
        return Progress(
            **counts,
            eta=None if eta is None else float(eta),
            subject=None if subject is None else tuple(map(str, subject)),
            words=None if words is None else tuple(map(str, words)),
            nearer=None if nearer is None else float(nearer),
            sheet=Path(sheet) if sheet else None,
            verdict=_verdict(data),
        )
    except (ValueError, TypeError, AttributeError, KeyError):
        return None


def _verdict(data: dict[str, Any]) -> Verdict | None:
    if "certain" not in data:
        return None
    before, after = float(data["before"]["texture"]), float(data["after"]["texture"])
    return Verdict(
        int(data["better"]), int(data["photos"]), bool(data["certain"]), 1 - after / max(before, 1e-6)
    )


def leftovers(name: str) -> list[Path]:
    """Return the run folders of all trainings of that name."""
    if not valid_name(name):
        return []
    number = "[0-9]" * 5
    return sorted((*runs_folder().glob(f"{number}-{name}"), *runs_folder().glob(f"{number}-{name}.no-gain")))


def size_of(folders: Sequence[Path]) -> int:
    """Sum the bytes of folders. Slow."""
    return sum(folder_size(folder) for folder in folders)


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
    """Return the hours and minutes, rounded up to a minute."""
    minutes = max(1, round(seconds / 60))
    return minutes // 60, minutes % 60
