"""Which device, precision and number of threads the settings and the machine give."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch
from nigdt_backend.client import Client
from nigdt_backend.daemon import device
from nigdt_backend.daemon.engine import NigdtEngine
from nigdt_backend.daemon.settings import DaemonSettings
from nigdt_backend.daemon.worker import EngineError

from nigdt.bundle.bundle import BundleInfo
from nigdt.recipe import Recipe
from tests.backend.failing_device import Silent, engine_job


@pytest.mark.parametrize(
    ("wanted", "name", "chosen"),
    [
        ("auto", "cpu", "float32"),
        ("auto", "mps", "float32"),
        ("auto", "cuda:0", "bfloat16"),
        ("auto", "cuda:1", "float32"),
        ("float32", "cuda:0", "float32"),
        ("bfloat16", "cpu", "bfloat16"),
    ],
)
def test_precision_follows_setting_and_device(monkeypatch, wanted, name, chosen):
    """The second CUDA device is one that computes in bfloat16 only by emulation."""
    capability = {"cuda:0": (9, 0), "cuda:1": (7, 5)}
    monkeypatch.setattr(torch.cuda, "get_device_capability", capability.__getitem__)
    assert device.choose_precision(wanted, name) == chosen


@pytest.mark.parametrize(
    ("cuda", "mps", "wanted", "chosen"),
    [
        (2, False, "auto", "cuda:0"),
        (2, False, "cuda:1", "cuda:1"),
        (1, True, "cuda", "cuda:0"),
        (1, True, "mps", "mps"),
        (0, True, "auto", "mps"),
        (0, False, "auto", "cpu"),
        (2, True, "cpu", "cpu"),
    ],
)
def test_device_is_chosen_by_what_is_there_and_by_the_setting(monkeypatch, cuda, mps, wanted, chosen):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert device.choose_device(wanted) == chosen


@pytest.mark.parametrize(
    ("threads", "size", "used"), [(0, 64, 1), (0, 192, 3), (2, 64, 2), (2, 192, 2), (1024, 64, 6)]
)
def test_threads_follow_setting_and_size(bundles, request_fill, monkeypatch, threads, size, used):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    asked = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    engine = NigdtEngine(DaemonSettings(threads=threads))
    monkeypatch.setattr(BundleInfo, "size_px", size)
    engine.run([engine_job(request_fill, 1)], Silent())
    assert asked == [used]


def test_half_precision_by_setting_reaches_the_model_and_the_status(settings, bundles, request_fill):
    settings(precision="bfloat16", threads=1)
    with Client.connect() as client:
        assert len(client.fill(request_fill("a red bird", side=64)).fills) == 1
        assert client.status()["precision"] == "bfloat16"


def test_device_of_the_settings_that_is_not_there_is_an_error(bundles):
    engine = NigdtEngine(DaemonSettings(device="mps"))
    with pytest.raises(EngineError) as raised:
        engine.load("default")
    assert "mps" in raised.value.message
    assert "nigdt doctor" in raised.value.hint


@pytest.mark.parametrize(("batch", "levels"), [(0, 0), (4, 1)])
def test_fills_are_the_same_whatever_they_are_computed_with(bundles, request_fill, batch, levels):
    """Byte for byte by default; within a grey level where the settings ask for several in one pass."""

    class Keeping(Silent):
        def made(self, job, fill):
            self.fills.append(
                (job.request.recipe.caption, np.frombuffer(fill.frames[0], np.uint8).astype(int))
            )

    engine = NigdtEngine(DaemonSettings(batch_variants=batch, threads=1))
    together, alone = Keeping(), Keeping()
    jobs = [engine_job(request_fill, 2), engine_job(request_fill, 2)]
    jobs[1].request.recipe = Recipe("a blue dog")
    engine.run(jobs, together)
    for job in jobs:
        job.made = 0
        engine.run([job], alone)
    assert len(together.fills) == len(alone.fills) == 4
    for (caption, pixels), (other_caption, other) in zip(together.fills, alone.fills, strict=True):
        assert caption == other_caption
        assert np.abs(pixels - other).max() <= levels
