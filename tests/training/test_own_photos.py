import json
import signal
import subprocess
import sys
import time

import pytest
import torch
from nigdt_training.trainer import match_stage, own_photos
from nigdt_training.trainer.checkpoint import read_checkpoint
from nigdt_training.trainer.inpaint_stage import InpaintTrainer
from nigdt_training.trainer.own_photos import OwnPhotos, extend_embedding, train_own_photos
from nigdt_training.trainer.run import Run

from nigdt.bundle import find_bundle, list_bundles, read_bundle
from nigdt.errors import NigdtError
from nigdt.text import Vocabulary
from nigdt.weights import load_model


def test_new_words_keep_the_old_ones_in_place(tiny_bundle):
    model, known = load_model(read_bundle(tiny_bundle))
    before = model.text_encoder.embedding.weight.clone()
    extended = known.extended(["number", "green"])
    extend_embedding(model, known, extended)
    after = model.text_encoder.embedding.weight
    assert after.shape[0] == len(known) + 3
    assert torch.equal(after[: len(known) + 1], before)
    assert extended.encode("green number", 8) == [len(known) + 2, len(known) + 1]
    with pytest.raises(NigdtError, match="does not extend"):
        extend_embedding(model, known, Vocabulary(["x", *known.words]))


def test_fine_tuning_saves_a_bundle_with_the_users_words(photo_folder, tiny_bundle, tmp_path):
    lines = []
    request = OwnPhotos(
        path=photo_folder, name="garden", caches=tmp_path / "caches", bundle=str(tiny_bundle), steps=4,
        runs=tmp_path / "runs", device="cpu",
    )  # fmt: skip
    folder = train_own_photos(request, lambda text, **facts: lines.append((text, facts)))
    info = find_bundle("garden")
    assert info.folder == folder
    assert "garden" in [one.name for one in list_bundles()]
    assert "number" in info.vocabulary()
    assert {"before", "after", "photos"} <= info.training.keys()
    assert "large diffusion models" in (folder / "README.md").read_text()
    steps = [facts["step"] for _, facts in lines if "step" in facts]
    assert steps[-1] == 4
    assert any("sheet" in facts for _, facts in lines)


def test_too_few_photos_and_bad_names_are_one_line(tmp_path, photo_folder, tiny_bundle):
    def attempt(**changes):
        request = {"path": photo_folder, "name": "x", "caches": tmp_path, "bundle": str(tiny_bundle)}
        train_own_photos(OwnPhotos(**{**request, **changes}), lambda *_, **__: None)

    with pytest.raises(NigdtError, match="cannot be called"):
        attempt(name="../escape")
    few = tmp_path / "few"
    few.mkdir()
    for name in ("00.png", "04.png"):
        (few / name).write_bytes((photo_folder / name).read_bytes())
        (few / name).with_suffix(".txt").write_text("a red bird")
    with pytest.raises(NigdtError, match="too few"):
        attempt(path=few)


def test_interrupted_in_both_stages_it_ends_with_the_bundle_of_an_uninterrupted_one(
    photo_folder, tiny_bundle, tmp_path, monkeypatch
):
    def train(runs, **changes):
        request = OwnPhotos(
            path=photo_folder, name="garden", caches=tmp_path / "caches", bundle=str(tiny_bundle), steps=10,
            runs=tmp_path / runs, device="cpu", output=tmp_path / runs / "garden", **changes,
        )  # fmt: skip
        lines = []
        return train_own_photos(request, lambda text, **_: lines.append(text)), lines

    whole, lines = train("whole")
    assert any(line.startswith("match epoch 40/40") for line in lines)

    epoch, step = match_stage._one_epoch, InpaintTrainer._one_step

    def epoch_then_ctrl_c(*arguments):
        if arguments[-1] == 3:
            raise KeyboardInterrupt
        return epoch(*arguments)

    def step_then_ctrl_c(self):
        logs = step(self)
        if self.step == 8:
            signal.raise_signal(signal.SIGINT)
        return logs

    monkeypatch.setattr(match_stage, "_one_epoch", epoch_then_ctrl_c)
    with pytest.raises(NigdtError, match="interrupted before the first step") as caught:
        train("parts")
    assert "--resume" in caught.value.hint
    run = next((tmp_path / "parts").glob("00001-*"))
    assert not match_stage.match_is_trained(Run.open(run))
    monkeypatch.undo()
    monkeypatch.setattr(InpaintTrainer, "_one_step", step_then_ctrl_c)
    with pytest.raises(NigdtError, match="interrupted at step 9"):
        train("parts", resume=True)
    monkeypatch.undo()
    parts, lines = train("parts", resume=True)
    assert "going on from step 9" in lines
    for name in ("match.safetensors", "last.safetensors"):
        one = read_checkpoint(next((tmp_path / "whole").glob("00001-*")) / name)
        other = read_checkpoint(run / name)
        assert all(torch.equal(value, other.tensors[key]) for key, value in one.tensors.items())
    for name in ("model.safetensors", "vocabulary.json", "README.md"):
        assert (parts / name).read_bytes() == (whole / name).read_bytes()


def test_match_networks_that_learnt_nothing_are_left_out(photo_folder, tiny_bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(own_photos, "USEFUL_MATCH", 1.1)
    lines = []
    request = OwnPhotos(
        path=photo_folder, name="x", caches=tmp_path / "caches", bundle=str(tiny_bundle), steps=1,
        runs=tmp_path / "runs", device="cpu",
    )  # fmt: skip
    folder = train_own_photos(request, lambda text, **_: lines.append(text))
    assert any("going on without them" in line for line in lines)
    assert read_bundle(folder).training["match_loss"] is False


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on(photo_folder, tiny_bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("NIGDT_CACHE_DIR", str(tmp_path / "cache"))

    def command(where, *more):
        return [
            sys.executable, "-m", "nigdt", "train", "photos", photo_folder, "--name", "mine", "--bundle",
            tiny_bundle, "--steps", "30", "--runs", tmp_path / where, "--device", "cpu", "--output",
            tmp_path / where / "mine", *more,
        ]  # fmt: skip

    done = subprocess.run(command("whole"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    process = subprocess.Popen(command("killed"))
    run = tmp_path / "killed" / "00001-mine"
    for awaited in ("match-last.safetensors", "match.safetensors", "last.safetensors"):
        deadline = time.monotonic() + 120
        while not (run / awaited).exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.kill()
        process.wait()
        process = subprocess.Popen(command("killed", "--resume"))
    assert process.wait(timeout=200) == 0
    model = [(tmp_path / where / "mine" / "model.safetensors").read_bytes() for where in ("whole", "killed")]
    assert model[0] == model[1]


@pytest.mark.slow
def test_the_command_speaks_json_lines(photo_folder, tiny_bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("NIGDT_CACHE_DIR", str(tmp_path / "cache"))
    done = subprocess.run(
        [sys.executable, "-m", "nigdt", "train", "photos", photo_folder, "--name", "mine", "--bundle",
         tiny_bundle, "--steps", "3", "--runs", tmp_path / "runs", "--device", "cpu", "--json-progress",
         "--output", tmp_path / "mine"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    facts = [json.loads(line) for line in done.stdout.splitlines()]
    assert facts[-1]["bundle"] == str(tmp_path / "mine")
