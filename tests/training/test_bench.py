"""`nigdt bench train`: variants in turns, floor and loader."""

from __future__ import annotations

import shutil

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
    assert found.disagreement() is None, "neither is the other one compiled"


@pytest.mark.slow
@pytest.mark.timeout(1800)
# The compiler looks at .grad of every tensor, and hides the warning only where it is no error.
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
@pytest.mark.skipif(shutil.which("g++") is None, reason="compiling for the CPU takes a C++ compiler")
def test_a_compiled_step_computes_what_the_eager_one_does(tiny_settings) -> None:
    plain = {**tiny_settings["model"], "text_dropout": 0.0}
    settings = settings_from({**tiny_settings, "model": plain, "batch": 2, "loss": {"match": 0.0}})
    found = steps.measure(
        settings, [steps.StepVariant("eager"), steps.StepVariant("compiled", compiled=True)], "cpu", 2
    )
    assert found.measurements[1].first > 10 * found.measurements[1].seconds, "compiling is in the first step"
    difference = found.disagreement()
    assert difference is not None
    assert difference < 1e-3
