"""Editing jobs as people have them, done by several programs, measured and laid out to be judged by eye."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nigdt.box import Box, selection_box
from nigdt.colours import find_colours, lab_to_rgb, rgb_to_lab
from nigdt.photo.photo import Photo
from nigdt_training.data.errors import DataError
from nigdt_training.data.records import PHOTO_SUFFIXES
from nigdt_training.evaluation.baselines import harmonic, telea

__all__ = ["KINDS", "PhotoJob", "baselines", "outlined", "read_jobs", "results_in", "sheet", "view"]

Pixels = NDArray[np.uint8]

KINDS = ("remove", "recolour", "describe")
_AROUND = 0.35
"""What is shown around the selection, as a fraction of its longest side, ..."""
_LEAST_AROUND = 40
"""... and at least so many pixels."""
_LINE = 26
"""Height of a caption on the sheet in pixels."""


@dataclass(frozen=True)
class PhotoJob:
    """One thing that somebody wants done to a photo.

    Attributes:
        name: Of the files, without suffix.
        kind: One of `KINDS`.
        caption: What is to be seen; may be empty for a removal.
        file: The photo's file.
        selection: (H, W) uint8, 255 = selected.
    """

    name: str
    kind: str
    caption: str
    file: Path
    selection: Pixels

    @cached_property
    def photo(self) -> Photo:
        """The photo."""
        return Photo.read(self.file)

    @property
    def task(self) -> str:
        """The job in words, for whoever judges."""
        words = {
            "remove": "Remove what is outlined; its surroundings go on.",
            "recolour": f"Make what is outlined {self.caption}, and nothing else.",
            "describe": f"Show in the outline: {self.caption}.",
        }
        return words[self.kind]


def read_jobs(folder: Path) -> list[PhotoJob]:
    """Read a folder's jobs, by name: `NAME.json`, photo `NAME.jpg` (or another type), `NAME-mask.png`.

    Raises:
        DataError: There are none, or one is not complete.
    """
    jobs = []
    for description in sorted(folder.glob("*.json")):
        name = description.stem
        try:
            words = json.loads(description.read_text(encoding="utf-8"))
            kind, caption = words["kind"], words.get("caption", "")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{description} does not describe a job.", 'See {"kind": "remove"}.') from error
        if kind not in KINDS or not isinstance(caption, str):
            raise DataError(f"{description}: the kind is {kind!r}.", f"Use {', '.join(KINDS)}.")
        photo, mask = _picture(folder, name), folder / f"{name}-mask.png"
        if photo is None or not mask.is_file():
            raise DataError(f"{folder} lacks the photo or the mask of {name}.", f"Add {name}-mask.png.")
        selection = np.array(Image.fromarray(Photo.read(mask).rgb8).convert("L"))
        jobs.append(PhotoJob(name, kind, caption, photo, selection))
        if selection.shape[::-1] != jobs[-1].photo.size or not selection.any():
            raise DataError(f"{mask} is empty or not of the photo's size.", "Draw it on the photo.")
    if not jobs:
        raise DataError(f"{folder} holds no jobs.", "A job is NAME.jpg, NAME-mask.png and NAME.json.")
    return jobs


def _picture(folder: Path, name: str) -> Path | None:
    files = (folder / (name + suffix) for suffix in sorted(PHOTO_SUFFIXES))
    return next((file for file in files if file.is_file()), None)


def baselines(kind: str) -> dict[str, Callable[[PhotoJob], Pixels]]:
    """Return the simplest ways to do jobs of a kind; each gives (H, W, 3).

    They are harmonic continuation and OpenCV's Telea. Of a recolouring it is the named colour with the
    photo's lightness, all over the selection.
    """
    if kind == "recolour":
        return {"tint": _tinted}

    def around(method: Callable[[Pixels, NDArray[np.bool_]], Pixels]) -> Callable[[PhotoJob], Pixels]:
        def fill(job: PhotoJob) -> Pixels:
            pixels, part = job.photo.rgb8.copy(), view(job).slices
            pixels[part] = method(pixels[part], job.selection[part] > 0)
            return pixels

        return fill

    return {"harmonic": around(harmonic), "telea": around(telea)}


def _tinted(job: PhotoJob) -> Pixels:
    pixels = job.photo.rgb8
    colours = find_colours(job.caption)
    if not colours:
        return pixels.copy()
    lab = rgb_to_lab(pixels.astype(np.float32) / np.float32(255))
    lab[..., 1:] = colours[0].lab[1:]
    painted = np.rint(lab_to_rgb(lab) * 255).astype(np.uint8)
    return np.where(job.selection[..., None] > 127, painted, pixels)


def results_in(folder: Path, jobs: Sequence[PhotoJob]) -> dict[str, Pixels]:
    """Find another program's results by job: `NAME.png` or another type, of the photo's size.

    Raises:
        DataError: A result has another size, or there is none at all.
    """
    results = {}
    for job in jobs:
        file = _picture(folder, job.name)
        if file is None:
            continue
        picture = Photo.read(file)
        if picture.size != job.photo.size:
            raise DataError(f"{file} is {picture.size}, its photo {job.photo.size}.", "Do not scale results.")
        results[job.name] = picture.rgb8
    if not results:
        raise DataError(f"{folder} holds no result of these jobs.", "Name them like the jobs.")
    return results


def view(job: PhotoJob) -> Box:
    """Return the part of the photo that is looked at: the selection and what lies around it."""
    inner = selection_box(job.selection)
    margin = max(_LEAST_AROUND, round(_AROUND * max(inner.width, inner.height)))
    width, height = job.photo.size
    left, top = max(0, inner.left - margin), max(0, inner.top - margin)
    right, bottom = min(width, inner.right + margin), min(height, inner.bottom + margin)
    return Box(left, top, right - left, bottom - top)


def outlined(job: PhotoJob) -> Pixels:
    """Return the view of the photo with the selection's outline drawn in."""
    part = view(job).slices
    pixels = job.photo.rgb8[part].copy()
    selected = (job.selection[part] > 127).astype(np.uint8)
    outline, _ = cv2.findContours(selected, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for colour, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.drawContours(pixels, outline, -1, colour, width)
    return pixels


def sheet(jobs: Sequence[PhotoJob], results: Mapping[str, Mapping[str, Pixels]]) -> Pixels:
    """Return all jobs at 100 %: the photo with its outline and every system's view, a row each.

    Args:
        jobs: The rows.
        results: By system, then by job.
    """
    rows = []
    for job in jobs:
        part = view(job).slices
        cells = [(f"{job.name}: {job.caption}", outlined(job))]
        cells += [(system, made[job.name][part]) for system, made in results.items() if job.name in made]
        rows.append(np.concatenate([_captioned(text, pixels) for text, pixels in cells], axis=1))
    width = max(row.shape[1] for row in rows)
    return np.concatenate([np.pad(row, ((0, 8), (0, width - row.shape[1]), (0, 0))) for row in rows])


def _captioned(text: str, pixels: Pixels) -> Pixels:
    framed = np.pad(pixels, ((_LINE, 0), (0, 8), (0, 0)))
    cv2.putText(framed, text, (4, _LINE - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    return framed
