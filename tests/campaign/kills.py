"""Kills at random moments: of saving, autosave, the replacement of a bundle, and training."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
from PIL import Image
from tiny import TINY_MODEL

from .works import Work, child


def kill_work(work: Work, count: int, draw: random.Random) -> tuple[int, list[str]]:
    """Kill a work at random moments.

    Returns:
        How many kills hit the work, and what was wrong afterwards.
    """
    work.prepare()
    started = time.monotonic()
    os.waitpid(child(work), 0)
    lasts = time.monotonic() - started
    met, wrong = 0, []
    for _ in range(count):
        work.prepare()
        pid = child(work)
        time.sleep(draw.uniform(0, lasts))
        os.kill(pid, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        met += status == -signal.SIGKILL
        wrong += work.flaws(status)
    return met, wrong


SETTINGS = {
    "data": [{"path": "photos", "validation": 0.2}],
    "model": TINY_MODEL,
    "batch": 2,
    "steps": 4,
    "learning_rate": 1e-3,
    "validate_every": 2,
    "loss": {"match": 0.0},
}


def kill_training(folder: Path, count: int, draw: random.Random) -> tuple[int, list[str]]:
    """Kill training and go on with it; every run that ends must have the weights of an undisturbed one."""
    import torch
    from lightning_fabric import Fabric
    from nigdt_training.checkpoint import SaveTimes, read_checkpoint
    from nigdt_training.inpaint.session import Places, run_stages
    from nigdt_training.run import Run
    from nigdt_training.settings import settings_from

    torch.set_num_threads(1)  # a child of a process with more threads would wait for ever
    photos = folder / "photos"
    photos.mkdir(parents=True)
    noise, rows = np.random.default_rng(0), []
    for number in range(8):
        Image.fromarray(noise.integers(0, 256, (70, 80, 3), np.uint8)).save(photos / f"{number}.png")
        rows.append(json.dumps({"file_name": f"{number}.png", "text": f"a red bird {number}"}))
    (photos / "metadata.jsonl").write_text("\n".join(rows))
    places = Places(folder, folder / "runs", folder / "caches")

    def go(run: Run) -> None:
        with contextlib.redirect_stderr(None), contextlib.redirect_stdout(None):
            run_stages(run, places, Fabric(accelerator="cpu", devices=1), lambda *_, **__: None)
        run.close()

    def trained(run: Path) -> int:
        pid = os.fork()
        if pid:
            return pid
        status = 4
        SaveTimes.due = lambda _: True  # type: ignore[method-assign]  # there is something to go on from
        try:
            go(Run.open(run))
            status = 0
        finally:
            os._exit(status)

    def fresh(name: str) -> Path:
        run = Run.create(places.runs, name, settings_from(SETTINGS))
        run.close()
        return run.folder

    whole = fresh("whole")
    started = time.monotonic()
    assert os.waitpid(trained(whole), 0)[1] == 0
    lasts = time.monotonic() - started
    wanted = read_checkpoint(whole / "last.safetensors")
    run, kills, ends, wrong = fresh("killed-0"), 0, 0, []
    while kills < count:
        pid = trained(run)
        time.sleep(draw.uniform(0, lasts))
        os.kill(pid, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        kills += status == -signal.SIGKILL
        if status == 0:
            found = read_checkpoint(run / "last.safetensors")
            same = all(torch.equal(value, found.tensors[name]) for name, value in wanted.tensors.items())
            if not same or found.facts != wanted.facts:
                wrong.append("a killed training ended with other weights")
            if any(run.rglob("*.tmp")):
                wrong.append("files were left behind")
            ends += 1
            run = fresh(f"killed-{ends}")
        elif status != -signal.SIGKILL:
            wrong.append(f"going on after a kill ended with {status}")
            run = fresh(f"killed-{ends}-{kills}-{len(wrong)}")
    return ends, wrong
