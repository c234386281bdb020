"""The real engine and model on a pretended CUDA device: from loading to stepping down and back."""

from __future__ import annotations

import contextlib
import gc
import sys
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from nigdt_backend.client import Client
from nigdt_backend.daemon import device
from nigdt_backend.daemon.engine import NigdtEngine
from nigdt_backend.daemon.scheduler import Job
from nigdt_backend.daemon.settings import DaemonSettings

from nigdt.recipe import Variant
from tests.pretended_device import Accelerator, pretended

CUDA = [sys.executable, str(Path(__file__).with_name("cuda_daemon.py"))]


class Keeping:
    """Keeps every answer that was told of."""

    def __init__(self) -> None:
        self.fills: list[np.ndarray] = []
        self.order: list[int] = []

    def stage(self, jobs, name):
        pass

    def made(self, job, fill):
        self.order.append(fill.header["index"])
        self.fills.append(np.frombuffer(fill.frames[0], np.uint8).astype(int))

    def alive(self):
        pass

    def give_way(self):
        return False


def job_of(request_fill, variants: int = 4, caption: str = "a red bird", side: int = 64) -> Job:
    plain = [Variant(seed) for seed in range(variants)]
    request = request_fill(caption, side=side, variants=plain, attention=True)
    return Job("local", (0, b"x"), request, 0.0)


@pytest.fixture
def cuda():
    with pretended("cuda:0") as accelerator:
        yield accelerator


def run(engine: NigdtEngine, *jobs: Job) -> Keeping:
    hooks = Keeping()
    outcomes = engine.run(list(jobs), hooks)
    assert all(outcome.complete for outcome in outcomes), outcomes
    return hooks


def test_cuda_is_chosen_and_fills_as_the_cpu_does(bundles, request_fill, cuda):
    engine = NigdtEngine(DaemonSettings(threads=1, precision="float32"))
    assert engine.load("default")["device"] == "cuda:0"
    assert engine.describe()["batch_variants"] == 8

    def jobs() -> list[Job]:
        return [
            job_of(request_fill, 2),
            job_of(request_fill, 3, "a blue dog"),
            job_of(request_fill, 1, "a white cat", side=96),
        ]

    made = run(engine, *jobs())
    assert engine.describe()["notices"] == []
    assert len(cuda.graphs) == 3, "an encoding, a fill, and a batch of 6 as one of 8"
    on_cpu = NigdtEngine(DaemonSettings(device="cpu", threads=1))
    for fill, other in zip(made.fills, run(on_cpu, *jobs()).fills, strict=True):
        assert np.abs(fill - other).max() <= 1


def test_what_is_recorded_counts_as_memory_of_its_model(bundles, request_fill, cuda):
    engine = NigdtEngine(DaemonSettings(threads=1))
    engine.load("default")
    model = engine._registry.held("default")
    assert engine.describe()["precision"] == "bfloat16"
    before = engine.describe()["bundles"][0]["mib"]
    run(engine, job_of(request_fill, 8))
    assert model.bytes - model.inpainter.recorded_bytes == 4 * model.info.parameters
    assert engine.describe()["bundles"][0]["mib"] > before


def test_a_batch_without_room_is_halved_and_repeats_nothing(bundles, request_fill, cuda):
    engine = NigdtEngine(DaemonSettings(threads=1, precision="float32"))
    engine.load("default")
    wanted = run(engine, job_of(request_fill, 6)).fills
    engine.unload()
    cuda.most_bytes = 12 * 4 * wanted[0].size  # some maps are four times a picture
    engine.load("default")
    hooks = run(engine, job_of(request_fill, 6))
    assert hooks.order == list(range(6))
    assert engine.describe()["device"] == "cuda:0"
    assert 1 <= engine.describe()["batch_variants"] < 8
    for fill, other in zip(hooks.fills, wanted, strict=True):
        assert np.abs(fill - other).max() <= 1


def after(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + seconds)


def test_no_room_at_all_leaves_the_cpu_until_there_is(bundles, request_fill, cuda, monkeypatch):
    engine = NigdtEngine(DaemonSettings(threads=1))
    engine.load("default")
    run(engine, job_of(request_fill, 2))
    cuda.most_bytes = 64
    run(engine, job_of(request_fill, 2, "a blue dog"))
    assert engine.describe()["device"] == "cpu"
    assert len(cuda.graphs) == 0
    cuda.most_bytes = float("inf")
    after(monkeypatch, device.RETRY_SECONDS)
    run(engine, job_of(request_fill, 2))
    assert engine.describe()["device"] == "cuda:0"


def test_a_device_that_is_lost_leaves_the_cpu(bundles, request_fill, cuda, monkeypatch):
    engine = NigdtEngine(DaemonSettings(threads=1, precision="float32"))
    engine.load("default")
    first = run(engine, job_of(request_fill, 2)).fills
    cuda.lost = True
    second = run(engine, job_of(request_fill, 2)).fills
    assert np.abs(np.stack(first) - np.stack(second)).max() <= 1
    assert engine.describe()["device"] == "cpu"
    after(monkeypatch, device.RETRY_SECONDS)
    assert engine.restart_wanted()


@pytest.mark.parametrize("wrong", [lambda made: made.flip(1), lambda made: made * torch.nan])
def test_a_device_that_draws_other_pictures_is_not_used(bundles, request_fill, cuda, monkeypatch, wrong):
    wanted = run(NigdtEngine(DaemonSettings(device="cpu", threads=1)), job_of(request_fill, 2)).fills
    cuda.wrong = wrong
    engine = NigdtEngine(DaemonSettings(threads=1))
    assert engine.load("default")["device"] == "cpu"
    assert "Filled on the CPU" in engine.describe()["notices"][0]
    for fill, other in zip(run(engine, job_of(request_fill, 2)).fills, wanted, strict=True):
        np.testing.assert_array_equal(fill, other)
    after(monkeypatch, device.RETRY_SECONDS)
    assert not engine.restart_wanted(), "it would draw them again"


def test_what_is_unloaded_leaves_the_device_at_once(bundles, request_fill, cuda: Accelerator):
    engine = NigdtEngine(DaemonSettings(threads=1))
    engine.load("default")
    run(engine, job_of(request_fill, 2))
    model = weakref.ref(engine._registry.held("default").inpainter._model)
    assert len(cuda.graphs) > 0
    gc.disable()
    try:
        engine.unload()
        assert model() is None
        assert len(cuda.graphs) == 0
    finally:
        gc.enable()


def test_a_daemon_on_cuda_serves_several_clients_at_once(bundles, settings, request_fill):
    settings(threads=1, precision="float32")
    requests = [
        request_fill(caption, side=64, variants=[Variant(seed) for seed in seeds])
        for caption, seeds in (("a red bird", (1, 2)), ("a blue dog", (3,)), ("dog", (4, 5, 6)))
    ]
    alone = NigdtEngine(DaemonSettings(device="cpu", threads=1))
    wanted = [run(alone, Job("local", (0, b"x"), request, 0.0)).fills for request in requests]
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client.connect(command=CUDA, timeout=60)) for _ in requests]
        with ThreadPoolExecutor() as pool:
            for _ in range(2):  # recorded, then replayed
                results = list(
                    pool.map(lambda pair: pair[0].fill(pair[1]), zip(clients, requests, strict=True))
                )
                for request in requests:
                    request.job = f"{request.job}-again"
                for result, fills in zip(results, wanted, strict=True):
                    for made, fill in zip(result.fills, fills, strict=True):
                        assert np.abs(np.frombuffer(made.pixels, np.uint8) - fill).max() <= 1
        status = clients[0].status()
        assert (status["device"], status["batch_variants"], status["notices"]) == ("cuda:0", 8, [])
        assert status["jobs"]["batches"] < status["jobs"]["done"] == 6
        assert clients[0].load("default")["device"] == "cuda:0"
