from __future__ import annotations

import dataclasses

import pytest

from nigdt.variants import MAX_SEED, Variant, variants_from_seed


def test_first_variant_is_the_mean_and_the_rest_count_up() -> None:
    assert variants_from_seed(3, seed=7) == [Variant(), Variant(seed=8), Variant(seed=9)]
    assert variants_from_seed(1)[0].is_mean
    assert not Variant(seed=0).is_mean


def test_plain_values_make_the_same_variant_again() -> None:
    variant = Variant(seed=3, base=5, spread=0.25)
    assert variant.to_dict() == {"seed": 3, "base": 5, "spread": 0.25}
    assert Variant(**variant.to_dict()) == variant  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "arguments",
    [
        {"seed": -1},
        {"seed": MAX_SEED + 1},
        {"seed": 1, "base": -2},
        {"spread": 1.5},
        {"spread": float("nan")},
    ],
)
def test_values_out_of_range_are_refused(arguments: dict) -> None:
    with pytest.raises(ValueError, match="outside"):
        Variant(**arguments)


def test_no_variants_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        variants_from_seed(0)


def test_variants_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Variant().seed = 3  # type: ignore[misc]
