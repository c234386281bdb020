"""The dialog of *Describe*, *Recolour*, *Remove* and *Fill again*, and a preview that follows the choices."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")
from gi.repository import Gimp, GimpUi, GLib, GObject, Gtk  # noqa: E402
from nigdt_backend.client import DaemonError  # noqa: E402
from nigdt_backend.protocol import FillPicture  # noqa: E402

from nigdt_fill import problem  # noqa: E402
from nigdt_fill.again import Drawn  # noqa: E402
from nigdt_fill.capture import Capture, capture, selected_box  # noqa: E402
from nigdt_fill.convert import ask_to_convert  # noqa: E402
from nigdt_fill.install import read_install  # noqa: E402
from nigdt_fill.live import LiveFill  # noqa: E402
from nigdt_fill.overlay import Overlay  # noqa: E402
from nigdt_fill.place import place, still_open, was_closed, while_open  # noqa: E402
from nigdt_fill.plan import USUAL_SIZE, FillSettings, Rect  # noqa: E402
from nigdt_fill.problem import Cancelled, Closed, Problem  # noqa: E402
from nigdt_fill.service import Service  # noqa: E402
from nigdt_fill.settings import check_caption, read_settings  # noqa: E402
from nigdt_fill.texts import _  # noqa: E402
from nigdt_fill.told import about_finished  # noqa: E402
from nigdt_fill.window import FillWindow  # noqa: E402

TYPING_PAUSE_MS = 300
POLL_MS = 50
POLLS_PER_LOOK = 6
"""After so many polls the dialog looks whether the selection has changed, or the image was closed."""


def run_dialog(
    procedure: Gimp.Procedure,
    image: Gimp.Image,
    config: Gimp.ProcedureConfig,
    start: FillSettings,
    drawn: Drawn | None = None,
) -> Gimp.Layer:
    """Ask, fill, and ask again after a failure, so that no caption has to be typed twice.

    Args:
        procedure: Whose arguments are asked for.
        image: Any kind of image.
        config: The arguments.
        start: What counts where there is no argument.
        drawn: The fill that is to be made again.

    Raises:
        Cancelled: The user closed the dialog.
    """
    GimpUi.init("nigdt-fill")
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        ask_to_convert()
    dialog = FillDialog(procedure, image, config, start, drawn)
    try:
        return dialog.run()
    finally:
        dialog.close()


class FillDialog:
    """The window and its connection to the daemon; all methods run in GTK's thread."""

    def __init__(
        self,
        procedure: Gimp.Procedure,
        image: Gimp.Image,
        config: Gimp.ProcedureConfig,
        start: FillSettings,
        drawn: Drawn | None,
    ) -> None:
        self._image, self._config, self._start, self._drawn = image, config, start, drawn
        self._service: Service | None = None
        self._captured: tuple[tuple[object, ...], Capture] | None = None
        self._seen: Rect | None = None
        self._refresh_source = self._polls = 0
        self._stopped = self._filling = False
        self._overlay = Overlay(image, drawn)
        self._window = FillWindow(
            procedure, config, start.mode, lambda index: self._live.choose(index), again=drawn is not None
        )
        self._view = self._window.view
        self._live = LiveFill(self._window, config, self._overlay)
        self._window.dialog.connect("response", self._on_response)
        self._window.dialog.connect("focus-in-event", lambda *_arguments: self._look_again())
        config.connect("notify", self._on_choice)
        self._poll_source = GLib.timeout_add(POLL_MS, self._poll)
        self._refresh()
        self._connect()

    def _on_response(self, _window: Gtk.Dialog, response: int) -> None:
        if response in (Gtk.ResponseType.CANCEL, Gtk.ResponseType.DELETE_EVENT):
            self._stopped = True

    def close(self) -> None:
        """Take the window away and leave the daemon, which drops what it still does for this dialog."""
        for source in (self._poll_source, self._refresh_source):
            if source:
                GLib.source_remove(source)
        with suppress(Closed), while_open(self._image):
            self._overlay.remove()
        self._window.dialog.destroy()
        if self._service is not None:
            self._service.client.close()

    # -- connecting, which may take a while ------------------------------------------------------------------

    def _connect(self) -> None:
        self._view.say(_("Starting the NIGDT service…"))
        threading.Thread(target=self._reach, daemon=True).start()

    def _reach(self) -> None:
        """Connect; runs in a thread of its own."""
        try:
            service = Service.reach(read_install())
        except Problem as reason:
            GLib.idle_add(self._view.warn, str(reason))
        else:
            GLib.idle_add(self._connected, service)

    def _connected(self, service: Service) -> None:
        self._service = service
        self._window.models.show(service.models)
        self._view.say("")
        self._refresh()

    def _require_service(self) -> Service:
        if self._service is None:
            self._connected(Service.reach(read_install()))
        assert self._service is not None
        return self._service

    # -- preview ---------------------------------------------------------------------------------------------

    def _on_choice(self, _config: Gimp.ProcedureConfig, choice: GObject.ParamSpec) -> None:
        if choice.name == "in-image":
            self._live.show_in_image()
        else:
            self._changed()

    def _changed(self) -> None:
        """Refresh once the typing pauses."""
        self._live.drop()
        self._view.grey_out()
        self._overlay.remove()
        if self._refresh_source:
            GLib.source_remove(self._refresh_source)
        self._refresh_source = GLib.timeout_add(TYPING_PAUSE_MS, self._after_pause)

    def _after_pause(self) -> bool:
        self._refresh_source = 0
        self._refresh()
        return False

    def _settings(self) -> FillSettings:
        """Return what the user chose, with the model's own name once it is known."""
        settings = read_settings(self._config, self._start)
        if self._service is None:
            return settings
        return replace(settings, model=self._service.model(settings.model)["name"])

    def _refresh(self) -> None:
        """Show the region, and ask for its fill when the preview is on."""
        if self._filling:
            return
        self._window.suggest_growth(0)
        mode = self._start.mode
        try:
            settings = self._settings()
            if self._service is not None and self._window.caption is not None:
                self._window.caption.offer_words_of(self._service.model(settings.model))
            mode = settings.recipe.effective_mode
            with while_open(self._image):
                captured = self._capture(settings)
            wordless = self._window.caption is not None and not settings.caption.strip()
            if self._service is None or wordless or not self._config.get_property("preview"):
                self._live.drop()
                self._view.show_variants(0)
                self._view.show_region(captured)
                if self._service is not None:  # otherwise it stands there what becomes of the service
                    told = _("Without a description, what is selected is removed.")
                    self._view.say(told if wordless and mode == "remove" else "")
                return
            self._live.ask(self._service, captured, settings)
        except Problem as reason:
            self._view.warn(str(reason))
        except DaemonError as error:
            self._view.warn(str(problem.from_daemon(error, self._start.model, mode)))

    def _capture(self, settings: FillSettings) -> Capture:
        """Capture the selection, unless that was done and nothing that matters has changed since."""
        size = self._service.model(settings.model)["size_px"] if self._service else USUAL_SIZE
        recipe = settings.recipe
        self._seen = selected_box(self._image)
        key = (size, recipe.widen, recipe.grown, recipe.effective_mode, self._seen)
        if self._captured is None or self._captured[0] != key:
            self._captured = key, capture(self._image, settings, size, self._drawn)
            if not self._filling:
                self._view.show_region(self._captured[1])
        return self._captured[1]

    def _look_again(self) -> None:
        """Read the image anew: its pixels or its selection may have changed while the user was over there."""
        if self._filling or was_closed(self._image):
            return
        if self._captured is None:
            if not self._refresh_source:
                self._refresh()  # something was in the way, and may be no longer
            return
        before = self._captured[1]
        self._captured = None
        try:
            with while_open(self._image):
                same = self._capture(self._settings()) == before
        except Problem:
            same = False  # what was shown counts no more; the refresh says why
        if not same:
            self._changed()
        else:
            self._live.show_again()

    def _watch_image(self) -> None:
        """Close the window with the image, and follow the selection while the user drags another one."""
        if self._filling:
            return
        if was_closed(self._image):
            self._window.dialog.response(Gtk.ResponseType.CANCEL)
        elif self._drawn is None and selected_box(self._image) != self._seen:
            self._seen = selected_box(self._image)
            self._captured = None
            self._changed()

    def _poll(self) -> bool:
        self._polls += 1
        try:
            with while_open(self._image):
                if self._polls % POLLS_PER_LOOK == 0:
                    self._watch_image()
                # While a fill is made, its own loop reads what comes from the daemon.
                if not self._filling:
                    self._live.follow()
        except Closed:
            self._window.dialog.response(Gtk.ResponseType.CANCEL)
        return True

    # -- the fill itself -------------------------------------------------------------------------------------

    def run(self) -> Gimp.Layer:
        """Show the window until there is a fill.

        Raises:
            Cancelled: The user closed it.
            Closed: The image was closed.
        """
        while self._window.dialog.run():
            layer = self._try()
            if layer is not None:
                return layer
        raise Cancelled

    def _try(self) -> Gimp.Layer | None:
        """Fill; on failure say why and return None, so that the user can change something."""
        try:
            with while_open(self._image):
                return self._fill()
        except Closed:
            raise
        except Cancelled:
            self._view.say(_("Stopped."))
        except Problem as reason:
            self._view.warn(str(reason))
        self._window.focus()
        return None

    def _fill(self) -> Gimp.Layer:
        still_open(self._image)
        check_caption(read_settings(self._config, self._start))
        if self._window.caption is not None:
            self._window.caption.remember()
        self._stopped = False
        self._busy(True)
        try:
            service = self._require_service()
            settings = self._settings()
            self._captured = None  # the selection may have changed since the preview
            captured = self._capture(settings)
            pictures, untold = self._pictures(service, captured, settings)
            self._overlay.remove()
            layer = place(self._image, captured, pictures, self._live.chosen, self._drawn)
        finally:
            self._busy(False)
        Gimp.displays_flush()
        if untold:
            Gimp.message(untold)
        return layer

    def _pictures(
        self, service: Service, captured: Capture, settings: FillSettings
    ) -> tuple[Sequence[FillPicture], str]:
        """Return the answers, the preview's if it is the same, and what the user has not read of them."""
        if not self._live.is_of(captured, settings):
            self._live.drop()
            result = service.fill(captured, settings, self._view.bar.set_text, self._pump)
            return result.fills, about_finished(result.fills, result.notices)
        told = self._live.told
        pictures = self._live.wait(self._pump)
        return pictures, "" if told else about_finished(pictures, self._live.notices)

    def _busy(self, busy: bool) -> None:
        self._filling = busy
        self._window.set_busy(busy)

    def _pump(self) -> bool:
        """Keep the window alive while waiting; True when the fill is to be dropped."""
        self._view.bar.pulse()
        while Gtk.events_pending():
            Gtk.main_iteration_do(False)
        return self._stopped or was_closed(self._image)
