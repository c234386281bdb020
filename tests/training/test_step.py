"""One training step: what each side's gradients are, and what they cost."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from lightning_fabric import Fabric
from nigdt_training.bench.steps import synthetic_batch
from nigdt_training.inpaint.step import Networks, train_step
from nigdt_training.samples import MatchCaptions
from nigdt_training.settings import TrainSettings, settings_from

from nigdt.errors import NigdtError
from nigdt.model import losses as L
from nigdt.model.match import MatchNetwork, match_loss
from nigdt.text import Vocabulary


def prepared(settings: TrainSettings) -> tuple[Fabric, Networks, Any]:
    fabric = Fabric(accelerator="cpu", devices=1)
    networks = Networks(settings, Vocabulary([f"w{i}" for i in range(2000)]), fabric)
    size = settings.picture_size
    batch = synthetic_batch(settings, networks.plain.model.latent_shape(size, size), fabric.device)
    return fabric, networks, batch


class Backbone(torch.nn.Module):
    """Features of pictures, without the weights of ImageNet."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Conv2d(3, 8, 8, 8)

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        regions = self.layer(image)
        return regions, regions.mean((2, 3))


def _arguments(batch: Any) -> tuple[torch.Tensor, ...]:
    noise = (batch.prior_noise, batch.posterior_noise)
    return (batch.image, batch.M, batch.tokens, batch.lengths, *noise)


def gradients(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    found = {name: value.grad.clone() for name, value in module.named_parameters() if value.grad is not None}
    module.zero_grad()
    return found


def plain_step(networks: Networks, batch: Any, settings: TrainSettings) -> dict[str, torch.Tensor]:
    """Eq. 12 and 17 to 19 as they are printed, each network run whenever a term names it."""
    weights, D1, D2 = settings.loss, networks.plain_d["D1"], networks.plain_d["D2"]
    output = networks.plain(*_arguments(batch))
    answers = [output.generative.image, output.reconstruction[-1]]
    if weights.composite:
        answers = [batch.M * batch.image + (1 - batch.M) * answer for answer in answers]
    kind: Any = weights.adversary
    d_loss = sum(
        L.discriminator_loss(network(batch.image), [network(answer.detach()) for answer in answers], kind)
        for network in (D1, D2)
    )
    d_loss.backward()
    found = {f"d.{name}": value for name, value in gradients(networks.plain_d).items()}
    features = [L.feature_distance(D1.features(batch.image), D1.features(answer)) for answer in answers]
    scores = [L.generator_adversarial(D2(answer), kind) for answer in answers]
    total = weights.feature * sum(features) + weights.adversarial * sum(scores)
    for pyramid in (output.generative.pyramid, output.reconstruction):
        total = total + weights.l1 * L.pyramid_l1(pyramid, batch.image, batch.M, weights.hole_weight)
    total = total + weights.kl * L.posterior_kl(output.posterior)
    total = total + weights.kl * L.prior_kl(output.posterior, output.generative.prior)
    total.backward()
    networks.plain_d.zero_grad()
    return found | {f"g.{name}": value for name, value in gradients(networks.plain).items()}


@pytest.mark.parametrize("change", [{}, {"adversary": "hinge", "hole_weight": 6.0}])
def test_one_shared_pass_gives_the_gradients_of_separate_ones(tiny_settings, change) -> None:
    tiny_settings["model"] |= {"text_dropout": 0.0}
    tiny_settings["loss"] = {"match": 0.0, "feature": 3.0, "adversarial": 2.0, **change}
    settings = settings_from(tiny_settings)
    fabric, networks, batch = prepared(settings)
    networks.plain.eval()  # spectral norm stands still, so that both ways see the same weights
    networks.plain_d.eval()
    torch.nn.init.constant_(networks.plain_d["D1"].layers[3].gamma, 0.5)
    expected = plain_step(networks, batch, settings)
    train_step(networks, batch, 0, settings, fabric, None, None)
    found = {f"d.{name}": value for name, value in gradients(networks.plain_d).items()}
    found |= {f"g.{name}": value for name, value in gradients(networks.plain).items()}
    assert found.keys() == expected.keys()
    assert any(value.abs().max() > 0 for name, value in found.items() if name.startswith("d.D2"))
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-6, msg=name)


def test_every_picture_passes_each_discriminator_once(tiny_settings) -> None:
    tiny_settings["loss"] = {"match": 0.0}
    settings = settings_from(tiny_settings)
    fabric, networks, batch = prepared(settings)
    rows = {"D1": 0, "D2": 0}
    for name in rows:

        def count(module, inputs, output, name=name):
            rows[name] += len(output)

        networks.plain_d[name].layers.register_forward_hook(count)
    before = {name: value.clone() for name, value in networks.plain_d.named_buffers()}
    train_step(networks, batch, 0, settings, fabric, None, None)
    assert rows == {"D1": 3 * len(batch), "D2": 3 * len(batch)}, "photo, generated, reconstructed"
    moved = [name for name, value in networks.plain_d.named_buffers() if not torch.equal(value, before[name])]
    assert moved, "spectral norm follows the weights while training"


def test_discriminators_can_be_shown_known_objects_alone(tiny_settings) -> None:
    tiny_settings["model"] |= {"text_dropout": 0.0}
    loss = {"match": 0.0, "kl": 0.0, "l1": 0.0, "feature": 3.0, "adversarial": 2.0}
    every = settings_from({**tiny_settings, "loss": loss})
    chosen = settings_from({**tiny_settings, "loss": {**loss, "objects_only": True}})
    fabric, networks, batch = prepared(every)
    networks.plain.eval()
    networks.plain_d.eval()
    torch.nn.init.constant_(networks.plain_d["D1"].layers[3].gamma, 0.5)
    batch.objects[:] = 0
    found = {}
    assert "discriminator" not in train_step(networks, batch, 0, chosen, fabric, None, None)
    batch.objects[1:3, :, 5:9] = 1
    for name, rows, settings in (("chosen", batch, chosen), ("those", batch.rows(1, 3), every)):
        networks.optimiser_g.zero_grad()
        networks.optimiser_d.zero_grad()
        train_step(networks, rows, 0, settings, fabric, None, None)
        found[name] = {f"g.{key}": value for key, value in gradients(networks.plain).items()}
        found[name] |= {f"d.{key}": value for key, value in gradients(networks.plain_d).items()}
    assert any(value.abs().max() > 0 for value in found["those"].values())
    for name, value in found["those"].items():
        expected = value * 2 / len(batch)
        torch.testing.assert_close(found["chosen"][name], expected, rtol=1e-3, atol=1e-6, msg=name)


def test_a_reconstruction_now_and_then_weighs_as_much_as_one_every_step(tiny_settings) -> None:
    """Eq. 12 and L_T alike, for each of the two answers."""
    tiny_settings["model"] |= {"text_dropout": 0.0}
    plain = {"adversarial": 2.0, "feature": 3.0, "match": 0.5}
    every = settings_from({**tiny_settings, "loss": plain})
    settings = settings_from({**tiny_settings, "loss": {**plain, "reconstruct_every": 2}})
    fabric, networks, batch = prepared(settings)
    networks.plain.eval()
    networks.plain_d.eval()
    torch.nn.init.constant_(networks.plain_d["D1"].layers[3].gamma, 0.5)
    match = MatchNetwork(Backbone(), 8, 8, 2000, channels=8, embedding=4).eval().requires_grad_(False)
    captions = MatchCaptions(batch.tokens, batch.lengths, batch.photo)
    found = []
    for step, chosen in ((0, every), (0, settings), (1, settings)):
        train_step(networks, batch, step, chosen, fabric, match, captions)
        found.append(gradients(networks.plain))
    whole, with_it, without = found
    assert not any(name.startswith("posterior") for name in without)
    for name, value in whole.items():
        mean = (with_it[name] + without.get(name, torch.zeros_like(value))) / 2
        torch.testing.assert_close(mean, value, rtol=1e-3, atol=1e-5, msg=name)


def test_the_match_loss_of_both_answers_is_minimised(tiny_settings) -> None:
    """Eq. 11 and 19: L_T of I_g and of I_r, added with lambda_T."""
    tiny_settings["loss"] = {"adversarial": 0.0, "feature": 0.0, "l1": 0.0, "kl": 0.0, "match": 0.5}
    settings = settings_from(tiny_settings)
    fabric, networks, batch = prepared(settings)
    networks.plain.eval()
    torch.manual_seed(0)
    match = MatchNetwork(Backbone(), 8, 8, 2000, channels=8, embedding=4).eval().requires_grad_(False)
    captions = MatchCaptions(batch.tokens, batch.lengths, batch.photo)
    logs = train_step(networks, batch, 0, settings, fabric, match, captions)
    found = gradients(networks.plain)

    noise = (batch.prior_noise, batch.posterior_noise)
    output = networks.plain(batch.image, batch.M, batch.tokens, batch.lengths, *noise)
    text = match.text_encoder(batch.tokens, batch.lengths)
    each = [
        match_loss(match(image, text), batch.photo)
        for image in (output.generative.image, output.reconstruction[-1])
    ]
    assert logs["match"].item() == pytest.approx(sum(each).item(), rel=1e-5)
    assert logs["total"].item() == pytest.approx(0.5 * sum(each).item(), rel=1e-5)
    (0.5 * sum(each)).backward()
    expected = gradients(networks.plain)
    assert any(value.abs().max() > 0 for value in expected.values())
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-6, msg=name)


def test_the_match_loss_can_be_that_of_known_objects_alone(tiny_settings) -> None:
    tiny_settings["model"] |= {"text_dropout": 0.0}
    loss = {"adversarial": 0.0, "feature": 0.0, "l1": 0.0, "kl": 0.0, "match": 0.5}
    every = settings_from({**tiny_settings, "loss": loss})
    chosen = settings_from({**tiny_settings, "loss": {**loss, "objects_only": True}})
    fabric, networks, batch = prepared(every)
    networks.plain.eval()
    torch.manual_seed(0)
    match = MatchNetwork(Backbone(), 8, 8, 2000, channels=8, embedding=4).eval().requires_grad_(False)
    captions = MatchCaptions(batch.tokens, batch.lengths, batch.photo)
    batch.objects[:] = 0
    assert "match" not in train_step(networks, batch, 0, chosen, fabric, match, captions)
    networks.plain.zero_grad()
    batch.objects[1:3, :, 5:9] = 1
    order = [1, 2, 0, *range(3, len(batch))]
    theirs = MatchCaptions(batch.tokens[order], batch.lengths[order], batch.photo[order])
    logs, found = [], []
    for rows, settings, told in ((batch, chosen, captions), (batch.rows(1, 3), every, theirs)):
        logs.append(train_step(networks, rows, 0, settings, fabric, match, told))
        found.append(gradients(networks.plain))
    torch.testing.assert_close(logs[0]["match"], logs[1]["match"], rtol=1e-4, atol=1e-6)
    assert any(value.abs().max() > 0 for value in found[1].values())
    for name, value in found[1].items():
        expected = value * 2 / len(batch)
        torch.testing.assert_close(found[0][name], expected, rtol=1e-3, atol=1e-6, msg=name)


def test_the_published_codes_losses(tiny_settings) -> None:
    """Each of its differences from eq. 12 and 17 to 19, written out."""
    tiny_settings["model"] |= {"text_dropout": 0.0, "size": 96}  # its scores take 3 x 3 places at H / 32
    tiny_settings["loss"] = {
        "kind": "published",
        "l1": 20.0,
        "kl": 20.0,
        "feature": 1.0,
        "adversarial": 1.0,
        "match": 0.0,
    }
    settings = settings_from(tiny_settings)
    fabric, networks, batch = prepared(settings)
    networks.plain.eval()
    networks.plain_d.eval()
    logs = train_step(networks, batch, 0, settings, fabric, None, None)

    output = networks.plain(*_arguments(batch))
    g, r = output.generative.pyramid, output.reconstruction
    total = torch.zeros(())
    for picture in (*g, *r):
        size = picture.shape[2:]
        target = torch.nn.functional.interpolate(batch.image, size, mode="bilinear", align_corners=True)
        total = total + 20 * (picture - target).abs().mean()
    q, p = (
        torch.distributions.Normal(one.mu, one.sigma) for one in (output.posterior, output.generative.prior)
    )
    standard = torch.distributions.Normal(torch.zeros_like(q.mean), torch.ones_like(q.mean))
    kl = torch.distributions.kl_divergence
    total = total + 20 * 4 * (kl(standard, q).mean() + kl(q, p).mean())
    D1, D2 = networks.plain_d["D1"], networks.plain_d["D2"]
    real = D1(batch.image)
    for picture in (g[-1], r[-1]):
        total = total + (D1(picture) - real).square().mean() + (D2(picture) - 1).square().mean()
    assert logs["total"].item() == pytest.approx(total.item(), rel=1e-4)
    each = [((D(batch.image) - 1).square().mean() + D(r[-1]).square().mean()) / 2 for D in (D1, D2)]
    assert logs["discriminator"].item() == pytest.approx(sum(each).item(), rel=1e-4)


def test_a_frozen_text_encoder_is_the_match_networks_and_learns_nothing(tiny_settings) -> None:
    tiny_settings["model"] |= {"size": 96}
    tiny_settings |= {"loss": {"kind": "published", "match": 0.1}}
    settings = settings_from(tiny_settings)
    fabric, networks, batch = prepared(settings)
    match = MatchNetwork(Backbone(), 8, 8, 2000, channels=8, embedding=8)
    networks.freeze_text(match.text_encoder)
    networks.learn()
    text = networks.plain.model.text_encoder(batch.tokens, batch.lengths)
    expected = match.text_encoder.eval()(batch.tokens, batch.lengths)
    torch.testing.assert_close(text.words, expected.words, msg="without dropout")
    train_step(networks, batch, 0, settings, fabric, None, None)
    before = {name: value.clone() for name, value in match.text_encoder.state_dict().items()}
    networks.optimiser_g.step()
    networks.average(0.5)
    for name, value in before.items():
        assert torch.equal(networks.plain.model.text_encoder.state_dict()[name], value)
        torch.testing.assert_close(networks.averaged[f"text_encoder.{name}"], value)
    wider = MatchNetwork(Backbone(), 8, 8, 2000, channels=16, embedding=8)
    with pytest.raises(NigdtError, match="text encoder do not fit"):
        networks.freeze_text(wider.text_encoder)


def test_switches_that_exclude_each_other_are_told(tiny_settings) -> None:
    for change, says in (
        ({"loss": {"kind": "published", "reconstruct_every": 2}}, "reconstruct_every: 1"),
        ({"loss": {"kind": "published", "adversary": "projected"}}, "discriminators of its own"),
        ({"size": 64, "loss": {"kind": "published"}}, "96 px"),
    ):
        with pytest.raises(NigdtError, match=says):
            settings_from({**tiny_settings, **change})


def test_variety_is_asked_for_between_the_reconstructions(tiny_settings) -> None:
    loss = {"match": 0.0, "adversarial": 0.0, "feature": 0.0, "variety": 2.0, "reconstruct_every": 4}
    tiny_settings["loss"] = loss
    tiny_settings["model"] |= {"text_dropout": 0.0}
    settings = settings_from(tiny_settings)
    fabric, networks, batch = prepared(settings)
    batch.prior_noise[:] = 0
    found = {step: train_step(networks, batch, step, settings, fabric, None, None) for step in range(5)}
    assert [step for step, terms in found.items() if "variety" in terms] == [2]
    assert found[2]["variety"] == 1, "the same noise gives the same picture"
    more = (found[2]["total"] - found[1]["total"]).item()
    assert more == pytest.approx(4 * 2, rel=1e-3)


@pytest.mark.parametrize("network", ["paper", "published"])
def test_recomputed_blocks_give_the_same_step_from_less_memory(tiny_settings, network) -> None:
    tiny_settings["model"] |= {"text_dropout": 0.0, "spectral_norm": True, "network": network}
    found, kept = [], []
    for recompute in (False, True):
        settings = settings_from({**tiny_settings, "recompute": recompute, "loss": {"match": 0.0}})
        fabric, networks, batch = prepared(settings)
        networks.plain.eval()  # spectral norm stands still; in training, once a step instead of once a path
        networks.plain_d.eval()
        sizes: dict[int, int] = {}

        def pack(tensor, sizes=sizes):
            sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            networks.plain(*_arguments(batch))
        kept.append(sum(sizes.values()))
        train_step(networks, batch, 0, settings, fabric, None, None)
        found.append(gradients(networks.plain))
    assert kept[1] < 0.6 * kept[0]
    assert found[0].keys() == found[1].keys()
    for name, value in found[0].items():
        torch.testing.assert_close(found[1][name], value, rtol=1e-3, atol=1e-6, msg=name)


def test_recomputed_blocks_meet_the_weights_of_their_forward_pass(tiny_settings) -> None:
    """In training mode spectral norm takes a step whenever a weight is read: made again, it would differ."""
    tiny_settings["model"] |= {"spectral_norm": True}
    settings = settings_from({**tiny_settings, "recompute": True, "loss": {"match": 0.0}})
    fabric, networks, batch = prepared(settings)
    networks.learn()
    logs = train_step(networks, batch, 0, settings, fabric, None, None)
    assert torch.isfinite(logs["total"])
    moved = {name: value.clone() for name, value in networks.plain.named_buffers()}
    train_step(networks, batch, 1, settings, fabric, None, None)
    assert any(not torch.equal(value, moved[name]) for name, value in networks.plain.named_buffers())
