"""Work that is saved, kept and exchanged: what each does, and whether it is whole afterwards.

A `Work` is done in a child process, which is killed or whose calls are made to fail.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from nigdt_plugin.core import saving
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.layers import Layer
from nigdt_plugin.core.recovery import Lost, Recovery, Snapshot, restore
from PIL import Image

from nigdt.bundle.exchange import recover, replaced
from nigdt.photo.photo import Photo
from nigdt.recipe import Recipe


@dataclass
class Work:
    """One kind of work.

    Attributes:
        name: What it is.
        prepare: Makes the state before it; called in the parent before every try.
        act: Does it once; may raise what the system refused.
        flaws: What is wrong afterwards, with the child's exit status: 0 when `act` said that it is done.
    """

    name: str
    prepare: Callable[[], None]
    act: Callable[[], None]
    flaws: Callable[[int], list[str]]


def save_over_original(folder: Path) -> Work:
    """Save over the photo that is open."""
    path = folder / "photo.png"
    folder.mkdir(parents=True)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)).save(path)
    original = path.read_bytes()
    document = Document(Photo.read(path), path)
    document.photo = Photo.from_image(Image.fromarray(document.rgb[::-1].copy()))
    filled = document.result(()).encode(".png")

    def prepare() -> None:
        for entry in folder.iterdir():
            entry.unlink()
        path.write_bytes(original)

    def act() -> None:
        saving.save(document, (), path, ("Photo", "Fill"), stamp=False)

    def flaws(status: int) -> list[str]:
        found, now = [], path.read_bytes()
        copies = [copy.read_bytes() for copy in folder.glob("photo.original*")]
        if now not in (original, filled):
            found.append(f"the photo is torn: {len(now)} bytes")
        if now != original and copies != [original]:
            found.append("the original is lost")
        if any(copy != original for copy in copies):
            found.append("a copy is torn")
        if status == 0 and now != filled:
            found.append("it said that it was saved, and it was not")
        if now == original:
            act()
            document.written = None
            names = sorted(entry.name for entry in folder.iterdir())
            if names != ["photo.original.png", "photo.png"]:
                found.append(f"left behind: {names}")
        return found

    return Work("save", prepare, act, flaws)


def _layer(value: int, left: int) -> Layer:
    weight = np.ones((60, 80), np.float32)
    noise = np.random.default_rng(value).integers(0, 256, (60, 80, 3), np.uint8)
    return Layer(Region(left, 3, left + 80, 63), noise, weight, Recipe(str(value)))


def autosave(folder: Path) -> Work:
    """Keep unsaved work for a crash, over and over."""
    folder.mkdir(parents=True)
    path = folder / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (100, 200, 3), np.uint8)).save(path)
    photo = Photo.read(path)
    selection = Document(photo, path).selection.mask
    recovery = Recovery(folder / "kept")
    sets = [tuple(_layer(10 * n + k, 4 * k) for k in range(3)) for n in range(4)]
    wanted = {hashlib.sha256(one.rgb.tobytes()).digest(): one.caption for own in sets for one in own}

    def write(number: int) -> None:
        recovery.write(Snapshot(photo, path, sets[number], selection, str(number)))

    def prepare() -> None:
        recovery.discard()
        write(0)

    def act() -> None:
        for number in (1, 2, 3, 0):
            write(number)

    def flaws(status: int) -> list[str]:
        told: list[str] = []
        document, caption = restore(Lost(recovery.folder, "", 0.0, ""), told.append)
        found = list(told)
        if [layer.caption for layer in document.layers] != [layer.caption for layer in sets[int(caption)]]:
            found.append("layers of several states")
        digests = {layer.caption: hashlib.sha256(layer.rgb.tobytes()).digest() for layer in document.layers}
        found += [
            f"layer {one} holds other pixels" for one, digest in digests.items() if wanted.get(digest) != one
        ]
        if status == 0 and caption != "0":
            found.append("it said that it was kept, and it was not")
        write(1)
        left = [path.name for path in recovery.folder.glob(".*.tmp")]
        return found + [f"left behind: {left}"] * bool(left)

    return Work("autosave", prepare, act, flaws)


def replace_bundle(folder: Path) -> Work:
    """Replace a folder of a bundle."""
    folder.mkdir(parents=True)
    target = folder / "mine"

    def write(letter: bytes) -> None:
        with replaced(target) as new:
            for number in range(6):
                (new / str(number)).write_bytes(letter * 2000)

    def prepare() -> None:
        write(b"a")

    def act() -> None:
        write(b"b")

    def flaws(status: int) -> list[str]:
        recover(folder)
        if not target.is_dir():
            return ["the bundle is gone"]
        found = []
        contents = {file.read_bytes() for file in target.iterdir()}
        if len(list(target.iterdir())) != 6 or contents not in ({b"a" * 2000}, {b"b" * 2000}):
            found.append("the bundle is neither the old nor the new one")
        if status == 0 and contents != {b"b" * 2000}:
            found.append("it said that it was replaced, and it was not")
        left = [path.name for path in folder.iterdir() if path.name != "mine"]
        return found + [f"left behind: {left}"] * bool(left)

    return Work("bundle", prepare, act, flaws)


WORKS: tuple[Callable[[Path], Work], ...] = (save_over_original, autosave, replace_bundle)


def child(work: Work, before: Callable[[], None] = lambda: None) -> int:
    """Fork a process that does the work once; returns its id. It ends with 0 done, 3 refused, 4 a defect."""
    pid = os.fork()
    if pid:
        return pid
    status = 4
    try:
        before()
        work.act()
        status = 0
    except OSError:
        status = 3
    except Exception as error:
        print(f"{work.name}: {error!r}", flush=True)
    finally:
        os._exit(status)
