"""A run goes on without being told again where its photos and the weights to begin with lie."""

import json
import os
import shutil

import pytest
import yaml
from click.testing import CliRunner
from nigdt_training.checkpoint import read_checkpoint
from nigdt_training.commands.train import train
from nigdt_training.run import Run

from nigdt.errors import NigdtError


def call(*arguments):
    done = CliRunner().invoke(train, [*map(str, arguments), "--device", "cpu"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_photos_weights_and_match_networks_are_remembered(
    photo_folder, photo_caches, tiny_settings, tmp_path, monkeypatch
):
    monkeypatch.setenv("NIGDT_CACHE_DIR", str(photo_caches.parent))
    tiny_settings["loss"] = {"match": 0.1}
    tiny_settings["match"] = {"epochs": 1, "size": 64}
    tiny_settings["steps"] = 2
    config = tmp_path / "tiny.yaml"
    config.write_text(yaml.safe_dump(tiny_settings))
    monkeypatch.chdir(photo_folder.parent)
    first = tmp_path / "runs" / "00001-tiny"
    call("--config", config, "--runs", tmp_path / "runs")
    shutil.move(first / "match.safetensors", tmp_path / "judges.safetensors")

    judges = os.path.relpath(tmp_path / "judges.safetensors")
    begin = ("--from", first / "last.safetensors", "--match-from", judges)
    call("--config", config, "--runs", tmp_path / "runs", *begin)
    whole = read_checkpoint(tmp_path / "runs" / "00002-tiny" / "last.safetensors")
    monkeypatch.chdir(tmp_path)
    broken = Run.open(tmp_path / "runs" / "00002-tiny")
    broken.last.unlink()  # as after an interruption before the first checkpoint
    output = call("--resume", "runs/00002-tiny")
    assert "match epoch" not in output
    again = read_checkpoint(broken.last)
    assert again.facts["step"] == 2
    for name, value in whole.tensors.items():
        assert value.equal(again.tensors[name]), name

    words = broken.folder / "vocabulary.json"
    known = json.loads(words.read_text())
    words.write_text(json.dumps({**known, "words": [*known["words"][:-1], "other"]}))
    with pytest.raises(NigdtError, match="words that its checkpoint was trained with"):
        call("--resume", "runs/00002-tiny")
