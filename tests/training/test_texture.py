import pytest
import torch
from nigdt_training.evaluation import metrics
from nigdt_training.inpaint.texture import frozen_features, texture_distances

SIDE = 64


@pytest.fixture(scope="module")
def stripes():
    """Two gratings of different phase, and their blur, grey, as pictures (1, 3, 64, 64) in [-1, 1]."""
    x = torch.arange(SIDE).float()[None, None, None].expand(1, 3, SIDE, SIDE)
    return 0.6 * torch.sin(x), 0.6 * torch.sin(x + 2.5), torch.zeros(1, 3, SIDE, SIDE)


@pytest.fixture(scope="module")
def visible():
    M = torch.ones(1, 1, SIDE, SIDE)
    M[..., 8:56, 8:56] = 0
    return M


def bytes_of(picture):
    return ((picture[0] + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()


def test_the_photo_itself_is_at_no_distance(stripes, visible):
    photo, _, blur = stripes
    assert texture_distances(photo, photo, visible).tolist() == [0]
    both = texture_distances(
        photo.expand(2, -1, -1, -1), torch.cat([photo, blur]), visible.expand(2, -1, -1, -1)
    )
    assert both[0] == pytest.approx(0, abs=1e-5)
    assert both[1] == pytest.approx(float(texture_distances(photo, blur, visible)), rel=1e-3)


def test_what_validation_loaded_first_serves_training(visible):
    frozen_features.cache_clear()
    with torch.inference_mode():
        texture_distances(visible.expand(-1, 3, -1, -1), visible.expand(-1, 3, -1, -1), visible)
    picture = torch.zeros(1, 3, SIDE, SIDE, requires_grad=True)
    sum(one.sum() for one in frozen_features()(picture)).backward()
    assert picture.grad.abs().max() > 0


def test_loading_the_network_draws_nothing():
    frozen_features.cache_clear()
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    frozen_features()
    assert torch.equal(torch.rand(4), expected)


def test_the_same_texture_elsewhere_is_nearer_than_a_blur_though_psnr_prefers_the_blur(stripes, visible):
    photo, moved, blur = (visible * stripes[0] + (1 - visible) * one for one in stripes)
    assert metrics.psnr(bytes_of(photo), bytes_of(blur)) > metrics.psnr(bytes_of(photo), bytes_of(moved))
    near, far = texture_distances(photo, moved, visible), texture_distances(photo, blur, visible)
    assert float(near) < 0.7 * float(far)
