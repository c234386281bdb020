"""PICNet, "Pluralistic Image Completion" (Zheng, Cham and Cai, CVPR 2019).

The dual path without text: a conditional prior p(z | I_m) in the generative path, a posterior q(z | I_c) in
the reconstructive one, short + long term attention, z of 128 channels. The networks are NIGDT's with the text
switched off, which is how the NIGDT paper built on it. The losses are PICNet's own: the generative path is
compared with the photo on visible pixels only, since it may answer otherwise in the hole, and the posterior's
prior is N(0, s^2) with s^2 the fraction of hidden pixels: a small hole leaves little to choose.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nigdt.config import ModelConfig
from nigdt.model import NIGDT, Discriminator, DualPath, DualPathOutput, Gaussian
from nigdt.model import losses as L
from nigdt_training.comparison.model import ComparisonModel, Losses, weigh
from nigdt_training.samples import Batch

LATENT_CHANNELS = 128
WEIGHTS = {
    "kl_posterior": 20.0,
    "kl_prior": 20.0,
    "visible": 20.0,
    "reconstruction": 20.0,
    "feature": 1.0,
    "adversarial": 1.0,
}


def configure(size: int, width: int) -> ModelConfig:
    """Return NIGDT's configuration that makes PICNet.

    Args:
        size: Side of the pictures in pixels.
        width: Channels of the first encoder layer; 32 is the paper's, the others scale with it.
    """
    return ModelConfig(
        size=size,
        encoder_channels=(width, 2 * width, *[4 * width] * 5),
        latent_channels=LATENT_CHANNELS,
        projection_channels=4 * width,
        representation_channels=4 * width,
        generator_channels=(*[4 * width] * 3, 2 * width, width),
        discriminator_channels=(width, 2 * width, *[4 * width] * 3),
        without="text",
    )


class PICNet(ComparisonModel):
    """Both paths, the reconstructive path's D1 and the generative path's D2."""

    def __init__(self, size: int = 256, width: int = 32) -> None:
        """Build PICNet; arguments as for `configure`."""
        super().__init__()
        config = configure(size, width)
        self.paths = DualPath(NIGDT(config, 0))
        self.D1, self.D2 = Discriminator(config), Discriminator(config)
        self.generator = self.paths
        self.adversary = nn.ModuleList([self.D1, self.D2])

    def latent_shape(self, size: int) -> tuple[int, int, int]:
        """See `ComparisonModel.latent_shape`."""
        return self.paths.model.latent_shape(size, size)

    def answer(self, I_m: Tensor, M: Tensor, noise: Tensor | None = None) -> Tensor:
        """See `ComparisonModel.answer`; without noise z is the prior's mean."""
        return self.paths.model(I_m, M, *_no_text(M), noise).image

    def draw(self, batch: Batch) -> DualPathOutput:
        """Return both paths' answers."""
        noise = (batch.prior_noise, batch.posterior_noise)
        return self.paths(batch.image, batch.M, *_no_text(batch.M), *noise)

    def adversary_losses(self, batch: Batch, drawn: DualPathOutput) -> Losses:
        """Return LSGAN's losses: D1 on the reconstruction, D2 on the generative answer."""
        terms = {}
        for name, network, answer in (
            ("D1", self.D1, drawn.reconstruction[-1]),
            ("D2", self.D2, drawn.generative.image),
        ):
            terms[name] = L.discriminator_loss(network(batch.image), [network(answer.detach())])
        return weigh(terms, {"D1": 1.0, "D2": 1.0})

    def generator_losses(self, batch: Batch, drawn: DualPathOutput) -> Losses:
        """Return the paper's six terms: two KL, two of appearance, two adversarial."""
        hidden = (1 - batch.M).mean((2, 3), keepdim=True)
        q = drawn.posterior
        assert q is not None
        narrow = Gaussian(torch.zeros_like(q.mu), hidden.sqrt().clamp(min=0.05).expand_as(q.sigma))
        with torch.no_grad():
            real = self.D1.features(batch.image)
        terms = {
            "kl_posterior": L.kl_divergence(q, narrow),
            "kl_prior": L.prior_kl(q, drawn.generative.prior),
            "visible": L.pyramid_l1(drawn.generative.pyramid, batch.image, batch.M, hole_weight=0.0),
            "reconstruction": L.pyramid_l1(drawn.reconstruction, batch.image, batch.M),
            "feature": L.feature_distance(real, self.D1.features(drawn.reconstruction[-1])),
            "adversarial": L.generator_adversarial(self.D2(drawn.generative.image)),
        }
        return weigh(terms, WEIGHTS)


def _no_text(M: Tensor) -> tuple[Tensor, Tensor]:
    """Return an empty caption per picture."""
    tokens = torch.zeros(len(M), 1, dtype=torch.int64, device=M.device)
    return tokens, tokens[:, 0]
