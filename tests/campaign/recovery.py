"""Damaged folders of lost work: restored as far as they can be read, refused in one line, never mixed up."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

from nigdt_plugin.core.recovery import Recovery, restore

from nigdt.errors import NigdtError

from .works import Work

ODD = (None, "", [], {}, "x", -1, 1e300, 10**30, True, "\ud800", "a\0b", "../../x", "/dev/zero", [[]] * 3)


def damage(folder: Path, draw: random.Random) -> None:
    """Change one file of a folder of lost work, or put something else in its place."""
    path = draw.choice(sorted(folder.iterdir()))
    kind = draw.randrange(6)
    if kind == 0:
        content = json.loads((folder / "work.json").read_text())
        place = draw.choice([content, draw.choice(content["layers"])])
        place[draw.choice(sorted(place))] = draw.choice(ODD)
        (folder / "work.json").write_text(json.dumps(content))
    elif kind == 1:
        path.unlink()
        draw.choice([path.mkdir, lambda: os.mkfifo(path), lambda: path.symlink_to("/nowhere")])()
    elif kind == 2:
        path.write_bytes(draw.choice([b"", b"\0" * 300, b"[" * 100_000, b"PK\x03\x04"]))
    else:
        content = bytearray(path.read_bytes())
        for _ in range(draw.randrange(1, 20)):
            content[draw.randrange(min(len(content), draw.choice([200, len(content)])))] = draw.randrange(256)
        path.write_bytes(content[: draw.choice([None, draw.randrange(len(content))])])


def try_folders(work: Work, parent: Path, count: int, draw: random.Random) -> tuple[int, int, list[str]]:
    """Damage folders and restore them.

    Args:
        work: That of `works.autosave`.
        parent: Where its folders are kept.
        count: How many.
        draw: Draws the damage.

    Returns:
        How many were restored at least in part, how many refused or passed over, and what was wrong.
    """
    restored, refused, wrong = 0, 0, []
    for _ in range(count):
        for left in parent.glob("*"):
            _remove(left)
        work.prepare()
        folder = next(parent.iterdir())
        header = json.loads((folder / "work.json").read_text())
        (folder / "work.json").write_text(json.dumps({**header, "pid": 2**22 + 1}))
        damage(folder, draw)
        try:
            found = Recovery(parent).lost()
            for lost in found:
                document, _ = restore(lost)
                restored += 1
                shapes = [(layer.rgb.shape, (*layer.weight.shape, 3)) for layer in document.layers]
                wrong += [f"a layer of two sizes, {one}, {other}" for one, other in shapes if one != other]
            refused += not found
        except (OSError, NigdtError) as error:
            refused += 1
            if "\n" in str(error):
                wrong.append(repr(error))
        except Exception as error:  # whatever escapes is what is looked for
            wrong.append(repr(error))
    return restored, refused, wrong


def _remove(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    folder.rmdir()
