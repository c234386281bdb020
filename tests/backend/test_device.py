"""Which device makes the fills, and what becomes of them when it fails; stand-ins fail as accelerators do."""

from __future__ import annotations

import gc
import os
import shutil
import time
import weakref

import numpy as np
import pytest
import torch
from nigdt_backend import paths
from nigdt_backend.client import Client, DaemonError
from nigdt_backend.daemon import device
from nigdt_backend.daemon.engine import NigdtEngine
from nigdt_backend.daemon.scheduler import Job
from nigdt_backend.daemon.settings import Settings
from nigdt_backend.daemon.worker import EngineError

from nigdt.bundle.bundle import BundleInfo, read_bundle
from nigdt.bundle.weights import load_model
from nigdt.bundle.writing import save_bundle
from nigdt.errors import BundleError, DeviceError, ModelError
from nigdt.inpainter import Inpainter
from nigdt.recipe import Recipe, Variant
from nigdt.runtime.devices import is_out_of_memory


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


@pytest.fixture
def engine(bundles):
    made = NigdtEngine(Settings(batch_variants=4, threads=1))
    made.load("default")
    return made


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


def test_out_of_memory_halves_the_batch_and_repeats_nothing(engine, request_fill, monkeypatch):
    batches = failing(monkeypatch, torch.OutOfMemoryError("CUDA out of memory"), times=99, at_least=3)
    forgotten = []
    monkeypatch.setattr(Inpainter, "forget_recordings", lambda self: forgotten.append(self.bundle.name))
    hooks = Silent()
    outcome = engine.run([engine_job(request_fill)], hooks)[0]
    assert outcome.complete
    assert batches == [4, 2, 2]
    assert forgotten == ["nigdt-small"]
    assert [index for _, index in hooks.fills] == [0, 1, 2, 3]
    assert engine.describe()["batch_variants"] == 2
    assert "at most 2" in engine.describe()["notices"][0]


def test_a_batch_that_did_not_fit_is_tried_again_later(engine, request_fill, monkeypatch):
    failing(monkeypatch, torch.OutOfMemoryError("CUDA out of memory"), times=1, at_least=3)
    engine.run([engine_job(request_fill)], Silent())
    assert engine.describe()["batch_variants"] == 2
    later(monkeypatch)
    outcome = engine.run([engine_job(request_fill)], Silent())[0]
    assert outcome.complete
    assert outcome.notices == ()
    assert engine.describe()["batch_variants"] == 4


def test_out_of_memory_for_a_single_fill_is_an_error_that_says_what_to_do(engine, request_fill, monkeypatch):
    failing(monkeypatch, torch.OutOfMemoryError("out of memory"), times=99)
    with pytest.raises(EngineError) as raised:
        engine.run([engine_job(request_fill, 1)], Silent())
    assert raised.value.code == "out-of-memory"
    assert raised.value.hint


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


@pytest.fixture
def accelerator(monkeypatch):
    return Accelerator(monkeypatch)


def later(monkeypatch: pytest.MonkeyPatch, times: int = 1) -> None:
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + times * device.RETRY_SECONDS)


def test_memory_is_made_by_giving_back_what_is_kept_before_the_cpu_takes_over(
    bundles, tiny_bundle, request_fill, monkeypatch, accelerator
):
    shutil.copytree(tiny_bundle, bundles / "second")
    engine = NigdtEngine(Settings(batch_variants=1, threads=1))
    engine.load("second")
    engine.run([engine_job(request_fill, 1, result="placed")], Silent())
    assert len(engine.describe()["bundles"]) == 2
    model = engine._registry.held("default")
    failing(monkeypatch, torch.OutOfMemoryError("out of memory"), times=1)
    outcome = engine.run([engine_job(request_fill, 1)], Silent())[0]
    assert outcome.complete
    assert outcome.notices == ()
    assert engine.describe()["device"] == "cuda:0"
    assert [entry["name"] for entry in engine.describe()["bundles"]] == ["nigdt-small"]
    assert engine._registry.held("default") is model, "the one in use need not be loaded again"
    assert engine.describe()["contexts"]["held"] == 1


def test_accelerator_without_memory_hands_over_to_the_cpu_and_gets_another_chance(
    bundles, request_fill, monkeypatch, accelerator
):
    engine = NigdtEngine(Settings(batch_variants=1, threads=1))
    failing(monkeypatch, torch.OutOfMemoryError("out of memory"), times=2)
    hooks = Silent()
    outcome = engine.run([engine_job(request_fill, 2)], hooks)[0]
    assert outcome.complete
    assert accelerator.loaded_on == ["cuda:0", "cpu"]
    assert "CPU" in outcome.notices[0]
    assert "CPU" in engine.describe()["notices"][0]
    assert len(hooks.fills) == 2
    assert engine.describe()["device"] == "cpu"
    assert not engine.restart_wanted()

    accelerator.broken = True
    later(monkeypatch)
    assert engine.run([engine_job(request_fill, 1)], Silent())[0].complete
    assert engine.describe()["device"] == "cpu", "it does not compute yet"
    accelerator.broken = False
    later(monkeypatch)
    again = engine.run([engine_job(request_fill, 1)], Silent())[0]
    assert again.complete
    assert again.notices == ()
    assert accelerator.loaded_on == ["cuda:0", "cpu", "cuda:0"]


@pytest.mark.parametrize(("wanted", "restarts"), [("auto", True), ("cuda", False)])
def test_lost_accelerator_hands_over_to_the_cpu_and_only_a_new_process_tries_it_again(
    bundles, request_fill, monkeypatch, accelerator, wanted, restarts
):
    engine = NigdtEngine(Settings(device=wanted, batch_variants=1, threads=1))
    failing(monkeypatch, RuntimeError("CUDA error: device-side assert triggered"), times=1)
    outcome = engine.run([engine_job(request_fill, 2)], Silent())[0]
    assert outcome.complete
    assert "the device failed" in outcome.notices[0]
    assert not engine.restart_wanted(), "not at once: a job that breaks the device would do so for ever"
    later(monkeypatch)
    assert engine.run([engine_job(request_fill, 1)], Silent())[0].complete
    assert accelerator.loaded_on == ["cuda:0", "cpu"]
    assert engine.restart_wanted() == restarts


@pytest.mark.parametrize(
    "error",
    [
        NotImplementedError("'aten::x' is not currently implemented for the MPS device"),
        RuntimeError("CUDA error: no kernel image is available for execution on the device"),
        RuntimeError("GET was unable to find an engine to execute this computation"),
    ],
)
def test_what_an_accelerator_lacks_for_good_starts_no_new_process(
    bundles, request_fill, monkeypatch, accelerator, error
):
    engine = NigdtEngine(Settings(batch_variants=1, threads=1))
    failing(monkeypatch, error, times=1)
    assert engine.run([engine_job(request_fill, 1)], Silent())[0].complete
    assert engine.describe()["device"] == "cpu"
    later(monkeypatch)
    assert not engine.restart_wanted()


def test_accelerator_that_is_broken_from_the_start_leaves_the_cpu(bundles, request_fill, accelerator):
    accelerator.broken = True
    engine = NigdtEngine(Settings(threads=1))
    assert engine.load("default")["device"] == "cpu"
    outcome = engine.run([engine_job(request_fill, 1)], Silent())[0]
    assert outcome.complete
    assert "CPU" in outcome.notices[0]


@pytest.mark.parametrize(
    ("error", "memory", "loss"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 MiB."), True, False),
        (RuntimeError("MPS backend out of memory (MPS allocated: 8.97 GB)"), True, True),
        (
            RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
            True,
            True,
        ),
        (DeviceError("Device 'cuda:0' cannot be used: CUDA error: out of memory."), True, True),
        (DeviceError("cuda:0 does not compute in bfloat16."), False, True),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), False, True),
        (NotImplementedError("'aten::x' is not currently implemented for the MPS device"), False, True),
        (BundleError("Bundle third: weights do not fit"), False, False),
        (ModelError("The model's answer is not a picture"), False, False),
        (RuntimeError("The size of tensor a (3) must match the size of tensor b (4)"), False, False),
    ],
)
def test_what_an_error_says_of_memory_and_device(error, memory, loss):
    """What speaks of memory is taken for that, whether or not it is told as a failure of the device."""
    assert is_out_of_memory(error) == memory
    assert device.is_device_loss(error) == loss


def test_accelerator_that_others_have_filled_gets_another_chance(
    bundles, request_fill, monkeypatch, accelerator
):
    accelerator.broken, accelerator.reason = True, "CUDA error: out of memory"
    engine = NigdtEngine(Settings(threads=1, device="cuda"))
    assert engine.load("default")["device"] == "cpu"
    accelerator.broken = False
    later(monkeypatch)
    assert engine.run([engine_job(request_fill, 1)], Silent())[0].notices == ()
    assert engine.describe()["device"] == "cuda:0"


def test_accelerator_that_is_gone_when_its_turn_comes_leaves_the_cpu(
    bundles, request_fill, monkeypatch, accelerator
):
    accelerator.broken, accelerator.reason = True, "CUDA error: out of memory"
    engine = NigdtEngine(Settings(threads=1, device="cuda"))
    engine.load("default")
    monkeypatch.setattr(device, "available_devices", lambda: ["cpu"])
    later(monkeypatch)
    assert engine.run([engine_job(request_fill, 1)], Silent())[0].complete
    assert engine.describe()["device"] == "cpu"


def test_a_bundle_whose_answers_are_no_numbers_is_not_taken_for_a_lost_accelerator(
    bundles, tiny_bundle, accelerator
):
    model, vocabulary = load_model(read_bundle(tiny_bundle))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(6e4 / parameter.abs().max().clamp_min(1e-6))
    save_bundle(bundles / "overflowing", model, vocabulary, title="overflows", training={}, half=False)
    engine = NigdtEngine(Settings(threads=1))
    with pytest.raises(EngineError) as raised:
        engine.load("overflowing")
    assert raised.value.code == "not-a-number"
    assert engine.describe()["device"] == "cuda:0"


def test_memory_is_given_back_only_when_the_failed_attempt_has_let_go_of_it(
    engine, request_fill, monkeypatch
):
    class Held:
        """Memory of the attempt that failed."""

    real, alive, seen = Inpainter.complete, weakref.WeakSet(), []

    def complete(self, jobs, batch=1):
        held = Held()
        alive.add(held)
        if sum(len(job.variants) for job in jobs) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(self, jobs, batch)

    monkeypatch.setattr(Inpainter, "complete", complete)
    monkeypatch.setattr(device, "empty_cache", lambda: seen.append(len(alive)))
    assert engine.run([engine_job(request_fill, 4)], Silent())[0].complete
    assert seen == [0]


def test_a_new_process_takes_over_when_it_is_needed_and_nothing_waits(client, request_fill, hold, wait_until):
    # While the first runs the others queue up, so that one waits when the device is lost.
    first = hold(client)
    waiting = {first.job, *(client.submit(request_fill(caption)) for caption in ("lose", "a bird"))}
    first.wait_for_queue(2)
    first.release()
    fills = 0
    while waiting:
        for event in client.events(1.0):
            fills += event.kind == "fill"
            if event.kind == "done":
                waiting.discard(event.job)
    assert fills == 3, "none was sent again"
    assert wait_until(lambda: client_status(client).get("jobs", {}).get("done") == 0)
    assert len(client.fill(request_fill()).fills) == 1
    assert client.status()["notices"] == []


def test_an_accelerator_that_stays_broken_does_not_start_the_daemon_for_ever(
    settings, stub_command, wait_until
):
    """Else an idle daemon would start anew and anew, and never end."""
    settings(preload="lost", idle_exit_seconds=1.5)
    with Client.connect(command=stub_command) as client:
        assert client.status()["jobs"]["done"] == 0
    assert wait_until(lambda: "stopped" in paths.log_path().read_text())
    said = paths.log_path().read_text()
    assert said.count("listening on") == 1
    assert "idle for" in said


def client_status(client: Client) -> dict:
    try:
        return client.status()
    except DaemonError:  # between two processes
        return {}


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
    engine = NigdtEngine(Settings(threads=threads))
    monkeypatch.setattr(BundleInfo, "size_px", size)
    engine.run([engine_job(request_fill, 1)], Silent())
    assert asked == [used]


def test_half_precision_by_setting_reaches_the_model_and_the_status(settings, bundles, request_fill):
    settings(precision="bfloat16", threads=1)
    with Client.connect() as client:
        assert len(client.fill(request_fill("a red bird", side=64)).fills) == 1
        assert client.status()["precision"] == "bfloat16"


def test_device_of_the_settings_that_is_not_there_is_an_error(bundles):
    engine = NigdtEngine(Settings(device="mps"))
    with pytest.raises(EngineError) as raised:
        engine.load("default")
    assert "mps" in raised.value.message
    assert "nigdt doctor" in raised.value.hint


def test_memory_budget_keeps_the_latest_models(bundles, tiny_bundle, request_fill):
    for name in ("second", "third"):
        shutil.copytree(tiny_bundle, bundles / name)
    engine = NigdtEngine(Settings(threads=1))
    engine.load("default")
    one = engine._registry.loaded()[0].bytes
    engine._registry._budget = 2 * one
    for name in ("second", "third"):
        engine.load(name)
    assert [entry["name"] for entry in engine.describe()["bundles"]] == ["second", "third"]
    engine.run([engine_job(request_fill, 1)], Silent())
    assert [entry["name"] for entry in engine.describe()["bundles"]] == ["third", "nigdt-small"]
    engine.unload()
    assert engine.describe()["bundles"] == []


def test_a_model_that_is_unloaded_leaves_memory_at_once(engine):
    """Not when Python next looks for garbage, which in an idle daemon may never be."""
    model = weakref.ref(engine._registry.held("default").inpainter._model)
    assert model() is not None
    gc.disable()
    try:
        engine.unload()
        assert model() is None
    finally:
        gc.enable()


def test_context_cache_stays_within_its_budget(bundles, request_fill):
    engine = NigdtEngine(Settings(threads=1, context_cache_mib=1))
    job = engine_job(request_fill, 1)
    engine.run([job], Silent())
    one = engine._contexts.bytes
    engine._contexts._budget = 2 * one
    for context in (b"2", b"3", b"2", b"4", b"2", b"3"):
        job.context = context
        engine.run([job], Silent())
    contexts = engine.describe()["contexts"]
    assert contexts["held"] == 2
    assert engine._contexts.bytes == 2 * one
    assert (contexts["hits"], contexts["misses"]) == (2, 5)


def test_cancelled_job_stops_between_its_variants(engine, request_fill, monkeypatch):
    engine.batch_variants = 1
    job = engine_job(request_fill, 16)

    class Canceller(Silent):
        def made(self, job, fill):
            super().made(job, fill)
            job.cancelled = len(self.fills) == 3

    hooks = Canceller()
    outcome = engine.run([job], hooks)[0]
    assert not outcome.complete
    assert outcome.error is None
    assert len(hooks.fills) == 3


@pytest.mark.parametrize(("batch", "levels"), [(0, 0), (4, 1)])
def test_fills_are_the_same_whatever_they_are_computed_with(bundles, request_fill, batch, levels):
    """Byte for byte by default; within a grey level where the settings ask for several in one pass."""

    class Keeping(Silent):
        def made(self, job, fill):
            self.fills.append(
                (job.request.recipe.caption, np.frombuffer(fill.frames[0], np.uint8).astype(int))
            )

    engine = NigdtEngine(Settings(batch_variants=batch, threads=1))
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
