from __future__ import annotations

import json
import math
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from nigdt_training.evaluation.metrics import (
    METRICS,
    composite,
    diversity,
    gradient_in_hole,
    l1,
    lab_distance,
    psnr,
    psnr_in_hole,
    ratio_error,
    shown_colour,
    ssim,
    ssim_in_hole,
    standard_error,
    total_variation,
)
from nigdt_training.evaluation.perceptual import ClipScore, Perceptual
from nigdt_training.evaluation.sets import frechet_distance, indiscriminable, kernel_distance
from scipy.linalg import sqrtm
from skimage import data

from nigdt.errors import NigdtError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return data.astronaut()[100:228, 150:278].copy()


def test_l1_and_psnr_by_hand() -> None:
    black, grey = np.zeros((4, 5, 3), np.uint8), np.full((4, 5, 3), 10, np.uint8)
    grey[0, 0] = 40
    assert l1(black, grey) == pytest.approx((19 * 10 + 40) / 20)
    assert psnr(black, grey) == pytest.approx(10 * math.log10(255**2 / ((19 * 100 + 1600) / 20)))
    assert psnr(grey, grey) == math.inf


def test_differences_do_not_wrap_around_in_eight_bits() -> None:
    dark, light = np.full((8, 8, 3), 5, np.uint8), np.full((8, 8, 3), 250, np.uint8)
    assert l1(dark, light) == l1(light, dark) == 245
    assert psnr(dark, light) == psnr(light, dark) == pytest.approx(20 * math.log10(255 / 245))


def test_total_variation_is_circular() -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    picture[:, 0] = 100
    # Two of four columns have a step across, one of them over the edge; none has one down.
    assert total_variation(picture) == pytest.approx(50)
    corner = np.zeros((4, 4, 3), np.uint8)
    corner[3, 3] = 100
    assert total_variation(corner) == pytest.approx((100 + 100 + math.sqrt(2) * 100) / 16)


def test_ssim_against_its_definition(photo: np.ndarray) -> None:
    other = np.clip(photo.astype(int) + np.random.default_rng(0).integers(-30, 31, photo.shape), 0, 255)
    other = other.astype(np.uint8)

    def by_definition(x: np.ndarray, y: np.ndarray) -> float:
        windows = [np.lib.stride_tricks.sliding_window_view(plane, (7, 7)) for plane in (x, y)]
        mx, my = (w.mean((2, 3)) for w in windows)
        cx, cy = (w - m[..., None, None] for w, m in zip(windows, (mx, my), strict=True))
        vx, vy, vxy = ((a * b).sum((2, 3)) / 48 for a, b in ((cx, cx), (cy, cy), (cx, cy)))
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        return float((((2 * mx * my + c1) * (2 * vxy + c2)) / ((mx**2 + my**2 + c1) * (vx + vy + c2))).mean())

    expected = np.mean(
        [by_definition(photo[..., c].astype(float), other[..., c].astype(float)) for c in range(3)]
    )
    assert ssim(photo, other) == pytest.approx(expected, abs=1e-6)
    assert ssim(photo, photo) == pytest.approx(1)


def test_gradient_leaves_the_seam_out(photo: np.ndarray) -> None:
    hole = np.zeros(photo.shape[:2], bool)
    hole[32:96, 32:96] = True
    flat = composite(photo, np.full_like(photo, 255), hole)
    assert gradient_in_hole(flat, hole) == 0
    assert gradient_in_hole(photo, hole) > 5
    assert math.isnan(gradient_in_hole(photo, np.zeros_like(hole)))


def test_every_metric_is_a_row_of_the_manuals_table() -> None:
    columns = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8").partition("## Columns")[2]
    rows = re.findall(r"^\| ([^|]+) \|", columns, flags=re.M)
    titles = {title.strip() for row in rows for title in row.split(",")}
    assert {metric.title for metric in METRICS} <= titles


def test_composite_keeps_the_visible_pixels(photo: np.ndarray) -> None:
    hole = np.zeros(photo.shape[:2], bool)
    hole[10:20, 30:50] = True
    made = composite(photo, 255 - photo, hole)
    np.testing.assert_array_equal(made[~hole], photo[~hole])
    np.testing.assert_array_equal(made[hole], 255 - photo[hole])


def test_diversity_counts_the_hole_alone(photo: np.ndarray) -> None:
    hole = np.zeros(photo.shape[:2], bool)
    hole[:64] = True
    lighter = np.minimum(photo, 200) + 10
    assert diversity([np.minimum(photo, 200), lighter], hole) == 10
    assert diversity([photo, photo, photo], hole) == 0
    with pytest.raises(ValueError, match="two samples"):
        diversity([photo], hole)


def test_shown_colour_looks_at_the_object_only() -> None:
    picture = np.full((20, 20, 3), (50, 140, 50), np.uint8)
    thing = np.zeros((20, 20), bool)
    thing[5:10, 5:10] = True
    picture[thing] = (190, 40, 40)
    assert shown_colour(picture, thing) == "red"
    assert shown_colour(picture, ~thing) == "green"


def test_lab_distance() -> None:
    white, black = np.full((4, 4, 3), 255, np.uint8), np.zeros((4, 4, 3), np.uint8)
    everywhere = np.ones((4, 4), bool)
    assert lab_distance(white, black, everywhere) == pytest.approx(100, abs=0.1)
    assert lab_distance(white, white, everywhere) == 0
    assert math.isnan(lab_distance(white, black, ~everywhere))


def test_frechet_distance_against_the_matrix_root() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(0, 1, (200, 6))
    second = rng.normal(0.5, 2, (150, 6)) @ rng.normal(0, 1, (6, 6))
    one, two = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    means = first.mean(0) - second.mean(0)
    expected = means @ means + np.trace(one + two - 2 * np.real(sqrtm(one @ two)))
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-8)
    few = rng.normal(0, 1, (4, 6))
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-8)


def test_kernel_distance_is_unbiased() -> None:
    rng = np.random.default_rng(0)
    same = [kernel_distance(rng.normal(0, 1, (50, 8)), rng.normal(0, 1, (50, 8))) for _ in range(200)]
    assert abs(np.mean(same)) < 3 * np.std(same) / math.sqrt(len(same))
    assert kernel_distance(rng.normal(0, 1, (50, 8)), rng.normal(1, 1, (50, 8))) > 5 * np.std(same)


def test_distances_between_sets_are_torch_fidelitys() -> None:
    """Its code defines them for the literature; ours needs no root of a singular matrix."""
    metric_fid = pytest.importorskip("torch_fidelity.metric_fid")
    metric_kid = pytest.importorskip("torch_fidelity.metric_kid")
    random = np.random.default_rng(0)
    one, other = random.normal(size=(200, 12)), random.normal(0.2, 1.3, size=(200, 12))
    statistics = [metric_fid.fid_features_to_statistics(torch.from_numpy(part)) for part in (one, other)]
    fid = metric_fid.fid_statistics_to_metric(*statistics, False)["frechet_inception_distance"]
    assert frechet_distance(one, other) == pytest.approx(fid, rel=1e-6)
    settings = {"kid_subsets": 1, "kid_subset_size": 200, "verbose": False, "rng_seed": 0}
    kid = metric_kid.kid_features_to_metric(torch.from_numpy(one), torch.from_numpy(other), **settings)
    assert kernel_distance(one, other) == pytest.approx(kid["kernel_inception_distance_mean"], rel=1e-6)


def test_indiscriminability_of_equal_and_of_separate_sets() -> None:
    random = np.random.default_rng(0)
    one = random.normal(size=(60, 3))
    unpaired, paired = indiscriminable(one, one + 100)
    assert not unpaired.any()
    assert not paired.any()
    # Two of four fills lie where the photos lie: a line cannot tell them, and gets half of the fills wrong.
    real, made = np.array([[0.0], [1], [0], [1]]), np.array([[0.0], [1], [9], [9]])
    unpaired, paired = indiscriminable(real, made)
    assert unpaired.tolist() == [0.5, 0.5, 0, 0]
    assert paired.tolist() == [0, 0, 0, 0]


def test_perceptual_distance_is_lpips_own() -> None:
    lpips = pytest.importorskip("lpips")
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchvision's, of the arguments that lpips gives
        network = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
    meter = Perceptual("cpu", network)
    random = np.random.default_rng(0)
    one, other = random.integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    assert meter(one, one) == 0.0
    tensors = [lpips.im2tensor(picture) for picture in (one, other)]
    with torch.no_grad():
        assert meter(one, other) == pytest.approx(float(network(*tensors)), rel=1e-5)


def test_in_the_hole_only_its_pixels_count() -> None:
    random = np.random.default_rng(0)
    original = random.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    hole = np.zeros((32, 32), bool)
    hole[8:16, 8:24] = True
    output = original.copy()
    output[hole] = np.clip(output[hole].astype(int) + 10, 0, 255)
    moved = np.square(output[hole].astype(float) - original[hole]).mean()
    assert psnr_in_hole(original, output, hole) == pytest.approx(20 * np.log10(255 / np.sqrt(moved)))
    outside = output.copy()
    outside[0, 0] = 255 - outside[0, 0]
    assert psnr_in_hole(original, outside, hole) == psnr_in_hole(original, output, hole)
    assert ssim_in_hole(original, outside, hole) == ssim_in_hole(original, output, hole)
    assert ssim_in_hole(original, original, hole) == pytest.approx(1)


@pytest.mark.slow  # transformers takes half a minute to import
def test_clip_score_is_the_cosine_of_picture_and_caption(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    model, folder = tiny_clip(transformers, tmp_path), str(tmp_path)
    score = ClipScore(folder, "cpu")
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    processor = transformers.CLIPProcessor.from_pretrained(folder)
    for caption in ("a b", "b"):
        given = processor(text=[caption], images=[picture], return_tensors="pt")
        with torch.no_grad():
            seen = model.visual_projection(model.vision_model(given["pixel_values"]).pooler_output)
            read = model.text_projection(model.text_model(given["input_ids"]).pooler_output)
        cosine = float((seen * read).sum() / seen.norm() / read.norm())
        assert score(picture, caption) == pytest.approx(max(0.0, 100 * cosine), abs=1e-3)
    with pytest.raises(NigdtError, match=r"CLIP model .*nowhere"):
        ClipScore(str(tmp_path / "nowhere"), "cpu")


def tiny_clip(transformers: Any, folder: Path) -> Any:
    """A CLIP model with random weights and two letters, in a folder."""
    words = {"<|startoftext|>": 0, "<|endoftext|>": 1, "a</w>": 2, "b</w>": 3}
    (folder / "vocab.json").write_text(json.dumps(words))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = {**small, "vocab_size": 4, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    config = transformers.CLIPConfig(
        text_config=text, vision_config={**small, "image_size": 32, "patch_size": 16}, projection_dim=8
    )
    torch.manual_seed(1)
    model = transformers.CLIPModel(config).eval()
    model.save_pretrained(folder)
    tokens = transformers.CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
    size = {"height": 32, "width": 32}
    image = transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=size)
    transformers.CLIPProcessor(image_processor=image, tokenizer=tokens).save_pretrained(folder)
    return model


def test_standard_errors_by_hand() -> None:
    assert standard_error([1.0, 3.0, float("nan")]) == pytest.approx(1.0)
    assert standard_error([1.0]) == 0
    # The ratio of means is 2 / (8 / 3) = 0.75; upper - 0.75 lower = -0.5, 0.5, 0.
    assert ratio_error([1, 2, 3], [2, 2, 4]) == pytest.approx(0.5 / 3**0.5 / (8 / 3))
    assert ratio_error([1, 2], [0, 0]) == 0
