"""What the engine keeps in memory, and a job that is cancelled."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import weakref
from collections import Counter
from dataclasses import replace

from nigdt_backend.daemon.engine import NigdtEngine
from nigdt_backend.daemon.scheduler import Job
from nigdt_backend.daemon.settings import DaemonSettings

from nigdt.bundle import bundle
from nigdt.inpainter import Inpainter
from tests.backend.failing_device import Silent, engine_job


def counted(name, real, done):
    """A method that notes each call in `done`."""

    def method(self, *args, **fields):
        done[name] += 1
        return real(self, *args, **fields)

    return method


class Painter(Silent):
    """Keeps the pixels of fills."""

    def made(self, job, fill):
        self.fills.append(bytes(fill.frames[0]))


def fill_of(engine, request_fill, caption):
    """The bytes of one fill of the same context."""
    request = engine_job(request_fill, 1).request
    request = replace(request, recipe=replace(request.recipe, caption=caption))
    painter = Painter()
    (outcome,) = engine.run([Job("local", (0, b"x"), request, 0.0)], painter)
    assert outcome.error is None
    return painter.fills[0]


def test_memory_budget_keeps_the_latest_models(bundles, tiny_bundle, request_fill):
    for name in ("second", "third"):
        shutil.copytree(tiny_bundle, bundles / name)
    engine = NigdtEngine(DaemonSettings(threads=1))
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


def test_a_start_lists_the_bundles_once(bundles, monkeypatch):
    done = Counter()
    for name in ("_all_bundles", "_load_yaml"):
        real = getattr(bundle, name)

        def noted(*arguments, name=name, real=real):
            done[name] += 1
            return real(*arguments)

        monkeypatch.setattr(bundle, name, noted)
    engine = NigdtEngine(DaemonSettings(threads=1))
    engine.load("default", warm=False)
    engine.load("default", warm=True)
    assert done == {"_all_bundles": 1, "_load_yaml": 4}, (
        "two are listed, of one name; one is found and verified"
    )


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
    engine = NigdtEngine(DaemonSettings(threads=1, context_cache_mib=1))
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


def test_a_caption_that_turns_from_thing_to_part_and_back_has_its_context_encoded_once(
    engine, request_fill, monkeypatch
):
    done = Counter()
    for name in ("encode", "surrounded"):
        real = getattr(Inpainter, name)
        monkeypatch.setattr(Inpainter, name, counted(name, real, done))
    captions = ["a white belly", "a red bird", "a white belly", "a red bird"]
    drawn = [fill_of(engine, request_fill, caption) for caption in captions]
    assert done == {"encode": 1, "surrounded": 1}
    assert drawn[:2] == drawn[2:]
    engine.unload()
    assert [fill_of(engine, request_fill, caption) for caption in captions[1::-1]] == drawn[1::-1]


def test_surroundings_that_cannot_be_continued_are_tried_once(engine, request_fill, monkeypatch):
    tried = []
    monkeypatch.setattr("nigdt.completer.continued", lambda *_: tried.append(1))
    assert fill_of(engine, request_fill, "a red bird") == fill_of(engine, request_fill, "a red bird")
    assert len(tried) == 1


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


def test_why_torch_cannot_be_loaded_is_said_however_often_it_is_tried():
    script = """
from nigdt_backend.daemon.engine import NigdtEngine
from nigdt_backend.daemon.settings import DaemonSettings
from nigdt_backend.daemon.worker import EngineError
engine = NigdtEngine(DaemonSettings(threads=1))
for _ in range(2):
    try:
        engine.load("default", warm=False)
    except EngineError as error:
        print(error.message, error.hint)
"""
    variables = {**os.environ, "TORCH_LOGS": "nonsense"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=90, check=True)
    first, second = done.stdout.splitlines()
    assert "nonsense" in first
    assert "TORCH_*" in first
    assert ".." not in first
    assert second == first


def test_a_list_of_the_models_reads_each_once(engine, monkeypatch):
    done, read_bundle = Counter(), bundle.read_bundle

    def noted(folder):
        done[folder] += 1
        return read_bundle(folder)

    monkeypatch.setattr(bundle, "read_bundle", noted)
    listed = engine.models()
    assert set(done.values()) == {1}, "the embedded bundle and the user's of the same name are two folders"
    assert [info["default"] for info in listed].count(True) == 1
