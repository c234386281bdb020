"""Fine-tuning a bundle on somebody's own captioned photos (`nigdt train photos`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nigdt.bundle.bundle import BundleInfo, find_bundle, user_bundles_folder, valid_name
from nigdt.bundle.cutouts import load_cut_outs, save_cut_outs
from nigdt.bundle.weights import load_model
from nigdt.bundle.writing import check_target, save_bundle, take_over_recolouring, write_sums
from nigdt.config import ModelConfig
from nigdt.errors import NigdtError
from nigdt.model.match import MatchNetwork
from nigdt.outlines import Outlines
from nigdt.showcase import add_picture
from nigdt.text import Vocabulary
from nigdt_training.checkpoint import read_facts
from nigdt_training.data.check import check_path, describe
from nigdt_training.inpaint.course import Course, Interrupted, untrained
from nigdt_training.inpaint.cross_validation import Gain, best_gain, splits
from nigdt_training.inpaint.own_cutouts import cutter_of
from nigdt_training.inpaint.session import Machine
from nigdt_training.inpaint.subject import Subject, clear_first, find_subject, finder_of
from nigdt_training.match.stage import (
    USEFUL_MATCH,
    load_match_network,
    match_is_trained,
    train_match,
)
from nigdt_training.memory import report_out_of_memory
from nigdt_training.pools import open_pools
from nigdt_training.run import Run
from nigdt_training.samples import Pool
from nigdt_training.settings import MATCH_BATCH, MatchSettings, TrainSettings, settings_from

MINIMUM_PHOTOS = 8
FEW = 100
"""Fewer photos than this are measured on in turns, two thirds of them, and are too few for match networks."""
PATIENCE = 5
"""Validations without gain after which a training ends."""
EPOCHS, LEAST_STEPS = 25, 100
"""Passes over the photos, and steps where photos are few; measured: docs/training.md."""
SUBJECT_EPOCHS = 40
"""Passes over photos of one subject, whose pattern is new to the model and is not kept as a picture."""
SUBJECT_MASKS = {"centre": 0.5, "rectangle": 0.5, "irregular": 0.3, "object": 2.5, "outline": 2.5}
"""Holes for photos of one subject, which is to be drawn into its outlines."""
MATCH_FILE = "match.safetensors"
MATCH_STEPS = 300


@dataclass(frozen=True)
class OwnPhotos:
    """What the user asked for.

    Attributes:
        path: The photos.
        name: Name of the new bundle.
        caches: Folder of decoded photos.
        bundle: Bundle to start from.
        steps: Steps at most.
        resume: Go on with the last run of this name.
        runs: Folder of run folders.
        device: Fabric's accelerator.
        json_progress: Progress as JSON lines.
        output: Bundle folder; None = the user's bundles.
    """

    path: Path
    name: str
    caches: Path
    bundle: str = "default"
    steps: int = 2000
    resume: bool = False
    runs: Path = Path("runs")
    device: str = "auto"
    json_progress: bool = False
    output: Path | None = None


@report_out_of_memory()
def train_own_photos(request: OwnPhotos, say: Callable[..., None]) -> Path:
    """Check, measure what training brings on photos not learnt from, then learn from all and save.

    Interrupted at any moment, it goes on with `resume` and ends with the same weights.

    Args:
        request: What to do.
        say: Told a line at a time; for programs also with keyword facts (step, steps, eta_s, sheet...).

    Returns:
        The bundle's folder.

    Raises:
        NigdtError: The name is no name, something else than a bundle is where it is to go, the photos are too
            few or bring nothing (no bundle is written then), it was interrupted, or anything training raises.
    """
    try:
        return _train(request, say)
    except KeyboardInterrupt:
        raise _interrupted(request, "before the first step") from None
    except Interrupted as where:
        raise _interrupted(request, str(where)) from None


def _train(request: OwnPhotos, say: Callable[..., None]) -> Path:
    if not valid_name(request.name):
        raise NigdtError(
            f"A model cannot be called {request.name!r}.", hint="Use letters, digits, dot, dash."
        )
    folder = request.output or user_bundles_folder() / request.name
    check_target(folder)
    report = check_path(request.path)
    say(describe(report), usable=len(report.usable), skipped=len(report.problems))
    if len(report.usable) < MINIMUM_PHOTOS:
        raise NigdtError(
            f"{len(report.usable)} usable photos are too few.", hint=f"At least {MINIMUM_PHOTOS} are needed."
        )
    info = find_bundle(request.bundle)
    old = _interrupted_run(request) if request.resume else None
    settings = own_settings(request, info.config, len(report.usable)) if old is None else old.settings
    finder = finder_of(info)
    (everything,), _ = open_pools(settings, Path(), request.caches, say, report, finder)
    subject = None if finder is None else _subject(info, everything, say)
    run = old or Run.create(request.runs, request.name, with_subject(request, settings, subject))
    fabric = Machine(request.device).fabric(run.settings.precision)
    few = len(everything.photos) < FEW
    parts = splits(everything, 3, used=2) if few else splits(everything, 5, used=1)
    if subject is not None:  # what it learns to draw is seen in photos that show it
        parts = [(training, clear_first(validation)[0]) for training, validation in parts]
    if few:
        say(f"Measuring the gain {len(parts)} times: on some photos, after training on the others.")
    else:
        say(f"Measuring the gain on {len(parts[0][1].photos)} photos that are kept out of training.")
    course = Course(info, fabric, len(parts) + 1, run.settings.steps, PATIENCE, 4 if few else 2, say, subject)
    measured = []
    for number, (training, validation) in enumerate(parts):
        part = Run.within(run.folder / f"part-{number + 1}", run.settings)
        match = None
        if not few and run.settings.loss.match > 0:
            match = _match_networks(part, course, training, validation)
        course.measure(part, number, training, validation, match)
        measured.append(part)
    gain = best_gain(measured)
    _tell_gain(gain, say)
    shown = () if subject is None else subject.cut_outs
    if gain.certain:
        say(f"Training on all {len(everything.photos)} photos for {gain.step} steps.")
        whole = Run.within(run.folder / "whole", replace(run.settings, steps=gain.step))
        model, vocabulary = course.learn(whole, len(parts), everything, match)
        _clean(run, measured, say)
    else:
        _clean(run, measured, say)
        run.retire("no-gain")
        if subject is None or not shown:
            raise NigdtError(
                f"Training on photos like these {gain.photos} brings no certain gain "
                f"(texture {gain.texture:+.1%} +- {gain.error:.1%} nearer): nothing was saved.",
                hint=f"Go on using {info.name}, or add photos of the same kind.",
            )
        say(
            "Training brings no certain gain, so the network stays as it was. "
            "The model is saved all the same, with what the photos show clearly."
        )
        model, vocabulary = untrained(info, subject)
    summary = {
        "started_from": info.name,
        "steps": gain.step if gain.certain else 0,
        "photos": len(everything.photos),
        "match_loss": gain.certain and match is not None,
        "subject": [] if subject is None else list(subject.words),
        "cut_outs": len(shown),
        **_gain_facts(gain),
    }
    card = _card(request, gain, summary)
    save_bundle(folder, model, vocabulary, title=request.name, training=summary, card=card)
    take_over_recolouring(info, folder)
    kept = load_cut_outs(info) | {info.config.outlines + i: cut for i, cut in enumerate(shown)}
    if kept:
        save_cut_outs(folder, kept)
        write_sums(folder)
    add_picture(folder)
    say(f"Saved {folder}. Panel and GIMP show it as {folder.name}.", bundle=str(folder))
    return folder


def _tell_gain(gain: Gain, say: Callable[..., None]) -> None:
    say(
        f"On photos that it was not trained on: texture {gain.texture:.1%} +- {gain.error:.1%} nearer to the "
        f"photo's, with 95 % confidence at least {gain.at_least:.1%}; "
        f"nearer on {gain.better} of {gain.photos} photos; "
        f"PSNR {gain.before['psnr']:.2f} dB before, {gain.after['psnr']:.2f} dB after.",
        before=gain.before,
        after=gain.after,
        better=gain.better,
        photos=gain.photos,
        certain=gain.certain,
    )


def _gain_facts(gain: Gain) -> dict[str, Any]:
    """Return what a bundle says of the gain."""
    return {
        "measured_on": gain.photos,
        "better_on": gain.better,
        "before": gain.before,
        "after": gain.after,
        "gain_texture": gain.texture,
        "gain_error": gain.error,
        "gain_at_least": gain.at_least,
    }


def _interrupted(request: OwnPhotos, when: str) -> NigdtError:
    return NigdtError(
        f"Interrupted {when}.",
        hint=f"Go on with: nigdt train photos {request.path} --name {request.name} --resume",
    )


def _clean(run: Run, measured: Sequence[Run], say: Callable[..., None]) -> None:
    """Remove the checkpoints of what only measured, and say how large the run's folder is."""
    removed = 0
    for part in measured:
        for path in part.folder.glob("*.safetensors"):
            removed += path.stat().st_size
            path.unlink()
    size = sum(path.stat().st_size for path in run.folder.rglob("*") if path.is_file())
    freed = f"; {removed / 1e6:.0f} MB of checkpoints that only measured were removed" if removed else ""
    say(f"{run.folder}: {size / 1e6:.0f} MB{freed}")


def _match_networks(
    run: Run, course: Course, training: Pool, validation: Pool
) -> tuple[MatchNetwork, Vocabulary] | None:
    """Match networks that learnt these photos, or None if their captions are told apart by luck."""
    if not match_is_trained(run):
        start = course.info.folder / MATCH_FILE
        vocabulary = course.vocabulary(run, training)
        device, start_from = course.fabric.device, start if start.exists() else None
        train_match(
            run, [training], [validation], vocabulary, course.say, device=device, start_from=start_from
        )
    found = read_facts(run.match_checkpoint)["percentile"]
    if found < USEFUL_MATCH:
        course.say(
            f"The match networks rank a photo's own caption above {found:.0%} of the others, hardly better "
            "than chance (50 %). The model is trained without them."
        )
        return None
    return load_match_network(run.match_checkpoint)


def _interrupted_run(request: OwnPhotos) -> Run:
    old = sorted(request.runs.glob(f"{'[0-9]' * 5}-{request.name}")) if request.runs.exists() else []
    if not old:
        raise NigdtError(f"There is no interrupted training called {request.name} in {request.runs}.")
    return Run.open(old[-1])


def _subject(info: BundleInfo, photos: Pool, say: Callable[..., None]) -> Subject | None:
    """Find out what the photos show, and tell it."""
    model, vocabulary = load_model(info)
    known = Outlines.of(model, vocabulary)
    subject = None if known is None else find_subject(photos, known, cutter_of(info))
    if subject is not None:
        words, count = ", ".join(subject.words), len(subject.shapes)
        does = (
            f"The model will keep {count} of them, cut out, and show them: "
            "whoever gets it can see these pieces of the photos."
            if subject.cut_outs
            else f"The model will draw it in {count} outlines of theirs."
        )
        say(
            f"{subject.seen} photos show one thing clearly, which captions call: {words}. {does}",
            subject=list(subject.words),
            outlines=count,
            cut_outs=len(subject.cut_outs),
        )
    return subject


def with_subject(request: OwnPhotos, settings: TrainSettings, subject: Subject | None) -> TrainSettings:
    """Return settings for a model that gets outlines of what the photos show, and learns to fill them."""
    if subject is None:
        return settings
    if not subject.cut_outs:  # its pattern has to be learnt
        steps = min(request.steps, settings.steps * SUBJECT_EPOCHS // EPOCHS)
        settings = replace(settings, steps=steps, validate_every=max(25, steps // 4))
    outlines = settings.model.outlines + len(subject.shapes)
    return replace(settings, model=replace(settings.model, outlines=outlines), masks=dict(SUBJECT_MASKS))


def own_settings(request: OwnPhotos, config: ModelConfig, photos: int) -> TrainSettings:
    """Return settings like those that the default model's last phase was trained with, for few photos."""
    match = MatchSettings()
    epochs = MATCH_STEPS // -(-photos // MATCH_BATCH)
    config = config.with_changes(spectral_norm=False)
    steps = min(request.steps, max(LEAST_STEPS, EPOCHS * photos // 8))
    return settings_from(
        {
            "data": [{"path": str(request.path.resolve()), "validation": 0.0, "find_objects": True}],
            "model": config.to_dict(),
            "squares": "object",
            "batch": 8,
            "steps": steps,
            "learning_rate": 1.5e-4,
            "final_learning_rate": 0.3,
            "ema": 0.98,
            "validate_every": max(25, steps // 4),
            "precision": "32-true",  # the discriminators diverged in bfloat16
            "masks": {"centre": 1.5, "rectangle": 1.0, "irregular": 0.7, "object": 2.0, "outline": 1.0},
            "augmentation": {"crop": 0.7, "caption_dropout": 0.1},
            "clip": 1.0,
            "loss": {
                "adversary": "projected",
                "l1": 2.0,
                "squared": 0.0,
                "object_weight": 1.0,
                "hole_weight": 20.0,
                "kl": 1.0,
                "reconstruct_every": 4,
                "feature": 1.0,
                "adversarial": 0.06,
                "variety": 0.3,
                "match": 0.1,
                "match_every": 8,
            },
            "match": {"epochs": min(max(epochs, match.epochs // 2), 2 * match.epochs)},
        }
    )


def _card(request: OwnPhotos, gain: Gain, summary: dict[str, object]) -> str:
    before, after = gain.before, gain.after
    learnt = (
        f"Fine-tuned from `{summary['started_from']}` on {summary['photos']} photos of its owner, "
        f"{gain.step} steps."
        if gain.certain
        else f"The network of `{summary['started_from']}` as it was: fine-tuning it on {summary['photos']} "
        "photos of its owner brought no certain gain."
    )
    if summary["cut_outs"]:
        learnt += (
            f"\n\n**It holds {summary['cut_outs']} things cut out of these photos**, which it shows where "
            "they are asked for. Whoever gets this model can see them, so pass it on only with photos that "
            "you may pass on."
        )
    return (
        f"# {request.name}\n\n"
        f"{learnt}\n\n"
        f"| {gain.photos} photos not learnt from, all kinds of holes "
        "| texture distance | PSNR (dB) | l1 (0-255) |\n"
        "|---|---|---|---|\n"
        f"| before | {before['texture']:.3f} | {before['psnr']:.2f} | {before['l1']:.2f} |\n"
        f"| after | {after['texture']:.3f} | {after['psnr']:.2f} | {after['l1']:.2f} |\n\n"
        f"The texture came nearer by {gain.texture:.1%} +- {gain.error:.1%} (mean and standard error over "
        f"the photos), with 95 % confidence by at least {gain.at_least:.1%}, of models that learnt from "
        f"other photos and stopped where those did best{'; this one learnt from all' * gain.certain}.\n\n"
        "It knows what these photos show and little else, and it does not reach the photorealism of "
        "large diffusion models.\n"
    )
