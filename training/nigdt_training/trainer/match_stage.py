"""Stage 1: the match networks D3 and D4 on frozen backbone features."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nigdt.errors import NigdtError
from nigdt.model.match import MatchNetwork, match_loss
from nigdt.text import Vocabulary
from nigdt_training.evaluation.retrieval import first_among
from nigdt_training.trainer.backbone import load_backbone
from nigdt_training.trainer.checkpoint import load_strictly, read_checkpoint, write_checkpoint
from nigdt_training.trainer.run import Run
from nigdt_training.trainer.samples import Pool, encode_captions
from nigdt_training.trainer.settings import MatchSettings


def build_match_network(settings: MatchSettings, vocabulary_size: int) -> MatchNetwork:
    """The match networks with a frozen, pretrained backbone and fresh projections."""
    backbone = load_backbone(settings.backbone, settings.size)
    network: Any = backbone.network
    return MatchNetwork(
        backbone,
        network.region_channels,
        network.global_channels,
        vocabulary_size,
        channels=settings.channels,
        embedding=settings.embedding,
    )


def save_match_network(
    path: Path, network: MatchNetwork, settings: MatchSettings, vocabulary: Vocabulary, **facts: Any
) -> None:
    """Write the trained part (not the backbone) with what is needed to use it."""
    state = {key: value for key, value in network.state_dict().items() if not key.startswith("backbone.")}
    write_checkpoint(
        path, {"match": state}, {"settings": asdict(settings), "words": list(vocabulary.words), **facts}
    )


def load_match_network(path: Path) -> tuple[MatchNetwork, Vocabulary]:
    """Read what ``save_match_network`` wrote, ready to score.

    Raises:
        NigdtError: The file is missing or broken, or the backbone cannot be had.
    """
    checkpoint = read_checkpoint(path)
    vocabulary = Vocabulary(checkpoint.facts["words"])
    network = build_match_network(MatchSettings(**checkpoint.facts["settings"]), len(vocabulary))
    state = {f"backbone.{k}": v for k, v in network.backbone.state_dict().items()}  # type: ignore[attr-defined]
    load_strictly(network, {**state, **checkpoint.part("match")}, f"the weights in {path}")
    return network.eval().requires_grad_(False), vocabulary


def photo_tensor(photo: np.ndarray, size: int) -> Tensor:
    """A cached frame (H, W, 3) uint8 as its central square, (3, size, size) in [-1, 1]."""
    import cv2

    side = min(photo.shape[:2])
    top, left = (photo.shape[0] - side) // 2, (photo.shape[1] - side) // 2
    square = photo[top : top + side, left : left + side]
    square = cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(square).permute(2, 0, 1).float() / 127.5 - 1


@torch.inference_mode()
def backbone_features(
    network: MatchNetwork, pools: Sequence[Pool], size: int, say: Callable[[str], None]
) -> tuple[Tensor, Tensor]:
    """Regions (N, R, h, w) and global vectors (N, G) of every photo of the pools, half precision."""
    regions, wholes = [], []
    jobs = [(pool, int(i)) for pool in pools for i in pool.photos]
    last = time.monotonic()
    for start in range(0, len(jobs), 16):
        chunk = jobs[start : start + 16]
        images = torch.stack([photo_tensor(pool.cache.photo(i), size) for pool, i in chunk])
        region, whole = network.backbone(images)
        regions.append(region.half())
        wholes.append(whole.half())
        if time.monotonic() - last > 15:
            last = time.monotonic()
            say(f"features of {start + len(chunk)} of {len(jobs)} photos")
    return torch.cat(regions), torch.cat(wholes)


def train_match(
    run: Run,
    training: Sequence[Pool],
    validation: Sequence[Pool],
    vocabulary: Vocabulary,
    say: Callable[[str], None],
) -> Path:
    """Train stage 1 and write ``match.safetensors``, the epoch of the best R-precision.

    Raises:
        NigdtError: The loss is not finite, the backbone is missing, or a file cannot be written.
    """
    settings, seed = run.settings.match, run.settings.seed
    torch.manual_seed(seed)
    network = build_match_network(settings, len(vocabulary))
    train_features = backbone_features(network, training, settings.size, say)
    valid_features = backbone_features(network, validation, settings.size, say)
    train_captions = [pool.cache.captions(int(i)) for pool in training for i in pool.photos]
    valid_captions = [pool.cache.captions(int(i)) for pool in validation for i in pool.photos]
    valid_species = [pool.cache.species(int(i)) for pool in validation for i in pool.photos]
    parameters = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.Adam(parameters, settings.learning_rate, betas=(0.5, 0.999))
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, settings.decay)
    best, step = -1.0, 0
    for epoch in range(settings.epochs):
        network.train()
        random = np.random.default_rng([seed, 3, epoch])
        order, losses = random.permutation(len(train_captions)), []
        for start in range(0, len(order) - 1, settings.batch):
            rows = order[start : start + settings.batch]
            captions = [train_captions[i][int(random.integers(len(train_captions[i])))] for i in rows]
            text = network.text_encoder(*encode_captions(captions, vocabulary))
            index = torch.from_numpy(rows)
            images = network.project(train_features[0][index].float(), train_features[1][index].float())
            loss = match_loss(network.scores(*images, text), index)
            if not torch.isfinite(loss):
                raise NigdtError(
                    f"the match loss is {loss.item()} at step {step}", hint="lower match.learning_rate"
                )
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, settings.clip)
            optimiser.step()
            losses.append(loss.item())
            step += 1
        schedule.step()
        precision = r_precision(network, valid_features, valid_captions, valid_species, vocabulary, seed)
        run.log(step, "match", loss=float(np.mean(losses)), r_precision=precision)
        loss_text = f"loss {np.mean(losses):.3f}, R-precision {precision:.1%}"
        say(f"match epoch {epoch + 1}/{settings.epochs}: {loss_text}")
        if precision > best:
            best = precision
            save_match_network(
                run.match_checkpoint, network, settings, vocabulary, epoch=epoch + 1, r_precision=precision
            )
    return run.match_checkpoint


@torch.inference_mode()
def r_precision(
    network: MatchNetwork,
    features: tuple[Tensor, Tensor],
    captions: Sequence[Sequence[str]],
    species: Sequence[str | None],
    vocabulary: Vocabulary,
    seed: int,
    limit: int = 300,
) -> float:
    """Chance that a photo's own caption scores above 99 captions of other photos (1 % by guessing).

    As in ``evaluation.retrieval``, captions of photos of the same species do not compete.

    Args:
        network: Scores by the sum of word and sentence similarity.
        features: Backbone features of the photos, as from ``backbone_features``.
        captions: Captions of each photo.
        species: What each photo shows, or None.
        vocabulary: The network's.
        seed: Draws photos and captions.
        limit: Photos measured at most.
    """
    network.eval()
    random = np.random.default_rng([seed, 4])
    photos = random.permutation(len(captions))[:limit]
    if len(photos) < 2:
        return 0.0
    chosen = [captions[i][int(random.integers(len(captions[i])))] for i in photos]
    text = network.text_encoder(*encode_captions(chosen, vocabulary))
    index = torch.from_numpy(photos)
    images = network.project(features[0][index].float(), features[1][index].float())
    scores = network.scores(*images, text)
    total = (scores.words + scores.sentences).numpy()
    found = []
    for row, i in enumerate(photos):
        rivals = [
            column
            for column, j in enumerate(photos)
            if j != i and (species[i] is None or species[j] != species[i])
        ]
        if rivals:
            beaten = int((total[row, row] > total[row, rivals]).sum())
            found.append(first_among(beaten, len(rivals)))
    return float(np.mean(found)) if found else 0.0
