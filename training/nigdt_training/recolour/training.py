"""The training loop of the recolouring network: resumable, stops when told, keeps averaged weights."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import torch
from torch import nn

from nigdt.bundle.bundle import read_bundle
from nigdt.bundle.recolour import save_recolour
from nigdt.bundle.writing import write_sums
from nigdt.errors import NigdtError
from nigdt.files import write_atomically
from nigdt.model.finder import ObjectFinder
from nigdt.model.reader import CaptionReader
from nigdt.model.recolour import RecolourConfig, RecolourNet
from nigdt.text import Vocabulary
from nigdt_training.recolour.batches import Feeder, Store
from nigdt_training.recolour.captions import vocabulary_words
from nigdt_training.recolour.cutouts import folders_below, held_out, prepare
from nigdt_training.recolour.finder import averaged_finder
from nigdt_training.recolour.losses import losses, total
from nigdt_training.recolour.part_teacher import PartTeacher, attention_loss
from nigdt_training.recolour.reader import trained_reader

STATE, VOCABULARY, LOG, STORE = "state.pt", "vocabulary.json", "log.jsonl", "cutouts"
_AVERAGE = 0.998
_LEAST_COUNT = 6
"""Captions that must use a word for it to be learnt."""
_WARM_UP, _FLAT = 200, 3000
_SAVE_SECONDS = 240
_LOG_EVERY = 50


@dataclass(frozen=True)
class RecolourSettings:
    """Settings of a run.

    Attributes:
        size: Side in pixels of the training squares at first, where colours and rough places are learnt.
        fine_size: The side afterwards, for thin parts and edges.
        fine_from: The step at which squares become finer.
        batch: Samples of a step.
        learning_rate: Adam's, held until step 3000, then falling with the root of the step.
        seed: Of weights and samples.
    """

    size: int = 96
    fine_size: int = 128
    fine_from: int = 2500
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
            self.net.parameters(), lr=settings.learning_rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True
        )
        self.teacher = PartTeacher(self.net)
        self.teacher_optimiser = torch.optim.AdamW(self.teacher.parameters(), lr=settings.learning_rate)
        self.step = 0
        self.seconds = 0.0

    @classmethod
    def open(cls, folder: Path, settings: RecolourSettings) -> Training:
        """Return a run as it was last saved.

        Raises:
            NigdtError: There is none in the folder.
        """
        if not (folder / STATE).is_file():
            raise NigdtError(
                f"{folder} holds no training of the recolouring network.", "Name a --run that does."
            )
        state = torch.load(folder / STATE, weights_only=True)
        run = cls(
            folder, settings, RecolourConfig.from_dict(state["config"]), Vocabulary.load(folder / VOCABULARY)
        )
        run.net.load_state_dict(state["net"])
        run.average = state["average"]
        run.optimiser.load_state_dict(state["optimiser"])
        if "teacher" in state:
            run.teacher.load_state_dict(state["teacher"])
        run.step, run.seconds = state["step"], state["seconds"]
        return run

    def save(self) -> None:
        """Write the state, all or nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.vocabulary.save(self.folder / VOCABULARY)
        state = {
            "config": self.config.to_dict(),
            "net": self.net.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "teacher": self.teacher.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }
        write_atomically(self.folder / STATE, partial(torch.save, state))

    def averaged(self) -> RecolourNet:
        """Return a copy with the averaged weights, ready to use."""
        net = RecolourNet(self.config, len(self.vocabulary))
        net.load_state_dict(self.average)
        return net.requires_grad_(False).eval()

    def feeder(self, store: Store) -> Feeder:
        """Batches of the size that the step asks for; other ones after every resumption."""
        s = self.settings
        size = s.size if self.step < s.fine_from else s.fine_size
        return Feeder(store, self.vocabulary, self.config.max_words, size, s.batch, s.seed + self.step)

    def train_step(self, feeder: Feeder) -> dict[str, float]:
        """One step; returns its losses."""
        batch = feeder.next()
        rate = self.settings.learning_rate * min(
            1.0, (self.step + 1) / _WARM_UP, (_FLAT / (self.step + 1)) ** 0.5
        )
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        start = batch.start.contiguous(memory_format=torch.channels_last)
        maps, betas = self.net(start, batch.selection, batch.hidden, batch.tokens, batch.lengths)
        parts = losses(maps, batch) | {
            "part": self.teacher.loss(batch.labels),
            "attention": attention_loss(betas, batch.labels, batch.named),
        }
        self.optimiser.zero_grad(set_to_none=True)
        self.teacher_optimiser.zero_grad(set_to_none=True)
        total(parts).backward()
        norm = torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        if torch.isfinite(norm):
            self.optimiser.step()
            self.teacher_optimiser.step()
        self.step += 1
        keep = min(_AVERAGE, (1 + self.step) / (10 + self.step))
        for name, value in self.net.state_dict().items():
            self.average[name].lerp_(value, 1 - keep)
        return {**{name: value.item() for name, value in parts.items()}, "gradient": float(norm)}


def known_words(data: Path) -> Vocabulary:
    """Return the words of the photos' captions that are not rare, and all of the training's own captions."""
    captions = []
    for folder in folders_below(data).values():
        for line in (folder / "metadata.jsonl").read_text("utf-8").rstrip("\n").split("\n"):
            record = json.loads(line)
            if not held_out(folder.name, record):
                captions += record["text"]
    return Vocabulary.from_captions(captions, minimum=_LEAST_COUNT, always=vocabulary_words())


def train_recolour(data: Path, folder: Path, say: Callable[[str], None], *, max_minutes: float | None) -> int:
    """Start a run, or go on with the one in the folder; photos are cut up beside it while there are new ones.

    Args:
        data: Folder of captioned photo folders (`nigdt_training.recolour.cutouts.prepare`).
        folder: The run's folder.
        say: Told of progress.
        max_minutes: Stop after so many minutes.

    Returns:
        The step that was reached.

    Raises:
        NigdtError: The photos show no object.
    """
    torch.set_num_threads(1)
    settings = RecolourSettings()
    run = (
        Training.open(folder, settings)
        if (folder / STATE).exists()
        else Training(folder, settings, RecolourConfig(), known_words(data))
    )
    cutter = multiprocessing.get_context("spawn").Process(
        target=prepare, args=(data, folder / STORE, say), daemon=True
    )
    cutter.start()
    try:
        store = Store(folder / STORE)
        while not store.refresh():
            if not cutter.is_alive():
                raise NigdtError(f"No object could be cut out of the photos in {data}.", "Add more photos.")
            time.sleep(1)
        train(run, store, say, max_minutes=max_minutes)
    finally:
        cutter.terminate()
        cutter.join()
    return run.step


def export_recolour(folder: Path, bundle: Path) -> None:
    """Put a run's averaged weights into a bundle, with its finder and reader if there are; renew the sums.

    Raises:
        NigdtError: There is no run or no bundle, or the weights cannot be written.
    """
    read_bundle(bundle)
    run = Training.open(folder, RecolourSettings())
    net = run.averaged()
    training = {
        "steps": run.step,
        "hours": round(run.seconds / 3600, 2),
        "batch": run.settings.batch,
        "size": run.settings.size,
    }
    finder, reader = averaged_finder(folder), trained_reader(folder)
    if finder is not None:
        net = with_finder(net, finder)
    if reader is not None:
        net = with_reader(net, reader)
    save_recolour(bundle, net, run.vocabulary, training)
    write_sums(bundle)


def with_finder(net: RecolourNet, finder: ObjectFinder) -> RecolourNet:
    """Return a recolouring network with the same weights and a finder."""
    config = replace(
        net.config, finds=True, tells_birds=finder.bird is not None, finds_finely=finder.fine is not None
    )
    return _grown(net, "finder", finder, config)


def with_reader(net: RecolourNet, reader: CaptionReader) -> RecolourNet:
    """Return a recolouring network with the same weights and a reader of captions."""
    return _grown(net, "reader", reader, replace(net.config, reads=reader.vocabulary.words))


def _grown(net: RecolourNet, name: str, part: nn.Module, config: RecolourConfig) -> RecolourNet:
    """Return a network with the same weights, and one more part that a configuration has."""
    both = RecolourNet(config, net.text.embedding.num_embeddings - 1)
    both.load_state_dict(net.state_dict(), strict=False)
    both.get_submodule(name).load_state_dict(part.state_dict())
    return both.requires_grad_(False).eval()


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
    feeder = run.feeder(store)
    begun = saved = last = time.monotonic()
    before, sums, count = run.seconds, dict[str, float](), 0
    run.net.train()
    try:
        while (max_minutes is None or time.monotonic() - begun < 60 * max_minutes) and (
            max_steps is None or run.step < max_steps
        ):
            if run.step == run.settings.fine_from:
                feeder.close()
                feeder = run.feeder(store)
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
