"""The way to the daemon, through the client that every part of NIGDT uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Any

from nigdt_backend.client import Client, DaemonError, FillResult
from nigdt_backend.protocol import Event, FillPicture, FillRequest

from nigdt_fill import problem
from nigdt_fill.capture import Capture
from nigdt_fill.install import Install
from nigdt_fill.plan import DEFAULT_MODEL, FillSettings
from nigdt_fill.texts import _

START_SECONDS = 60.0
"""A first start loads libraries from a cold disk."""


def request_for(capture: Capture, settings: FillSettings, *, live: bool = False) -> FillRequest:
    """Return the request for what was captured; `live` is for somebody who watches, early states included."""
    recipe = settings.recipe
    if capture.scale < 1:
        feather = None if recipe.feather is None else round(capture.scale * recipe.feather)
        # How far a colour reaches is no number of pixels.
        grow = None if recipe.reaches else round(capture.scale * recipe.grown)
        recipe = replace(recipe, grow=grow, feather=feather)
    return FillRequest(
        crop=capture.crop,
        mask=capture.selection,
        width=capture.size[0],
        height=capture.size[1],
        recipe=recipe,
        variants=settings.draws,
        channels=capture.channels,
        live=live,
        previews=live,
        result="placed",
    )


def as_asked(picture: FillPicture, settings: FillSettings) -> FillPicture:
    """Return an answer whose recipe counts in photo pixels, in whatever size the photo travelled."""
    asked = settings.recipe
    return replace(picture, recipe=replace(picture.recipe, grow=asked.grow, feather=asked.feather))


def stage_text(event: Event) -> str:
    """Return what the service is doing, for the user."""
    if event.data.get("stage") == "queued":
        return _("Waiting for other fills…") if event.data.get("position") else _("Loading the model…")
    texts = {
        "loading": _("Loading the model…"),
        "encoding": _("Looking at the photo…"),
        "completing": _("Filling…"),
    }
    return texts.get(str(event.data.get("stage")), _("Filling…"))


class Service:
    """A connection to the daemon; every failure is a `Problem` that can be shown."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.models: list[dict[str, Any]] = client.models(words=True)

    @classmethod
    def reach(cls, install: Install) -> Service:
        """Connect, starting the daemon where it can be started.

        Raises:
            Problem: It cannot be reached.
        """
        command = install.command("nigdt_backend.daemon")
        try:
            return cls(Client.connect(start=command is not None, timeout=START_SECONDS, command=command))
        except DaemonError as error:
            raise problem.from_daemon(error, "") from None

    def __enter__(self) -> Service:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()

    def model(self, name: str) -> dict[str, Any]:
        """Return what the daemon says of a model ("name", "title", "size_px", "words").

        `default` is its own choice.

        Raises:
            Problem: There is no such model.
        """
        for known in self.models:
            if known["name"] == name or (name == DEFAULT_MODEL and known.get("default")):
                return known
        raise problem.from_daemon(DaemonError("unknown-bundle", f"There is no bundle {name!r}."), name)

    def fill(
        self,
        capture: Capture,
        settings: FillSettings,
        on_stage: Callable[[str], None],
        stop: Callable[[], bool],
    ) -> FillResult:
        """Ask for all answers and wait for them.

        Args:
            capture: What of the photo to send.
            settings: What to ask for.
            on_stage: Told what is being done, for the user.
            stop: Asked about ten times a second; when true the daemon drops the job.

        Raises:
            Cancelled: `stop` said so.
            Problem: There is no answer.
        """

        def on_event(event: Event) -> None:
            if event.kind == "progress":
                on_stage(stage_text(event))

        try:
            result = self.client.fill(request_for(capture, settings), on_event=on_event, cancelled=stop)
            return replace(result, fills=tuple(as_asked(picture, settings) for picture in result.fills))
        except DaemonError as error:
            if error.code == "cancelled":
                raise problem.Cancelled from None
            raise problem.from_daemon(error, settings.model, settings.recipe.effective_mode) from None
