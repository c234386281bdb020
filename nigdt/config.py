"""The model's configuration: every width, switch and ablation of the paper, by name.

Torch-free, so that the panel and the command line can read a bundle's configuration cheaply.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from nigdt.errors import NigdtError

NormKind = Literal["instance", "none"]
AttentionAxis = Literal["words", "locations"]
Prefill = Literal["none", "harmonic"]


@dataclass(frozen=True)
class ModelConfig:
    """Architecture of one model. The defaults are the paper's at 256 px.

    Attributes:
        size: Side in pixels of the square the model works at; a multiple of 32.
        encoder_channels: Output channels of the seven residual layers of eq. 1; the first five halve.
        text_channels: Width of word and sentence vectors (eq. 2); half of it per GRU direction.
        embedding: Width of the word embedding.
        text_dropout: Dropout on the embedding in training.
        max_words: Captions are clipped to this many known words.
        latent_channels: Channels of z (eq. 9).
        projection_channels: Width of the five residual blocks of Enc_proj (eq. 9).
        representation_channels: Width of r = f(h) + g(z) (eq. 10).
        generator_channels: Output channels of the five up-blocks, coarse to fine; the second works at
            one eighth of the size, where the short + long term attention is.
        discriminator_channels: Output channels of the five halving layers of D1 and D2.
        generator_norm: Normalisation in the generator's blocks.
        spectral_norm: Whether convolutions of encoder, projections and generator are spectrally
            normalised (the discriminators' always are).
        sigma_floor: Smallest standard deviation that a projection network can give (eq. 9).
        attention_axis: Softmax of eq. 5 over words (what the authors ran) or locations (as printed).
        use_text: False is the ablation without text: h = v_h alone.
        dual_attention: False is the ablation without dual attention: only the sentence guides.
        max_pool: False is the ablation without the global max of eq. 7: t_e stays a map.
        mask_input: Feed M to the image encoder as a fourth channel.
        prefill: What the hole of the encoder's input holds: zeros, as in the paper, or the harmonic
            interpolation of its border, which the generator then also starts from.
        skip: The encoder's map at H/16 joins the generator's at that size, as in a U-Net; not in the paper.
    """

    size: int = 256
    encoder_channels: tuple[int, ...] = (32, 64, 128, 256, 256, 256, 256)
    text_channels: int = 256
    embedding: int = 300
    text_dropout: float = 0.5
    max_words: int = 32
    latent_channels: int = 256
    projection_channels: int = 256
    representation_channels: int = 256
    generator_channels: tuple[int, ...] = (256, 256, 128, 64, 32)
    discriminator_channels: tuple[int, ...] = (32, 64, 128, 128, 128)
    generator_norm: NormKind = "instance"
    spectral_norm: bool = True
    sigma_floor: float = 0.1
    attention_axis: AttentionAxis = "words"
    use_text: bool = True
    dual_attention: bool = True
    max_pool: bool = True
    mask_input: bool = False
    prefill: Prefill = "none"
    skip: bool = False

    def __post_init__(self) -> None:
        problems = []
        if self.size < 64 or self.size % 32:
            problems.append(f"size must be a multiple of 32 from 64 up, not {self.size}")
        if len(self.encoder_channels) != 7:
            problems.append("encoder_channels needs seven widths")
        if len(self.generator_channels) != 5:
            problems.append("generator_channels needs five widths")
        if len(self.discriminator_channels) != 5:
            problems.append("discriminator_channels needs five widths")
        if self.text_channels % 2:
            problems.append("text_channels must be even (two GRU directions)")
        if self.generator_norm not in ("instance", "none"):
            problems.append(f"generator_norm must be instance or none, not {self.generator_norm!r}")
        if self.attention_axis not in ("words", "locations"):
            problems.append(f"attention_axis must be words or locations, not {self.attention_axis!r}")
        if self.prefill not in ("none", "harmonic"):
            problems.append(f"prefill must be none or harmonic, not {self.prefill!r}")
        if not 0 <= self.text_dropout < 1:
            problems.append(f"text_dropout must be from 0 to below 1, not {self.text_dropout}")
        if not 0 < self.sigma_floor < math.inf:
            problems.append(f"sigma_floor must be above 0, not {self.sigma_floor}")
        widths = (
            *self.encoder_channels,
            *self.generator_channels,
            *self.discriminator_channels,
            self.text_channels,
            self.embedding,
            self.max_words,
            self.latent_channels,
            self.projection_channels,
            self.representation_channels,
        )
        if min(widths) < 1:
            problems.append("every width must be at least 1")
        if problems:
            raise NigdtError("The model configuration is wrong: " + "; ".join(problems) + ".")

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
        known = {field.name: field for field in fields(cls)}
        clean: dict[str, Any] = {}
        for key, value in values.items():
            if key not in known:
                raise NigdtError(
                    f"The model configuration has an unknown key, {key!r}.", f"Keys: {', '.join(known)}."
                )
            clean[key] = _coerce(key, value, getattr(cls, key))
        return cls(**clean)

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain values (lists, numbers, strings) for YAML; `from_dict` reads them back."""
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }

    def with_changes(self, **changes: Any) -> ModelConfig:
        """Return a copy with some fields changed, validated again."""
        return replace(self, **changes)


def _coerce(key: str, value: Any, default: Any) -> Any:
    """Convert `value` to the type of `default`, or raise an error that names `key`."""
    if isinstance(default, bool):
        valid = isinstance(value, bool)
    elif isinstance(default, int):
        valid = isinstance(value, int) and not isinstance(value, bool)
    elif isinstance(default, float):
        valid = isinstance(value, int | float) and not isinstance(value, bool)
        value = float(value) if valid else value
    elif isinstance(default, tuple):
        valid = isinstance(value, list | tuple) and all(type(item) is int for item in value)
        value = tuple(value) if valid else value
    else:
        valid = isinstance(value, str)
    if not valid:
        raise NigdtError(f"The model configuration is wrong: {key} cannot be {value!r}.")
    return value


PRESETS: dict[str, ModelConfig] = {
    # The paper, settled: 256 px, all equations, both attention paths.
    "paper": ModelConfig(),
    # The published code's deviation that lies in the architecture: twice the channels at one eighth of the
    # size, where v_l is. Its loss weights are a training preset.
    "authors": ModelConfig(encoder_channels=(32, 64, 256, 256, 256, 256, 256)),
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
        mask_input=True,
        prefill="harmonic",
    ),
}
