"""Gaussian of the hole (eq. 8 and 9) and the residual representation (eq. 10)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from nigdt.config import ModelConfig
from nigdt.model.blocks import SLOPE, ResidualBlock


def guidance_channels(config: ModelConfig) -> int:
    """Return the number of channels of h (eq. 8) for the config's ablations."""
    channels = config.encoder_channels[-1]
    if config.use_text:
        channels += config.text_channels * (2 if config.dual_attention else 1)
    return channels


class Projection(nn.Module):
    """Enc_proj, eq. 9: five residual blocks, then mu and sigma; or a single block for both.

    The last layer of the former starts near 0 and has no spectral norm: otherwise the first KL is in the
    millions and drowns every other loss.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.sigma_floor = config.traits.sigma_floor
        self.direct = config.traits.direct_projection
        width = config.projection_channels
        if self.direct:
            self.block = ResidualBlock(
                guidance_channels(config),
                2 * config.latent_channels,
                spectral_norm=config.spectral_norm,
                activate_input=config.traits.activate_signals,
                hidden=width,
            )
            return
        self.blocks = nn.Sequential(
            *(
                ResidualBlock(
                    guidance_channels(config) if i == 0 else width,
                    width,
                    spectral_norm=config.spectral_norm,
                    activate_input=i > 0 or config.traits.activate_signals,
                )
                for i in range(5)
            )
        )
        self.last = nn.Conv2d(width, 2 * config.latent_channels, 1)
        nn.init.orthogonal_(self.last.weight, gain=0.02)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, h: Tensor) -> tuple[Tensor, Tensor]:
        """Map h of eq. 8 to the distribution of z (eq. 9).

        Args:
            h: (B, guidance channels, H/32, W/32).

        Returns:
            mu and sigma, each (B, latent_channels, H/32, W/32); sigma is a standard deviation, at least
            `Network.sigma_floor`.
        """
        both = self.block(h) if self.direct else self.last(F.leaky_relu(self.blocks(h), SLOPE))
        mu, raw = both.chunk(2, dim=1)
        return mu, F.softplus(raw) + self.sigma_floor


class ResidualRepresentation(nn.Module):
    """Eq. 10: `r = f(h) + g(z)`; f and g are residual blocks since h and z differ in width."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.representation_channels
        self.f = ResidualBlock(
            guidance_channels(config),
            width,
            spectral_norm=config.spectral_norm,
            activate_input=config.traits.activate_signals,
        )
        self.g = ResidualBlock(
            config.latent_channels,
            width,
            spectral_norm=config.spectral_norm,
            activate_input=config.traits.activate_signals,
        )

    def forward(self, h: Tensor, z: Tensor) -> Tensor:
        """Join the guidance h and the latent z into r (eq. 10).

        Args:
            h: (B, guidance channels, H/32, W/32).
            z: (B, latent_channels, H/32, W/32).

        Returns:
            r, (B, representation_channels, H/32, W/32).
        """
        return self.f(h) + self.g(z)
