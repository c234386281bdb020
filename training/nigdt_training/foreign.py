"""Reading the pickles of AttnGAN and of the paper's authors without running what they may hold.

Weights are read by PyTorch's reader for tensors alone, the list of words by one that knows no classes.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor

from nigdt.config import Cell
from nigdt.errors import NigdtError
from nigdt.model.encoders import CELLS
from nigdt.text import Vocabulary

_WORDS_AT = 2  # of captions.pickle: training captions, test captions, number -> word, word -> number


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a state dict; names lose the prefix of `DataParallel`.

    Raises:
        NigdtError: The file cannot be read or holds something else.
    """
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise NigdtError(f"Cannot read {path}: {error.strerror or error}.") from None
    except Exception:  # PyTorch's own words advise to let the file run code
        raise NigdtError(
            f"{path} is damaged, or holds something other than weights that PyTorch saved.",
            "Files that would have to run code to be read are not read.",
        ) from None
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        raise NigdtError(f"{path} holds no weights by name.")
    return {str(name).removeprefix("module."): value.float() for name, value in found.items()}


def take(tensors: Mapping[str, Tensor], name: str, path: Path, kind: str) -> Tensor:
    """Return one of a file's tensors.

    Raises:
        NigdtError: The file has none of that name, so that it is no `kind`.
    """
    if name not in tensors:
        raise NigdtError(f"{path} has no weights {name}: it is no {kind}.")
    return tensors[name]


def read_text_encoder(path: Path, captions: Path) -> tuple[dict[str, Tensor], Cell, Vocabulary]:
    """Read DAMSM's text encoder: an embedding and a bidirectional LSTM (AttnGAN) or GRU.

    Args:
        path: `text_encoder*.pth`.
        captions: `captions.pickle`, for the words' numbers.

    Returns:
        The state of a `TextEncoder`, its cell, and its vocabulary.

    Raises:
        NigdtError: A file cannot be read, holds something else, or the files do not belong together.
    """
    found = read_tensors(path)
    kind = "DAMSM encoder"
    state = {
        "embedding.weight": take(found, "encoder.weight", path, kind).clone(),
        **{
            f"gru.{name}_l0{way}": take(found, f"rnn.{name}_l0{way}", path, kind)
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            for way in ("", "_reverse")
        },
    }
    cell = _cell(state["gru.weight_hh_l0"], path)
    vocabulary = _read_words(captions)
    rows = len(state["embedding.weight"])
    if rows != len(vocabulary) + 1:
        raise NigdtError(f"{captions} has {len(vocabulary)} words, and {path} vectors for {rows - 1}.")
    state["embedding.weight"][0] = 0.0  # the end's vector, which is padding's here
    return state, cell, vocabulary


def _cell(weight: Tensor, path: Path) -> Cell:
    rows, width = weight.shape
    for cell, gates in CELLS.items():
        if rows == gates * width:
            return cell
    raise NigdtError(f"The recurrent network in {path} is neither a GRU nor an LSTM.")


class _PlainUnpickler(pickle.Unpickler):
    """Reads lists, dictionaries, numbers and text, and no classes, so that nothing can be run."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


def _read_words(path: Path) -> Vocabulary:
    try:
        with path.open("rb") as file:
            words: Any = _PlainUnpickler(file).load()[_WORDS_AT]
        return Vocabulary([words[number] for number in range(1, len(words))])
    except Exception as error:  # whatever a damaged or odd pickle makes its reader raise
        raise NigdtError(f"{path} cannot be read as a list of words ({error}).") from None
