"""Whether a bundle's ONNX graphs give the same pictures as PyTorch, and how long each takes."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from nigdt.answers import CompletionJob
from nigdt.bundle.bundle import BundleInfo
from nigdt.bundle.weights import load_model
from nigdt.inpainter import Inpainter
from nigdt.masks import centre_mask
from nigdt.recipe import variants_from_seed
from nigdt.runtime.onnx import export_onnx
from nigdt.showcase import CAPTION, PHOTO

_CAPTIONS = (CAPTION, "a bird", "")


@dataclass(frozen=True)
class Comparison:
    """What was found.

    Attributes:
        levels: Largest difference between the two pictures, in levels of 0 to 255.
        torch: Median processor time of both halves of a fill with PyTorch, in seconds.
        onnx: The same with ONNX Runtime.
    """

    levels: float
    torch: float
    onnx: float


def export_and_compare(bundle: BundleInfo, folder: Path, rounds: int = 15) -> Comparison:
    """Write a bundle's graphs and fill the sample photo with both runners, in turns.

    Args:
        bundle: What to export.
        folder: Where the graphs go.
        rounds: How often each runner is timed.

    Raises:
        NigdtError: A package is missing, or the disk refuses.
    """
    export_onnx(load_model(bundle)[0], folder, bundle.digest)
    place = str(bundle.folder)
    runners = [Inpainter.from_bundle(place, "cpu"), Inpainter.from_bundle(place, onnx=folder)]
    side = runners[0].size
    with Image.open(PHOTO) as photo:
        crop = np.asarray(photo.convert("RGB").resize((side, side)))
    hole = centre_mask(side, side)
    levels = 0.0
    for caption in _CAPTIONS:
        one, other = (
            runner.pictures(CompletionJob(runner.encode(crop, hole), caption, variants_from_seed(2, 0)))
            for runner in runners
        )
        levels = max(levels, *(float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True)))
    seconds: list[list[float]] = [[], []]
    for _ in range(rounds):
        for runner, taken in zip(runners, seconds, strict=True):
            start = time.process_time()
            runner.pictures(CompletionJob(runner.encode(crop, hole), CAPTION, variants_from_seed(1, 0)))
            taken.append(time.process_time() - start)
    return Comparison(levels, *(statistics.median(taken) for taken in seconds))
