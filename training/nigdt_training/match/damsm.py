"""Reading the match networks of AttnGAN and of the paper's authors (DAMSM) as match networks of a run.

Their files are pickles. The weights are read by PyTorch's reader for tensors alone, the list of words by one
that knows no classes, so that neither can run code; the result is safetensors like every checkpoint here.
"""

from __future__ import annotations

import pickle
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor

from nigdt.errors import NigdtError
from nigdt.model.encoders import CELLS, Cell
from nigdt.text import Vocabulary
from nigdt_training.checkpoint import write_checkpoint
from nigdt_training.settings import MatchSettings

_SETTINGS = MatchSettings(backbone="inception-v3", size=299)
_WORDS_AT = 2  # of captions.pickle: training captions, test captions, number -> word, word -> number


def import_damsm(text: Path, image: Path, captions: Path, output: Path) -> Vocabulary:
    """Write `match.safetensors` from AttnGAN's files.

    Its Inception is torchvision's, which it kept frozen, so that only the two projections are taken.

    Args:
        text: ``text_encoder*.pth``: an embedding and a bidirectional LSTM (AttnGAN) or GRU.
        image: ``image_encoder*.pth``.
        captions: ``captions.pickle``, for the words' numbers.
        output: Where the match networks go.

    Returns:
        Their vocabulary.

    Raises:
        NigdtError: A file cannot be read, holds something else, or the files do not belong together.
    """
    words, seen = _tensors(text), _tensors(image)
    cell = _cell(words, text)
    state = {
        "text_encoder.embedding.weight": _take(words, "encoder.weight", text),
        **{
            f"text_encoder.gru.{kind}_l0{way}": _take(words, f"rnn.{kind}_l0{way}", text)
            for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            for way in ("", "_reverse")
        },
        "region_projection.weight": _take(seen, "emb_features.weight", image),
        "global_projection.weight": _take(seen, "emb_cnn_code.weight", image),
        "global_projection.bias": _take(seen, "emb_cnn_code.bias", image),
    }
    vocabulary = _vocabulary(captions)
    rows = len(state["text_encoder.embedding.weight"])
    if rows != len(vocabulary) + 1:
        raise NigdtError(f"{captions} has {len(vocabulary)} words, and {text} vectors for {rows - 1}.")
    state["text_encoder.embedding.weight"][0] = 0.0  # the end's vector, which is padding's here
    facts = {"settings": asdict(_SETTINGS), "words": list(vocabulary.words), "cell": cell}
    write_checkpoint(output, {"match": state}, facts)
    return vocabulary


def _tensors(path: Path) -> dict[str, Tensor]:
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise NigdtError(f"{path} cannot be read as weights: {reason.rstrip('.')}.") from None
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        raise NigdtError(f"{path} holds no weights by name.")
    return {str(name).removeprefix("module."): value.float() for name, value in found.items()}


def _take(tensors: dict[str, Tensor], name: str, path: Path) -> Tensor:
    if name not in tensors:
        raise NigdtError(f"{path} has no weights {name}: it is no DAMSM encoder.")
    return tensors[name]


def _cell(tensors: dict[str, Tensor], path: Path) -> Cell:
    rows, width = _take(tensors, "rnn.weight_hh_l0", path).shape
    for cell, gates in CELLS.items():
        if rows == gates * width:
            return cell
    raise NigdtError(f"The recurrent network in {path} is neither a GRU nor an LSTM.")


class _PlainUnpickler(pickle.Unpickler):
    """Reads lists, dictionaries, numbers and text, and no classes, so that nothing can be run."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


def _vocabulary(path: Path) -> Vocabulary:
    try:
        with path.open("rb") as file:
            words: Any = _PlainUnpickler(file).load()[_WORDS_AT]
        return Vocabulary([words[number] for number in range(1, len(words))])
    except (OSError, pickle.UnpicklingError, EOFError, LookupError, TypeError, ValueError) as error:
        raise NigdtError(f"{path} cannot be read as a list of words: {error}") from None
