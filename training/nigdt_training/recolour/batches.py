"""Batches for the recolouring network, made in the background from a store that may still be growing."""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from nigdt.part_words import PARTS, parts_of
from nigdt.text import Vocabulary
from nigdt_training.recolour.cutouts import Cutout, read_shard
from nigdt_training.recolour.losses import RecolourBatch
from nigdt_training.recolour.samples import RecolourSample, draw_sample

_AHEAD = 6
_REFRESH = 100
"""Batches after which the store is looked at for new shards."""
_WITH_PARTS = 0.5
"""Fraction of the samples drawn from birds with known parts, which are few."""


class Store:
    """The cut-outs of a store folder, those to train on and those kept apart."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plain: list[Cutout] = []
        self.parted: list[Cutout] = []
        self.held: list[Cutout] = []
        self._read: set[str] = set()
        self.refresh()

    def refresh(self) -> int:
        """Take in shards that are new; return how many cut-outs there are to train on."""
        for path in sorted(self.folder.glob("shard-????.npz")):
            if path.name in self._read:
                continue
            for cutout in read_shard(path):
                group = self.held if cutout.held else self.parted if cutout.places else self.plain
                group.append(cutout)
            self._read.add(path.name)
        return len(self.plain) + len(self.parted)

    def draw(self, rng: np.random.Generator) -> Cutout:
        """One cut-out to train on."""
        parted = self.parted and (not self.plain or rng.random() < _WITH_PARTS)
        group = self.parted if parted else self.plain
        return group[int(rng.integers(len(group)))]


def collate(samples: Sequence[RecolourSample], vocabulary: Vocabulary, max_words: int) -> RecolourBatch:
    """Return samples as tensors."""
    words = [vocabulary.encode(s.caption, max_words) for s in samples]
    named = np.zeros((len(samples), max(1, *(len(w) for w in words)), 1 + len(PARTS)), bool)
    for row, sample in zip(named, samples, strict=True):
        for place, word in zip(row, vocabulary.known(sample.caption, max_words), strict=False):
            place[[PARTS.index(part) + 1 for part in parts_of(word)]] = True
    tokens = np.zeros((len(samples), max(1, *(len(w) for w in words))), np.int64)
    for row, indices in zip(tokens, words, strict=True):
        row[: len(indices)] = indices

    def stack(pictures: list[np.ndarray]) -> torch.Tensor:
        array = np.stack(pictures).astype(np.float32)
        return torch.from_numpy(
            np.ascontiguousarray(array[:, None] if array.ndim == 3 else array.transpose(0, 3, 1, 2))
        )

    return RecolourBatch(
        start=stack([s.start for s in samples]),
        tint=stack([s.tint for s in samples]),
        alpha=stack([s.alpha for s in samples]),
        selection=stack([s.selection for s in samples]),
        hidden=torch.tensor([float(s.hidden) for s in samples]),
        tokens=torch.from_numpy(tokens),
        lengths=torch.tensor([len(w) for w in words]),
        captions=[s.caption for s in samples],
        labels=torch.from_numpy(np.stack([s.labels for s in samples]).astype(np.int64)),
        named=torch.from_numpy(named),
    )


class Feeder:
    """Makes batches in a thread; NumPy and OpenCV leave the interpreter free while they work."""

    def __init__(
        self, store: Store, vocabulary: Vocabulary, max_words: int, size: int, batch: int, seed: int
    ) -> None:
        self._store, self._vocabulary, self._max_words = store, vocabulary, max_words
        self._size, self._batch = size, batch
        self._rng = np.random.default_rng(seed)
        self._ready: queue.Queue[RecolourBatch | Exception] = queue.Queue(_AHEAD)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="recolour-batches", daemon=True)
        self._thread.start()

    def next(self) -> RecolourBatch:
        """Return the next batch; what went wrong in the background is raised here."""
        got = self._ready.get()
        if isinstance(got, Exception):
            raise got
        return got

    def close(self) -> None:
        """Stop the thread."""
        self._over.set()
        while self._thread.is_alive():
            with contextlib.suppress(queue.Empty):
                self._ready.get(timeout=0.1)

    def _work(self) -> None:
        try:
            for made in itertools.count(1):
                if self._over.is_set():
                    return
                if made % _REFRESH == 0:
                    self._store.refresh()
                samples = [
                    draw_sample(self._store.draw(self._rng), self._size, self._rng)
                    for _ in range(self._batch)
                ]
                self._ready.put(collate(samples, self._vocabulary, self._max_words))
        except Exception as error:
            self._ready.put(error)
