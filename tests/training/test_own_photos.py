import json
import subprocess
import sys

import pytest
import torch
from nigdt_training.trainer.own_photos import OwnPhotos, extend_embedding, train_own_photos

from nigdt.bundle import find_bundle, read_bundle
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
