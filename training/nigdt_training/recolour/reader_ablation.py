"""What the reader's attention is worth: the same reader with weights that say nothing."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nigdt.model.reader import CaptionReader
from nigdt.model.recolour import RecolourNet
from nigdt.recolourer import Recolourer
from nigdt.text import Vocabulary
from nigdt_training.recolour.checking import check
from nigdt_training.recolour.cutouts import Cutout

__all__ = ["NoWordsReader", "UniformReader", "ablated", "attention_worth"]


class UniformReader(CaptionReader):
    """Every part looks at all words alike: beta is 1 / L."""

    def attend(self, s: Tensor, mask: Tensor) -> Tensor:
        """Weigh all words alike; arguments as in `CaptionReader.attend`."""
        return super().attend(torch.zeros_like(s), mask)


class NoWordsReader(CaptionReader):
    """No part gets anything of the words: t_e is 0."""

    def attend(self, s: Tensor, mask: Tensor) -> Tensor:  # noqa: ARG002 (the base class's)
        """Give no word any weight; arguments as in `CaptionReader.attend`."""
        return torch.zeros_like(s)


def ablated(reader: CaptionReader, kind: type[CaptionReader]) -> CaptionReader:
    """Return a reader of another kind with the same weights."""
    other = kind(reader.vocabulary)
    other.load_state_dict(reader.state_dict())
    return other.eval().requires_grad_(False)


def attention_worth(
    net: RecolourNet, vocabulary: Vocabulary, held: Sequence[Cutout], parts: int, full: float
) -> dict[str, float]:
    """Measure how much part-colour accuracy falls without the reader's attention.

    Args:
        net: A recolouring network; its reader is put back.
        vocabulary: Its words.
        held: Cut-outs that it was not trained on.
        parts: Number of birds, each asked for one part.
        full: The accuracy with attention (`RecolourFigures.part_both`).

    Returns:
        What is changed -> what is lost, in 0 to 1; empty for a network without a reader.
    """
    reader, lost = net.reader, dict[str, float]()
    if reader is None:
        return lost
    try:
        for name, kind in (("uniform beta", UniformReader), ("t_e = 0", NoWordsReader)):
            net.reader = ablated(reader, kind)
            lost[name] = full - check(Recolourer(net, vocabulary), held, 0, parts)[0].part_both
    finally:
        net.reader = reader
    return lost
