"""The fill that is shown while the user chooses: asked for, followed, and taken if it is what is wanted."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gimp
from nigdt_backend.client import DaemonError
from nigdt_backend.protocol import Event, FillPicture, ProtocolError

from nigdt_fill import problem
from nigdt_fill.capture import Capture
from nigdt_fill.overlay import Overlay
from nigdt_fill.plan import FillSettings
from nigdt_fill.problem import Cancelled, Problem
from nigdt_fill.service import Service, as_asked, request_for, stage_text
from nigdt_fill.texts import _
from nigdt_fill.told import EXPLAINING, about_fill, missing_growth
from nigdt_fill.window import FillWindow


class LiveFill:
    """At most one fill that the service makes for the dialog, in as many variants as are wanted.

    Attributes:
        chosen: Which variant is looked at; it will be the one that is seen.
        notices: What the service said of a fill that is whole.
    """

    def __init__(self, window: FillWindow, config: Gimp.ProcedureConfig, overlay: Overlay) -> None:
        self._window, self._view, self._config, self._overlay = window, window.view, config, overlay
        self.chosen = 0
        self.notices: list[str] = []
        self._service: Service | None = None
        self._asked: tuple[Capture, FillSettings] | None = None
        self._answers: dict[int, FillPicture] = {}
        self._early: dict[int, FillPicture] = {}
        self._job: str | None = None
        self._failure: Problem | None = None
        self._to_tell: FillPicture | None = None

    def ask(self, service: Service, captured: Capture, settings: FillSettings) -> None:
        """Ask for a fill, in place of the one before.

        Raises:
            DaemonError: The service cannot be asked.
        """
        self.drop()
        request = request_for(captured, settings, live=True)
        self._service, self._asked = service, (captured, settings)
        self._answers, self._early, self.notices = {}, {}, []
        self._view.show_variants(len(request.variants))
        self._view.say(_("Waiting for the NIGDT service…"))
        self._job = service.client.submit(request)

    def drop(self) -> None:
        """Let go of what was asked for."""
        if self._service is not None and self._job is not None:
            self._service.client.cancel(self._job)
        self._asked = self._job = self._failure = self._to_tell = None
        self.chosen = 0

    def is_of(self, captured: Capture, settings: FillSettings) -> bool:
        """Return whether this very fill was asked for."""
        return self._asked == (captured, settings)

    @property
    def told(self) -> bool:
        """Whether all of it has come, and what there is to say of it stands in the dialog."""
        return self._asked is not None and self._job is None and self._to_tell is None

    def choose(self, index: int) -> None:
        """Show one of the answers, which will be the one that is seen."""
        if index in self._answers and self._asked is not None:
            self.chosen = index
            self._view.show_fill(self._answers[index])
            self.show_in_image()

    def show_in_image(self) -> None:
        """Show the answer that is looked at in the image, too, where that is wanted."""
        if not self._config.get_property("in-image"):
            self._overlay.remove()
        elif self._asked is not None and self.chosen in self._answers:
            self._overlay.show(self._asked[0], self._answers[self.chosen])

    def show_again(self) -> None:
        """Show the answer that is looked at, or what is there of it."""
        there = self._answers.get(self.chosen) or self._early.get(self.chosen)
        if self._asked is not None and there is not None:
            self._view.show_fill(there)

    def follow(self) -> None:
        """Show what has come from the service, and say what is in the way."""
        try:
            self._read(0.0)
        except Problem as reason:
            self._view.warn(str(reason))
        if self._to_tell is not None and self._window.unfinished not in self._to_tell.unknown_words:
            self._tell(self._to_tell)

    def wait(self, pump: Callable[[], bool]) -> list[FillPicture]:
        """Wait for all answers.

        Args:
            pump: Called while waiting; true when the fill is to be dropped.

        Raises:
            Cancelled: `pump` said so, or the service has dropped the fill.
            Problem: They do not come.
        """
        assert self._asked is not None
        count = len(self._asked[1].draws)
        while self._job is not None:
            if pump():
                self.drop()
                raise Cancelled
            self._read(0.05)
            if self._failure is not None:
                raise self._failure
        if len(self._answers) < count:
            raise Cancelled
        return [self._answers[index] for index in range(count)]

    def _read(self, seconds: float) -> None:
        if self._service is None or self._job is None:
            return
        try:
            for event in self._service.client.events(seconds):
                self._on_event(event)
        except (DaemonError, ProtocolError) as error:
            self.drop()
            raise problem.from_daemon(problem.as_daemon_error(error), "") from None

    def _on_event(self, event: Event) -> None:
        if self._asked is None or event.job != self._job:
            return
        if event.kind == "progress":
            self._view.say(stage_text(event))
        elif event.kind == "preview":
            self._foresee(FillPicture.from_event(event))
        elif event.kind == "fill":
            picture = as_asked(FillPicture.from_event(event), self._asked[1])
            self._answers[picture.index] = picture
            self._view.show_variant(picture.index, picture)
            if picture.index == self.chosen:
                self.choose(picture.index)
        elif event.kind == "done":
            self._job = None
            self.notices = [str(notice) for notice in event.data.get("notices", ())]
            growth = missing_growth(self.notices)
            self._window.suggest_growth(growth)
            if not growth and self.chosen in self._answers:
                self._tell(self._answers[self.chosen])
        elif event.kind == "error":
            self._fail(DaemonError.from_event(event), *self._asked)

    def _tell(self, picture: FillPicture) -> None:
        """Say what there is to say of a fill; a word that is still being typed is called unknown later."""
        typed = self._window.unfinished
        unknown = [word for word in picture.unknown_words if word != typed]
        self._to_tell = picture if len(unknown) < len(picture.unknown_words) else None
        text = about_fill(unknown, picture.recipe.caption, self.notices)
        (self._view.warn if unknown or set(self.notices) - EXPLAINING else self._view.say)(text)

    def _foresee(self, early: FillPicture) -> None:
        """Show an early state of the answer that is looked at; only the answer itself can be taken."""
        self._early[early.index] = early
        if early.index == self.chosen and self.chosen not in self._answers:
            self._view.show_fill(early)

    def _fail(self, error: DaemonError, captured: Capture, settings: FillSettings) -> None:
        """Say why the fill will not come, and show the region where only an early state of it was there."""
        if self.chosen not in self._answers:
            self._view.show_region(captured)
        self._job = None
        self.drop()
        if error.code not in ("superseded", "cancelled"):
            self._failure = problem.from_daemon(error, settings.model, settings.recipe.effective_mode)
            self._view.warn(str(self._failure))
