"""A run folder: numbered, with settings, vocabulary, metrics, TensorBoard events, sheets and checkpoints."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import yaml

from nigdt.errors import NigdtError
from nigdt.text import Vocabulary
from nigdt_training.trainer.settings import TrainSettings, load_settings


class Run:
    """One folder under ``runs``; everything a run leaves behind lies in it.

    Attributes:
        folder: ``settings.yaml``, ``vocabulary.json``, ``metrics.jsonl``, ``events/``, ``sheets/``,
            ``match.safetensors``, ``last.safetensors`` (recovery), ``best.safetensors`` and the runners-up
            ``best-STEP.safetensors``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writer: Any = None

    @classmethod
    def create(cls, runs: Path, name: str, settings: TrainSettings) -> Run:
        """Make the next numbered folder, ``runs/00003-name``.

        Raises:
            NigdtError: The folder cannot be written.
        """
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
            (folder / "sheets").mkdir()
            (folder / "settings.yaml").write_text(
                yaml.safe_dump(settings.to_dict(), sort_keys=False), encoding="utf-8"
            )
        except OSError as error:
            raise NigdtError(f"cannot make a run folder in {runs}: {error.strerror}") from error
        return cls(folder)

    @classmethod
    def open(cls, folder: Path) -> Run:
        """Open an existing run folder.

        Raises:
            NigdtError: It is none.
        """
        if not (folder / "settings.yaml").is_file():
            raise NigdtError(f"{folder} is not a run folder", hint="it should hold settings.yaml")
        return cls(folder)

    @property
    def settings(self) -> TrainSettings:
        """The settings the run was started with."""
        return load_settings(self.folder / "settings.yaml")

    @property
    def match_checkpoint(self) -> Path:
        """Stage 1's result."""
        return self.folder / "match.safetensors"

    @property
    def last(self) -> Path:
        """Stage 2's recovery checkpoint."""
        return self.folder / "last.safetensors"

    @property
    def best(self) -> Path:
        """Stage 2's averaged weights at the best validation so far."""
        return self.folder / "best.safetensors"

    def runner_up(self, step: int) -> Path:
        """Where a good validation's checkpoint lies that is not the best one."""
        return self.folder / f"best-{step:07d}.safetensors"

    def vocabulary(self) -> Vocabulary | None:
        """The run's vocabulary, once it has one."""
        path = self.folder / "vocabulary.json"
        return Vocabulary.load(path) if path.exists() else None

    def save_vocabulary(self, vocabulary: Vocabulary) -> None:
        """Fix the run's vocabulary."""
        vocabulary.save(self.folder / "vocabulary.json")

    def log(self, step: int, stage: str, **values: float) -> None:
        """Append a line to ``metrics.jsonl`` and the same scalars to TensorBoard."""
        line = {"time": round(time.time(), 1), "stage": stage, "step": step, **values}
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        for key, value in values.items():
            self.writer.add_scalar(f"{stage}/{key}", value, step)

    @property
    def writer(self) -> Any:
        """TensorBoard's writer, made when first used."""
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(self.folder / "events"))
        return self._writer

    def close(self) -> None:
        """Flush and close TensorBoard's file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
