"""Saving over the original: it is kept, whole, whatever happens."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from core_session import Core
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.saving import export, keep_original, save
from nigdt_plugin.core.settings import Settings
from PIL import Image

from nigdt.notices import OTHER_NAMES
from nigdt.photo.photo import Photo

NAMES = ("Photo", "Fill")
NO_ROOM = "leaves no room in a JPEG file to record how it was filled"


def with_full_xmp(path: Path) -> None:
    """Write a JPEG whose own XMP leaves no byte of its segment."""
    own = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + b" " * 65_450 + b"</x:xmpmeta>"
    Image.new("RGB", (120, 90)).save(path, xmp=own)


def with_exif(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0110] = "Camera 3"
    Image.new("RGB", (120, 90)).save(path, exif=exif)


@pytest.mark.parametrize("stamp", [True, False])
def test_a_record_that_has_no_room_is_told_when_the_photo_is_opened(user: Path, tmp_path: Path, stamp: bool):
    with_full_xmp(tmp_path / "photo.jpg")
    with_exif(tmp_path / "other.jpg")
    core = Core(Settings(provenance=stamp))
    try:
        core.open(tmp_path / "photo.jpg")
        assert [NO_ROOM in told for told in core.errors] == ([True] if stamp else [])
        core.errors.clear()
        core.session.save(tmp_path / "photo.jpg")
        core.done()
        core.open(tmp_path / "other.jpg")
        assert core.errors == []
    finally:
        core.close()


def test_what_another_format_leaves_out_is_told_when_it_is_saved(user: Path, tmp_path: Path):
    with_exif(tmp_path / "photo.jpg")
    core = Core()
    try:
        core.open(tmp_path / "photo.jpg")
        for name in ("photo.png", "photo.jpg", "photo.ora", "photo.bmp"):
            assert core.errors == [], name
            core.session.save(tmp_path / name)
            core.done()
            core.pump()
        assert core.errors == ["BMP has no place for some metadata of this photo: EXIF."]
    finally:
        core.close()


def picture(path: Path, seed: int = 0) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (90, 120, 3), np.uint8)
    Image.fromarray(pixels).save(path, "PNG")
    return path.read_bytes()


def opened(path: Path) -> Document:
    return Document(Photo.read(path), path)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_torn_copy_of_an_earlier_try_is_not_taken_for_the_original(tmp_path: Path):
    original = picture(tmp_path / "photo.png")
    (tmp_path / "photo.original.png").write_bytes(original[:1000])
    save(opened(tmp_path / "photo.png"), (), tmp_path / "photo.png", NAMES, False)
    assert (tmp_path / "photo.original-2.png").read_bytes() == original
    assert names(tmp_path) == ["photo.original-2.png", "photo.original.png", "photo.png"]


def test_another_photo_of_the_same_name_keeps_its_own_original(tmp_path: Path):
    kept = []
    for seed in range(3):
        kept.append(picture(tmp_path / "photo.png", seed))
        save(opened(tmp_path / "photo.png"), (), tmp_path / "photo.png", NAMES, False)
    copies = ["photo.original.png", "photo.original-2.png", "photo.original-3.png"]
    assert [(tmp_path / name).read_bytes() for name in copies] == kept


def test_an_original_is_copied_once_however_often_it_is_saved_over(tmp_path: Path):
    original = picture(tmp_path / "photo.png")
    document = opened(tmp_path / "photo.png")
    for _ in range(3):
        save(document, (), tmp_path / "photo.png", NAMES, False)
    assert names(tmp_path) == ["photo.original.png", "photo.png"]
    (tmp_path / "photo.png").write_bytes(original)  # put back by its owner
    save(opened(tmp_path / "photo.png"), (), tmp_path / "photo.png", NAMES, False)
    assert names(tmp_path) == ["photo.original.png", "photo.png"]
    assert (tmp_path / "photo.original.png").read_bytes() == original


def test_what_another_program_wrote_meanwhile_is_kept_too(tmp_path: Path):
    picture(tmp_path / "photo.png")
    document = opened(tmp_path / "photo.png")
    save(document, (), tmp_path / "photo.png", NAMES, False)
    others = picture(tmp_path / "photo.png", 1)
    save(document, (), tmp_path / "photo.png", NAMES, False)
    assert (tmp_path / "photo.original-2.png").read_bytes() == others


def test_a_photo_opened_through_a_link_is_saved_and_kept_where_it_lies(tmp_path: Path):
    (tmp_path / "folder").mkdir()
    original = picture(tmp_path / "folder" / "photo.png")
    (tmp_path / "link.png").symlink_to("folder/photo.png")
    document = opened(tmp_path / "link.png")
    document.photo = Photo.from_image(Image.new("RGB", (120, 90)))
    save(document, (), tmp_path / "link.png", NAMES, False)
    assert (tmp_path / "link.png").is_symlink()
    assert not Photo.read(tmp_path / "folder" / "photo.png").rgb8.any()
    assert (tmp_path / "folder" / "photo.original.png").read_bytes() == original


def test_saving_over_a_photo_with_further_names_says_that_they_keep_the_old_picture(tmp_path: Path):
    original = picture(tmp_path / "photo.png")
    (tmp_path / "backup.png").hardlink_to(tmp_path / "photo.png")
    (tmp_path / "given.png").hardlink_to(tmp_path / "photo.png")
    document = opened(tmp_path / "photo.png")
    document.photo = Photo.from_image(Image.new("RGB", (120, 90)))
    (told,) = save(document, (), tmp_path / "photo.png", NAMES, False)
    assert told == OTHER_NAMES.format("photo.png")
    assert (tmp_path / "backup.png").read_bytes() == original
    assert not Photo.read(tmp_path / "photo.png").rgb8.any()
    assert save(document, (), tmp_path / "photo.png", NAMES, False) == ()
    exported = export(document, (), tmp_path / "given.png", quality=90, longest=0, stamp=False)
    assert exported == (OTHER_NAMES.format("given.png"),)


@pytest.mark.parametrize("name", ["x" * 251 + ".png", "ä" * 125 + ".png", os.fsdecode(b"caf\xe9.png")])
def test_the_original_of_any_name_is_kept(name: str, tmp_path: Path):
    original = picture(tmp_path / name)
    save(opened(tmp_path / name), (), tmp_path / name, NAMES, False)
    (copy,) = (path for path in tmp_path.iterdir() if ".original" in path.name)
    assert copy.read_bytes() == original
    assert copy.suffix == ".png"
    assert copy.name[:100] == name[: min(100, len(name) - 4)] + ".original.png" * (len(name) < 50)


def test_a_write_protected_photo_stays_as_it_is(tmp_path: Path):
    original = picture(tmp_path / "photo.png")
    (tmp_path / "photo.png").chmod(0o444)
    with pytest.raises(PermissionError, match="write-protected"):
        save(opened(tmp_path / "photo.png"), (), tmp_path / "photo.png", NAMES, False)
    assert (tmp_path / "photo.png").read_bytes() == original
    assert names(tmp_path) == ["photo.png"]


@pytest.mark.parametrize("room", [0, 5000, 20_000])
def test_without_room_for_the_copy_nothing_is_replaced(room: int, tmp_path: Path):
    """The first try leaves nothing behind that the second could take for the copy."""
    resource = pytest.importorskip("resource")
    original = picture(tmp_path / "photo.png")
    assert len(original) > room
    document = opened(tmp_path / "photo.png")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            save(document, (), tmp_path / "photo.png", NAMES, False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "photo.png").read_bytes() == original
    assert names(tmp_path) == ["photo.png"]
    save(document, (), tmp_path / "photo.png", NAMES, False)
    assert (tmp_path / "photo.original.png").read_bytes() == original


def test_a_copy_under_a_dangling_link_or_a_folder_is_passed_over(tmp_path: Path):
    original = picture(tmp_path / "photo.png")
    (tmp_path / "photo.original.png").symlink_to("nowhere")
    (tmp_path / "photo.original-2.png").mkdir()
    assert keep_original(tmp_path / "photo.png") == tmp_path / "photo.original-3.png"
    assert (tmp_path / "photo.original-3.png").read_bytes() == original


# Forks a child for every line of saving and writing, which is killed on reaching that line.
KILLS = """
import os, shutil, signal, sys
from pathlib import Path
import numpy as np
from PIL import Image
from nigdt import files
from nigdt.photo.photo import Photo
from nigdt_plugin.core import saving
from nigdt_plugin.core.document import Document

folder, step = Path(sys.argv[1]), int(sys.argv[2])
path = folder / "photo.png"
Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)).save(path)
original = path.read_bytes()
document = Document(Photo.read(path), path)
document.photo = Photo.from_image(Image.new("RGB", (120, 90)))
filled = document.result(()).encode(".png")

def save():
    saving.save(document, (), path, ("Photo", "Fill"), False)

def killed_at(at):
    seen = 0
    def trace(frame, event, _argument):
        nonlocal seen
        if frame.f_code.co_filename not in (files.__file__, saving.__file__, shutil.__file__):
            return None
        seen += event == "line"
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace
    return trace

at, between = 1, 0
while True:
    for entry in folder.iterdir():
        entry.unlink()
    path.write_bytes(original)
    pid = os.fork()
    if not pid:
        sys.settrace(killed_at(at))
        save()
        os._exit(0)
    ended = os.waitpid(pid, 0)[1] == 0
    copies = [copy.read_bytes() for copy in folder.glob("photo.original*")]
    now = path.read_bytes()
    assert now in (original, filled), (at, len(now))
    assert now == original or copies == [original], at
    assert all(copy == original for copy in copies), at
    between += copies == [original] and now == original
    if now == original:
        save()
        assert sorted(os.listdir(folder)) == ["photo.original.png", "photo.png"], (at, os.listdir(folder))
    if ended:
        break
    at += step
assert between, "no kill fell between the copy and the picture"
print(at)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="ends processes with a signal")
@pytest.mark.parametrize("step", [17, pytest.param(1, marks=pytest.mark.slow)])
def test_a_kill_at_any_line_of_saving_leaves_a_whole_original(step: int, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", KILLS, str(tmp_path), str(step)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


def test_a_name_whose_ending_leaves_no_room_for_a_copy_is_refused(tmp_path: Path):
    path = tmp_path / ("a." + "y" * 250)
    path.write_bytes(b"photo")
    with pytest.raises(OSError, match="too long"):
        keep_original(path)


def test_another_file_can_be_written_over_when_the_photo_is_gone(tmp_path: Path):
    picture(tmp_path / "photo.png")
    document = opened(tmp_path / "photo.png")
    before = picture(tmp_path / "other.png", 1)
    (tmp_path / "photo.png").unlink()
    save(document, (), tmp_path / "other.png", NAMES, False)
    export(document, (), tmp_path / "other.png", quality=90, longest=0, stamp=False)
    assert (tmp_path / "other.png").read_bytes() != before
