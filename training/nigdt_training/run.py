"""A run folder: numbered, with settings, vocabulary, metrics, TensorBoard events, sheets and checkpoints."""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from lightning_fabric.loggers import Logger

from nigdt import schema
from nigdt.errors import NigdtError
from nigdt.files import write_atomically
from nigdt.text import Vocabulary
from nigdt_training.settings import TrainSettings, load_settings
from nigdt_training.tracking import close_trackers, open_trackers


class Run:
    """One folder under `runs`; everything a run leaves behind lies in it.

    Attributes:
        folder: `settings.yaml`, `origin.yaml`, `vocabulary.json`, `metrics.jsonl`, `events/`,
            `sheets/`, `match.safetensors`, `last.safetensors` (recovery) and `best.safetensors`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writer: Any = None
        self._trackers: list[Logger] = []

    @classmethod
    def create(cls, runs: Path, name: str, settings: TrainSettings) -> Run:
        """Make the next numbered folder, `runs/00003-name`.

        Raises:
            NigdtError: The name is none for a folder, or the folder cannot be written.
        """
        if Path(name).name != name:
            raise NigdtError(f"A run cannot be called {name!r}.", hint="It names a folder in --runs.")
        try:
            runs.mkdir(parents=True, exist_ok=True)
            while True:
                numbers = [int(m[1]) for p in runs.iterdir() if (m := re.match(r"(\d{5})-", p.name))]
                folder = runs / f"{max(numbers, default=0) + 1:05d}-{name}"
                try:
                    folder.mkdir()
                    break
                except FileExistsError:
                    continue
        except OSError as error:
            raise NigdtError(f"Cannot make a run folder in {runs}: {error.strerror}") from error
        return cls.within(folder, settings)

    @classmethod
    def within(cls, folder: Path, settings: TrainSettings) -> Run:
        """Return the run in a folder of this name; begun with these settings if there is none yet.

        Raises:
            NigdtError: The folder cannot be written.
        """
        path = folder / "settings.yaml"
        if not path.is_file():
            with writing(folder):
                (folder / "sheets").mkdir(parents=True, exist_ok=True)
                write_atomically(path, yaml.safe_dump(settings.to_dict(), sort_keys=False).encode())
        return cls(folder)

    @classmethod
    def open(cls, folder: Path) -> Run:
        """Open an existing run folder.

        Raises:
            NigdtError: It is none.
        """
        if not (folder / "settings.yaml").is_file():
            raise NigdtError(f"{folder} is not a run folder.", hint="It should hold settings.yaml.")
        return cls(folder)

    @property
    def settings(self) -> TrainSettings:
        """The settings the run was started with."""
        return load_settings(self.folder / "settings.yaml", recorded=True)

    @property
    def match_checkpoint(self) -> Path:
        """Stage 1's result."""
        return self.folder / "match.safetensors"

    @property
    def match_recovery(self) -> Path:
        """What stage 1 goes on from; gone when it is finished."""
        return self.folder / "match-last.safetensors"

    @property
    def last(self) -> Path:
        """Stage 2's recovery checkpoint."""
        return self.folder / "last.safetensors"

    @property
    def best(self) -> Path:
        """Stage 2's averaged weights at the best validation so far."""
        return self.folder / "best.safetensors"

    def remember(self, origin: dict[str, Path | None]) -> None:
        """Write down where the photos and the weights to begin with lie, for `origin`."""
        found = {name: str(path.absolute()) for name, path in origin.items() if path is not None}
        path = self.folder / "origin.yaml"
        with writing(path):
            write_atomically(path, yaml.safe_dump(found, sort_keys=False).encode())

    def origin(self) -> dict[str, Path]:
        """Return what `remember` wrote down, so that `--resume` need not be told again."""
        path = self.folder / "origin.yaml"
        if not path.exists():
            return {}
        return {name: Path(str(value)) for name, value in schema.read(path).items()}

    def vocabulary(self) -> Vocabulary | None:
        """Return the run's vocabulary, once it has one."""
        path = self.folder / "vocabulary.json"
        return Vocabulary.load(path) if path.exists() else None

    def save_vocabulary(self, vocabulary: Vocabulary) -> None:
        """Fix the run's vocabulary."""
        path = self.folder / "vocabulary.json"
        with writing(path):
            vocabulary.save(path)

    def track(self, names: Sequence[str]) -> None:
        """Send what is logged from now on to trackers too (`nigdt_training.tracking`).

        Raises:
            NigdtError: One cannot be opened.
        """
        if names:
            self._trackers += open_trackers(names, self.folder, self.settings.to_dict())

    def log(self, step: int, stage: str, **values: float) -> None:
        """Append a line to `metrics.jsonl` and the same scalars to TensorBoard and the trackers.

        Raises:
            NigdtError: The disk is full or the folder cannot be written.
        """
        line = {"time": round(time.time(), 1), "stage": stage, "step": step, **values}
        with writing(self.metrics):
            with self.metrics.open("a+b") as file:
                torn = file.seek(0, os.SEEK_END) and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n"
                file.write(b"\n" * bool(torn) + json.dumps(line).encode() + b"\n")
            for key, value in values.items():
                self.writer.add_scalar(f"{stage}/{key}", value, step)
        for tracker in self._trackers:
            tracker.log_metrics({f"{stage}/{key}": value for key, value in values.items()}, step)

    def logged(self) -> list[dict[str, Any]]:
        """Read the log, in order; what a resumed run logged again counts once, torn lines not at all."""
        found: dict[tuple[str, int], dict[str, Any]] = {}
        text = self.metrics.read_text(encoding="utf-8", errors="replace") if self.metrics.exists() else ""
        for row in text.split("\n"):
            with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
                line = json.loads(row)
                found[line["stage"], line["step"]] = line
        return list(found.values())

    def save_sheet(self, step: int, picture: Any) -> Path:
        """Keep a sample sheet, also for TensorBoard.

        Args:
            step: When it was drawn.
            picture: A Pillow image.

        Raises:
            NigdtError: The disk is full or the folder cannot be written.
        """
        path = self.folder / "sheets" / f"{step:07d}.png"
        with writing(path):
            path.parent.mkdir(exist_ok=True)  # who copies a run may leave empty folders behind
            write_atomically(path, lambda file: picture.save(file, format="PNG"))
            self.writer.add_image("sheet", np.asarray(picture), step, dataformats="HWC")
        return path

    @property
    def metrics(self) -> Path:
        """Every logged value, one JSON object a line."""
        return self.folder / "metrics.jsonl"

    @property
    def writer(self) -> Any:
        """TensorBoard's writer, made when first used."""
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(self.folder / "events"))
        return self._writer

    def retire(self, why: str) -> None:
        """Append a word to the folder's name, so that it is no longer found as a run to go on with."""
        self.close()
        with writing(self.folder):
            self.folder = self.folder.rename(self.folder.with_name(f"{self.folder.name}.{why}"))

    def close(self) -> None:
        """Flush and close TensorBoard's file, and the trackers."""
        close_trackers(self._trackers)
        self._trackers = []
        if self._writer is not None:
            self._writer.close()
            self._writer = None


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Report a disk error as one line.

    Raises:
        NigdtError: Anything inside raised `OSError`.
    """
    try:
        yield
    except OSError as error:
        raise NigdtError(
            f"Cannot write {path}: {error.strerror or error}",
            hint="Make room or choose another --runs folder, then go on with --resume.",
        ) from error
