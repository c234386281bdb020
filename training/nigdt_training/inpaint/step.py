"""One training step of stage 2: both discriminators, then the generator side, eq. 12 and 17 to 19."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.optim.swa_utils import get_ema_multi_avg_fn

from nigdt.model import NIGDT, Discriminator, DualPath
from nigdt.model import losses as L
from nigdt.model.match import MatchNetwork, match_loss
from nigdt.text import Vocabulary
from nigdt_training.match.backbone import EfficientNetLite0
from nigdt_training.samples import Batch, MatchCaptions
from nigdt_training.settings import LossSettings, TrainSettings

LOSSES = (
    *("l1", "l1_reconstruction", "kl_posterior", "kl_prior", "feature", "adversarial", "discriminator"),
    *("perceptual", "match", "total"),
)
"""Names of what `train_step` returns, as far as there is a term of that name."""
_PERCEIVED = 3  # maps compared by the perceptual distance: at a half, a quarter and an eighth of the size


class Networks:
    """Everything stage 2 trains: both paths, D1 and D2, their optimisers, and the averaged weights."""

    def __init__(self, settings: TrainSettings, vocabulary: Vocabulary, fabric: Fabric) -> None:
        config = settings.model_config
        torch.manual_seed(settings.seed)
        self.plain = DualPath(NIGDT(config, len(vocabulary)))
        if settings.freeze_text and config.use_text:
            self.plain.model.text_encoder.requires_grad_(False)
        self.perceiver = EfficientNetLite0.pretrained() if settings.loss.perceptual > 0 else None
        self.plain_d = nn.ModuleDict({"D1": Discriminator(config), "D2": Discriminator(config)})
        if self.perceiver is not None:
            self.perceiver.to(fabric.device)
        if settings.channels_last:
            self.plain.to(memory_format=torch.channels_last)
            self.plain_d.to(memory_format=torch.channels_last)
        self.averaged = {key: value.detach().clone() for key, value in self.plain.model.state_dict().items()}
        adam: dict[str, Any] = {"lr": settings.learning_rate, "betas": (settings.beta1, 0.999)}
        optimiser_g = torch.optim.Adam(self.plain.parameters(), **adam)
        optimiser_d = torch.optim.Adam(self.plain_d.parameters(), **adam)
        self.paths: Any
        self.discriminators: Any
        self.paths, self.optimiser_g = fabric.setup(self.plain, optimiser_g)
        self.plain_scores = _Scores(self.plain_d)
        self.discriminators, self.optimiser_d = fabric.setup(self.plain_scores, optimiser_d)
        self.averaged = {key: value.to(fabric.device) for key, value in self.averaged.items()}

    def compile(self) -> None:
        """Run both paths and the discriminators compiled from now on; the first step takes minutes."""
        self.plain.compile()
        self.plain_scores.compile()

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


@dataclass
class _Judged:
    """What the discriminators say of some pictures: D1's final feature, D1's and D2's patch scores."""

    feature: Tensor
    score1: Tensor
    score2: Tensor


class _Scores(nn.Module):
    """Both discriminators behind one `forward`, as data-parallel wrappers need."""

    D1: Discriminator
    D2: Discriminator

    def __init__(self, networks: nn.ModuleDict) -> None:
        super().__init__()
        self.add_module("D1", networks["D1"])
        self.add_module("D2", networks["D2"])

    def forward(self, image: Tensor, answers: Tensor) -> tuple[_Judged, _Judged]:
        """Photos (B, 3, H, W) and answers (N, 3, H, W), judged apart by the same weights."""
        with parametrize.cached():  # spectral norm takes one step of its iteration for both
            return self._judge(image), self._judge(answers)

    def _judge(self, picture: Tensor) -> _Judged:
        feature = self.D1.features(picture)
        score = self.D1.score(nn.functional.leaky_relu(feature, 0.1))
        return _Judged(feature, score, self.D2(picture))


def train_step(
    networks: Networks,
    batch: Batch,
    step: int,
    settings: TrainSettings,
    fabric: Fabric,
    match: MatchNetwork | None,
    captions: MatchCaptions | None,
    share: float = 1.0,
) -> dict[str, Tensor]:
    """Accumulate the gradients of one (micro-)batch; the caller clips, steps and averages.

    Args:
        networks: What is trained.
        batch: Pictures, masks, captions and noise.
        step: Global step, for what starts or repeats by step.
        settings: Weights and switches.
        fabric: Runs the backward passes.
        match: Match networks, frozen, or None where L_T is off.
        captions: What the match networks tell apart: the batch's captions, then further ones.
        share: The micro-batch's part of the whole batch.

    Returns:
        Every loss by name, detached scalars.
    """
    weights = settings.loss
    inputs = (batch.image, batch.M, batch.tokens, batch.lengths, batch.prior_noise, batch.posterior_noise)
    output = networks.paths(*inputs, reconstruct=step % weights.reconstruct_every == 0)
    answers = [output.generative.image, *output.reconstruction[-1:]]
    if weights.composite:
        answers = [batch.M * batch.image + (1 - batch.M) * answer for answer in answers]
    total, terms = _generator_loss(batch, output, weights)
    if step >= weights.adversarial_start and max(weights.adversarial, weights.feature) > 0:
        shown = _of_known_objects(batch) if weights.adversarial_objects else slice(None)
        image, made = batch.image[shown], torch.cat([answer[shown] for answer in answers])
        if len(image):
            part = len(image) / len(batch)
            more, judged = _adversaries(networks, image, made, weights, fabric, part, share)
            total = total + more
            terms |= judged
    if networks.perceiver is not None:
        terms["perceptual"] = _perceptual_term(networks.perceiver, batch.image, answers)
        total = total + weights.perceptual * terms["perceptual"]
    if match is not None and captions is not None and step % weights.match_every == 0:
        part = 1.0
        if weights.match_objects:
            shown = _of_known_objects(batch)
            answers, captions = [answer[shown] for answer in answers], captions.of(shown)
            part = shown.float().mean().item()
        if part:
            terms["match"] = _match_term(match, answers, captions)
            total = total + part * weights.match * weights.match_every * terms["match"]
    fabric.backward(share * total)
    return {name: value.detach() for name, value in {**terms, "total": total}.items()}


def _of_known_objects(batch: Batch) -> Tensor:
    """Return (B,) bool, which pictures' object has a known outline."""
    return batch.objects.amax((1, 2, 3)) > 0


def _adversaries(
    networks: Networks,
    image: Tensor,
    shown: Tensor,
    weights: LossSettings,
    fabric: Fabric,
    part: float,
    share: float,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Both sides' losses from one pass of the discriminators; theirs is taken back at once.

    The answers enter as a leaf: what the generator minimises goes back as far as that leaf, what the
    discriminators minimise as far as their parameters, and neither reaches the other. `part` is how much of
    the (micro-)batch they are shown, so that a picture weighs the same however many there are.

    Returns:
        The generator side's terms, with the gradient of the answers, and all losses by name.
    """
    leaf = shown.detach().requires_grad_()
    real, made = networks.discriminators(image, leaf)
    kind: Any = weights.adversary
    count = len(shown) // len(image)
    feature = L.feature_distance(real.feature.repeat(count, 1, 1, 1), made.feature)
    adversarial = L.generator_adversarial(made.score2, kind)
    generator = part * (weights.feature * feature + weights.adversarial * adversarial)
    fabric.backward(generator, inputs=[leaf], retain_graph=True)
    discriminator = L.discriminator_loss(real.score1, [made.score1], kind)
    discriminator = discriminator + L.discriminator_loss(real.score2, [made.score2], kind)
    fabric.backward(part * share * discriminator, inputs=list(networks.plain_d.parameters()))
    assert leaf.grad is not None
    carried = (shown * leaf.grad).sum()
    terms = {"feature": feature, "adversarial": adversarial, "discriminator": discriminator}
    return carried - carried.detach() + generator.detach(), terms


def _generator_loss(batch: Batch, output: Any, weights: LossSettings) -> tuple[Tensor, dict[str, Tensor]]:
    """L1 and KL terms of eq. 12, 17 and 18: their weighted sum, and each."""
    l1 = partial(
        L.pyramid_l1,
        image=batch.image,
        M=batch.M,
        hole_weight=weights.hole_weight,
        objects=batch.objects,
        object_weight=weights.object_weight,
        squared=weights.squared,
        relative=weights.relative,
        object_l1=weights.object_l1,
    )
    terms = {"l1": l1(output.generative.pyramid)}
    total = weights.l1 * terms["l1"]
    if output.posterior is not None:
        reconstructive = {
            "l1_reconstruction": l1(output.reconstruction),
            "kl_posterior": L.posterior_kl(
                output.posterior, reversed_arguments=weights.reversed_posterior_kl
            ),
            "kl_prior": L.prior_kl(output.posterior, output.generative.prior),
        }
        more = weights.l1 * reconstructive["l1_reconstruction"]
        more = more + weights.kl * (reconstructive["kl_posterior"] + reconstructive["kl_prior"])
        terms |= reconstructive
        total = total + weights.reconstruct_every * more
    return total, terms


def _perceptual_term(perceiver: EfficientNetLite0, image: Tensor, answers: Sequence[Tensor]) -> Tensor:
    """Perceptual distance of the answers to the photos (B, 3, H, W), summed over the answers."""
    with torch.no_grad():
        real = perceiver.stages(image, _PERCEIVED)
    made = [perceiver.stages(answer.float(), _PERCEIVED) for answer in answers]
    return torch.stack([L.perceptual_distance(real, maps) for maps in made]).sum()


def _match_term(match: MatchNetwork, answers: Sequence[Tensor], captions: MatchCaptions) -> Tensor:
    """L_T of eq. 11 on both outputs."""
    with torch.no_grad():
        text = match.text_encoder(captions.tokens, captions.lengths)
    own, further = captions.owner.tensor_split([len(answers[0])])
    return torch.stack([match_loss(match(answer.float(), text), own, further) for answer in answers]).sum()
