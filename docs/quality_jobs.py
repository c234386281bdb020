"""Write the editing jobs of docs/quality.md: `python docs/quality_jobs.py FOLDER`; `nigdt bench jobs FOLDER`.

`python docs/quality_jobs.py FOLDER --scenes SCENES` writes 40 others instead: photos of the data set `scenes`
(docs/training-data.md) that the default model was not trained on, each with the middle described by the
photo's own name ("the sea"). Their figure is `strange`.

`python docs/quality_jobs.py FOLDER --pictures RESULTS` sets the jobs in FOLDER beside their results and
writes the page's pictures.

The photos may be used freely: the kingfisher that comes with NIGDT (CC0) and four that scikit-image carries
(coffee, chelsea and rocket CC0, astronaut in the public domain).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from nigdt_training.data.split import held_out
from nigdt_training.evaluation.jobs import PhotoJob, read_jobs, view
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from skimage import data

PICTURES = Path(__file__).resolve().parent / "pictures"
KINGFISHER = Path(__file__).resolve().parent.parent / "nigdt" / "data" / "kingfisher.jpg"

SCENES = 40
HELD_OUT = 0.02
"""What nigdt_training/configs/default.yaml keeps of the scenes for validation."""

Points = list[tuple[int, int]]
BIRD: Points = [
    (485, 110), (540, 70), (620, 65), (690, 120), (810, 185), (810, 205), (690, 190), (700, 250), (690, 380),
    (620, 500), (590, 560), (530, 560), (470, 640), (405, 620), (350, 500), (360, 350), (400, 240),
    (460, 180),
]  # fmt: skip
ROCKET: Points = [(306, 130), (338, 130), (338, 405), (306, 405)]
SHUTTLE: Points = [
    (395, 0), (455, 0), (462, 190), (475, 285), (365, 290), (350, 225), (378, 190), (378, 40),
]  # fmt: skip
SPOON: Points = [(395, 65), (425, 72), (395, 225), (412, 300), (372, 332), (320, 310), (325, 262), (375, 225)]
SAUCER: Points = [
    (175, 75), (230, 20), (340, 15), (405, 70), (460, 120), (485, 210), (450, 310), (370, 370), (250, 385),
    (130, 340), (75, 240), (85, 150),
]  # fmt: skip
SUIT: Points = [
    (120, 210), (60, 260), (20, 430), (40, 505), (135, 505), (160, 470), (280, 505), (285, 440), (355, 350),
    (345, 250), (300, 235), (280, 285), (200, 285), (130, 230),
]  # fmt: skip
BELLY: Points = [
    (530, 240), (600, 205), (670, 230), (700, 300), (690, 400), (620, 480), (560, 470), (520, 400), (515, 310)
]  # fmt: skip
WING: Points = [(400, 230), (480, 200), (520, 260), (500, 400), (420, 470), (360, 500), (365, 350)]
BRANCH: Points = [(840, 330), (1130, 330), (1130, 670), (840, 670)]
CAT: Points = [(150, 10), (330, 10), (330, 90), (250, 110), (180, 85)]

JOBS: dict[str, tuple[str, str, str, Points]] = {
    "bird": ("remove", "", "kingfisher", BIRD),
    "rocket": ("remove", "", "rocket", ROCKET),
    "shuttle": ("remove", "", "astronaut", SHUTTLE),
    "spoon": ("remove", "", "coffee", SPOON),
    "cup": ("recolour", "a blue cup", "coffee", SAUCER),
    "suit": ("recolour", "a green suit", "astronaut", SUIT),
    "green-bird": ("recolour", "a green bird", "kingfisher", BIRD),
    "belly": ("describe", "a bird with a yellow belly", "kingfisher", BELLY),
    "wing": ("describe", "a bird with white wings", "kingfisher", WING),
    "cat": ("describe", "a black cat", "chelsea", CAT),
    "second-bird": ("describe", "a red bird with black wings", "kingfisher", BRANCH),
}
"""By name: kind, caption, photo, and the corners of the selection in pixels of the photo."""


THIRDS: dict[str, list[list[str]]] = {
    "best": [["rocket", "green-bird"], ["belly", "wing"]],
    "typical": [["bird", "shuttle"], ["suit", "second-bird"]],
    "worst": [["spoon", "cup"], ["cat"]],
}
"""The page's pictures by name: rows of jobs, sorted by eye."""
_HEIGHT = 220
_GAP = 16


def photo_of(name: str) -> Image.Image:
    """Open one of the photos."""
    if name == "kingfisher":
        return Image.open(KINGFISHER).convert("RGB")
    return Image.fromarray(getattr(data, name)())


def write_scenes(folder: Path, scenes: Path) -> None:
    """Write jobs whose words name what is there anyway, as many of each kind of scene as there are."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = (scenes / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
    kept: dict[str, list[dict[str, Any]]] = {}
    for photo in map(json.loads, lines):
        if held_out(str(photo["file_name"]), HELD_OUT):
            kept.setdefault(photo["label"], []).append(photo)
    for rank in range(SCENES):
        for label, photos in sorted(kept.items()):
            if rank < len(photos) and len(list(folder.glob("*.json"))) < SCENES:
                photo = photos[rank]
                with Image.open(scenes / photo["file_name"]) as opened:
                    put(folder, f"{label}-{rank}", opened.convert("RGB"), "describe", photo["text"][0], None)


def put(
    folder: Path, name: str, picture: Image.Image, kind: str, caption: str, corners: Points | None
) -> None:
    """Write one job; without corners an ellipse of half the photo's width and height is selected."""
    mask = Image.new("L", picture.size)
    width, height = picture.size
    if corners is None:
        ImageDraw.Draw(mask).ellipse((width // 4, height // 4, 3 * width // 4, 3 * height // 4), fill=255)
    else:
        ImageDraw.Draw(mask).polygon(corners, fill=255)
    picture.save(folder / f"{name}.jpg", quality=95)
    mask.save(folder / f"{name}-mask.png")
    facts = json.dumps({"kind": kind, "caption": caption})
    (folder / f"{name}.json").write_text(facts, encoding="utf-8")


def write(folder: Path) -> None:
    """Write all jobs into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (kind, caption, photo, corners) in JOBS.items():
        put(folder, name, photo_of(photo), kind, caption, corners)


def write_pictures(folder: Path, results: Path) -> None:
    """Write each third of the jobs as one picture: the photo and the result, around the selection."""
    jobs = {job.name: job for job in read_jobs(folder)}
    for third, rows in THIRDS.items():
        strips = [
            np.concatenate([_pair(jobs[name], results / f"{name}.png") for name in row], 1) for row in rows
        ]
        width = max(strip.shape[1] for strip in strips)
        padded = [
            np.pad(strip, ((0, 10), (0, width - strip.shape[1]), (0, 0)), constant_values=255)
            for strip in strips
        ]
        picture = np.concatenate(padded)[:-10, :-_GAP]
        Image.fromarray(picture).save(PICTURES / f"quality-{third}.jpg", quality=88, optimize=True)


def _pair(job: PhotoJob, file: Path) -> NDArray[np.uint8]:
    part = view(job).slices
    with Image.open(file) as opened:
        sides = [job.photo.rgb8[part], np.array(opened.convert("RGB"))[part]]
    size = (round(sides[0].shape[1] * _HEIGHT / sides[0].shape[0]), _HEIGHT)
    shown = [np.array(Image.fromarray(side).resize(size, Image.Resampling.LANCZOS)) for side in sides]
    apart = [np.full((_HEIGHT, gap, 3), 255, np.uint8) for gap in (6, _GAP)]
    return np.concatenate([shown[0], apart[0], shown[1], apart[1]], 1)


if __name__ == "__main__":
    if sys.argv[2:3] == ["--scenes"]:
        write_scenes(Path(sys.argv[1]), Path(sys.argv[3]))
    elif sys.argv[2:3] == ["--pictures"]:
        write_pictures(Path(sys.argv[1]), Path(sys.argv[3]))
    else:
        write(Path(sys.argv[1]))
