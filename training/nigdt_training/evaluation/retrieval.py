"""R-precision: does a fill match its caption better than captions of other photos?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from nigdt_training.evaluation.cases import Case

OTHERS = 99


class MatchScorer(Protocol):
    """Says how well pictures and captions match; must not have taken part in training what it judges."""

    def __call__(self, pictures: np.ndarray, captions: Sequence[str]) -> np.ndarray:
        """Scores every picture against every caption.

        Args:
            pictures: (B, S, S, 3) uint8 RGB.
            captions: T captions.

        Returns:
            (B, T) scores, higher is better.
        """
        ...


class NetworkScorer:
    """Match networks (D3 + D4) as a scorer: word plus sentence similarity."""

    def __init__(self, path: Path, device: str = "cpu") -> None:
        """Loads the networks that `nigdt train match` wrote.

        Raises:
            NigdtError: The file is missing or broken.
        """
        from nigdt_training.trainer.match_stage import load_match_network

        network, self._vocabulary = load_match_network(path)
        self._network = network.to(device)
        self._device = device

    def __call__(self, pictures: np.ndarray, captions: Sequence[str]) -> np.ndarray:
        """See `MatchScorer`."""
        import torch

        from nigdt_training.trainer.samples import encode_captions

        with torch.inference_mode():
            image = torch.from_numpy(pictures).permute(0, 3, 1, 2).to(self._device).float() / 127.5 - 1
            tokens, lengths = encode_captions(captions, self._vocabulary)
            text = self._network.text_encoder(tokens.to(self._device), lengths)
            scores = self._network.scores(*self._network.encode_image(image), text)
            return (scores.words + scores.sentences).cpu().numpy()


def draw_rivals(case: Case, pool: Sequence[tuple[str, Sequence[str]]], rng: np.random.Generator) -> list[str]:
    """Draws captions of other photos to compete with a case's own.

    Args:
        case: Whose caption has to win.
        pool: (photo's name, its captions) of the whole data set.
        rng: Draws photos and captions.

    Returns:
        `OTHERS` captions of different photos, fewer when the pool is smaller; none equals a caption of the
        case.
    """
    own = set(case.captions)
    rivals: list[str] = []
    for i in rng.permutation(len(pool)):
        name, captions = pool[i]
        usable = [caption for caption in captions if caption not in own]
        if name != case.name and usable:
            rivals.append(usable[int(rng.integers(len(usable)))])
            if len(rivals) == OTHERS:
                break
    return rivals


def retrieved(scorer: MatchScorer, picture: np.ndarray, caption: str, rivals: Sequence[str]) -> bool:
    """Whether a picture, (S, S, 3) uint8, scores higher with its caption than with every rival."""
    scores = scorer(picture[None], [caption, *rivals])[0]
    return bool(scores[0] > scores[1:].max(initial=-np.inf))
