"""The training loop of the recolouring network: resumable, stops when told, keeps averaged weights."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import torch

from nigdt.errors import NigdtError
from nigdt.model.recolour import RecolourConfig, RecolourNet
from nigdt.text import Vocabulary
from nigdt_training.recolour.batches import Feeder, Store
from nigdt_training.recolour.losses import losses, total

STATE, VOCABULARY, LOG = "state.pt", "vocabulary.json", "log.jsonl"
_AVERAGE = 0.999
_WARM_UP, _FLAT = 200, 3000
_SAVE_SECONDS = 240
_LOG_EVERY = 50


@dataclass(frozen=True)
class RecolourSettings:
    """Settings of a run.

    Attributes:
        size: Side in pixels of the training squares.
        batch: Samples of a step.
        learning_rate: Adam's, held until step 3000, then falling with the root of the step.
        seed: Of weights and samples.
    """

    size: int = 128
    batch: int = 16
    learning_rate: float = 8e-4
    seed: int = 1


class Training:
    """A run's network, optimiser and averaged weights, with their place on disk."""

    def __init__(
        self, folder: Path, settings: RecolourSettings, config: RecolourConfig, vocabulary: Vocabulary
    ) -> None:
        self.folder, self.settings, self.config, self.vocabulary = folder, settings, config, vocabulary
        torch.manual_seed(settings.seed)
        self.net = RecolourNet(config, len(vocabulary)).to(memory_format=torch.channels_last)
        self.average = {name: value.clone() for name, value in self.net.state_dict().items()}
        self.optimiser = torch.optim.AdamW(
            self.net.parameters(), lr=settings.learning_rate, betas=(0.9, 0.99), weight_decay=0.01
        )
        self.step = 0
        self.seconds = 0.0

    @classmethod
    def open(cls, folder: Path, settings: RecolourSettings) -> Training:
        """A run as it was last saved.

        Raises:
            NigdtError: There is none in the folder.
        """
        if not (folder / STATE).is_file():
            raise NigdtError(f"{folder} holds no training of the recolouring network.", "Leave out --resume.")
        state = torch.load(folder / STATE, weights_only=True)
        run = cls(
            folder, settings, RecolourConfig.from_dict(state["config"]), Vocabulary.load(folder / VOCABULARY)
        )
        run.net.load_state_dict(state["net"])
        run.average = state["average"]
        run.optimiser.load_state_dict(state["optimiser"])
        run.step, run.seconds = state["step"], state["seconds"]
        return run

    def save(self) -> None:
        """Writes the state, all or nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.vocabulary.save(self.folder / VOCABULARY)
        state = {
            "config": self.config.to_dict(),
            "net": self.net.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }
        temporary = self.folder / (STATE + ".part")
        torch.save(state, temporary)
        temporary.rename(self.folder / STATE)

    def averaged(self) -> RecolourNet:
        """A copy with the averaged weights, ready to use."""
        net = RecolourNet(self.config, len(self.vocabulary))
        net.load_state_dict(self.average)
        return net.requires_grad_(False).eval()

    def train_step(self, feeder: Feeder) -> dict[str, float]:
        """One step; returns its losses."""
        batch = feeder.next()
        rate = self.settings.learning_rate * min(
            1.0, (self.step + 1) / _WARM_UP, (_FLAT / (self.step + 1)) ** 0.5
        )
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        start = batch.start.contiguous(memory_format=torch.channels_last)
        maps, _ = self.net(start, batch.selection, batch.hidden, batch.tokens, batch.lengths)
        parts = losses(maps, batch)
        self.optimiser.zero_grad(set_to_none=True)
        total(parts).backward()
        norm = torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        if torch.isfinite(norm):
            self.optimiser.step()
        self.step += 1
        keep = min(_AVERAGE, (1 + self.step) / (10 + self.step))
        for name, value in self.net.state_dict().items():
            self.average[name].lerp_(value, 1 - keep)
        return {**{name: value.item() for name, value in parts.items()}, "gradient": float(norm)}


def train(
    run: Training,
    store: Store,
    say: Callable[[str], None],
    *,
    max_minutes: float | None = None,
    max_steps: int | None = None,
) -> None:
    """Trains until interrupted or told to end, saving every few minutes and at the end."""
    cv2.setNumThreads(1)
    feeder = Feeder(
        store,
        run.vocabulary,
        run.config.max_words,
        run.settings.size,
        run.settings.batch,
        run.settings.seed + run.step,
    )
    begun = saved = last = time.monotonic()
    before, sums, count = run.seconds, {}, 0
    run.net.train()
    try:
        while (max_minutes is None or time.monotonic() - begun < 60 * max_minutes) and (
            max_steps is None or run.step < max_steps
        ):
            for name, value in run.train_step(feeder).items():
                sums[name] = sums.get(name, 0.0) + value
            count += 1
            now = time.monotonic()
            run.seconds = before + now - begun
            if run.step % _LOG_EVERY == 0:
                line = {
                    "step": run.step,
                    "seconds": round(run.seconds),
                    "per_step": round((now - last) / count, 3),
                }
                line |= {name: round(value / count, 4) for name, value in sums.items()}
                run.folder.mkdir(parents=True, exist_ok=True)
                with (run.folder / LOG).open("a") as file:
                    file.write(json.dumps(line) + "\n")
                say("  ".join(f"{name} {value}" for name, value in line.items()))
                sums, count, last = {}, 0, now
            if now - saved > _SAVE_SECONDS:
                run.save()
                saved = now
    finally:
        feeder.close()
        run.save()
