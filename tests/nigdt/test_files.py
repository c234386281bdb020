"""The one atomic writer: whole files, whatever happens."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import BinaryIO

import pytest

from nigdt.files import beside, check_writable, has_other_names, make_private_folder, write_atomically

resource = pytest.importorskip("resource", reason="modes, links and limits of POSIX")
OLD, NEW = b"old" * 50_000, b"new" * 60_000


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_bytes_and_writers_give_the_same_file(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", NEW)
    write_atomically(tmp_path / "b", lambda file: file.write(NEW))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == NEW
    assert names(tmp_path) == ["a", "b"]


def test_permissions_are_kept_given_or_the_masks(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes(OLD)
    kept.chmod(0o640)
    before = os.umask(0o027)
    try:
        for name, mode in (("kept", None), ("new", None), ("private", 0o600)):
            write_atomically(tmp_path / name, NEW, mode=mode)
    finally:
        os.umask(before)
    found = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in names(tmp_path)}
    assert found == {"kept": 0o640, "new": 0o640, "private": 0o600}


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="no extended attributes here")
def test_tags_of_the_old_file_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(OLD)
    try:
        os.setxattr(path, "user.xdg.tags", b"holiday")
    except OSError:
        pytest.skip("the file system has no extended attributes")
    write_atomically(path, NEW)
    assert os.getxattr(path, "user.xdg.tags") == b"holiday"


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "photo").write_bytes(OLD)
    (tmp_path / "link").symlink_to("folder/photo")
    (tmp_path / "dangling").symlink_to("folder/later")
    write_atomically(tmp_path / "link", NEW)
    write_atomically(tmp_path / "dangling", NEW)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "dangling").is_symlink()
    assert (tmp_path / "folder" / "photo").read_bytes() == (tmp_path / "folder" / "later").read_bytes() == NEW
    (tmp_path / "circle").symlink_to("circle")
    for attempt in (check_writable, lambda path: write_atomically(path, NEW)):
        with pytest.raises(OSError, match="links"):
            attempt(tmp_path / "circle")
    assert names(tmp_path / "folder") == ["later", "photo"]


@pytest.mark.parametrize(
    "name", ["x" * 251 + ".png", "ä" * 125 + ".png", os.fsdecode(b"\xe9" * 251 + b".png")]
)
def test_a_name_beside_a_long_one_can_be_written(name: str, tmp_path: Path) -> None:
    for path in (beside(tmp_path / name, "-filled"), beside(tmp_path / name, "-filled-12", ".tiff")):
        write_atomically(path, NEW)
        assert path.stem.endswith(("-filled", "-filled-12"))
    assert beside(Path("a/photo.x.jpg"), "-2", ".png") == Path("a/photo.x-2.png")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX links")
def test_further_names_of_a_file_keep_the_old_content(tmp_path: Path) -> None:
    """Backups keep unchanged files as hard links: writing into one would change them."""
    (tmp_path / "photo").write_bytes(OLD)
    assert not has_other_names(tmp_path / "photo")
    (tmp_path / "backup").hardlink_to(tmp_path / "photo")
    (tmp_path / "link").symlink_to("photo")
    assert all(has_other_names(tmp_path / name) for name in ("photo", "backup", "link"))
    write_atomically(tmp_path / "photo", NEW)
    assert [(tmp_path / name).read_bytes() for name in ("photo", "link", "backup")] == [NEW, NEW, OLD]
    assert not any(has_other_names(tmp_path / name) for name in ("photo", "backup", "link", "none", "a\0b"))


@pytest.mark.parametrize("name", ["x" * 251 + ".png", "ä" * 127, os.fsdecode(b"caf\xe9.png"), " .png", "-rf"])
def test_every_name_the_file_system_takes_can_be_written(name: str, tmp_path: Path) -> None:
    for content in (OLD, NEW):
        check_writable(tmp_path / name)
        write_atomically(tmp_path / name, content)
    assert (tmp_path / name).read_bytes() == NEW
    assert names(tmp_path) == [name]


def refusals(folder: Path) -> dict[str, str]:
    """Names that cannot be written, made in `folder`, with the words that say why."""
    (folder / "protected").write_bytes(OLD)
    (folder / "protected").chmod(0o444)
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "file").write_bytes(OLD)
    return {
        "protected": "write-protected",
        "folder": "directory",
        "pipe": "Not a regular file",
        "missing/a": "No such file",
        "file/a": "Not a directory",
        "x" * 256: "too long",
    }


def test_what_cannot_be_written_is_refused_before_and_while_writing(tmp_path: Path) -> None:
    for name, words in refusals(tmp_path).items():
        for attempt in (check_writable, lambda path: write_atomically(path, NEW)):
            with pytest.raises(OSError, match=words) as caught:
                attempt(tmp_path / name)
            assert caught.value.filename == str(tmp_path / name)
    assert (tmp_path / "protected").read_bytes() == OLD
    assert names(tmp_path) == ["file", "folder", "pipe", "protected"]


@pytest.mark.parametrize("room", [0, 1, 4096, 100_000, len(NEW) - 1])
def test_a_full_disk_at_any_byte_leaves_the_old_file(room: int, tmp_path: Path) -> None:
    """A limit on the file's size stops a real write at a chosen byte, as a full disk does."""
    path = tmp_path / "photo"
    path.write_bytes(OLD)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        with pytest.raises(OSError, match="too large") as caught:
            write_atomically(path, NEW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.filename == str(path)
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["photo"]


def test_a_writer_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "photo"
    path.write_bytes(OLD)

    def interrupted(file: BinaryIO) -> None:
        file.write(NEW)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, interrupted)
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["photo"]


def test_writers_do_not_take_each_others_files_for_stale(tmp_path: Path) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(60):
                write_atomically(tmp_path / str(number % 3), bytes([number]) * 20_000)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert names(tmp_path) == ["0", "1", "2"]
    assert all(len(set((tmp_path / name).read_bytes())) == 1 for name in "012")


# Forks a child for every line of the writer, which is killed on reaching that line; then for random moments.
KILLS = """
import os, random, signal, sys, time
from pathlib import Path
from nigdt import files

folder, kills = Path(sys.argv[1]), int(sys.argv[2])
old, new = b"old" * 50_000, b"new" * 60_000

def counted(at):
    seen = 0
    def trace(frame, event, _argument):
        nonlocal seen
        if frame.f_code.co_filename != files.__file__:
            return None
        seen += event == "line"
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace
    return trace

def child(how):
    pid = os.fork()
    if not pid:
        if how >= 0:
            sys.settrace(counted(how))
        while True:
            files.write_atomically(folder / "photo", new)
            if how >= 0:
                os._exit(0)
            files.write_atomically(folder / "photo", old)
    if how < 0:
        time.sleep(random.uniform(0, 0.02))
        os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]

random.seed(0)
left = 0
for number in range(1, kills + 1):
    (folder / "photo").write_bytes(old)
    status = child(number if number <= kills // 2 else -1)
    content = (folder / "photo").read_bytes()
    assert content in (old, new), (number, len(content))
    left += len(os.listdir(folder)) > 1
    files.write_atomically(folder / "photo", new)
    assert os.listdir(folder) == ["photo"], (number, os.listdir(folder))
    assert (folder / "photo").read_bytes() == new
print(left)
"""


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_a_kill_at_any_moment_leaves_a_whole_file_and_the_next_write_tidies_up(
    kills: int, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLS, str(tmp_path), str(kills)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0, "no kill met the writer at work"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_a_private_folder_is_the_users_alone_with_all_above_it(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        make_private_folder(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
    make_private_folder(tmp_path / "a" / "b")


def test_the_writer_loads_nothing_but_the_standard_library() -> None:
    program = (
        "import sys; before = set(sys.modules); import nigdt.files;"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= sys.stdlib_module_names | {"nigdt"}
