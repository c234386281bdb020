"""Autosave: unsaved work on disk while the panel runs, offered again after a crash."""

from __future__ import annotations

import contextlib
import errno
import glob
import hashlib
import itertools
import logging
import os
import shutil
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from nigdt.errors import NigdtError, printable
from nigdt.photo.photo import Photo
from nigdt.process import identity
from nigdt_plugin.core import layer_record
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.files import panel_dir, read_json, write_atomically, write_json
from nigdt_plugin.core.layers import Layer
from nigdt_plugin.core.selection import Mask

log = logging.getLogger(__name__)

LAYER_LOST = "Layer {0} cannot be read any more and is left out."
SELECTION_LOST = "The selection cannot be read any more."

_FORMAT = 3
_MOST_COPIES = 5
_MOST_NAME = 255  # characters of a file's name


@dataclass(frozen=True)
class Snapshot:
    """Everything that a crash would lose, gathered on the UI thread and written in another.

    The selection is the document's own mask, not a copy.
    """

    photo: Photo
    path: Path | None
    layers: tuple[Layer, ...]
    selection: Mask
    caption: str
    near: Path | None = None
    number: int = field(default_factory=itertools.count().__next__)


@dataclass(frozen=True)
class Lost:
    """Work of a panel that did not end well; `place` is the photo's own folder, empty if it has none."""

    folder: Path
    name: str
    saved: float
    caption: str
    place: str = ""


class Recovery:
    """The autosave of one open photo.

    Args:
        folder: Parent of all autosaves; the default is in the user's state folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.parent = folder or panel_dir() / "recovery"
        self.folder = self.parent / uuid.uuid4().hex
        self._writing = threading.Lock()
        self._newest = 0
        self._digest: tuple[Photo, str] | None = None

    def write(self, snapshot: Snapshot) -> None:
        """Write the work; only what changed since the last time is written again.

        Of several threads one writes at a time, and a snapshot that is older than what was written is left.
        Everything is on disk before `work.json` names it.

        Raises:
            OSError: The disk or the folder refuses.
        """
        with self._writing:
            if snapshot.number < self._newest:
                return
            self._write(snapshot)
            self._newest = snapshot.number

    def _write(self, snapshot: Snapshot) -> None:
        if self._digest is None or self._digest[0] is not snapshot.photo:
            self._digest = snapshot.photo, digest_of(snapshot.photo)
        own = f"photo{snapshot.photo.lossless_suffix}"  # of a picture that has no file
        if snapshot.path is None and not (self.folder / own).exists():
            write_atomically(self.folder / own, snapshot.photo.encode(snapshot.photo.lossless_suffix))
        for layer in snapshot.layers:
            target = self.folder / f"{layer.id}.npz"
            if not target.exists():
                more = {} if layer.mask is None else {"mask": layer.mask}
                save = partial(np.savez, rgb=layer.rgb, weight=layer.weight, **more)  # type: ignore[arg-type]
                write_atomically(target, save)
        mask = Image.fromarray(snapshot.selection)
        write_atomically(self.folder / "selection.png", lambda file: mask.save(file, "PNG", compress_level=1))
        header = {
            "format": _FORMAT,
            **_owner(),
            "digest": self._digest[1],
            "saved": time.time(),
            "photo": str(snapshot.path.absolute()) if snapshot.path else own,
            "near": str(snapshot.near.absolute()) if snapshot.near else None,
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
        """Go on with work that was claimed and restored, in its folder."""
        self.folder = lost.folder

    def discard(self) -> None:
        """Forget it: the work was saved, or given up on purpose."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def lost(self) -> list[Lost]:
        """Work of panels that no longer run, newest first."""
        found = []
        for path in self.parent.glob("*/work.json"):
            data = read_json(path)
            if not data and path.is_file():  # `restore` says so; whoever forgets it gets the room back
                found.append(Lost(path.parent, path.parent.name, 0.0, ""))
            if data.get("format") != _FORMAT or _runs(data):
                continue
            if data.get("layers") or data.get("selected"):
                saved = data.get("saved")
                when = float(saved) if isinstance(saved, int | float) and 0 <= saved < 1e11 else 0.0
                near = _near(data)
                name = printable((near or Path(str(data.get("photo", "?")))).name)[:_MOST_NAME]
                place = printable(str(near.parent)) if near is not None else ""
                found.append(Lost(path.parent, name, when, str(data.get("caption", "")), place))
            else:
                shutil.rmtree(path.parent, ignore_errors=True)  # nothing worth asking about
        return sorted(found, key=lambda lost: lost.saved, reverse=True)


def claimed(lost: Lost) -> Lost:
    """Make lost work this panel's, so that no other one restores it, writes into it or forgets it.

    Returns:
        The work, in another folder.

    Raises:
        NigdtError: Another panel was quicker.
    """
    folder = lost.folder.with_name(uuid.uuid4().hex)
    data = read_json(lost.folder / "work.json")
    if not data and lost.folder.exists():
        return lost  # damaged, as `restore` will say
    # Before it has another name: `lost` would offer it once more by that.
    with contextlib.suppress(OSError):  # a full disk is no reason not to restore it
        if data:  # else another panel has taken it, and writing would make the folder anew
            write_json(lost.folder / "work.json", {**data, **_owner()})
    try:
        lost.folder.rename(folder)  # which one panel alone can do
    except FileNotFoundError:
        raise NigdtError(
            f"The work on {lost.name} is not there any more.", "Another window restored it or forgot it."
        ) from None
    except OSError:
        return lost  # of a folder where nobody can write
    with contextlib.suppress(OSError):  # another panel may have written there in the meantime
        write_json(folder / "work.json", {**data, **_owner()})
    return replace(lost, folder=folder)


def restore(lost: Lost, tell: Callable[[str], None] = lambda _missing: None) -> tuple[Document, str]:
    """Open lost work: the document with its layers and selection, and the caption.

    What cannot be read is left out.

    Args:
        lost: The work.
        tell: Told what was left out.

    Raises:
        NigdtError: The photo cannot be read any more, or shows something else by now.
        OSError: The autosave is damaged as a whole.
    """
    data = read_json(lost.folder / "work.json")
    try:
        path, entries = Path(data["photo"]), data["layers"]
        if not isinstance(entries, list):
            raise ValueError("its layers are not a list")
    except (KeyError, TypeError, ValueError) as error:
        raise OSError(f"The autosave in {lost.folder} is damaged ({error}).") from None
    pasted = not path.is_absolute()
    photo = _photo_of(lost.folder / path.name if pasted else path, data)
    document = Document(photo, None if pasted else path)
    document.near = document.near or _near(data)
    layers = []
    for number, entry in enumerate(entries, 1):
        try:
            stored = _regular(lost.folder / f"{entry['id']}.npz")
            with stored.open("rb") as file, np.load(file) as arrays:
                mask = arrays.get("mask")
                layer = layer_record.layer_of(entry, arrays["rgb"], arrays["weight"], mask)
            if layer.region.clipped(document.width, document.height) != layer.region:
                raise ValueError("it lies outside the photo")
            layers.append(layer)
        except Exception as error:  # whatever a torn file makes its reader raise, the other layers are kept
            log.warning("layer %d of %s cannot be restored: %r", number, lost.folder, error)
            tell(LAYER_LOST.format(number))
    document.set_layers(tuple(layers))
    try:
        mask = Photo.read(lost.folder / "selection.png").samples.astype(np.uint8)
        if mask.shape != document.selection.mask.shape:
            raise ValueError("its size is wrong")
        document.selection.write(document.selection.whole, mask)
    except Exception as error:  # as above
        log.warning("the selection in %s cannot be restored: %r", lost.folder, error)
        tell(SELECTION_LOST)
    return document, str(data.get("caption", ""))


def _near(data: Mapping[str, Any]) -> Path | None:
    """Return where a picture lay that became another than its file, by cropping for example."""
    near = data.get("near")
    return Path(near) if isinstance(near, str) and "\0" not in near else None


def _regular(path: Path) -> Path:
    """Return a file's path; a pipe in its place would be waited for."""
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    return path


def _photo_of(path: Path, data: Mapping[str, Any]) -> Photo:
    """Read the photo that the work was done on, or the copy of it that saving over it has left."""
    copies = sorted(path.parent.glob(f"{glob.escape(path.stem)}.original*{glob.escape(path.suffix)}"))
    wanted = data.get("digest")
    for place in (path, *copies[:_MOST_COPIES]):
        try:
            photo = Photo.read(place)
        except (NigdtError, OSError):
            if place == path and not copies:
                raise
            continue
        if data.get("colour"):
            photo = photo.in_colour()  # a grey one was made a colour photo
        if digest_of(photo) == wanted:
            return photo
    raise NigdtError(
        f"The photo {path.name} has changed since, so the fills are not laid over it.",
        "Put the earlier photo back in its place, and start again.",
    )


def digest_of(photo: Photo) -> str:
    """Return the SHA-256 of what a photo shows, whatever its metadata say."""
    digest = hashlib.sha256(repr(photo.size).encode())
    digest.update(np.ascontiguousarray(photo.rgb8).data)
    if photo.alpha8 is not None:
        digest.update(np.ascontiguousarray(photo.alpha8).data)
    return digest.hexdigest()


def _owner() -> dict[str, Any]:
    return {"pid": os.getpid(), "process": identity(os.getpid())}


def _runs(data: Mapping[str, Any]) -> bool:
    """Tell whether the panel that wrote an autosave still runs; ids are given to other programs again."""
    pid, mark = data.get("pid"), data.get("process")
    if not isinstance(pid, int) or not _alive(pid):
        return False
    return not isinstance(mark, str) or identity(pid) == mark


def _alive(pid: object) -> bool:
    if not isinstance(pid, int) or not 0 < pid < 2**31:
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
