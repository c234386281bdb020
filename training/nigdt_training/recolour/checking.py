"""How well a recolouring network does on photos kept from training: colour, detail, place, parts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import cv2
import numpy as np

from nigdt.box import selection_box
from nigdt.colours import BASIC, nearest_basic, rgb_to_lab
from nigdt.context import Context
from nigdt.part_words import PART_NAMES
from nigdt.recipe import Recipe
from nigdt.recolourer import Recolourer
from nigdt.recolouring import Recolouring
from nigdt_training.recolour.captions import nouns_of
from nigdt_training.recolour.cutouts import Cutout

DETAIL_SIGMA = 8.0
"""Fine detail is lightness minus its blur with this standard deviation in pixels."""
_ENLARGED = 320
"""Short side that small photos are enlarged to, so that the painting at full size is looked at too."""
_PARTS = ("wing", "belly", "breast", "crown", "tail", "back", "throat", "nape")
_PLACE = 0.03
_UNCHANGED = 10.0
_APART = 0.18


@dataclass(frozen=True)
class Answer:
    """One request and what the network made of it.

    Attributes:
        photo: (H, W, 3) uint8.
        selection: (H, W) uint8.
        result: (H, W, 3) uint8.
        caption: What was asked.
        good: Whether the colour (and, for parts, the rest) is as asked.
    """

    photo: np.ndarray
    selection: np.ndarray
    result: np.ndarray
    caption: str
    good: bool


@dataclass
class RecolourFigures:
    """What is measured; fractions and means over all requests.

    Attributes:
        objects: Requests about whole objects.
        asked_colour: Share whose object's median is nearest to the asked one of the eleven basic colours.
        by_colour: The same for each colour.
        detail: Mean correlation of the fine detail of lightness with the photo's.
        outside: Mean change in Lab units inside the selection but beside the object.
        parts: Requests about birds' parts.
        part_colour: Fraction of those where the named part's place shows the asked colour.
        part_kept: Fraction of those where another part's place keeps its own.
        part_both: Fraction of those where both hold.
    """

    objects: int
    asked_colour: float
    by_colour: dict[str, float]
    detail: float
    outside: float
    parts: int
    part_colour: float
    part_kept: float
    part_both: float

    def to_json(self) -> str:
        """As text, rounded."""
        return json.dumps(asdict(self), indent=1)


def check(
    recolourer: Recolourer, held: Sequence[Cutout], objects: int, parts: int
) -> tuple[RecolourFigures, list[Answer]]:
    """Measures a network.

    Args:
        recolourer: It.
        held: Cut-outs it was not trained on.
        objects: Number of whole objects, each asked for all eleven colours in turns of tight selection and
            box.
        parts: Number of birds, each asked for one part.

    Returns:
        The figures and all answers.
    """
    rng = np.random.default_rng(5)
    order = rng.permutation(len(held))
    answers: list[Answer] = []
    hits: dict[str, list[bool]] = {colour: [] for colour in BASIC}
    details, outside = [], []
    for n, i in enumerate(_chosen(order, held, objects)):
        photo, mask = _enlarged(held[i])
        for k, colour in enumerate(BASIC):
            selection = _tight(mask) if (n + k) % 2 else _box(mask)
            noun = _noun(held[i])
            caption = f"{_article(colour)} {colour} {noun}" if noun else colour
            result = _painted(recolourer, photo, selection, caption)
            core = mask > 200
            before, after = _lab(photo), _lab(result)
            good = nearest_basic(np.median(after[core], 0)) == colour
            hits[colour].append(good)
            details.append(detail_kept(before[..., 0], after[..., 0], core))
            beside = (selection > 0) & (cv2.dilate(mask, np.ones((7, 7), np.uint8)) == 0)
            if beside.sum() > 50:
                outside.append(float(np.linalg.norm(after - before, axis=-1)[beside].mean()))
            answers.append(Answer(photo, selection, result, caption, good))
    took, kept = [], []
    for i in [i for i in order if held[i].places][:parts]:
        for answer, got, rest in _part_requests(recolourer, held[i], rng):
            took.append(got)
            kept.append(rest)
            answers.append(answer)
    by_colour = {colour: _mean(values) for colour, values in hits.items()}
    figures = RecolourFigures(
        objects=sum(len(v) for v in hits.values()),
        asked_colour=_mean([v for values in hits.values() for v in values]),
        by_colour=by_colour,
        detail=_mean(details),
        outside=_mean(outside),
        parts=len(took),
        part_colour=_mean(took),
        part_kept=_mean(kept),
        part_both=_mean([a and b for a, b in zip(took, kept, strict=True)]),
    )
    return figures, answers


def sheet(answers: Sequence[Answer], columns: int, height: int) -> np.ndarray:
    """Photo (the selection brighter) beside result, rows of pairs: (H, W, 3) uint8 RGB."""
    tiles = []
    for answer in answers:
        scale = height / answer.photo.shape[0]
        size = (round(answer.photo.shape[1] * scale), height)
        lit = (answer.photo * (0.45 + 0.55 * (answer.selection[..., None] / 255))).astype(np.uint8)
        pair = np.hstack([cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in (lit, answer.result)])
        bar = np.full((16, pair.shape[1], 3), 20 if answer.good else (120, 0, 0), np.uint8)
        cv2.putText(bar, answer.caption[:48], (2, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 255), 1)
        tiles.append(np.vstack([bar, pair]))
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    width = max(row.shape[1] for row in rows)
    return np.vstack([np.pad(row, ((0, 2), (0, width - row.shape[1]), (0, 0))) for row in rows])


def _chosen(order: np.ndarray, held: Sequence[Cutout], count: int) -> list[int]:
    """Half of them birds, half not, in a drawn order."""
    birds = [int(i) for i in order if held[i].attributes]
    others = [int(i) for i in order if not held[i].attributes]
    half = min(len(others), (count + 1) // 2)
    return others[:half] + birds[: count - half]


def _part_requests(
    recolourer: Recolourer, cutout: Cutout, rng: np.random.Generator
) -> Iterator[tuple[Answer, bool, bool]]:
    photo, mask = _enlarged(cutout)
    scale = photo.shape[0] / cutout.photo.shape[0]
    places = {name: np.array(xy) * scale for name, xy in cutout.places.items()}
    rows, cols = np.nonzero(mask > 127)
    length = float(max(np.ptp(rows), np.ptp(cols)))
    usable = [n for n in places if n.split("_")[-1] in _PARTS and _inside(mask, places[n])]
    if not usable:
        return
    name = str(rng.choice(usable))
    part = name.split("_")[-1]
    before = _lab(photo)
    own = nearest_basic(_at(before, places[name], length))
    colour = str(rng.choice([c for c in BASIC if c != own]))
    word = PART_NAMES[part][-1] if part == "wing" else PART_NAMES[part][0]
    named = f"{colour} wings" if part == "wing" else f"{_article(colour)} {colour} {word}"
    caption = f"a bird with {named}"
    selection = _tight(mask)
    result = _painted(recolourer, photo, selection, caption)
    after = _lab(result)
    got = nearest_basic(_at(after, places[name], length)) == colour
    far = [
        n
        for n in usable
        if n.split("_")[-1] != part and np.linalg.norm(places[n] - places[name]) > _APART * length
    ]
    rest = True
    if far:
        other = str(rng.choice(far))
        change = _at(after, places[other], length) - _at(before, places[other], length)
        rest = float(np.linalg.norm(change)) < _UNCHANGED
    yield Answer(photo, selection, result, caption, got and rest), got, rest


def _painted(recolourer: Recolourer, photo: np.ndarray, selection: np.ndarray, caption: str) -> np.ndarray:
    context = Context.of(photo, selection, recolourer.size, Recipe(caption, "recolour"))
    found = recolourer.predict(*context.sent, caption, reaching=True)
    result = photo.copy()
    result[context.box.slices] = Recolouring.of(found.maps, context.selection).apply(context.crop)[0]
    return result


def _enlarged(cutout: Cutout) -> tuple[np.ndarray, np.ndarray]:
    scale = _ENLARGED / min(cutout.mask.shape)
    photo = cv2.resize(cutout.photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    return photo, cv2.resize(cutout.mask, photo.shape[1::-1], interpolation=cv2.INTER_CUBIC)


def _tight(mask: np.ndarray) -> np.ndarray:
    return cv2.dilate((mask > 127).astype(np.uint8), np.ones((7, 7), np.uint8)) * np.uint8(255)


def _box(mask: np.ndarray) -> np.ndarray:
    box = selection_box(mask > 127)
    margin = round(0.08 * (max(box.width, box.height) - 1))
    result = np.zeros_like(mask)
    result[box.grown(margin, mask.shape[1], mask.shape[0]).slices] = 255
    return result


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def _noun(cutout: Cutout) -> str | None:
    if cutout.attributes:
        return "bird"
    return next(iter(nouns_of(cutout.captions)), None)


def _lab(rgb: np.ndarray) -> np.ndarray:
    return rgb_to_lab(rgb.astype(np.float32) / np.float32(255))


def detail_kept(before: np.ndarray, after: np.ndarray, core: np.ndarray) -> float:
    """Correlate the fine detail of two lightnesses inside an object.

    The blur that is taken off looks at the object alone: what lies beside it has kept its lightness, and
    would pass for a change of detail along the whole outline.

    Args:
        before: (H, W), L*.
        after: (H, W), L*.
        core: (H, W) bool, the object.
    """
    weight = core.astype(np.float32)
    norm = cv2.GaussianBlur(weight, (0, 0), DETAIL_SIGMA) + 1e-6
    fine = [(L - cv2.GaussianBlur(L * weight, (0, 0), DETAIL_SIGMA) / norm)[core] for L in (before, after)]
    return float(np.corrcoef(fine[0], fine[1])[0, 1])


def _inside(mask: np.ndarray, place: np.ndarray) -> bool:
    x, y = (int(v) for v in place)
    return 0 <= y < mask.shape[0] and 0 <= x < mask.shape[1] and mask[y, x] > 127


def _at(lab: np.ndarray, place: np.ndarray, length: float) -> np.ndarray:
    r = max(1, round(_PLACE * length))
    x, y = (int(v) for v in place)
    return np.median(lab[max(0, y - r) : y + r + 1, max(0, x - r) : x + r + 1].reshape(-1, 3), 0)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
