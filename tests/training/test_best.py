from __future__ import annotations

import pytest
import torch
from nigdt_training.checkpoint import read_facts, write_checkpoint
from nigdt_training.inpaint.best import keep_best
from nigdt_training.run import Run
from nigdt_training.settings import settings_from


@pytest.fixture
def run(tmp_path):
    return Run.create(tmp_path, "x", settings_from({"data": [{"path": "p"}]}))


def note(run, step, score, count=3, saved=None):
    def save(path, **facts):
        if saved is not None:
            saved.append(path.name)
        write_checkpoint(path, {"a": {"w": torch.tensor([step])}}, {"step": step, "best": 0.0, **facts})

    keep_best(run, count, step, score, save)


def kept(run):
    facts = {path: read_facts(path) for path in run.folder.glob("*.safetensors")}
    return {path.name.removesuffix(".safetensors"): (f["step"], f["score"]) for path, f in facts.items()}


def test_the_three_best_stay_and_the_best_is_best(run):
    for step, score in enumerate([10.0, 12.0, 9.0, 11.0, 8.0, 13.0], 1):
        note(run, step, score)
    assert kept(run) == {"best": (6, 13.0), "best-0000002": (2, 12.0), "best-0000004": (4, 11.0)}
    assert [path for path in run.folder.iterdir() if path.name.startswith(".")] == []


def test_a_state_that_is_not_among_them_is_not_written(run):
    saved = []
    for step, score in enumerate([3.0, 2.0, 1.0], 1):
        note(run, step, score, count=2, saved=saved)
    assert saved == ["best.safetensors", "best-0000002.safetensors"]
    assert kept(run).keys() == {"best", "best-0000002"}


def test_one_alone_is_the_best(run):
    for step, score in enumerate([1.0, 3.0, 2.0], 1):
        note(run, step, score, count=1)
    assert kept(run) == {"best": (2, 3.0)}


def test_a_validation_repeated_after_a_resume_is_kept_once(run):
    for step, score in [(1, 1.0), (2, 2.0), (3, 1.5), (2, 2.0), (3, 1.5)]:
        note(run, step, score)
    assert sorted(kept(run).values()) == [(1, 1.0), (2, 2.0), (3, 1.5)]
    assert kept(run)["best"] == (2, 2.0)


def test_a_full_disk_keeps_the_best(run):
    note(run, 1, 1.0)

    def full(path, **facts):
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        keep_best(run, 3, 2, 2.0, full)
    assert kept(run)["best"] == (1, 1.0)
    note(run, 3, 3.0)
    assert kept(run) == {"best": (3, 3.0), "best-0000001": (1, 1.0)}
