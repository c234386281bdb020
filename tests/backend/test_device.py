"""What becomes of fills when the device fails; stand-ins fail as accelerators do."""

from __future__ import annotations

import shutil
import weakref

import pytest
import torch
from nigdt_backend import paths
from nigdt_backend.client import Client, DaemonError
from nigdt_backend.daemon import device
from nigdt_backend.daemon.engine import NigdtEngine
from nigdt_backend.daemon.settings import DaemonSettings
from nigdt_backend.daemon.worker import EngineError

from nigdt.bundle.bundle import read_bundle
from nigdt.bundle.weights import load_model
from nigdt.bundle.writing import save_bundle
from nigdt.errors import BundleError, DeviceError, ModelError
from nigdt.inpainter import Inpainter
from nigdt.runtime.devices import is_out_of_memory
from tests.backend.failing_device import Accelerator, Silent, engine_job, failing, later


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


@pytest.fixture
def accelerator(monkeypatch):
    return Accelerator(monkeypatch)


def test_memory_is_made_by_giving_back_what_is_kept_before_the_cpu_takes_over(
    bundles, tiny_bundle, request_fill, monkeypatch, accelerator
):
    shutil.copytree(tiny_bundle, bundles / "second")
    engine = NigdtEngine(DaemonSettings(batch_variants=1, threads=1))
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
    engine = NigdtEngine(DaemonSettings(batch_variants=1, threads=1))
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
    engine = NigdtEngine(DaemonSettings(device=wanted, batch_variants=1, threads=1))
    failing(monkeypatch, RuntimeError("CUDA error: device-side assert triggered"), times=1)
    outcome = engine.run([engine_job(request_fill, 2)], Silent())[0]
    assert outcome.complete
    assert "the accelerator failed" in outcome.notices[0]
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
    engine = NigdtEngine(DaemonSettings(batch_variants=1, threads=1))
    failing(monkeypatch, error, times=1)
    assert engine.run([engine_job(request_fill, 1)], Silent())[0].complete
    assert engine.describe()["device"] == "cpu"
    later(monkeypatch)
    assert not engine.restart_wanted()


def test_accelerator_that_is_broken_from_the_start_leaves_the_cpu(bundles, request_fill, accelerator):
    accelerator.broken = True
    engine = NigdtEngine(DaemonSettings(threads=1))
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
    engine = NigdtEngine(DaemonSettings(threads=1, device="cuda"))
    assert engine.load("default")["device"] == "cpu"
    accelerator.broken = False
    later(monkeypatch)
    assert engine.run([engine_job(request_fill, 1)], Silent())[0].notices == ()
    assert engine.describe()["device"] == "cuda:0"


def test_accelerator_that_is_gone_when_its_turn_comes_leaves_the_cpu(
    bundles, request_fill, monkeypatch, accelerator
):
    accelerator.broken, accelerator.reason = True, "CUDA error: out of memory"
    engine = NigdtEngine(DaemonSettings(threads=1, device="cuda"))
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
    engine = NigdtEngine(DaemonSettings(threads=1))
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
