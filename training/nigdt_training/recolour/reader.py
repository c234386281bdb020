"""Training of the reader of captions (`nigdt.model.reader`): from phrasings alone, in minutes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nigdt.colours import placed_colours
from nigdt.files import write_atomically
from nigdt.model.reader import CaptionReader
from nigdt.part_words import PARTS, parts_of
from nigdt.text import Vocabulary
from nigdt_training.recolour.phrasings import Phrasing, draw_phrasing, phrasing_words

STATE = "reader.pt"
STEPS = 16_000
_BATCH, _RATE, _WARM_UP = 64, 3e-3, 50
_GATE = 6.0
"""Weight of whether there is a colour beside which one: most parts of most captions have none."""
_LOG_EVERY = 500
_MASKED = -1e4


@dataclass(frozen=True)
class ReaderBatch:
    """Captions side by side; rows P are the rest and then `PARTS`.

    Attributes:
        tokens: (B, L).
        lengths: (B,).
        told: (B, P) in 0..1, whether each has a colour.
        pointed: (B, P), the column of its colour's last word, -1 for none.
        colours: (B, L) bool, the last words of colours.
    """

    tokens: Tensor
    lengths: Tensor
    told: Tensor
    pointed: Tensor
    colours: Tensor


def reader_batch(rng: np.random.Generator, vocabulary: Vocabulary, count: int, max_words: int) -> ReaderBatch:
    """Draw captions; those that name a part twice, or do not fit, are drawn again."""
    rows = 1 + len(PARTS)
    tokens = np.zeros((count, max_words), np.int64)
    lengths = np.zeros(count, np.int64)
    pointed = np.full((count, rows), -1, np.int64)
    colours = np.zeros((count, max_words), np.bool_)
    done = 0
    while done < count:
        columns, ends, targets = _encoded(draw_phrasing(rng), vocabulary, max_words)
        if targets is None:
            continue
        tokens[done, : len(columns)] = columns
        lengths[done] = len(columns)
        colours[done, ends] = True
        pointed[done] = targets
        done += 1
    told = torch.from_numpy(pointed >= 0).float()
    return ReaderBatch(
        torch.from_numpy(tokens),
        torch.from_numpy(lengths),
        told,
        torch.from_numpy(pointed),
        torch.from_numpy(colours),
    )


def _encoded(
    phrasing: Phrasing, vocabulary: Vocabulary, max_words: int
) -> tuple[list[int], list[int], list[int] | None]:
    """Return a caption's word indices, the columns of its colours, and for each row the one it gets."""
    known = [i for i, word in enumerate(phrasing.words) if word in vocabulary][:max_words]
    column = {i: n for n, i in enumerate(known)}
    named = [part for i in phrasing.given for part in parts_of(phrasing.words[i])]
    wanted = [i for i in (*phrasing.given.values(), phrasing.whole) if i is not None]
    stops = [stop - 1 for _, stop, _ in placed_colours(" ".join(phrasing.words))]
    indices = [vocabulary.encode(phrasing.words[i], 1)[0] for i in known]
    if len(set(named)) < len(named) or not all(i in column and i in stops for i in wanted):
        return indices, [], None
    targets = [-1] * (1 + len(PARTS))
    if phrasing.whole is not None:
        targets[0] = column[phrasing.whole]
    for i, colour in phrasing.given.items():
        if colour is not None:
            for part in parts_of(phrasing.words[i]):
                targets[1 + PARTS.index(part)] = column[colour]
    return indices, [column[i] for i in stops if i in column], targets


def reader_loss(told: Tensor, scores: Tensor, batch: ReaderBatch) -> Tensor:
    """Cross entropies of whether there is a colour, and of which word names it."""
    gate = F.binary_cross_entropy_with_logits(told, batch.told)
    log = scores.masked_fill(~batch.colours[:, None], _MASKED).log_softmax(2)
    chosen = log.gather(2, batch.pointed.clamp(min=0)[..., None])[..., 0][batch.pointed >= 0]
    return _GATE * gate - (chosen.mean() if chosen.numel() else 0)


@torch.no_grad()
def read_rightly(reader: CaptionReader, batch: ReaderBatch) -> float:
    """Return the share of captions that are read without any mistake."""
    told, scores, _ = reader(batch.tokens, batch.lengths)
    wanted = batch.told > 0.5
    point = scores.masked_fill(~batch.colours[:, None], _MASKED).argmax(2) == batch.pointed
    return ((told > 0) == wanted).logical_and(point | ~wanted).all(1).float().mean().item()


def train_reader(
    folder: Path,
    max_words: int,
    say: Callable[[str], None],
    *,
    steps: int = STEPS,
    seed: int = 1,
) -> CaptionReader:
    """Train a reader and keep its weights in a run's folder; held-out phrasings are of another seed.

    Args:
        folder: The run's folder.
        max_words: Words of a caption that are read.
        say: Told of progress.
        steps: Steps of 64 captions.
        seed: Of weights and captions.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    vocabulary = Vocabulary(phrasing_words())
    reader = CaptionReader(vocabulary)
    optimiser = torch.optim.AdamW(reader.parameters(), lr=_RATE, weight_decay=1e-3)
    held = reader_batch(np.random.default_rng(seed + 2**31), vocabulary, 1000, max_words)
    for step in range(steps):
        for group in optimiser.param_groups:
            falling = 0.505 + 0.495 * math.cos(math.pi * step / steps)
            group["lr"] = _RATE * min(1.0, (step + 1) / _WARM_UP) * falling
        batch = reader_batch(rng, vocabulary, _BATCH, max_words)
        told, scores, _ = reader(batch.tokens, batch.lengths)
        loss = reader_loss(told, scores, batch)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        optimiser.step()
        if (step + 1) % _LOG_EVERY == 0 or step + 1 == steps:
            reader.eval()
            right = read_rightly(reader, held)
            say(f"step {step + 1}/{steps}  loss {loss.item():.3f}  read rightly {right:.1%}")
            reader.train()
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(
        folder / STATE, partial(torch.save, {"words": list(vocabulary.words), "weights": reader.state_dict()})
    )
    return reader.eval().requires_grad_(False)


def trained_reader(folder: Path) -> CaptionReader | None:
    """Return a run's reader, or None if none was trained there."""
    if not (folder / STATE).is_file():
        return None
    state = torch.load(folder / STATE, weights_only=True)
    reader = CaptionReader(Vocabulary(state["words"]))
    reader.load_state_dict(state["weights"])
    return reader.eval().requires_grad_(False)
