"""Training a comparison system on the same samples as the model, and reading it back."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from nigdt.errors import NigdtError
from nigdt_training.checkpoint import (
    Checkpoint,
    SaveTimes,
    load_strictly,
    optimiser_tensors,
    read_checkpoint,
    restore_optimiser,
    write_checkpoint,
)
from nigdt_training.comparison import CHECKPOINT
from nigdt_training.comparison.csa import CSA
from nigdt_training.comparison.model import ComparisonModel
from nigdt_training.comparison.picnet import PICNet
from nigdt_training.loader import Loader
from nigdt_training.memory import report_out_of_memory
from nigdt_training.pools import build_vocabulary, open_pools
from nigdt_training.run import Run
from nigdt_training.samples import Batch, SampleStream
from nigdt_training.settings import AugmentationSettings

MODELS: dict[str, type[PICNet] | type[CSA]] = {"picnet": PICNet, "csa": CSA}
PAPER_WIDTH = {"picnet": 32, "csa": 64}
ADAM = {"picnet": {"lr": 1e-4, "betas": (0.0, 0.999)}, "csa": {"lr": 2e-4, "betas": (0.5, 0.999)}}
"""Optimiser settings of the two papers."""
LOG_EVERY = 50
Say = Callable[[str], None]


class ComparisonTrainer:
    """Trains one comparison system; interrupted, it goes on from its checkpoint.

    Data, picture size, batch, masks, steps, seed and times come from the run's settings, so that the same
    file trains the model and what it is compared with. Captions and colour augmentation are left out: neither
    system reads text.
    """

    def __init__(
        self, run: Run, kind: str, width: int | None, data: Path, caches: Path, device: str, say: Say
    ) -> None:
        """Prepare networks, data and, where the run has one, the checkpoint.

        Args:
            run: Folder and settings.
            kind: "picnet" or "csa".
            width: Channels of the first layers; None goes on with the checkpoint's or takes the paper's.
            data: Folder that the settings' paths start from.
            caches: Folder of decoded photos.
            device: "cpu", "cuda", ....
            say: Told one line at a time what happens.

        Raises:
            NigdtError: No such system, or its checkpoint does not fit.
        """
        self.run, self.kind, self.device, self.say = run, kind, device, say
        before = read_checkpoint(self.checkpoint) if self.checkpoint.exists() else None
        kept = before.facts["width"] if before else PAPER_WIDTH[kind]
        self.width = width or kept
        settings = run.settings
        torch.manual_seed(settings.seed)
        self.model = build_comparison(kind, settings.picture_size, self.width).to(device)
        self.optimisers = [
            torch.optim.Adam(part.parameters(), **ADAM[kind])  # type: ignore[arg-type]
            for part in (self.model.generator, self.model.adversary)
        ]
        training, _ = open_pools(settings, data, caches, say)
        self.stream = SampleStream(
            training,
            build_vocabulary(training),
            size=settings.picture_size,
            max_words=settings.model_config.max_words,
            latent_shape=self.model.latent_shape(settings.picture_size) or (1, 1, 1),
            masks=settings.masks,
            augmentation=AugmentationSettings(crop=settings.augmentation.crop),
            seed=settings.seed,
            around_object=settings.squares == "object",
        )
        self.step = 0
        if before is not None:
            self._resume(before)

    @property
    def checkpoint(self) -> Path:
        """Where the run's comparison system lies."""
        return self.run.folder / CHECKPOINT

    @report_out_of_memory()
    def train(self) -> None:
        """Run to the settings' last step; leaves a checkpoint however it ends.

        Raises:
            NigdtError: A loss is not finite, or the disk is full.
        """
        settings, began, first, saving = self.run.settings, time.monotonic(), self.step, SaveTimes()
        if self.step == 0:
            self.save()  # the width is known from now on, however early it is killed
        loader = Loader(self.stream, torch.device(self.device), settings.batch)
        try:
            while self.step < settings.steps:
                numbers = range(self.step * settings.batch, (self.step + 1) * settings.batch)
                terms = self.one_step(loader.batch(numbers))
                self.step += 1
                values = {name: float(value) for name, value in terms.items()}
                if not all(np.isfinite(list(values.values()))):
                    raise NigdtError(
                        f"The losses are not finite at step {self.step}.",
                        "The last checkpoint is kept. Lower the batch or width.",
                    )
                if self.step % LOG_EVERY == 0 or self.step == settings.steps:
                    rate = (time.monotonic() - began) / (self.step - first)
                    self.run.log(self.step, self.kind, **values, seconds_per_step=rate)
                    left = (settings.steps - self.step) * rate / 60
                    self.say(f"step {self.step}/{settings.steps}: {rate:.2f} s/step, {left:.0f} min left")
                if saving.due():
                    with saving:
                        self.save()
        except KeyboardInterrupt:
            self.save()
            raise
        finally:
            loader.close()
        self.save()

    def one_step(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Train both sides once, each on the same pictures; return the losses by name."""
        self.model.train()
        optimiser_g, optimiser_d = self.optimisers
        drawn = self.model.draw(batch)
        adversary = self.model.adversary_losses(batch, drawn)
        optimiser_d.zero_grad()
        adversary.total.backward()
        optimiser_d.step()
        _freeze(self.model.adversary, True)
        losses = self.model.generator_losses(batch, drawn)
        optimiser_g.zero_grad()
        losses.total.backward()
        _freeze(self.model.adversary, False)
        optimiser_g.step()
        return losses.terms | adversary.terms

    def save(self) -> None:
        """Write the checkpoint atomically."""
        parts = {
            "model": self.model.state_dict(),
            "optimiser_g": optimiser_tensors(self.optimisers[0]),
            "optimiser_d": optimiser_tensors(self.optimisers[1]),
        }
        size = self.run.settings.picture_size
        facts = {"kind": self.kind, "width": self.width, "size": size, "step": self.step}
        write_checkpoint(self.checkpoint, parts, facts)

    def _resume(self, checkpoint: Checkpoint) -> None:
        if (checkpoint.facts["kind"], checkpoint.facts["width"]) != (self.kind, self.width):
            raise NigdtError(f"{self.checkpoint} holds another system or width.", "Start a new run.")
        load_strictly(self.model, checkpoint.part("model"), f"the weights in {self.checkpoint}")
        for optimiser, part in zip(self.optimisers, ("optimiser_g", "optimiser_d"), strict=True):
            restore_optimiser(optimiser, checkpoint.part(part))
        self.step = checkpoint.facts["step"]
        self.say(f"going on from step {self.step}")


def build_comparison(kind: str, size: int, width: int) -> ComparisonModel:
    """Return an untrained comparison system.

    Raises:
        NigdtError: There is none of that name.
    """
    if kind not in MODELS:
        raise NigdtError(f"There is no comparison system {kind!r}.", f"There are {', '.join(MODELS)}.")
    return MODELS[kind](size, width)


def load_comparison(path: Path, device: str = "cpu") -> tuple[ComparisonModel, str, int]:
    """Return a trained comparison system, ready to answer.

    Args:
        path: A run's folder, or the checkpoint in it.
        device: Where to put it.

    Returns:
        The system, its kind, and the side in pixels that it was trained at.

    Raises:
        NigdtError: The file is missing or broken.
    """
    path = path / CHECKPOINT if path.is_dir() else path
    checkpoint = read_checkpoint(path)
    kind, size = checkpoint.facts["kind"], checkpoint.facts["size"]
    model = build_comparison(kind, size, checkpoint.facts["width"])
    load_strictly(model, checkpoint.part("model"), f"the weights in {path}")
    return model.to(device).requires_grad_(False).eval(), kind, size


def _freeze(part: nn.Module, frozen: bool) -> None:
    part.requires_grad_(not frozen)
