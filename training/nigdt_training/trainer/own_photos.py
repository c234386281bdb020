"""Fine-tuning a bundle on somebody's own captioned photos (`nigdt train photos`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import Tensor

from nigdt.bundle import find_bundle, save_bundle, user_bundles_folder, valid_name
from nigdt.errors import NigdtError
from nigdt.model import NIGDT
from nigdt.model.match import MatchNetwork
from nigdt.showcase import add_picture
from nigdt.text import Vocabulary, tokenise
from nigdt.weights import load_model
from nigdt_training.data.check import check_path, describe
from nigdt_training.trainer.checkpoint import read_facts
from nigdt_training.trainer.inpaint_stage import InpaintTrainer
from nigdt_training.trainer.match_stage import load_match_network, match_is_trained, train_match
from nigdt_training.trainer.pools import open_pools
from nigdt_training.trainer.run import Run
from nigdt_training.trainer.samples import Pool
from nigdt_training.trainer.session import Machine
from nigdt_training.trainer.settings import MatchSettings, TrainSettings, settings_from
from nigdt_training.trainer.validation import validate

MINIMUM_PHOTOS = 8
MATCH_FILE = "match.safetensors"
MATCH_STEPS = 300
USEFUL_MATCH = 0.6
"""Share of other captions that a photo's own one must beat on photos kept apart; luck is one half."""
TELL_SECONDS = 5.0
"""Somebody waits in front of a progress bar, and 50 steps can take minutes."""


@dataclass(frozen=True)
class OwnPhotos:
    """What the user asked for.

    Attributes:
        path: The photos.
        name: Name of the new bundle.
        caches: Folder of decoded photos.
        bundle: Bundle to start from.
        steps: Steps at most.
        patience: Stop after this many validations without gain.
        resume: Go on with the last run of this name.
        runs: Folder of run folders.
        device: Fabric's accelerator.
        json_progress: Progress as JSON lines.
        output: Bundle folder; None = the user's bundles.
        match_from: Match networks to start from; None = those beside the bundle, if any, else fresh ones.
    """

    path: Path
    name: str
    caches: Path
    bundle: str = "default"
    steps: int = 2000
    patience: int = 5
    resume: bool = False
    runs: Path = Path("runs")
    device: str = "auto"
    json_progress: bool = False
    output: Path | None = None
    match_from: Path | None = None


def train_own_photos(request: OwnPhotos, say: Callable[..., None]) -> Path:
    """Check, extend the vocabulary, fine-tune match networks and model, compare, save the bundle.

    Interrupted at any moment, it goes on with ``resume`` and ends with the same weights.

    Args:
        request: What to do.
        say: Told a line at a time; for programs also with keyword facts (step, steps, eta_s, sheet...).

    Returns:
        The bundle's folder.

    Raises:
        NigdtError: The name is no name, the photos are too few, it was interrupted, or anything training
            raises.
    """
    try:
        return _train(request, say)
    except KeyboardInterrupt:
        raise _interrupted(request, "before the first step") from None


def _train(request: OwnPhotos, say: Callable[..., None]) -> Path:
    if not valid_name(request.name):
        raise NigdtError(f"a model cannot be called {request.name!r}", hint="use letters, digits, dot, dash")
    report = check_path(request.path)
    say(describe(report))
    if len(report.usable) < MINIMUM_PHOTOS:
        raise NigdtError(
            f"{len(report.usable)} usable photos are too few", hint=f"at least {MINIMUM_PHOTOS} are needed"
        )
    info = find_bundle(request.bundle)
    model, known = load_model(info)
    run = _run_folder(request, model, len(report.usable))
    fabric = Machine(request.device).fabric(run.settings.precision)
    training, validation = open_pools(run.settings, Path(), request.caches, say)
    validation = validation or training  # with a handful of photos none is kept apart
    vocabulary = run.vocabulary()
    if vocabulary is None:
        vocabulary = known.extended(_words(training))
        run.save_vocabulary(vocabulary)
        say(f"{len(vocabulary) - len(known)} new words")
    extend_embedding(model, known, vocabulary)

    match = None
    if run.settings.loss.match > 0:
        start = request.match_from or info.folder / MATCH_FILE
        match = _match_networks(run, training, validation, vocabulary, fabric, start, say)
    trainer = InpaintTrainer(run, training, validation, vocabulary, match, fabric, say)
    trainer.patience = request.patience
    trainer.tell_seconds = TELL_SECONDS
    if not trainer.resume():
        trainer.start_from_model(model)
    assert trainer.validation is not None
    before = validate(model.to(fabric.device), trainer.validation, fabric.device)
    trainer.train()
    if trainer.step < request.steps and trainer.stop_requested:
        raise _interrupted(request, f"at step {trainer.step}")
    best = trainer.best_model()
    after = validate(best, trainer.validation, fabric.device)
    say(
        f"on photos kept apart: PSNR {before['psnr']:.2f} dB before, {after['psnr']:.2f} dB after; "
        f"l1 {before['l1']:.2f} before, {after['l1']:.2f} after",
        before=before,
        after=after,
    )
    if after["psnr"] <= before["psnr"]:
        say(f"that is no gain on centre holes: compare with {info.name}, and try more photos of one kind")
    folder = request.output or user_bundles_folder() / request.name
    summary = {
        "started_from": info.name,
        "steps": trainer.step,
        "photos": len(report.usable),
        "match_loss": match is not None,
        "before": before,
        "after": after,
    }
    save_bundle(
        folder, best.cpu(), vocabulary, title=request.name, training=summary, card=_card(request, summary)
    )
    add_picture(folder)
    run.close()
    say(f"saved {folder}; it shows up in panel and GIMP as {folder.name}", bundle=str(folder))
    return folder


def extend_embedding(model: NIGDT, old: Vocabulary, new: Vocabulary) -> None:
    """Give the model's word embedding rows for the words that ``new`` appends to ``old``.

    New rows are drawn with the spread of the old ones. Models without text are left alone.
    """
    if not model.config.use_text or len(new) == len(old):
        return
    if new.words[: len(old)] != old.words:
        raise NigdtError("the new vocabulary does not extend the old one")
    embedding = model.text_encoder.embedding
    weight: Tensor = embedding.weight.detach()
    spread = float(weight[1:].std())
    rows = torch.randn(len(new) - len(old), weight.shape[1], generator=torch.Generator().manual_seed(0))
    wider = torch.nn.Embedding(len(new) + 1, weight.shape[1], padding_idx=0)
    with torch.no_grad():
        wider.weight.copy_(torch.cat([weight.cpu(), rows * spread]))
    model.text_encoder.embedding = wider


def _interrupted(request: OwnPhotos, when: str) -> NigdtError:
    return NigdtError(
        f"interrupted {when}",
        hint=f"go on with: nigdt train photos {request.path} --name {request.name} --resume",
    )


def _match_networks(
    run: Run,
    training: list[Pool],
    validation: list[Pool],
    vocabulary: Vocabulary,
    fabric: Fabric,
    start: Path,
    say: Callable[..., None],
) -> tuple[MatchNetwork, Vocabulary] | None:
    """Match networks that learnt these photos, or None if their captions are told apart by luck."""
    if not match_is_trained(run):
        start_from = start if start.exists() else None
        train_match(run, training, validation, vocabulary, say, device=fabric.device, start_from=start_from)
    found = read_facts(run.match_checkpoint)["percentile"]
    if found < USEFUL_MATCH:
        say(
            f"the match networks put a photo's own caption above {found:.0%} of the others, which is hardly "
            "more than luck (50 %): going on without them"
        )
        return None
    return load_match_network(run.match_checkpoint)


def _words(pools: Iterable[Pool]) -> list[str]:
    captions = (caption for pool in pools for i in pool.photos for caption in pool.cache.captions(int(i)))
    return list(dict.fromkeys(word for caption in captions for word in tokenise(caption)))


def _run_folder(request: OwnPhotos, model: NIGDT, photos: int) -> Run:
    if request.resume:
        old = sorted(request.runs.glob(f"{'[0-9]' * 5}-{request.name}")) if request.runs.exists() else []
        if not old:
            raise NigdtError(f"there is no interrupted training called {request.name} in {request.runs}")
        return Run.open(old[-1])
    return Run.create(request.runs, request.name, own_settings(request, model, photos))


def own_settings(request: OwnPhotos, model: NIGDT, photos: int) -> TrainSettings:
    """Settings that adapt a trained model gently: low learning rate, no new discriminators."""
    match = MatchSettings()
    epochs = MATCH_STEPS // -(-photos // match.batch)
    config = model.config.with_changes(spectral_norm=False)
    return settings_from(
        {
            "data": [{"path": str(request.path.resolve()), "validation": 0.15}],
            "model": config.to_dict(),
            "batch": 8,
            "steps": request.steps,
            "learning_rate": 1e-4,
            "beta1": 0.5,
            "warmup": 50,
            "ema": 0.99,
            "validate_every": 100,
            "checkpoint_seconds": 60.0,
            "sheet_seconds": 120.0,
            "precision": "auto",
            "channels_last": True,
            "augmentation": {"caption_dropout": 0.05},
            # As the default model was trained, so that it is not pulled elsewhere.
            "loss": {
                "l1": 14.0,
                "squared": 2.0,
                "adversarial": 0.0,
                "feature": 0.0,
                "match": 0.1,
                "match_every": 8,
                "composite": True,
                "kl": 5.0,
                "hole_weight": 6.0,
            },
            "match": {"epochs": min(max(epochs, match.epochs // 2), 2 * match.epochs)},
        }
    )


def _card(request: OwnPhotos, summary: dict[str, object]) -> str:
    before, after = summary["before"], summary["after"]
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    return (
        f"# {request.name}\n\n"
        f"Fine-tuned from `{summary['started_from']}` on {summary['photos']} photos of its owner, "
        f"{summary['steps']} steps.\n\n"
        "| photos kept apart, centre masks | PSNR (dB) | l1 (0-255) |\n|---|---|---|\n"
        f"| before | {before['psnr']:.2f} | {before['l1']:.2f} |\n"
        f"| after | {after['psnr']:.2f} | {after['l1']:.2f} |\n\n"
        "It knows what these photos show and little else, and it does not reach the photorealism of "
        "large diffusion models.\n"
    )
