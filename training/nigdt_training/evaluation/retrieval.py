"""R-precision: does a fill match its caption better than captions of other photos?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from nigdt_training.data.records import Record
from nigdt_training.evaluation.cases import Case
from nigdt_training.match.precision import Retrieval, first_among

NEGATIVES = 500
"""Captions scored per photo at most. The chance of beating 99 of them is computed, not tried once."""


class MatchScorer(Protocol):
    """Says how well pictures and captions match; must not have taken part in training what it evaluators."""

    def __call__(self, pictures: np.ndarray, captions: Sequence[str]) -> np.ndarray:
        """Score every picture against every caption.

        Args:
            pictures: (B, S, S, 3) uint8 RGB.
            captions: T captions.

        Returns:
            (B, T) scores, higher is better.
        """
        ...


class NetworkScorer:
    """Match networks (D3 + D4) as a scorer: word plus sentence similarity."""

    def __init__(self, path: Path, device: str | None = None) -> None:
        """Load the networks that `nigdt train match` wrote.

        Args:
            path: Their file.
            device: "cpu", "cuda", ...; None takes CUDA where there is one.

        Raises:
            NigdtError: The file is missing or broken.
        """
        from nigdt.runtime.devices import usable_device
        from nigdt_training.match.stage import load_match_network

        network, self._vocabulary = load_match_network(path)
        self._device = usable_device(device)
        self._network = network.to(self._device)

    def __call__(self, pictures: np.ndarray, captions: Sequence[str]) -> np.ndarray:
        """See `MatchScorer`."""
        import torch

        from nigdt_training.samples import encode_captions

        with torch.inference_mode():
            image = torch.tensor(pictures).permute(0, 3, 1, 2).to(self._device).float() / 127.5 - 1
            tokens, lengths = encode_captions(captions, self._vocabulary)
            text = self._network.text_encoder(tokens.to(self._device), lengths)
            scores = self._network.scores(*self._network.encode_image(image), text)
            return (scores.words + scores.sentences).cpu().numpy()


def draw_negatives(case: Case, pool: Sequence[Record], rng: np.random.Generator) -> list[str]:
    """Draw captions to compete with a case's own.

    Where the data set names species, captions describe the species more than the photo. Negatives then
    come from photos of other species, and none is a caption that a photo of the same species has too: it
    would be as true of the case as its own.

    Args:
        case: Whose caption has to win.
        pool: The whole data set.
        rng: Draws photos and captions.

    Returns:
        Up to `NEGATIVES` captions of different photos.
    """
    same_class = {record.name for record in pool if _alike(case, record)}
    own = set(case.captions).union(*(record.captions for record in pool if record.name in same_class))
    negatives: list[str] = []
    for i in rng.permutation(len(pool)):
        usable = [] if pool[i].name in same_class else [text for text in pool[i].captions if text not in own]
        if usable:
            negatives.append(usable[int(rng.integers(len(usable)))])
            if len(negatives) == NEGATIVES:
                break
    return negatives


def _alike(case: Case, record: Record) -> bool:
    """Return whether a photo shows what the case shows: itself, or one of its group or species."""
    return (
        record.name == case.name
        or (case.group != "" and record.group == case.group)
        or (case.species is not None and record.species == case.species)
    )


def retrieve(scorer: MatchScorer, picture: np.ndarray, caption: str, negatives: Sequence[str]) -> Retrieval:
    """Score a picture, (S, S, 3) uint8, with its caption and with every negative; a tie is no win.

    Without negatives both figures are NaN.
    """
    if not negatives:
        return Retrieval(float("nan"), float("nan"))
    scores = scorer(picture[None], [caption, *negatives])[0]
    beaten = int((scores[0] > scores[1:]).sum())
    return Retrieval(first_among(beaten, len(negatives)), beaten / len(negatives))
