"""Write the editing jobs of docs/quality.md: `python docs/quality_jobs.py FOLDER`; `nigdt bench jobs FOLDER`.

The photos may be used freely: the kingfisher that comes with NIGDT (CC0) and four that scikit-image carries
(coffee, chelsea and rocket CC0, astronaut in the public domain).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from PIL import Image, ImageDraw
from skimage import data

KINGFISHER = Path(__file__).resolve().parent.parent / "nigdt" / "data" / "kingfisher.jpg"

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
}
"""By name: kind, caption, photo, and the corners of the selection in pixels of the photo."""


def photo_of(name: str) -> Image.Image:
    """Open one of the photos."""
    if name == "kingfisher":
        return Image.open(KINGFISHER).convert("RGB")
    return Image.fromarray(getattr(data, name)())


def write(folder: Path) -> None:
    """Write all jobs into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (kind, caption, photo, corners) in JOBS.items():
        picture = photo_of(photo)
        mask = Image.new("L", picture.size)
        ImageDraw.Draw(mask).polygon(corners, fill=255)
        picture.save(folder / f"{name}.jpg", quality=95)
        mask.save(folder / f"{name}-mask.png")
        facts = json.dumps({"kind": kind, "caption": caption})
        (folder / f"{name}.json").write_text(facts, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
