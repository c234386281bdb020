from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from nigdt_training.data.cache import Cache, build_cache
from nigdt_training.data.data_set import read_records
from nigdt_training.data.errors import DataError
from PIL import Image


@pytest.fixture
def birds(tmp_path: Path) -> Path:
    """Three photos of a dark disc on a light ground, its box known in two, and one torn file."""
    folder = tmp_path / "birds"
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows = []
    y, x = np.mgrid[:120, :160]
    for number in range(3):
        pixels = rng.integers(190, 220, (120, 160, 3), dtype=np.uint8)
        disc = (x - 80) ** 2 + (y - 60) ** 2 < 30**2
        pixels[disc] = rng.integers(20, 50, (int(disc.sum()), 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
        row = {"file_name": f"{number}.png", "text": [f"disc {number}", "a disc"], "species": "disc"}
        rows.append(row | ({"box": [50, 30, 60, 60]} if number < 2 else {}))
    (folder / "torn.png").write_bytes((folder / "0.png").read_bytes()[:500])
    rows.append({"file_name": "torn.png", "text": "torn"})
    (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def test_cache_holds_what_the_records_say(birds: Path, tmp_path: Path) -> None:
    cache = build_cache(read_records(birds), tmp_path / "cache", size=60)
    assert len(cache) == 3
    assert [name for name, _ in cache.skipped] == ["torn.png"]
    assert cache.photo(0).shape == (60, 80, 3)
    assert cache.photo(0).dtype == np.uint8
    assert cache.captions(1) == ["disc 1", "a disc"]
    assert cache.box(0) == pytest.approx((25, 15, 30, 30))
    assert (cache.box(2), cache.object_mask(2)) == (None, None)
    assert (cache.group(0), cache.species(0)) == ("0.png", "disc")


def test_object_mask_is_the_object_and_not_its_box(birds: Path, tmp_path: Path) -> None:
    cache = build_cache(read_records(birds), tmp_path / "cache", size=120)
    mask = cache.object_mask(0)
    assert mask is not None
    y, x = np.mgrid[:120, :160]
    disc = (x - 80) ** 2 + (y - 60) ** 2 < 30**2
    overlap = (disc & (mask > 127)).sum() / (disc | (mask > 127)).sum()
    assert overlap > 0.9
    assert mask[32, 52] == 0
    assert len(np.unique(mask)) > 2


def test_an_object_without_a_box_is_found_where_asked_for(birds: Path, tmp_path: Path) -> None:
    records = read_records(birds)
    cache = build_cache(records, tmp_path / "cache", size=120, find=True)
    box, mask = cache.box(2), cache.object_mask(2)
    assert box == pytest.approx((50, 30, 60, 60), abs=4)
    assert mask is not None
    assert mask[60, 80] == 255
    assert cache.box(0) == pytest.approx((50, 30, 60, 60)), "a known box stays"
    assert cache.key != build_cache(records, tmp_path / "other", size=120).key


def test_cache_is_rebuilt_only_when_data_change(birds: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    build_cache(read_records(birds), folder, size=60)
    first = (folder / "index.json").stat().st_mtime_ns
    build_cache(read_records(birds), folder, size=60)
    assert (folder / "index.json").stat().st_mtime_ns == first
    Image.new("RGB", (160, 120), "red").save(birds / "0.png")
    changed = build_cache(read_records(birds), folder, size=60)
    assert tuple(changed.photo(0)[30, 40]) == (255, 0, 0)
    assert [path.name for path in tmp_path.iterdir() if "cache" in path.name] == ["cache"]


def test_masks_do_not_depend_on_the_number_of_workers(birds: Path, tmp_path: Path) -> None:
    records = read_records(birds)
    one = build_cache(records, tmp_path / "one", size=120, workers=1)
    four = build_cache(records, tmp_path / "four", size=120, workers=4)
    for i in range(2):
        np.testing.assert_array_equal(one.object_mask(i), four.object_mask(i))


def test_truncated_cache_is_refused(birds: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    build_cache(read_records(birds), folder, size=60)
    os.truncate(folder / "photos.u8", 100)
    with pytest.raises(DataError, match="Delete it"):
        Cache.open(folder)


def test_cache_never_replaces_a_folder_that_is_not_one(birds: Path, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "mother.txt").write_text("dear")
    with pytest.raises(DataError, match="Choose another folder"):
        build_cache(read_records(birds), tmp_path / "letters")
    assert (tmp_path / "letters" / "mother.txt").read_text() == "dear"


def test_unwritable_place_is_one_clear_line(birds: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        build_cache(read_records(birds), tmp_path / "file" / "cache")


def test_nothing_is_left_behind_when_every_photo_is_torn(birds: Path, tmp_path: Path) -> None:
    torn = [record for record in read_records(birds) if record.name == "torn.png"]
    with pytest.raises(DataError, match="None of the photos"):
        build_cache(torn, tmp_path / "cache")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["birds"]
