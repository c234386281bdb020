"""What is put before every system alike: photos, holes and captions, drawn by seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

import numpy as np

from nigdt.errors import PhotoError
from nigdt.masks import box_mask, centre_mask, irregular_mask, outline_mask, rectangle_mask
from nigdt.schema import Count, Meta
from nigdt_training.data.check import join_look_alikes
from nigdt_training.data.crops import square
from nigdt_training.data.decode import Frame, decode_frame
from nigdt_training.data.lama_masks import LAMA_KINDS, lama_mask
from nigdt_training.data.mask_files import MaskFiles
from nigdt_training.data.records import Record
from nigdt_training.data.segment import segment_box, soften
from nigdt_training.data.split import held_out, place

Hole = Literal["centre", "rectangle", "irregular", "object", "outline", "thin", "medium", "thick"]
HOLES: tuple[Hole, ...] = get_args(Hole)
"""Kinds of holes: those of `nigdt.masks`, the object's outline grown by 1/32 of the picture, and LaMa's."""
RATIO_BINS = (0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
"""Ends of the six bins of hole-to-picture ratios of Liu et al. 2018 (NVIDIA's irregular masks)."""
USUAL_SIZE = 256
"""Side of the pictures where no system works at a size of its own."""
LARGEST_HOLE = 0.75
"""Fraction of the picture above which an object's hole is left out: nothing would be left to continue."""


@dataclass(frozen=True)
class Case:
    """One photo with one hole and one caption.

    Attributes:
        name: The photo's name in its data set.
        photo: (S, S, 3) uint8 RGB.
        hole: (S, S) bool, True where the systems fill.
        caption: The caption that they are given.
        captions: All captions of the photo.
        object_mask: (S, S) uint8 soft mask of the object, 255 on it; None when unknown.
        group: The photo's group: near-duplicates and what the data set keeps together.
        species: What the object is, where photos of one species share their descriptions; else None.
    """

    name: str
    photo: np.ndarray
    hole: np.ndarray
    caption: str
    captions: tuple[str, ...]
    object_mask: np.ndarray | None
    group: str = ""
    species: str | None = None

    @property
    def ratio(self) -> float:
        """Hole-to-picture ratio."""
        return float(self.hole.mean())


@dataclass(frozen=True)
class CaseSettings:
    """How cases are drawn.

    Attributes:
        mask: One of `HOLES`: "object" is its box, "outline" its segmentation; or the path of a folder or list
            of masks (`MaskFiles`).
        size: Side of the pictures in pixels; None takes `USUAL_SIZE`.
        limit: At most so many cases; None takes all.
        seed: Draws photos, captions and random holes.
        split: Only photos that the data set puts in this split ("train", "val", "test").
        held_out: Only this fraction of the photos, those that training with the same fraction left out.
        around_object: Cut the square around the object (1.75 times its box) instead of the photo's centre.
        black_holes: Whether black is the hole in those files, not white.
    """

    mask: str = "centre"
    size: Annotated[int, Meta(ge=64, le=1024)] | None = None
    limit: Count | None = None
    seed: Annotated[int, Meta(ge=0)] = 0
    split: Literal["train", "val", "test"] | None = None
    held_out: Annotated[float, Meta(gt=0, le=1)] | None = None
    around_object: bool = False
    black_holes: bool = False

    @property
    def side(self) -> int:
        """Side of the pictures in pixels."""
        return self.size or USUAL_SIZE


def draw_cases(records: Sequence[Record], settings: CaseSettings) -> list[Case]:
    """Draw the cases of an evaluation.

    Photos come in an order shuffled by seed, each with one of its captions and, where random, a hole of its
    own: all three depend only on seed and name, so that another limit gives a prefix of the same cases.
    Photos without a caption, that cannot be read, or without an object where the mask needs one, are left
    out.

    Args:
        records: A data set's photos.
        settings: What to draw.

    Returns:
        The cases; may be fewer than the limit.

    Raises:
        DataError: A file of masks cannot be read.
    """
    files = None
    if settings.mask not in HOLES:
        files = MaskFiles(Path(settings.mask), black_holes=settings.black_holes)
    needs_object = files is None and settings.mask in ("object", "outline")
    if settings.held_out is not None:
        records = join_look_alikes(records)
    eligible = [
        record
        for record in records
        if record.captions
        and (settings.split is None or record.split == settings.split)
        and (settings.held_out is None or held_out(record.group, settings.held_out))
        and (record.box is not None or not (needs_object or settings.around_object))
    ]
    eligible.sort(key=lambda record: _seed(settings.seed, "order", record.name))
    cases: list[Case] = []
    for record in eligible:
        if settings.limit is not None and len(cases) >= settings.limit:
            break
        case = _case(record, settings, files)
        if case is not None:
            cases.append(case)
    return cases


def _case(record: Record, settings: CaseSettings, files: MaskFiles | None) -> Case | None:
    try:
        frame = decode_frame(record, settings.side, central=not settings.around_object)
    except PhotoError:
        return None
    frame = square(frame, settings.side, settings.around_object)
    rng = np.random.default_rng(_seed(settings.seed, settings.mask, record.name))
    mask = None
    if frame.outline is not None and frame.outline.any():
        mask = soften((frame.outline > 0).astype(np.uint8))
    elif frame.box is not None:
        mask = segment_box(frame.photo, frame.box)
    if files is None:
        hole = _hole(frame, mask, settings.mask, rng)
    else:
        own = files.of(record.name, settings.seed, *frame.photo.shape[:2])
        hole = None if own is None else own > 0
    if hole is None or not hole.any() or hole.mean() > LARGEST_HOLE:
        return None
    chosen = _seed(settings.seed, "caption", record.name) % len(record.captions)
    return Case(
        name=record.name,
        photo=frame.photo,
        hole=hole,
        caption=record.captions[chosen],
        captions=tuple(record.captions),
        object_mask=mask,
        group=record.group,
        species=record.species,
    )


def _hole(
    frame: Frame, object_mask: np.ndarray | None, kind: str, rng: np.random.Generator
) -> np.ndarray | None:
    height, width = frame.photo.shape[:2]
    if kind == "object":
        return None if frame.box is None else box_mask(height, width, frame.box) > 0
    if kind == "outline":
        return None if object_mask is None else outline_mask(object_mask, height // 32) > 0
    if kind in LAMA_KINDS:
        return lama_mask(height, width, kind, rng) > 0
    if kind == "irregular":
        return irregular_mask(height, width, rng) > 0
    if kind == "rectangle":
        return rectangle_mask(height, width, rng) > 0
    return centre_mask(height, width) > 0


def _seed(seed: int, purpose: str, name: str) -> int:
    return place(f"{seed}/{purpose}/{name}")
