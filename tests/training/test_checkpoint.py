"""When recovery checkpoints are saved."""

from __future__ import annotations

import pytest
from nigdt_training import checkpoint
from nigdt_training.checkpoint import SaveTimes


def test_saving_takes_about_a_hundredth_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now[0])
    saving = SaveTimes()
    now[0] += 0.1
    assert saving.due(), "the first step is saved, so that a disk that is full is told at once"
    with saving:
        now[0] += 2.0
    now[0] += 199.0
    assert not saving.due()
    now[0] += 2.0
    assert saving.due()
