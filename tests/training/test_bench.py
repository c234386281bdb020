"""`nigdt bench train`: variants in turns, floor and loader."""

from __future__ import annotations

import pytest
from nigdt_training.bench import steps
from nigdt_training.settings import settings_from


def test_variants_are_timed_in_turns_beside_floor_and_loader(tiny_settings, photo_folder) -> None:
    settings = settings_from({**tiny_settings, "batch": 2, "loss": {"match": 0.0}})
    variants = [steps.StepVariant("plain"), steps.StepVariant("last", channels_last=True)]
    found = steps.measure(settings, variants, "cpu", 2)
    assert [one.variant for one in found.measurements] == ["plain", "last"]
    assert all(0 < one.seconds <= one.slowest for one in found.measurements)
    assert all(one.memory > 0.05 for one in found.measurements)
    assert found.floor == pytest.approx(found.flops / found.rates["float32"])
    assert found.floor < found.measurements[0].seconds, "nothing is faster than its arithmetic"
    doubled = steps.measure(settings_from({**settings.to_dict(), "batch": 4}), variants[:1], "cpu", 1)
    assert doubled.flops == pytest.approx(2 * found.flops, rel=0.05)
    assert steps.loader_rate(settings, 0.2) > 0
