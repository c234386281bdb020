"""Training samples as a pure function of their number, so that an interrupted run can go on exactly."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from nigdt.masks import box_mask, centre_mask, irregular_mask, outline_mask, rectangle_mask
from nigdt.text import Vocabulary
from nigdt_training.data.cache import Cache
from nigdt_training.data.crops import crop_square
from nigdt_training.data.errors import BadSampleError
from nigdt_training.data.lama_masks import LAMA_KINDS, lama_mask
from nigdt_training.data.mask_files import MaskFiles
from nigdt_training.data.shards import Shards
from nigdt_training.settings import MASK_KINDS, AugmentationSettings, Masks
from nigdt_training.tints import tinted
from nigdt_training.told import what_is_told

_KINDS = ("centre", "rectangle", "irregular", "object", "outline", *LAMA_KINDS)
_LARGEST_HOLE = 0.75  # a hole over everything would teach nothing about context
MATCH_WORDS = 32  # longest caption that the match networks read
VALIDATION_SEED = 2**31
"""Above every training seed, so that no validation sample is drawn like a training sample."""
_TRIES = 100
_MIRRORED = 0.5
"""Probability that a photo is mirrored."""


@dataclass
class Sample:
    """One picture.

    Attributes:
        photo: (S, S, 3) uint8.
        mask: (S, S) uint8, 255 = hole.
        caption: What it shows.
        number: Which photo.
        outline: (S, S) uint8 soft mask, 255 on the object; None when unknown.
        told: (C, S, S) uint8, the outline as the model is told it, and its marks; None when it is not.
    """

    photo: np.ndarray
    mask: np.ndarray
    caption: str
    number: int
    outline: np.ndarray | None = None
    told: np.ndarray | None = None


@dataclass
class Batch:
    """Tensors of a batch.

    Attributes:
        image: I, (B, 3, S, S) in [-1, 1].
        M: (B, 1, S, S), 1 = visible.
        tokens: (B, L) int64, 0 = padding.
        lengths: (B,) int64.
        photo: (B,) int64, which photo each row is of.
        prior_noise: (B, C, h, w) standard normal.
        posterior_noise: (B, C, h, w) standard normal.
        captions: The B captions as text.
        objects: (B, 1, S, S) in [0, 1], 1 = the object; 0 also where its outline is unknown.
        outline: (B, C, S, S) in [0, 1], the object's outline where the model is told it, else 0, and likewise
            its marks (`nigdt.marks`).
    """

    image: Tensor
    M: Tensor
    tokens: Tensor
    lengths: Tensor
    photo: Tensor
    prior_noise: Tensor
    posterior_noise: Tensor
    captions: tuple[str, ...]
    objects: Tensor
    outline: Tensor

    def __len__(self) -> int:
        return len(self.image)

    def to(self, device: torch.device) -> Batch:
        """Return the batch on another device."""
        ahead = device.type == "cuda"  # into main memory, nobody would know when it has arrived
        return self._each(lambda tensor: tensor.to(device, non_blocking=ahead))

    def pinned(self) -> Batch:
        """Return the batch in memory that a CUDA device copies from by itself."""
        return self._each(Tensor.pin_memory)

    def rows(self, start: int, stop: int) -> Batch:
        """Return some rows of the batch."""
        return replace(self, **{name: value[start:stop] for name, value in vars(self).items()})

    def _each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        changed: dict[str, Any] = {k: change(v) for k, v in vars(self).items() if isinstance(v, Tensor)}
        return replace(self, **changed)


@dataclass(frozen=True)
class MatchCaptions:
    """What the match networks tell apart: the captions of B pictures, then F further ones.

    Attributes:
        tokens: (B + F, L) int64 in the match networks' own vocabulary, 0 = padding.
        lengths: (B + F,) int64.
        negative_groups: (B + F,) int64; captions of one group are no negatives of each other.
    """

    tokens: Tensor
    lengths: Tensor
    negative_groups: Tensor

    def of(self, pictures: Tensor) -> MatchCaptions:
        """Select some of the pictures, (B,) bool; the others' captions come among the further ones."""
        further = torch.arange(len(pictures), len(self.tokens), device=pictures.device)
        order = torch.cat([pictures.nonzero()[:, 0], (~pictures).nonzero()[:, 0], further])
        lengths = self.lengths[order.to(self.lengths.device)]
        return MatchCaptions(self.tokens[order], lengths, self.negative_groups[order])


@dataclass
class Pool:
    """The photos of one cache that training may use.

    Attributes:
        cache: Where they are.
        photos: Their numbers in it.
        sampling_weight: Of every `sum of weights` samples, this many come from here.
        first: Number of the cache's first photo among those of all pools.
    """

    cache: Cache | Shards
    photos: np.ndarray
    sampling_weight: int
    first: int


def negative_groups(photos: Sequence[tuple[Pool, int]], mask_same_class: bool) -> Tensor:
    """Return the number of each photo's group, (N,) int64: captions of one are no negatives of each other.

    A photo is a group of its own, or all of one species where `mask_same_class` (AttnGAN's class masks).
    """
    names = [(mask_same_class and pool.cache.species(i)) or f"photo {pool.first + i}" for pool, i in photos]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return torch.tensor([numbers[name] for name in names])


class SampleStream:
    """All samples of a run, by number.

    Sample k comes from a pool by sampling weights, goes through that pool's photos in an order shuffled per
    epoch, and draws everything else (caption, crop, mask, colours, noise) from a generator seeded by k.

    Args:
        pools: Photos to draw from.
        vocabulary: The run's.
        size: Side of the samples in pixels.
        max_words: Captions are clipped to so many words.
        latent_shape: Of z, (C, h, w).
        masks: How often each kind of hole is drawn.
        augmentation: Sample changes; None shows photos as they are, for validation.
        around_object: Cut squares around objects whose box is known.
        told: C, in how many channels the model is told an object that a hole hides (`nigdt_training.told`).
        seed: Of all draws.
    """

    def __init__(
        self,
        pools: Sequence[Pool],
        vocabulary: Vocabulary,
        *,
        size: int,
        max_words: int,
        latent_shape: tuple[int, int, int],
        masks: Masks,
        augmentation: AugmentationSettings | None,
        seed: int,
        around_object: bool = False,
        told: int = 0,
    ) -> None:
        self.pools = list(pools)
        self.vocabulary = vocabulary
        self.size = size
        self.max_words = max_words
        self.latent_shape = latent_shape
        self.augmentation = augmentation or AugmentationSettings(crop=1.0)
        self.mirrored = _MIRRORED if augmentation else 0.0
        self.around_object = around_object
        self.told = told
        self.seed = seed
        each = masks.get("lama", 0.0) / len(LAMA_KINDS)
        self.mask_files = {
            name: MaskFiles(Path(name)) for name, weight in masks.items() if name not in MASK_KINDS and weight
        }
        self.mask_kinds = [*_KINDS, *self.mask_files]
        weights = np.array([each if kind in LAMA_KINDS else masks.get(kind, 0.0) for kind in self.mask_kinds])
        self.mask_weights = weights / weights.sum()
        self.pattern = _interleave([pool.sampling_weight for pool in self.pools])
        self._orders: dict[tuple[int, int], np.ndarray] = {}

    def sample(self, k: int) -> Sample:
        """Draw sample number `k`; in place of one that cannot be read stands the next in order.

        Raises:
            BadSampleError: Too many in a row cannot be read.
        """
        rounds, place = divmod(k, len(self.pattern))
        which = self.pattern[place]
        pool = self.pools[which]
        draw = rounds * pool.sampling_weight + self.pattern[:place].count(which)
        epoch, position = divmod(draw, len(pool.photos))
        order = self._order(which, epoch)
        for further in range(min(_TRIES, len(order))):
            i = int(pool.photos[order[(position + further) % len(order)]])
            random = np.random.default_rng([self.seed, 1, k])
            with contextlib.suppress(BadSampleError):
                return self._draw(pool, i, self._caption(pool, i, epoch), random)
        raise BadSampleError(
            f"{_TRIES} samples in a row cannot be read, the last of them {pool.cache.name(i)}."
        )

    def batch(self, numbers: Sequence[int]) -> Batch:
        """Return the batch of the samples with these numbers."""
        samples = [self.sample(k) for k in numbers]
        noise = [np.random.default_rng([self.seed, 2, k]) for k in numbers]
        draws = [n.standard_normal((2, *self.latent_shape), dtype=np.float32) for n in noise]
        latent = torch.from_numpy(np.stack(draws))
        return collate(samples, self.vocabulary, self.max_words, latent[:, 0], latent[:, 1], self.told)

    def match_captions(
        self, batch: Batch, step: int, extra: int, vocabulary: Vocabulary, mask_same_class: bool
    ) -> MatchCaptions:
        """Return the batch's captions and `extra` ones of randomly drawn photos, the same for a step."""
        random = np.random.default_rng([self.seed, 6, step])
        captions, photos = list(batch.captions), [self._place(number) for number in batch.photo.tolist()]
        for which in random.choice(self.pattern, extra):
            pool = self.pools[which]
            i = int(random.choice(pool.photos))
            captions.append(str(random.choice(pool.cache.captions(i))))
            photos.append((pool, i))
        tokens, lengths = encode_captions(captions, vocabulary)
        device = batch.image.device
        groups = negative_groups(photos, mask_same_class)
        return MatchCaptions(tokens.to(device), lengths.to(device), groups.to(device))

    def _place(self, number: int) -> tuple[Pool, int]:
        """Return the pool of the photo with this number among all, and its place there."""
        pool = max((pool for pool in self.pools if pool.first <= number), key=lambda pool: pool.first)
        return pool, number - pool.first

    def _order(self, which: int, epoch: int) -> np.ndarray:
        order = self._orders.get((which, epoch))
        if order is None:
            random = np.random.default_rng([self.seed, 0, which, epoch])
            order = random.permutation(len(self.pools[which].photos))
            # Replaced as a whole: a prefetching thread may be reading the old one.
            others = {key: value for key, value in self._orders.items() if key[0] != which}
            self._orders = {**others, (which, epoch): order}
        return order

    def _caption(self, pool: Pool, i: int, epoch: int) -> str:
        """Choose the photo's caption of this epoch: all in turn, from a random start."""
        captions = pool.cache.captions(i)
        start = np.random.default_rng([self.seed, 5, pool.first + i]).integers(len(captions))
        return captions[(int(start) + epoch) % len(captions)]

    def _draw(self, pool: Pool, i: int, caption: str, random: np.random.Generator) -> Sample:
        settings, size = self.augmentation, self.size
        photo, outline, box = pool.cache.photo(i), pool.cache.object_mask(i), pool.cache.box(i)
        around = box if self.around_object else None
        left, top, side = crop_square(photo.shape[0], photo.shape[1], around, settings.crop, random)
        photo = _resize(photo[top : top + side, left : left + side], size)
        if outline is not None:
            outline = _resize(outline[top : top + side, left : left + side], size)
        if box is not None:
            scale = size / side
            box = ((box[0] - left) * scale, (box[1] - top) * scale, box[2] * scale, box[3] * scale)
        places = pool.cache.places(i)
        places = {
            part: ((x - left) * size / side, (y - top) * size / side) for part, (x, y) in places.items()
        }
        if random.random() < self.mirrored:
            photo = photo[:, ::-1]
            outline = None if outline is None else outline[:, ::-1]
            box = None if box is None else (size - box[0] - box[2], box[1], box[2], box[3])
            places = {part: (size - 1 - x, y) for part, (x, y) in places.items()}
        mask = self._mask(box, outline, random)
        if outline is not None and random.random() < settings.recolour:
            photo, caption = tinted(np.ascontiguousarray(photo), outline, places, mask, caption, random)
        if random.random() < settings.caption_dropout:
            caption = ""
        told = what_is_told(outline, places, mask, self.told, random)
        return Sample(np.ascontiguousarray(photo), mask, caption, pool.first + i, outline, told)

    def _mask(
        self, box: Sequence[float] | None, outline: np.ndarray | None, random: np.random.Generator
    ) -> np.ndarray:
        size = self.size
        kind = self.mask_kinds[int(random.choice(len(self.mask_kinds), p=self.mask_weights))]
        if kind == "object" and box is not None:
            grow = random.uniform(0, 0.1)
            x, y, w, h = box
            mask = box_mask(size, size, (x - grow * w, y - grow * h, w * (1 + 2 * grow), h * (1 + 2 * grow)))
            if (mask > 0).mean() <= _LARGEST_HOLE:
                return mask
        if kind == "outline" and outline is not None:
            mask = outline_mask(outline, int(random.integers(0, size // 16 + 1)))
            if 0 < (mask > 0).mean() <= _LARGEST_HOLE:
                return mask
        if files := self.mask_files.get(kind):
            mask = files.read(int(random.integers(len(files))), size, size)
            if 0 < (mask > 0).mean() <= _LARGEST_HOLE:
                return mask
        if kind in LAMA_KINDS:
            return lama_mask(size, size, kind, random)
        if kind == "centre":
            return centre_mask(size, size)
        if kind == "irregular":
            return irregular_mask(size, size, random)
        return rectangle_mask(size, size, random)


def encode_captions(
    captions: Sequence[str], vocabulary: Vocabulary, max_words: int = MATCH_WORDS
) -> tuple[Tensor, Tensor]:
    """Return captions as padded word indices (B, L) int64, 0 = padding, and lengths (B,) int64.

    Captions are clipped to `max_words`; without it, to what the match networks read.
    """
    words = [vocabulary.encode(caption, max_words) for caption in captions]
    tokens = torch.zeros(len(words), max(1, *map(len, words)), dtype=torch.int64)
    for row, indices in zip(tokens, words, strict=True):
        row[: len(indices)] = torch.tensor(indices, dtype=torch.int64)
    return tokens, torch.tensor([len(indices) for indices in words])


def collate(
    samples: Sequence[Sample],
    vocabulary: Vocabulary,
    max_words: int,
    prior_noise: Tensor,
    posterior_noise: Tensor,
    told: int = 1,
) -> Batch:
    """Stack samples as tensors: 0..255 becomes -1..1, and the mask becomes M, 1 where visible."""
    tokens, lengths = encode_captions([sample.caption for sample in samples], vocabulary, max_words)
    photo = torch.from_numpy(np.stack([sample.photo for sample in samples])).permute(0, 3, 1, 2)
    mask = torch.from_numpy(np.stack([sample.mask for sample in samples]))[:, None]
    unknown = np.zeros(samples[0].mask.shape, np.uint8)
    outlines = np.stack([unknown if sample.outline is None else sample.outline for sample in samples])
    nothing = np.zeros((max(1, told), *unknown.shape), np.uint8)
    told_maps = np.stack([nothing if sample.told is None else sample.told for sample in samples])
    return Batch(
        image=photo.float() / 127.5 - 1,
        M=(mask < 128).float(),
        tokens=tokens,
        lengths=lengths,
        photo=torch.tensor([sample.number for sample in samples]),
        prior_noise=prior_noise,
        posterior_noise=posterior_noise,
        captions=tuple(sample.caption for sample in samples),
        objects=torch.from_numpy(outlines)[:, None].float() / 255,
        outline=torch.from_numpy(told_maps).float() / 255,
    )


def _interleave(weights: Sequence[int]) -> list[int]:
    """Pool numbers, each as often as its weight, spread evenly."""
    places = [((i + 0.5) / weight, which) for which, weight in enumerate(weights) for i in range(weight)]
    return [which for _, which in sorted(places)]


def _resize(picture: np.ndarray, size: int) -> np.ndarray:
    shrinking = picture.shape[0] >= size
    return cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC)
