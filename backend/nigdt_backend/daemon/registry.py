"""Loaded models: several bundles within a memory budget, loaded again when their files change."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nigdt.bundle.bundle import (
    DEFAULT_NAME,
    BundleInfo,
    find_bundle,
    list_bundles,
    read_bundle,
    user_bundles_folder,
    valid_name,
)
from nigdt.errors import BundleError, one_line
from nigdt.notices import BROKEN_BUNDLE
from nigdt_backend.daemon.worker import EngineError

log = logging.getLogger(__name__)

Stamp = tuple[str, int, int]
"""Folder, and size and change time of the checksum file: differs when a bundle was exchanged."""


BYTES_PER_WEIGHT = 4
"""At most: models are held in single precision or, where the settings say so, half of it in part."""


@dataclass
class LoadedModel:
    """A model in memory.

    Attributes:
        name: the bundle's name.
        info: the bundle.
        stamp: state of its files when it was loaded.
        inpainter: a `nigdt.Inpainter`.
    """

    name: str
    info: BundleInfo
    stamp: Stamp
    inpainter: Any = field(repr=False)

    @property
    def bytes(self) -> int:
        """Memory of its weights and of what is recorded of its work."""
        return self.info.parameters * BYTES_PER_WEIGHT + int(self.inpainter.recorded_bytes)


def resolve(name: str) -> BundleInfo:
    """Return the installed bundle of that name. Names from the wire come here and are never taken for a path.

    Raises:
        EngineError: `unknown-bundle`, or `bundle-broken` when there is one that cannot be read.
    """
    try:
        if name == "default":
            return find_bundle()
        for info in list_bundles():
            if info.name == name:
                return info
        folder = user_bundles_folder() / name
        if valid_name(name) and folder.is_dir():
            return read_bundle(folder)
    except BundleError as error:
        raise EngineError("bundle-broken", error.message, error.hint) from error
    raise EngineError("unknown-bundle", f"There is no bundle called {name}.", "See `nigdt models`.")


def _changed() -> int:
    """Return when bundles were last added to the user's or taken away, in nanoseconds; 0 without a folder."""
    try:
        return user_bundles_folder().stat().st_mtime_ns
    except OSError:
        return 0


def stamp_of(info: BundleInfo) -> Stamp:
    """Return the state of a bundle's files."""
    try:
        status = (Path(info.folder) / "SHA256SUMS").stat()
    except OSError:
        return (str(info.folder), 0, 0)
    return (str(info.folder), status.st_size, status.st_mtime_ns)


class Registry:
    """Keeps models loaded.

    Args:
        load: makes a model from a bundle's folder; raises NigdtError when it is broken.
        budget: bytes; when it is exceeded, the least recently used models but the one asked for are unloaded.
    """

    def __init__(self, load: Callable[[Path], Any], budget: int) -> None:
        self._load = load
        self._budget = budget
        self._models: OrderedDict[str, LoadedModel] = OrderedDict()
        self._default = (-1, "")
        self._rejected: dict[str, Stamp] = {}
        self.notices: dict[str, str] = {}

    def get(
        self, name: str, *, again: bool = False, loading: Callable[[], None] = lambda: None
    ) -> LoadedModel:
        """Return the model of that name, loaded if need be.

        When its files changed, they are loaded in place of the old model; when they cannot be loaded, the old
        model stays and a notice says so.

        Args:
            name: a bundle's name.
            again: try changed files again that were rejected before, and raise when they are still broken.
            loading: called before a model is loaded, which takes long.

        Raises:
            EngineError: `unknown-bundle` or `bundle-broken`.
        """
        changed = _changed()
        held = self.held(name)
        info = held.info if held is not None else resolve(name)
        if name == "default" and held is None:
            self._default = (changed, info.name)
        name = info.name
        stamp = stamp_of(info)
        if held is not None:
            self._models.move_to_end(name)
            if stamp == held.stamp or (self._rejected.get(name) == stamp and not again):
                return held
        loading()
        try:
            if held is not None:
                info = read_bundle(info.folder)
            inpainter = self._load(Path(info.folder))
        except (BundleError, OSError) as error:
            self._rejected[name] = stamp
            log.error("bundle %s cannot be loaded: %s", name, error)
            if held is None or again:
                hint = getattr(error, "hint", "") or "Install the bundle again."
                message = one_line(getattr(error, "message", str(error)))
                if held is not None:
                    message += " The old model stays in use."
                raise EngineError("bundle-broken", message, hint) from error
            self.notices[name] = BROKEN_BUNDLE.format(name)
            return held
        self._rejected.pop(name, None)
        self.notices.pop(name, None)
        model = LoadedModel(name, info, stamp, inpainter)
        self._models[name] = model
        self._models.move_to_end(name)
        self.keep_to_budget()
        log.info("loaded %s (%.1f MiB)", name, model.bytes / 2**20)
        return model

    def held(self, name: str) -> LoadedModel | None:
        """Return the loaded model of that name, if it is loaded."""
        if name == "default" and name not in self._models and self._models:
            try:
                name = self._default_name()
            except BundleError:
                return None
        return self._models.get(name)

    def _default_name(self) -> str:
        """Return the default's name, cached: looking through all bundles takes half a millisecond."""
        changed = _changed()
        if self._default != (changed, DEFAULT_NAME):  # another one may be the default until that is repaired
            self._default = (changed, find_bundle().name)
        return self._default[1]

    def keep_to_budget(self) -> None:
        """Unload the least recently used models beyond it; recordings grow while a model works."""
        while len(self._models) > 1 and sum(model.bytes for model in self._models.values()) > self._budget:
            name, _ = self._models.popitem(last=False)
            log.info("unloaded %s to stay within the memory budget", name)

    def keep_only(self, name: str) -> None:
        """Unload all models but the one of that name."""
        kept = self.held(name)
        for other in self.loaded():
            if other is not kept:
                del self._models[other.name]

    def loaded(self) -> list[LoadedModel]:
        """Return the models in memory, least recently used first."""
        return list(self._models.values())

    def clear(self) -> None:
        """Unload all."""
        self._models.clear()
