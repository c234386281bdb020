"""Stage 1, on a stand-in for the backbone."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from nigdt_training.checkpoint import read_checkpoint, read_facts
from nigdt_training.data.cache import build_cache
from nigdt_training.data.crops import square
from nigdt_training.data.data_set import read_records
from nigdt_training.data.decode import Frame
from nigdt_training.match import stage as match_stage
from nigdt_training.match.views import photo_view
from nigdt_training.pools import build_vocabulary
from nigdt_training.run import Run
from nigdt_training.samples import Pool, negative_groups
from nigdt_training.settings import MatchSettings, settings_from

from nigdt.model.match import MatchNetwork
from tests.training.backbone import Backbone


def test_out_of_time_it_goes_on_later_and_ends_with_the_same_weights(
    photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(_: MatchSettings, words: int) -> MatchNetwork:
        return MatchNetwork(Backbone(), 8, 8, words, channels=8, embedding=4)

    monkeypatch.setattr(match_stage, "build_match_network", build)
    cache = build_cache(read_records(photo_folder), tmp_path / "cache", size=64)
    learnt, kept = Pool(cache, np.arange(3, 18), 1, 0), Pool(cache, np.arange(3), 1, 0)
    settings = {"data": [{"path": "photos"}], "match": {"epochs": 3, "size": 32}}
    vocabulary = build_vocabulary([learnt])

    def train(run: Run, deadline: float) -> bool:
        done = match_stage.train_match(run, [learnt], [kept], vocabulary, lambda _: None, deadline=deadline)
        run.close()
        return done

    whole = Run.create(tmp_path / "runs", "whole", settings_from(settings))
    assert train(whole, math.inf)
    parts = Run.create(tmp_path / "runs", "parts", settings_from(settings))
    assert [train(parts, 0.0) for _ in range(2)] == [False, False]
    assert read_facts(parts.match_recovery)["epoch"] == 2
    assert not match_stage.match_is_trained(parts)
    assert train(parts, 0.0), "the last epoch is done, however late it is"
    one, other = (read_checkpoint(run.match_checkpoint).tensors for run in (whole, parts))
    assert all(value.equal(other[name]) for name, value in one.items())


def test_every_photo_is_learnt_from_in_as_many_views_as_asked(photo_folder, tmp_path) -> None:
    cache = build_cache(read_records(photo_folder), tmp_path / "cache", size=64)
    pool = Pool(cache, np.arange(4), 1, 0)
    views = match_stage._views([pool], seed=1, number=3)
    assert [i for _, i, _ in views[:4]] == [i for _, i, _ in views[4:8]] == [i for _, i, _ in views[8:]]
    assert [view for _, _, view in views] == [0] * 4 + [1] * 4 + [2] * 4

    seen = [photo_view(pool, 2, view, 32, False, 1) for view in range(6)]
    assert all(one.shape == (3, 32, 32) and one.abs().max() <= 1 for one in seen)
    plain = square(Frame(cache.photo(2), None, None), 32, around_object=False).photo
    torch.testing.assert_close(seen[0], torch.from_numpy(plain.copy()).permute(2, 0, 1) / 127.5 - 1)
    for k, one in enumerate(seen):
        assert all((one - other).abs().max() > 0.02 for other in seen[:k]), "views differ"
        torch.testing.assert_close(one, photo_view(pool, 2, k, 32, False, 1))


def test_captions_of_one_photo_and_on_request_of_one_species_are_no_negatives() -> None:
    species = {0: "wren", 1: "wren", 2: None, 3: None}
    pool = Pool(SimpleNamespace(species=species.get), np.arange(4), 1, 10)  # type: ignore[arg-type]
    views = [(pool, i, view) for view in (0, 1) for i in range(4)]
    assert negative_groups([(pool, i) for pool, i, _ in views], False).tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    assert negative_groups([(pool, i) for pool, i, _ in views], True).tolist() == [0, 0, 1, 2, 0, 0, 1, 2]
