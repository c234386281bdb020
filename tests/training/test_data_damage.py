"""One bad photo, caption, annotation or row is listed and left out; the others are used."""

from __future__ import annotations

import io
import json
import os
import tarfile
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nigdt_training.data.cache import build_cache
from nigdt_training.data.check import check_path
from nigdt_training.data.data_set import DataSet, read_data_set
from nigdt_training.data.errors import DataError
from PIL import Image

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
BIRD = "a small red bird"


def picture(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (70, 80, 3), dtype=np.uint8)).save(path)
    return path


def captions(data: DataSet) -> dict[str, list[str]]:
    return {record.name: record.captions for record in data.records}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("captions.json", {"a.png": BIRD}),
        ("captions.json", {"A.PNG": [BIRD]}),
        ("meta_cap.json", {"/home/somebody/pictures/a": {"caption": BIRD}, "/other/a.png": {"tags": ""}}),
        ("dataset.json", {"images": [{"filename": "a.png", "sentences": [{"raw": BIRD, "tokens": []}]}]}),
        ("captions.json", [{"image": "a.png", "caption": BIRD}, 7]),
        ("metadata.jsonl", '{"file_name": "a.png", "text": "a small red bird"}\n'),
        ("METADATA.CSV", "file_name,text\r\na.png,a small red bird\r\n"),
        ("metadata.tsv", "file_name\ttext\na.png\ta small red bird\n"),
        ("captions.csv", "image;caption\na.png;a small red bird\n"),
        ("results.csv", "image_name| comment_number| comment\na.png| 0| a small red bird\nx| 1\n"),
        ("Flickr8k.token.txt", "a.png#0\ta small red bird\n"),
        ("results_20130124.token", "a.png#0\ta small red bird\n"),
        ("captions.txt", "a.png\ta small red bird\n"),
        ("captions.txt", "a.png: a small red bird\n"),
        ("captions.txt", "a.png|a small red bird\n"),
        ("captions.csv", 'a.png,"a small red bird"\n'),
        ("metadata.csv", "file_name,text\ra.png,a small red bird\r"),
        ("metadata.csv", "\ufefffile_name,text\r\na.png,a small red bird\r\n".encode("utf-16-le")),
        ("metadata.csv", "file_name,text\na.png,a small red bird\n".encode("utf-16-be")),
        ("metadata.csv", "file_name,text\na.png,a small red bird\n".encode("utf-32")),
        ("metadata.jsonl", '{"image": {"path": "a.png"}, "text": "a small red bird"}\n'),
        ("metadata.jsonl", '{"image_file_name": "a.png", "text": "a small red bird"}\n'),
        ("meta_clean.json", {"a": {"caption": BIRD}}),
        ("meta_lat.json", {"a": {"caption": BIRD, "train_resolution": [64, 64]}}),
        ("metadata.csv", "sep=;\r\nfile_name;text\r\na.png;a small red bird\r\n"),
        ("metadata.csv", "\n# by me\nfile_name,text\na.png,a small red bird,,,\n"),
        ("captions.txt", "\n# by me\nimage,caption\na.png,a small red bird\n"),
        ("metadata.jsonl", json.dumps([{"file_name": "a.png", "text": BIRD}], indent=1)),
        ("metadata.jsonl", json.dumps({"file_name": "a.png", "text": BIRD}, indent=1)),
        ("dataset.json", {"images": [{"filename": "a.png", "sentences": [{"tokens": BIRD.split()}]}]}),
        *(
            (
                name,
                {
                    "images": [{"id": 1, "file_name": "a.png"}],
                    "annotations": [{"image_id": number, "caption": BIRD}],
                },
            )
            for name, number in (
                ("captions.json", 1),
                ("_annotations.coco.json", 1),
                ("captions_x.json", "1"),
            )
        ),
    ],
)
def test_indices_of_all_common_forms_are_read(tmp_path: Path, name: str, content: Any) -> None:
    picture(tmp_path / "a.png")
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    assert captions(read_data_set(tmp_path)) == {"a.png": [BIRD]}


@pytest.mark.parametrize(
    "content",
    [
        "file_name,text,split\na.png,a small, red bird,train\n",
        "text,file_name,split\na small, red bird,a.png,train\n",
    ],
)
def test_a_comma_in_a_caption_moves_no_other_column(tmp_path: Path, content: str) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "metadata.csv").write_text(content)
    (record,) = read_data_set(tmp_path).records
    assert (record.captions, record.split) == (["a small, red bird"], "train")


@pytest.mark.parametrize("named", ["../images/a.png", "a.png", "../images/./A.png"])
def test_an_index_may_lie_beside_the_folder_of_its_photos(tmp_path: Path, named: str) -> None:
    picture(tmp_path / "images" / "a.png")
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "captions.csv").write_text(f"file_name,text\n{named},{BIRD}\n")
    assert captions(read_data_set(tmp_path)) == {"images/a.png": [BIRD]}


def test_cocos_captions_go_to_no_other_photo_of_the_same_name(tmp_path: Path) -> None:
    for number, folder in enumerate(("a", "b", "c")):
        picture(tmp_path / folder / "1.png", number)
    images = [
        {"id": 1, "file_name": "b/1.png"},
        {"id": 2, "file_name": "c\\1.png"},
        {"id": 3, "file_name": "1.png"},
    ]
    words = [{"image_id": image["id"], "caption": f"{BIRD} {image['id']}"} for image in images]
    (tmp_path / "captions_x.json").write_text(json.dumps({"images": images, "annotations": words}))
    data = read_data_set(tmp_path)
    assert captions(data) == {"b/1.png": [f"{BIRD} 1"], "c/1.png": [f"{BIRD} 2"]}
    assert data.missing == ["1.png"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("captions.json", [{"image_id": 1, "caption": BIRD}]),
        ("dataset.json", [{"image": "a.png", "conversations": [{"from": "gpt", "value": BIRD}]}]),
    ],
)
def test_an_index_of_no_known_form_is_named(tmp_path: Path, name: str, content: Any) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / name).write_text(json.dumps(content))
    assert name in {problem.name for problem in check_path(tmp_path).problems}


@pytest.mark.parametrize("coding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_captions_are_read_as_any_systems_editor_writes_them(tmp_path: Path, coding: str, end: str) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "a.txt").write_bytes(f"{BIRD}{end}a second one{end}".encode(coding))
    assert captions(read_data_set(tmp_path)) == {"a.png": [BIRD, "a second one"]}


@pytest.mark.parametrize("name", ["a.json", "a.png.cap", "captions/a.txt", "metadata.parquet", "b.tga"])
def test_what_looks_like_captions_but_is_not_read_is_named(tmp_path: Path, name: str) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(BIRD)
    report = check_path(tmp_path)
    assert name in {problem.name for problem in report.problems}
    (tmp_path / "a.caption").write_text(BIRD)
    assert len(check_path(tmp_path).usable) == 1


def test_a_photos_own_captions_txt_is_no_index(tmp_path: Path) -> None:
    picture(tmp_path / "captions.png")
    (tmp_path / "captions.txt").write_text("image,caption\n")
    assert captions(read_data_set(tmp_path)) == {"captions.png": ["image,caption"]}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("metadata.csv", "a,b\n1,2\n"),
        ("metadata.csv", ""),
        ("captions.json", '{"a.png":' + "[" * 100_000),
        ("dataset_info.json", '{"name": "birds", "picture": "a.png"}'),
    ],
)
def test_an_index_of_something_else_hides_no_caption_files(tmp_path: Path, name: str, content: str) -> None:
    picture(tmp_path / "a.png").with_suffix(".txt").write_text(BIRD)
    (tmp_path / name).write_text(content)
    data = read_data_set(tmp_path)
    assert captions(data) == {"a.png": [BIRD]}
    assert data.left_out != [] or name == "dataset_info.json"


def test_a_bad_row_of_a_table_costs_no_other(tmp_path: Path) -> None:
    for name in "abc":
        picture(tmp_path / f"{name}.png")
    long = "word " * 400_000
    (tmp_path / "metadata.csv").write_text(f'file_name,text\na.png,"not closed\nb.png,{long}\nc.png,{BIRD}\n')
    found = captions(read_data_set(tmp_path))
    assert (found["a.png"], found["b.png"], found["c.png"]) == (["not closed"], [long.strip()], [BIRD])


ODD_VALUES = (None, "", [], {}, [None], "x", -1, 10**400, float("nan"), [1, 2, 3], [[1, 2]], True, "\ud800")


@pytest.mark.parametrize("key", ["caption", "image_id", "bbox", "area", "segmentation", "iscrowd", "id"])
def test_an_odd_value_in_cocos_files_costs_at_most_its_own_annotation(tmp_path: Path, key: str) -> None:
    for number in (1, 2):
        picture(tmp_path / "val2017" / f"{number}.png", number)
    outline = [1.0, 1.0, 41.0, 1.0, 41.0, 41.0]
    for value in ODD_VALUES:
        images: list[Any] = [{"id": number, "file_name": f"{number}.png"} for number in (1, 2)]
        words: list[Any] = [{"image_id": number, "caption": BIRD} for number in (1, 2)]
        things: list[Any] = [
            {"image_id": 2, "bbox": [1, 1, 40, 40], "area": 1600, "segmentation": [outline], "iscrowd": 0}
            for _ in range(2)
        ]
        for entry in (words[0], things[0], images[0]):
            if key in entry:
                entry[key] = value
        (tmp_path / "captions_val2017.json").write_text(
            json.dumps({"images": [*images, value], "annotations": [*words, value]})
        )
        (tmp_path / "instances_val2017.json").write_text(json.dumps({"annotations": [*things, value]}))
        second = next(record for record in read_data_set(tmp_path).records if record.name.endswith("2.png"))
        assert second.captions == [BIRD]
        assert second.box == (1, 1, 40, 40)


def test_outlines_far_outside_of_a_photo_are_none(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    record = read_data_set(tmp_path).records[0]
    far = replace(record, captions=[BIRD], polygons=((-1e5, -1e5, 9e5, 1.0, 9e5, 9e5),), box=(1e5, 1e5, 9, 9))
    cache = build_cache([far], tmp_path / "cache", size=64)
    assert len(cache) == 1
    assert cache.box(0) is None


@pytest.mark.parametrize("content", [b"{", b"[" * 100_000, b"[]", b'"x"', POINTER, b"9" * 5000, b"\xff\xfe"])
def test_a_broken_index_is_named_and_the_other_is_read(tmp_path: Path, content: bytes) -> None:
    picture(tmp_path / "val2017" / "1.png")
    whole = {
        "images": [{"id": 1, "file_name": "1.png"}],
        "annotations": [{"image_id": 1, "caption": BIRD}],
    }
    (tmp_path / "captions_train2017.json").write_bytes(content)
    with pytest.raises(DataError, match=r"captions_train2017|no photos") as error:
        read_data_set(tmp_path)
    assert "\n" not in str(error.value)
    (tmp_path / "captions_val2017.json").write_text(json.dumps(whole))
    (tmp_path / "instances_val2017.json").write_bytes(content)
    data = read_data_set(tmp_path)
    assert captions(data) == {"val2017/1.png": [BIRD]}
    assert {name for name, _ in data.left_out} == {"captions_train2017.json", "instances_val2017.json"}


def test_git_lfs_pointers_are_named_as_such(tmp_path: Path) -> None:
    picture(tmp_path / "good.png")
    (tmp_path / "good.txt").write_text(BIRD)
    (tmp_path / "left.jpg").write_bytes(POINTER)
    (tmp_path / "left.txt").write_text(BIRD)
    picture(tmp_path / "wordless.png", 1)
    (tmp_path / "wordless.txt").write_bytes(POINTER)
    (tmp_path / "annexed.png").write_bytes(b"/annex/objects/SHA256E-s12--abc.png\n")
    (tmp_path / "annexed.txt").write_text(BIRD)
    report = check_path(tmp_path)
    assert [record.name for record in report.usable] == ["good.png"]
    told = {problem.name: problem.detail for problem in report.problems if problem.kind != "captionless"}
    assert set(told) == {"left.jpg", "wordless.txt", "annexed.png"}
    assert "Git LFS pointer" in told["left.jpg"]
    assert "git lfs pull" in told["left.jpg"]
    assert "Git LFS pointer" in told["wordless.txt"]
    assert "git annex get" in told["annexed.png"]
    (tmp_path / "set.tar").write_bytes(POINTER)
    with pytest.raises(DataError, match="Git LFS pointer"):
        read_data_set(tmp_path / "set.tar")


def test_links_are_followed_once_or_named(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    for name in ("a.png", "sub/b.png"):
        picture(folder / name).with_suffix(".txt").write_text(BIRD)
    picture(tmp_path / "outside" / "c.png").with_suffix(".txt").write_text(BIRD)
    picture(tmp_path / "store.png")
    (folder / "linked").symlink_to(tmp_path / "outside")
    (folder / "again").symlink_to(folder / "sub")
    (folder / "sub" / "loop").symlink_to(folder)
    (folder / "d.png").symlink_to(tmp_path / "store.png")
    (folder / "gone.png").symlink_to("/nowhere.png")
    os.mkfifo(folder / "pipe.png")
    data = read_data_set(folder)
    assert captions(data) == {"a.png": [BIRD], "sub/b.png": [BIRD], "linked/c.png": [BIRD], "d.png": []}
    assert dict(data.left_out) == {
        "gone.png": "is a link to nothing",
        "pipe.png": "is a device or a pipe, not a file",
    }


def test_the_links_of_an_archive_are_read_and_its_damaged_end_is_named(tmp_path: Path) -> None:
    photo = picture(tmp_path / "a.png").read_bytes()
    path = tmp_path / "set.tar"
    with tarfile.open(path, "w") as tar:
        for name, data in (("set/a.png", photo), ("set/a.txt", BIRD.encode()), ("set/z.png", photo)):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
            if name == "set/a.txt":
                for link, kind in (("set/b.txt", tarfile.LNKTYPE), ("set/b.png", tarfile.SYMTYPE)):
                    member = tarfile.TarInfo(link)
                    member.type = kind
                    member.linkname = "set/a.txt" if kind == tarfile.LNKTYPE else "a.png"
                    tar.addfile(member)
    whole = read_data_set(path)
    assert captions(whole) == {"a.png": [BIRD], "b.png": [BIRD], "z.png": []}
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"IEND")])
    cut = read_data_set(path)
    assert captions(cut) == {"a.png": [BIRD], "b.png": [BIRD]}
    assert len(cut.left_out) == 1


def test_a_caption_file_that_is_too_large_is_left_out(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    with (tmp_path / "a.txt").open("wb") as file:
        file.truncate(30 * 2**30)
    data = read_data_set(tmp_path)
    assert captions(data) == {"a.png": []}
    assert data.left_out[0][0] == "a.txt"
    with (tmp_path / "metadata.jsonl").open("wb") as file:
        file.truncate(30 * 2**30)
    with pytest.raises(DataError, match="too large"):
        read_data_set(tmp_path)


def test_a_caption_file_of_other_things_than_text_is_left_out(tmp_path: Path) -> None:
    for name, content in {"a": BIRD.encode(), "b": np.random.default_rng(1).bytes(3000)}.items():
        picture(tmp_path / f"{name}.png", seed=ord(name))
        (tmp_path / f"{name}.txt").write_bytes(content)
    report = check_path(tmp_path)
    assert [record.captions for record in report.usable] == [[BIRD]]
    assert ("b.txt", "damaged") in [(problem.name, problem.kind) for problem in report.problems]


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="permissions of POSIX")
def test_a_folder_that_may_be_listed_but_not_entered_is_named() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        picture(folder / "a.png").with_suffix(".txt").write_text(BIRD)
        picture(folder / "closed" / "b.png")
        (folder / "closed").chmod(0o444)
        user = os.geteuid()
        check_path(folder)  # what it imports may lie where only root can read
        try:
            if user == 0:
                os.seteuid(65534)  # permissions do not bind root
            report = check_path(folder)
        finally:
            os.seteuid(user)
            (folder / "closed").chmod(0o755)
    assert [record.name for record in report.usable] == ["a.png"]
    assert [(problem.name, problem.detail) for problem in report.problems] == [
        ("closed/b.png", "cannot be read: Permission denied")
    ]


@pytest.mark.parametrize(("name", "told"), [("dog.jpg", "is a single file"), ("dog.zip", "not a readable")])
def test_a_file_in_a_folders_place_is_named_for_what_it_is(tmp_path, name, told):
    (tmp_path / name).write_bytes(b"\xff\xd8\xff no archive at all")
    with pytest.raises(DataError, match=told):
        read_data_set(tmp_path / name)
