"""Which objects are birds: told by what the finder's trunk, which it keeps as it is, sees of them.

Photos of a record with a `species` show a bird; those of others do not, unless a caption names one. Nor does
a box beside the bird, where that has one: branches are the likeliest to be taken for birds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nigdt.errors import NigdtError, PhotoError
from nigdt.finding import finder_scores, resized
from nigdt.model.finder import ObjectFinder
from nigdt.photo.photo import Photo
from nigdt.text import tokenise
from nigdt_training.recolour.cutouts import folders_below, held_out

_MOST = {"bird": 1000, "thing": 1800, "scene": 500, "beside": 900}
"""Photos of each kind that are looked at."""
_MARGINS = (0.0, 0.08, 0.15, 0.25)
"""Margins of the boxes that are selected in them, as fractions of the photo."""
_DECAY = 0.01
_TRIES = 20
"""Boxes that are drawn to find one beside a bird."""
_LEAST_SEEN = 0.5
"""Cells of the trunk's map that an object covers at least."""
_NAMES = """
bird birds chicken chickens crow crows duck ducks eagle eagles flamingo flamingos geese goose gull gulls hawk
hawks hen hens ostrich owl owls parrot parrots peacock peacocks penguin penguins pigeon pigeons rooster
roosters seagull seagulls swan swans turkey turkeys
"""
_BIRDS = frozenset(_NAMES.split())


def fit_birds(finder: ObjectFinder, data: Path, say: Callable[[str], None]) -> None:
    """Teach a finder, in place, to tell birds from other objects.

    Args:
        finder: With `tells_birds`; all else stays as it is.
        data: Folder of captioned photo folders.
        say: Told of progress, and of how many held-out photos it then tells right.

    Raises:
        NigdtError: The folders hold no birds, or nothing else.
    """
    assert finder.bird is not None
    finder.eval()
    rng = np.random.default_rng(5)
    features: list[Tensor] = []
    birds: list[bool] = []
    apart: list[bool] = []
    records = list(_records(data))
    for kind, most in _MOST.items():
        found = [one for one in records if one.kind == kind]
        for index in rng.permutation(len(found))[:most]:
            seen = _seen(finder, found[index], rng)
            if seen is None:
                continue
            features.append(seen)
            birds.append(kind == "bird")
            apart.append(found[index].held_out)
            if len(features) % 200 == 0:
                say(f"{len(features)} photos looked at")
    x, y, known = torch.cat(features or [torch.zeros(0, 1)]), torch.tensor(birds), ~torch.tensor(apart)
    if y[known].all() or not y[known].any():
        raise NigdtError(
            f"{data} does not hold both birds and other things.", "Add photos of the other kind."
        )
    _fit(finder.bird, x[known], y[known].float())
    if not known.all():
        with torch.inference_mode():
            told = finder.bird(x[~known])[:, 0] > 0
        right = told == y[~known]
        for bird, name in ((True, "birds"), (False, "other things")):
            of_kind = y[~known] == bird
            say(f"held-out {name} told right: {int(right[of_kind].sum())} of {int(of_kind.sum())}")


@dataclass(frozen=True)
class _Shown:
    """What a box in a photo shows.

    Attributes:
        path: The photo.
        kind: One of `_MOST`.
        held_out: Whether it is kept for measuring.
        bird: Left, top, width and height of the bird in it, in pixels, of a box beside it.
    """

    path: Path
    kind: str
    held_out: bool
    bird: tuple[float, float, float, float] | None = None


def _records(data: Path) -> Iterator[_Shown]:
    """Yield what each photo shows."""
    for folder in folders_below(data).values():
        for line in (folder / "metadata.jsonl").read_text("utf-8").rstrip("\n").split("\n"):
            record: dict[str, Any] = json.loads(line)
            path, apart = folder / record["file_name"], held_out(folder.name, record)
            if "species" in record:
                yield _Shown(path, "bird", apart)
                if "box" in record:
                    yield _Shown(path, "beside", apart, tuple(record["box"]))
            elif "label" in record:
                yield _Shown(path, "scene", apart)
            elif _BIRDS.isdisjoint(tokenise(" ".join(record["text"]))):
                yield _Shown(path, "thing", apart)


@torch.inference_mode()
def _seen(finder: ObjectFinder, shown: _Shown, rng: np.random.Generator) -> Tensor | None:
    """Return what the trunk sees of the object in a box, (1, C); None if there is none."""
    try:
        rgb8 = Photo.read(shown.path).rgb8
    except PhotoError:
        return None
    height, width = rgb8.shape[:2]
    margin = float(rng.choice(_MARGINS))
    box = (
        round(width * margin),
        round(height * margin),
        round(width * (1 - 2 * margin)),
        round(height * (1 - 2 * margin)),
    )
    if shown.bird is not None:
        beside = _box_beside(shown.bird, width, height, rng)
        if beside is None:
            return None
        # As much is looked at around it as where something is selected.
        left, top, wide, high = beside
        x, y = max(0, left - wide // 3), max(0, top - high // 3)
        rgb8 = rgb8[y : top + high + high // 3, x : left + wide + wide // 3]
        height, width = rgb8.shape[:2]
        box = (left - x, top - y, wide, high)
    selection = np.zeros((height, width), np.uint8)
    selection[box[1] : box[1] + box[3], box[0] : box[0] + box[2]] = 255
    scores = finder_scores(finder, "cpu", rgb8, selection)
    sure = scores.objects[0, 0].sigmoid().numpy()
    area = float((sure * resized(selection, *sure.shape[::-1])).sum()) / 255
    cells = area * (finder.object_stride / 16) ** 2  # of the trunk
    return None if cells < _LEAST_SEEN else scores.features


def _box_beside(
    bird: tuple[float, float, float, float], width: int, height: int, rng: np.random.Generator
) -> tuple[int, int, int, int] | None:
    """Draw a box that does not touch the bird's; None where there is no room. Left, top, width, height."""
    for _ in range(_TRIES):
        wide, high = (round(side * rng.uniform(0.15, 0.4)) for side in (width, height))
        left, top = int(rng.integers(0, width - wide)), int(rng.integers(0, height - high))
        x, y, w, h = bird
        if left + wide < x or x + w < left or top + high < y or y + h < top:
            return left, top, wide, high
    return None


def _fit(layer: torch.nn.Linear, x: Tensor, y: Tensor) -> None:
    """Fit a logistic regression of y (N,) in 0..1 on x (N, C), with its inputs brought to one scale."""
    mean, deviation = x.mean(0), x.std(0) + 1e-6
    scaled = (x - mean) / deviation
    weight = torch.zeros(x.shape[1], requires_grad=True)
    bias = torch.zeros((), requires_grad=True)
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=200)

    def loss() -> Tensor:
        optimiser.zero_grad()
        error = F.binary_cross_entropy_with_logits(scaled @ weight + bias, y) + _DECAY * (weight**2).sum()
        error.backward()
        return error

    optimiser.step(loss)
    with torch.no_grad():
        layer.weight.copy_((weight / deviation)[None])
        layer.bias.copy_((bias - (weight * mean / deviation).sum())[None])
