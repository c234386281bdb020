"""What is no picture of a documented format is refused at once, and no file starts a program."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest
from PIL import Image

from nigdt.errors import PhotoError
from nigdt.photo.opening import opened
from nigdt.photo.photo import Photo
from nigdt.photo.ppm import is_followed
from tests.nigdt.raw_photos import noise, png


def timed(path: Path) -> str:
    """The one line with which a file is refused, within a second of work."""
    began = time.process_time()
    with pytest.raises(PhotoError) as caught:
        Photo.read(path)
    assert time.process_time() - began < 1
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices of POSIX")
def test_what_is_no_picture_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with (tmp_path / "sparse.png").open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.truncate(30 * 2**30)
    with (tmp_path / "zeros.png").open("wb") as file:
        file.truncate(30 * 2**30)
    (tmp_path / "folder.png").mkdir()
    assert "a device" in timed(tmp_path / "pipe.png")
    assert "a device" in timed(Path("/dev/zero"))
    assert "too large" in timed(tmp_path / "sparse.png")
    assert "not a picture" in timed(tmp_path / "zeros.png")
    assert "directory" in timed(tmp_path / "folder.png")


def test_bombs_are_refused_at_once(tmp_path: Path) -> None:
    side = 15_800
    rows = bytes((side // 8 + 1) * side)
    (tmp_path / "bomb.png").write_bytes(png((side, side, 1, 0, 0, 0, 0), rows))
    assert "bomb" in timed(tmp_path / "bomb.png")
    frame = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), (number % 256, number // 256, 9)) for number in range(2000)]
    frames[0].save(frame, "GIF", save_all=True, append_images=frames[1:], duration=10)
    (tmp_path / "many.gif").write_bytes(frame.getvalue())
    assert "several pictures" in timed(tmp_path / "many.gif")


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"


def test_no_file_starts_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow's own reader of EPS starts Ghostscript, whatever the file is called."""
    log = tmp_path / "started"
    for name in ("gs", "gswin64c"):
        (tmp_path / name).write_text(f"#!/bin/sh\ntouch {log}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "holiday.png").write_bytes(EPS)
    program = (
        "import sys; from PIL import EpsImagePlugin, Image; from nigdt.photo.photo import Photo\n"
        "try: Photo.read(sys.argv[1])\nexcept Exception as error: print(error)\n"
        "if len(sys.argv) > 2:\n try: Image.open(sys.argv[1]).load()\n except Exception: pass\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "holiday.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "not a picture of a format that is read" in done.stdout
    assert not log.exists()
    if sys.platform != "win32":
        subprocess.run([*command, "and Pillow's way"], capture_output=True, text=True, check=True)
        assert log.exists(), "the trap works"


@pytest.mark.parametrize("name", ["PCX", "ICNS", "DDS", "SGI", "ICO", "JPEG2000", "PDF", "SPIDER"])
def test_undocumented_formats_are_not_decoded(name: str, tmp_path: Path) -> None:
    image, buffer = Image.fromarray(noise()), io.BytesIO()
    Image.init()
    image.save(buffer, name)
    (tmp_path / "a.png").write_bytes(buffer.getvalue())
    assert "not a picture of a format that is read" in timed(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a\0b.png", "\ud800.png", "a\0b.heic", "a" * 5000 + ".png"])
def test_a_name_that_no_file_can_have_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(PhotoError, match=r"^Cannot read") as caught:
        Photo.read(name)
    assert len(str(caught.value)) < 1_200


MANY = 20_000_000


def _in(kind: str, at: int, *pieces: bytes) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (30, 20)).save(buffer, kind)
    data = buffer.getvalue()
    return data[:at] + b"".join(pieces) + data[at:]


def _chunk(name: bytes) -> bytes:
    return struct.pack(">I", 0) + name + struct.pack(">I", zlib.crc32(name))


@pytest.mark.parametrize(
    ("kind", "at", "piece"),
    [
        ("JPEG", 20, b"\0"),
        ("JPEG", 2, b"\xff\xd0"),
        ("JPEG", 2, b"\xff\xfe\0\2"),
        ("PNG", 33, _chunk(b"teXt")),
        ("PNG", 33, _chunk(b"IDAT")),
        ("GIF", -1, b"\0"),
        ("PPM", 3, b"#a\n"),
    ],
    ids=repr,
)
def test_headers_without_end_keep_nobody_busy(kind: str, at: int, piece: bytes) -> None:
    data = _in(kind, at, piece * (MANY // len(piece)))
    started = time.process_time()
    with pytest.raises(PhotoError, match="built as no photo's is"):
        Photo.from_bytes(data)
    assert time.process_time() - started < 1
    assert Photo.from_bytes(_in(kind, at, piece * 3)).size == (30, 20)


def test_run_lengths_without_end_keep_nobody_busy() -> None:
    runs = b"\1\5" * (MANY // 2)
    head = struct.pack("<IiiHHIIiiII", 40, 20_000, 2_000, 1, 8, 1, len(runs), 0, 0, 256, 0) + bytes(1024)
    with pytest.raises(PhotoError, match="built as no photo's is"):
        Photo.from_bytes(
            b"BM" + struct.pack("<IHHI", 14 + len(head) + len(runs), 0, 0, 14 + len(head)) + head + runs
        )


def _plain(kind: str, largest: str = "") -> bytes:
    return f"{kind}\n# P5 1 1 255\n3 2\n{largest}{'1 0 1 0 1 0 ' * (3 if kind == 'P3' else 1)}\n".encode()


PPMS = {
    "P1": _plain("P1"),
    "P2": _plain("P2", "1\n"),
    "P3": _plain("P3", "1\n"),
    "P4": b"P4 3 2\n\xa0\x40",
    "P5": b"P5\n3 2 255\n\n\nP5 1",
    "P5, 16 bits": b"P5\n3 2 65535\n" + bytes(range(12)),
    "P5, 10 bits": b"P5\n3 2\n#a\n1023\n" + bytes(12),
    "P5, 3 bits": b"P5\n3 2\n7\n" + bytes(6),
    "P6": b"P6\n3 2 255\n" + b"P6 1 1 255\nabcdefg",
    "P6, 16 bits": b"P6\n3 2 65535\n" + bytes(36),
}


@pytest.mark.parametrize("kind", PPMS)
def test_a_second_picture_behind_a_ppms_first_is_not_passed_over(kind: str) -> None:
    data = PPMS[kind]
    comment = b"# P2 1 1 255 7\n" if kind < "P4" else b"P"
    for behind in (b"", b"\n", comment, b"\nmade by hand"):
        if kind != "P1" or behind != b"\nmade by hand":  # which Pillow refuses
            assert Photo.from_bytes(data + behind, "a.ppm").size == (3, 2)
    for other in PPMS.values():
        for between in (b"", b"\n"):
            with pytest.raises(PhotoError, match="several pictures") as caught:
                Photo.from_bytes(data + between + other, "a.ppm")
            assert caught.value.hint
    if kind != "P1":
        assert Photo.from_bytes(data + data, "a.ppm", first=True).size == (3, 2)


@pytest.mark.parametrize("junk", [b"P5 ", b"P5#", b"P5\n#a\n", b" ", b"#\n"])
@pytest.mark.parametrize("kind", ["P1", "P5"])
def test_what_is_behind_a_ppm_keeps_nobody_busy(kind: str, junk: bytes) -> None:
    data = PPMS[kind] + junk * (MANY // len(junk))
    started = time.process_time()
    with opened(data) as image:
        assert not is_followed(image, data)
    assert time.process_time() - started < 3
