"""Training of the finder: objects as they were cut out, and the parts of birds whose places are known."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nigdt.errors import NigdtError
from nigdt.files import write_atomically
from nigdt.model.finder import FINE_FINDER_SIZE, ObjectFinder
from nigdt.part_words import PARTS
from nigdt_training.match.backbone import pretrained_lite0
from nigdt_training.recolour.batches import Store
from nigdt_training.recolour.birds import fit_birds
from nigdt_training.recolour.captions import draw_colour
from nigdt_training.recolour.cutouts import Cutout
from nigdt_training.recolour.part_teacher import UNKNOWN
from nigdt_training.recolour.samples import framed, jittered
from nigdt_training.recolour.selections import draw_patch, draw_selection
from nigdt_training.recolour.tint import tinted

STATE = "finder.pt"
STEPS = 1300
"""Twenty-five times through the 414 birds with known parts that the data set has."""
_BATCH, _RATE, _TRUNK_RATE = 16, 1.5e-3, 3e-4
_AVERAGE = 0.995
_WARM_UP = 50
_LOG_EVERY = 25


@dataclass(frozen=True)
class FinderBatch:
    """Samples side by side.

    Attributes:
        rgb: (B, 3, S, S) in [-1, 1].
        selection: (B, 1, S, S) in 0..1, drawn as people do, around the object or through it.
        labels: (B, S / 4, S / 4) int64, parts as `Cutout.parts` has them, `UNKNOWN` where nobody told them.
        objects: (B, 1, S / 2, S / 2) in 0..1.
    """

    rgb: Tensor
    selection: Tensor
    labels: Tensor
    objects: Tensor


def finder_batch(cutouts: Sequence[Cutout], rng: np.random.Generator) -> FinderBatch:
    """Draw one sample of each, a third of them tinted, so that a second request finds its way too."""
    pictures, selections, labels, objects = [], [], [], []
    coarse, fine = ((FINE_FINDER_SIZE // stride,) * 2 for stride in (4, 2))
    for cutout in cutouts:
        lab, mask, parts = framed(cutout, FINE_FINDER_SIZE, rng)
        lab = jittered(lab, rng)
        if rng.random() < 0.35:
            place = mask * (draw_patch(lab, mask, rng) if rng.random() < 0.5 else rng.uniform(0.7, 1))
            lab = lab + place[..., None] * (tinted(lab, place, draw_colour(rng)) - lab)
        rgb = cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_Lab2RGB).clip(0, 1)
        pictures.append(2 * rgb.transpose(2, 0, 1) - 1)
        selections.append(draw_selection(mask, rng)[None])
        known = parts if cutout.places else np.full_like(parts, UNKNOWN)
        labels.append(cv2.resize(known, coarse, interpolation=cv2.INTER_NEAREST))
        objects.append(cv2.resize(mask, fine, interpolation=cv2.INTER_AREA)[None])
    return FinderBatch(
        torch.from_numpy(np.stack(pictures).astype(np.float32)),
        torch.from_numpy(np.stack(selections).astype(np.float32)),
        torch.from_numpy(np.stack(labels).astype(np.int64)),
        torch.from_numpy(np.stack(objects).astype(np.float32)),
    )


def part_loss(scores: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy, rare parts weighing more: by the root of how seldom they are. 0 if none is known."""
    known = labels[labels != UNKNOWN]
    if not known.numel():
        return scores.sum() * 0
    counts = torch.bincount(known, minlength=1 + len(PARTS)).float()
    weight = counts.clamp(min=1).rsqrt() * (counts > 0)
    return F.cross_entropy(scores, labels, weight / weight.max(), ignore_index=UNKNOWN)


def object_loss(scores: Tensor, batch: FinderBatch) -> Tensor:
    """Cross entropy of the object in the selection: beside it there may be others of its kind."""
    chosen = (F.interpolate(batch.selection, size=scores.shape[2:], mode="area") > 0).float()
    entropy = F.binary_cross_entropy_with_logits(scores, batch.objects, reduction="none") * chosen
    return (entropy.sum((1, 2, 3)) / chosen.sum((1, 2, 3)).clamp(min=1)).mean()


def train_finder(
    store: Store,
    folder: Path,
    say: Callable[[str], None],
    steps: int = STEPS,
    data: Path | None = None,
) -> None:
    """Train a finder from ImageNet weights; an interrupted training goes on where it was saved.

    Args:
        store: Cut-outs, some of them birds with known part places.
        folder: The run's folder, for its state.
        say: Told of progress.
        steps: How many in all.
        data: Photo folders from which it learns at the end to tell birds from other things
            (`nigdt_training.recolour.birds`), or None.

    Raises:
        NigdtError: There is nothing to learn from.
    """
    if not (store.plain or store.parted):
        raise NigdtError(
            f"{folder} holds no objects yet.", "Train the recolouring there first: it cuts them out."
        )
    torch.manual_seed(3)
    finder = _pretrained()
    average = {name: value.clone() for name, value in finder.state_dict().items()}
    optimiser = _optimiser(finder)
    rates = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, steps))
    step, state = 0, folder / STATE
    if state.is_file():
        saved = torch.load(state, weights_only=True)
        finder.load_state_dict(saved["net"])
        average, step = {name: saved["average"][name] for name in average}, saved["step"]
        optimiser.load_state_dict(saved["optimiser"])
        rates.load_state_dict(saved["rates"])
    rng = np.random.default_rng(step + 1)
    finder.train()
    finder.trunk.eval()  # the statistics of ImageNet are better than those of a few hundred birds
    sums, begun = np.zeros(2), time.monotonic()

    def save() -> None:
        kept = {"net": finder.state_dict(), "average": average, "step": step}
        kept |= {"optimiser": optimiser.state_dict(), "rates": rates.state_dict()}
        write_atomically(state, partial(torch.save, kept))

    try:
        while step < steps:
            batch = finder_batch([store.draw(rng) for _ in range(_BATCH)], rng)
            rgb = batch.rgb.contiguous(memory_format=torch.channels_last)
            scores = finder(rgb, batch.selection)
            parts, objects = part_loss(scores.parts, batch.labels), object_loss(scores.objects, batch)
            optimiser.zero_grad(set_to_none=True)
            (parts + objects).backward()
            torch.nn.utils.clip_grad_norm_(finder.parameters(), 1.0)
            optimiser.step()
            rates.step()
            step += 1
            keep = min(_AVERAGE, (1 + step) / (10 + step))
            for name, value in finder.state_dict().items():
                if value.is_floating_point():
                    average[name].lerp_(value, 1 - keep)
            sums += np.array([parts.item(), objects.item()])
            if step % _LOG_EVERY == 0:
                pace = (time.monotonic() - begun) / _LOG_EVERY
                part, object_ = sums / _LOG_EVERY
                say(f"step {step} of {steps}  part {part:.3f}  object {object_:.3f}  {pace:.2f} s/step")
                sums, begun = np.zeros(2), time.monotonic()
                if step % (8 * _LOG_EVERY) == 0:
                    save()
    finally:
        save()
    if data is not None:
        told = ObjectFinder(tells_birds=True, fine=True)
        told.load_state_dict(average, strict=False)
        fit_birds(told, data, say)
        average = told.state_dict()
        save()


def _pretrained() -> ObjectFinder:
    """Return a finder with ImageNet weights in its trunk."""
    finder = ObjectFinder(fine=True)
    trunk = pretrained_lite0().state_dict()
    finder.trunk.load_state_dict({name: trunk[name] for name in finder.trunk.state_dict()})
    return finder.to(memory_format=torch.channels_last)


def _optimiser(finder: ObjectFinder) -> torch.optim.AdamW:
    """Return an optimiser that moves the trunk less than what is new."""
    own = [p for name, p in finder.named_parameters() if not name.startswith("trunk.")]
    groups = [{"params": own, "lr": _RATE}, {"params": list(finder.trunk.parameters()), "lr": _TRUNK_RATE}]
    return torch.optim.AdamW(groups, weight_decay=0.02)


def _rate(step: int, steps: int) -> float:
    """Warm-up, then half a cosine down to a fiftieth, as a factor."""
    done = min(1.0, step / steps)
    return min(1.0, (step + 1) / _WARM_UP) * (0.51 + 0.49 * math.cos(math.pi * done))


def averaged_finder(folder: Path) -> ObjectFinder | None:
    """Return the finder with a run's averaged weights, or None if none was trained there."""
    if not (folder / STATE).is_file():
        return None
    weights = torch.load(folder / STATE, weights_only=True)["average"]
    finder = ObjectFinder("bird.weight" in weights, any(name.startswith("fine.") for name in weights))
    finder.load_state_dict(weights)
    return finder.eval().requires_grad_(False)
