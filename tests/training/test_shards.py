"""WebDataset shards read in place: img2dataset's layout, bad samples, exact order, flat memory."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from nigdt_training.data.check import check_path
from nigdt_training.data.data_set import read_data_set
from nigdt_training.data.errors import BadSampleError, DataError
from nigdt_training.data.shards import Shards, _members, is_sharded
from nigdt_training.match.stage import backbone_features
from nigdt_training.pools import build_vocabulary, open_pools
from nigdt_training.samples import Pool, SampleStream
from nigdt_training.settings import DEFAULT_MASKS, MatchSettings, settings_from
from PIL import Image

COLOURS = {"red": (200, 30, 30), "green": (30, 160, 40), "blue": (30, 50, 190)}


def write_shards(folder: Path, shards: int, each: int, side: int = 80) -> None:
    """Shards as img2dataset writes them; every sample's picture has the colour that its caption names."""
    folder.mkdir(parents=True)
    pictures = {}
    for name, colour in COLOURS.items():
        buffer = io.BytesIO()
        Image.new("RGB", (side, side), colour).save(buffer, "JPEG")
        pictures[name] = buffer.getvalue()
    names = list(COLOURS)
    for shard in range(shards):
        with tarfile.open(folder / f"{shard:05d}.tar", "w") as tar:
            for sample in range(each):
                colour = names[(shard + sample) % 3]
                key = f"{shard * 10_000 + sample:09d}"
                add(tar, f"{key}.jpg", pictures[colour])
                add(tar, f"{key}.txt", f"a {colour} picture\n".encode())
        (folder / f"{shard:05d}_stats.json").write_text("{}")
        (folder / f"{shard:05d}.parquet").write_bytes(b"PAR1")


def add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sets") / "train"
    write_shards(folder, 3, 8)
    with tarfile.open(folder / "00003.tar", "w") as tar:
        add(tar, "000030000.jpg", b"no picture")
        add(tar, "000030000.txt", b"a broken one")
        add(tar, "000030001.txt", b"without its photo")
        buffer = io.BytesIO()
        Image.new("RGB", (80, 80), COLOURS["blue"]).save(buffer, "JPEG")
        add(tar, "000030002.jpg", buffer.getvalue())
        add(tar, "000030002.json", json.dumps({"caption": "a  blue picture", "status": "success"}).encode())
    return folder


def test_samples_are_what_the_shards_hold(folder: Path, tmp_path: Path) -> None:
    assert is_sharded(folder)
    assert not is_sharded(folder.parent)
    said: list[str] = []
    shards = Shards.open(folder, tmp_path, 64, said.append)
    assert (len(shards), shards.incomplete) == (26, 1)
    assert said == [f"indexing 4 shards of {folder}"]
    for i in (*range(24), 25):
        colour = shards.captions(i)[0].split()[1]
        photo = shards.photo(i)
        assert photo.shape == (64, 64, 3)
        assert np.abs(photo.reshape(-1, 3).mean(0) - COLOURS[colour]).max() < 4
    with pytest.raises(BadSampleError):
        shards.photo(24)
    assert shards.bad == {24}
    assert shards.split(0) == "train"
    Shards.open(folder, tmp_path, 64, said.append)
    assert len(said) == 1, "the index is used again"


def test_a_run_reads_shards_like_any_collection(folder: Path, tmp_path: Path, tiny_settings) -> None:
    """The same samples by number, whoever asks for them; the broken one is passed over."""
    settings = settings_from({**tiny_settings, "data": [{"path": "train", "validation": 0.2}]})
    training, validation = open_pools(settings, folder.parent, tmp_path)
    assert len(training[0].photos) + len(validation[0].photos) == 26
    vocabulary = build_vocabulary(training)
    assert "red" in vocabulary

    def stream() -> SampleStream:
        return SampleStream(
            training,
            vocabulary,
            size=64,
            max_words=8,
            latent_shape=(4, 2, 2),
            masks=DEFAULT_MASKS,
            augmentation=None,
            seed=0,
        )

    whole, later = stream(), stream()
    numbers = len(training[0].photos)
    samples = [whole.sample(k) for k in range(numbers)]
    for k in range(numbers - 1, -1, -3):  # as a resumed run or another process does
        again = later.sample(k)
        assert (again.number, again.caption) == (samples[k].number, samples[k].caption)
        np.testing.assert_array_equal(again.photo, samples[k].photo)
    assert 24 not in {sample.number for sample in samples}
    assert all(
        np.abs(s.photo.reshape(-1, 3).mean(0) - COLOURS[s.caption.split()[1]]).max() < 4 for s in samples
    )


def test_stage_1_passes_over_a_photo_that_cannot_be_read(folder: Path, tmp_path: Path) -> None:
    class Network(torch.nn.Module):
        """A backbone of means, and something that says where it computes."""

        def __init__(self) -> None:
            super().__init__()
            self.global_projection = torch.nn.Linear(3, 1)

        def backbone(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return pictures[:, :, :2, :2], pictures.mean((2, 3))

    pool = Pool(Shards.open(folder, tmp_path, 64), np.arange(22, 26), 1, 0)
    views, said = [(pool, i, 0) for i in range(22, 26)], []
    settings = MatchSettings(size=32)
    (regions, wholes), read = backbone_features(Network(), views, settings, False, 0, said.append, tmp_path)
    assert [i for _, i, _ in read] == [22, 23, 25]
    assert (len(regions), len(wholes)) == (3, 3)
    assert said == ["1 of 4 views are left out: their photos cannot be read."]
    with pytest.raises(BadSampleError, match="None of the 1 photos"):
        backbone_features(Network(), views[2:3], settings, False, 0, said.append, tmp_path)


def test_a_shard_that_is_cut_off_gives_what_is_whole(tmp_path: Path) -> None:
    write_shards(tmp_path / "set", 2, 4)
    path = tmp_path / "set" / "00001.tar"
    path.write_bytes(path.read_bytes()[: 5 * 1024 + 100])
    said: list[str] = []
    shards = Shards.open(tmp_path / "set", tmp_path / "index", 64, said.append)
    assert 4 < len(shards) < 8
    path.write_bytes(b"x" * 700)
    assert len(Shards.open(tmp_path / "set", tmp_path / "index", 64, said.append)) == 4
    assert "left out" in said[-1]
    assert "00001.tar" in said[-1]


def test_headers_that_are_not_plain_are_read_too(tmp_path: Path) -> None:
    """Long names (PAX, GNU) begin in the middle of a shard; every file is found where tarfile finds it."""
    for kind in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        path = tmp_path / "00000.tar"
        with tarfile.open(path, "w", format=kind) as tar:
            for name, data in {"a/1.jpg": b"x" * 513, "a/1.txt": b"", "2.txt": b"two"}.items():
                add(tar, name, data)
            if kind != tarfile.USTAR_FORMAT:
                add(tar, f"{'long' * 40}.txt", b"four")
            add(tar, "3.txt", b"three")
        with tarfile.open(path) as tar:
            expected = [(m.name, m.offset_data, m.size) for m in tar]
        assert list(_members(path)) == expected


def jpeg(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (80, 96), COLOURS[colour]).save(buffer, "JPEG")
    return buffer.getvalue()


def test_keys_of_two_folders_in_one_shard_are_two_samples(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    with tarfile.open(tmp_path / "set" / "00000.tar", "w") as tar:
        for part, colour in (("a", "red"), ("b.1", "blue")):
            add(tar, f"./{part}/1.jpg", jpeg(colour))
            add(tar, f"./{part}/1.txt", f"a {colour} picture".encode())
            add(tar, f"./{part}/._1.jpg", b"what macOS leaves beside")
            add(tar, f"./{part}/._1.txt", b"what macOS leaves beside")
    shards = Shards.open(tmp_path / "set", tmp_path / "index", 64)
    assert [shards.captions(i) for i in range(2)] == [["a red picture"], ["a blue picture"]]
    assert [shards.name(i) for i in range(2)] == ["00000.tar/a/1.jpg", "00000.tar/b.1/1.jpg"]
    assert np.abs(shards.photo(1).reshape(-1, 3).mean(0) - COLOURS["blue"]).max() < 4


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"text": "a red picture"}, ["a red picture"]),
        ({"caption": ["a red picture", " red  all over"]}, ["a red picture", "red all over"]),
        ({"caption": None, "url": "x"}, [""]),
        (["a red picture"], [""]),
    ],
)
def test_captions_in_json_have_the_names_of_any_index(
    tmp_path: Path, row: object, expected: list[str]
) -> None:
    (tmp_path / "set").mkdir()
    with tarfile.open(tmp_path / "set" / "00000.tar", "w") as tar:
        add(tar, "1.jpg", jpeg("red"))
        add(tar, "1.txt", b"")
        add(tar, "1.json", json.dumps(row).encode())
        add(tar, "2.jpg", jpeg("blue"))
        add(tar, "2.txt", b"a blue picture")
    assert Shards.open(tmp_path / "set", tmp_path / "index", 64).captions(0) == expected


def test_shards_without_a_single_caption_are_told_before_anything_is_trained(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    with tarfile.open(tmp_path / "set" / "00000.tar", "w") as tar:
        for key in range(3):
            add(tar, f"{key}.jpg", jpeg("red"))
            add(tar, f"{key}.json", b'{"alt": "a red picture"}')
    with pytest.raises(DataError, match=r"first 3 samples of .* have no caption"):
        Shards.open(tmp_path / "set", tmp_path / "index", 64)


def test_shards_may_be_called_by_more_than_a_number(tmp_path: Path) -> None:
    write_shards(tmp_path / "set", 2, 3)
    for path in sorted((tmp_path / "set").glob("*.tar")):
        path.rename(path.with_name(f"cc12m-train-{path.name}"))
    assert is_sharded(tmp_path / "set")
    assert len(Shards.open(tmp_path / "set", tmp_path / "index", 64)) == 6
    (tmp_path / "set" / "photos").mkdir()
    assert not is_sharded(tmp_path / "set"), "a folder of photos beside a copy of it"


def test_shards_are_looked_over_and_measured_like_any_collection(folder: Path) -> None:
    data = read_data_set(folder)
    assert (data.layout, len(data.records)) == ("WebDataset shards", 26)
    assert data.left_out == [("00003.tar", "1 keys lack a photo or a caption")]
    first = data.records[0]
    assert (first.name, first.captions, first.split) == (
        "00000.tar/000000000.jpg",
        ["a red picture"],
        "train",
    )
    report = check_path(folder)
    assert {problem.kind for problem in report.problems} >= {"unreadable", "damaged"}
    assert report.usable


def test_torn_shards_and_empty_ones_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "00000.tar").write_bytes(b"x" * 700)
    with pytest.raises(DataError, match=r"00000\.tar is not a readable"):
        Shards.open(tmp_path / "set", tmp_path / "index")
    with tarfile.open(tmp_path / "set" / "00000.tar", "w") as tar:
        add(tar, "1.txt", b"words alone")
    for read in (lambda path: Shards.open(path, tmp_path / "index"), read_data_set):
        with pytest.raises(DataError, match="no photo with a caption"):
            read(tmp_path / "set")


MEASURE = """
import resource, sys, time
import numpy as np
from pathlib import Path
from nigdt_training.data.shards import Shards
def anonymous():
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["RssAnon"].split()[0]) / 1024
start = time.perf_counter()
shards = Shards.open(Path(sys.argv[1]), Path(sys.argv[2]), 64)
indexed, memory = time.perf_counter() - start, anonymous()
order = np.random.default_rng(0).permutation(len(shards))
start = time.perf_counter()
for i in order[: int(sys.argv[3])]:
    shards.photo(int(i)), shards.captions(int(i))
print(len(shards), indexed, time.perf_counter() - start, memory, anonymous(), len(shards.bad))
"""


@pytest.mark.timeout(3600)
@pytest.mark.slow  # a million samples: minutes, and 3 GB of disk
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's own count of memory")
def test_memory_stays_flat_at_a_million_samples(tmp_path: Path) -> None:
    each = 10_000
    write_shards(tmp_path / "small", 1, each, side=16)
    shard = (tmp_path / "small" / "00000.tar").read_bytes()
    (tmp_path / "large").mkdir()
    for number in range(100):
        (tmp_path / "large" / f"{number:05d}.tar").write_bytes(shard)
    found = {}
    for name in ("small", "large"):
        command = [sys.executable, "-c", MEASURE, str(tmp_path / name), str(tmp_path / "index"), "2000"]
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ))
        found[name] = [float(number) for number in done.stdout.split()]
        print(name, done.stdout.strip(), round(time.perf_counter() - start, 1))
    assert found["large"][0] == 100 * each
    assert found["large"][4] < found["small"][4] + 40, "MB; the order of a million samples is 8 of them"
