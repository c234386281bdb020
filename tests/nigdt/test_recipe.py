from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import pytest

from nigdt import limits
from nigdt.recipe import Recipe, Variant, variants_from_seed


def test_seed_zero_is_the_mean_and_the_rest_count_up() -> None:
    assert variants_from_seed(3) == [Variant(), Variant(seed=1), Variant(seed=2)]
    assert variants_from_seed(2, seed=7) == [Variant(seed=7), Variant(seed=8)]
    assert variants_from_seed(3, seed=limits.SEED_MAX) == [
        Variant(seed=limits.SEED_MAX),
        Variant(seed=1),
        Variant(seed=2),
    ]


def test_plain_values_make_the_same_recipe_again() -> None:
    recipe = Recipe(
        "ein Vögelchen", "recolour", "garden", "ab12", Variant(3, 5, 0.25), 1.5, 3, 12, 0.5, 0.75, 2.0, 0.5
    )
    values = json.loads(json.dumps(recipe.to_dict()))
    assert Recipe.from_dict(values) == recipe
    assert values.keys() == {
        *(field.name for field in dataclasses.fields(Recipe) if field.name != "variant"),
        *(field.name for field in dataclasses.fields(Variant)),
    }
    assert Recipe.from_dict({}) == Recipe()


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"seed": -1}, "seed"),
        ({"seed": limits.SEED_MAX + 1}, "seed"),
        ({"seed": 1.0}, "seed"),
        ({"seed": 1, "base": -2}, "base"),
        ({"spread": 1.5}, "spread"),
        ({"spread": float("nan")}, "spread"),
        ({"widen": 0.5}, "widen"),
        ({"widen": True}, "widen"),
        ({"grow": 2.5}, "grow"),
        ({"feather": 201}, "feather"),
        ({"match_colours": -0.1}, "match_colours"),
        ({"strength": "1"}, "strength"),
        ({"guidance": 3.5}, "guidance"),
        ({"detail": -1}, "detail"),
        ({"mode": "paint"}, "mode"),
        ({"caption": 7}, "caption"),
        ({"caption": "\ud800"}, "caption"),
        ({"caption": "x" * 1001}, "caption"),
        ({"bundle": None}, "bundle"),
        ({"colour": "red"}, "colour"),
        ({"variant": {}}, "variant"),
        ([], "object"),
    ],
)
def test_values_out_of_range_are_named(values: object, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Recipe.from_dict(values)


def test_no_variants_and_too_many_are_refused() -> None:
    for number in (0, limits.VARIANTS + 1):
        with pytest.raises(ValueError, match="number of variants"):
            variants_from_seed(number)


def test_recipes_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Recipe().caption = "a dog"  # type: ignore[misc]


def test_recipe_and_limits_need_the_standard_library_alone() -> None:
    code = "import nigdt.recipe, sys; assert not {'numpy', 'PIL', 'cv2', 'torch'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True)
