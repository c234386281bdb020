"""A small made-up photo collection and settings that train on it in seconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.tiny import TINY_MODEL

COLOURS = {"red": (200, 30, 30), "green": (30, 160, 40), "blue": (30, 50, 190), "yellow": (220, 200, 40)}


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``photos``: 20 pictures of a coloured disc on a textured ground, two captions each, with its box."""
    folder = tmp_path_factory.mktemp("collection") / "photos"
    folder.mkdir()
    random = np.random.default_rng(0)
    lines = []
    for i in range(20):
        colour = list(COLOURS)[i % 4]
        picture = random.integers(90, 150, (96, 120, 1), dtype=np.uint8).repeat(3, 2)
        picture = np.clip(picture + random.integers(-60, 60, 3) + np.arange(120)[None, :, None] // 3, 0, 255)
        y, x = random.integers(35, 60), random.integers(40, 80)
        disc = (np.arange(96)[:, None] - y) ** 2 + (np.arange(120)[None] - x) ** 2 < 22**2
        picture[disc] = COLOURS[colour]
        name = f"{i:02d}.png"
        Image.fromarray(picture.astype(np.uint8)).save(folder / name)
        lines.append(
            {
                "file_name": name,
                "text": [f"a {colour} bird", f"the {colour} bird number {i}"],
                "box": [int(x - 22), int(y - 22), 44, 44],
            }
        )
    (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def photo_caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of decoded photos for all tests of a session: decoding takes longer than some steps of training.

    Commands use it where ``NIGDT_CACHE_DIR`` is its parent.
    """
    return tmp_path_factory.mktemp("decoded") / "photos"


@pytest.fixture
def tiny_settings() -> dict[str, Any]:
    """Plain settings of a run of 6 steps with every loss but the match loss; change a copy as needed."""
    return {
        "data": [{"path": "photos", "validation": 0.2}],
        "model": dict(TINY_MODEL),
        "batch": 4,
        "steps": 6,
        "learning_rate": 1e-3,
        "validate_every": 6,
        "augmentation": {"recolour": 0.5, "caption_dropout": 0.1},
        "loss": {"match": 0.0},
    }
