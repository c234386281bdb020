"""Masks of other projects: LaMa's generators, folders and fixed lists, the same for every system."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from nigdt_training.commands.evaluate import evaluate as evaluate_command
from nigdt_training.data.cache import build_cache
from nigdt_training.data.data_set import read_records
from nigdt_training.data.errors import DataError
from nigdt_training.data.lama_masks import LAMA_KINDS, lama_mask
from nigdt_training.data.mask_files import MaskFiles
from nigdt_training.evaluation.cases import CaseSettings, draw_cases
from nigdt_training.samples import Pool, SampleStream
from nigdt_training.settings import DEFAULT_MASKS, settings_from
from PIL import Image

from nigdt.photo.mask import read_mask
from nigdt.text import Vocabulary


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Masks that hide the left 5, 15, ... 55 of 100 columns."""
    folder = tmp_path_factory.mktemp("masks")
    for columns in range(5, 60, 10):
        mask = np.zeros((100, 100), np.uint8)
        mask[:, :columns] = 255
        (folder / "bins").mkdir(exist_ok=True)
        Image.fromarray(mask).save(folder / "bins" / f"{columns:02d}.png")
    return folder


def test_lamas_kinds_differ_as_their_names_say() -> None:
    thickness = {}
    for kind in LAMA_KINDS:
        masks = [lama_mask(128, 128, kind, np.random.default_rng(seed)) for seed in range(60)]
        assert all(set(np.unique(mask)) == {0, 255} for mask in masks)
        assert max(float((mask > 0).mean()) for mask in masks) <= 0.51
        # Area over length of the outline: how wide the strokes are.
        edges = [
            np.count_nonzero(np.diff(mask, axis=0)) + np.count_nonzero(np.diff(mask, axis=1))
            for mask in masks
        ]
        thickness[kind] = float(
            np.median([(mask > 0).sum() / edge for mask, edge in zip(masks, edges, strict=True)])
        )
    assert thickness["thin"] < 4 < thickness["medium"] < thickness["thick"]


def test_lama_masks_come_at_any_size_from_the_same_drawing() -> None:
    small, large = (lama_mask(side, side, "thick", np.random.default_rng(3)) for side in (128, 256))
    np.testing.assert_array_equal(small, large[::2, ::2])


def test_a_folder_gives_every_photo_its_mask_by_seed(folder: Path, photo_folder: Path) -> None:
    records = read_records(photo_folder)
    drawn = [
        draw_cases(records, CaseSettings(size=64, limit=limit, seed=seed, mask=str(folder)))
        for limit, seed in ((8, 0), (4, 0), (8, 1))
    ]
    for one, other in zip(drawn[0], drawn[1], strict=False):
        np.testing.assert_array_equal(one.hole, other.hole)
    other = {case.name: case.hole for case in drawn[2]}
    assert any((case.hole != other[case.name]).any() for case in drawn[0] if case.name in other)
    assert all(case.hole[:, 0].all() and not case.hole[:, -1].any() for case in drawn[0])


def test_black_holes_are_turned(folder: Path) -> None:
    white, black = (MaskFiles(folder, black_holes=turned).read(0, 50, 50) for turned in (False, True))
    np.testing.assert_array_equal(white, 255 - black)
    assert (white > 0).mean() == pytest.approx(0.05, abs=0.02)


def test_wrong_files_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no masks"):
        MaskFiles(tmp_path)
    (tmp_path / "list.txt").write_text("a.png\n")
    with pytest.raises(DataError, match="holds no masks"):
        MaskFiles(tmp_path / "list.txt")
    (tmp_path / "a.png").write_text("not a picture")
    with pytest.raises(DataError, match="can be read"):
        MaskFiles(tmp_path / "list.txt").read(0, 8, 8)


def test_a_damaged_mask_and_one_that_is_missing_are_passed_over(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "good.png").write_bytes(next(folder.rglob("*.png")).read_bytes())
    (tmp_path / "list.txt").write_text("torn.png\ngone.png\ngood.png\n")
    masks = MaskFiles(tmp_path / "list.txt")
    assert len(masks) == 2
    np.testing.assert_array_equal(masks.read(0, 50, 50), masks.read(1, 50, 50))


@pytest.mark.parametrize("black_holes", [False, True])
def test_masks_of_zeros_and_ones_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, black_holes: bool
) -> None:
    """They would be read as no hole at all, and every photo would be left out without a word."""
    mask = np.zeros((64, 64), np.uint8)
    mask[:32] = 1
    Image.fromarray(mask).save(tmp_path / "a.png")
    Image.fromarray(mask * 255).save(tmp_path / "b.png")
    files = MaskFiles(tmp_path, black_holes=black_holes)
    expected = np.where((mask == 1) != black_holes, 255, 0)
    np.testing.assert_array_equal(files.read(0, 64, 64), expected)
    assert "a.png is no mask: its brightest pixel has level 1 of 255." in caplog.text
    (tmp_path / "b.png").unlink()
    with pytest.raises(DataError, match="None of the masks"):
        MaskFiles(tmp_path).read(0, 64, 64)


def test_one_evaluations_masks_are_another_ones(folder: Path, photo_folder: Path, tmp_path: Path) -> None:
    """What `--out` leaves is a list that gives every photo the same hole again, and tables by ratio."""
    common = [
        "harmonic",
        "--data",
        photo_folder,
        "--set",
        "size=64",
        "--compare",
        "telea",
        "--measure",
        "by-ratio",
        "--out",
    ]
    first = [*common, tmp_path / "first", "--set", f"mask={folder}", "--set", "limit=12"]
    second = [
        *common,
        tmp_path / "second",
        "--set",
        f"mask={tmp_path / 'first' / 'masks.txt'}",
        "--set",
        "seed=5",
    ]
    for arguments in (first, second):
        done = CliRunner().invoke(evaluate_command, list(map(str, arguments)), catch_exceptions=False)
        assert done.exit_code == 0
    found = [json.loads((tmp_path / name / "results.json").read_text()) for name in ("first", "second")]
    several = [
        *common,
        tmp_path / "several",
        "--set",
        "mask=centre",
        "--set",
        "limit=2",
        "--set",
        "seed=[3, 4]",
    ]
    done = CliRunner().invoke(evaluate_command, list(map(str, several)), catch_exceptions=False)
    assert "over 2 evaluations" in done.output
    assert {path.name for path in (tmp_path / "several").iterdir()} == {"seed-3", "seed-4", "seeds.md"}
    ratio = [dict(zip(one["photos"], one["systems"][0]["per_case"]["ratio"], strict=True)) for one in found]
    assert ratio[0] == ratio[1]
    text = (tmp_path / "first" / "table.md").read_text()
    assert "50%-60% (" in text
    assert "Wilcoxon" in text
    head = next(line for line in text.splitlines() if "50%-60%" in line)
    assert sum(map(int, re.findall(r"\((\d+)\)", head))) == 12


def test_training_draws_own_and_lamas_masks(
    folder: Path, photo_folder: Path, tmp_path: Path, tiny_settings
) -> None:
    cache = build_cache(read_records(photo_folder), tmp_path / "cache", size=64)

    def stream(masks: dict[str, float]) -> SampleStream:
        return SampleStream(
            [Pool(cache, np.arange(len(cache)), 1, 0)],
            Vocabulary(["bird"]),
            size=64,
            max_words=8,
            latent_shape=(4, 2, 2),
            masks=masks,
            augmentation=None,
            seed=0,
        )

    own = [stream({str(folder): 1.0}).sample(k).mask for k in range(12)]
    assert all((mask[:, 0] == 255).all() and (mask == mask[:1]).all() for mask in own)
    assert len({int(mask[0].astype(bool).sum()) for mask in own}) > 2
    lama = stream({"lama": 1.0})
    assert lama.mask_weights.sum() == pytest.approx(1)
    assert sorted(lama.mask_weights)[-4:] == pytest.approx([0, *[1 / len(LAMA_KINDS)] * len(LAMA_KINDS)])
    drawn = [lama.sample(k).mask for k in range(12)]
    assert all(0 < (mask > 0).mean() <= 0.51 for mask in drawn)
    assert (drawn[0] != drawn[1]).any()
    both = stream({"lama": 1.0, str(folder): 3.0})
    assert both.mask_weights[both.mask_kinds.index(str(folder))] == 0.75


def test_masks_that_earlier_versions_wrote_down_are_read(tiny_settings) -> None:
    """There were keys for files and for how often they are drawn."""
    for written, masks in (
        ({"own": 1, "files": "/x/masks"}, {"/x/masks": 1.0}),
        ({"files": "masks"}, {"./masks": 1.0}),
        ({"own": 0, "files": "masks"}, {}),
        ({"lama": 0.0, "own": 0.0, "files": ""}, {"lama": 0.0}),
    ):
        assert settings_from({**tiny_settings, "masks": written}).masks == DEFAULT_MASKS | masks


@pytest.mark.parametrize("black_holes", [False, True])
def test_a_mask_that_is_transparent_says_by_its_opacity_what_is_hidden(
    tmp_path: Path, black_holes: bool
) -> None:
    """As for the editor: `read_mask` has the same rule."""
    painted = np.full((60, 60, 4), 255, np.uint8)
    painted[..., 3] = 0
    painted[10:30, 20:50, 3] = 255
    Image.fromarray(painted).save(tmp_path / "mask.png")
    selection = read_mask(tmp_path / "mask.png", 60, 60)
    assert selection.mean() == 255 * 20 * 30 / 3600
    assert (MaskFiles(tmp_path, black_holes=black_holes).read(0, 60, 60) == selection).all()


@pytest.mark.skipif(sys.platform == "win32", reason="names there are Unicode")
def test_names_that_are_not_utf_8_are_measured_and_listed(folder: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    random = np.random.default_rng(2)
    for name in (b"caf\xe9.png", b"plain.png"):
        photo = photos / os.fsdecode(name)
        Image.fromarray(random.integers(0, 255, (70, 70, 3), np.uint8)).save(str(photo))
        photo.with_suffix(".txt").write_text("a red bird")
    assert build_cache(read_records(photos), tmp_path / "cache", 64, find=True).name(1)
    arguments = ["harmonic", "--data", str(photos), "--set", "held-out=1", "--set", "size=64"]
    done = []
    for mask, out in ((folder, "first"), (tmp_path / "first" / "masks.txt", "again")):
        command = [*arguments, "--set", f"mask={mask}", "--out", str(tmp_path / out)]
        assert CliRunner().invoke(evaluate_command, command, catch_exceptions=False).exit_code == 0
        done.append(json.loads((tmp_path / out / "results.json").read_text())["systems"][0]["per_case"])
    assert done[0] == done[1]
    assert len(done[0]["l1"]) == 2


def test_a_list_may_begin_with_a_mark_and_name_what_is_not_utf_8(folder: Path, tmp_path: Path) -> None:
    name = os.fsdecode(b"m\xe9.png") if sys.platform != "win32" else "m.png"
    (tmp_path / name).write_bytes((folder / "bins" / "05.png").read_bytes())
    listed = tmp_path / "list.txt"
    listed.write_bytes(b"\xef\xbb\xbf" + os.fsencode(f"one.jpg\t{name}\n"))
    mask = MaskFiles(listed).of("one.jpg", 0, 100, 100)
    assert mask is not None
    assert mask.mean() == 255 * 0.05
