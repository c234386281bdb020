"""Training stage 2 in this process: checkpoints, interruptions, phases, what a run leaves behind."""

from __future__ import annotations

import json
import math
import shutil
import signal

import numpy as np
import pytest
import torch
import yaml
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments import TorchElasticEnvironment
from nigdt_training.checkpoint import read_checkpoint, write_checkpoint
from nigdt_training.inpaint.phases import load_phases, train_phases
from nigdt_training.inpaint.session import Machine, Places, export_run, run_stages
from nigdt_training.inpaint.stage import InpaintTrainer
from nigdt_training.pools import build_vocabulary, open_pools
from nigdt_training.run import Run
from nigdt_training.settings import settings_from

from nigdt.bundle.bundle import verify_bundle
from nigdt.bundle.weights import load_model
from nigdt.errors import NigdtError


@pytest.fixture
def places(photo_folder, photo_caches, tmp_path):
    return Places(photo_folder.parent, tmp_path / "runs", photo_caches)


def new_run(places, settings, name="tiny"):
    return Run.create(places.runs, name, settings_from(settings))


def go(run, places, **options):
    fabric = Fabric(accelerator="cpu", devices=1)
    try:
        run_stages(run, places, fabric, lambda *_, **__: None, **options)
    finally:
        run.close()
    return read_checkpoint(run.last) if run.last.exists() else None


def metrics(run):
    lines = (run.folder / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_an_interrupted_run_ends_with_the_weights_of_an_uninterrupted_one(places, tiny_settings, monkeypatch):
    whole = go(new_run(places, tiny_settings), places)
    run = new_run(places, tiny_settings)
    step = InpaintTrainer._one_step

    def step_then_ctrl_c(self):
        logs = step(self)
        if self.step == 2:
            signal.raise_signal(signal.SIGINT)
        return logs

    monkeypatch.setattr(InpaintTrainer, "_one_step", step_then_ctrl_c)
    half = go(run, places)
    assert half.facts["step"] == 3
    monkeypatch.undo()
    resumed = go(Run.open(run.folder), places)
    assert resumed.facts["step"] == whole.facts["step"] == 6
    assert resumed.tensors.keys() == whole.tensors.keys()
    for name, tensor in whole.tensors.items():
        assert torch.equal(tensor, resumed.tensors[name]), name
    moved = [n for n in whole.tensors if not torch.equal(whole.tensors[n], half.tensors[n])]
    assert any(name.startswith("discriminators.") for name in moved)
    assert any(name.startswith("paths.model.generator") for name in moved)


def test_micro_batches_give_the_same_step(places, tiny_settings, monkeypatch):
    tiny_settings |= {"steps": 1, "loss": {"match": 0.0, "adversarial": 0.0, "feature": 0.0}}
    whole = go(new_run(places, tiny_settings), places)
    step = InpaintTrainer._one_step

    def in_parts(self):
        self.micro = 2
        return step(self)

    monkeypatch.setattr(InpaintTrainer, "_one_step", in_parts)
    parts = go(new_run(places, tiny_settings), places)
    for name, tensor in whole.part("optimiser_g").items():
        torch.testing.assert_close(parts.part("optimiser_g")[name], tensor, atol=1e-4, rtol=1e-3)


def test_not_finite_is_reported_and_the_last_state_kept(places, tiny_settings, monkeypatch):
    run = new_run(places, {**tiny_settings, "steps": 2})
    go(run, places)
    before = run.last.read_bytes()
    longer = {**tiny_settings, "steps": 4}
    (run.folder / "settings.yaml").write_text(yaml.safe_dump(settings_from(longer).to_dict()))
    monkeypatch.setattr(
        "nigdt_training.inpaint.step.L.posterior_kl", lambda q, **_: q.mu.sum() * float("nan")
    )
    with pytest.raises(NigdtError, match=r"not finite at step 2 \(kl_posterior"):
        go(Run.open(run.folder), places)
    assert run.last.read_bytes() == before


def test_out_of_memory_halves_the_micro_batch(places, tiny_settings, monkeypatch):
    from nigdt_training.inpaint import stage as inpaint_stage

    real, sizes = inpaint_stage.train_step, []

    def small_memory(networks, batch, *args, **kwargs):
        sizes.append(len(batch))
        if len(batch) > 1:
            raise torch.OutOfMemoryError("made up")
        return real(networks, batch, *args, **kwargs)

    monkeypatch.setattr(inpaint_stage, "train_step", small_memory)
    run = new_run(places, {**tiny_settings, "steps": 1})
    assert go(run, places).facts["step"] == 1
    assert sizes == [4, 2, 1, 1, 1, 1]


def test_a_full_disk_is_one_clear_line_and_keeps_the_old_checkpoint(tmp_path):
    path = tmp_path / "last.safetensors"
    write_checkpoint(path, {"a": {"w": torch.ones(2)}}, {"step": 1})
    before = path.read_bytes()
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, limits[1]))
    try:
        with pytest.raises(NigdtError, match="Cannot write the checkpoint"):
            write_checkpoint(path, {"a": {"w": torch.zeros(2)}}, {"step": 2})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_broken_checkpoints_are_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"nonsense")
    with pytest.raises(NigdtError, match="Cannot read the checkpoint"):
        read_checkpoint(path)
    write_checkpoint(path, {"a": {"w": torch.ones(200)}}, {"step": 1})
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(NigdtError, match="Cannot read the checkpoint"):
        read_checkpoint(path)


def test_a_run_leaves_metrics_sheet_and_a_bundle_that_loads(places, tiny_settings, tmp_path):
    tiny_settings["preset"] = "small"
    run = new_run(places, tiny_settings)
    go(run, places)
    assert {line["stage"] for line in metrics(run)} == {"inpaint", "validation"}
    assert list((run.folder / "sheets").glob("*.png"))
    assert list((run.folder / "events").iterdir())
    info = export_run(run, tmp_path / "tiny-garden", title="Tiny")
    assert verify_bundle(info.folder).training["steps"] == 6
    model, vocabulary = load_model(info)
    assert "bird" in vocabulary
    averaged = read_checkpoint(run.last).part("averaged")
    key = "projection.last.weight"
    torch.testing.assert_close(model.state_dict()[key], averaged[key], atol=1e-3, rtol=1e-3)


def test_steps_on_one_batch_fit_it(places, tiny_settings):
    settings = settings_from({
        **tiny_settings, "preset": "small", "steps": 60, "learning_rate": 5e-3, "augmentation": {},
        "loss": {"match": 0.0, "adversarial": 0.0, "feature": 0.0, "kl": 0.1, "hole_weight": 10.0},
    })  # fmt: skip
    run = Run.create(places.runs, "fit", settings)
    training, validation = open_pools(settings, places.data, places.caches)
    fabric = Fabric(accelerator="cpu", devices=1)
    vocabulary = build_vocabulary(training)
    trainer = InpaintTrainer(run, training, validation, vocabulary, None, fabric, lambda *_, **__: None)
    losses = [float(trainer._one_step()["l1"]) for _ in range(40)]
    assert np.mean(losses[-4:]) < 0.7 * np.mean(losses[:4])


def test_the_best_validation_is_kept_and_the_count_of_stale_ones_resumes(places, tiny_settings):
    run = new_run(places, {**tiny_settings, "validate_every": 1})
    last = go(run, places)
    scores = {line["step"]: line["texture"] for line in metrics(run) if line["stage"] == "validation"}
    best = min(scores, key=lambda step: scores[step])
    assert read_checkpoint(run.best).facts["step"] == best
    assert last.facts["stale"] == 6 - best
    assert len(list((run.folder / "sheets").iterdir())) == 6, "a sheet at every validation"
    settings = run.settings
    training, validation = open_pools(settings, places.data, places.caches)
    fabric = Fabric(accelerator="cpu", devices=1)
    trainer = InpaintTrainer(run, training, validation, run.vocabulary(), None, fabric, lambda *_, **__: None)
    assert trainer.resume()
    trainer.patience = last.facts["stale"] + 1
    assert not trainer._overfits()
    trainer._stale += 1
    assert trainer._overfits()


def test_only_the_split_asked_for_is_learnt(photo_folder, tiny_settings, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(photo_folder, data / "photos")
    index = data / "photos" / "metadata.jsonl"
    rows = [json.loads(line) for line in index.read_text().splitlines()]
    for i, row in enumerate(rows):
        row["split"] = "test" if i % 4 == 0 else "train"
    index.write_text("\n".join(map(json.dumps, rows)))
    source = tiny_settings["data"][0]
    used = {}
    for split in ("", "train"):
        settings = settings_from({**tiny_settings, "data": [{**source, "split": split}]})
        pools = [pool for part in open_pools(settings, data, tmp_path / "caches") for pool in part]
        used[split] = {pool.cache.name(int(i)) for pool in pools for i in pool.photos}
    assert used[""] == {row["file_name"] for row in rows}
    assert used["train"] == {row["file_name"] for row in rows if row["split"] == "train"}
    with pytest.raises(NigdtError, match="no photo to learn from in split 'val'"):
        open_pools(
            settings_from({**tiny_settings, "data": [{**source, "split": "val"}]}), data, tmp_path / "caches"
        )


def test_weights_of_another_vocabulary_are_refused(places, tiny_settings):
    tiny_settings |= {"steps": 1}
    run = new_run(places, tiny_settings)
    go(run, places)
    other = new_run(places, tiny_settings)
    (other.folder / "vocabulary.json").write_text('{"format": 1, "words": ["a"]}')
    with pytest.raises(NigdtError, match="another vocabulary"):
        go(other, places, start_from=run.last)


def test_time_that_is_up_ends_training_with_a_checkpoint_and_phases_go_on(places, tiny_settings, tmp_path):
    tiny_settings |= {"steps": 3, "validate_every": 3}
    file = {"settings": tiny_settings, "phases": {"first": [], "second": ["steps=2", "model.skip=true"]}}
    path = tmp_path / "phases.yaml"
    path.write_text(yaml.safe_dump(file))
    phases, said = load_phases(path), []

    def train(deadline):
        return train_phases(phases, places, "course", "cpu", lambda text, **_: said.append(text), deadline)

    assert train(0.0) is None
    first = Run.open(places.runs / "course" / "1-first")
    assert read_checkpoint(first.last).facts["step"] < 3
    last = train(math.inf)
    assert last.folder.name == "2-second"
    assert read_checkpoint(last.last).facts["step"] == 2
    assert last.vocabulary().words == first.vocabulary().words
    said.clear()
    assert train(math.inf).folder == last.folder
    assert not said, "nothing is trained again"
    path.write_text(yaml.safe_dump(file | {"settings": {**tiny_settings, "batch": 2}}))
    phases = load_phases(path)
    with pytest.raises(NigdtError, match="begun with other settings"):
        train(math.inf)


def test_processes_are_those_that_torchrun_started(monkeypatch):
    assert Machine.found("cpu") == Machine("cpu", 1, 1)
    monkeypatch.setattr(TorchElasticEnvironment, "detect", staticmethod(lambda: True))
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert Machine.found("cpu") == Machine("cpu", 2, 2)
