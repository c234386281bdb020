"""Autosave: unsaved work on disk while the panel runs, offered again after a crash."""

from __future__ import annotations

import os
import shutil
import sys
import time
import uuid
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from nigdt.photo.photo import Photo
from nigdt_plugin.core import layer_record
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.files import panel_dir, read_json, write_atomically, write_json
from nigdt_plugin.core.layers import Layer
from nigdt_plugin.core.selection import Mask

_FORMAT = 3


@dataclass(frozen=True)
class Snapshot:
    """Everything that a crash would lose, gathered on the UI thread and written in another."""

    photo: Photo
    path: Path | None
    layers: tuple[Layer, ...]
    selection: Mask
    caption: str


@dataclass(frozen=True)
class Lost:
    """Work of a panel that did not end well."""

    folder: Path
    name: str
    saved: float
    caption: str


class Recovery:
    """The autosave of one open photo.

    Args:
        folder: Parent of all autosaves; the default is in the user's state folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.parent = folder or panel_dir() / "recovery"
        self.folder = self.parent / uuid.uuid4().hex

    def write(self, snapshot: Snapshot) -> None:
        """Write the work; only what changed since the last time is written again.

        Raises:
            OSError: The disk or the folder refuses.
        """
        if snapshot.path is None and not (self.folder / "photo.png").exists():
            write_atomically(self.folder / "photo.png", snapshot.photo.encode(".png"))
        for layer in snapshot.layers:
            target = self.folder / f"{layer.id}.npz"
            if not target.exists():
                write_atomically(target, partial(np.savez, rgb=layer.rgb, weight=layer.weight))
        mask = Image.fromarray(snapshot.selection)
        write_atomically(self.folder / "selection.png", lambda file: mask.save(file, "PNG", compress_level=1))
        header = {
            "format": _FORMAT,
            "pid": os.getpid(),
            "saved": time.time(),
            "photo": str(snapshot.path.absolute()) if snapshot.path else "photo.png",
            "caption": snapshot.caption,
            "colour": not snapshot.photo.grey,
            "selected": bool(snapshot.selection.any()),
            "layers": [layer_record.to_dict(layer) for layer in snapshot.layers],
        }
        write_json(self.folder / "work.json", header)
        kept = {f"{layer.id}.npz" for layer in snapshot.layers}
        for stored in self.folder.glob("*.npz"):
            if stored.name not in kept:
                stored.unlink(missing_ok=True)

    def adopt(self, lost: Lost) -> None:
        """Go on with work that was restored, in its own folder."""
        self.folder = lost.folder

    def discard(self) -> None:
        """Forget it: the work was saved, or given up on purpose."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def lost(self) -> list[Lost]:
        """Work of panels that no longer run, newest first."""
        found = []
        for path in self.parent.glob("*/work.json"):
            data = read_json(path)
            if data.get("format") != _FORMAT or _alive(data.get("pid")):
                continue
            if data.get("layers") or data.get("selected"):
                found.append(
                    Lost(path.parent, Path(data["photo"]).name, float(data["saved"]), str(data["caption"]))
                )
            else:
                shutil.rmtree(path.parent, ignore_errors=True)  # nothing worth asking about
        return sorted(found, key=lambda lost: lost.saved, reverse=True)


def restore(lost: Lost) -> tuple[Document, str]:
    """Open lost work: the document with its layers and selection, and the caption.

    Raises:
        NigdtError: The photo cannot be read any more.
        OSError: The autosave is damaged.
    """
    data = read_json(lost.folder / "work.json")
    try:
        path = Path(data["photo"])
        pasted = not path.is_absolute()
        photo = Photo.read(lost.folder / path if pasted else path)
        document = Document(photo, None if pasted else path)
        if data.get("colour"):
            document.photo = photo.in_colour()  # a grey one was made a colour photo
        layers = []
        for entry in data["layers"]:
            with np.load(lost.folder / f"{entry['id']}.npz") as arrays:
                layers.append(layer_record.layer_of(entry, arrays["rgb"], arrays["weight"]))
        document.set_layers(tuple(layers))
        with Image.open(lost.folder / "selection.png", formats=["PNG"]) as image:
            mask = np.array(image, np.uint8)
        if mask.shape == document.selection.mask.shape:
            document.selection.write(document.selection.whole, mask)
        return document, str(data["caption"])
    except (KeyError, TypeError, ValueError) as error:
        raise OSError(f"The autosave in {lost.folder} is damaged ({error}).") from None


def _alive(pid: object) -> bool:
    if not isinstance(pid, int) or pid <= 0:
        return False
    if pid == os.getpid():
        return True
    if sys.platform == "win32":
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, pid)
        if handle:
            ctypes.windll.kernel32.CloseHandle(handle)
        return bool(handle)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
