import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from nigdt_training.checkpoint import read_checkpoint
from nigdt_training.data import check, decode
from nigdt_training.inpaint import course, cross_validation, own_photos
from nigdt_training.inpaint.course import Course, extend_embedding
from nigdt_training.inpaint.own_photos import OwnPhotos, train_own_photos
from nigdt_training.inpaint.stage import InpaintTrainer
from nigdt_training.inpaint.validation import Scores
from nigdt_training.match import stage as match_stage
from nigdt_training.pools import open_pools
from nigdt_training.run import Run
from nigdt_training.settings import settings_from, with_changes

import nigdt
from nigdt.bundle.bundle import find_bundle, list_bundles, read_bundle, verify_bundle
from nigdt.bundle.weights import load_model
from nigdt.bundle.writing import take_over_recolouring
from nigdt.config import ModelConfig
from nigdt.errors import NigdtError
from nigdt.model import NIGDT
from nigdt.text import Vocabulary
from tests.tiny import TINY_MODEL, TINY_WORDS

SHIPPED = Path(nigdt.__file__).parent / "bundles" / "nigdt-small"


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


def test_new_words_name_no_outline():
    model = NIGDT(ModelConfig.from_dict({**TINY_MODEL, "outlines": 2}), len(TINY_WORDS))
    model.outlines.words.fill_(1)
    known = Vocabulary(TINY_WORDS)
    extended = known.extended(["poodle", "basset"])
    extend_embedding(model, known, extended)
    assert model.outlines.words.tolist() == [1.0] * len(known) + [0.0, 0.0]
    fresh = NIGDT(model.config, len(extended))
    fresh.load_state_dict(model.state_dict())


def request_of(photos, caches, bundle, where, **changes):
    facts = {"path": photos, "name": "garden", "caches": caches, "bundle": str(bundle)}
    facts |= {"steps": 4, "runs": where / "runs", "device": "cpu"}
    return OwnPhotos(**{**facts, **changes})


@pytest.fixture
def any_gain(monkeypatch):
    """Takes any difference for a gain: the tiny model's own is not what is tested."""
    monkeypatch.setattr(cross_validation.Gain, "certain", True)


def few_match_epochs(monkeypatch):
    """Match networks as where there are photos enough for them, trained no longer than a test needs."""
    monkeypatch.setattr(own_photos, "FEW", 20)
    settings = own_photos.own_settings
    monkeypatch.setattr(own_photos, "own_settings", lambda *_: with_changes(settings(*_), ["match.epochs=5"]))


@pytest.mark.usefixtures("any_gain")
def test_fine_tuning_saves_a_bundle_with_the_users_words(photo_folder, photo_caches, tiny_bundle, tmp_path):
    lines = []
    base = shutil.copytree(tiny_bundle, tmp_path / "base")
    take_over_recolouring(read_bundle(SHIPPED), base)
    request = request_of(photo_folder, photo_caches, base, tmp_path)
    folder = train_own_photos(request, lambda text, **facts: lines.append((text, facts)))
    info = find_bundle("garden")
    assert info.folder == folder
    assert verify_bundle(folder).recolours
    assert any("number" in facts["new_words"] for _, facts in lines if "new_words" in facts)
    assert any("nearer" in facts for _, facts in lines)
    assert "garden" in [one.name for one in list_bundles()]
    assert "number" in info.vocabulary()
    assert {"before", "after", "photos"} <= info.training.keys()
    assert info.training["measured_on"] == 14, "two thirds of the photos, by models that have not seen them"
    assert "large diffusion models" in (folder / "README.md").read_text()
    steps = [facts["step"] for _, facts in lines if "step" in facts]
    assert steps == sorted(steps)
    assert steps[-1] == 12, "two trainings that are measured and the one that is kept, four steps each"
    assert {facts["steps"] for _, facts in lines if "step" in facts} == {12}
    assert any("sheet" in facts for _, facts in lines)
    assert [path.parent.name for path in (tmp_path / "runs").rglob("*.safetensors")] == ["whole"]
    assert any("MB of checkpoints that only measured were removed" in text for text, _ in lines)
    parts = [Run.open(path) for path in sorted((tmp_path / "runs").glob("*/part-*"))]
    held = [set(cross_validation.recorded(part)[4].photo.tolist()) for part in parts]
    assert set.union(*held) < set(range(20))
    assert sum(map(len, held)) == len(set.union(*held)) == 14, "none is measured twice"


def test_without_a_gain_nothing_is_saved_and_the_old_bundle_stays(
    photo_folder, photo_caches, tiny_bundle, tmp_path, monkeypatch
):
    folder = shutil.copytree(tiny_bundle, tmp_path / "mine")
    before_it = {path.name: path.read_bytes() for path in folder.iterdir()}
    # As where every step leads further away. Whether one does is chance with a model that has learnt nothing.
    real = course.record
    monkeypatch.setattr(
        course,
        "record",
        lambda run, step, scores: real(run, step, replace(scores, texture=scores.texture + step)),
    )
    request = request_of(photo_folder, photo_caches, tiny_bundle, tmp_path, output=folder)
    lines = []
    with pytest.raises(NigdtError, match=r"brings no certain gain .*: nothing was saved") as caught:
        train_own_photos(request, lambda text, **facts: lines.append((text, facts)))
    assert "Go on using" in caught.value.hint
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before_it
    before, after = next((facts["before"], facts["after"]) for _, facts in lines if "before" in facts)
    assert after["texture"] > before["texture"]
    with pytest.raises(NigdtError, match="no interrupted training"):
        train_own_photos(replace(request, resume=True), lambda *_, **__: None)


def test_the_gain_is_that_of_single_photos_and_the_best_step_is_taken(tmp_path, tiny_settings):
    runs = [Run.within(tmp_path / str(i), settings_from(tiny_settings)) for i in range(2)]
    for run, photos, gains in zip(runs, ([0, 1], [2, 3]), ([1.0, 3.0], [1.0, -1.0]), strict=True):
        for step, factor in ((0, 0.0), (50, 1.0), (100, 0.5)):  # chosen alike by both
            photo = np.array(photos * 2)  # each with two holes, which differ without meaning anything
            texture = 2 - factor * np.array(gains * 2) / 10 + factor * np.array([0.03, 0.03, -0.03, -0.03])
            cross_validation.record(run, step, Scores(photo, 20 + photo, 10 - factor * np.ones(4), texture))
    cross_validation.record(run, 150, Scores(photo, photo, photo, texture - 1))  # only one run came so far
    with (runs[0].folder / "scores.jsonl").open("a") as file:
        file.write('{"step": 50, "photo": [0')
    gain = cross_validation.best_gain(runs)
    assert (gain.step, gain.photos) == (50, 4)
    assert gain.texture == pytest.approx(0.05)
    assert gain.better == 3
    assert gain.error == pytest.approx(np.std([0.05, 0.15, 0.05, -0.05], ddof=1) / 2)
    assert gain.at_least == pytest.approx(0.05 - 2.3534 * gain.error, rel=1e-4)  # Student's, 3 degrees
    assert not gain.certain, "once in twenty times chance does as well"
    assert replace(gain, error=gain.error / 2).certain
    assert gain.before == {name: pytest.approx(x) for name, x in (("psnr", 21.5), ("l1", 10), ("texture", 2))}
    assert gain.after["texture"] == pytest.approx(1.9)


def test_no_photo_has_a_part_in_choosing_the_steps_that_it_is_measured_after(tmp_path, tiny_settings):
    """Noise alone: each part looks best after other steps, and the gain found is none."""
    gains = {50: ([0.4, 0.2], [-0.3, -0.1]), 100: ([-0.2, 0.0], [0.5, 0.3])}

    def recorded(name, photos, columns):
        run = Run.within(tmp_path / name, settings_from(tiny_settings))
        none = np.zeros(len(photos))
        for step, found in {0: none, **columns}.items():
            cross_validation.record(run, step, Scores(photos, none, none, 1 - np.array(found)))
        return run

    columns = [{step: found[i] for step, found in gains.items()} for i in range(2)]
    two = [recorded(f"part-{i}", np.array([2 * i, 2 * i + 1]), columns[i]) for i in range(2)]
    gain = cross_validation.best_gain(two)
    assert gain.texture == pytest.approx(np.mean([-0.2, 0.0, -0.3, -0.1]))
    assert gain.step == 100, "the best of both together"
    # One run: photos 0 and 2 are measured by what 1 and 3 chose, and the other way round.
    mixed = {step: [found[0][0], found[1][0], found[0][1], found[1][1]] for step, found in gains.items()}
    gain = cross_validation.best_gain([recorded("whole", np.arange(4), mixed)])
    assert gain.texture == pytest.approx(np.mean([-0.2, 0.0, -0.3, -0.1]))


def test_time_left_is_that_of_all_trainings_even_at_the_end_of_one():
    told = []
    course = Course(None, None, 3, 10, 1, holes=2, say=lambda text, **facts: told.append(facts))
    tell = course._part_of_whole(1)
    for step, left in ((5, 20), (10, 0)):
        tell("", step=step, steps=10, loss=0.0, psnr=20.0, eta_s=left)
    assert [(facts["step"], facts["steps"], facts["eta_s"]) for facts in told] == [(15, 30, 60), (20, 30, 40)]


def test_photos_are_looked_over_once_and_decoded_once_more(photo_folder, tmp_path, monkeypatch):
    decoded = []
    real = decode.open_upright
    for module in (decode, check):
        monkeypatch.setattr(
            module, "open_upright", lambda *all, **more: decoded.append(1) or real(*all, **more)
        )
    report = check.check_path(photo_folder)
    settings = settings_from({"data": [{"path": str(photo_folder)}]})
    open_pools(settings, Path(), tmp_path / "caches", checked=report)
    assert len(decoded) == 2 * len(report.usable)
    open_pools(settings, Path(), tmp_path / "caches")
    assert len(decoded) == 2 * len(report.usable), "the cache is there"


def test_too_few_photos_and_bad_names_are_one_line(tmp_path, photo_folder, tiny_bundle):
    def attempt(**changes):
        request = {"path": photo_folder, "name": "x", "caches": tmp_path, "bundle": str(tiny_bundle)}
        train_own_photos(OwnPhotos(**{**request, **changes}), lambda *_, **__: None)

    with pytest.raises(NigdtError, match="cannot be called"):
        attempt(name="../escape")
    for place, reason in ((photo_folder, "not a model bundle"), (tmp_path / "my model", "cannot be called")):
        with pytest.raises(NigdtError, match=reason):  # before any training
            attempt(output=place)
    few = tmp_path / "few"
    few.mkdir()
    for name in ("00.png", "04.png"):
        (few / name).write_bytes((photo_folder / name).read_bytes())
        (few / name).with_suffix(".txt").write_text("a red bird")
    with pytest.raises(NigdtError, match="too few"):
        attempt(path=few)


@pytest.mark.usefixtures("any_gain")
def test_interrupted_in_both_stages_it_ends_with_the_bundle_of_an_uninterrupted_one(
    photo_folder, photo_caches, tiny_bundle, tmp_path, monkeypatch
):
    few_match_epochs(monkeypatch)
    monkeypatch.setattr(own_photos, "_clean", lambda *_: None)  # so that there is more to compare

    def train(runs, **changes):
        where = {"runs": tmp_path / runs, "output": tmp_path / runs / "garden", "steps": 10}
        lines = []
        request = request_of(photo_folder, photo_caches, tiny_bundle, tmp_path, **where, **changes)
        return train_own_photos(request, lambda text, **_: lines.append(text)), lines

    whole, lines = train("whole")
    assert any(line.startswith("match epoch 5/5") for line in lines)

    epoch, step = match_stage._one_epoch, InpaintTrainer._one_step

    def epoch_then_ctrl_c(*arguments):
        if arguments[-1] == 3:
            raise KeyboardInterrupt
        return epoch(*arguments)

    def step_then_ctrl_c(self):
        logs = step(self)
        if self.step == at:
            signal.raise_signal(signal.SIGINT)
        return logs

    monkeypatch.setattr(match_stage, "_one_epoch", epoch_then_ctrl_c)
    with pytest.raises(NigdtError, match="Interrupted before the first step") as caught:
        train("parts")
    assert "--resume" in caught.value.hint
    run = next((tmp_path / "parts").glob("00001-*"))
    assert not match_stage.match_is_trained(Run.open(run / "part-1"))
    monkeypatch.undo()
    few_match_epochs(monkeypatch)
    monkeypatch.setattr(own_photos, "_clean", lambda *_: None)
    monkeypatch.setattr(cross_validation.Gain, "certain", True)
    monkeypatch.setattr(InpaintTrainer, "_one_step", step_then_ctrl_c)
    at = 8
    with pytest.raises(NigdtError, match="Interrupted at step 9 of part-1"):
        train("parts", resume=True)
    at = 9  # before the validation that is due after the last step
    with pytest.raises(NigdtError, match="Interrupted at step 10 of part-1"):
        train("parts", resume=True)
    at = 4
    with pytest.raises(NigdtError, match="Interrupted at step 5 of whole"):
        train("parts", resume=True)
    monkeypatch.setattr(InpaintTrainer, "_one_step", step)
    parts, lines = train("parts", resume=True)
    assert "going on from step 5" in lines
    for name in ("part-1/match.safetensors", "part-1/last.safetensors", "whole/last.safetensors"):
        one = read_checkpoint(next((tmp_path / "whole").glob("00001-*")) / name)
        other = read_checkpoint(run / name)
        assert all(torch.equal(value, other.tensors[key]) for key, value in one.tensors.items())
    for name in ("model.safetensors", "vocabulary.json", "README.md"):
        assert (parts / name).read_bytes() == (whole / name).read_bytes()


@pytest.mark.usefixtures("any_gain")
def test_match_networks_that_learnt_nothing_are_left_out(
    photo_folder, photo_caches, tiny_bundle, tmp_path, monkeypatch
):
    few_match_epochs(monkeypatch)
    monkeypatch.setattr(own_photos, "USEFUL_MATCH", 1.1)
    lines = []
    request = request_of(photo_folder, photo_caches, tiny_bundle, tmp_path, steps=1)
    folder = train_own_photos(request, lambda text, **_: lines.append(text))
    assert any("trained without them" in line for line in lines)
    assert read_bundle(folder).training["match_loss"] is False


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on(photo_folder, photo_caches, tiny_bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("NIGDT_CACHE_DIR", str(photo_caches.parent))

    def command(where, *more):
        return [
            sys.executable, "-m", "nigdt", "train", "photos", photo_folder, "--name", "mine", "--bundle",
            tiny_bundle, "--steps", "30", "--runs", tmp_path / where, "--device", "cpu", "--output",
            tmp_path / where / "mine", *more,
        ]  # fmt: skip

    # Whether so few steps bring a gain is not what is tested: both must find the same.
    done = subprocess.run(command("whole"), capture_output=True, text=True)
    process = subprocess.Popen(command("killed"))
    run = tmp_path / "killed" / "00001-mine"
    for awaited in ("part-1/scores.jsonl", "part-1/last.safetensors", "part-2/scores.jsonl"):
        deadline = time.monotonic() + 120
        while not (run / awaited).exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.kill()
        process.wait()
        process = subprocess.Popen(command("killed", "--resume"))
    assert process.wait(timeout=400) == done.returncode
    for part in ("part-1", "part-2"):
        one, other = (
            cross_validation.recorded(Run.open(tmp_path / where / "00001-mine" / part))
            for where in ("whole", "killed")
        )
        assert one.keys() == other.keys()
        assert all(np.array_equal(one[step].texture, other[step].texture) for step in one)
    bundles = [tmp_path / where / "mine" / "model.safetensors" for where in ("whole", "killed")]
    assert [path.exists() for path in bundles] == 2 * [done.returncode == 0]
    if done.returncode == 0:
        assert bundles[0].read_bytes() == bundles[1].read_bytes()


@pytest.mark.slow
def test_the_command_speaks_json_lines(photo_folder, photo_caches, tiny_bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("NIGDT_CACHE_DIR", str(photo_caches.parent))
    done = subprocess.run(
        [sys.executable, "-m", "nigdt", "train", "photos", photo_folder, "--name", "mine", "--bundle",
         tiny_bundle, "--steps", "3", "--runs", tmp_path / "runs", "--device", "cpu", "--json-progress",
         "--output", tmp_path / "mine"],
        capture_output=True, text=True,
    )  # fmt: skip
    facts = [json.loads(line) for line in done.stdout.splitlines()]
    assert any({"before", "after"} <= fact.keys() for fact in facts)
    saved = [fact["bundle"] for fact in facts if "bundle" in fact]
    if done.returncode == 0:
        assert saved == [str(tmp_path / "mine")]
    else:
        assert "nothing was saved" in done.stderr
        assert not saved
