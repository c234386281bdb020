"""The match networks of AttnGAN and of the paper's authors (DAMSM) as match networks of a run."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from nigdt.text import Vocabulary
from nigdt_training.checkpoint import write_checkpoint
from nigdt_training.foreign import read_tensors, read_text_encoder, take
from nigdt_training.settings import MatchSettings

_SETTINGS = MatchSettings(backbone="inception-v3", size=299)
_IMAGE = ("emb_features.weight", "emb_cnn_code.weight", "emb_cnn_code.bias")


def import_damsm(text: Path, image: Path, captions: Path, output: Path) -> Vocabulary:
    """Write `match.safetensors` from AttnGAN's files.

    Its Inception is torchvision's, which it kept frozen, so that only the two projections are taken.

    Args:
        text: `text_encoder*.pth`: an embedding and a bidirectional LSTM (AttnGAN) or GRU.
        image: `image_encoder*.pth`.
        captions: `captions.pickle`, for the words' numbers.
        output: Where the match networks go.

    Returns:
        Their vocabulary.

    Raises:
        NigdtError: A file cannot be read, holds something else, or the files do not belong together.
    """
    encoder, cell, vocabulary = read_text_encoder(text, captions)
    seen = read_tensors(image)
    regions, whole, bias = (take(seen, name, image, "DAMSM encoder") for name in _IMAGE)
    state = {f"text_encoder.{name}": value for name, value in encoder.items()}
    state |= {
        "region_projection.weight": regions,
        "global_projection.weight": whole,
        "global_projection.bias": bias,
    }
    facts = {"settings": asdict(_SETTINGS), "words": list(vocabulary.words), "cell": cell}
    write_checkpoint(output, {"match": state}, facts)
    return vocabulary
