"""From the settings' photo collections to cached pools of training and validation photos."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from nigdt.errors import NigdtError
from nigdt.text import Vocabulary, tokenise
from nigdt_training.data.cache import Cache, build_cache, cache_key
from nigdt_training.data.check import Report, check_data_set
from nigdt_training.data.data_set import read_data_set
from nigdt_training.data.errors import DataError
from nigdt_training.data.objects import Finder
from nigdt_training.data.recolour import COLOURS, TEMPLATES
from nigdt_training.data.shards import Shards, is_sharded
from nigdt_training.data.split import held_out
from nigdt_training.samples import Pool
from nigdt_training.settings import TrainSettings

CACHED_SIDE = 256
_FEW_CAPTIONS = 1000


def open_pools(
    settings: TrainSettings,
    data: Path,
    caches: Path,
    say: Callable[[str], None] = lambda _: None,
    checked: Report | None = None,
    finder: Finder | None = None,
) -> tuple[list[Pool], list[Pool]]:
    """Open the pools for training and for validation; photos are decoded into `caches` the first time.

    Args:
        settings: Names the collections.
        data: Folder that their paths are relative to.
        caches: Where caches lie.
        say: Told what takes time.
        checked: What a check of one of the collections found, so that its photos are not looked over again.
        finder: Looks for objects where the settings say so, instead of GrabCut.
    """
    training, validation, first = [], [], 0
    for source in settings.data:
        cache = _cache(
            data / source.path,
            caches,
            say,
            checked,
            source.find_objects,
            settings.squares == "centre",
            finder,
        )
        kept = np.array([held_out(cache.group(i), source.validation) for i in range(len(cache))], bool)
        of_split = np.array([source.split in ("", cache.split(i)) for i in range(len(cache))], bool)
        learnt, kept = ~kept & of_split, kept & of_split
        if not learnt.any():
            raise NigdtError(
                f"{source.path} has no photo to learn from in split {source.split!r}.",
                hint="Splits: train, val, test, as nigdt data check names them",
            )
        training.append(Pool(cache, np.flatnonzero(learnt), source.sampling_weight, first))
        if kept.any():
            validation.append(Pool(cache, np.flatnonzero(kept), source.sampling_weight, first))
        first += len(cache)
    return training, validation


def build_vocabulary(pools: list[Pool]) -> Vocabulary:
    """Build the vocabulary of training captions, plus the words that the colour augmentation writes.

    A word of a single caption is unknown, unless there are few captions.
    """
    photos = sum(len(pool.photos) for pool in pools)
    captions: Iterable[str] = (
        caption for pool in pools for i in pool.photos for caption in pool.cache.captions(int(i))
    )
    if photos < _FEW_CAPTIONS:
        captions = few = list(captions)
        minimum = 1 if len(few) < _FEW_CAPTIONS else 2
    else:  # read one by one: those of a large set fit nowhere
        minimum = 2
    always = {word for template in TEMPLATES for word in tokenise(template.format(colour="", noun="bird"))}
    return Vocabulary.from_captions(captions, minimum=minimum, always=always | set(COLOURS))


def _cache(
    path: Path,
    caches: Path,
    say: Callable[[str], None],
    checked: Report | None,
    find: bool,
    central: bool,
    finder: Finder | None,
) -> Cache | Shards:
    """Open the collection's shards, or its cache, building that where its photos have changed."""
    if is_sharded(path):
        return Shards.open(path, caches, CACHED_SIDE, say, central=central)
    workers = os.cpu_count() or 1
    data = read_data_set(path)
    key = cache_key(data.records, CACHED_SIDE, find, central, finder)[:12]
    folder = caches / f"{path.name.split('.')[0]}-{key}"
    with contextlib.suppress(DataError):
        return Cache.open(folder)
    if checked is None or checked.path.resolve() != path.resolve():
        checked = check_data_set(data, workers=workers)
    records = checked.usable
    if not records:
        raise NigdtError(f"{path} holds no usable photo.", hint=f"See: nigdt data check {path}")
    say(f"decoding {len(records)} photos of {path} into {folder}")
    return build_cache(
        records, folder, size=CACHED_SIDE, workers=workers, find=find, central=central, finder=finder
    )
