import pytest

from nigdt.part_words import GROUPS, PART_NAMES, PARTS, asked_parts, parts_of, split_parts


@pytest.mark.parametrize(
    ("caption", "asked", "whole"),
    [
        ("red wings", {"wing": "red"}, None),
        ("a bird with a dark green belly", {"belly": "dark green"}, None),
        ("make the wings blue", {"wing": "blue"}, None),
        ("a black bird with red wings", {"wing": "red"}, "black"),
        ("a bird with red wings, all black", {"wing": "red"}, "black"),
        ("red wings and tail", {"wing": "red", "tail": "red"}, None),
        ("red wings and a white tail", {"wing": "red", "tail": "white"}, None),
        ("the wings are red and the belly is white", {"wing": "red", "belly": "white"}, None),
        ("paint the bill sky blue", {"beak": "sky blue"}, None),
        ("red coloured wings", {"wing": "red"}, None),
        ("wings", {}, None),
        ("a blue parrot", {}, None),
        ("", {}, None),
    ],
)
def test_which_part_gets_which_colour(caption, asked, whole):
    parts, rest = asked_parts(caption)
    assert {part: " ".join(one.colour.words) for one in parts for part in one.parts} == asked
    assert (rest and " ".join(rest.words)) == whole


def test_every_part_has_a_word_and_groups_are_made_of_parts():
    assert {part for names in PART_NAMES.values() for name in names for part in parts_of(name)} == set(PARTS)
    assert parts_of("head") == GROUPS["head"]
    assert set(GROUPS["head"]) < set(PARTS)
    assert parts_of("feet") == ("leg",)
    assert parts_of("roof") == ()


@pytest.mark.parametrize(
    ("caption", "thing", "parts"),
    [
        ("a yellow bird with black wings and a red crown", "a yellow bird", "black wings and red crown"),
        ("this brown bird has a white throat, a white belly and brown wings", "this brown bird",
         "white throat and white belly and brown wings"),
        ("this bird has black wings, a black nape and a black crown", "this black bird",
         "black wings and black nape and black crown"),
        ("a bird with red wings and a red tail", "a bird", "red wings and red tail"),
        ("a bird with a red belly", "a bird", "red belly"),
        ("a black bird with red wings and tail", "a black bird", "red wings and red tail"),
        ("a dark green bird with light blue wings", "a dark green bird", "light blue wings"),
        ("a red bird", "a red bird", ""),
        ("a bird with long wings", "a bird with long", ""),
        ("red belly", "", "red belly"),
        ("", "", ""),
    ],
)  # fmt: skip
def test_a_caption_splits_into_thing_and_parts(caption: str, thing: str, parts: str) -> None:
    assert split_parts(caption) == (thing, parts)
    assert asked_parts(parts) == (asked_parts(caption)[0], None)
