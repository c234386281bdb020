"""Rounds of fills: the context that was sent, and what came back for it."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np
from nigdt_backend.protocol import FillPicture, FillRequest
from numpy.typing import NDArray

from nigdt.context import compositing
from nigdt.context.box import Box, context_box, crop
from nigdt.context.detail import enlarge
from nigdt.variants import MAX_SEED, Variant
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.layers import Layer
from nigdt_plugin.core.selection import Mask

Pixels = NDArray[np.uint8]

_SENT_SIDE = 1024
"""Longest side that is sent: the model works far below it, and the daemon refuses twice as much."""

MORE_LIKE_THIS = 0.35
"""Spread of "more like this": near enough to keep what was liked, far enough to differ."""


@dataclass(frozen=True, eq=False)
class Shot:
    """The context at the moment of asking.

    Attributes:
        box: Where it lies on the photo; may reach beyond it.
        crop: Photo (h, w, 3) uint8.
        mask: Selection (h, w) uint8, 255 = to be filled.
    """

    box: Box
    crop: Pixels
    mask: Mask

    @classmethod
    def take(cls, rgb: Pixels, selection: Mask, minimum: int, widen: float) -> Shot:
        """Cut the context out of photo and selection.

        Raises:
            SelectionError: Nothing is selected.
        """
        box = context_box(selection, minimum, widen)
        pixels, mask = crop(rgb, selection, box)
        return cls(box, pixels, mask)

    @property
    def region(self) -> Region:
        """The box as a region; may reach beyond the photo."""
        return Region(self.box.left, self.box.top, self.box.right, self.box.bottom)

    def same_as(self, other: Shot) -> bool:
        """Whether the model would see exactly the same."""
        return (
            self.box == other.box
            and np.array_equal(self.mask, other.mask)
            and np.array_equal(self.crop, other.crop)
        )

    @cached_property
    def sent(self) -> tuple[Pixels, Mask]:
        """Crop and mask at the size that travels."""
        scale = _SENT_SIDE / max(self.crop.shape[:2])
        if scale >= 1:
            return self.crop, self.mask
        size = (round(self.crop.shape[1] * scale), round(self.crop.shape[0] * scale))
        mask = cv2.resize(self.mask, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
        if not mask.any():  # a speck on a giant context
            mask = np.where(cv2.resize(cv2.dilate(self.mask, np.ones((9, 9))), size) > 0, 255, 0).astype(
                np.uint8
            )
        return cv2.resize(self.crop, size, interpolation=cv2.INTER_AREA).astype(np.uint8), mask

    def small(self, side: int) -> tuple[Pixels, Mask]:
        """Crop and mask with the longest side ``side``, for thumbnails."""
        crop, mask = self.sent
        scale = side / max(mask.shape)
        size = max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale))
        return (
            cv2.resize(crop, size, interpolation=cv2.INTER_AREA).astype(np.uint8),
            cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.uint8),
        )


@dataclass(frozen=True, eq=False)
class WordUse:
    """How much one word drew, and where: ``map`` (gh, gw) uint8 over the context, 255 = most."""

    word: str
    known: bool
    weight: float
    map: NDArray[np.uint8]


@dataclass(eq=False)
class Fill:
    """One answer: the model's picture of the whole context, not yet blended.

    Attributes:
        pixels: (h, w, 3) uint8 at the size that was sent.
        caption: What was asked for.
        variant: Which of the possible answers.
        model: Bundle that drew it.
        favourite: Kept by the user; the history never drops it.
        words: Attention on what is visible around the hole, empty until asked for.
        words_inside: Attention on the finished fill, empty until asked for.
        unknown: Words the model does not know.
    """

    pixels: Pixels
    caption: str
    variant: Variant
    model: str
    favourite: bool = False
    words: tuple[WordUse, ...] = ()
    words_inside: tuple[WordUse, ...] = ()
    unknown: tuple[str, ...] = ()
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def seed_text(self) -> str:
        """The seed as shown: a number, or "mean"; near ones name what they are near to."""
        if self.variant.seed is None:
            return "mean"
        if self.variant.spread < 1:
            return f"{self.variant.base if self.variant.base is not None else 'mean'}~{self.variant.seed}"
        return str(self.variant.seed)

    def reduced(self, shot: Shot) -> bool:
        """Whether the context travelled smaller than it is, so that the fill has to be enlarged."""
        return self.pixels.shape != shot.crop.shape

    def at(self, shot: Shot, detail: bool = True) -> Pixels:
        """The picture at the context's own resolution.

        Args:
            shot: The context.
            detail: Whether an enlarged one gets the photo's detail; that may take a second.
        """
        if not self.reduced(shot):
            return self.pixels
        if not detail:
            size = shot.crop.shape[1], shot.crop.shape[0]
            return cv2.resize(self.pixels, size, interpolation=cv2.INTER_CUBIC).astype(np.uint8)
        hole, _ = compositing.hole_and_weight(shot.mask)
        return enlarge(self.pixels.astype(np.float32), shot.crop, hole)


@dataclass(eq=False)
class Round:
    """One context and the fills made for it that are in view.

    Attributes:
        shot: The context.
        fills: In the order in which they are shown.
        id: Of the context; at most one layer comes out of it.
        record: Under which the history keeps these fills; another once others take their place.
        created: When they were asked for, seconds since 1970.
    """

    shot: Shot
    fills: list[Fill] = field(default_factory=list)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    record: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: float = field(default_factory=time.time)

    def sweep(self, keep: Fill | None = None) -> None:
        """Make room for others; favourites stay, and ``keep``."""
        self.fills = [fill for fill in self.fills if fill.favourite or fill is keep]
        self.record = uuid.uuid4().hex
        self.created = time.time()

    @property
    def captions(self) -> list[str]:
        """The captions of the fills, each once, in order."""
        return list(dict.fromkeys(fill.caption for fill in self.fills))


@dataclass(frozen=True)
class Blend:
    """How a fill meets the photo; changing it needs no new fill.

    Attributes:
        feather: Pixels over which it fades out; None fits the selection.
        match_colours: How far its colours are matched at the seam, 0..1.
        strength: Opacity, 0..1.
    """

    feather: int | None = None
    match_colours: float = 1.0
    strength: float = 1.0

    def mix(self, shot: Shot, pixels: Pixels) -> tuple[Pixels, NDArray[np.float32]]:
        """Fill and weight ready for ``Photo.paste``.

        Args:
            shot: The context.
            pixels: (h, w, 3) uint8 at the context's resolution.
        """
        matched, weight = compositing.blend(shot.crop, pixels, shot.mask, self.feather)
        if self.match_colours < 1:
            matched = cv2.addWeighted(matched, self.match_colours, pixels, 1 - self.match_colours, 0).astype(
                np.uint8
            )
        return matched, (weight * np.float32(self.strength)).astype(np.float32)


def blended(entry: Round, fill: Fill, pixels: Pixels, blend: Blend, width: int, height: int) -> Layer:
    """A fill as a layer, no larger than what it changes.

    Args:
        entry: The round it belongs to.
        fill: The fill.
        pixels: Its picture, as ``Fill.at`` gives it.
        blend: How it meets the photo.
        width: Columns of the photo.
        height: Rows of the photo.
    """
    rgb, weight = blend.mix(entry.shot, pixels)
    left, top, columns, rows = cv2.boundingRect((weight > 0).astype(np.uint8))
    region = Region(left, top, left + columns, top + rows)
    box = entry.shot.box
    place = Region(
        region.left + box.left, region.top + box.top, region.right + box.left, region.bottom + box.top
    ).clipped(width, height)
    part = Region(
        place.left - box.left, place.top - box.top, place.right - box.left, place.bottom - box.top
    ).slices
    return Layer(
        place,
        np.ascontiguousarray(rgb[part]),
        np.ascontiguousarray(weight[part]),
        fill.caption,
        fill.variant.seed,
        fill.model,
        round=entry.id,
        fill=fill.id,
    )


def continues(document: Document, entry: Round, shot: Shot) -> bool:
    """Whether a shot shows the round's context, apart from the layer that came out of the round itself."""
    mine = entry.shot
    if shot.same_as(mine):
        return True
    if shot.box != mine.box or not np.array_equal(shot.mask, mine.mask):
        return False
    own = next((layer for layer in document.layers if layer.round == entry.id), None)
    if own is None or not own.visible:
        return False
    rest = tuple(layer for layer in document.layers if layer is not own)
    inside = mine.region.clipped(document.width, document.height)
    top, left = inside.top - mine.box.top, inside.left - mine.box.left
    before = mine.crop[top : top + inside.height, left : left + inside.width]
    return np.array_equal(document.composite(inside, rest), before)


def new_seed(generator: np.random.Generator) -> int:
    """A seed short enough to read out and type."""
    return int(generator.integers(1, 10_000))


def request(
    shot: Shot,
    caption: str,
    variants: list[Variant],
    model: str,
    *,
    live: bool = False,
    attention: bool = False,
) -> FillRequest:
    """The message that asks for fills."""
    pixels, mask = shot.sent
    height, width = mask.shape
    return FillRequest(
        crop=pixels.tobytes(),
        mask=mask.tobytes(),
        width=width,
        height=height,
        caption=caption,
        variants=[variant.to_dict() for variant in variants],
        bundle=model,
        live=live,
        attention=attention,
    )


def inside_request(shot: Shot, fill: Fill) -> FillRequest:
    """Ask which words the finished fill shows: the fill is what is visible, its surroundings are hidden."""
    height, width = fill.pixels.shape[:2]
    mask = cv2.resize(shot.mask, (width, height), interpolation=cv2.INTER_AREA)
    around = np.where(mask > 127, 0, 255).astype(np.uint8)
    return FillRequest(
        crop=fill.pixels.tobytes(),
        mask=around.tobytes(),
        width=width,
        height=height,
        caption=fill.caption,
        variants=[Variant().to_dict()],
        bundle=fill.model,
        attention=True,
    )


def words_of(picture: FillPicture) -> tuple[WordUse, ...]:
    """The attention of a fill as arrays."""
    return tuple(
        WordUse(
            word.word,
            word.known,
            word.weight,
            np.frombuffer(word.map, np.uint8).reshape(word.height, word.width)
            if word.map
            else np.zeros((0, 0), np.uint8),
        )
        for word in picture.words
    )


def fill_of(picture: FillPicture, caption: str, model: str) -> Fill:
    """A fill as it came from the daemon."""
    pixels = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.width, 3)
    data = picture.variant
    variant = Variant(data.get("seed"), data.get("base"), float(data.get("spread", 1.0)))
    return Fill(
        pixels, caption, variant, model, words=words_of(picture), unknown=tuple(picture.unknown_words)
    )


def near(variant: Variant, seed: int) -> Variant:
    """A variant like the given one. What is itself near another starts anew from its own draw."""
    return Variant(seed=seed % MAX_SEED, base=variant.seed, spread=MORE_LIKE_THIS)
