"""What `nigdt data check` lists, which photos are copies of one another, and which are held out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from nigdt_training.data.check import check_path, describe, join_look_alikes
from nigdt_training.data.data_set import read_records
from nigdt_training.data.fingerprint import find_alike, fingerprint
from nigdt_training.data.split import held_out, merge_groups
from PIL import Image

from nigdt.text import Vocabulary
from tests.training.scenes import scene


def test_check_lists_what_is_skipped(tmp_path: Path) -> None:
    for number in range(4):
        scene(number).save(tmp_path / f"good{number}.jpg", quality=95)
        (tmp_path / f"good{number}.txt").write_text("a zebra among flowers")
    scene(0, 90, 72).save(tmp_path / "a-smaller-copy.jpg", quality=60)
    (tmp_path / "a-smaller-copy.txt").write_text("flowers")
    scene(7, 40, 40).save(tmp_path / "tiny.jpg")
    (tmp_path / "tiny.txt").write_text("flowers")
    scene(8).save(tmp_path / "silent.jpg")
    data = (tmp_path / "good1.jpg").read_bytes()
    (tmp_path / "torn.jpg").write_bytes(data[: len(data) // 2])
    (tmp_path / "torn.txt").write_text("flowers")
    report = check_path(tmp_path, Vocabulary(["a", "among", "flowers"]), max_words=3)
    assert {(problem.name, problem.kind) for problem in report.problems} == {
        ("a-smaller-copy.jpg", "duplicate"),
        ("tiny.jpg", "tiny"),
        ("silent.jpg", "captionless"),
        ("torn.jpg", "unreadable"),
    }
    assert [record.name for record in report.usable] == [f"good{n}.jpg" for n in range(4)]
    assert report.unknown == {"zebra": 4}
    assert "does not know 1 of 4 words (25%); by how many of 4 captions use them:" in describe(report)
    assert "knows every word" not in describe(replace(report, usable=[], unknown=Counter()))
    assert report.long_captions == 4
    scene(0, 960, 768).save(tmp_path / "larger-copy.jpg", quality=95)
    (tmp_path / "larger-copy.txt").write_text("a zebra among flowers")
    (tmp_path / "letter.jpg").write_text("dear all")
    (tmp_path / "letter.txt").write_text("flowers")
    larger = check_path(tmp_path)
    assert [record.name for record in larger.usable] == [
        *(f"good{n}.jpg" for n in (1, 2, 3)),
        "larger-copy.jpg",
    ]
    assert "good0.jpg: same picture as larger-copy.jpg" in describe(larger)
    assert "a-smaller-copy.jpg: same picture as larger-copy.jpg" in describe(larger)
    assert "letter.jpg: This is not a picture of a format that is read" in describe(larger)
    text = describe(report)
    assert "zebra (4)" in text
    assert "too few to learn much from" in text
    assert "torn.jpg" in text


def test_of_equal_copies_that_with_the_most_captions_stays(tmp_path: Path) -> None:
    for name, text in (("a copy", "one"), ("b", "one\ntwo")):
        scene(1).save(tmp_path / f"{name}.png")
        (tmp_path / f"{name}.txt").write_text(text)
    (record,) = check_path(tmp_path).usable
    assert record.captions == ["one", "two"]


def test_look_alikes_share_a_group_and_stay(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        scene(ord(name)).save(tmp_path / f"{name}.png")
    with Image.open(tmp_path / "a.png") as image:
        image.point(lambda value: min(255, value + 8)).save(tmp_path / "d.png")
    for name in "abcd":
        (tmp_path / f"{name}.txt").write_text("blobs")
    expected = {"a.png": "a.png", "b.png": "b.png", "c.png": "c.png", "d.png": "a.png"}
    joined = join_look_alikes(read_records(tmp_path))
    assert {record.name: record.group for record in joined} == expected
    usable = check_path(tmp_path).usable
    assert {record.name: record.group for record in usable} == expected


def test_fingerprints_find_copies_and_no_others() -> None:
    images = [scene(seed) for seed in range(60)]
    copy = images[10].resize((77, 61))
    brighter = images[20].point(lambda value: min(255, value + 8))
    pairs = find_alike([fingerprint(image) for image in (*images, copy, brighter)])
    assert {(i, j) for i, j, _ in pairs} == {(10, 60), (20, 61)}
    assert {(i, j): same for i, j, same in pairs}[10, 60]


def test_flat_photos_are_not_alike_by_chance() -> None:
    flat = [Image.new("RGB", (90, 90), (level, level, level)) for level in (20, 120, 220)]
    assert find_alike([fingerprint(image) for image in flat]) == []


def test_about_the_share_asked_for_is_held_out() -> None:
    out = {group for group in (f"g{i}" for i in range(1000)) if held_out(group, 0.2)}
    assert 150 <= len(out) <= 250
    assert {group for group in out if held_out(group, 0.1)} < out, "a smaller share is part of a larger one"


def test_groups_merge_through_chains() -> None:
    merged = merge_groups(["a", "b", "c", "d", "a"], [(0, 1), (1, 2)])
    assert merged == ["a", "a", "a", "d", "a"]


def test_words_and_names_without_end_are_cut_in_the_list(tmp_path: Path) -> None:
    scene(0).save(tmp_path / "good.jpg")
    rows = f"file_name,text\ngood.jpg,a {'z' * 5000}\n{'n' * 5000}.jpg,a bird\n"
    (tmp_path / "metadata.csv").write_text(rows)
    report = check_path(tmp_path, Vocabulary(["a"]))
    assert report.unknown == {"z" * 5000: 1}
    assert [problem.kind for problem in report.problems] == ["missing"]
    assert max(map(len, describe(report).splitlines())) < 400
