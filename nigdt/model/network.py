"""The whole model: what runs at inference (the generative path) and, around it, what training adds."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nigdt.config import ModelConfig
from nigdt.model.attention import DualAttention
from nigdt.model.blocks import ResidualBlock
from nigdt.model.encoders import (
    HALVINGS,
    ImageEncoder,
    NoText,
    TextEncoder,
    TextFeatures,
    hidden_cells,
    visible_cells,
)
from nigdt.model.generator import Generator
from nigdt.model.latent import Projection, ResidualRepresentation
from nigdt.model.outlines import OutlineBook
from nigdt.model.prefill import harmonic_prefill

_MARKS = 8.0
"""How much stronger marks are told than outlines: they cover a hundredth of a thing and are learnt slowly."""


@dataclass
class ImageFeatures:
    """The image half of a fill; it does not depend on the caption.

    Attributes:
        v_l: (B, c3, H/8, W/8).
        v_h: (B, c7, H/32, W/32).
        M: (B, 1, H, W), 1 = visible.
        base: (B, 3, H, W) prefilled picture, or None where the config has no prefill.
        skip: (B, c4, H/16, W/16), or None where the config has no skip.
        outline: (B, C, H, W), 1 = the thing to be drawn, all 0 = left to the model, and its marks in the
            strength that the network reads them in; or None where the config has no outlines.
    """

    v_l: Tensor
    v_h: Tensor
    M: Tensor
    base: Tensor | None = None
    skip: Tensor | None = None
    outline: Tensor | None = None


@dataclass
class Gaussian:
    """A diagonal Gaussian per cell; `mu` and `sigma` (a standard deviation) are (B, C, h, w)."""

    mu: Tensor
    sigma: Tensor

    def sample(self, noise: Tensor | None) -> Tensor:
        """Return `mu + sigma * noise` (eq. 13); the mean without noise."""
        return self.mu if noise is None else self.mu + self.sigma * noise


@dataclass
class Generated:
    """One answer.

    Attributes:
        pyramid: Pictures in [-1, 1], (B, 3, H/8, W/8) first, (B, 3, H, W) last.
        attention: beta of eq. 5, (B, H/32 * W/32, L), or None in the ablations without it.
        compared: Decoder map at H/8, (B, C, H/8, W/8), whose self-attention moved the visible features.
        prior: p(z | h^g) that z was drawn from.
        h: Guidance of eq. 8, (B, C, H/32, W/32).
    """

    pyramid: list[Tensor]
    attention: Tensor | None
    compared: Tensor
    prior: Gaussian
    h: Tensor

    @property
    def image(self) -> Tensor:
        """I_g: (B, 3, H, W) in [-1, 1]."""
        return self.pyramid[-1]


class NIGDT(nn.Module):
    """The generative path: everything that inference needs, and nothing else.

    Args:
        config: Architecture.
        vocabulary_size: Number of known words.
    """

    def __init__(self, config: ModelConfig, vocabulary_size: int) -> None:
        super().__init__()
        self.config = config
        self.image_encoder = ImageEncoder(config)
        self.text_encoder: TextEncoder | NoText = (
            TextEncoder(
                vocabulary_size,
                config.embedding,
                config.text_channels,
                config.text_dropout,
                config.text_cell,
            )
            if config.use_text
            else NoText()
        )
        if config.use_text and config.dual_attention:
            self.attention = DualAttention(config)
        width = config.encoder_channels[-1]
        self.further = nn.Sequential(
            *(
                ResidualBlock(width, width, spectral_norm=config.spectral_norm)
                for _ in range(config.traits.further_blocks)
            )
        )
        self.projection = Projection(config)
        self.representation = ResidualRepresentation(config)
        self.generator = Generator(config)
        if config.outlines:
            self.outlines = OutlineBook(config.outlines, vocabulary_size, config.marks)

    def latent_shape(self, height: int, width: int) -> tuple[int, int, int]:
        """Return the shape (C, h, w) of z for a picture of height x width pixels (multiples of 32)."""
        scale = 2**HALVINGS
        return self.config.latent_channels, height // scale, width // scale

    def encode_image(self, I_m: Tensor, M: Tensor, outline: Tensor | None = None) -> ImageFeatures:
        """Run the image half, which knows no caption.

        Args:
            I_m: (B, 3, H, W) in [-1, 1], 0 wherever M = 0; H and W multiples of 32, at least 64.
            M: (B, 1, H, W), 1 = visible, 0 = hole.
            outline: (B, `config.told_channels`, H, W) in [0, 1], 1 = the thing to be drawn, and then 1 = its
                marks; None or all 0 leaves it to the model. Only with `config.outlines`.

        Raises:
            ValueError: A side is no multiple of 32 or below 64; the answer would have another size.
        """
        height, width = M.shape[2:]
        if min(height, width) < 64 or height % 2**HALVINGS or width % 2**HALVINGS:
            raise ValueError(f"Sides must be multiples of {2**HALVINGS} from 64 up, not {height} x {width}.")
        I_m = I_m * M  # whatever the caller left in the hole must not be seen
        base = harmonic_prefill(I_m, M) if self.config.prefill == "harmonic" else None
        x = I_m if base is None else base
        if self.config.outlines:
            told = self.config.told_channels
            outline = M.new_zeros(len(M), told, *M.shape[2:]) if outline is None else outline * (1 - M)
            if self.config.marks:
                outline = torch.cat([outline[:, :1], _MARKS * outline[:, 1:]], 1)
        else:
            outline = None
        more = [M] if self.config.mask_input else []
        more += [] if outline is None else [outline]
        v_l, middle, v_h = self.image_encoder(torch.cat([x, *more], 1))
        skip = middle if self.config.skip else None
        return ImageFeatures(v_l=v_l, v_h=v_h, M=M, base=base, skip=skip, outline=outline)

    def guidance(
        self, v_h: Tensor, text: TextFeatures, cells: Tensor, *, positive: bool
    ) -> tuple[Tensor, Tensor | None]:
        """Return h of eq. 8, (B, C, h, w), and beta of eq. 5; `cells` (B, h w) are those the path may see."""
        seen = v_h if positive else self.further(v_h)
        if not self.config.use_text:
            return seen, None
        height, width = v_h.shape[2:]
        sentence = text.sentence[:, :, None, None].expand(-1, -1, height, width)
        if not self.config.dual_attention:
            return torch.cat([seen, sentence], 1), None
        t_e, beta = self.attention(v_h, text, cells, positive=positive)
        return torch.cat([seen, t_e, sentence], 1), beta

    def generate(self, image: ImageFeatures, text: TextFeatures, noise: Tensor | None = None) -> Generated:
        """Fill with a caption.

        Args:
            image: From `encode_image`.
            text: From `text_encoder`; same batch.
            noise: (B, *latent_shape) standard normal; None answers with the mean, z = mu.
        """
        cells = visible_cells(image.M, image.v_h, self.config.traits.mask_cells)
        h, beta = self.guidance(image.v_h, text, cells, positive=False)
        prior = Gaussian(*self.projection(h))
        pyramid, compared = self.decode(image, h, prior.sample(noise))
        return Generated(pyramid, beta, compared, prior, h)

    def decode(self, image: ImageFeatures, h: Tensor, z: Tensor) -> tuple[list[Tensor], Tensor]:
        """Run eq. 10 and the generator: both paths come here, both with `h^g` (eq. 13)."""
        r = self.representation(h, z)
        return self.generator(r, image.v_l, image.M, image.base, image.skip, image.outline)

    def forward(
        self,
        I_m: Tensor,
        M: Tensor,
        tokens: Tensor,
        lengths: Tensor,
        noise: Tensor | None = None,
        outline: Tensor | None = None,
    ) -> Generated:
        """Run both halves at once; arguments as in `encode_image`, `TextEncoder` and `generate`."""
        return self.generate(self.encode_image(I_m, M, outline), self.text_encoder(tokens, lengths), noise)


@dataclass
class DualPathOutput:
    """What one training step needs of both paths.

    Attributes:
        generative: The generative path's answer I_g, with its prior p(z | h^g).
        reconstruction: Pyramid of the reconstructive path, I_r; empty where that path was not run.
        posterior: q(z | I_c, h^r); None where that path was not run.
        text: The caption's features.
    """

    generative: Generated
    reconstruction: list[Tensor]
    posterior: Gaussian | None
    text: TextFeatures


class DualPath(nn.Module):
    """The generative path plus the reconstructive one, which sees the hidden pixels: for training only."""

    def __init__(self, model: NIGDT) -> None:
        super().__init__()
        self.model = model
        self.posterior_projection = Projection(model.config)

    def forward(
        self,
        image: Tensor,
        M: Tensor,
        tokens: Tensor,
        lengths: Tensor,
        prior_noise: Tensor,
        posterior_noise: Tensor,
        reconstruct: bool = True,
        outline: Tensor | None = None,
    ) -> DualPathOutput:
        """Run both paths on a batch.

        Args:
            image: I, (B, 3, H, W) in [-1, 1], complete.
            M: (B, 1, H, W), 1 = visible.
            tokens: (B, L) word indices.
            lengths: (B,) words per caption.
            prior_noise: (B, *latent_shape) standard normal, for z of the generative path.
            posterior_noise: The same for the reconstructive path.
            reconstruct: False leaves the reconstructive path out.
            outline: As in `NIGDT.encode_image`, for the generative path.
        """
        model = self.model
        text = model.text_encoder(tokens, lengths)
        visible = model.encode_image(image * M, M, outline)
        generative = model.generate(visible, text, prior_noise)
        if not reconstruct:
            return DualPathOutput(generative, [], None, text)

        hidden = model.encode_image(image * (1 - M), 1 - M)
        cells = hidden_cells(M, hidden.v_h, model.config.traits.mask_cells)
        h_r, _ = model.guidance(hidden.v_h, text, cells, positive=True)
        posterior = Gaussian(*self.posterior_projection(h_r))
        # Eq. 10 and 13: h^g here too. h^r carries words chosen by looking at the hidden pixels; were it
        # used, the decoder would learn to read the answer from a place that is empty at inference.
        reconstruction, _ = model.decode(visible, generative.h, posterior.sample(posterior_noise))
        return DualPathOutput(generative, reconstruction, posterior, text)
