"""What is kept of somebody's own photos: things that they show clearly, without what is behind them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from nigdt_training.data.objects import Finder
from nigdt_training.inpaint import cross_validation
from nigdt_training.inpaint.own_cutouts import Cutter, cut_outs_of, cutter_of, kept_of
from nigdt_training.inpaint.own_photos import OwnPhotos, train_own_photos
from nigdt_training.inpaint.subject import find_subject
from PIL import Image

from nigdt.bundle.bundle import find_bundle, read_bundle, verify_bundle
from nigdt.bundle.cutouts import load_cut_outs
from nigdt.bundle.weights import load_model
from nigdt.bundle.writing import save_bundle, take_over_recolouring
from nigdt.inpainter import Inpainter
from nigdt.pasted import BESIDE
from tests.training.test_subject import SHIPPED, birds, draw, finder, known_outlines, pool_of, write

__all__ = ["finder"]

ZORP = np.array([120, 20, 30])


@pytest.fixture(scope="module")
def cutter() -> Cutter:
    found = cutter_of(find_bundle("nigdt-small"))
    assert found is not None
    return found


def test_clear_things_are_kept_without_what_is_behind_them(
    tmp_path: Path, finder: Finder, cutter: Cutter
) -> None:
    kept = cut_outs_of(pool_of(write(tmp_path / "zorps", "zorp"), tmp_path, finder), cutter, 5)
    assert len(kept) == 5
    assert [one.quality for one in kept] == sorted((one.quality for one in kept), reverse=True)
    for one in kept:
        pixels = one.cut.pixels.astype(int)
        seen = pixels[..., 3] > 100
        off = np.abs(pixels[seen][:, :3] - ZORP).max(axis=1)
        assert np.percentile(off, 98) < 30, "its own colours up to its edge"
        height, width = seen.shape
        inner = seen[BESIDE : height - BESIDE, BESIDE : width - BESIDE]
        shape = cv2.resize(one.shape.shape, inner.shape[::-1]) > 0.5
        assert (shape & inner).sum() > 0.95 * (shape | inner).sum(), "its outline is its own"
        assert one.shape.aspect == pytest.approx(inner.shape[1] / inner.shape[0], rel=0.03)


def test_what_is_cut_off_blurred_away_or_hardly_differs_is_not_kept(finder: Finder, cutter: Cutter) -> None:
    whole = draw(1)
    rough = finder.find(whole)
    assert rough is not None
    assert kept_of(whole, rough, cutter) is not None
    first = int(np.flatnonzero((rough > 127).any(axis=0))[0]) + 20
    cut_off, left = np.ascontiguousarray(whole[:, first:]), np.ascontiguousarray(rough[:, first:])
    assert kept_of(cut_off, left, cutter) is None
    small = cv2.resize(whole, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    assert kept_of(small, cv2.resize(rough, small.shape[1::-1]), cutter) is None
    faint = np.uint8(0.15 * whole + 0.85 * np.array([95, 120, 70]))
    assert kept_of(faint, rough, cutter) is None
    noise = np.random.default_rng(0).integers(0, 256, whole.shape, dtype=np.uint8)
    assert kept_of(noise, rough, cutter) is None


def test_what_is_seen_through_a_thing_is_not_kept(finder: Finder, cutter: Cutter) -> None:
    photo = draw(1)
    rough = finder.find(photo)
    assert rough is not None
    whole = kept_of(photo, rough, cutter)
    assert whole is not None
    middle = (
        whole.shape.box.left + whole.shape.box.width // 2,
        whole.shape.box.top + whole.shape.box.height // 6,
    )
    rows, columns = np.nonzero(rough > 127)
    top = int(rows[columns == middle[0]].min())
    gap = np.s_[top + 4 : top + 10, middle[0] - 4 : middle[0] + 5]
    photo[gap] = np.median(photo[:20].reshape(-1, 3), axis=0)
    holed = kept_of(photo, rough, cutter)
    assert holed is not None
    clear = [int((one.cut.pixels[8:-8, 8:-8, 3] < 60).sum()) for one in (whole, holed)]
    assert clear[1] > clear[0] + 25


def test_odd_colours_are_left_out(tmp_path: Path, finder: Finder, cutter: Cutter) -> None:
    folder = write(tmp_path / "zorps", "zorp")
    odd = draw(2)[..., [2, 0, 0]]  # blue on purple
    Image.fromarray(np.ascontiguousarray(odd)).save(folder / "2.png")
    pool = pool_of(folder, tmp_path, finder)
    assert pool.cache.object_mask(2) is not None
    for one in cut_outs_of(pool, cutter, 16):
        pixels = one.cut.pixels[one.cut.pixels[..., 3] > 200]
        assert pixels[:, 0].mean() > pixels[:, 2].mean() + 40


def test_a_subject_has_the_outlines_of_what_is_kept(tmp_path: Path, finder: Finder, cutter: Cutter) -> None:
    pool = pool_of(write(tmp_path / "zorps", "zorp"), tmp_path, finder)
    subject = find_subject(pool, birds(), cutter)
    assert subject is not None
    assert len(subject.cut_outs) == len(subject.shapes) == len(subject.numbers) >= 4
    known = pool_of(write(tmp_path / "birds", "bird"), tmp_path / "more", finder)
    assert find_subject(known, birds(), cutter) is None, "birds of any kind are drawn"


@pytest.mark.parametrize("certain", [True, False])
def test_training_saves_what_is_kept_even_where_the_network_gains_nothing(
    certain: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cross_validation.Gain, "certain", certain)
    photos, base = write(tmp_path / "zorps", "zorp", 10), tmp_path / "base"
    model, vocabulary = known_outlines()
    save_bundle(base, model, vocabulary, title="base")
    take_over_recolouring(read_bundle(SHIPPED), base)
    lines: list[tuple[str, dict[str, object]]] = []
    request = OwnPhotos(
        photos, "mine", tmp_path / "caches", str(base), 2, runs=tmp_path / "runs", device="cpu",
        output=tmp_path / "mine",
    )  # fmt: skip
    folder = train_own_photos(request, lambda text, **facts: lines.append((text, facts)))
    info = verify_bundle(folder)
    kept = load_cut_outs(info)
    assert min(kept) == 2, "after the birds' outlines"
    assert len(kept) == info.training["cut_outs"] >= 4
    assert any("can see these pieces of the photos" in text for text, _ in lines)
    assert [facts["cut_outs"] for _, facts in lines if "cut_outs" in facts] == [len(kept)]
    assert "Whoever gets this model can see them" in (folder / "README.md").read_text(encoding="utf-8")
    assert (info.training["steps"] > 0) == certain
    assert any("network stays as it was" in text for text, _ in lines) == (not certain)
    after, words = load_model(info)
    if not certain:
        for name, value in load_model(read_bundle(base))[0].state_dict().items():
            own = after.state_dict()[name]
            assert own.shape != value.shape or (own == value).all(), name
        assert "running" not in words, "what nobody learnt is not known"
    net = Inpainter.from_bundle(str(folder), device="cpu")
    crop, hole = draw(3)[:, ::-1].copy(), np.zeros((240, 300), np.uint8)
    hole[10:120, 5:95] = 255
    crop[:, :100] = draw(3)[:, :100]
    fill = net.fill_context(crop, hole, "a zorp")[0]
    red = fill.pixels[..., 0].astype(int) - fill.pixels[..., 1] > 50
    assert red[hole > 0].mean() > 0.15, "it is seen there"
