"""An accelerator that is not there, and a model that fails on it."""

from __future__ import annotations

import time

import pytest
import torch
from nigdt_backend.daemon import device
from nigdt_backend.daemon.scheduler import Job

from nigdt.errors import DeviceError
from nigdt.inpainter import Inpainter
from nigdt.recipe import Variant


class Silent:
    def __init__(self) -> None:
        self.fills: list[tuple[str, int]] = []

    def stage(self, jobs, name):
        pass

    def made(self, job, fill):
        self.fills.append((job.request.job, fill.header["index"]))

    def alive(self):
        pass

    def give_way(self):
        return False


def engine_job(request_fill, variants: int = 4, **fields) -> Job:
    plain = [Variant(seed) for seed in range(variants)]
    request = request_fill("a red bird", side=64, variants=plain, **fields)
    return Job("local", (0, b"x"), request, 0.0)


def failing(monkeypatch, error: Exception, times: int, at_least: int = 1) -> list[int]:
    """Makes the model raise so many times, when it is asked for at least so many variants at once."""
    real, batches = Inpainter.complete, []

    def complete(self, jobs, batch=1):
        size = sum(len(job.variants) for job in jobs)
        batches.append(size)
        if size >= at_least and len([batch for batch in batches if batch >= at_least]) <= times:
            raise error
        return real(self, jobs, batch)

    monkeypatch.setattr(Inpainter, "complete", complete)
    return batches


class Accelerator:
    """Stands in for CUDA: the CPU under that name, which can be made to fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.loaded_on: list[str] = []
        self.broken = False
        self.reason = "CUDA error: unspecified launch failure"
        real = Inpainter.from_bundle.__func__

        def from_bundle(cls, folder, device=None, precision="float32"):
            self.loaded_on.append(device)
            if self.broken and device != "cpu":
                raise DeviceError(f"Device {device!r} cannot be used: {self.reason}.")
            return real(cls, folder, "cpu")

        monkeypatch.setattr(Inpainter, "from_bundle", classmethod(from_bundle))
        monkeypatch.setattr(device, "available_devices", lambda: ["cuda:0", "cpu"])
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda name: (9, 0))
        monkeypatch.setattr(device, "works", lambda name: name == "cpu" or not self.broken)


def later(monkeypatch: pytest.MonkeyPatch, times: int = 1) -> None:
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + times * device.RETRY_SECONDS)
