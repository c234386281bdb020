"""The model's configuration: widths, switches and ablations of the paper, by name.

Torch-free, so that the panel and the command line can read a bundle's configuration cheaply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Annotated, Any, Literal

from nigdt import schema
from nigdt.errors import NigdtError
from nigdt.schema import Fraction, Meta

Width = Annotated[int, Meta(ge=1, le=4096)]
Five = Annotated[tuple[Width, ...], Meta(min_length=5, max_length=5)]
FiveToSeven = Annotated[tuple[Width, ...], Meta(min_length=5, max_length=7)]
Norm = Literal["instance", "none"]
NetworkName = Literal["paper", "published"]
Without = Literal["none", "text", "dual-attention", "max-pool"]
AttentionAxis = Literal["words", "locations"]
Prefill = Literal["none", "harmonic"]
Cell = Literal["gru", "lstm"]
Upsampling = Literal["nearest", "transposed"]
HeadPadding = Literal["zeros", "reflect"]
MaskCells = Literal["area", "samples"]
MAX_WORDS = 32
"""Captions are clipped to this many known words."""
_SOURCE = "The model configuration"


@dataclass(frozen=True)
class Network:
    """How the published code's network differs from the paper's, beside its widths. Defaults are the paper's.

    Attributes:
        further_blocks: Residual blocks on v_h of the generative path, after the attention has read it; the
            published code has six and no sixth and seventh layer.
        narrow_halving: Halving layers keep the width of their input inside; else they have that of their
            output.
        activate_signals: The first blocks of the projections, of f and of g activate their input; h and z are
            signed signals.
        direct_projection: Enc_proj is one block from h to mu and sigma, normed like the others.
        affine_norm: Instance norm has a learnt scale and shift.
        upsampling: How up-blocks double: nearest neighbour before the convolution, or transposed
            convolutions.
        head_padding: What the RGB heads see beyond the edge: zeros, or the mirrored map.
        normed_queries: Whether spectral norm, where it is on, takes in Q and the query of the generator's
            attention.
        mask_cells: How M is brought to a map's size: averaged by area, a cell of eq. 3 and 4 being visible
            from one half up; or by bilinear samples, visible where they are 1.
        sigma_floor: Smallest standard deviation that a projection network can give (eq. 9).
    """

    further_blocks: int = 0
    narrow_halving: bool = False
    activate_signals: bool = False
    direct_projection: bool = False
    affine_norm: bool = False
    upsampling: Upsampling = "nearest"
    head_padding: HeadPadding = "zeros"
    normed_queries: bool = True
    mask_cells: MaskCells = "area"
    sigma_floor: float = 0.1


NETWORKS: dict[str, Network] = {
    "paper": Network(),
    "published": Network(
        further_blocks=6,
        narrow_halving=True,
        activate_signals=True,
        direct_projection=True,
        affine_norm=True,
        upsampling="transposed",
        head_padding="reflect",
        normed_queries=False,
        mask_cells="samples",
        sigma_floor=0.0,
    ),
}


@dataclass(frozen=True)
class Architecture:
    """What a preset fixes: sizes, and how the layers are built. The defaults are the paper's at 256 px.

    Attributes:
        size: Side in pixels of the square the model works at; a multiple of 32.
        encoder_channels: Output channels of the residual layers of eq. 1, seven in the paper; the first five
            halve.
        network: The paper's, or the published code's; see `Network`.
        text_channels: Width of word and sentence vectors (eq. 2); half of it per GRU direction.
        embedding: Width of the word embedding.
        text_dropout: Dropout on the embedding in training.
        text_cell: Recurrent cell of eq. 2; AttnGAN's text encoders, which can be taken over, have LSTMs.
        latent_channels: Channels of z (eq. 9).
        projection_channels: Width of the five residual blocks of Enc_proj (eq. 9).
        representation_channels: Width of r = f(h) + g(z) (eq. 10).
        generator_channels: Output channels of the five up-blocks, coarse to fine; the second works at
            one eighth of the size, where the short + long term attention is.
        discriminator_channels: Output channels of the five halving layers of D1 and D2.
        generator_norm: Normalisation in the generator's blocks.
        spectral_norm: Whether convolutions of encoder, projections and generator are spectrally
            normalised (the discriminators' always are).
        attention_axis: Softmax of eq. 5 over words (what the authors ran) or locations (as printed).
        prefill: What the hole of the encoder's input holds: zeros, as in the paper, or the harmonic
            interpolation of its border, which the generator then also starts from. As the encoder cannot see
            that hole, M is then its fourth input channel.
    """

    size: Annotated[int, Meta(ge=64, le=1024, multiple_of=32)] = 256
    encoder_channels: FiveToSeven = (32, 64, 128, 256, 256, 256, 256)
    network: NetworkName = "paper"
    text_channels: Annotated[int, Meta(ge=2, le=4096, multiple_of=2)] = 256
    embedding: Width = 300
    text_dropout: Fraction = 0.5
    text_cell: Cell = "gru"
    latent_channels: Width = 256
    projection_channels: Width = 256
    representation_channels: Width = 256
    generator_channels: Five = (256, 256, 128, 64, 32)
    discriminator_channels: Five = (32, 64, 128, 128, 128)
    generator_norm: Norm = "instance"
    spectral_norm: bool = True
    attention_axis: AttentionAxis = "words"
    prefill: Prefill = "none"


@dataclass(frozen=True)
class ModelConfig(Architecture):
    """A model: an architecture, and what is chosen beside it.

    Attributes:
        without: What an ablation leaves out: `text`, so that h = v_h alone; `dual-attention`, so that only
            the sentence guides; or `max-pool`, the global max of eq. 7, so that t_e stays a map.
        skip: The encoder's map at H/16 joins the generator's at that size, as in a U-Net; not in the paper.
        outlines: How many outlines of things the model keeps, one of which it is given where a caption names
            such a thing (`nigdt.model.outlines`); 0 is none, as in the paper.
        marks: Whether the model is also told where such a thing has its parts (`nigdt.marks`).
    """

    without: Without = "none"
    skip: bool = False
    outlines: Annotated[int, Meta(ge=0, le=1024)] = 0
    marks: bool = False

    def __post_init__(self) -> None:
        schema.check(self, _SOURCE)
        if self.marks and not self.outlines:
            raise NigdtError(f"{_SOURCE}: `marks` are of outlines, and `outlines` is 0.")

    @property
    def told_channels(self) -> int:
        """Channels in which the model is told the thing to be drawn: its outline, and its marks."""
        return (self.outlines > 0) + self.marks

    @property
    def max_words(self) -> int:
        """How many known words of a caption are read."""
        return MAX_WORDS

    @property
    def mask_input(self) -> bool:
        """Whether M is the image encoder's fourth channel."""
        return self.prefill == "harmonic"

    @property
    def traits(self) -> Network:
        """How its network is built, beside the widths."""
        return NETWORKS[self.network]

    @property
    def use_text(self) -> bool:
        """Whether captions are read at all."""
        return self.without != "text"

    @property
    def dual_attention(self) -> bool:
        """Whether words, and not only the sentence, guide."""
        return self.without not in ("text", "dual-attention")

    @property
    def max_pool(self) -> bool:
        """Whether eq. 7 takes the global max."""
        return self.without != "max-pool"

    @classmethod
    def preset(cls, name: str, **changes: Any) -> ModelConfig:
        """Return the preset called `name` with `changes` applied.

        Raises:
            NigdtError: No such preset, or a change names no field or an invalid value.
        """
        if name not in PRESETS:
            raise NigdtError(f"There is no model preset {name!r}.", f"Presets: {', '.join(PRESETS)}.")
        return cls.from_dict({**PRESETS[name].to_dict(), **changes})

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ModelConfig:
        """Read a configuration from plain values, as `model.yaml` holds them.

        Raises:
            NigdtError: A key is unknown or a value has the wrong type; the message names the key.
        """
        return schema.build(cls, _renewed(values), _SOURCE)

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain values (lists, numbers, strings) for YAML; `from_dict` reads them back."""
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }

    def with_changes(self, **changes: Any) -> ModelConfig:
        """Return a copy with some fields changed, validated again."""
        return replace(self, **changes)


def _renewed(values: Any) -> Any:
    """Return values in today's keys; files of earlier versions had one for each difference and each ablation.

    Raises:
        NigdtError: They mix the two networks, or read captions of another length.
    """
    if not isinstance(values, Mapping):
        return values
    values = dict(values)
    of_network = {item.name: values.pop(item.name) for item in fields(Network) if item.name in values}
    if values.get("generator_norm") == "affine":
        values["generator_norm"], of_network["affine_norm"] = "instance", True
    if of_network:
        fits = [
            name
            for name, network in NETWORKS.items()
            if values.get("network", name) == name
            and all(getattr(network, key) == value for key, value in of_network.items())
        ]
        if not fits:
            keys = ", ".join(f"`{key}`" for key in of_network)
            raise NigdtError(f"{_SOURCE}: neither network has this {keys}.", "Set `network` instead.")
        values["network"] = fits[0]
    if values.pop("max_words", MAX_WORDS) != MAX_WORDS:
        raise NigdtError(f"{_SOURCE}: `max_words` is {MAX_WORDS} in every model.", "Leave it out.")
    mask_input, filled = values.pop("mask_input", None), values.get("prefill", "none") == "harmonic"
    if mask_input is not None and mask_input != filled:
        raise NigdtError(f"{_SOURCE}: `mask_input` is true with `prefill: harmonic`, and only with it.")
    parts = {"use_text": "text", "dual_attention": "dual-attention", "max_pool": "max-pool"}
    ablations = {key: values.pop(key) for key in parts if key in values}
    for key, there in ablations.items():
        if not isinstance(there, bool):
            raise NigdtError(f"{_SOURCE}: `{key}` must be true or false, not {there!r}.")
    if ablations:
        values["without"] = next((parts[key] for key, there in ablations.items() if not there), "none")
    return values


PRESETS: dict[str, ModelConfig] = {
    # The paper, settled: 256 px, all equations, both attention paths.
    "paper": ModelConfig(),
    # The published code's architecture, as TDANet's checkpoints have it; its losses are settings of training.
    "authors": ModelConfig(
        network="published",
        encoder_channels=(32, 128, 256, 256, 256),
        projection_channels=512,
    ),
    # The paper at twice the widths, for collections of millions.
    "wide": ModelConfig(
        encoder_channels=(64, 128, 256, 512, 512, 512, 512),
        projection_channels=512,
        representation_channels=512,
        generator_channels=(512, 512, 256, 128, 64),
        discriminator_channels=(64, 128, 256, 256, 256),
    ),
    # What fits 25 MB and a plain CPU.
    "small": ModelConfig(
        size=128,
        encoder_channels=(16, 32, 64, 96, 128, 128, 128),
        text_channels=96,
        embedding=64,
        text_dropout=0.1,
        latent_channels=32,
        projection_channels=64,
        representation_channels=128,
        generator_channels=(128, 96, 64, 32, 16),
        discriminator_channels=(16, 32, 64, 96, 96),
        generator_norm="none",
        spectral_norm=False,
        prefill="harmonic",
    ),
}
