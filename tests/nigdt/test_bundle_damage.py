"""Bundles from anybody: whatever one says of itself, it is refused in a line and the others keep working."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from nigdt.bundle import exchange
from nigdt.bundle.bundle import broken_bundles, find_bundle, list_bundles, read_bundle, user_bundles_folder
from nigdt.bundle.exchange import recover, replaced
from nigdt.bundle.reading import LARGEST, parse_description
from nigdt.bundle.weights import check_runnable
from nigdt.bundle.writing import install_bundle, write_sums
from nigdt.commands.models import models
from nigdt.errors import BundleError, one_line, printable
from tests.campaign.bundles import BOMB, CHANGES, damage, damaged_archive

BUNDLES = 40
ARCHIVES = 40


def lines_of(error: BaseException) -> int:
    return str(error).count("\n") + 1


@pytest.mark.parametrize("change", dict.fromkeys(CHANGES), ids=lambda change: change.__name__)
def test_damaged_bundles_are_refused_in_one_line_and_hide_no_other(tiny_bundle, tmp_path, change):
    draw = random.Random(5)
    for number in range(6):
        folder = user_bundles_folder() / f"bad-{number}"
        shutil.copytree(tiny_bundle, folder)
        change(folder, draw)
    default = find_bundle()
    assert default.embedded
    names = [info.name for info in list_bundles()]
    assert default.name in names
    for problem in broken_bundles():
        assert lines_of(problem) == 1
        assert "bad-" in str(problem)
    for info in list_bundles():
        json.dumps(info.to_dict(), allow_nan=False).encode("utf-8")
        assert printable(info.title) == info.title


def test_folders_that_no_bundle_can_be_called_are_named(tiny_bundle):
    names = ["my birds", "caf\udce9", "\x1b[31mred", "default", "x" * 65]
    for name in names:
        shutil.copytree(tiny_bundle, user_bundles_folder() / name)
    (user_bundles_folder() / ".hidden").mkdir()
    (user_bundles_folder() / "notes.txt").write_text("mine")
    (user_bundles_folder() / "gone").symlink_to("nowhere")
    problems = [str(problem) for problem in broken_bundles()]
    assert len(problems) == len(names) + 1
    assert sum("no bundle can be called" in problem for problem in problems) == len(names)
    assert [problem for problem in problems if "gone is not a model bundle" in problem]
    assert all(printable(problem) == problem for problem in problems)
    assert [info.name for info in list_bundles()] == [find_bundle().name]


def test_adding_damaged_bundles_says_why_in_one_line(tiny_bundle, tmp_path):
    draw, refused = random.Random(6), 0
    for number in range(BUNDLES):
        folder = tmp_path / f"bundle-{number}"
        change = damage(tiny_bundle, folder, draw)
        said = CliRunner().invoke(models, ["add", str(folder)])
        if said.exit_code != 0:
            refused += 1
            assert isinstance(said.exception, BundleError), (change, said.exception)
            assert lines_of(said.exception) == 1
            assert not (user_bundles_folder() / folder.name).exists()
        else:
            check_runnable(read_bundle(user_bundles_folder() / folder.name))
        shutil.rmtree(folder)
    assert refused > BUNDLES / 2


def test_damaged_archives_are_refused_in_one_line(tiny_bundle, tmp_path):
    draw, refused = random.Random(7), 0
    for number in range(ARCHIVES):
        path = tmp_path / f"b{number}.zip"
        damaged_archive(tiny_bundle, path, draw)
        said = CliRunner().invoke(models, ["add", str(path)])
        if said.exit_code != 0:
            refused += 1
            assert isinstance(said.exception, BundleError), said.exception
            assert lines_of(said.exception) == 1
    assert refused > ARCHIVES / 2


def test_an_archive_with_a_password_is_refused_as_such(tiny_bundle, tmp_path):
    path = tmp_path / "locked.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        for file in tiny_bundle.iterdir():
            zipped.write(file, file.name)
    data = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := data.find(signature, at + 1)) >= 0:
            data[at + flags] |= 1
    path.write_bytes(data)
    said = CliRunner().invoke(models, ["add", str(path)])
    assert str(said.exception) == "locked.zip is protected by a password. Unpack it, and add its folder."


def test_a_swelling_description_takes_neither_time_nor_memory(tiny_bundle):
    folder = user_bundles_folder() / "bomb"
    shutil.copytree(tiny_bundle, folder)
    text = (folder / "model.yaml").read_text()
    (folder / "model.yaml").write_text(BOMB + text.replace("title:", "other:") + "title: *i\n")
    program = "from nigdt.bundle.bundle import list_bundles; print([info.name for info in list_bundles()])"

    resource = pytest.importorskip("resource")  # which Windows lacks

    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))

    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, preexec_fn=bounded
    )
    assert "bomb" not in done.stdout
    assert "nigdt-small" in done.stdout
    spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    assert spent < 10, "an import of NumPy and a moment"


@pytest.mark.parametrize("key", ["size: 65536", "latent_channels: 1099511627776", "embedding: 1000000000"])
def test_absurd_architectures_are_refused_before_they_cost_memory(tiny_bundle, tmp_path, key):
    folder = tmp_path / "absurd"
    shutil.copytree(tiny_bundle, folder)
    name = key.partition(":")[0]
    lines = (folder / "model.yaml").read_text().splitlines()
    text = "\n".join(f"  {key}" if line.strip().startswith(f"{name}:") else line for line in lines)
    (folder / "model.yaml").write_text(text)
    write_sums(folder)
    with pytest.raises(BundleError, match=name):
        read_bundle(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "model.yaml", "vocabulary.json"])
def test_a_git_lfs_pointer_in_place_of_a_file_is_named(tiny_bundle, tmp_path, name):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 9\n"
    folder = tmp_path / "cloned"
    shutil.copytree(tiny_bundle, folder)
    (folder / name).write_text(pointer)
    archive = tmp_path / "cloned.zip"
    archive.write_text(pointer)
    for source in (folder, archive):
        said = CliRunner().invoke(models, ["add", str(source)])
        assert isinstance(said.exception, BundleError)
        assert "Git LFS pointer" in str(said.exception)
        assert "git lfs pull" in str(said.exception)


def test_a_title_that_a_terminal_would_obey_is_shown_as_text(tiny_bundle):
    folder = user_bundles_folder() / "loud"
    shutil.copytree(tiny_bundle, folder)
    text = (folder / "model.yaml").read_text()
    title = next(line for line in text.splitlines() if line.startswith("title:"))
    (folder / "model.yaml").write_text(text.replace(title, 'title: "\\e]0;PWN\\a\\e[31mred\\u202eder"'))
    info = next(info for info in list_bundles() if info.name == "loud")
    assert "red?der" in info.title
    assert "\x1b" not in CliRunner().invoke(models, []).output


def test_an_error_holds_no_control_characters():
    assert one_line("a\x1b[31m\nb", "c\udce9") == "a [31m b. c?"


def test_a_failure_while_a_bundle_is_replaced_keeps_the_old_one(tiny_bundle, tmp_path, monkeypatch):
    install_bundle(tiny_bundle, "mine")
    before = (user_bundles_folder() / "mine" / "model.yaml").read_bytes()
    other = tmp_path / "other"
    shutil.copytree(tiny_bundle, other)
    (other / "model.yaml").write_bytes(before.replace(b"title: Tiny", b"title: Other"))
    write_sums(other)
    real = Path.rename
    for exchanges in (True, False):
        calls = []

        def fails(path: Path, target: Path, calls=calls) -> Path:
            calls.append(path)
            if path.name == "new":
                raise OSError(5, "Input/output error")
            return real(path, target)

        with monkeypatch.context() as patched:
            patched.setattr(Path, "rename", fails)
            if exchanges:
                patched.setattr(exchange, "_put_on_disk", lambda folder: fails(folder, folder))
            else:
                patched.setattr(exchange, "_exchange", lambda one, other: False)
            with pytest.raises(BundleError, match="Input/output error"):
                install_bundle(other, "mine", replace=True)
        assert calls
        assert (user_bundles_folder() / "mine" / "model.yaml").read_bytes() == before
        assert sorted(path.name for path in user_bundles_folder().iterdir()) == ["mine"]
    install_bundle(other, "mine", replace=True)
    assert read_bundle(user_bundles_folder() / "mine").title.startswith("Other")
    assert sorted(path.name for path in user_bundles_folder().iterdir()) == ["mine"]


KILLED = """
import os, sys
from pathlib import Path
from nigdt.bundle import exchange
target = Path(sys.argv[1])
exchange._exchange = lambda one, other: False
real = Path.rename
def rename(path, to):
    real(path, to)
    os._exit(9)
Path.rename = rename
with exchange.replaced(target) as new:
    (new / "x").write_text("new")
"""


def test_a_kill_between_two_renames_loses_nothing(tmp_path):
    target = tmp_path / "mine"
    target.mkdir()
    (target / "x").write_text("old")
    done = subprocess.run([sys.executable, "-c", KILLED, str(target)], check=False)
    assert done.returncode == 9
    assert not target.exists()
    recover(tmp_path)
    assert (target / "x").read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_folders_of_writers_at_work_are_left_alone(tmp_path):
    target = tmp_path / "mine"
    with replaced(target) as new:
        recover(tmp_path)
        (new / "x").write_text("new")
    assert (target / "x").read_text() == "new"


def test_a_pipe_in_place_of_an_archive_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.zip")
    said = CliRunner().invoke(models, ["add", str(tmp_path / "pipe.zip")])
    assert isinstance(said.exception, BundleError)
    assert "neither a folder nor a file" in str(said.exception)


ABSURD: tuple[tuple[str, object], ...] = (
    ("size", 10**9),
    ("max_words", 10**12),
    ("head_channels", 2**28),
    ("channels", [2**20] * 5),
    ("embedding", 2**40),
    ("text_channels", "many"),
    ("size", True),
    ("finds", 3),
)
# In a process of its own, whose largest memory is not that of other tests.
LOAD_EACH = """
import resource, sys
from pathlib import Path
from nigdt.bundle.recolour import load_recolour
from nigdt.errors import BundleError
for folder in sys.argv[1:]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        load_recolour(Path(folder))
        said = "taken"
    except BundleError as error:
        said = "\\n" in str(error) or "refused"
    print(said, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000)
"""


def test_an_absurd_recolouring_network_is_refused_before_it_costs_memory(tiny_bundle, tmp_path):
    folders = []
    for number, (key, value) in enumerate(ABSURD):
        folder = shutil.copytree(tiny_bundle, tmp_path / f"absurd-{number}")
        about = json.loads((folder / "recolour.json").read_text())
        about["architecture"][key] = value
        (folder / "recolour.json").write_text(json.dumps(about))
        write_sums(folder)
        folders.append(folder)
    done = subprocess.run(
        [sys.executable, "-c", LOAD_EACH, *folders], capture_output=True, text=True, check=True
    )
    found = zip(ABSURD, done.stdout.splitlines(), strict=True)
    assert [(wrong, said) for wrong, said in found if said != "refused True"] == []


LONG = {
    "entries": lambda size: "[" + "a," * (size // 2 - 1) + "]",
    "keys": lambda size: "".join(f"k{number}: 1\n" for number in range(size // 10)),
    "the same key": lambda size: "k: 1\n" * (size // 5),
    "anchors": lambda size: "".join(f"- &a{number} x\n" for number in range(size // 13)),
    "base 60": lambda size: "t: " + "1:" * (size // 2 - 4) + "1",
    "words": lambda size: "t: " + "a " * (size // 2 - 4),
    "folded lines": lambda size: "t: >\n" + " x\n" * (size // 3 - 4),
    "documents": lambda size: "---\n" * (size // 4),
}


@pytest.mark.parametrize("kind", LONG)
def test_the_longest_description_that_is_parsed_takes_two_seconds_at_most(kind):
    text = LONG[kind](LARGEST["model.yaml"])
    assert len(text) <= LARGEST["model.yaml"]
    started = time.process_time()
    with contextlib.suppress(ValueError):
        parse_description(text)
    assert time.process_time() - started < 2


def test_weights_of_endless_names_are_refused_at_once(tiny_bundle, tmp_path):
    """Each name in a header takes its time, and 100 MB of them are allowed by the format."""
    folder = tmp_path / "many"
    shutil.copytree(tiny_bundle, folder)
    empty = {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}
    header = json.dumps({f"e{number}": empty for number in range(200_000)}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    write_sums(folder)
    with pytest.raises(BundleError, match="names more weights than any model has"):
        read_bundle(folder)
