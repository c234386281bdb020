"""Words: one tokeniser and one vocabulary for training, evaluation, daemon and panel. Torch-free."""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from nigdt.errors import NigdtError
from nigdt.files import write_atomically

_WORD = re.compile(r"\w+")
_ENDING = re.compile(r"\w+$")
_FORMAT = 1
TYPING_SECONDS = 1.2
"""So long after the last key a word at the caret may still be being typed (`Vocabulary.unfinished`)."""


def tokenise(caption: str) -> list[str]:
    r"""Split a caption into its words: lower case, runs of `\w` (so "grey-blue" gives two)."""
    return _WORD.findall(caption.lower())


class Vocabulary:
    """The words a model knows. Index 0 is padding; word `words[i]` has index `i + 1`.

    Unknown words have no index: `encode` leaves them out and `unknown` reports them, so that a caller can
    tell the user.
    """

    def __init__(self, words: Sequence[str]) -> None:
        if len(set(words)) != len(words):
            raise NigdtError("The vocabulary is wrong: a word occurs twice.")
        for word in words:
            if tokenise(word) != [word]:
                raise NigdtError(f"The vocabulary is wrong: {word!r} is not one lower-case word.")
        self.words: tuple[str, ...] = tuple(words)
        self._index = {word: i + 1 for i, word in enumerate(self.words)}

    @classmethod
    def from_captions(
        cls, captions: Iterable[str], *, minimum: int = 1, always: Iterable[str] = ()
    ) -> Vocabulary:
        """Collect the words seen at least `minimum` times in **training** captions, commonest first.

        Args:
            captions: Training captions only; validation captions must not add words.
            minimum: Rarer words are left out.
            always: Words kept whatever their count, for example the colour words of the augmentation.
        """
        counts = Counter(word for caption in captions for word in tokenise(caption))
        kept = {word for word, count in counts.items() if count >= minimum} | set(always)
        return cls(sorted(kept, key=lambda word: (-counts[word], word)))

    def extended(self, words: Iterable[str]) -> Vocabulary:
        """Return this vocabulary with new words appended; the old ones keep their indices."""
        fresh = dict.fromkeys(word for word in words if word not in self._index)
        return Vocabulary([*self.words, *fresh])

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._index

    def encode(self, caption: str, max_words: int) -> list[int]:
        """Return the indices of the known words, in order, at most `max_words`; empty if none is known."""
        return [self._index[word] for word in self.known(caption, max_words)]

    def known(self, caption: str, max_words: int) -> list[str]:
        """Return the known words that `encode` gives indices for, in order."""
        return [word for word in tokenise(caption) if word in self._index][:max_words]

    def unknown(self, caption: str) -> list[str]:
        """Return the words of the caption that the model does not know, each once, in order."""
        return list(dict.fromkeys(word for word in tokenise(caption) if word not in self._index))

    def nearest(self, word: str, n: int = 3) -> list[str]:
        """Return up to `n` known words spelt most like `word`, best first."""
        return difflib.get_close_matches(word.lower(), self.words, n=n, cutoff=0.6)

    def beginning_with(self, start: str, n: int = 8) -> list[str]:
        """Return up to `n` words to go on with where `start` was typed, commonest first.

        There are none for a single letter, nor for a known word: that one is finished.
        """
        if len(start) < 2 or start in self._index:
            return []
        return list(islice((word for word in self.words if word.startswith(start)), n))

    def unfinished(self, text: str, caret: int) -> str:
        """Return the lower-case word that ends at the caret and that a known word begins with.

        While somebody types, it is too early to call such a word unknown.

        Args:
            text: What has been typed.
            caret: Characters before the caret.

        Returns:
            The word; an empty text where there is none, as in the middle of a word.
        """
        found = _ENDING.search(text[:caret].lower())
        if found is None or _WORD.match(text[caret : caret + 1]):
            return ""
        return found.group() if any(word.startswith(found.group()) for word in self.words) else ""

    def save(self, path: str | Path) -> None:
        """Write the vocabulary as JSON."""
        text = json.dumps({"format": _FORMAT, "words": list(self.words)}, ensure_ascii=False, indent=0)
        write_atomically(path, (text + "\n").encode("utf-8"))

    @classmethod
    def load(cls, path: str | Path) -> Vocabulary:
        """Read what `save` wrote.

        Raises:
            NigdtError: The file is missing or is not a vocabulary.
        """
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
            words = data.get("words") if isinstance(data, dict) else None
            if not isinstance(words, list) or data.get("format") != _FORMAT:
                raise ValueError("Its format is unknown.")
            if not all(isinstance(word, str) for word in words):
                raise ValueError("A word in it is not text.")
        except (OSError, ValueError, RecursionError) as error:
            raise NigdtError(f"Cannot read the vocabulary {path}: {error}") from error
        return cls(words)
