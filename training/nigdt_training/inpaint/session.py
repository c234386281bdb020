"""A training run from settings to exported bundle: what the commands call."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments import LightningEnvironment, TorchElasticEnvironment

from nigdt.bundle.bundle import BundleInfo, read_bundle
from nigdt.bundle.weights import load_model
from nigdt.bundle.writing import save_bundle
from nigdt.errors import NigdtError
from nigdt.model import NIGDT
from nigdt.model.match import MatchNetwork
from nigdt.showcase import add_picture
from nigdt.text import Vocabulary
from nigdt_training.checkpoint import read_checkpoint, read_facts
from nigdt_training.inpaint.outlines import keep_outlines
from nigdt_training.inpaint.stage import InpaintTrainer
from nigdt_training.inpaint.weights import begin_with, begin_with_model
from nigdt_training.match.backbone import load_backbone
from nigdt_training.match.stage import load_match_network, match_is_trained, train_match
from nigdt_training.memory import report_out_of_memory
from nigdt_training.pools import build_vocabulary, open_pools
from nigdt_training.processes import ManualSyncDDP, any_rank
from nigdt_training.run import Run
from nigdt_training.samples import Pool
from nigdt_training.settings import TrainSettings, settings_from

Say = Callable[..., None]
_PATIENCE = timedelta(days=2)  # of the other processes, while one trains the match networks


@dataclass(frozen=True)
class Places:
    """Where a run finds and leaves things.

    Attributes:
        data: Folder that the settings' paths are relative to.
        runs: Folder of run folders.
        caches: Folder of decoded photos.
    """

    data: Path
    runs: Path
    caches: Path


@dataclass(frozen=True)
class Machine:
    """What a run computes on: Fabric's accelerator, devices per machine and machines."""

    accelerator: str = "auto"
    devices: int = 1
    nodes: int = 1

    @classmethod
    def found(cls, accelerator: str) -> Machine:
        """Return one process on this machine; under torchrun, what it started."""
        if not TorchElasticEnvironment.detect():
            return cls(accelerator)
        here = int(os.environ["LOCAL_WORLD_SIZE"])
        return cls(accelerator, here, int(os.environ["WORLD_SIZE"]) // here)

    def fabric(self, precision: str) -> Fabric:
        """Return Fabric, launched; several processes come from torchrun or are started here.

        Raises:
            NigdtError: The machine has no such device, not so many, or does not compute so precisely.
        """
        # Fabric would take a job of Slurm, or a login node's srun, for how it is to be launched.
        launched = TorchElasticEnvironment if TorchElasticEnvironment.detect() else LightningEnvironment
        try:
            fabric = Fabric(
                accelerator=self.accelerator,
                devices=self.devices,
                num_nodes=self.nodes,
                strategy=ManualSyncDDP(timeout=_PATIENCE) if self.devices * self.nodes > 1 else "auto",
                precision=self._precision(precision),  # type: ignore[arg-type]
                plugins=[launched()],
            )
        except (ValueError, RuntimeError) as error:
            raise NigdtError(
                f"Cannot train on device {self.accelerator!r} in precision {precision!r}: "
                f"{' '.join(str(error).split())}",
                hint="--device cpu with precision 32-true works everywhere",
            ) from error
        fabric.launch()
        if fabric.device.type == "cuda":
            # Match networks and validation compute in float32: as fast as the matrix units have it (TF32).
            torch.set_float32_matmul_precision("high")
        return fabric

    def _precision(self, wish: str) -> str:
        """Return bf16 for "auto" where there is hardware for it, else float32; any other wish as it is."""
        if wish != "auto":
            return wish
        if self.accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available():
            fast = torch.cuda.get_device_capability()[0] >= 8
        else:
            # Emulated on other processors it is slower than float32. The probe is not public.
            fast = self.accelerator in ("auto", "cpu") and bool(
                getattr(torch.cpu, "_is_avx512_bf16_supported", bool)()
            )
        return "bf16-mixed" if fast else "32-true"


def start_run(settings: TrainSettings, places: Places, name: str, fabric: Fabric) -> Run:
    """Return a new run folder, the same for all processes."""
    folder = str(Run.create(places.runs, name, settings).folder) if fabric.is_global_zero else ""
    return Run.open(Path(fabric.broadcast(folder)))


@report_out_of_memory()
def run_stages(
    run: Run,
    places: Places,
    fabric: Fabric,
    say: Say,
    *,
    stages: tuple[str, ...] = ("match", "inpaint"),
    start_from: Path | None = None,
    match_from: Path | None = None,
    deadline: float = math.inf,
) -> bool:
    """Train what is missing of a run; called again, it goes on where it stopped.

    Args:
        run: The run; its recovery checkpoint, if any, is continued.
        places: Data and caches.
        fabric: Device, precision, processes.
        say: Told one line at a time what happens.
        stages: Which of "match" and "inpaint" to run.
        start_from: Checkpoint of another run, or folder of a bundle, whose weights begin this one.
        match_from: Match networks of another run, instead of training them.
        deadline: Moment of the monotonic clock after which training ends with a checkpoint to go on from.

    Returns:
        False where it stopped before its last step, asked to or because its time was up.

    Raises:
        NigdtError: Data, files or losses are at fault; the message says which.
    """
    settings = run.settings
    wants_match = settings.loss.match > 0 or stages == ("match",)
    trains_match = "match" in stages and wants_match and match_from is None and not match_is_trained(run)
    if trains_match and fabric.is_global_zero:
        # Where it cannot be had, that is told before photos are read.
        load_backbone(settings.match.backbone, settings.match.size)
    with fabric.rank_zero_first(local=True):  # one process of each machine decodes the photos
        training, validation = open_pools(settings, places.data, places.caches, say)
    vocabulary = _vocabulary(
        run, training, start_from or (match_from if settings.frozen_text else None), fabric
    )
    say(
        f"{sum(len(pool.photos) for pool in training)} photos to learn from, "
        f"{sum(len(pool.photos) for pool in validation)} to measure on, {len(vocabulary)} words"
    )
    if trains_match:
        if not validation:
            raise NigdtError("The match networks need photos to measure on.", "Raise data.validation.")
        done = not fabric.is_global_zero or train_match(
            run, training, validation, vocabulary, say, device=fabric.device, deadline=deadline
        )
        if any_rank(fabric, not done)[0]:
            return False
    if "inpaint" not in stages:
        return True
    match: tuple[MatchNetwork, Vocabulary] | None = None
    if settings.loss.match > 0:
        match = load_match_network(match_from or run.match_checkpoint)
    trainer = InpaintTrainer(run, training, validation, vocabulary, match, fabric, say)
    if not trainer.resume() and start_from is not None:
        if start_from.is_dir():
            begin_with_model(trainer.networks, load_model(read_bundle(start_from))[0])
        else:
            begin_with(trainer.networks, read_checkpoint(start_from), vocabulary)
    keep_outlines(trainer.networks, training, vocabulary)
    trainer.deadline = deadline
    trainer.train()
    return not trainer.stop_requested or trainer.step == settings.steps


def _vocabulary(run: Run, training: list[Pool], start_from: Path | None, fabric: Fabric) -> Vocabulary:
    """Return the run's vocabulary, which the first process makes where there is none yet."""
    if fabric.is_global_zero and run.vocabulary() is None:
        if start_from is not None and start_from.is_dir():
            vocabulary = read_bundle(start_from).vocabulary()
        elif start_from is not None:
            vocabulary = Vocabulary(read_facts(start_from)["words"])
        else:
            vocabulary = build_vocabulary(training)
        run.save_vocabulary(vocabulary)
    fabric.barrier()  # for all, whoever found it there already
    found = run.vocabulary()
    assert found is not None
    return found


def export_run(run: Run, folder: Path, *, title: str) -> BundleInfo:
    """Export a run's averaged weights as a bundle, with a picture that the model drew.

    Args:
        run: A run with a checkpoint.
        folder: The bundle's folder; only a bundle that is there, or an empty folder, is replaced.
        title: One line for people.

    Raises:
        NigdtError: There is no checkpoint, or it does not fit.
    """
    path = run.last
    if not path.exists():
        raise NigdtError(f"{run.folder} has no checkpoint yet.", hint="Train first: nigdt train --resume")
    checkpoint = read_checkpoint(path)
    settings = settings_from(checkpoint.facts["settings"], recorded=True)
    vocabulary = Vocabulary(checkpoint.facts["words"])
    model = NIGDT(settings.model_config, len(vocabulary))
    model.load_state_dict(checkpoint.part("averaged"))
    summary = {
        "steps": checkpoint.facts["step"],
        "batch": settings.batch,
        "picture_size": settings.picture_size,
        "data": [Path(source.path).name for source in settings.data],
        "exported": time.strftime("%Y-%m-%d"),
    }
    info = save_bundle(folder, model, vocabulary, title=title, training=summary)
    return add_picture(info.folder)


def plan(settings: TrainSettings, places: Places, say: Say, match_from: Path | None = None) -> None:
    """Say what a run would do, without training (`--dry-run`).

    Raises:
        NigdtError: Photos or pretrained weights that it needs are not there.
    """
    training, validation = open_pools(settings, places.data, places.caches, say)
    vocabulary = build_vocabulary(training)
    config = settings.model_config
    with torch.device("meta"):
        model = NIGDT(config, len(vocabulary))
    parameters = sum(p.numel() for p in model.parameters()) / 1e6
    learn, measure = (sum(len(pool.photos) for pool in pools) for pools in (training, validation))
    say(f"photos: {learn} to learn from, {measure} to measure on; {len(vocabulary)} words")
    say(f"model: {parameters:.1f} M parameters at inference, {config.size} px")
    say(f"stage 1: {settings.match.epochs} epochs" if settings.loss.match > 0 else "stage 1: skipped")
    say(
        f"stage 2: {settings.steps} steps of {settings.batch}, that is {settings.steps * settings.batch} "
        f"pictures of {settings.picture_size} px"
    )
    if settings.loss.match > 0 and match_from is None:
        load_backbone(settings.match.backbone, settings.match.size)
