"""Rounds of fills: the context that was sent, and what came back for it."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field, replace
from functools import cached_property

import cv2
import numpy as np
from nigdt_backend.answers import answer_arrays
from nigdt_backend.protocol import FillPicture, FillRequest
from numpy.typing import NDArray

from nigdt.context import Context
from nigdt.context.blend import greyed
from nigdt.limits import Mode
from nigdt.photo.provenance import DrawnSelection
from nigdt.recipe import Recipe, Variant
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.layers import Layer
from nigdt_plugin.core.selection import Patch

Pixels = NDArray[np.uint8]

MORE_LIKE_THIS = 0.35
"""Spread of "more like this": near enough to keep what was liked, far enough to differ."""


def region_of(context: Context) -> Region:
    """Return where a context lies, as a region of the photo."""
    box = context.box
    return Region(box.left, box.top, box.right, box.bottom)


def same(one: Context, other: Context) -> bool:
    """Return whether the model would see exactly the same."""
    return (
        one.box == other.box
        and one.mode == other.mode
        and np.array_equal(one.selection, other.selection)
        and np.array_equal(one.crop, other.crop)
    )


@dataclass(frozen=True, eq=False)
class WordChange:
    """What one word of the caption did to a fill.

    Attributes:
        word: Lower case.
        known: Whether the model knows it.
        change: Mean difference in the hole between the fills with and without it, in grey levels of 255.
        map: (gh, gw) uint8 over the context, 255 = where it changed most.
        without: (h, w, 3) uint8, the model's own picture without the word, at its working size.
    """

    word: str
    known: bool
    change: float
    map: Pixels
    without: Pixels


@dataclass(eq=False)
class Candidate:
    """One answer: the model's picture of the whole context, not yet blended.

    Attributes:
        pixels: (h, w, 3) uint8 at the size that was sent.
        recipe: How it came about.
        maps: Of a recolouring (`nigdt.recolouring`), else None.
        favourite: Kept by the user; the history never drops it.
        words: What each word did, empty until asked for.
        unknown: Words the model does not know.
    """

    pixels: Pixels
    recipe: Recipe
    maps: NDArray[np.float32] | None = None
    favourite: bool = False
    words: tuple[WordChange, ...] = ()
    unknown: tuple[str, ...] = ()
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def caption(self) -> str:
        """What was asked for."""
        return self.recipe.caption

    @property
    def variant(self) -> Variant:
        """Which of the possible answers it is."""
        return self.recipe.variant

    @property
    def model(self) -> str:
        """Bundle that drew it."""
        return self.recipe.bundle

    @property
    def effective_mode(self) -> Mode:
        """The mode that it was really drawn in."""
        return self.recipe.effective_mode

    def reduced(self, context: Context) -> bool:
        """Return whether the context travelled smaller than it is, so that the fill has to be enlarged."""
        return self.pixels.shape != context.crop.shape

    def at(self, context: Context, detail: bool = True) -> Pixels:
        """Return the picture at the context's own resolution.

        Args:
            context: The context.
            detail: Whether an enlarged one gets the photo's detail; that may take a second.
        """
        if detail or not self.reduced(context):
            return context.enlarged(self.pixels, self.maps)
        size = context.box.width, context.box.height
        if self.maps is not None:  # the photo stays sharp; only the change of its colours is enlarged
            change = self.pixels.astype(np.int16) - context.sent[0]
            enlarged = cv2.resize(change, size, interpolation=cv2.INTER_LINEAR)
            return cv2.add(context.crop, enlarged, dtype=cv2.CV_8U).astype(np.uint8)
        return cv2.resize(self.pixels, size, interpolation=cv2.INTER_CUBIC).astype(np.uint8)


@dataclass(eq=False)
class Round:
    """One context and the fills made for it that are in view.

    Attributes:
        context: What the model sees.
        selected: What the user selected, before it was grown or closed for the context.
        fills: In the order in which they are shown.
        id: Of the context; at most one layer comes out of it.
        record: Under which the history keeps these fills; another once others take their place.
        created: When they were asked for, seconds since 1970.
        told: What the daemon said about these fills, in English.
    """

    context: Context
    selected: Patch
    fills: list[Candidate] = field(default_factory=list)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    record: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: float = field(default_factory=time.time)
    told: tuple[str, ...] = ()

    def sweep(self, keep: Candidate | None = None) -> None:
        """Make room for others; favourites stay, and `keep`."""
        self.fills = [fill for fill in self.fills if fill.favourite or fill is keep]
        self.record = uuid.uuid4().hex
        self.created = time.time()
        self.told = ()

    @cached_property
    def _asked(self) -> FillRequest:
        return FillRequest.of(self.context, Recipe())

    def request(
        self,
        recipe: Recipe,
        variants: list[Variant],
        *,
        live: bool = False,
        effects: bool = False,
        previews: bool = False,
    ) -> FillRequest:
        """Make a request for its context, whose pixels all requests of the round share.

        So they are copied once, and the client sees at once that the daemon has them.
        """
        return replace(
            self._asked,
            recipe=recipe,
            variants=variants,
            live=live,
            effects=effects,
            previews=previews,
            job=uuid.uuid4().hex,
        )

    @cached_property
    def drawn_selection(self) -> DrawnSelection:
        """The selection as it is written down."""
        return DrawnSelection.of(self.selected.region.box, self.selected.mask)

    @property
    def captions(self) -> list[str]:
        """The captions of the fills, each once, in order."""
        return list(dict.fromkeys(fill.caption for fill in self.fills))


def blended(entry: Round, fill: Candidate, pixels: Pixels, recipe: Recipe, grey: bool = False) -> Layer:
    """Make a layer of a fill, no larger than what it changes.

    Args:
        entry: The round it belongs to.
        fill: The fill.
        pixels: Its picture, as `Candidate.at` gives it.
        recipe: How it came about, and how it meets the photo.
        grey: Whether the photo holds no colour.
    """
    rgb, weight = entry.context.blended(pixels, recipe)
    left, top, columns, rows = cv2.boundingRect((weight > 0).astype(np.uint8))
    part = Region(left, top, left + columns, top + rows).slices
    box = entry.context.box
    return Layer(
        Region(left + box.left, top + box.top, left + columns + box.left, top + rows + box.top),
        greyed(np.ascontiguousarray(rgb[part])) if grey else np.ascontiguousarray(rgb[part]),
        np.ascontiguousarray(weight[part] / np.float32(255)),
        recipe,
        round=entry.id,
        fill=fill.id,
        selection=entry.drawn_selection,
    )


def continues(document: Document, entry: Round, context: Context, selected: Patch) -> bool:
    """Return whether a context is the round's, apart from the layer that came out of the round itself."""
    mine = entry.context
    if selected.region != entry.selected.region or not np.array_equal(selected.mask, entry.selected.mask):
        return False
    if same(context, mine):
        return True
    if (context.box, context.mode) != (mine.box, mine.mode) or not np.array_equal(
        context.selection, mine.selection
    ):
        return False
    own = next((layer for layer in document.layers if layer.round == entry.id), None)
    if own is None or not own.visible:
        return False
    rest = tuple(layer for layer in document.layers if layer is not own)
    known = np.s_[:] if mine.unknown is None else ~mine.unknown
    return np.array_equal(document.composite(region_of(mine), rest)[known], mine.crop[known])


def new_seed(generator: np.random.Generator) -> int:
    """Return a seed short enough to read out and type."""
    return int(generator.integers(1, 10_000))


def effects_of(picture: FillPicture) -> tuple[WordChange, ...]:
    """Return what each word did as arrays."""
    return tuple(
        WordChange(
            word.word,
            word.known,
            word.change,
            np.frombuffer(word.map, np.uint8).reshape(word.height, word.width),
            np.frombuffer(word.without, np.uint8).reshape(*word.without_size[::-1], 3),
        )
        for word in picture.words
    )


def without_word(fill: Candidate, effect: WordChange) -> Candidate:
    """Return a fill as it would be without one of its words.

    The model's own picture is smaller and has none of the photo's detail, so what the word changed is taken
    back from the fill instead: nothing else differs.
    """
    rows, columns = effect.without.shape[:2]
    seen = cv2.resize(fill.pixels, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32)
    change = effect.without.astype(np.float32) - seen
    height, width = fill.pixels.shape[:2]
    enlarged = cv2.resize(change, (width, height), interpolation=cv2.INTER_CUBIC)
    pixels = np.clip(np.rint(fill.pixels + enlarged), 0, 255).astype(np.uint8)
    return replace(fill, pixels=pixels, words=(), id=uuid.uuid4().hex)


def fill_of(picture: FillPicture) -> Candidate:
    """Return a fill as it came from the daemon."""
    pixels, recipe, maps = answer_arrays(picture)
    return Candidate(pixels, recipe, maps, unknown=tuple(picture.unknown_words))


def near(variant: Variant, seed: int) -> Variant:
    """Return a variant like the given one. What is itself near another starts anew from its own draw."""
    return Variant(seed=seed, base=variant.seed, spread=MORE_LIKE_THIS)
