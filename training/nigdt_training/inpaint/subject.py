"""What somebody's own photos have in common: the thing that they show, its outlines, and what it is called.

A model that is to draw a thing in an empty place must know its shape (`nigdt.model.outlines`). The photos
show it: the bundle's finder cuts it out, and those that are seen as a whole become outlines of a new kind.
What is seen most clearly is kept itself (`nigdt.pasted`); then its own outlines are those of the kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from nigdt.bundle.bundle import RECOLOUR_WEIGHTS, BundleInfo, file_digest
from nigdt.bundle.recolour import load_recolour
from nigdt.colours import PART_WORDS, find_colours
from nigdt.model import NIGDT
from nigdt.model.outlines import MARKS
from nigdt.objects import largest_piece
from nigdt.outlines import Outlines
from nigdt.pasted import CutOut
from nigdt.recolourer import Recolourer
from nigdt.surroundings import names_surface
from nigdt.text import Vocabulary, tokenise
from nigdt_training.data.objects import Finder
from nigdt_training.inpaint.outlines import ObjectShape, typical, whole_shape
from nigdt_training.inpaint.own_cutouts import Cutter, cut_outs_of
from nigdt_training.samples import Pool

__all__ = ["Subject", "add_subject", "clear_first", "find_subject", "finder_of"]

Floats = NDArray[np.float32]

_MOST_OUTLINES = 16
_LEAST_OUTLINES = 4
_LEAST_CUT_OUTS = 2
_GENERAL = frozenset({"animal", "bird"})
"""Words for more than photos of one thing show: with them the model draws any such thing, not this one."""
_LEAST_SOLID = 0.35
"""Part of its convex hull that an object covers at least: a giraffe covers half of it."""
_COMMON = 0.6
"""Part of the photos whose captions must have a word for it to name what they show, ..."""
_NEARLY = 0.9
"""... and how nearly as common as the commonest further ones must be."""
_SURE, _AREA = 0.86, (0.03, 0.65)
"""How sure the finder must be of an object on average, and the fractions of a photo that it may cover."""
_SOFTEST, _DOUBTFUL = 0.021, (64, 192)
"""Pixels with values between the last two are neither object nor surroundings; the first is how many of them
may lie beside each pixel of its edge, as a fraction of the photo's shorter side."""
_CLEAR_WEIGHT = 4
"""Samples of photos that show their thing clearly, for each of another photo."""
_BESIDE = 9
_OTHERS = 0.5
"""How much more than the object the finder may see elsewhere, beside its area."""

_SAID = """
a about above across after all along among an and another are around as at away back background be behind
below beside between big both bright by close closeup couple dark day down for four from front full group
happy has have he her here high his image in inside into is it its large left lies light little long
looks many middle my near new next no of off old on one our out outside over pair photo photograph
picture pretty right round runs several she side sits small some stand stands tall that the their them
there these they this three through to together top toward towards two under up very view walks was we
while white with without young your
"""
_LITTLE = frozenset(_SAID.split())
"""Words that captions of any photo have."""


@dataclass(frozen=True)
class Subject:
    """What photos show.

    Attributes:
        words: What captions call it.
        shapes: Its outlines, as `ObjectShape` has them.
        numbers: (N,), how common each is, or how clearly it is seen where it is kept itself.
        seen: In how many photos it was cut out.
        cut_outs: What is kept of it, one for each outline; empty where the model is to draw it.
    """

    words: tuple[str, ...]
    shapes: Sequence[ObjectShape]
    numbers: Sequence[float]
    seen: int
    cut_outs: Sequence[CutOut] = ()


def finder_of(info: BundleInfo, device: str = "cpu") -> Finder | None:
    """Return what finds the objects of photos: the bundle's own network; None where it has none."""
    if not info.recolours:
        return None
    net, words = load_recolour(info.folder, device)
    if net.finder is None:
        return None
    recolourer = Recolourer(net, words, device)

    def find(photo: np.ndarray) -> np.ndarray | None:
        photo = np.ascontiguousarray(photo)
        return _clear(recolourer.object_within(photo, np.full(photo.shape[:2], 255, np.uint8)))

    return Finder(file_digest(info.folder / RECOLOUR_WEIGHTS), find)


def find_subject(pool: Pool, known: Outlines, cutter: Cutter | None = None) -> Subject | None:
    """Find out what photos show.

    Args:
        pool: With objects that are cut out.
        known: What the model draws into outlines already.
        cutter: Cuts out what is kept; without it nothing is.

    Returns:
        None where captions do not agree on a word, where the model knows it already and too little is clear
        enough to be kept, or where too few photos show it as a whole.
    """
    common = _common_words(pool)
    words = tuple(word for word in common if _singular(word) not in _GENERAL)
    if not words:
        return None
    masks = [mask for i in map(int, pool.photos) if (mask := pool.cache.object_mask(i)) is not None]
    shapes = [shape for mask in masks if (shape := whole_shape(mask, _LEAST_SOLID)) is not None]
    if len(shapes) < _LEAST_OUTLINES:
        return None
    cut = [] if cutter is None else cut_outs_of(pool, cutter, _MOST_OUTLINES)
    if len(cut) >= _LEAST_CUT_OUTS:
        clearness = [one.quality for one in cut]
        return Subject(words, [one.shape for one in cut], clearness, len(masks), [one.cut for one in cut])
    if any(known.kind_in(word) for word in common):
        return None
    kept, numbers = typical(shapes, _MOST_OUTLINES)
    return Subject(words, kept, numbers, len(masks))


def clear_first(photos: Pool) -> list[Pool]:
    """Return the photos whose object is cut out, which most samples come from, and the others."""
    clear = np.array([photos.cache.object_mask(int(i)) is not None for i in photos.photos])
    found = []
    for which, weight in ((clear, _CLEAR_WEIGHT), (~clear, 1)):
        if which.any():
            found.append(replace(photos, photos=photos.photos[which], sampling_weight=weight))
    return found


def add_subject(model: NIGDT, vocabulary: Vocabulary, subject: Subject) -> None:
    """Give a model the outlines of a further kind of thing."""
    book, count = model.outlines, len(subject.shapes)
    kind = float(book.kinds.max()) + 1
    further: Mapping[str, torch.Tensor] = {
        "shapes": torch.from_numpy(np.stack([one.shape for one in subject.shapes])),
        "aspects": torch.tensor([one.aspect for one in subject.shapes]),
        "numbers": torch.tensor(list(subject.numbers)),
        "kinds": torch.full((count,), kind),
    }
    if model.config.marks:
        further = {**further, "marks": torch.full((count, len(MARKS), 2), -1.0)}
    for name, values in further.items():
        own = getattr(book, name)
        setattr(book, name, torch.cat([own, values.to(own)]))
    for word in subject.words:
        if word in vocabulary:
            book.words[vocabulary.words.index(word)] = kind


def _clear(sure: np.ndarray) -> np.ndarray | None:
    """Return the one object that a finder is sure of, (H, W) uint8; None where it is not."""
    piece = largest_piece(sure > 127)
    if not _AREA[0] < piece.mean() < _AREA[1]:
        return None
    outlines, _ = cv2.findContours(piece.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    around = cv2.arcLength(max(outlines, key=len), closed=True)
    near = cv2.dilate(piece.astype(np.uint8), np.ones((_BESIDE, _BESIDE), np.uint8)) > 0
    doubtful = near & (sure > _DOUBTFUL[0]) & (sure < _DOUBTFUL[1])
    soft = np.count_nonzero(doubtful) > _SOFTEST * min(sure.shape) * around
    others = np.count_nonzero((sure > 127) & ~piece) > _OTHERS * np.count_nonzero(piece)
    if soft or others or sure[piece].mean() < _SURE * 255:
        return None
    return np.where(near, sure, 0).astype(np.uint8)


def _common_words(pool: Pool) -> tuple[str, ...]:
    """Return the words for a thing that nearly all captions share, singular and plural alike."""
    photos, forms = Counter[str](), dict[str, set[str]]()
    for i in map(int, pool.photos):
        said = {word for caption in pool.cache.captions(i) for word in tokenise(caption)}
        for word in filter(_names_thing, said):
            forms.setdefault(_singular(word), set()).add(word)
        photos.update({_singular(word) for word in said if _names_thing(word)})
    if not photos:
        return ()
    most = max(photos.values())
    if most < _COMMON * len(pool.photos):
        return ()
    chosen = [
        word for word, number in photos.items() if number >= max(_NEARLY * most, _COMMON * len(pool.photos))
    ]
    return tuple(sorted({form for word in chosen for form in forms[word]}))


def _names_thing(word: str) -> bool:
    """Return whether a word may name a thing: not a colour, a part, a surface or a little word."""
    return not (
        word in _LITTLE
        or word.endswith("ing")
        or word.removesuffix("ed") in PART_WORDS
        or find_colours(word)
        or names_surface(word)
    )


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
