"""A tiny bundle that keeps things cut out of photos: striped, long-legged zorps."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch

from nigdt.bundle.bundle import BundleInfo, read_bundle
from nigdt.bundle.cutouts import save_cut_outs
from nigdt.bundle.writing import save_bundle, take_over_recolouring, write_sums
from nigdt.config import ModelConfig
from nigdt.model import NIGDT
from nigdt.model.outlines import SIDE
from nigdt.pasted import BESIDE, CutOut
from nigdt.text import Vocabulary
from tests.tiny import TINY_MODEL, TINY_WORDS

BIRDS = 2
"""Outlines of birds, before those of zorps."""
LIGHT = np.array([5, 95, 0, 10, 20], np.float32)


def zorp(height: int = 120, width: int = 80) -> CutOut:
    """Return a thing with stripes of two browns, a head at its left, and two legs."""
    opacity = np.zeros((height, width), np.uint8)
    cv2.rectangle(opacity, (0, height // 3), (width - 1, 2 * height // 3), 255, cv2.FILLED)
    cv2.rectangle(opacity, (0, 0), (width // 4, height // 2), 255, cv2.FILLED)
    for leg in (width // 8, 7 * width // 8):
        cv2.rectangle(opacity, (leg - 4, height // 2), (leg + 4, height - 1), 255, cv2.FILLED)
    stripes = (np.arange(height)[:, None] // 6 + np.zeros(width, int)) % 2
    colours = np.where(stripes[..., None] > 0, np.uint8([200, 150, 70]), np.uint8([110, 60, 20]))
    pixels = np.dstack([colours, opacity])
    pixels = np.pad(pixels, ((BESIDE, BESIDE), (BESIDE, BESIDE), (0, 0)), mode="edge")
    pixels[..., 3] = np.pad(opacity, BESIDE)
    pixels[..., 3] = cv2.GaussianBlur(pixels[..., 3], (0, 0), 0.7)
    return CutOut(np.ascontiguousarray(pixels, np.uint8), LIGHT)


def write_bundle(
    folder: Path, cut_outs: dict[int, CutOut] | None = None, source: Path | None = None
) -> BundleInfo:
    """Write a bundle that draws birds, and shows zorps.

    Args:
        folder: Where.
        cut_outs: What it keeps, by the number of the outline; one zorp by default.
        source: Bundle whose recolouring network it takes over.
    """
    kept = {BIRDS: zorp()} if cut_outs is None else cut_outs
    vocabulary = Vocabulary(TINY_WORDS).extended(["zorp"])
    count = max(1, len(kept))
    config = ModelConfig.from_dict({**TINY_MODEL, "outlines": BIRDS + count, "prefill": "harmonic"})
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = NIGDT(config, len(vocabulary))
    book, inner = model.outlines, zorp().pixels[BESIDE:-BESIDE, BESIDE:-BESIDE, 3]
    book.shapes.fill_(1)
    book.shapes[BIRDS:] = torch.from_numpy(cv2.resize(inner.astype(np.float32) / 255, (SIDE, SIDE)))
    book.aspects[BIRDS:] = inner.shape[1] / inner.shape[0]
    book.kinds[BIRDS:] = 2
    book.words[vocabulary.words.index("bird")] = 1
    book.words[vocabulary.words.index("zorp")] = 2
    save_bundle(folder, model, vocabulary, title="Zorps")
    if source is not None:
        take_over_recolouring(read_bundle(source), folder)
    if kept:
        save_cut_outs(folder, kept)
    write_sums(folder)
    return read_bundle(folder)
