"""The losses of eq. 12 and 17 to 19, each a plain function of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from nigdt.config import MaskCells
from nigdt.model.blocks import SHRINK, area
from nigdt.model.network import Gaussian

Adversary = Literal["lsgan", "hinge"]
_SMALL_ERROR = 1e-3  # mean squared difference below which a picture is as good as right: 36 dB
_VARIETY = 0.12  # mean absolute difference of two answers, in [-1, 1], that is enough: 15 of 255 grey levels
_EPSILON = 1e-8  # keeps the root's gradient finite where two features are equal


def pyramid_l1(
    pyramid: Sequence[Tensor],
    image: Tensor,
    M: Tensor,
    hole_weight: float = 1.0,
    *,
    objects: Tensor | None = None,
    object_weight: float = 1.0,
    squared: float = 0.0,
    relative: float = 0.0,
    object_l1: float = 0.0,
    summed: bool = False,
    targets: MaskCells = "area",
) -> Tensor:
    """Compute the L1 over every scale of the output pyramid (first term of eq. 12).

    The number of scales is the pyramid's, whatever the batch size.

    Args:
        pyramid: (B, 3, h, w) pictures in [-1, 1], coarse to fine.
        image: (B, 3, H, W), the complete picture.
        M: (B, 1, H, W), 1 = visible.
        hole_weight: Weight of a hidden pixel relative to a visible one; 1 is the paper.
        objects: (B, 1, H, W) in [0, 1], 1 = the described object, 0 also where none is known; or None.
        object_weight: Weight of a hidden pixel of the object relative to another hidden one; 1 is the paper.
        squared: Weight of the squared difference beside the absolute one; 0 is the paper.
        relative: Weight of the logarithm of each picture's weighted mean squared difference beside it, which
            is its PSNR but for sign and constants: a photo that is easy to continue counts as much as a hard
            one. 0 is the paper.
        object_l1: Weight of the absolute difference in pictures whose object is known, which then take no
            part in `squared` and `relative`: the least absolute difference is a median, so the object's
            colour ends where its outline probably is instead of fading out. 0 treats them like all others.
        summed: Add the scales up, as in the published code, instead of averaging them.
        targets: How the photo is brought to the coarse scales: averaged by area, or by bilinear samples as in
            the published code.

    Returns:
        Weighted mean absolute difference of each picture, averaged over pictures and scales; a batch's
        loss is the mean of its parts' losses, however it is split.
    """
    total = image.new_zeros(())
    known = image.new_zeros(len(image))  # which pictures are taken by their median
    if objects is not None and object_l1:
        known = (objects.amax((1, 2, 3)) > 0).to(image.dtype)
    for picture in pyramid:
        target = SHRINK[targets](image, picture)
        hidden = 1 - area(M, picture)
        weight = 1 + (hole_weight - 1) * hidden
        if objects is not None and object_weight != 1:
            weight = weight + (object_weight - 1) * hole_weight * hidden * area(objects, picture)
        weight = weight / (3 * weight.sum((1, 2, 3), keepdim=True))
        difference = (picture - target).abs()
        square = difference.square()
        absolute, mean_square = (weight * difference).sum((1, 2, 3)), (weight * square).sum((1, 2, 3))
        loss = absolute + squared * mean_square
        if relative:
            loss = loss + relative * torch.log(mean_square + _SMALL_ERROR)
        total = total + (known * object_l1 * absolute + (1 - known) * loss).mean()
    return total if summed else total / len(pyramid)


def variety_shortfall(first: Tensor, second: Tensor, M: Tensor) -> Tensor:
    """Tell how much two answers to the same question, from different z, lack in difference.

    A hinge on the mode-seeking ratio's numerator: answers that differ enough are pulled no further apart.

    Args:
        first: (B, 3, H, W) in [-1, 1].
        second: The same shape.
        M: (B, 1, H, W), 1 = visible.

    Returns:
        Between 0, where every pair differs by 15 of 255 grey levels on average over its hole, and 1, where
        the two are equal; mean of the pictures.
    """
    hidden = 1 - M
    difference = ((first - second).abs().mean(1, keepdim=True) * hidden).sum((1, 2, 3))
    apart = difference / hidden.sum((1, 2, 3)).clamp(min=1)
    return F.relu(1 - apart / _VARIETY).mean()


def feature_distance(real: Tensor, fake: Tensor) -> Tensor:
    """Compute ||D1(I) - D1(I_g)||_2, the second term of eq. 12 (printed with I twice).

    Args:
        real: D1's final feature of the photos, (B, C, h, w); no gradient flows into it.
        fake: The same of the answers.

    Returns:
        Euclidean norm per picture over the square root of its number of values, so that the size does not
        depend on the picture's; averaged over the batch.
    """
    mean_square = (real.detach() - fake).square().flatten(1).mean(1)
    return (mean_square + _EPSILON).sqrt().mean() - _EPSILON**0.5


def score_distance(real: Tensor, fake: Tensor) -> Tensor:
    """Compute the mean squared difference of D1's scores: the published code's second term of eq. 12.

    Args:
        real: D1's patch scores of the photos; no gradient flows into them.
        fake: The same of the answers.
    """
    return F.mse_loss(fake, real.detach())


def generator_adversarial(scores: Tensor, kind: Adversary = "lsgan") -> Tensor:
    """Return what the generator minimises, given D2's scores of its picture (third term of eq. 12)."""
    return (scores - 1).square().mean() if kind == "lsgan" else -scores.mean()


def discriminator_loss(real: Tensor, fakes: Sequence[Tensor], kind: Adversary = "lsgan") -> Tensor:
    """Return a discriminator's loss: real towards 1, fakes (averaged) towards 0; hinge: beyond +-1."""
    if kind == "lsgan":
        losses = [fake.square().mean() for fake in fakes]
        return ((real - 1).square().mean() + sum(losses) / len(losses)) / 2
    losses = [F.relu(1 + fake).mean() for fake in fakes]
    return (F.relu(1 - real).mean() + sum(losses) / len(losses)) / 2


def kl_divergence(q: Gaussian, p: Gaussian) -> Tensor:
    """Compute KL(q || p) of diagonal Gaussians.

    Returns:
        Mean over batch, channels and cells, so that its size does not depend on the picture's size.
    """
    ratio = q.sigma / p.sigma
    return (0.5 * (ratio.square() + ((q.mu - p.mu) / p.sigma).square() - 1) - torch.log(ratio)).mean()


def posterior_kl(q: Gaussian, *, reversed_arguments: bool = False) -> Tensor:
    """Compute eq. 17, sign corrected: KL(q || N(0, 1)), or the reverse, as the published code had it."""
    standard = Gaussian(torch.zeros_like(q.mu), torch.ones_like(q.sigma))
    return kl_divergence(standard, q) if reversed_arguments else kl_divergence(q, standard)


def prior_kl(q: Gaussian, p: Gaussian) -> Tensor:
    """Compute eq. 18, sign corrected: KL(stopgrad(q) || p(. | h^g)): only the prior is pulled."""
    return kl_divergence(Gaussian(q.mu.detach(), q.sigma.detach()), p)
