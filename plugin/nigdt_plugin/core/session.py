"""One panel: the open photo, its fills, the daemon, and what is kept on disk. UI thread only."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from nigdt_backend.client import Client
from nigdt_backend.protocol import Event
from numpy.typing import NDArray

from nigdt.limits import Mode
from nigdt.photo.photo import Photo
from nigdt_plugin.core import models, saving
from nigdt_plugin.core.display import Display
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.failures import Failure, failure_of
from nigdt_plugin.core.filling import Filling
from nigdt_plugin.core.fills import Round, region_of
from nigdt_plugin.core.finder_client import FinderClient
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.healing import Healing
from nigdt_plugin.core.history import History
from nigdt_plugin.core.host import Host
from nigdt_plugin.core.keeping import Keeping
from nigdt_plugin.core.layering import Layering
from nigdt_plugin.core.link import Link, LinkPhase, LinkState
from nigdt_plugin.core.masking import Masking
from nigdt_plugin.core.opening import Opening
from nigdt_plugin.core.pyramid import Pyramid
from nigdt_plugin.core.selection import Combine
from nigdt_plugin.core.settings import Settings
from nigdt_plugin.core.tasks import Hook, Post, Tasks

log = logging.getLogger(__name__)

_STARTING_SECONDS = 20.0
"""How long a search for an object waits for a model that is being started."""

HISTORY_BYTES = 500 * 1024 * 1024
"""Disk that earlier rounds may keep."""


class Session(Opening):
    """Everything behind the window.

    Args:
        settings: The user's choices; changed here, saved by `close`.
        post: Runs a callable on the UI thread, soon; called from any thread.
        connect: Makes the daemon's client.
        host: Who gets the result, if another program opened the panel.

    Hooks:
        opened: Another photo is open.
        pixels: Pixels on the screen changed; told the region.
        selected: The mask changed; told the region.
        steps: There may be something else to undo, to redo or to save.
        fills: The fills, the chosen one or what is awaited changed.
        explained: The words of a fill have come; told the fill.
        linked: The daemon's state changed; told the `LinkState`.
        working: Work in a thread began or ended; told whether it goes on.
        notice: Something is to be said; told message and hint.
        stored: Rounds on disk changed.
        begun: Something long began; told "open" or "save" and the file.
        saved: A file was written; told its path.
        copied: Pixels are on the clipboard; told width and height.
        recalled: What was selected before is selected again; nothing is to be filled by itself.
    """

    def __init__(
        self,
        settings: Settings,
        post: Post,
        connect: Callable[[], Client] = Client.connect,
        host: Host | None = None,
    ) -> None:
        self.settings = settings
        self.host = host
        self.connect = connect
        self.document: Document | None = None
        self.filling: Filling | None = None
        self.display: Display | None = None
        self.caption = ""
        self.wording: Callable[[Failure], tuple[str, str]] = lambda failure: (failure.message, failure.hint)
        self.save_path: Path | None = None
        self.link_state = LinkState()
        self.history = History(budget=HISTORY_BYTES)
        self.opened, self.pixels, self.selected, self.steps = Hook(), Hook(), Hook(), Hook()
        self.fills, self.explained, self.linked, self.working = Hook(), Hook(), Hook(), Hook()
        self.notice, self.stored, self.saved = Hook(), Hook(), Hook()
        self.begun, self.copied, self.recalled = Hook(), Hook(), Hook()
        self.layering = Layering(self)
        self.healing = Healing(self)
        self.masking = Masking(self)
        self._post = post
        self.tasks = Tasks(post)
        self.keeping = Keeping(settings, self.tasks, self.failed)
        self.link = Link(
            on_state=lambda state: post(lambda: self._on_link(state)),
            on_event=self._take_event,
            connect=connect,
        )
        self._finder = FinderClient(self.link.submit, self.link.cancel)
        self.link.start()
        self._closed = False

    def set_mode(self, mode: Mode) -> None:
        """Recolour, remove or describe from now on."""
        self.settings.mode = mode
        if self.filling is not None:
            self.filling.set_recipe(self.settings.recipe())
        self.fills()

    def make_colour(self, label: str) -> None:
        """Let a grey photo hold colour, as one step, worked out in a thread."""
        document, filling = self.document, self.filling
        if document is None or filling is None or not document.photo.grey:
            return
        photo = document.photo

        def then(colour: Photo) -> None:
            if document.photo is photo:
                document.make_colour(colour, label)
                filling.show_again()
                self.steps()
                self.fills()

        self.work(photo.in_colour, then)

    # Showing and undoing ---------------------------------------------------------------------------------

    def choose_model(self, name: str) -> None:
        """Fill with another model from now on."""
        self.settings.model = name
        info = models.find(name)
        if self.filling is not None:
            self.filling.cancel()
            self.filling.model = info.name if info is not None else name
            self.filling.size = info.size_px if info is not None else models.FALLBACK_SIZE
        self.link.load(name)
        self.fills()

    def object_seen(
        self, rgb: NDArray[np.uint8], place: Region, wanted: Callable[[], bool] = lambda: True
    ) -> NDArray[np.uint8] | None:
        """Ask the model where in a photo the object is that was clicked or boxed; called from a thread.

        A model that is being started is waited for: colours alone often find a part of the object.

        Returns:
            (h, w), small, 255 where the model is sure; None where it cannot be asked, or is no more `wanted`.
        """
        deadline = time.monotonic() + _STARTING_SECONDS
        while self.link_state.phase is LinkPhase.CONNECTING or self.link_state.starting:
            if time.monotonic() > deadline or self._closed or not wanted():
                return None
            time.sleep(0.05)
        if self.filling is None or self.link_state.phase is not LinkPhase.READY:
            return None
        return self._finder.look(rgb, place, self.filling.model)

    def compare(self, before: bool) -> None:
        """Show the picture without the fill in question (or without any), or with it again."""
        if self.display is not None:
            self.display.compare(before)

    def look_before(self, then: Callable[[Pyramid], None]) -> None:
        """Work out the photo as it was, in a thread, and give it to `then`."""
        document = self.document
        if document is None:
            return

        def show(before: Pyramid) -> None:
            if self.document is document:
                then(before)

        self.work(lambda: Pyramid(document.original.on_checks), show)

    def undo(self) -> None:
        """Take back the last step."""
        if self.document is not None and self.document.undo():
            self.recalled()
            self.steps()
            self.fills()

    def redo(self) -> None:
        """Do the last undone step again."""
        if self.document is not None and self.document.redo():
            self.recalled()
            self.steps()
            self.fills()

    # Keeping --------------------------------------------------------------------------------------------

    def save(self, path: Path, names: tuple[str, str] = ("Photo", "Fill")) -> None:
        """Write the picture; over the original only with a copy of that put beside it first."""
        document = self.document
        if document is None:
            return
        layers, stamp, caption = document.layers, self.settings.provenance, self.caption
        self.begun("save", path)

        def then(told: tuple[str, ...]) -> None:
            document.mark_saved(layers)
            if self.document is document:
                self.save_path = path
                self.keeping.saved(document, self.caption)
            self.saved(path)
            self.steps()
            if told:
                self.notice("\n".join(told), "")

        self.work(lambda: saving.save(document, layers, path, names, stamp, caption), then, "save")

    def export(self, path: Path) -> None:
        """Write a picture to give away, as the settings say."""
        document, settings = self.document, self.settings
        if document is None:
            return
        layers, stamp = document.layers, settings.provenance
        quality, longest = settings.export_quality, settings.export_longest
        self.begun("save", path)

        def then(told: tuple[str, ...]) -> None:
            self.saved(path)
            if told:
                self.notice("\n".join(told), "")

        self.work(
            lambda: saving.export(document, layers, path, quality=quality, longest=longest, stamp=stamp),
            then,
            "save",
        )

    def autosave(self) -> None:
        """Write what a crash would lose, in a thread, if it changed: settings, fills, selection, caption."""
        self.keeping.write(self.document, self.caption)

    def keep_round(self, entry: Round) -> None:
        """Write a finished round, in a thread, into the history."""
        document = self.document
        if document is None:
            return
        photo = str(document.path.absolute()) if document.path else ""
        copy = replace(entry, fills=list(entry.fills))
        self.tasks.run(lambda: self.history.save(copy, photo), lambda _none: self.stored(), self.failed)
        for caption in entry.captions:
            self.settings.remember_caption(caption)
        self.autosave()

    def open_round(self, identifier: str) -> None:
        """Bring back a round of the history, its selection included."""
        document, filling = self.document, self.filling
        if document is None or filling is None:
            return

        def then(entry: Round) -> None:
            if self.filling is not filling:
                return
            region = region_of(entry.context)
            if region.clipped(document.width, document.height) != region:
                self.say(Failure("other-photo", ""))
                return
            document.select(entry.selected, Combine.REPLACE, "Selection from history")
            filling.open_round(entry)
            if entry.fills:
                recipe = entry.fills[-1].recipe
                self.caption = entry.captions[-1] or self.caption
                self.settings.take_asked(recipe)
                self.set_mode(recipe.mode)
            self.recalled()
            self.steps()
            self.fills()

        self.work(lambda: self.history.load(identifier), then, "entry")

    # Threads --------------------------------------------------------------------------------------------

    def work(self, work: Callable[[], Any], then: Callable[[Any], None], doing: str = "") -> None:
        """Work in a thread, then go on; `doing` is as `failure_of` knows it."""
        self.working(True)

        def finish(result: Any) -> None:
            self.working(self.tasks.busy)
            then(result)

        def fail(error: Exception) -> None:
            self.working(self.tasks.busy)
            self.say(failure_of(error, doing))
            if doing == "entry":
                self.stored()

        self.tasks.run(work, finish, fail)

    def failed(self, error: Exception) -> None:
        """Tell the user about an error of work in a thread."""
        self.say(failure_of(error))

    def say(self, failure: Failure) -> None:
        """Tell the user about a failure."""
        self.notice(*self.wording(failure))

    def _take_event(self, event: Event) -> None:
        if not self._finder.take(event):
            self._post(lambda: self._on_event(event))

    def _on_event(self, event: Event) -> None:
        if self.filling is not None and not self._closed:
            self.filling.on_event(event)

    def _on_link(self, state: LinkState) -> None:
        if not self._closed:
            self.link_state = state
            self.linked(state)

    def close(self, *, keep_work: bool = False) -> None:
        """End: drop jobs, keep the settings, forget the autosave unless the work is to be offered again."""
        self._closed = True
        if self.filling is not None:
            self.filling.cancel()
        self.link.close()
        self.tasks.close()
        if not keep_work:
            self.keeping.recovery.discard()
        try:
            self.settings.save()
        except OSError as error:
            log.warning("the settings cannot be saved: %s", error)
