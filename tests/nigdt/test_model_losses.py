"""The losses of eq. 12 and 17 to 19 against numpy and torch.distributions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from nigdt.model import Gaussian
from nigdt.model import losses as L

torch.set_num_threads(1)


def picture(seed: int, side: int = 8, batch: int = 2) -> torch.Tensor:
    return torch.rand(batch, 3, side, side, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def gaussian(seed: int) -> Gaussian:
    generator = torch.Generator().manual_seed(seed)
    shape = (2, 3, 4, 4)
    return Gaussian(torch.randn(shape, generator=generator), torch.rand(shape, generator=generator) * 2 + 0.1)


def shrink(x: np.ndarray, factor: int) -> np.ndarray:
    b, c, h, w = x.shape
    return x.reshape(b, c, h // factor, factor, w // factor, factor).mean((3, 5))


def test_l1_is_averaged_over_every_scale() -> None:
    image, pyramid = picture(0), [picture(1, 2), picture(2, 4), picture(3, 8)]
    M = torch.ones(2, 1, 8, 8)
    expected = np.mean([np.abs(p.numpy() - shrink(image.numpy(), 8 // p.shape[2])).mean() for p in pyramid])
    assert L.pyramid_l1(pyramid, image, M).item() == pytest.approx(expected, rel=1e-5)


def test_l1_weighs_hidden_pixels_by_area() -> None:
    image, pyramid = picture(0), [picture(1, 4), picture(3, 8)]
    M = torch.ones(2, 1, 8, 8)
    M[:, :, 1:5, 2:6] = 0
    expected = []
    for p in pyramid:
        factor = 8 // p.shape[2]
        weight = 1 + 5 * (1 - shrink(M.numpy(), factor))
        error = np.abs(p.numpy() - shrink(image.numpy(), factor))
        expected.append((error * weight).sum() / (3 * weight.sum()))
    assert L.pyramid_l1(pyramid, image, M, 6.0).item() == pytest.approx(np.mean(expected), rel=1e-5)


def test_l1_weighs_the_hidden_part_of_an_object_and_adds_the_square() -> None:
    image, p = picture(0), picture(3, 8)
    M = torch.ones(2, 1, 8, 8)
    M[:, :, 1:5, 2:6] = 0
    objects = torch.zeros(2, 1, 8, 8)
    objects[0, :, 3:8, 3:8] = 1
    hidden, inside = 1 - M.numpy(), objects.numpy()
    weight = 1 + 5 * hidden + 2 * 6 * hidden * inside
    error = np.abs(p.numpy() - image.numpy())
    error = error + 1.5 * error**2
    each = [(error[i] * weight[i]).sum() / (3 * weight[i].sum()) for i in range(2)]
    loss = L.pyramid_l1([p], image, M, 6.0, objects=objects, object_weight=3.0, squared=1.5)
    assert loss.item() == pytest.approx(np.mean(each), rel=1e-5)
    plain = L.pyramid_l1([p], image, M, 6.0)
    assert L.pyramid_l1([p], image, M, 6.0, objects=objects).item() == plain.item()


def test_the_relative_term_is_each_pictures_psnr_but_for_constants() -> None:
    image, p, M = picture(0), picture(3), torch.ones(2, 1, 8, 8)
    plain = L.pyramid_l1([p], image, M)
    psnr = [
        20 * np.log10(2 / np.sqrt(np.mean((a - b) ** 2)))
        for a, b in zip(p.numpy(), image.numpy(), strict=True)
    ]
    expected = np.mean(np.log(4) - np.log(10) / 10 * np.array(psnr))
    got = L.pyramid_l1([p], image, M, relative=3.0) - plain
    assert got.item() / 3 == pytest.approx(expected, abs=0.01)


def test_pictures_with_a_known_object_are_taken_by_their_median() -> None:
    image, p, M = picture(0), picture(3), torch.ones(2, 1, 8, 8)
    objects = torch.zeros(2, 1, 8, 8)
    objects[1, :, 2:5, 2:5] = 1
    more = {"squared": 2.0, "relative": 3.0}
    got = L.pyramid_l1([p], image, M, objects=objects, object_l1=4.0, **more)
    unknown = L.pyramid_l1([p[:1]], image[:1], M[:1], **more)
    known = 4 * (p[1] - image[1]).abs().mean()
    torch.testing.assert_close(got, (unknown + known) / 2)


def test_feature_distance_is_the_norm_of_the_difference() -> None:
    real, fake = picture(0), picture(1).requires_grad_()
    real.requires_grad_()
    expected = np.mean(
        [np.linalg.norm((real - fake)[i].detach().numpy().ravel()) / np.sqrt(3 * 64) for i in range(2)]
    )
    distance = L.feature_distance(real, fake)
    assert distance.item() == pytest.approx(expected, rel=1e-3)
    distance.backward()
    assert real.grad is None
    assert fake.grad is not None


def test_equal_features_have_no_distance_and_a_finite_gradient() -> None:
    fake = picture(0).requires_grad_()
    distance = L.feature_distance(fake.detach().clone(), fake)
    distance.backward()
    assert distance.item() == pytest.approx(0, abs=1e-7)
    assert fake.grad is not None
    assert torch.isfinite(fake.grad).all()


def test_lsgan_wants_real_one_and_fakes_zero() -> None:
    real, first, second = (torch.tensor(x) for x in ([1.0, 0.5], [0.0, 2.0], [1.0, 1.0]))
    assert L.discriminator_loss(real, [first, second]).item() == pytest.approx((0.125 + (2 + 1) / 2) / 2)
    assert L.discriminator_loss(torch.ones(3), [torch.zeros(3)]).item() == 0
    assert L.generator_adversarial(first).item() == 1
    assert L.generator_adversarial(torch.ones(3)).item() == 0


def test_hinge_wants_a_margin() -> None:
    real, fake = torch.tensor([2.0, 0.5]), torch.tensor([-2.0, 0.5])
    assert L.discriminator_loss(real, [fake], "hinge").item() == pytest.approx((0.25 + 0.75) / 2)
    assert L.generator_adversarial(fake, "hinge").item() == pytest.approx(0.75)


def test_kl_against_torch_distributions() -> None:
    q, p = gaussian(0), gaussian(1)
    expected = kl_divergence(Normal(q.mu, q.sigma), Normal(p.mu, p.sigma)).mean()
    assert L.kl_divergence(q, p).item() == pytest.approx(expected.item(), rel=1e-5)
    assert L.prior_kl(q, p).item() == pytest.approx(expected.item(), rel=1e-5)
    assert L.kl_divergence(q, q).item() == pytest.approx(0, abs=1e-6)


def test_posterior_kl_is_positive_and_can_be_reversed() -> None:
    q = gaussian(0)
    distribution, standard = Normal(q.mu, q.sigma), Normal(torch.zeros(()), torch.ones(()))
    forward, backward = L.posterior_kl(q), L.posterior_kl(q, reversed_arguments=True)
    assert forward.item() == pytest.approx(kl_divergence(distribution, standard).mean().item(), rel=1e-5)
    assert backward.item() == pytest.approx(kl_divergence(standard, distribution).mean().item(), rel=1e-5)
    assert forward > 0
    assert backward > 0
    assert forward.item() != pytest.approx(backward.item(), rel=0.05)


def test_eq_18_pulls_only_the_prior() -> None:
    q, p = gaussian(0), gaussian(1)
    for tensor in (q.mu, q.sigma, p.mu, p.sigma):
        tensor.requires_grad_()
    L.prior_kl(q, p).backward()
    assert q.mu.grad is None
    assert q.sigma.grad is None
    assert p.mu.grad is not None
    assert p.sigma.grad is not None
    assert p.mu.grad.abs().sum() > 0


def test_a_sample_is_mean_plus_sigma_times_noise() -> None:
    q, noise = gaussian(0), torch.randn(2, 3, 4, 4)
    assert torch.equal(q.sample(None), q.mu)
    assert torch.equal(q.sample(noise), q.mu + q.sigma * noise)


def test_score_distance_by_hand() -> None:
    real, fake = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.5, 2.0]], requires_grad=True)
    loss = L.score_distance(real, fake)
    assert loss.item() == pytest.approx((0.25 + 4) / 2)
    loss.backward()
    torch.testing.assert_close(fake.grad, torch.tensor([[-0.5, 2.0]]))


def test_the_published_l1_adds_up_scales_and_samples_their_targets() -> None:
    """A ramp from -1 to 1 over four columns: samples keep both ends, areas their means."""
    ramp = torch.tensor([-1.0, -1 / 3, 1 / 3, 1.0]).expand(1, 3, 4, 4)
    pyramid, M = [torch.zeros(1, 3, 2, 2), torch.zeros(1, 3, 4, 4)], torch.ones(1, 1, 4, 4)
    fine, by_area, by_samples = 2 / 3, 2 / 3, 1.0
    loss = L.pyramid_l1(pyramid, ramp, M, summed=True, targets="samples")
    assert loss.item() == pytest.approx(fine + by_samples, rel=1e-5)
    assert L.pyramid_l1(pyramid, ramp, M, summed=True).item() == pytest.approx(fine + by_area, rel=1e-5)
    assert L.pyramid_l1(pyramid, ramp, M).item() == pytest.approx((fine + by_area) / 2, rel=1e-5)


def test_variety_asks_for_fifteen_grey_levels_in_the_hole():
    M = torch.ones(1, 1, 4, 4)
    M[..., :2, :] = 0
    first = torch.zeros(1, 3, 4, 4)
    assert L.variety_shortfall(first, first, M) == 1
    outside = first.clone()
    outside[..., 2:, :] = 1
    assert L.variety_shortfall(first, outside, M) == 1, "what is visible does not count"
    inside = first.clone()
    inside[:, 0, :2] = 0.18  # one channel of three: 0.06 on average, half of 0.12
    assert L.variety_shortfall(first, inside, M).item() == pytest.approx(0.5)
    assert L.variety_shortfall(first, first + 0.2, M) == 0
