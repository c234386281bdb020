"""Whether an accelerator draws what the CPU draws. Some answer wrongly without an error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nigdt.bundle.weights import load_model
from nigdt.errors import ModelError
from nigdt.inpainter import CompletionJob, Inpainter
from nigdt.recipe import Variant
from nigdt.runtime.runner import prepare

__all__ = ["deviation"]


def deviation(inpainter: Inpainter) -> float:
    """Return the mean difference, in grey levels of 255, to the same model on the CPU in single precision.

    Args:
        inpainter: On any device. Two fills of one random picture at its own size are compared.

    Returns:
        Infinity when only the CPU's fills are numbers.

    Raises:
        ModelError: The CPU's hold values that are not numbers.
    """
    model, vocabulary = load_model(inpainter.bundle, "cpu")
    on_cpu = Inpainter(prepare(model, "cpu", "float32"), vocabulary, inpainter.bundle, "cpu")
    expected = _drawn(on_cpu)
    try:
        return float(np.abs(_drawn(inpainter) - expected).mean())
    except ModelError:
        return float("inf")


def _drawn(inpainter: Inpainter) -> NDArray[np.float32]:
    """Fill the hole of a random picture: (2, h, w, 3), 0 to 255, the mean and a variant."""
    side = inpainter.size
    crop = np.random.default_rng(0).integers(0, 256, (side, side, 3)).astype(np.uint8)
    hole = np.zeros((side, side), np.uint8)
    inside = slice(side // 4, side * 3 // 4)
    hole[inside, inside] = 255
    caption = " ".join(inpainter.vocabulary.words[:4])
    job = CompletionJob(inpainter.encode(crop, hole), caption, (Variant(), Variant(seed=1)))
    return np.stack(inpainter.pictures(job))[:, inside, inside]
