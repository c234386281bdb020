"""`nigdt train` in a process of its own: both stages, misuse, interruptions, several processes."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from itertools import product

import numpy as np
import pytest
import torch
import yaml
from nigdt_training.checkpoint import read_checkpoint
from nigdt_training.run import Run

from nigdt.bundle.bundle import verify_bundle
from nigdt.cli import main


def metrics(run):
    lines = (run.folder / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def nigdt(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "nigdt", *map(str, arguments)], capture_output=True, text=True, **options
    )


def nigdt_here(capsys, *arguments):
    """The same without the seconds that a new process takes: its exit code and what it said."""
    with pytest.raises(SystemExit) as stop:
        main([str(one) for one in arguments])
    said = capsys.readouterr()
    return stop.value.code, said.out, said.err


def write_config(tmp_path, settings):
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path


def test_the_command_trains_both_stages_and_exports(
    photo_folder, photo_caches, tiny_settings, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("NIGDT_CACHE_DIR", str(photo_caches.parent))
    tiny_settings["loss"] = {"match": 0.1}
    tiny_settings["match"] = {"epochs": 1, "size": 64}
    tiny_settings["steps"] = 2
    config = write_config(tmp_path, tiny_settings)
    shared = ("--data", photo_folder.parent, "--runs", tmp_path / "runs")
    code, said, _ = nigdt_here(
        capsys, "train", "--config", config, *shared, "--dry-run", "--stage", "inpaint"
    )
    assert code == 0
    assert "stage 2: 2 steps" in said
    assert not (tmp_path / "runs").exists()
    done = nigdt(
        *("train", "--stage", "match", "--config", config, *shared, "--device", "cpu", "--set", "seed=3")
    )
    assert done.returncode == 0, done.stderr
    assert "R-precision" in done.stdout
    assert not list((tmp_path / "runs" / "00001-tiny").glob("last*"))
    run = tmp_path / "runs" / "00001-tiny"
    arguments = (*shared, "--stage", "inpaint", "--device", "cpu", "--resume", run)
    assert nigdt_here(capsys, "train", *arguments)[0] == 0
    assert any("match" in json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines())
    assert nigdt_here(capsys, "export", run, tmp_path / "tiny-model")[0] == 0
    verify_bundle(tmp_path / "tiny-model")


def test_misuse_is_exit_2_and_bad_settings_exit_1(tmp_path, capsys):
    assert nigdt_here(capsys, "train")[0] == 2
    config = write_config(tmp_path, {"data": [{"path": "x"}], "stepps": 3})
    code, _, said = nigdt_here(capsys, "train", "--config", config)
    assert code == 1
    assert "stepps" in said
    assert said.count("\n") == 1
    for wrong, named in ((["--device", "quantum"], "quantum"), (["--name", "a/b"], "a/b")):
        config = write_config(tmp_path, {"data": [{"path": "x"}]})
        code, _, said = nigdt_here(capsys, "train", "--config", config, "--runs", tmp_path / "runs", *wrong)
        assert code == 1
        assert named in said
        assert said.count("\n") == 1


def test_the_command_ends_with_1_when_it_is_interrupted(
    photo_folder, photo_caches, tiny_settings, tmp_path, monkeypatch
):
    monkeypatch.setenv("NIGDT_CACHE_DIR", str(photo_caches.parent))
    config = write_config(tmp_path, tiny_settings | {"steps": 5000})
    arguments = [
        "--config",
        config,
        "--data",
        photo_folder.parent,
        "--runs",
        tmp_path / "runs",
        "--device",
        "cpu",
    ]
    command = [sys.executable, "-m", "nigdt", "train", *map(str, arguments)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    folder = tmp_path / "runs" / "00001-tiny"
    deadline = time.monotonic() + 200
    while not (folder / "last.safetensors").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=100)
    assert process.returncode == 1
    assert f"Go on with: nigdt train --resume {folder}" in said


def test_sigterm_ends_stage_1_with_how_to_go_on(
    photo_folder, photo_caches, tiny_settings, tmp_path, monkeypatch
):
    monkeypatch.setenv("NIGDT_CACHE_DIR", str(photo_caches.parent))
    match = {"epochs": 5000, "size": 64}
    config = write_config(tmp_path, tiny_settings | {"match": match})
    arguments = ["--config", config, "--data", photo_folder.parent, "--runs", tmp_path / "runs"]
    command = [
        sys.executable,
        "-m",
        "nigdt",
        "train",
        "--stage",
        "match",
        *map(str, arguments),
        "--device",
        "cpu",
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    folder = tmp_path / "runs" / "00001-tiny"
    deadline = time.monotonic() + 200
    logged = folder / "metrics.jsonl"
    while time.monotonic() < deadline and not (logged.exists() and len(logged.read_text().splitlines()) > 1):
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=100)
    assert process.returncode == 1
    assert f"Go on with: nigdt train --stage match --resume {folder}" in said
    assert read_checkpoint(folder / "match-last.safetensors").facts["epoch"] > 0


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_killed_at_any_moment_a_run_goes_on(photo_folder, photo_caches, tiny_settings, tmp_path, monkeypatch):
    monkeypatch.setenv("NIGDT_CACHE_DIR", str(photo_caches.parent))
    tiny_settings |= {"steps": 24}
    config = write_config(tmp_path, tiny_settings)
    arguments = ["--data", photo_folder.parent, "--runs", tmp_path / "whole", "--device", "cpu"]
    whole = nigdt("train", "--config", config, *arguments)
    assert whole.returncode == 0, whole.stderr
    runs = tmp_path / "killed"
    arguments[3] = runs
    command = [sys.executable, "-m", "nigdt", "train", *map(str, arguments)]
    process = subprocess.Popen([*command, "--config", str(config)])
    folder = runs / "00001-tiny"
    for _ in range(3):
        deadline = time.monotonic() + 200
        while not (folder / "last.safetensors").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        process.kill()
        process.wait()
        process = subprocess.Popen([*command, "--resume", str(folder)])
    assert process.wait(timeout=600) == 0
    one = read_checkpoint(tmp_path / "whole" / "00001-tiny" / "last.safetensors")
    other = read_checkpoint(folder / "last.safetensors")
    assert all(torch.equal(tensor, other.tensors[name]) for name, tensor in one.tensors.items())


SMALL_MEMORY = """
import os
import torch
from nigdt_training.inpaint import stage as inpaint_stage

step = inpaint_stage.train_step

def too_small_in_one(networks, batch, *args, **kwargs):
    if os.environ["RANK"] == "1" and len(batch) > 1:
        raise torch.OutOfMemoryError("made up")
    return step(networks, batch, *args, **kwargs)

inpaint_stage.train_step = too_small_in_one

from nigdt.cli import main

main()
"""


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_two_processes_give_the_loss_curve_of_one(
    photo_folder, photo_caches, tiny_settings, tmp_path, monkeypatch
):
    monkeypatch.setenv("NIGDT_CACHE_DIR", str(photo_caches.parent))
    tiny_settings["model"] |= {"text_dropout": 0.0}
    tiny_settings |= {"steps": 24, "learning_rate": 1e-4}
    tiny_settings["augmentation"] = {"recolour": 0.5}
    tiny_settings["loss"] |= {"objects_only": True, "reconstruct_every": 2}
    index = photo_folder / "metadata.jsonl"
    rows = [json.loads(line) for line in index.read_text().splitlines()]
    data = tmp_path / "data" / "photos"
    shutil.copytree(photo_folder, data)
    for row in rows[:14]:
        del row["box"]  # so that a process has no known object in some steps
    (data / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    config = write_config(tmp_path, tiny_settings)
    small_memory = tmp_path / "small_memory.py"
    small_memory.write_text(SMALL_MEMORY)
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    ways = {
        "one": ["-m", "nigdt"],
        "torchrun": [*torchrun, "-m", "nigdt"],
        "small": [*torchrun, str(small_memory)],
    }
    curves, runs, weights = {}, {}, {}
    for way, launcher in ways.items():
        arguments = ["train", "--config", config, "--data", data.parent, "--runs", tmp_path / way]
        command = [sys.executable, *launcher, *map(str, arguments), "--device", "cpu"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=700)
        assert done.returncode == 0, done.stderr
        runs[way] = Run.open(tmp_path / way / "00001-tiny")
        assert len(list((tmp_path / way).iterdir())) == 1, "all processes share one run folder"
        curves[way] = [
            (line["step"], line["l1"]) for line in metrics(runs[way]) if line["stage"] == "inpaint"
        ]
        weights[way] = read_checkpoint(runs[way].last).tensors
    assert [step for step, _ in curves["one"]] == [24]
    for way, name in product(("torchrun", "small"), weights["one"]):
        np.testing.assert_allclose(curves[way], curves["one"], rtol=1e-3)
        # Instance norm takes a bias before it away, whose gradient is rounding alone.
        steady = not name.endswith(("._u", "._v", ".conv1.bias"))
        if name.startswith(("paths.", "discriminators.")) and steady:
            difference = (weights[way][name] - weights["one"][name]).float().abs().mean()
            assert difference < 2e-4, f"{name} of {way}"  # 24 steps move a weight by up to 24e-4
