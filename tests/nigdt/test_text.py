from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nigdt.errors import NigdtError
from nigdt.text import Vocabulary, tokenise


@pytest.mark.parametrize(
    ("caption", "words"),
    [
        (
            "This bird is GRAY, with a yellow belly.",
            ["this", "bird", "is", "gray", "with", "a", "yellow", "belly"],
        ),
        ("grey-blue wings", ["grey", "blue", "wings"]),
        ("Größe: 3 Äpfel", ["größe", "3", "äpfel"]),
        ("the bird's eye", ["the", "bird", "s", "eye"]),
        ("  \n .,;-! ", []),
        ("", []),
    ],
)
def test_words_of_a_caption(caption: str, words: list[str]) -> None:
    assert tokenise(caption) == words


@given(st.text())
def test_any_caption_gives_words_that_a_vocabulary_takes(caption: str) -> None:
    words = tokenise(caption)
    vocabulary = Vocabulary(list(dict.fromkeys(words)))
    assert vocabulary.unknown(caption) == []
    assert vocabulary.known(caption, len(words)) == words


def test_vocabulary_comes_commonest_first_without_rare_words() -> None:
    vocabulary = Vocabulary.from_captions(
        ["a red bird", "a blue bird", "A bird-bath"], minimum=2, always=["green"]
    )
    assert vocabulary.words == ("a", "bird", "green")
    assert len(vocabulary) == 3
    assert "bird" in vocabulary
    assert "bath" not in vocabulary


def test_indices_start_at_one_since_zero_is_padding() -> None:
    vocabulary = Vocabulary(["a", "bird"])
    assert vocabulary.encode("A bird, a plane!", 32) == [1, 2, 1]


def test_unknown_words_are_reported_once_and_cost_no_place() -> None:
    vocabulary = Vocabulary(["a", "red", "bird"])
    caption = "a mauve red mauve puffin bird"
    assert vocabulary.unknown(caption) == ["mauve", "puffin"]
    assert vocabulary.known(caption, 3) == ["a", "red", "bird"]
    assert vocabulary.encode(caption, 2) == [1, 2]


def test_words_that_go_on_are_the_commonest() -> None:
    vocabulary = Vocabulary(["bird", "birch", "bill", "a"])
    assert vocabulary.beginning_with("bi", 2) == ["bird", "birch"]
    assert vocabulary.beginning_with("b") == []  # too early
    assert vocabulary.beginning_with("bird") == []  # finished
    assert vocabulary.beginning_with("xy") == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a Bi|", "bi"),
        ("a b|", "b"),
        ("bi| on", "bi"),
        ("a bi |", ""),
        ("a b|i", ""),
        ("a brid|", ""),
        ("|", ""),
    ],
)
def test_a_word_that_is_still_being_typed(text: str, word: str):
    before, after = text.split("|")
    assert Vocabulary(["red", "bird"]).unfinished(before + after, len(before)) == word


def test_nearest_words_are_those_spelt_alike() -> None:
    vocabulary = Vocabulary(["yellow", "yell", "belly", "red"])
    assert vocabulary.nearest("Yelow")[0] == "yellow"
    assert vocabulary.nearest("qqqq") == []
    assert len(vocabulary.nearest("yell", 1)) == 1


def test_an_extended_vocabulary_keeps_the_old_indices() -> None:
    old = Vocabulary(["a", "bird"])
    new = old.extended(["mauve", "bird", "mauve"])
    assert new.words == ("a", "bird", "mauve")
    assert old.words == ("a", "bird")


def test_saved_words_are_readable_text(tmp_path: Path) -> None:
    vocabulary = Vocabulary(["größe", "bird"])
    path = tmp_path / "vocabulary.json"
    vocabulary.save(path)
    assert "größe" in path.read_text(encoding="utf-8")
    assert Vocabulary.load(path).words == vocabulary.words


@pytest.mark.parametrize("word", ["two words", "Bird", "", "grey-blue"])
def test_a_vocabulary_holds_only_single_lower_case_words(word: str) -> None:
    with pytest.raises(NigdtError, match="not one lower-case word"):
        Vocabulary([word])


@pytest.mark.parametrize(
    "text",
    [
        None,
        "{",
        "[]",
        '{"words": ["a"]}',
        '{"format": 2, "words": ["a"]}',
        '{"format": 1, "words": "abc"}',
        '{"format": 1, "words": ["a", 1]}',
        '{"format": 1, "words": ["a", "a"]}',
        '{"format": 1, "words": ["A"]}',
    ],
)
def test_a_broken_file_is_one_clear_line(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "vocabulary.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(NigdtError, match="vocabulary") as caught:
        Vocabulary.load(path)
    assert "indices must be" not in str(caught.value)
    assert "\n" not in str(caught.value)
