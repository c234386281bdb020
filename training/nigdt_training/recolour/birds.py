"""Which objects are birds: told by what the finder's trunk, which it keeps as it is, sees of them.

Photos of a record with a `species` show a bird; those of others do not, unless a caption names one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nigdt.errors import NigdtError, PhotoError
from nigdt.finding import resized, to_tensor, working_size
from nigdt.model.finder import FINDER_SIZE, ObjectFinder, object_features
from nigdt.photo.photo import Photo
from nigdt.text import tokenise
from nigdt_training.recolour.cutouts import folders_below, held_out

_MOST = {True: 1000, False: 2400}
"""Photos of birds and of other things that are looked at."""
_MARGINS = (0.0, 0.08, 0.15, 0.25)
"""Margins of the boxes that are selected in them, as fractions of the photo."""
_DECAY = 0.01
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
    for bird, most in _MOST.items():
        found = [one for one in _records(data) if one[1] is bird]
        for index in rng.permutation(len(found))[:most]:
            path, _, is_held_out = found[index]
            seen = _seen(finder, path, float(rng.choice(_MARGINS)))
            if seen is None:
                continue
            features.append(seen)
            birds.append(bird)
            apart.append(is_held_out)
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


def _records(data: Path) -> list[tuple[Path, bool, bool]]:
    """Return each photo, whether it is one of a bird, and whether it is held out."""
    found = []
    for folder in folders_below(data).values():
        for line in (folder / "metadata.jsonl").read_text("utf-8").rstrip("\n").split("\n"):
            record: dict[str, Any] = json.loads(line)
            bird = "species" in record
            # Who labels a whole scene, or mentions a bird, does not say what a box in the middle shows.
            doubtful = "label" in record or not _BIRDS.isdisjoint(tokenise(" ".join(record["text"])))
            if bird or not doubtful:
                found.append((folder / record["file_name"], bird, held_out(folder.name, record)))
    return found


@torch.inference_mode()
def _seen(finder: ObjectFinder, path: Path, margin: float) -> Tensor | None:
    """Return what the trunk sees of the object in the middle of a photo, (1, C); None if there is none."""
    try:
        rgb8 = Photo.read(path).rgb8
    except PhotoError:
        return None
    height, width = rgb8.shape[:2]
    selection = np.zeros((height, width), np.uint8)
    rows, columns = round(height * margin), round(width * margin)
    selection[rows : height - rows, columns : width - columns] = 255
    size = working_size(width, height, FINDER_SIZE)
    rgb = to_tensor(resized(rgb8, *size).transpose(2, 0, 1), "cpu") / 127.5 - 1
    chosen = to_tensor(resized(selection, *size)[None], "cpu") / 255
    objects = finder(rgb, chosen).objects
    area = F.interpolate(chosen, size=objects.shape[2:], mode="area")
    if float((objects.sigmoid() * area).sum()) / 16 < _LEAST_SEEN:  # sixteen of these to a cell of the trunk
        return None
    return object_features(finder.trunk.stages(rgb, 5)[4], objects, chosen)


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
