"""One training step of stage 2: both discriminators, then the generator side, eq. 12 and 17 to 19."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.optim.swa_utils import get_ema_multi_avg_fn

from nigdt.model import NIGDT, Discriminator, DualPath, PublishedDiscriminator
from nigdt.model import losses as L
from nigdt.model.blocks import recompute_blocks
from nigdt.model.encoders import TextEncoder
from nigdt.model.match import MatchNetwork, match_loss
from nigdt.text import Vocabulary
from nigdt_training.checkpoint import load_strictly
from nigdt_training.inpaint.adversaries import Adversaries, Judged
from nigdt_training.inpaint.projected import Conditions, ProjectedScores, judge_projected, load_projected
from nigdt_training.samples import Batch, MatchCaptions
from nigdt_training.settings import LossSettings, TrainSettings

_MARKS, _AROUND = 12.0, 5
"""Weight of eyes, beaks and legs in the L1 beside the rest of a bird, and pixels around that count too."""


class Networks:
    """Everything stage 2 trains: both paths, D1 and D2, their optimisers, and the averaged weights.

    Args:
        settings: Model, optimisers, losses.
        vocabulary: The run's.
        fabric: Device, precision, processes.
        channels_last: Keep weights and pictures channels last; None does so with bfloat16, whose convolutions
            run faster on them.
    """

    def __init__(
        self,
        settings: TrainSettings,
        vocabulary: Vocabulary,
        fabric: Fabric,
        *,
        channels_last: bool | None = None,
    ) -> None:
        self.settings = settings
        config = settings.model_config
        torch.manual_seed(settings.seed)
        self.plain = DualPath(NIGDT(config, len(vocabulary)))
        if settings.loss.adversary == "projected":
            self.projected = load_projected(config.text_channels if config.use_text else 0)
            self.plain_d = nn.ModuleDict({"projected": self.projected})
            self.plain_scores: nn.Module = ProjectedScores(self.projected)
        else:
            kind = PublishedDiscriminator if settings.loss.published else Discriminator
            self.plain_d = nn.ModuleDict({"D1": kind(config), "D2": kind(config)})
            self.plain_scores = _Scores(self.plain_d)
        if settings.recompute:
            recompute_blocks(self.plain)
        self.channels_last = _is_bfloat16(fabric) if channels_last is None else channels_last
        if self.channels_last:
            self.plain.to(memory_format=torch.channels_last)
            self.plain_d.to(memory_format=torch.channels_last)
        self.averaged = {key: value.detach().clone() for key, value in self.plain.model.state_dict().items()}
        adam: dict[str, Any] = {"lr": settings.learning_rate, "betas": (settings.beta1, 0.999)}
        optimiser_g = torch.optim.Adam(self.plain.parameters(), **adam)
        optimiser_d = torch.optim.Adam(self.plain_d.parameters(), **adam)
        self.paths: Any
        self.discriminators: Any
        self.paths, self.optimiser_g = fabric.setup(self.plain, optimiser_g)
        self.discriminators, self.optimiser_d = fabric.setup(self.plain_scores, optimiser_d)
        self.averaged = {key: value.to(fabric.device) for key, value in self.averaged.items()}

    def freeze_text(self, encoder: TextEncoder) -> None:
        """Put this text encoder, which learns nothing more, in the place of the model's own.

        Raises:
            NigdtError: It has other widths, another cell or another vocabulary.
        """
        own = self.plain.model.text_encoder
        load_strictly(own, encoder.state_dict(), "the match networks' text encoder")
        own.requires_grad_(False)
        for name, value in own.state_dict().items():
            self.averaged[f"text_encoder.{name}"].copy_(value)

    def learn(self) -> None:
        """Set all networks to training; a frozen text encoder drops nothing out."""
        self.paths.train()
        self.discriminators.train()
        if self.settings.frozen_text:
            self.plain.model.text_encoder.eval()

    @torch.no_grad()
    def average(self, decay: float) -> None:
        """Move the averaged weights one step towards the current ones.

        Buffers are copied: the mean of spectral norm's unit vectors is shorter than 1 and would understate
        sigma.
        """
        learnt = dict(self.plain.model.named_parameters())
        averages = [self.averaged[name] for name in learnt]
        get_ema_multi_avg_fn(decay)(averages, [*learnt.values()], 0)
        for name, value in self.plain.model.state_dict().items():
            if name not in learnt:
                self.averaged[name].copy_(value)


def _is_bfloat16(fabric: Fabric) -> bool:
    return str(fabric.strategy.precision.precision).startswith("bf16")


@dataclass
class _Verdict:
    """What the discriminators say of some pictures: D1's final feature, D1's and D2's patch scores."""

    feature: Tensor
    score1: Tensor
    score2: Tensor


class _Scores(nn.Module):
    """Both discriminators behind one `forward`, as data-parallel wrappers need."""

    D1: Discriminator | PublishedDiscriminator
    D2: Discriminator | PublishedDiscriminator

    def __init__(self, networks: nn.ModuleDict) -> None:
        super().__init__()
        self.add_module("D1", networks["D1"])
        self.add_module("D2", networks["D2"])

    def forward(self, image: Tensor, answers: Tensor) -> tuple[_Verdict, _Verdict]:
        """Score photos (B, 3, H, W) and answers (N, 3, H, W) apart by the same weights."""
        with parametrize.cached():  # spectral norm takes one step of its iteration for both
            return self._scores(image), self._scores(answers)

    def _scores(self, picture: Tensor) -> _Verdict:
        feature = self.D1.features(picture)
        score = self.D1.score(nn.functional.leaky_relu(feature, 0.1))
        return _Verdict(feature, score, self.D2(picture))


def train_step(
    networks: Networks,
    batch: Batch,
    step: int,
    settings: TrainSettings,
    fabric: Fabric,
    match: MatchNetwork | None,
    captions: MatchCaptions | None,
    fraction: float = 1.0,
) -> dict[str, Tensor]:
    """Accumulate the gradients of one (micro-)batch; the caller clips, steps and averages.

    Eq. 12 and L_T are sums over both answers, I_g and I_r. Terms that are not computed at every step are
    scaled by the number of steps between, so that each weighs the same in the long run.

    Args:
        networks: What is trained.
        batch: Pictures, masks, captions and noise.
        step: Global step, for what repeats by step.
        settings: Weights and switches.
        fabric: Runs the backward passes.
        match: Match networks, frozen, or None where L_T is off.
        captions: What the match networks tell apart: the batch's captions, then extra negatives.
        fraction: The micro-batch's part of the whole batch.

    Returns:
        Detached scalars by name: every loss as it is before weighting, "total" as it is minimised, and what
        compares between settings: "l1", the plain mean absolute difference of I_g in [-1, 1], and "psnr",
        its mean PSNR in dB, which is what a logarithm in the L1 term (`relative`) stands for.
    """
    # What is made again for the gradient must meet the weights that it was made with.
    with parametrize.cached() if settings.recompute else nullcontext():
        return _step(networks, batch, step, settings, fabric, match, captions, fraction)


def _step(
    networks: Networks,
    batch: Batch,
    step: int,
    settings: TrainSettings,
    fabric: Fabric,
    match: MatchNetwork | None,
    captions: MatchCaptions | None,
    fraction: float,
) -> dict[str, Tensor]:
    weights = settings.loss
    inputs = (batch.image, batch.M, batch.tokens, batch.lengths, batch.prior_noise, batch.posterior_noise)
    output = networks.paths(*inputs, reconstruct=step % weights.reconstruct_every == 0, outline=batch.outline)
    answers = [output.generative.image, *output.reconstruction[-1:]]
    if weights.composite:
        answers = [batch.M * batch.image + (1 - batch.M) * answer for answer in answers]
    total, terms = _generator_loss(batch, output, weights)
    gap = weights.reconstruct_every
    if weights.variety and step % gap == gap // 2:  # the reconstructive path's steps are long enough
        terms["variety"] = _variety(networks, batch, output.generative.image)
        total = total + gap * weights.variety * terms["variety"]
    if max(weights.adversarial, weights.feature) > 0:
        shown = _of_known_objects(batch) if weights.objects_only else slice(None)
        image = batch.image[shown]
        if len(image):
            adversaries = Adversaries(weights, fabric, len(image) / len(batch), fraction)
            made = torch.cat([answer[shown] for answer in answers])
            leaf = made.detach().requires_grad_()
            if weights.adversary == "projected":
                sentence = output.text.sentence.detach()[shown]
                captions_of = [batch.captions[i] for i in torch.arange(len(batch))[shown].tolist()]
                case = Conditions(image, batch.M[shown], sentence, captions_of)
                judged = judge_projected(networks.projected, networks.discriminators, case, leaf)
            else:
                judged = _judge(networks, image, leaf, weights)
            more, found = adversaries.take_back(made, leaf, judged, networks.plain_d.parameters())
            total = total + more
            terms |= found
    if match is not None and captions is not None and step % weights.match_every == 0:
        part = 1.0
        if weights.objects_only:
            shown = _of_known_objects(batch)
            answers, captions = [answer[shown] for answer in answers], captions.of(shown)
            part = shown.float().mean().item()
        if part:
            # I_r is there only at steps that are multiples of both numbers.
            gaps = (weights.match_every, math.lcm(weights.match_every, weights.reconstruct_every))
            each = _match_terms(match, answers, captions, weights.published)
            terms["match"] = torch.stack(each).sum()
            weighted = [gap * term for gap, term in zip(gaps, each, strict=False)]
            total = total + part * weights.match * torch.stack(weighted).sum()
    fabric.backward(fraction * total)
    return {name: value.detach() for name, value in {**terms, "total": total}.items()}


def _variety(networks: Networks, batch: Batch, answer: Tensor) -> Tensor:
    """Compare I_g with a second one, of the same noise with its channels in reverse order."""
    noise = batch.prior_noise.flip(1)
    inputs = (batch.image, batch.M, batch.tokens, batch.lengths, noise, batch.posterior_noise)
    other = networks.paths(*inputs, reconstruct=False, outline=batch.outline).generative.image
    return L.variety_shortfall(answer, other, batch.M)


def _of_known_objects(batch: Batch) -> Tensor:
    """Return (B,) bool, which pictures' object has a known outline."""
    return batch.objects.amax((1, 2, 3)) > 0


def _judge(networks: Networks, image: Tensor, leaf: Tensor, weights: LossSettings) -> Judged:
    """Score answers by D1 and D2.

    Args:
        networks: D1 and D2.
        image: (B, 3, H, W), the photos that the discriminators are shown.
        leaf: I_g and, at steps of the reconstructive path, I_r, one after the other, (N, 3, H, W).
        weights: Which distance and which adversary.
    """
    real, made = networks.discriminators(image, leaf)
    kind: L.Adversary = "hinge" if weights.adversary == "hinge" else "lsgan"
    if weights.published:  # its distance is of scores
        features = [L.score_distance(real.score1, one) for one in made.score1.split(len(image))]
    else:
        features = [L.feature_distance(real.feature, one) for one in made.feature.split(len(image))]
    scores = [L.generator_adversarial(one, kind) for one in made.score2.split(len(image))]
    first = len(image) if weights.published else 0  # it learns to reject I_r alone
    discriminator = L.discriminator_loss(real.score1, [made.score1[first:]], kind)
    discriminator = discriminator + L.discriminator_loss(real.score2, [made.score2[first:]], kind)
    return Judged(features, scores, discriminator)


def _with_marks(batch: Batch) -> Tensor:
    """Return the objects, (B, 1, H, W), where small parts count for more: they are a hundredth of a bird."""
    if batch.outline.shape[1] < 2:
        return batch.objects
    small = F.relu(batch.outline[:, 1:] - 0.5) * 2  # not wings, which are drawn more weakly
    return batch.objects + _MARKS * F.max_pool2d(small, _AROUND, 1, _AROUND // 2)


def _generator_loss(batch: Batch, output: Any, weights: LossSettings) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the L1 and KL terms of eq. 12, 17 and 18: their weighted sum, and each."""
    pyramid = partial(
        L.pyramid_l1,
        image=batch.image,
        M=batch.M,
        hole_weight=weights.hole_weight,
        objects=_with_marks(batch),
        object_weight=weights.object_weight,
        squared=weights.squared,
        relative=weights.relative,
        object_l1=weights.object_l1,
        summed=weights.published,
        targets="samples" if weights.published else "area",
    )
    terms = {"pyramid": pyramid(output.generative.pyramid)}
    total = weights.l1 * terms["pyramid"]
    with torch.no_grad():
        difference = output.generative.image - batch.image
        terms["l1"] = difference.abs().mean()
        mean_square = difference.square().mean((1, 2, 3)).clamp(min=1e-6)
        terms["psnr"] = 10 * torch.log10(4 / mean_square).mean()  # pictures span 2
    if output.posterior is not None:
        reconstructive = {
            "pyramid_reconstruction": pyramid(output.reconstruction),
            "kl_posterior": L.posterior_kl(output.posterior, reversed_arguments=weights.published),
            "kl_prior": L.prior_kl(output.posterior, output.generative.prior),
        }
        more = weights.l1 * reconstructive["pyramid_reconstruction"]
        kl = weights.kl * (len(output.reconstruction) if weights.published else 1)
        more = more + kl * (reconstructive["kl_posterior"] + reconstructive["kl_prior"])
        terms |= reconstructive
        total = total + weights.reconstruct_every * more
    return total, terms


def _match_terms(
    match: MatchNetwork, answers: Sequence[Tensor], captions: MatchCaptions, undivided: bool
) -> list[Tensor]:
    """Return L_T of eq. 11 of each answer."""
    with torch.no_grad():
        text = match.text_encoder(captions.tokens, captions.lengths)
    own, extra = captions.negative_groups.tensor_split([len(answers[0])])
    scores = [match(answer.float(), text) for answer in answers]
    return [match_loss(one, own, extra, undivided=undivided) for one in scores]
