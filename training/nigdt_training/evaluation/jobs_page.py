"""A page to judge results by eye, blind: one file of HTML with everything in it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from string import ascii_uppercase
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nigdt_training.data.errors import DataError
from nigdt_training.evaluation.jobs import PhotoJob, outlined, view

__all__ = ["blind_page"]

Pixels = NDArray[np.uint8]

_QUALITY = 95


def blind_page(jobs: Sequence[PhotoJob], results: Mapping[str, Mapping[str, Pixels]], seed: int = 0) -> str:
    """Return the page: jobs and answers shuffled, no answer named.

    Who made which answer stands in it in base64, for the score at the end; nothing else tells.

    Args:
        jobs: What is judged.
        results: By system, then by job; a system may lack some jobs.
        seed: Of the shuffling.

    Returns:
        HTML.

    Raises:
        DataError: A job has more answers than there are letters.
    """
    random = np.random.default_rng(seed)
    items: list[dict[str, Any]] = []
    key: dict[str, dict[str, str]] = {}
    for number, index in enumerate(random.permutation(len(jobs)), start=1):
        job = jobs[index]
        systems = [system for system, made in results.items() if job.name in made]
        if len(systems) > len(ascii_uppercase):
            raise DataError(f"{len(systems)} answers are too many for {job.name}.", "Give fewer --against.")
        placed = dict(zip(ascii_uppercase, random.permutation(systems).tolist(), strict=False))
        part = view(job).slices
        name = f"{number}"
        key[name] = placed
        items.append(
            {
                "id": name,
                "task": job.task,
                "photo": _inline(outlined(job)),
                "answers": {
                    letter: _inline(results[system][job.name][part]) for letter, system in placed.items()
                },
            }
        )
    content: dict[str, Any] = {"items": items, "key": base64.b64encode(json.dumps(key).encode()).decode()}
    content["id"] = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]
    template = resources.files(__package__).joinpath("jobs.html").read_text(encoding="utf-8")
    # Captions are anyone's text: "</script>" in one must not end the block that carries it.
    return template.replace("__JOBS__", json.dumps(content).replace("<", "\\u003c"))


def _inline(pixels: Pixels) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=_QUALITY, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
