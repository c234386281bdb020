"""CSA, "Coherent Semantic Attention for Image Inpainting" (Liu, Jiang, Xiao and Yang, ICCV 2019).

A rough U-Net, then a refining U-Net that sees photo and rough answer together and has the coherent attention
layer at one eighth of the size. Where the paper compares with VGG-16 features, EfficientNet-lite0's stand in:
their weights come with a package. They are brought to unit size, weighted by 0.1 (0.01 in the paper, of
VGG's), and compared through a learnt 1 x 1 convolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nigdt.model.blocks import area
from nigdt.model.lite0 import EfficientNetLite0
from nigdt_training.comparison.coherent import CoherentAttention
from nigdt_training.comparison.model import ComparisonModel, Losses, weigh
from nigdt_training.match.backbone import pretrained_lite0
from nigdt_training.samples import Batch

DEPTH = 5
ATTENTION_LEVEL = 3
_STAGE, _STAGE_CHANNELS = 2, 40  # EfficientNet-lite0's stage at one eighth of the size
_STAGE_SPREAD = 7.1
"""Root mean square of that stage on 60 photos at 256 px; features divided by it have unit size."""
WEIGHTS = {"rough": 1.0, "refined": 1.0, "consistency": 0.1, "adversarial": 0.002}


@dataclass
class CsaAnswer:
    """What CSA makes of a batch.

    Attributes:
        rough: I_p, (B, 3, H, W) in [-1, 1].
        refined: I_r, the same.
        attended: The coherent attention layer's map, (B, C, H/8, W/8).
        decoded: The decoder's map of the same size.
    """

    rough: Tensor
    refined: Tensor
    attended: Tensor
    decoded: Tensor


class _Rough(nn.Module):
    """U-Net of 4 x 4 convolutions with stride 2 and skip connections (Isola et al. 2017)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        widths = [3, *(min(8, 2**level) * width for level in range(DEPTH))]
        self.down = nn.ModuleList(nn.Conv2d(widths[i], widths[i + 1], 4, 2, 1) for i in range(DEPTH))
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(
                widths[i + 1] * (1 if i == DEPTH - 1 else 2), widths[i] if i else width, 4, 2, 1
            )
            for i in reversed(range(DEPTH))
        )
        self.head = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        skips: list[Tensor] = []
        for level, layer in enumerate(self.down):
            x = layer(x if level == 0 else F.leaky_relu(x, 0.2))
            x = x if level == 0 else F.instance_norm(x)
            skips.append(x)
        for level, layer in enumerate(self.up):
            x = x if level == 0 else torch.cat([x, skips[DEPTH - 1 - level]], 1)
            x = F.instance_norm(layer(F.relu(x)))
        return torch.tanh(self.head(F.relu(x)))


class _Refine(nn.Module):
    """U-Net of 3 x 3 and dilated 4 x 4 convolutions, with coherent attention at one eighth of the size."""

    def __init__(self, width: int) -> None:
        super().__init__()
        widths = [6, *(min(8, 2**level) * width for level in range(DEPTH))]
        self.same = nn.ModuleList(nn.Conv2d(widths[i], widths[i], 3, padding=1) for i in range(DEPTH))
        self.down = nn.ModuleList(
            nn.Conv2d(widths[i], widths[i + 1], 4, stride=2, padding=3, dilation=2) for i in range(DEPTH)
        )
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(
                widths[i + 1] * (1 if i == DEPTH - 1 else 2), widths[i] if i else width, 4, 2, 1
            )
            for i in reversed(range(DEPTH))
        )
        self.smooth = nn.ModuleList(
            nn.Conv2d(widths[i] if i else width, widths[i] if i else width, 3, padding=1)
            for i in reversed(range(DEPTH))
        )
        self.attention = CoherentAttention()
        self.head = nn.Conv2d(width, 3, 3, padding=1)
        self.channels = widths[ATTENTION_LEVEL]

    def forward(self, photo: Tensor, rough: Tensor, M: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = torch.cat([photo, rough], 1)
        skips: list[Tensor] = []
        for level, (same, down) in enumerate(zip(self.same, self.down, strict=True)):
            x = down(F.leaky_relu(same(x if level == 0 else F.leaky_relu(x, 0.2)), 0.2))
            x = x if level == 0 else F.instance_norm(x)
            if level + 1 == ATTENTION_LEVEL:
                x = self.attention(x, M)
            skips.append(x)
        attended, decoded = skips[ATTENTION_LEVEL - 1], x
        for level, (up, smooth) in enumerate(zip(self.up, self.smooth, strict=True)):
            x = x if level == 0 else torch.cat([x, skips[DEPTH - 1 - level]], 1)
            x = F.instance_norm(smooth(F.relu(F.instance_norm(up(F.relu(x))))))
            if level + 1 == DEPTH - ATTENTION_LEVEL:
                decoded = x
        return torch.tanh(self.head(F.relu(x))), attended, decoded


class _PatchScores(nn.Sequential):
    """Scores of overlapping patches: 4 x 4 convolutions, the first ones with stride 2."""

    def __init__(self, inputs: int, width: int, strides: Sequence[int]) -> None:
        layers: list[nn.Module] = []
        channels = inputs
        for level, stride in enumerate(strides):
            outputs = min(8, 2**level) * width
            kernel, padding = (4, 1) if stride == 2 else (3, 1)
            layers += [nn.Conv2d(channels, outputs, kernel, stride, padding), nn.LeakyReLU(0.2)]
            channels = outputs
        super().__init__(*layers, nn.Conv2d(channels, 1, 3, padding=1))


class _Generators(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.rough, self.refine = _Rough(width), _Refine(width)
        self.compare = nn.Conv2d(self.refine.channels, _STAGE_CHANNELS, 1)
        self.compare_decoded = nn.Conv2d(self.refine.channels, _STAGE_CHANNELS, 1)


class CSA(ComparisonModel):
    """Both networks, a patch discriminator on pixels and one on features."""

    def __init__(self, size: int = 256, width: int = 64) -> None:  # noqa: ARG002
        """Build the networks.

        Args:
            size: Not used: both networks are convolutional.
            width: Channels of the first layers; 64 is the paper's.
        """
        super().__init__()
        self.networks = _Generators(width)
        self.pixels = _PatchScores(3, width, (2, 2, 2, 1))
        self.features = _PatchScores(_STAGE_CHANNELS, width, (2, 1))
        self.generator = self.networks
        self.adversary = nn.ModuleList([self.pixels, self.features])
        self._backbone: EfficientNetLite0 | None = None

    def latent_shape(self, size: int) -> None:
        """Return None, since CSA has one answer; see `ComparisonModel.latent_shape`."""

    def answer(self, I_m: Tensor, M: Tensor, noise: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """See `ComparisonModel.answer`."""
        return self._draw(I_m, M).refined

    def draw(self, batch: Batch) -> CsaAnswer:
        """Return rough and refined answers."""
        return self._draw(batch.image * batch.M, batch.M)

    def adversary_losses(self, batch: Batch, drawn: CsaAnswer) -> Losses:
        """Return relativistic average least-squares losses, on pixels and on features."""
        fake = drawn.refined.detach()
        pairs = self._scores(batch.image, fake, self._features(batch.image), self._features(fake))
        terms = {name: _relativistic(real, made) for name, (real, made) in pairs.items()}
        return weigh(terms, dict.fromkeys(terms, 1.0))

    def generator_losses(self, batch: Batch, drawn: CsaAnswer) -> Losses:
        """Return L1 of both answers, the attention's consistency with the photo, and the adversarial loss."""
        with torch.no_grad():
            real_features = self._features(batch.image)
        pairs = self._scores(batch.image, drawn.refined, real_features, self._features(drawn.refined))
        hidden = 1 - area(batch.M, real_features)
        made = (
            self.networks.compare(drawn.attended),
            self.networks.compare_decoded(drawn.decoded),
        )
        distances = [
            ((one - real_features) ** 2 * hidden).sum() / (hidden.sum() * one.shape[1] + 1) for one in made
        ]
        terms = {
            "rough": (drawn.rough - batch.image).abs().mean(),
            "refined": (drawn.refined - batch.image).abs().mean(),
            "consistency": distances[0] + distances[1],
            "adversarial": torch.stack([_relativistic(fake, real) for real, fake in pairs.values()]).sum(),
        }
        return weigh(terms, WEIGHTS)

    def _draw(self, I_m: Tensor, M: Tensor) -> CsaAnswer:
        rough = self.networks.rough(I_m)
        pasted = I_m * M + rough * (1 - M)
        refined, attended, decoded = self.networks.refine(I_m, pasted, M)
        return CsaAnswer(rough, refined, attended, decoded)

    def _features(self, image: Tensor) -> Tensor:
        if self._backbone is None:
            # Not registered as a module: frozen weights have no place in checkpoints.
            object.__setattr__(self, "_backbone", pretrained_lite0().to(image.device))
        assert self._backbone is not None
        return self._backbone.stages(image.float(), _STAGE + 1)[_STAGE] / _STAGE_SPREAD

    def _scores(
        self, real: Tensor, fake: Tensor, real_features: Tensor, fake_features: Tensor
    ) -> dict[str, tuple[Tensor, Tensor]]:
        return {
            "pixels": (self.pixels(real), self.pixels(fake)),
            "features": (self.features(real_features), self.features(fake_features)),
        }


def _relativistic(better: Tensor, worse: Tensor) -> Tensor:
    """Pull `better` one above the mean of `worse` and `worse` one below the mean of `better`."""
    return (((better - worse.mean() - 1) ** 2).mean() + ((worse - better.mean() + 1) ** 2).mean()) / 2
