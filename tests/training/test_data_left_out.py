"""What is left out of a data set is named: swallowed rows, boxes that are none, links in archives."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from nigdt_training.data.data_set import DataSet, read_data_set
from PIL import Image

BIRD = "a small red bird"
NAMES = ("a.png", "b.png", "c.png", "d.png")


def picture(seed: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (70, 80, 3), dtype=np.uint8)).save(
        buffer, "PNG"
    )
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed, name in enumerate(NAMES):
        (tmp_path / name).write_bytes(picture(seed))
    return tmp_path


def captions(data: DataSet) -> dict[str, list[str]]:
    return {record.name: record.captions for record in data.records}


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_quotation_mark_that_is_not_closed_swallows_no_row(folder: Path, separator: str) -> None:
    """Of two such rows each would end the other's quotation."""
    rows = [
        f'{name}{separator}"{BIRD}' if name in "a.pngc.png" else f"{name}{separator}{BIRD}" for name in NAMES
    ]
    (folder / "metadata.csv").write_text(f"file_name{separator}text\n" + "\n".join(rows) + "\n")
    data = read_data_set(folder)
    assert captions(data) == {name: [BIRD] for name in NAMES}
    assert any("quotation mark" in reason for _, reason in data.left_out)


def test_captions_with_quotation_marks_are_read_whatever_their_program_did(folder: Path) -> None:
    rows = [
        'a.png,"a ""red"" bird,\nsitting"',
        f'"b.png","{BIRD}"',
        'c.png,a 5" bird',
        'd.png,"a "red" bird"',
    ]
    (folder / "metadata.csv").write_text("file_name,text\n" + "\n".join(rows[:2]) + "\n")
    assert captions(read_data_set(folder)) == {"a.png": ['a "red" bird,\nsitting'], "b.png": [BIRD]}
    (folder / "metadata.csv").write_text("file_name,text\n" + "\n".join([*rows[1:], 'a.png,6" bird']) + "\n")
    data = read_data_set(folder)
    assert captions(data)["c.png"] == ['a 5" bird']
    assert {*captions(data)} == {*NAMES}


@pytest.mark.parametrize("box", ["0,0,5,5", [1, 2, 3], [0, 0, "5", 5], {"x": 1}, [0, 0, 1e300, 5], 7])
def test_a_box_that_is_none_is_named_and_the_photo_is_used(folder: Path, box: object) -> None:
    rows = [{"file_name": name, "text": BIRD} for name in NAMES]
    rows[1]["box"] = box  # type: ignore[assignment]
    rows[2]["box"] = [0, 0, 9, 9]  # type: ignore[assignment]
    (folder / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = read_data_set(folder)
    assert {*captions(data)} == {*NAMES}
    assert data.left_out == [("b.png", "its box is not four numbers, and is left out")]
    assert [record.box is not None for record in data.records] == [False, False, True, False]


@pytest.mark.parametrize("box", [None, [], [0, 0, 0, 0]])
def test_a_photo_without_an_object_needs_no_word(folder: Path, box: object) -> None:
    rows = [{"file_name": name, "text": BIRD, "box": box} for name in NAMES]
    (folder / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert read_data_set(folder).left_out == []


def test_members_of_an_archive_that_are_no_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "photos.tar"
    with tarfile.open(path, "w") as archive:

        def add(name: str, kind: bytes, link: str = "", content: bytes = b"") -> None:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.size = kind, link, len(content)
            archive.addfile(member, io.BytesIO(content))

        add("set", tarfile.DIRTYPE)
        add("set/a.png", tarfile.REGTYPE, content=picture(0))
        add("set/a.txt", tarfile.REGTYPE, content=BIRD.encode())
        add("set/b.png", tarfile.SYMTYPE, "/etc/passwd")
        add("set/c.png", tarfile.LNKTYPE, "set/gone.png")
        add("set/d.png", tarfile.CHRTYPE)
        add("set/e.png", tarfile.FIFOTYPE)
        add("set/f.txt", tarfile.SYMTYPE, "a.txt")
        add("set/.cache", tarfile.SYMTYPE, "nowhere")
    data = read_data_set(path)
    assert captions(data)["a.png"] == [BIRD]
    assert data.left_out == [
        ("set/b.png", "is a link to what is no file of the archive"),
        ("set/c.png", "is a link to what is no file of the archive"),
        ("set/d.png", "is a device or a pipe"),
        ("set/e.png", "is a device or a pipe"),
    ]
