"""Damaged and hostile model bundles, made from a whole one and a seed; and damaged archives of one."""

from __future__ import annotations

import io
import json
import random
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

from nigdt.bundle.writing import write_sums

Change = Callable[[Path, random.Random], None]

ODD = (
    *(".inf", "-.nan", "1e999", "0x" + "f" * 9000, "9" * 4000, "-1", "2001-01-01", "2001-99-99", "null"),
    *(
        "true",
        "[]",
        "{}",
        '"\\ud800"',
        '"\\e]0;PWN\\a\\e[31m"',
        "!!binary aGk=",
        "!!set {a, b}",
        "'<b>x</b>'",
    ),
    *("[" * 5000, "{a: " * 3000, "- " * 3000, "&a [*a]", "!!python/object:os.system x", "|\n", '"', "\t"),
    "4096",
    "65536",
    str(2**62),
    "1099511627776",
)
KEYS = (
    *("format", "version", "title", "parameters", "architecture", "training", "  size", "  embedding"),
    *("  latent_channels", "  encoder_channels", "  text_channels", "  network", "  steps"),
)
BOMB = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def odd_value(folder: Path, draw: random.Random) -> None:
    """A key of model.yaml has a value that nobody expects."""
    path, key = folder / "model.yaml", draw.choice(KEYS)
    lines = [line for line in path.read_text().splitlines() if not line.startswith(f"{key}:")]
    place = next((n + 1 for n, line in enumerate(lines) if line == "architecture:"), 0)
    lines.insert(place if key.startswith(" ") else 0, f"{key}: {draw.choice(ODD)}")
    path.write_text("\n".join(lines) + "\n")


def bomb(folder: Path, draw: random.Random) -> None:
    """Aliases that swell."""
    path = folder / "model.yaml"
    key = draw.choice(["title", "training", "parameters"])
    lines = [line for line in path.read_text().splitlines() if not line.startswith(f"{key}:")]
    path.write_text(BOMB + "\n".join(lines) + f"\n{key}: *i\n")


def odd_words(folder: Path, draw: random.Random) -> None:
    """The vocabulary is none."""
    words = [
        "[" * 200_000,
        '{"format": 1, "words": ' + "[" * 100_000,
        json.dumps({"format": 1, "words": [f"w{n}" for n in range(draw.randrange(1, 3000))]}),
        json.dumps({"format": 1, "words": ["\ud800", "a"]}),
        json.dumps({"format": 1e300, "words": None}),
        '{"format": 1, "words": [' + "9" * 5000 + "]}",
        "x" * (5 * 2**20),
    ]
    (folder / draw.choice(["vocabulary.json", "recolour.json"])).write_text(draw.choice(words))


def odd_weights(folder: Path, draw: random.Random) -> None:
    """The weights say something absurd of themselves."""
    path = folder / draw.choice(["model.safetensors", "recolour.safetensors"])
    shape = draw.choice([[2**40], [2**31, 2**31], [-1], [0], [], ["a"], [1e9]])
    header = {"w": {"dtype": draw.choice(["F16", "I64", "Q9"]), "shape": shape, "data_offsets": [0, 2**40]}}
    text = json.dumps(header).encode()
    path.write_bytes(
        draw.choice(
            [
                struct.pack("<Q", len(text)) + text,
                struct.pack("<Q", 2**63) + text,
                b"\x80\x04\x95cos\nsystem\n",
                b"",
                struct.pack("<Q", 9) + b"[" * 9,
                path.read_bytes()[: draw.randrange(2000)],
            ]
        )
    )


def flipped(folder: Path, draw: random.Random) -> None:
    """Bytes are flipped, or the end is missing."""
    path = folder / draw.choice(sorted(path.name for path in folder.iterdir()))
    content = bytearray(path.read_bytes())
    for _ in range(draw.randrange(1, 20)):
        if content:
            content[draw.randrange(len(content))] = draw.randrange(256)
    path.write_bytes(content[: draw.choice([len(content), draw.randrange(len(content) + 1)])])


def missing(folder: Path, draw: random.Random) -> None:
    """A file is missing, a folder, or a link."""
    path = folder / draw.choice(sorted(path.name for path in folder.iterdir()))
    path.unlink()
    kind = draw.randrange(4)
    if kind == 0:
        path.mkdir()
    elif kind == 1:
        path.symlink_to(draw.choice(["/dev/zero", "/nowhere", path.name]))


CHANGES: tuple[Change, ...] = (odd_value, odd_value, bomb, odd_words, odd_weights, flipped, missing)


def damage(whole: Path, folder: Path, draw: random.Random) -> str:
    """Copy a bundle and damage it; its checksums are right as often as not. Which change was made."""
    shutil.copytree(whole, folder)
    change = draw.choice(CHANGES)
    change(folder, draw)
    if change is not missing and draw.random() < 0.7:
        write_sums(folder)
    return change.__name__


def damaged_archive(whole: Path, path: Path, draw: random.Random) -> None:
    """Write a ZIP of a bundle with something wrong with it."""
    method = draw.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for file in sorted(whole.iterdir()):
            if draw.random() > 0.03:
                name = draw.choice([file.name, f"b/{file.name}", f"../{file.name}", f"/{file.name}"])
                archive.writestr(name, file.read_bytes()[: draw.choice([None, None, 100])])
        if draw.random() < 0.2:
            archive.writestr("bomb/README.md", b"\0" * (6 * 2**20))
    content = bytearray(buffer.getvalue())
    for _ in range(draw.choice([0, 1, 5, 50])):
        content[draw.randrange(len(content))] = draw.randrange(256)
    path.write_bytes(content[: draw.choice([len(content), draw.randrange(len(content))])])
