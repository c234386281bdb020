"""Layouts of captioned photos, read as records and frames."""

from __future__ import annotations

import json
import os
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from nigdt_training.data.check import check_path
from nigdt_training.data.data_set import read_data_set, read_records
from nigdt_training.data.decode import decode_frame
from nigdt_training.data.errors import DataError
from nigdt_training.data.records import split_of_folders
from PIL import Image

from tests.training.scenes import scene


def test_caption_files_beside_photos(tmp_path: Path) -> None:
    scene(1).save(tmp_path / "a.jpg")
    (tmp_path / "a.txt").write_text("a red bird\n\n  a bird on a branch \n")
    scene(2).save(tmp_path / "b.png")
    data = read_data_set(tmp_path)
    assert data.layout == "caption files beside the photos"
    assert [(record.name, record.captions) for record in data.records] == [
        ("a.jpg", ["a red bird", "a bird on a branch"]),
        ("b.png", []),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8", "cp1252"])
def test_captions_as_editors_write_them(tmp_path: Path, encoding: str) -> None:
    scene(1).save(tmp_path / "a.jpg")
    (tmp_path / "a.txt").write_bytes("A caf\u00e9 at night\r\n\r\nlamps\r\n".encode(encoding))
    (record,) = read_records(tmp_path)
    assert record.captions == ["A caf\u00e9 at night", "lamps"]


def test_captions_whose_file_ends_in_capitals(tmp_path: Path) -> None:
    scene(1).save(tmp_path / "a.JPG")
    (tmp_path / "a.TXT").write_text("a bird")
    (record,) = read_records(tmp_path)
    assert record.captions == ["a bird"]


def test_metadata_with_a_row_for_each_caption_and_paths_of_windows(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    scene(1).save(tmp_path / "sub" / "a.jpg")
    rows = [{"file_name": "sub\\a.jpg", "text": "one"}, {"file_name": "sub/a.jpg", "text": ["two", "three"]}]
    (tmp_path / "metadata.jsonl").write_text("\r\n".join(map(json.dumps, rows)))
    (record,) = read_records(tmp_path)
    assert (record.name, record.captions) == ("sub/a.jpg", ["one", "two", "three"])


def test_photos_of_kinds_that_are_not_read_are_told(tmp_path: Path) -> None:
    for name in ("a.HEIC", "b.heic"):
        (tmp_path / name).write_bytes(b"not read anyway")
    with pytest.raises(
        DataError, match=r"holds no photo of a kind that is read here, only a\.HEIC and 1 more"
    ):
        read_records(tmp_path)
    scene(1).save(tmp_path / "b.jpg")
    (tmp_path / "b.txt").write_text("a bird")
    report = check_path(tmp_path)
    assert [(problem.name, problem.kind) for problem in report.problems] == [("a.HEIC", "unreadable")]
    assert report.found == 2


def test_metadata_with_split_folders(tmp_path: Path) -> None:
    for split, text in (("train", "one caption"), ("test", ["two", "captions"])):
        (tmp_path / split).mkdir()
        scene(len(split)).save(tmp_path / split / "x.jpg")
        row = {"file_name": "x.jpg", "text": text, "box": [1, 2, 30, 40], "species": "Crow"}
        gone = {"file_name": "gone.jpg", "text": "not there"}
        (tmp_path / split / "metadata.jsonl").write_text(json.dumps(row) + "\n" + json.dumps(gone) + "\n")
    data = read_data_set(tmp_path)
    by_name = {record.name: record for record in data.records}
    assert by_name["train/x.jpg"].captions == ["one caption"]
    assert by_name["train/x.jpg"].split == "train"
    assert by_name["train/x.jpg"].box == (1, 2, 30, 40)
    assert by_name["test/x.jpg"].captions == ["two", "captions"]
    assert by_name["test/x.jpg"].split == "test"
    assert sorted(data.missing) == ["test/gone.jpg", "train/gone.jpg"]


@pytest.mark.parametrize(
    "row",
    [
        {"text": None, "box": "large", "split": 7, "species": ["crow"], "attributes": ["black"]},
        {"text": ["  ", 5], "box": [1, 2, -3, 4], "split": "elsewhere", "attributes": None},
        {"box": [0, 0, float("inf"), 1]},
    ],
)
def test_useless_values_are_as_good_as_none(tmp_path: Path, row: dict) -> None:
    scene(1).save(tmp_path / "x.jpg")
    (tmp_path / "metadata.jsonl").write_text(json.dumps({"file_name": "x.jpg", "group": 3} | row))
    (record,) = read_records(tmp_path)
    assert (record.captions, record.box, record.split, record.species) == ([], None, None, None)
    assert (record.attributes, record.group) == ({}, "3")


@pytest.mark.parametrize(
    ("name", "split"),
    [("train2017/a.jpg", "train"), ("x/dev/a.jpg", "val"), ("Test/a.jpg", "test"), ("testament/a.jpg", None)],
)
def test_folders_name_splits(name: str, split: str | None) -> None:
    assert split_of_folders(name) == split


def test_names_that_leave_the_data_set_are_missing(tmp_path: Path) -> None:
    scene(1).save(tmp_path / "secret.jpg")
    (tmp_path / "set").mkdir()
    scene(2).save(tmp_path / "set" / "x.jpg")
    rows = [{"file_name": "../secret.jpg", "text": "t"}, {"file_name": "x.jpg", "text": "t"}]
    (tmp_path / "set" / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    data = read_data_set(tmp_path / "set")
    assert [record.name for record in data.records] == ["x.jpg"]
    assert data.missing == ["../secret.jpg"]


def test_archive_is_read_in_place_like_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    scene(3).save(folder / "x.jpg")
    (folder / "metadata.jsonl").write_text(json.dumps({"file_name": "x.jpg", "text": "a scene"}))
    with tarfile.open(tmp_path / "set.tar", "w") as tar:
        tar.add(folder, "set")
    inside = read_records(tmp_path / "set.tar")
    assert [record.name for record in inside] == ["x.jpg"]
    assert inside[0].source.read() == (folder / "x.jpg").read_bytes()


def test_compressed_archive_says_what_to_do(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "set.tar.gz", "w:gz"):
        pass
    with pytest.raises(DataError, match="Unpack it"):
        read_records(tmp_path / "set.tar.gz")


def write_coco(folder: Path) -> None:
    (folder / "val2017").mkdir()
    (folder / "annotations").mkdir()
    for number in (1, 2):
        scene(number).save(folder / "val2017" / f"{number:012}.jpg")
    images = [{"id": n, "file_name": f"{n:012}.jpg"} for n in (1, 2, 3)]
    captions = [
        {"image_id": 1, "caption": "A dog runs. "},
        {"image_id": 1, "caption": "A dog."},
        {"image_id": 2, "caption": "Two boats"},
    ]
    triangle = [10.0, 10.0, 50.0, 10.0, 10.0, 50.0]
    things = [
        {"image_id": 1, "area": 9, "bbox": [0, 0, 3, 3], "category_id": 2, "segmentation": [], "iscrowd": 0},
        {"image_id": 1, "area": 800, "bbox": [10, 10, 40, 40], "category_id": 1, "segmentation": [triangle]},
        {
            "image_id": 2,
            "area": 900,
            "bbox": [0, 0, 9, 9],
            "category_id": 1,
            "segmentation": {},
            "iscrowd": 1,
        },
    ]
    names = [{"id": 1, "name": "dog"}, {"id": 2, "name": "ball"}]
    annotations = folder / "annotations"
    (annotations / "captions_val2017.json").write_text(
        json.dumps({"images": images, "annotations": captions})
    )
    (annotations / "instances_val2017.json").write_text(
        json.dumps({"categories": names, "annotations": things})
    )


def test_coco_takes_the_largest_object_and_no_crowd(tmp_path: Path) -> None:
    write_coco(tmp_path)
    data = read_data_set(tmp_path)
    first, second = data.records
    assert data.layout == "COCO captions"
    assert (first.captions, first.box) == (["A dog runs.", "A dog."], (10, 10, 40, 40))
    assert first.species is None, "a category is no species: dogs of COCO are described one by one"
    assert first.split == "val"
    assert (second.captions, second.box, second.polygons) == (["Two boats"], None, ())
    assert data.missing == ["000000000003.jpg"]
    instances = tmp_path / "annotations" / "instances_val2017.json"
    content = json.loads(instances.read_text())
    del content["annotations"][1]["bbox"]
    instances.write_text(json.dumps(content))
    assert read_records(tmp_path)[0].box == (10, 10, 40, 40), "from the outline"
    outline = decode_frame(first, 96).outline
    assert outline is not None
    assert outline[20, 20] == 255
    assert outline[45, 45] == 0


def test_cub_layout(tmp_path: Path) -> None:
    root = tmp_path / "CUB_200_2011"
    photo = "001.Black_footed_Albatross/Black_Footed_Albatross_0001.jpg"
    (root / "images" / photo).parent.mkdir(parents=True)
    scene(4).save(root / "images" / photo)
    (root / "images.txt").write_text(f"1 {photo}\n2 001.Black_footed_Albatross/gone.jpg\n")
    (root / "bounding_boxes.txt").write_text("1 5.0 6.0 50.0 40.0\n2 0 0 1 1\n")
    (root / "train_test_split.txt").write_text("1 0\n2 1\n")
    text = tmp_path / "text" / "001.Black_footed_Albatross" / "Black_Footed_Albatross_0001.txt"
    text.parent.mkdir(parents=True)
    text.write_text("a large bird\nthe bird has a long bill\n")
    (root / "parts").mkdir()
    (root / "parts" / "parts.txt").write_text("1 back\n7 left eye\n2 beak\n")
    (root / "parts" / "part_locs.txt").write_text(
        "1 1 20.0 30.5 1\n1 2 0.0 0.0 0\n1 7 9.0 8.0 1\n1 7 x 8.0 1\n"
    )
    data = read_data_set(tmp_path)
    (record,) = data.records
    assert data.layout == "CUB-200-2011"
    assert record.places == {"back": (20, 30.5), "left_eye": (9, 8)}
    assert record.captions == ["a large bird", "the bird has a long bill"]
    assert (record.box, record.split, record.species) == ((5, 6, 50, 40), "test", "Black footed Albatross")
    assert len(data.missing) == 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_photo_box_and_places_together(tmp_path: Path, orientation: int) -> None:
    pixels = np.zeros((80, 120, 3), np.uint8)
    pixels[10:30, 70:110] = (255, 0, 0)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "x.png", exif=exif)
    (tmp_path / "metadata.jsonl").write_text(
        json.dumps({"file_name": "x.png", "text": "t", "box": [70, 10, 40, 20]})
    )
    places = {"x.png": {"beak": [70, 10], "tail": [-5, 3], "eye": "here", "wing": [1e400, 2]}}
    tmp_path.with_name(f"{tmp_path.name}-parts.json").write_text(json.dumps(places))
    frame = decode_frame(read_records(tmp_path)[0], 80)
    assert frame.photo.shape == ((80, 120, 3) if orientation < 5 else (120, 80, 3))
    rows, columns = np.nonzero(frame.photo[..., 0] > 128)
    assert frame.box is not None
    x, y, width, height = frame.box
    assert (columns.min(), rows.min()) == (round(x), round(y))
    assert (columns.max() + 1, rows.max() + 1) == (round(x + width), round(y + height))
    corner = [x + width * (orientation in (2, 3, 6, 7)), y + height * (orientation in (3, 4, 7, 8))]
    assert list(frame.places) == ["beak"], "what is outside, or no place, is left out"
    assert frame.places["beak"] == pytest.approx(corner)


def test_long_frame_is_cropped_around_its_object(tmp_path: Path) -> None:
    pixels = np.zeros((100, 600, 3), np.uint8)
    pixels[20:60, 500:560] = 255
    Image.fromarray(pixels).save(tmp_path / "x.png")
    (tmp_path / "metadata.jsonl").write_text(
        json.dumps({"file_name": "x.png", "text": "t", "box": [500, 20, 60, 40]})
    )
    (record,) = read_records(tmp_path)
    frame = decode_frame(replace(record, places={"eye": (510, 30), "tail": (3, 3)}), 100)
    assert frame.photo.shape == (100, 150, 3)
    assert frame.places == {"eye": pytest.approx((60, 30))}
    assert frame.box == pytest.approx((50, 20, 60, 40))
    assert (frame.photo[..., 0] > 128).sum() == 60 * 40


@pytest.mark.parametrize("mode", ["RGBA", "LA", "L", "P", "I;16", "1", "CMYK"])
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    name = "x.tif"
    if mode == "I;16":
        image = Image.fromarray(np.full((70, 70), 65535, np.uint16))
    else:
        image = Image.new("RGB", (70, 70), "white").convert(mode)
    image.save(tmp_path / name)
    (tmp_path / "x.txt").write_text("white")
    photo = decode_frame(read_records(tmp_path)[0], 70).photo
    assert photo.dtype == np.uint8
    assert photo.min() >= 250


def test_empty_folder_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        read_records(tmp_path)
    assert "\n" not in str(error.value)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.tar")
        with pytest.raises(DataError, match=r"pipe\.tar is a device or a pipe"):
            read_records(tmp_path / "pipe.tar")
    with pytest.raises(DataError, match="does not exist"):
        read_records(tmp_path / "nowhere")


def test_broken_metadata_names_its_line(tmp_path: Path) -> None:
    scene(3).save(tmp_path / "a.jpg")
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "a.jpg"}\n{oops\n')
    data = read_data_set(tmp_path)
    assert [record.name for record in data.records] == ["a.jpg"]
    assert data.left_out == [("metadata.jsonl, line 2", "is no JSON object")]


def test_line_marks_of_unicode_in_a_caption_end_no_line_of_json(tmp_path: Path) -> None:
    scene(3).save(tmp_path / "a.png")
    row = {"file_name": "a.png", "text": "a red\u2028bird\u0085here"}
    (tmp_path / "metadata.jsonl").write_text(json.dumps(row, ensure_ascii=False) + "\r\n", encoding="utf-8")
    (record,) = read_data_set(tmp_path).records
    assert record.captions == ["a red\u2028bird\u0085here"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("metadata.csv", 'file_name,text\na.png,"a red, small bird"\n'),
        ("captions.txt", "image,caption\na.png,a red, small bird\n"),
        ("metadata.jsonl", '{"image": "a.png", "caption": "a red, small bird"}\n'),
        ("metadata.jsonl", '[[[\n{"file_name": 7}\n{"file_name": "a.png", "text": "a red, small bird"}\n'),
        ("a.caption", "a red, small bird\n"),
        ("a.png.txt", "a red, small bird\n"),
        ("A.TXT", "a red, small bird\n"),
    ],
)
def test_common_layouts_of_captions_are_read(tmp_path: Path, name: str, content: str) -> None:
    scene(3).save(tmp_path / "a.png")
    (tmp_path / name).write_text(content, encoding="utf-8")
    data = read_data_set(tmp_path)
    assert [record.captions for record in data.records] == [["a red, small bird"]]
    assert len(data.left_out) == (2 if content.startswith("[[[") else 0)


def test_a_name_alone_finds_the_only_photo_of_that_name_below_its_index(tmp_path: Path) -> None:
    for name in ("imgs/one/a.jpg", "imgs/b.jpg", "more/b.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        scene(1).save(tmp_path / name)
    (tmp_path / "captions.txt").write_text("image,caption\nA.jpg,a red bird\nb.jpg,which of the two\n")
    data = read_data_set(tmp_path)
    assert [(record.name, record.captions) for record in data.records] == [("imgs/one/a.jpg", ["a red bird"])]
    assert data.missing == ["b.jpg"]


def test_an_index_of_photos_that_are_elsewhere_names_one(tmp_path: Path) -> None:
    scene(1).save(tmp_path / "a.jpg")
    (tmp_path / "metadata.csv").write_text("file_name,text\nother/x.jpg,a red bird\n")
    with pytest.raises(DataError, match="None of the 1 photos that the index") as caught:
        read_data_set(tmp_path)
    assert "other/x.jpg" in str(caught.value.hint)


def test_a_caption_file_is_found_in_either_form_of_unicode(tmp_path: Path) -> None:
    scene(3).save(tmp_path / "caf\u00e9.png")
    (tmp_path / "cafe\u0301.txt").write_text("a bird", encoding="utf-8")
    (record,) = read_data_set(tmp_path).records
    assert record.captions == ["a bird"]


def test_a_list_of_places_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    scene(1).save(tmp_path / "a.jpg")
    (tmp_path / "a.txt").write_text("a bird")
    told = tmp_path.with_name(f"{tmp_path.name}-parts.json")
    for content in ("[]", "{", "\x00"):
        told.write_text(content)
        with pytest.raises(DataError, match=told.name):
            read_records(tmp_path)
