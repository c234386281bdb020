"""Stage 1: the match networks D3 and D4 on frozen backbone features."""

from __future__ import annotations

import contextlib
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nigdt.config import Cell
from nigdt.errors import NigdtError
from nigdt.model.match import MatchNetwork, match_loss
from nigdt.text import Vocabulary
from nigdt_training.checkpoint import (
    load_strictly,
    optimiser_tensors,
    read_checkpoint,
    restore_optimiser,
    write_checkpoint,
)
from nigdt_training.data.errors import BadSampleError
from nigdt_training.match.backbone import load_backbone
from nigdt_training.match.precision import Retrieval, first_among
from nigdt_training.match.views import photo_view
from nigdt_training.run import Run, writing
from nigdt_training.samples import Pool, encode_captions, negative_groups
from nigdt_training.settings import MATCH_BATCH, MatchSettings, TrainSettings

Say = Callable[..., None]
View = tuple[Pool, int, int]
"""A pool, a photo's number in it, and the number of the view of it."""
LEARNING_RATE, DECAY, CLIP = 2e-3, 0.98, 0.25
"""AttnGAN's: Adam's learning rate, its factor per epoch, and the gradient-norm limit."""
USEFUL_MATCH = 0.6
"""Fraction of other captions that a photo's own one must beat on photos kept apart; luck is one half."""
_MEASURED = 300  # photos that retrieval is measured on at most, all with all captions


def build_match_network(settings: MatchSettings, vocabulary_size: int, cell: Cell = "gru") -> MatchNetwork:
    """Return the match networks with a frozen, pretrained backbone and fresh projections."""
    backbone = load_backbone(settings.backbone, settings.size)
    network: Any = backbone.network
    return MatchNetwork(
        backbone,
        network.region_channels,
        network.global_channels,
        vocabulary_size,
        cell=cell,
    )


def save_match_network(
    path: Path, network: MatchNetwork, settings: MatchSettings, vocabulary: Vocabulary, **facts: Any
) -> None:
    """Write the trained part (not the backbone) with what is needed to use it."""
    write_checkpoint(
        path,
        {"match": _trained_part(network)},
        {"settings": asdict(settings), "words": list(vocabulary.words), **facts},
    )


def load_match_network(path: Path) -> tuple[MatchNetwork, Vocabulary]:
    """Read what `save_match_network` or `import_damsm` wrote, ready to score.

    Raises:
        NigdtError: The file is missing or broken, or the backbone cannot be had.
    """
    checkpoint = read_checkpoint(path)
    vocabulary = Vocabulary(checkpoint.facts["words"])
    facts = checkpoint.facts
    known = {item.name for item in fields(MatchSettings)}  # files of earlier versions have more
    settings = MatchSettings(**{key: value for key, value in facts["settings"].items() if key in known})
    network = build_match_network(settings, len(vocabulary), facts.get("cell", "gru"))
    state = {f"backbone.{k}": v for k, v in network.backbone.state_dict().items()}  # type: ignore[attr-defined]
    load_strictly(network, {**state, **checkpoint.part("match")}, f"the weights in {path}")
    return network.eval().requires_grad_(False), vocabulary


@torch.inference_mode()
def backbone_features(
    network: MatchNetwork,
    views: Sequence[View],
    settings: MatchSettings,
    around_object: bool,
    seed: int,
    say: Say,
    folder: Path,
) -> tuple[tuple[Tensor, Tensor], list[View]]:
    """Compute regions (N, R, h, w) and global vectors (N, G) of views of photos, in half precision.

    Photos that cannot be read are passed over. The results are computed on the network's device and written
    to files that are mapped into memory: the operating system keeps of them what fits. Without a name the
    files have vanished when the process ends.

    Args:
        network: Its backbone sees the photos.
        views: Pools, numbers in them and numbers of the views.
        settings: Size of the pictures.
        around_object: Cut them around the objects whose box is known.
        seed: Of the views.
        say: Told every quarter of a minute how far it is.
        folder: Where the files are.

    Returns:
        The features, and the N views that they are of.

    Raises:
        NigdtError: The disk is full, or not one photo can be read.
    """
    device = network.global_projection.weight.device
    last = time.monotonic()
    with (
        writing(folder),
        tempfile.TemporaryFile(dir=folder) as regions,
        tempfile.TemporaryFile(dir=folder) as wholes,
    ):
        shapes: tuple[tuple[int, ...], ...] = ()
        read: list[View] = []
        for start in range(0, len(views), 16):
            chunk = views[start : start + 16]
            seen = []
            for pool, i, view in chunk:
                with contextlib.suppress(BadSampleError):
                    seen.append(photo_view(pool, i, view, settings.size, around_object, seed))
                    read.append((pool, i, view))
            if not seen:
                continue
            found = network.backbone(torch.stack(seen).to(device))
            shapes = tuple(part.shape[1:] for part in found)
            for file, part in zip((regions, wholes), found, strict=True):
                file.write(part.half().cpu().numpy().tobytes())
            now = time.monotonic()
            if now - last > 15:
                last = now
                say(f"features of {start + len(chunk)} of {len(views)} views of photos")
        if not read:
            raise BadSampleError(f"None of the {len(views)} photos can be read.")
        if len(read) < len(views):
            say(f"{len(views) - len(read)} of {len(views)} views are left out: their photos cannot be read.")
        mapped = [
            torch.from_numpy(np.memmap(file, np.float16, "r+", shape=(len(read), *shape)))
            for file, shape in zip((regions, wholes), shapes, strict=True)
        ]
    return (mapped[0], mapped[1]), read


def match_is_trained(run: Run) -> bool:
    """Return whether stage 1 of a run is finished: its result is there and nothing is left to go on with."""
    return run.match_checkpoint.exists() and not run.match_recovery.exists()


def train_match(
    run: Run,
    training: Sequence[Pool],
    validation: Sequence[Pool],
    vocabulary: Vocabulary,
    say: Say,
    *,
    device: torch.device | str = "cpu",
    start_from: Path | None = None,
    deadline: float = math.inf,
) -> bool:
    """Train stage 1 and write `match.safetensors`, the epoch of the best retrieval.

    Interrupted at any moment, the same call goes on with the epoch at hand and ends with the same weights.

    Args:
        run: Folder and settings.
        training: Photos to learn from.
        validation: Photos to measure on.
        vocabulary: The run's.
        say: Told one line at a time what happens.
        device: Where to compute.
        start_from: Match networks to begin with; words that they know keep what they mean.
        deadline: Moment of the monotonic clock after which no further epoch begins.

    Returns:
        Whether all epochs are done; False where the deadline came first.

    Raises:
        NigdtError: The loss is not finite, the backbone is missing, or a file cannot be written.
    """
    settings, seed = run.settings.match, run.settings.seed
    around = run.settings.squares == "object"
    network = _new_network(run, vocabulary, start_from).to(device)
    parameters = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.Adam(parameters, LEARNING_RATE, betas=(0.5, 0.999))
    first, best = _resume(run, network, optimiser, say)
    if first == 0:
        _save_recovery(run, network, optimiser, 0, best)
    kept_features, kept = backbone_features(
        network, _views(validation, seed)[:_MEASURED], settings, around, seed, say, run.folder
    )
    kept_photos = RetrievalPhotos(
        kept_features,
        [pool.cache.captions(i) for pool, i, _ in kept],
        [pool.cache.species(i) for pool, i, _ in kept],
    )
    views = _views(training, seed, settings.views)
    features, views = backbone_features(network, views, settings, around, seed, say, run.folder)
    captions = [pool.cache.captions(i) for pool, i, _ in views]
    groups = negative_groups([(pool, i) for pool, i, _ in views], settings.mask_same_class)
    for epoch in range(first, settings.epochs):
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * DECAY**epoch
        losses = _one_epoch(network, optimiser, features, captions, groups, vocabulary, run.settings, epoch)
        found = measure_retrieval(network, kept_photos, vocabulary, seed)
        _tell_epoch(run, epoch, losses, found, say)
        score = (found.precision, found.percentile)
        if score > best:
            best = score
            facts = {"epoch": epoch + 1, "r_precision": found.precision, "percentile": found.percentile}
            save_match_network(run.match_checkpoint, network, settings, vocabulary, **facts)
        _save_recovery(run, network, optimiser, epoch + 1, best)
        if time.monotonic() >= deadline and epoch + 1 < settings.epochs:
            return False
    run.match_recovery.unlink()
    return True


def _new_network(run: Run, vocabulary: Vocabulary, start_from: Path | None) -> MatchNetwork:
    torch.manual_seed(run.settings.seed)
    network = build_match_network(run.settings.match, len(vocabulary))
    if start_from is not None:
        take_over(network, vocabulary, *load_match_network(start_from))
    return network


def _tell_epoch(run: Run, epoch: int, losses: Sequence[float], found: Retrieval, say: Say) -> None:
    loss, end = float(np.mean(losses)), epoch + 1
    run.log(end * len(losses), "match", loss=loss, r_precision=found.precision, percentile=found.percentile)
    say(
        f"match epoch {end}/{run.settings.match.epochs}: loss {loss:.3f}, R-precision "
        f"{found.precision:.1%}, own caption above {found.percentile:.0%} of the others"
    )


def _one_epoch(
    network: MatchNetwork,
    optimiser: torch.optim.Optimizer,
    features: tuple[Tensor, Tensor],
    captions: Sequence[Sequence[str]],
    groups: Tensor,
    vocabulary: Vocabulary,
    settings: TrainSettings,
    epoch: int,
) -> list[float]:
    """Go once over the views, each with one of its photo's captions.

    Returns:
        Every step's loss.
    """
    network.train()
    torch.manual_seed((settings.seed << 32) + epoch)  # dropout repeats after a resume
    random = np.random.default_rng([settings.seed, 3, epoch])
    device = network.global_projection.weight.device
    order, losses = random.permutation(len(captions)), []
    for start in range(0, max(1, len(order) - 1), MATCH_BATCH):
        rows = order[start : start + MATCH_BATCH]
        chosen = [captions[i][int(random.integers(len(captions[i])))] for i in rows]
        tokens, lengths = encode_captions(chosen, vocabulary)
        text = network.text_encoder(tokens.to(device), lengths)
        index = torch.from_numpy(rows)
        images = network.project(*(one[index].to(device).float() for one in features))
        scores = network.scores(*images, text)
        loss = match_loss(scores, groups[index].to(device), undivided=settings.loss.published)
        if not torch.isfinite(loss):
            raise NigdtError(
                f"The match loss is {loss.item()} in epoch {epoch + 1}.", "Go on with another seed."
            )
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(optimiser.param_groups[0]["params"], CLIP)
        optimiser.step()
        losses.append(loss.item())
    return losses


def _views(pools: Sequence[Pool], seed: int, number: int = 1) -> list[View]:
    """List the pools' photos, view by view, in random order: the first of them are a sample of all."""
    photos = [(pool, int(i)) for pool in pools for i in pool.photos]
    order = np.random.default_rng([seed, 4]).permutation(len(photos))
    return [(*photos[k], view) for view in range(number) for k in order]


def take_over(
    network: MatchNetwork, vocabulary: Vocabulary, old: MatchNetwork, old_vocabulary: Vocabulary
) -> None:
    """Begin with trained match networks of another vocabulary: words known to both keep their vectors.

    Raises:
        NigdtError: They have another backbone or other widths.
    """
    state, known = old.state_dict(), {word: i for i, word in enumerate(old_vocabulary.words, 1)}
    embedding = network.text_encoder.embedding.weight.detach().clone()
    learnt = state["text_encoder.embedding.weight"]
    if embedding.shape[1] == learnt.shape[1]:
        embedding[1:] *= learnt[1:].std() / embedding[1:].std()
        for i, word in enumerate(vocabulary.words, 1):
            if word in known:
                embedding[i] = learnt[known[word]]
        state["text_encoder.embedding.weight"] = embedding
    load_strictly(network, state, "the match networks to start from")


def _trained_part(network: MatchNetwork) -> dict[str, Tensor]:
    return {key: value for key, value in network.state_dict().items() if not key.startswith("backbone.")}


def _save_recovery(
    run: Run,
    network: MatchNetwork,
    optimiser: torch.optim.Optimizer,
    epoch: int,
    best: tuple[float, float],
) -> None:
    parts = {"match": _trained_part(network), "optimiser": optimiser_tensors(optimiser)}
    write_checkpoint(run.match_recovery, parts, {"epoch": epoch, "best": best})


def _resume(
    run: Run, network: MatchNetwork, optimiser: torch.optim.Optimizer, say: Say
) -> tuple[int, tuple[float, float]]:
    """Restore weights and optimiser; return how many epochs are done and the best retrieval so far."""
    if not run.match_recovery.exists():
        return 0, (-1.0, -1.0)
    checkpoint = read_checkpoint(run.match_recovery)
    state = {**network.state_dict(), **checkpoint.part("match")}
    load_strictly(network, state, "the match networks' weights")
    restore_optimiser(optimiser, checkpoint.part("optimiser"))
    epoch, best = checkpoint.facts["epoch"], checkpoint.facts["best"]
    say(f"match networks: going on after epoch {epoch}")
    return epoch, (best[0], best[1])


@dataclass(frozen=True)
class RetrievalPhotos:
    """Photos that retrieval is measured on: backbone features, captions and species of each."""

    features: tuple[Tensor, Tensor]
    captions: Sequence[Sequence[str]]
    species: Sequence[str | None]


@torch.inference_mode()
def measure_retrieval(
    network: MatchNetwork, photos: RetrievalPhotos, vocabulary: Vocabulary, seed: int
) -> Retrieval:
    """Measure whether photos find their own captions among those of other photos.

    As in `evaluation.retrieval`, captions of photos of the same species do not compete.

    Args:
        network: Scores by the sum of word and sentence similarity.
        photos: The photos.
        vocabulary: The network's.
        seed: Draws the captions.

    Returns:
        Means over the photos; 0 where no photo has a negative.
    """
    network.eval()
    device = network.global_projection.weight.device
    random = np.random.default_rng([seed, 4])
    species = photos.species
    chosen = [captions[int(random.integers(len(captions)))] for captions in photos.captions]
    tokens, lengths = encode_captions(chosen, vocabulary)
    text = network.text_encoder(tokens.to(device), lengths)
    images = network.project(*(one.to(device).float() for one in photos.features))
    scores = network.scores(*images, text)
    total = (scores.words + scores.sentences).cpu().numpy()
    found = []
    for i, own in enumerate(species):
        negatives = [j for j, other in enumerate(species) if j != i and (own is None or other != own)]
        if negatives:
            beaten = int((total[i, i] > total[i, negatives]).sum())
            found.append((first_among(beaten, len(negatives)), beaten / len(negatives)))
    return Retrieval(*np.mean(found, axis=0).tolist()) if found else Retrieval(0.0, 0.0)
