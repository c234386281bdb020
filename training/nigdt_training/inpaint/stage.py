"""Stage 2: the loop around `train_step`, with schedule, averaging, validation, sheets and recovery."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from nigdt.errors import NigdtError
from nigdt.model import NIGDT
from nigdt.model.match import MatchNetwork
from nigdt.runtime import cpu_time
from nigdt.runtime.devices import is_out_of_memory
from nigdt.text import Vocabulary
from nigdt_training.checkpoint import SaveTimes, read_checkpoint, write_checkpoint
from nigdt_training.inpaint.step import Networks, train_step
from nigdt_training.inpaint.validation import Scores, Stopped, draw_sheet, samples_of, score, sheet_fills
from nigdt_training.inpaint.weights import parts_of, restore
from nigdt_training.loader import Loader
from nigdt_training.processes import any_rank, average_gradients, average_losses, processes_here
from nigdt_training.run import Run
from nigdt_training.samples import VALIDATION_SEED, Batch, Pool, SampleStream
from nigdt_training.settings import TrainSettings

LOG_EVERY = 50
"""Steps between lines of `metrics.jsonl`."""
Say = Callable[..., None]


class InpaintTrainer:
    """Stage 2 of one run.

    Args:
        run: Its folder and settings.
        training: Pools to learn from.
        validation: Pools to measure on.
        vocabulary: The run's.
        match: Match networks with their vocabulary, or None where L_T is off.
        fabric: Device, precision, processes.
        say: Told one line at a time what happens; progress also as keyword facts.
        holes: Holes that every photo of `validation` is measured with, of the kinds in `masks`; 0 is the
            centre hole alone, on 96 photos at most.
    """

    def __init__(
        self,
        run: Run,
        training: list[Pool],
        validation: list[Pool],
        vocabulary: Vocabulary,
        match: tuple[MatchNetwork, Vocabulary] | None,
        fabric: Fabric,
        say: Say,
        holes: int = 0,
    ) -> None:
        self.run, self.settings, self.vocabulary = run, run.settings, vocabulary
        self.fabric, self.say = fabric, say
        self.match = match
        if match is not None:
            match[0].to(fabric.device)
        self.networks = Networks(self.settings, vocabulary, fabric)
        if self.settings.frozen_text:
            self._freeze_text()
        self.holes = holes
        self.training = self._stream(training)
        self.validation = self._stream(validation, learn=False) if validation else None
        self.step = 0
        self.best = math.inf  # least texture distance that validation found
        self.micro = self.settings.batch  # pictures run at once, fewer where memory runs out
        self.stop_requested = False  # known to all processes
        self._asked = False  # by a signal to this one
        self.deadline = math.inf  # moment of the monotonic clock after which training ends
        self.patience = 0  # validations without gain after which training ends; 0 = never
        self.on_scores: Callable[[int, Scores], None] = lambda *_: None  # step and what validation found
        self.tell_seconds = math.inf  # progress is told at least so often, besides every `LOG_EVERY` steps
        self._before: list[torch.Tensor] | None = None  # what another model drew on the sheets' samples
        self._stale = 0
        self._validated = 0  # step of the last validation
        self._loader = Loader(self.training, fabric.device, self.settings.batch, processes_here(fabric))
        if self.settings.batch % fabric.world_size:
            raise NigdtError(f"Batch {self.settings.batch} does not divide by {fabric.world_size} processes.")

    def _stream(self, pools: list[Pool], *, learn: bool = True) -> SampleStream:
        settings, size = self.settings, self.settings.picture_size
        every_kind = learn or self.holes
        return SampleStream(
            pools,
            self.vocabulary,
            size=size,
            max_words=settings.model_config.max_words,
            latent_shape=self.networks.plain.model.latent_shape(size, size),
            masks=settings.masks if every_kind else {"centre": 1.0},
            augmentation=settings.augmentation if learn else None,
            seed=settings.seed if learn else VALIDATION_SEED,
            around_object=settings.squares == "object",
            told=settings.model_config.told_channels,
        )

    def _freeze_text(self) -> None:
        assert self.match is not None
        network, words = self.match
        if words.words != self.vocabulary.words:
            raise NigdtError("The match networks whose text encoder is taken have another vocabulary.")
        self.networks.freeze_text(network.text_encoder)

    def _overfits(self) -> bool:
        return self.patience > 0 and self._stale >= self.patience

    def resume(self) -> bool:
        """Go on from the run's recovery checkpoint, if it has one.

        Raises:
            NigdtError: It is broken, or of another architecture or vocabulary.
        """
        if not self.run.last.exists():
            return False
        checkpoint = read_checkpoint(self.run.last)
        if checkpoint.facts["words"] != list(self.vocabulary.words):
            raise NigdtError(
                f"{self.run.folder} lacks the words that its checkpoint was trained with.",
                hint="Put back its vocabulary.json.",
            )
        restore(self.networks, checkpoint)
        self.step, self.best = checkpoint.facts["step"], checkpoint.facts["best"]
        self._stale = checkpoint.facts.get("stale", 0)
        self._validated = checkpoint.facts.get("validated", self.step)
        self.say(f"going on from step {self.step}")
        return True

    def save(self, path: Path) -> None:
        """Write a checkpoint from which training can go on exactly."""
        if not self.fabric.is_global_zero:
            return
        write_checkpoint(
            path,
            parts_of(self.networks),
            {
                "step": self.step,
                "best": self.best,
                "stale": self._stale,
                "validated": self._validated,
                "words": list(self.vocabulary.words),
                "settings": self.settings.to_dict(),
            },
        )

    def averaged_model(self) -> NIGDT:
        """Return a copy of the model with the averaged weights, in eval mode."""
        model = NIGDT(self.settings.model_config, len(self.vocabulary))
        model.load_state_dict(self.networks.averaged)
        return model.to(self.fabric.device).eval()

    def train(self) -> None:
        """Run to the last step, or until asked to stop; always leaves a recovery checkpoint.

        Raises:
            NigdtError: A loss is not finite (the last checkpoint is kept), or the disk is full.
        """
        settings, began, first = self.settings, time.monotonic(), self.step
        told, saving = time.monotonic(), SaveTimes()
        losses: dict[str, torch.Tensor] = {}  # the last value of each; some are not computed at every step
        with self._stop_signals(), closing(self._loader):
            if self._validation_due():  # it was given up when training was last asked to end
                self._validate()
            stopped = self._stops()
            if self._before is not None and not stopped:
                self._sheet()
            while self.step < settings.steps and not stopped and not self._overfits():
                losses |= self._one_step()
                self.step += 1
                now = time.monotonic()
                if self.step % LOG_EVERY == 0 or self.step == settings.steps:
                    told = now
                    self._report(losses, (now - began) / (self.step - first))
                elif self.step == first + 1 or now - told > self.tell_seconds:
                    told = now
                    self._tell(losses, (now - began) / (self.step - first))
                if self._validation_due():
                    self._validate()
                stopped = self._stops()
                if stopped:
                    break
                if self._sheet_due():
                    self._sheet()
                if saving.due():
                    with saving:
                        self.save(self.run.last)
        self.stop_requested |= self._asked
        self.save(self.run.last)
        self.say(f"stopped at step {self.step} of {settings.steps}; checkpoint {self.run.last}")

    def _stops(self) -> bool:
        """Return whether to end now: all processes after the same step, so that none waits for another."""
        if not self.stop_requested:
            too_late = time.monotonic() >= self.deadline
            (self.stop_requested,) = any_rank(self.fabric, self._asked or too_late)
        return self.stop_requested

    def _sheet_due(self) -> bool:
        return self.step % self.settings.validate_every == 0 or self.step == self.settings.steps

    def _validation_due(self) -> bool:
        return self._sheet_due() and self.step > self._validated

    def _one_step(self) -> dict[str, torch.Tensor]:
        settings, networks = self.settings, self.networks
        count = settings.batch // self.fabric.world_size
        start = self.step * settings.batch + self.fabric.global_rank * count
        torch.manual_seed((settings.seed << 32) + self.step)  # dropout repeats after a resume
        rate = settings.learning_rate * _schedule(self.step, settings)
        for optimiser in (networks.optimiser_g, networks.optimiser_d):
            for group in optimiser.param_groups:
                group["lr"] = rate
        networks.learn()
        batch = self._loader.batch(range(start, start + count))
        if networks.channels_last:
            batch.image = batch.image.contiguous(memory_format=torch.channels_last)
        logs = self._accumulate(batch)
        finite = bool(torch.stack([value.float() for value in logs.values()]).isfinite().all())
        if any_rank(self.fabric, not finite)[0]:
            bad = ", ".join(name for name, value in logs.items() if not torch.isfinite(value))
            raise NigdtError(
                f"The loss is not finite at step {self.step} ({bad or 'in another process'}).",
                hint="The last checkpoint is kept: lower the learning rate and go on with --resume",
            )
        average_gradients(self.fabric, networks.plain)
        average_gradients(self.fabric, networks.plain_d)
        if settings.clip > 0:
            torch.nn.utils.clip_grad_norm_(networks.plain.parameters(), settings.clip)
        networks.optimiser_g.step()
        networks.optimiser_d.step()  # leaves alone what has no gradient
        networks.average(min(settings.ema, (1 + self.step) / (10 + self.step)))
        return logs

    def _accumulate(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Accumulate the batch's gradients, in micro-batches that are halved until memory allows them."""
        while True:
            self.networks.optimiser_g.zero_grad()
            self.networks.optimiser_d.zero_grad()
            try:
                return self._micro_batches(batch)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
            # Out here nothing holds the tensors of what failed any longer, as the error's traceback does.
            if self.micro <= 1:
                raise NigdtError("Out of memory with one picture at a time.", "Lower size or the widths.")
            self.micro = max(1, min(self.micro, len(batch)) // 2)
            self.say(f"out of memory: going on with micro-batches of {self.micro}")
            if self.fabric.device.type == "cuda":
                torch.cuda.empty_cache()

    def _micro_batches(self, batch: Batch) -> dict[str, torch.Tensor]:
        total: dict[str, torch.Tensor] = {}
        loss = self.settings.loss
        for start in range(0, len(batch), self.micro):
            part = batch.rows(start, start + self.micro)
            fraction = len(part) / len(batch)
            captions = None
            if self.match is not None and self.step % loss.match_every == 0:
                captions = self.training.match_captions(
                    part, self.step, loss.extra_negatives, self.match[1], self.settings.match.mask_same_class
                )
            logs = train_step(
                self.networks,
                part,
                self.step,
                self.settings,
                self.fabric,
                self.match[0] if self.match else None,
                captions,
                fraction=fraction,
            )
            for name, value in logs.items():
                total[name] = total.get(name, 0) + fraction * value
        return total

    def _report(self, losses: dict[str, torch.Tensor], seconds: float) -> None:
        logs = average_losses(self.fabric, losses)
        if not self.fabric.is_global_zero:
            return
        self.run.log(
            self.step, "inpaint", **logs, seconds_per_step=seconds, seconds_waited=self._loader.waited
        )
        self._tell(logs, seconds)

    def _tell(self, logs: Mapping[str, torch.Tensor | float], seconds: float) -> None:
        left, l1, psnr = (self.settings.steps - self.step) * seconds, float(logs["l1"]), float(logs["psnr"])
        self.say(
            f"step {self.step}/{self.settings.steps}  l1 {l1:.4f}, PSNR {psnr:.1f} dB  "
            f"{seconds:.2f} s/step, {left / 60:.0f} min left",
            step=self.step,
            steps=self.settings.steps,
            loss=l1,
            psnr=psnr,
            eta_s=round(left),
        )

    def _validate(self) -> None:
        if self.validation is None or not self.fabric.is_global_zero:
            return
        try:
            found = self.measure(self.averaged_model())
        except Stopped:
            return
        self._validated = self.step
        self.on_scores(self.step, found)
        scores = found.means()
        self.run.log(self.step, "validation", **scores)
        self.say("validation: " + ", ".join(f"{k} {v:.3f}" for k, v in scores.items()), **scores)
        self._stale += 1
        if scores["texture"] < self.best:
            self.best, self._stale = scores["texture"], 0
            self.save(self.run.best)

    def measure(self, model: NIGDT) -> Scores:
        """Return the scores of a model on the photos kept apart.

        Raises:
            Stopped: Training was asked to end meanwhile.
        """
        assert self.validation is not None
        count = samples_of(self.validation, self.holes)
        return score(model, self.validation, count, self.fabric.device, lambda: self._asked)

    @property
    def _sheet_streams(self) -> list[SampleStream]:
        return [self.training, *([self.validation] if self.validation is not None else [])]

    def remember_before(self, model: NIGDT) -> None:
        """Show on every sheet, the first before the first step, what a model draws without training."""
        if self.fabric.is_global_zero:
            model = model.to(self.fabric.device).eval()
            self._before = sheet_fills(model, self._sheet_streams, self.fabric.device)

    def _sheet(self) -> None:
        if not self.fabric.is_global_zero:
            return
        picture = draw_sheet(self.averaged_model(), self._sheet_streams, self.fabric.device, self._before)
        path = self.run.save_sheet(self.step, picture)
        self.say(f"sample sheet {path}", sheet=str(path))

    @contextmanager
    def _stop_signals(self) -> Any:
        """Let Ctrl-C, SIGTERM and the end of the CPU time end training after the step, with a checkpoint."""

        def ask(*_: object) -> None:
            self._asked = True

        asking = filter(None, (signal.SIGINT, signal.SIGTERM, cpu_time.SIGNAL))
        before = {sig: signal.signal(sig, ask) for sig in asking}
        try:
            yield
        finally:
            for sig, handler in before.items():
                signal.signal(sig, handler)


def _schedule(step: int, settings: TrainSettings) -> float:
    """Return the learning-rate factor: linear warm-up, then a cosine to `final_learning_rate`."""
    if step < settings.warmup:
        return (step + 1) / settings.warmup
    progress = (step - settings.warmup) / max(1, settings.steps - settings.warmup)
    low = settings.final_learning_rate
    return low + (1 - low) * (1 + math.cos(math.pi * progress)) / 2
