"""Six captioned photos of a black bird, for the evaluation's tests."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from nigdt_training.data.data_set import read_records
from nigdt_training.evaluation.cases import Case, CaseSettings, draw_cases
from PIL import Image


def draw_bird(number: int) -> Image.Image:
    """A dark textured disc on light noise."""
    rng = np.random.default_rng(number)
    pixels = rng.integers(180, 215, (96, 128, 3), dtype=np.uint8)
    y, x = np.mgrid[:96, :128]
    disc = (x - 64) ** 2 + (y - 48) ** 2 < 26**2
    pixels[disc] = rng.integers(20, 60, (int(disc.sum()), 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def write_birds(folder: Path) -> Path:
    """Write the photos, two captions each, all but the last with its box; the folder again."""
    rows = []
    for number in range(6):
        draw_bird(number).save(folder / f"{number}.png")
        text = [f"a black bird number {number}", f"bird {number} is black"]
        rows.append({"file_name": f"{number}.png", "text": text, "box": [36, 20, 56, 56]})
    rows[5].pop("box")
    (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def object_cases(photos: Path) -> list[Case]:
    return draw_cases(read_records(photos), CaseSettings("object", size=96))
