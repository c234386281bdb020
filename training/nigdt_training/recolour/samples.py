"""From cut-outs to training samples: a start, a caption, a selection, and what should come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from nigdt.box import selection_box
from nigdt.colours import NamedColour
from nigdt.part_words import GROUPS, KEPT, PART_NAMES, PARTS
from nigdt_training.data.parts import labelled, softened
from nigdt_training.data.recolour import bytes_to_lab
from nigdt_training.recolour.captions import draw_colour, nouns_of, part_caption, whole_caption
from nigdt_training.recolour.cutouts import Cutout
from nigdt_training.recolour.part_teacher import UNKNOWN
from nigdt_training.recolour.selections import draw_limbs, draw_patch, draw_selection
from nigdt_training.recolour.tint import tinted

_LEAST_PART = 0.008
"""Fraction of the bird that a part must cover to be asked for."""
_SMALL = ("eye", "forehead", "nape")


@dataclass(frozen=True)
class RecolourSample:
    """One training sample.

    Attributes:
        start: (S, S, 3) float32 Lab, the photo to be changed.
        tint: (S, S, 3) float32 Lab, the wanted colour wherever it belongs.
        alpha: (S, S) float32, where it belongs.
        selection: (S, S) float32.
        hidden: Whether the network may not see the selection's colour.
        caption: What is asked.
        labels: (S, S) uint8, parts of a bird (`PARTS`), `UNKNOWN` if nobody has told them.
    """

    start: np.ndarray
    tint: np.ndarray
    alpha: np.ndarray
    selection: np.ndarray
    hidden: bool
    caption: str
    labels: np.ndarray


def draw_sample(cutout: Cutout, size: int, rng: np.random.Generator) -> RecolourSample:
    """Make one sample of a cut-out.

    Args:
        cutout: The photo and its object.
        size: Side of the square sample in pixels.
        rng: Chooses everything.
    """
    lab, mask, labels = framed(cutout, size, rng)
    lab = jittered(lab, rng)
    bird = cutout.source in ("cub20", "birds200")
    nouns = _nouns(cutout, bird)
    visible = _visible_parts(labels, mask)
    by_parts = bool(visible) and rng.random() < 0.75
    start, exact = lab, False
    if not by_parts and rng.random() < 0.25:
        mask, exact = np.maximum(mask, draw_limbs(mask, rng)), True
    if rng.random() < 0.4:
        start = _blend(lab, tinted(lab, mask, draw_colour(rng)), mask * rng.uniform(0.7, 1.0))
        exact = False  # limbs of the object's colour belong to it, whatever the selection
    if not by_parts and rng.random() < 0.35:
        patch = mask * draw_patch(start, mask, rng)
        start = _blend(start, tinted(start, patch, draw_colour(rng)), patch)
    if by_parts:
        alpha, tint, caption, selected = _parts_task(start, mask, labels, visible, nouns, rng)
        hidden = rng.random() < 0.2
    else:
        colour = draw_colour(rng)
        alpha, tint = mask * softened(1 - labelled(labels, KEPT)), tinted(start, mask, colour)
        caption, selected = whole_caption(colour, nouns, bird, rng), mask
        hidden = rng.random() < 0.5
    selection = draw_selection(selected, rng, "tight" if exact else None)
    known = labels if cutout.places else np.full_like(labels, UNKNOWN)
    return RecolourSample(start, tint, alpha, selection, bool(hidden), caption, known)


def _parts_task(
    start: np.ndarray,
    mask: np.ndarray,
    labels: np.ndarray,
    visible: list[str],
    nouns: list[str],
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, str, np.ndarray]:
    odds = np.array([0.35 if part in _SMALL else 1.0 for part in visible])
    count = min(len(visible), 1 if rng.random() < 0.7 else 2)
    names = [str(n) for n in rng.choice(visible, size=count, replace=False, p=odds / odds.sum())]
    if count == 2 and set(_stored(names[0])) & set(_stored(names[1])):
        names = names[:1]
    asked = [(name, draw_colour(rng)) for name in names]
    whole: NamedColour | None = draw_colour(rng) if rng.random() < 0.15 else None
    alpha = mask * softened(1 - labelled(labels, KEPT)) if whole else np.zeros_like(mask)
    tint = tinted(start, mask, whole) if whole else start.copy()
    for name, colour in asked:
        place = softened(labelled(labels, _stored(name))) * mask
        tint = _blend(
            tint, tinted(start, place, colour), np.minimum(1, place * 3) if whole is None else place
        )
        alpha = np.maximum(alpha, place)
    if rng.random() < 0.2 and whole is None:
        return alpha, tint, part_caption(asked, whole, nouns, rng), alpha
    return alpha, tint, part_caption(asked, whole, nouns, rng), mask


def framed(cutout: Cutout, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a window of the photo that shows the object, at times mirrored.

    Args:
        cutout: The photo and its object.
        size: Side of the square window in pixels.
        rng: Chooses the window.

    Returns:
        Lab (size, size, 3) float32, the object (size, size) float32 in 0..1, its parts (size, size) uint8.
    """
    height, width = cutout.mask.shape
    top, bottom, left, right = 0, height, 0, width
    if rng.random() < 0.65:
        box = selection_box(cutout.mask > 127)
        side = max(box.width, box.height) * rng.uniform(1.1, 2.2)
        h, w = side * rng.uniform(0.85, 1.15), side * rng.uniform(0.85, 1.15)
        cy = (box.top + box.bottom) / 2 + rng.normal(0, 0.1) * side
        cx = (box.left + box.right) / 2 + rng.normal(0, 0.1) * side
        top, bottom = (int(np.clip(v, 0, height)) for v in (cy - h / 2, cy + h / 2))
        left, right = (int(np.clip(v, 0, width)) for v in (cx - w / 2, cx + w / 2))
    window = (slice(top, bottom), slice(left, right))
    shrinks = bottom - top > size
    rgb = cv2.resize(
        cutout.photo[window], (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    )
    mask: np.ndarray = cv2.resize(cutout.mask[window], (size, size), interpolation=cv2.INTER_LINEAR).astype(
        np.float32
    ) / np.float32(255)
    labels = cv2.resize(cutout.parts[window], (size, size), interpolation=cv2.INTER_NEAREST)
    if rng.random() < 0.5:
        rgb, mask, labels = (np.ascontiguousarray(x[:, ::-1]) for x in (rgb, mask, labels))
    return bytes_to_lab(rgb), mask, labels


def jittered(lab: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a Lab photo (H, W, 3) in another light, darker or paler or tinged; some become grey."""
    if rng.random() < 0.5:
        changed = lab * np.float32(rng.uniform(0.6, 1.15))
        changed[..., 1:] += rng.normal(0, 2, 2).astype(np.float32)
        changed[..., 0] = 100 * cv2.pow(np.maximum(lab[..., 0], 0) / 100, rng.uniform(0.8, 1.25))
        return changed
    if rng.random() < 0.08:
        return lab * np.array([1, 0, 0], np.float32)
    return lab


def _nouns(cutout: Cutout, bird: bool) -> list[str]:
    if bird:
        species = [n for n in nouns_of(cutout.captions) if n != "bird"]
        return ["bird", "bird", *species]
    return nouns_of(cutout.captions)


def _visible_parts(labels: np.ndarray, mask: np.ndarray) -> list[str]:
    area = max(1.0, float((mask > 0.5).sum()))
    counts = np.bincount(labels.ravel(), minlength=len(PARTS) + 1)
    return [
        p for p in PART_NAMES if sum(counts[PARTS.index(s) + 1] for s in _stored(p)) / area >= _LEAST_PART
    ]


def _stored(part: str) -> Sequence[str]:
    return GROUPS.get(part, (part,))


def _blend(under: np.ndarray, over: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return under + weight[..., None] * (over - under)
