"""Archives of models from anybody: each is added or refused in one line, and the old model stays."""

from __future__ import annotations

import hashlib
import json
import stat
import struct
import subprocess
import sys
import tarfile
import warnings
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from safetensors.numpy import load

from nigdt.bundle.bundle import user_bundles_folder
from nigdt.bundle.recolour import load_recolour
from nigdt.bundle.writing import install_bundle, write_sums
from nigdt.commands.models import models
from nigdt.errors import BundleError


def add(path: Path, *more: str) -> Result:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return CliRunner().invoke(models, ["add", str(path), *more])


def refusal(path: Path) -> str:
    """What is said as the archive is refused in place of a model that is there and stays."""
    name = "kept"
    before = {file.name: file.read_bytes() for file in (user_bundles_folder() / name).iterdir()}
    said = add(path, "--name", name, "--replace")
    assert isinstance(said.exception, BundleError), said.exception or said.output
    assert "\n" not in str(said.exception)
    assert {file.name: file.read_bytes() for file in (user_bundles_folder() / name).iterdir()} == before
    assert [entry.name for entry in user_bundles_folder().iterdir()] == [name]
    return str(said.exception)


@pytest.fixture
def files(tiny_bundle: Path) -> dict[str, bytes]:
    """A sound model's files by name; another model is installed beside."""
    install_bundle(tiny_bundle, "kept")
    return {path.name: path.read_bytes() for path in sorted(tiny_bundle.iterdir())}


def pack(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def with_sums(files: dict[str, bytes], folder: Path) -> dict[str, bytes]:
    """The files with checksums that are right again."""
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    write_sums(folder)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_an_archive_that_ends_early_is_refused(files, tmp_path):
    whole = pack(tmp_path / "a.zip", files).read_bytes()
    for end in (0, 1, 4, 30, 1000, len(whole) // 2, len(whole) - 22, len(whole) - 1):
        (tmp_path / "cut.zip").write_bytes(whole[:end])
        assert "cut.zip cannot be unpacked (File is not a zip file)" in refusal(tmp_path / "cut.zip")


@pytest.mark.parametrize("place", ["/", "../", "C:\\", "\x1b[31mmy birds/", "default/"])
def test_no_name_in_an_archive_leads_anywhere(files, tmp_path, place):
    path = pack(tmp_path / "a.zip", {place + name: content for name, content in files.items()})
    said = add(path, "--name", "other")
    assert said.exit_code == 0, said.exception
    assert sorted(entry.name for entry in user_bundles_folder().iterdir()) == ["kept", "other"]
    assert sorted(entry.name for entry in tmp_path.iterdir() if entry.is_file()) == ["a.zip"]


@pytest.mark.parametrize("place", ["a/b/", "../../etc/", "x/../"])
def test_what_lies_further_inside_is_not_taken(files, tmp_path, place):
    path = pack(tmp_path / "a.zip", {place + name: content for name, content in files.items()})
    assert "holds no model bundle" in refusal(path)


def test_an_archive_in_an_archive_is_refused_with_what_to_do(files, tmp_path):
    inner = pack(tmp_path / "inner.zip", files)
    said = refusal(pack(tmp_path / "a.zip", {"model.zip": inner.read_bytes()}))
    assert "unpack it, and add that folder" in said


def test_a_link_in_an_archive_is_refused_as_in_a_folder(files, tmp_path):
    """Its text would be the file, which is another file than where it was packed."""
    target = b"/etc/passwd"
    sums = files["SHA256SUMS"].decode()
    sums = sums.replace(hashlib.sha256(files["README.md"]).hexdigest(), hashlib.sha256(target).hexdigest())
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, content in (files | {"SHA256SUMS": sums.encode()}).items():
            info = zipfile.ZipInfo(name)
            if name == "README.md":
                info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
                content = target
            archive.writestr(info, content)
    assert "a.zip holds a link in place of README.md" in refusal(tmp_path / "a.zip")


def test_names_in_other_case_are_other_files(files, tmp_path):
    other = {"MODEL.YAML": b"x", "Model.Safetensors": b"y"}
    assert add(pack(tmp_path / "a.zip", other | files)).exit_code == 0
    upper = {name.upper(): content for name, content in files.items()}
    (user_bundles_folder() / "a").rename(tmp_path / "a")
    assert "model.safetensors is missing" in refusal(pack(tmp_path / "b.zip", upper))
    two = {f"{folder}/{name}": content for folder in "aA" for name, content in files.items()}
    assert "several model bundles" in refusal(pack(tmp_path / "c.zip", two))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_two_files_of_one_name_the_sums_decide(files, tmp_path):
    path = pack(tmp_path / "a.zip", files)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("model.yaml", b"second")
    assert add(path).exit_code == 0
    (user_bundles_folder() / "a").rename(tmp_path / "a")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("README.md", b"first")
        for name, content in files.items():
            archive.writestr(name, content)
    assert "README.md is damaged" in refusal(tmp_path / "b.zip")


def test_folders_that_are_called_like_files_are_passed_over(files, tmp_path):
    path = pack(tmp_path / "a.zip", {"model.yaml/": b"", "README.md/": b"", **files})
    assert add(path).exit_code == 0


@pytest.mark.parametrize("name", ["model.safetensors", "recolour.safetensors", "README.md"])
def test_an_archive_that_swells_is_refused_before_it_is_unpacked(files, tmp_path, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for other, content in files.items():
            if other != name:
                archive.writestr(other, content)
        with archive.open(name, "w", force_zip64=True) as file:
            for _ in range(3):
                file.write(bytes(2**20))
    assert "swells when it is unpacked" in refusal(tmp_path / "a.zip")


def test_what_finds_no_room_is_refused_before_it_is_unpacked(files, tmp_path, monkeypatch):
    usage = __import__("shutil").disk_usage("/")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage._replace(free=1000))
    assert "There is no room" in refusal(pack(tmp_path / "a.zip", files))


def test_a_list_of_a_million_files_is_not_read(files, tmp_path):
    """Each would take as much memory as a page of text."""
    path = pack(tmp_path / "a.zip", files)
    data = path.read_bytes()
    end = data.rindex(b"PK\x05\x06")
    start = struct.unpack("<I", data[end + 16 : end + 20])[0]
    entry = zipfile.ZipInfo("f")
    empty = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *(20, 20, 0, 0, 0, 0), *(0, 0, 0), 1, *(0,) * 6) + b"f"
    assert len(empty) == 46 + len(entry.filename)
    listed = data[start:end] + empty * 1_000_000
    count, at = len(files) + 1_000_000, start + len(listed)
    longer = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, len(listed), start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
    path.write_bytes(data[:start] + listed + longer + locator + last)
    program = "import sys; from nigdt.cli import main; main(['models', 'add', sys.argv[1], '--name', 'x'])"

    resource = pytest.importorskip("resource")  # which Windows lacks

    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))

    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, preexec_fn=bounded
    )
    assert done.stderr == "nigdt: a.zip holds far more files than a model bundle.\n"


def test_names_that_are_not_utf_8(files, tmp_path):
    """A name of the old kind says nothing of a model; one that claims to be UTF-8 is damage."""
    path = pack(tmp_path / "a.zip", {**files, "xxxx.txt": b"note"})
    path.write_bytes(path.read_bytes().replace(b"xxxx.txt", b"x\xe9\xff\x80.txt"))
    assert add(path).exit_code == 0
    (user_bundles_folder() / "a").rename(tmp_path / "a")
    path = pack(tmp_path / "b.zip", {**files, "xéx.txt": b"note"})
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xff\xfe"))
    assert "b.zip cannot be unpacked" in refusal(path)


@pytest.mark.parametrize("kind", ["", "gz", "bz2", "xz"])
def test_other_archives_are_refused(files, tiny_bundle, tmp_path, kind):
    path = tmp_path / f"a.tar.{kind}"
    with tarfile.open(path, f"w:{kind}") as archive:
        archive.add(tiny_bundle, "a")
    assert refusal(path).endswith("Give a folder or a ZIP archive.")


def test_what_an_archive_says_of_its_files_is_not_believed(files, tmp_path):
    path = pack(tmp_path / "a.zip", files)
    whole, first = path.read_bytes(), path.read_bytes().index(b"PK\x01\x02")
    for size in (1, 10):
        path.write_bytes(whole[: first + 24] + struct.pack("<I", size) + whole[first + 28 :])
        assert "cannot be unpacked (Bad CRC-32" in refusal(path)
    listed = bytearray(whole)
    at = first
    while (at := listed.find(b"PK\x01\x02", at + 1)) >= 0:  # all lie in one place
        listed[at + 42 : at + 46] = whole[first + 42 : first + 46]
    path.write_bytes(listed)
    assert "cannot be unpacked" in refusal(path)
    path.write_bytes(b"#!/bin/sh\nexit\n" + whole)  # as those that unpack themselves
    assert add(path).exit_code == 0


KINDS = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0"), 8),
    "I16": 16,
    "U16": 16,
    "I32": 32,
    "U32": 32,
    "I64": 64,
    "U64": 64,
    "C64": 64,
    "F64": 64,
    "BF16": 16,
    "F4": 4,
    "F6_E2M3": 6,
    "Q9": 8,
}
TAKEN = {"F8_E5M2", "F8_E4M3", "F8_E8M0", "F64", "BF16"}


@pytest.mark.parametrize("file", ["model.safetensors", "recolour.safetensors"])
@pytest.mark.parametrize("kind", KINDS)
def test_weights_of_other_numbers_are_refused_if_they_are_no_fractions(files, tmp_path, kind, file):
    weights = load(files[file])
    even = next(name for name, value in weights.items() if value.size % 8 == 0 and value.shape[-1] % 2)
    header, content = {}, b""
    for name, value in weights.items():  # one alone is of the kind, whose size in bytes must be whole
        data = bytes(value.size * KINDS[kind] // 8) if name == even else value.tobytes()
        place = [len(content), len(content) + len(data)]
        about = kind if name == even else "F16"
        header[name] = {"dtype": about, "shape": list(value.shape), "data_offsets": place}
        content += data
    text = json.dumps(header).encode()
    changed = files | {file: struct.pack("<Q", len(text)) + text + content}
    path = pack(tmp_path / "a.zip", with_sums(changed, tmp_path / "changed"))
    if kind in TAKEN:
        said = add(path)
        assert said.exit_code == 0, said.exception
        assert "\n" not in said.output.strip()
    else:
        assert refusal(path).startswith("Bundle a: ")


def test_weights_that_single_precision_cannot_hold_are_refused(files, tmp_path):
    weights = load(files["recolour.safetensors"])
    name = next(name for name, value in weights.items() if value.size % 8 == 0)
    header, content = {}, b""
    for other, value in weights.items():
        data = struct.pack("<d", 1e300) * value.size if other == name else value.tobytes()
        about = {"dtype": "F64" if other == name else "F16", "shape": list(value.shape)}
        header[other] = about | {"data_offsets": [len(content), len(content) + len(data)]}
        content += data
    text = json.dumps(header).encode()
    changed = files | {"recolour.safetensors": struct.pack("<Q", len(text)) + text + content}
    said = refusal(pack(tmp_path / "a.zip", with_sums(changed, tmp_path / "changed")))
    assert "is not finite" in said


def test_the_default_models_counts_are_read(tmp_path):
    from nigdt.bundle.bundle import find_bundle

    net, _ = load_recolour(find_bundle().folder)
    counts = [value for name, value in net.state_dict().items() if name.endswith("num_batches_tracked")]
    assert counts
    assert all(value.dtype.is_floating_point is False for value in counts)
