"""Opening photos and projects in a session, and what is made for each. UI thread only."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path

from nigdt.photo.mask import read_mask
from nigdt.photo.photo import Photo
from nigdt_plugin.core import models, openraster, saving
from nigdt_plugin.core.display import Display, pyramid_of
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.failures import Failure
from nigdt_plugin.core.filling import Filling
from nigdt_plugin.core.fills import Round
from nigdt_plugin.core.framing import Desk, FrameStep
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.host import Host
from nigdt_plugin.core.keeping import Keeping
from nigdt_plugin.core.link import Link
from nigdt_plugin.core.pyramid import Pyramid
from nigdt_plugin.core.recovery import Lost, claimed, restore
from nigdt_plugin.core.selecting import Selecting
from nigdt_plugin.core.selection import Mask
from nigdt_plugin.core.settings import Settings
from nigdt_plugin.core.tasks import Hook, Tasks

UNDO_BYTES = 512 * 1024 * 1024
"""Memory that the steps to undo may keep."""


class Opening(Selecting):
    """The part of a session that puts a photo in front of the user; `Session` has the hooks."""

    settings: Settings
    host: Host | None
    filling: Filling | None
    display: Display | None
    caption: str
    save_path: Path | None
    tasks: Tasks
    keeping: Keeping
    link: Link
    opened: Hook
    pixels: Hook
    selected: Hook
    fills: Hook
    explained: Hook
    notice: Hook
    begun: Hook

    @abstractmethod
    def say(self, failure: Failure) -> None:
        """Tell the user about a failure."""

    @abstractmethod
    def keep_round(self, entry: Round) -> None:
        """Write a finished round into the history."""

    def open(self, path: Path, mask: Path | None = None, caption: str | None = None) -> None:
        """Open a photo or a project, decoded in a thread; the present one must already be dealt with."""
        self.begun("open", path)
        stamp = self.settings.provenance
        if path.suffix.lower() == openraster.SUFFIX:
            self._open_project(path)
            return

        def work() -> tuple[Document, Pyramid, Mask | None, tuple[str, ...]]:
            document = Document(Photo.read(path), path, UNDO_BYTES)
            selection = read_mask(mask, document.width, document.height) if mask is not None else None
            told = (*document.photo.notices, *saving.losses(document.photo, path, stamp))
            return document, pyramid_of(document), selection, told

        def then(opened: tuple[Document, Pyramid, Mask | None, tuple[str, ...]]) -> None:
            document, pyramid, selection, told = opened
            if self.host is None:  # a host's file goes with it
                self.settings.remember_photo(path)
            if selection is not None:
                document.selection.write(document.selection.whole, selection)
            self._enter(document, pyramid, caption)
            if told:
                self.notice("\n".join(told), "")

        self.work(work, then, "open")

    def _open_project(self, path: Path) -> None:
        def work() -> tuple[openraster.Project, Pyramid]:
            project = openraster.decode(path, UNDO_BYTES)
            return project, pyramid_of(project.document)

        def then(opened: tuple[openraster.Project, Pyramid]) -> None:
            project, pyramid = opened
            self.settings.remember_photo(path)
            self._enter(project.document, pyramid, project.caption)
            self.save_path = path
            self.steps()
            if project.flattened:
                self.say(Failure("flattened", ""))

        self.work(work, then, "open")

    def open_photo(self, read: Callable[[], Photo]) -> None:
        """Open a picture that has no file (pasted); `read` is called in a thread."""

        def work() -> tuple[Document, Pyramid]:
            document = Document(read(), None, UNDO_BYTES)
            return document, pyramid_of(document)

        self.work(work, lambda opened: self._enter(opened[0], opened[1], None))

    def recover(self, lost: Lost) -> None:
        """Open the work of a panel that ended badly."""
        missing: list[str] = []

        def work() -> tuple[Lost, tuple[Document, Pyramid, str]]:
            own = claimed(lost)
            document, caption = restore(own, missing.append)
            return own, (document, pyramid_of(document), caption)

        def then(found: tuple[Lost, tuple[Document, Pyramid, str]]) -> None:
            own, opened = found
            self._enter(*opened)
            self.keeping.adopt(own)
            if missing:
                self.notice("\n".join(missing), "")

        self.work(work, then)

    def _enter(self, document: Document, pyramid: Pyramid, caption: str | None) -> None:
        self.save_path = None
        self.caption = caption or ""
        self.link.connect()
        self.lay(self._desk(document, pyramid))

    def _desk(self, document: Document, pyramid: Pyramid) -> Desk:
        filling = self._new_filling(document)
        display = Display(document, filling.preview, pyramid)
        display.drawn.connect(self.pixels)
        document.on_pixels.connect(lambda _region: self.steps())
        document.on_selection.connect(self.selected)
        filling.preview.changed.connect(lambda _before: self.fills())
        filling.preview.drafted.connect(lambda _draft: self.fills())
        return Desk(document, filling, display)

    def lay(self, desk: Desk) -> None:
        """Show a picture, with its fills, in place of the present one."""
        if self.filling is not None:
            self.filling.cancel()
        self.keeping.begin()
        self.document, self.filling, self.display = desk.document, desk.filling, desk.display
        desk.filling.set_recipe(self.settings.recipe())
        self.opened()
        self.steps()

    def recut(self, region: Region, label: str, then: Callable[[], None] = lambda: None) -> None:
        """Go on with another part of the photo, as one step, worked out in a thread.

        Args:
            region: The part; what reaches beyond the photo becomes new canvas, and is selected.
            label: Of the step.
            then: Called once it is shown.
        """
        document, filling, display = self.document, self.filling, self.display
        if document is None or filling is None or display is None:
            return
        layers = document.layers

        def work() -> tuple[Document, Pyramid]:
            other = document.recut(region)
            return other, pyramid_of(other)

        def done(made: tuple[Document, Pyramid]) -> None:
            if self.document is not document or document.layers != layers:
                return
            filling.put_away()
            after = self._desk(*made)
            step = FrameStep(self.lay, label, Desk(document, filling, display), after)
            document.undo_stack.push(step)
            self.lay(after)
            then()

        self.work(work, done)

    def _new_filling(self, document: Document) -> Filling:
        info = models.find(self.settings.model)
        filling = Filling(
            document,
            self.link,
            self.tasks,
            info.name if info is not None else self.settings.model,
            info.size_px if info is not None else models.FALLBACK_SIZE,
        )
        filling.recipe = self.settings.recipe()
        filling.changed.connect(self.fills)
        filling.preview.failed.connect(self.say)
        filling.explained.connect(self.explained)
        filling.failed.connect(self.say)
        filling.finished.connect(self.keep_round)
        return filling
