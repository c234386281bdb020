"""The real daemon around a painter in place of the model: its colours follow the caption and the seed.

"slowly N" in a caption takes N seconds, "fail" raises, "memory" steps down to the CPU, "die" ends the process
once per state folder. Recolouring gives the whole selection one colour, by maps such as the network makes;
removing is the real removal, with a moment between its steps. Of objects it sees those that are magenta.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from nigdt_backend import paths
from nigdt_backend.daemon.answers import job_pixels, object_message
from nigdt_backend.daemon.process import main
from nigdt_backend.daemon.scheduler import Job
from nigdt_backend.daemon.settings import DaemonSettings
from nigdt_backend.daemon.worker import FillMessage, Hooks, Outcome

from nigdt.colours import rgb_to_lab
from nigdt.notices import CPU_FOR_MEMORY, NOTHING_FITS
from nigdt.recipe import Variant
from nigdt.recolouring import Recolouring
from nigdt.removal import Quality, remove

COLOURS = {
    "red": (190, 40, 35),
    "blue": (40, 90, 190),
    "yellow": (225, 195, 50),
    "green": (60, 140, 60),
    "black": (30, 30, 32),
    "white": (235, 235, 230),
    "brown": (120, 80, 50),
    "orange": (220, 120, 40),
}
WORDS = (
    *COLOURS,
    "a",
    "bird",
    "with",
    "belly",
    "wings",
    "head",
    "and",
    "the",
    "of",
    "on",
    "small",
    "long",
    "beak",
)


DIGEST = "5" * 64
STEPS = 4
NOTHING_FITS_AT = 17  # pixels of growth at which the painter says so


class Painter:
    batch_variants = 16

    def __init__(self, settings: DaemonSettings) -> None:
        self.bundle = "default"
        self.notices: list[str] = []

    def load(self, bundle: str, *, warm: bool = True) -> dict[str, Any]:
        self.bundle = bundle
        return {"bundle": bundle}

    def unload(self) -> None:
        self.bundle = ""

    def describe(self) -> dict[str, Any]:
        return {"device": "cpu", "notices": self.notices}

    def restart_wanted(self) -> bool:
        return False

    def end_wanted(self) -> bool:
        return False

    def models(self, *, words: bool = False) -> list[dict[str, Any]]:
        return [{"name": "default", "title": "Painter", "default": True, "size_px": 128}]

    def run(self, jobs: Sequence[Job], hooks: Hooks) -> list[Outcome]:
        hooks.stage(jobs, "encoding")
        return [self._one(job, hooks) for job in jobs]

    continue_photo = run

    def _one(self, job: Job, hooks: Hooks) -> Outcome:
        started = time.monotonic()
        words = job.request.recipe.caption.split()
        if "slowly" in words:
            for _ in range(round(float(words[words.index("slowly") + 1]) / 0.01)):
                if job.cancelled:
                    return Outcome(job)
                time.sleep(0.01)
        self.notices = [CPU_FOR_MEMORY] if "memory" in words else []
        if "fail" in words:
            raise ZeroDivisionError("a fault was ordered")
        if "die" in words:
            mark = Path(paths.state_dir()) / "died"
            if not mark.exists():
                mark.touch()
                os._exit(9)
        hooks.stage([job], "completing")
        if job.request.result == "object":
            hooks.made(job, magenta(job))
            return Outcome(job, complete=True)
        for index, variant in enumerate(job.request.variants):
            if job.request.previews and job.request.recipe.effective_mode == "remove":
                hooks.preview(job, self._fill(job, index, variant, words, "soft"))
            if job.request.recipe.effective_mode == "remove" and not advance(job, index):
                return Outcome(job)
            hooks.made(job, self._fill(job, index, variant, words))
        told = (NOTHING_FITS,) if job.request.recipe.grow == NOTHING_FITS_AT else ()
        job.spend("complete", started)
        return Outcome(job, complete=True, notices=told)

    def _fill(
        self, job: Job, index: int, variant: Variant, words: list[str], quality: Quality = "preview"
    ) -> FillMessage:
        request = job.request
        crop = np.frombuffer(request.crop, np.uint8).reshape(request.height, request.width, 3)
        mask = np.frombuffer(request.mask, np.uint8).reshape(request.height, request.width)
        maps = np.zeros((0, 0, 11), np.float32)
        if request.recipe.effective_mode == "recolour":
            maps = tint(words)
            pixels = Recolouring.of(maps, mask).apply(crop)[0]
        elif request.recipe.effective_mode == "remove":
            pixels = remove(crop, mask, variant=variant.seed or 0, quality=quality)
        else:
            pixels = painted(crop, mask, words, variant)
        named = [word for word in words if word in COLOURS]
        header = {
            "index": index,
            "width": request.width,
            "height": request.height,
            "placed": False,
            "recipe": replace(request.recipe, variant=variant, digest=DIGEST).to_dict(),
            "unknown_words": [word for word in words if word not in WORDS],
            "words": [],
        }
        frames = [pixels.tobytes()]
        if maps.size:
            header["map_size"] = maps.shape[:2]
            frames.append(maps.astype("<f4").tobytes())
        if request.effects:
            header["without_size"] = [16, 16]
            small = cv2.resize(pixels, (16, 16), interpolation=cv2.INTER_AREA)
            for word in words:
                known = word in WORDS
                change = (40.0 if word in named else 4.0 if len(word) > 3 else 0.2) if known else 0.0
                side = 16 if known else 0
                header["words"].append(
                    {"word": word, "known": known, "weight": change / 100, "change": change}
                    | {"width": side, "height": side}
                )
                frames.append(spread(word, mask).tobytes() if known else b"")
            frames += [(small // 2 if word in named else small).tobytes() for word in words]
        return FillMessage(header, frames)


def magenta(job: Job) -> FillMessage:
    """Where everything magenta is, whatever was clicked."""
    crop, _ = job_pixels(job)
    red, green, blue = (crop[..., i].astype(int) for i in range(3))
    sure = np.where((red > green + 120) & (blue > green + 120), 255, 0).astype(np.uint8)
    return object_message(job, sure)


def advance(job: Job, index: int) -> bool:
    """Go on with a removal, slowly enough to be seen; False if it was stopped."""
    for step in range(STEPS):
        if job.cancelled:
            return False
        job.fraction = (index + step / STEPS) / len(job.request.variants)
        time.sleep(0.05)
    return True


def tint(words: list[str]) -> np.ndarray:
    """Maps that give the whole selection the last colour named, whatever is there."""
    named = [COLOURS[word] for word in words if word in COLOURS]
    _, a, b = rgb_to_lab(np.array(named[-1], np.float32) / 255)
    maps = np.zeros((8, 8, 11), np.float32)
    maps[..., 3] = 1.0
    maps[..., 7], maps[..., 9] = a, b
    return maps


def painted(crop: np.ndarray, mask: np.ndarray, words: list[str], variant: Variant) -> np.ndarray:
    """The hole smoothly filled, tinted with the caption's colour, textured by the seed."""
    hole = (mask > 0).astype(np.uint8)
    scale = 96 / max(crop.shape[:2])
    small = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small_hole = cv2.resize(hole, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_NEAREST)
    small = cv2.inpaint(small, cv2.dilate(small_hole, np.ones((3, 3), np.uint8)), 3, cv2.INPAINT_TELEA)
    picture = cv2.resize(small, (crop.shape[1], crop.shape[0]), interpolation=cv2.INTER_CUBIC).astype(
        np.float32
    )
    named = [COLOURS[word] for word in words if word in COLOURS]
    rng = np.random.default_rng(variant.seed or 0)
    noise = rng.normal(0, 0 if variant.seed is None else 14, (12, 12, 1)).astype(np.float32)
    texture = cv2.resize(noise, (crop.shape[1], crop.shape[0]), interpolation=cv2.INTER_CUBIC)[..., None]
    if named:
        inside = cv2.distanceTransform(hole, cv2.DIST_L2, 5)
        share = np.clip(inside / max(1.0, float(inside.max()) * 0.5), 0, 1)[..., None] * 0.75
        picture = picture * (1 - share) + np.array(named[-1], np.float32) * share
    picture = np.clip(picture + texture, 0, 255).astype(np.uint8)
    return np.where(hole[..., None] > 0, picture, crop)


def spread(word: str, mask: np.ndarray) -> np.ndarray:
    """A smooth blob whose place follows the word."""
    rng = np.random.default_rng(sum(word.encode()))
    y, x = np.mgrid[0:16, 0:16]
    cx, cy = rng.uniform(4, 12, 2)
    return np.rint(255 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 14)).astype(np.uint8)


if __name__ == "__main__":
    sys.exit(main(engine_factory=Painter))
