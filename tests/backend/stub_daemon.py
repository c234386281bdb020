"""The real daemon around a stand-in for the model, whose faults the caption orders: for tests of transport.

Captions: "held" ends no sooner than a file `released` lies in the state folder, "sleep 0.5" takes that long,
"each 0.5" that long for each fill, "raise" raises, "hang" never answers, "die" ends the process, "lose" loses
the accelerator, "useless" finds that nothing can be done in this process, "jump" has all clocks jump; any
other fills the hole with the colour that the seed says. The bundle "lost" loses the accelerator as
it is loaded, "stuck" is never loaded.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Sequence
from typing import Any

from nigdt_backend import paths
from nigdt_backend.daemon.process import main
from nigdt_backend.daemon.scheduler import Job
from nigdt_backend.daemon.settings import DaemonSettings
from nigdt_backend.daemon.worker import EngineError, FillMessage, Hooks, Outcome


def jump() -> None:
    """Two hours pass at once, as after a suspended machine; the wall clock goes back to 1970 on top."""
    real = time.monotonic
    time.monotonic = lambda: real() + 7200.0
    time.time = lambda: 0.0


class StubEngine:
    def __init__(self, settings: DaemonSettings) -> None:
        self.batches: list[list[str]] = []
        self.loads = 0
        self.lost = False
        self.useless = False
        self.frozen = 0
        self.batch_variants = settings.batch_variants or 8

    def load(self, bundle: str, *, warm: bool) -> dict[str, Any]:
        while bundle == "stuck":
            time.sleep(1.0)
        if bundle not in ("default", "other", "lost"):
            raise EngineError("unknown-bundle", f"There is no bundle called {bundle}.")
        self.lost = bundle == "lost"
        self.loads += not warm or bundle == "other"
        return {"bundle": bundle}

    def unload(self) -> None:
        self.loads = 0

    def restart_wanted(self) -> bool:
        return self.lost

    def end_wanted(self) -> bool:
        return self.useless

    def describe(self) -> dict[str, Any]:
        notices = ["Filled on the CPU."] if self.lost else []
        self.frozen = self.frozen or gc.get_freeze_count()  # counting takes 3 ms
        python = {"switch": sys.getswitchinterval(), "frozen": self.frozen}
        return {"device": "none", "loads": self.loads, "batches": self.batches, "notices": notices, **python}

    def models(self, *, words: bool = False) -> list[dict[str, Any]]:
        return [{"name": "default", "title": "Stub"}]

    def run(self, jobs: Sequence[Job], hooks: Hooks) -> list[Outcome]:
        self.batches.append([job.request.recipe.caption for job in jobs])
        hooks.stage(jobs, "encoding")
        return [self._one(job, hooks) for job in jobs]

    continue_photo = run

    def _one(self, job: Job, hooks: Hooks) -> Outcome:
        word, _, rest = job.request.recipe.caption.partition(" ")
        if word == "held":
            while not (paths.state_dir() / "released").exists():
                if job.cancelled:
                    return Outcome(job)
                time.sleep(0.01)
        elif word == "sleep":
            for _ in range(round(float(rest) / 0.01)):
                if job.cancelled:
                    return Outcome(job)
                time.sleep(0.01)
        elif word == "die":
            os._exit(9)
        elif word == "raise":
            raise ZeroDivisionError("a fault was ordered")
        elif word == "hang":
            while True:
                time.sleep(1.0)
        elif word == "jump":
            jump()
        elif word == "useless":
            self.useless = True
            return Outcome(job, error=EngineError("model-failed", "PyTorch cannot be loaded."))
        elif word == "lose":
            self.lost = True
        hooks.stage([job], "completing")
        request = job.request
        for index in range(job.made, len(request.variants)):
            variant = request.variants[index]
            if word == "each":
                time.sleep(float(rest))
            value = (variant.seed or 0) % 256
            pixels = bytearray(request.crop)
            for place, selected in enumerate(request.mask):
                if selected:
                    pixels[3 * place : 3 * place + 3] = bytes([value] * 3)
            hooks.made(
                job,
                FillMessage(
                    {
                        "index": index,
                        "width": request.width,
                        "height": request.height,
                        "placed": False,
                        "recipe": request.recipe.with_variant(variant).to_dict(),
                        "unknown_words": [],
                        "words": [],
                    },
                    [bytes(pixels)],
                ),
            )
            job.made += 1
            if job.cancelled or hooks.give_way():
                break
        job.seconds = {"encode": 0.0, "complete": 0.0}
        return Outcome(job, complete=job.left == 0)


if __name__ == "__main__":
    sys.exit(main(engine_factory=StubEngine))
