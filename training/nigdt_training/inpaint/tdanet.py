"""A checkpoint of the published code (TDANet) as a bundle.

Nothing is unpickled but tensors and words. Spectral norm is folded into the weights, so that the same call
gives the same picture.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import normalize

from nigdt.bundle.bundle import BundleInfo
from nigdt.bundle.writing import save_bundle
from nigdt.config import ModelConfig
from nigdt.errors import NigdtError
from nigdt.model import NIGDT
from nigdt.showcase import add_picture
from nigdt.text import Vocabulary
from nigdt_training.foreign import read_tensors, read_text_encoder, take

_KIND = "network of TDANet"
_FURTHER = 6  # blocks between attention and prior


class _Source:
    """Weights of one file by the published code's names."""

    def __init__(self, path: Path) -> None:
        self.path, self.tensors = path, read_tensors(path)

    def plain(self, name: str) -> Tensor:
        """Return a tensor as it is."""
        return take(self.tensors, name, self.path, _KIND)

    def normed(self, name: str) -> Tensor:
        """Return a layer's weight over its largest singular value, by one step from the vector stored."""
        weight = self.plain(f"{name}.module.weight_bar")
        rows = weight.flatten(1)
        v = normalize(rows.T @ self.plain(f"{name}.module.weight_u"), dim=0)
        u = normalize(rows @ v, dim=0)
        return weight / (u @ rows @ v)

    def layer(self, theirs: str, ours: str) -> dict[str, Tensor]:
        """Return a convolution's weight and bias."""
        return {f"{ours}.weight": self.normed(theirs), f"{ours}.bias": self.plain(f"{theirs}.module.bias")}

    def block(self, theirs: str, ours: str) -> dict[str, Tensor]:
        """Return a residual block."""
        names = {"conv1": "conv1", "conv2": "conv2", "bypass": "shortcut"}
        return {
            key: value
            for name, own in names.items()
            for key, value in self.layer(f"{theirs}.{name}", f"{ours}.{own}").items()
        }


def import_tdanet(model: NIGDT, vocabulary: Vocabulary, output: Path, title: str) -> BundleInfo:
    """Write what `read_tdanet` read as a bundle, with a picture that it drew.

    Args:
        model: The model.
        vocabulary: Its words.
        output: The bundle's folder; only a bundle that is there, or an empty folder, is replaced.
        title: One line for people.
    """
    origin = {"data": [], "imported": "TDANet"}
    info = save_bundle(output, model, vocabulary, title=title, training=origin)
    return add_picture(info.folder)


def read_tdanet(encoder: Path, generator: Path, text: Path, captions: Path) -> tuple[NIGDT, Vocabulary]:
    """Read the published code's files.

    Args:
        encoder: `*_net_E.pth`.
        generator: `*_net_G.pth`.
        text: DAMSM's `text_encoder*.pth`, which was frozen.
        captions: `captions.pickle`, for the words' numbers.

    Returns:
        The model in evaluation mode, and its vocabulary.

    Raises:
        NigdtError: A file cannot be read, holds something else, or the files do not belong together.
    """
    words, cell, vocabulary = read_text_encoder(text, captions)
    config = ModelConfig.preset("authors", spectral_norm=False, text_cell=cell)
    state = {f"text_encoder.{name}": value for name, value in words.items()}
    state |= _encoder(_Source(encoder)) | _generator(_Source(generator))
    for block in ("projection.block", "representation.f"):
        for layer in ("conv1", "shortcut"):
            name = f"{block}.{layer}.weight"
            state[name] = _words_first(state[name], config.text_channels)
    with torch.device("meta"):
        model = NIGDT(config, len(vocabulary))
    try:
        model.load_state_dict(state, assign=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise NigdtError(f"{encoder} and {generator} are of another architecture: {reason}.") from None
    return model.eval(), vocabulary


def _encoder(source: _Source) -> dict[str, Tensor]:
    state = source.block("block0", "image_encoder.layers.0")
    for i in range(1, 5):
        state |= source.block(f"encoder{i - 1}", f"image_encoder.layers.{i}")
    for i in range(_FURTHER):
        state |= source.block(f"infer_prior{i}", f"further.{i}")
    state |= source.block("prior", "projection.block")
    return {**state, "attention.Q.weight": source.plain("word_attention.conv_image.weight")}


def _generator(source: _Source) -> dict[str, Tensor]:
    state = source.block("generator", "representation.g") | source.block("f_transformer", "representation.f")
    for i in range(5):
        ours = f"generator.blocks.{i}"
        state |= source.block(f"decoder{i}", ours)
        for number, norm in ((0, "norm1"), (3, "norm2")):  # places in the block's sequence
            for part in ("weight", "bias"):
                state[f"{ours}.{norm}.{part}"] = source.plain(f"decoder{i}.model.{number}.{part}")
        if i:
            state |= source.layer(f"out{i}.conv1", f"generator.heads.{i - 1}")
    state |= source.block("attn1.model", "generator.attention.mix")
    for theirs, ours in (
        ("query_conv.weight", "query.weight"),
        ("query_conv.bias", "query.bias"),
        ("gamma", "gamma"),
        ("alpha", "alpha"),
    ):
        state[f"generator.attention.{ours}"] = source.plain(f"attn1.{theirs}")
    return state


def _words_first(weight: Tensor, width: int) -> Tensor:
    """Return weights on [v_h, t_e, t_sent] of weights on [v_h, t_sent, t_e], as the published code has it."""
    image, sentence, words = weight.split([weight.shape[1] - 2 * width, width, width], dim=1)
    return torch.cat([image, words, sentence], dim=1)
