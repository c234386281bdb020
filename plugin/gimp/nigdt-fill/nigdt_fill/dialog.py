"""The dialog of *Fill described region...*: caption, choices, and a preview that follows the typing."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")
from gi.repository import Gimp, GimpUi, GLib, GObject, Gtk  # noqa: E402
from nigdt_backend.client import DaemonError  # noqa: E402
from nigdt_backend.protocol import Event, FillPicture, ProtocolError  # noqa: E402

from nigdt.limits import SEED_MAX  # noqa: E402
from nigdt_fill import problem  # noqa: E402
from nigdt_fill.capture import Capture, capture, selected_box  # noqa: E402
from nigdt_fill.install import read_install  # noqa: E402
from nigdt_fill.place import place, still_open, was_closed  # noqa: E402
from nigdt_fill.plan import DEFAULT_MODEL, USUAL_SIZE, Box, Settings  # noqa: E402
from nigdt_fill.problem import Cancelled, Problem  # noqa: E402
from nigdt_fill.service import Service, request_for, stage_text  # noqa: E402
from nigdt_fill.settings import check_caption, read_settings  # noqa: E402
from nigdt_fill.texts import _  # noqa: E402
from nigdt_fill.view import View  # noqa: E402

TYPING_PAUSE_MS = 300
POLL_MS = 50
POLLS_PER_LOOK = 6
"""After so many polls the dialog looks whether the selection has changed."""


def run_dialog(procedure: Gimp.Procedure, image: Gimp.Image, config: Gimp.ProcedureConfig) -> Gimp.Layer:
    """Ask, fill, and ask again after a failure, so that no caption has to be typed twice.

    Raises:
        Cancelled: The user closed the dialog.
    """
    GimpUi.init("nigdt-fill")
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED and not _may_convert():
        raise Cancelled
    dialog = FillDialog(procedure, image, config)
    try:
        return dialog.run()
    finally:
        dialog.close()


def _may_convert() -> bool:
    question = Gtk.MessageDialog(
        message_type=Gtk.MessageType.QUESTION,
        text=_("This image uses a palette, and a fill needs more colours than it has."),
        secondary_text=_("Convert the image to RGB? Undoing the fill brings the palette back."),
        title="NIGDT",
    )
    question.add_buttons(_("Cancel"), Gtk.ResponseType.CANCEL, _("Convert to RGB"), Gtk.ResponseType.OK)
    question.set_default_response(Gtk.ResponseType.OK)
    answer = question.run()
    question.destroy()
    return answer == Gtk.ResponseType.OK


class FillDialog:
    """The window and its connection to the daemon; all methods run in GTK's thread."""

    def __init__(self, procedure: Gimp.Procedure, image: Gimp.Image, config: Gimp.ProcedureConfig) -> None:
        self._image, self._config = image, config
        self._service: Service | None = None
        self._captured: tuple[tuple[object, ...], Capture] | None = None
        self._job: str | None = None
        self._seen: Box | None = None
        self._refresh_source = self._polls = 0
        self._stopped = self._filling = False
        self._build(procedure)
        config.connect("notify", lambda *_arguments: self._changed())
        self._poll_source = GLib.timeout_add(POLL_MS, self._poll)
        self._refresh()
        self._connect()

    # -- the window ------------------------------------------------------------------------------------------

    def _build(self, procedure: Gimp.Procedure) -> None:
        window = GimpUi.ProcedureDialog.new(procedure, self._config, _("Fill described region"))
        self._window = window
        window.set_ok_label(_("_Fill"))
        if (useless := window.get_widget_for_response(Gtk.ResponseType.HELP)) is not None:
            useless.hide()
        window.connect("response", self._on_response)
        window.connect("delete-event", lambda *_arguments: True)
        scales = ["context", "grow", "feather", "match-colours", "strength"]
        for name in scales:
            window.get_spin_scale(name, 1.0)
        self._inputs = window.fill_box("inputs", ["variants", "seed", *scales])
        self._add_caption(self._inputs)
        self._add_models(self._inputs)
        dice = Gtk.Button.new_with_mnemonic(_("A_nother seed"))
        dice.connect("clicked", self._on_dice)
        self._entry("seed").attach_next_to(dice, None, Gtk.PositionType.RIGHT, 1, 1)
        left = window.fill_box("view", ["preview"])
        self._view = View(left)
        columns = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=12, border_width=12)
        columns.pack_start(left, False, False, 0)
        columns.pack_start(self._inputs, True, True, 0)
        window.get_content_area().pack_start(columns, True, True, 0)
        columns.show_all()

    def _entry(self, name: str) -> GimpUi.LabelSpin:
        """Return the label and number field of a whole number."""
        return self._window.get_widget(name, GObject.TYPE_NONE)

    def _add_caption(self, box: Gtk.Box) -> None:
        """Add a text of several lines; GIMP's own widget for it has no label, scrollbar or wrapping."""
        text = Gtk.TextView(
            wrap_mode=Gtk.WrapMode.WORD_CHAR, accepts_tab=False, left_margin=4, right_margin=4, top_margin=3
        )
        buffer = text.get_buffer()
        buffer.set_text(self._config.get_property("caption") or "")

        def typed(_buffer: Gtk.TextBuffer) -> None:
            self._config.set_property("caption", _text_of(buffer))

        def reset(_config: Gimp.ProcedureConfig, _property: object) -> None:
            wanted = self._config.get_property("caption") or ""
            if wanted != _text_of(buffer):
                buffer.set_text(wanted)

        buffer.connect("changed", typed)
        self._config.connect("notify::caption", reset)
        label = Gtk.Label.new_with_mnemonic(_("_Describe what should be there"))
        label.set_xalign(0.0)
        label.set_mnemonic_widget(text)
        scroller = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN)
        scroller.set_size_request(330, 90)
        scroller.add(text)
        for place_, widget in enumerate((label, scroller)):
            box.pack_start(widget, widget is scroller, True, 0)
            box.reorder_child(widget, place_)
        self._text = text

        def select_all() -> None:
            text.grab_focus()
            buffer.select_range(*buffer.get_bounds())

        self._window.connect_after("map", lambda _window: GLib.idle_add(select_all))
        self._window.connect("focus-in-event", lambda *_arguments: self._look_again())

    def _add_models(self, box: Gtk.Box) -> None:
        row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        label = Gtk.Label.new_with_mnemonic(_("_Model"))
        self._models = Gtk.ComboBoxText()
        self._show_models([])
        self._models.connect("changed", self._on_model)
        label.set_mnemonic_widget(self._models)
        row.pack_start(label, False, False, 0)
        row.pack_start(self._models, True, True, 0)
        label.set_xalign(0.0)
        self._labels = Gtk.SizeGroup(mode=Gtk.SizeGroupMode.HORIZONTAL)
        for widget in (label, *(self._entry(name).get_label() for name in ("variants", "seed"))):
            self._labels.add_widget(widget)
        box.pack_start(row, False, False, 0)

    def _show_models(self, models: list[dict[str, Any]]) -> None:
        wanted = read_settings(self._config).model
        self._showing = True
        self._models.remove_all()
        for model in models:
            self._models.append(str(model["name"]), str(model.get("title") or model["name"]))
            if wanted == DEFAULT_MODEL and model.get("default"):
                wanted = str(model["name"])
        if not self._models.set_active_id(wanted):
            self._models.append(wanted, wanted)
            self._models.set_active_id(wanted)
        self._showing = False

    def _on_model(self, combo: Gtk.ComboBoxText) -> None:
        if combo.get_active_id() and not self._showing:
            self._config.set_property("model", combo.get_active_id())

    def _on_dice(self, _button: Gtk.Button) -> None:
        self._config.set_property("seed", GLib.random_int_range(1, SEED_MAX))

    def _on_response(self, _window: Gtk.Dialog, response: int) -> None:
        if response in (Gtk.ResponseType.CANCEL, Gtk.ResponseType.DELETE_EVENT):
            self._stopped = True

    def close(self) -> None:
        """Take the window away and leave the daemon, which drops what it still does for this dialog."""
        for source in (self._poll_source, self._refresh_source):
            if source:
                GLib.source_remove(source)
        self._window.destroy()
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
        self._show_models(service.models)
        self._view.say("")
        self._refresh()

    def _require_service(self) -> Service:
        if self._service is None:
            self._connected(Service.reach(read_install()))
        assert self._service is not None
        return self._service

    # -- preview ---------------------------------------------------------------------------------------------

    def _changed(self) -> None:
        """Refresh once the typing pauses."""
        self._view.grey_out()
        if self._refresh_source:
            GLib.source_remove(self._refresh_source)
        self._refresh_source = GLib.timeout_add(TYPING_PAUSE_MS, self._after_pause)

    def _after_pause(self) -> bool:
        self._refresh_source = 0
        self._refresh()
        return False

    def _refresh(self) -> None:
        """Show the region, and ask for its fill when the preview is on."""
        if self._filling:
            return
        try:
            still_open(self._image)
            settings = read_settings(self._config)
            captured = self._capture(settings)
            if self._service is None or not (
                self._config.get_property("preview") and settings.caption.strip()
            ):
                self._job = None
                self._view.show_region(captured)
                if self._service is not None and not settings.caption.strip():
                    self._view.say(_("Without a description, what is selected is removed."))
                return
            self._job = self._service.client.submit(request_for(captured, settings, live=True))
        except Problem as reason:
            self._view.warn(str(reason))
        except DaemonError as error:
            self._view.warn(str(problem.from_daemon(error, settings.model)))

    def _capture(self, settings: Settings) -> Capture:
        """Capture the selection, unless that was done and nothing that matters has changed since."""
        size = self._service.model(settings.model)["size_px"] if self._service else USUAL_SIZE
        recipe = settings.recipe
        self._seen = selected_box(self._image)
        key = (size, recipe.widen, recipe.grown, recipe.way, self._seen)
        if self._captured is None or self._captured[0] != key:
            self._captured = key, capture(self._image, settings, size)
            if not self._filling:
                self._view.show_region(self._captured[1])
        return self._captured[1]

    def _look_again(self) -> None:
        """Read the image anew: its pixels or its selection may have changed while the user was over there."""
        if self._filling or self._captured is None or was_closed(self._image):
            return
        before = self._captured[1]
        self._captured = None
        try:
            same = self._capture(read_settings(self._config)) == before
        except Problem as reason:
            self._view.warn(str(reason))
            return
        if not same:
            self._changed()

    def _watch_selection(self) -> None:
        """Follow the selection while the user drags another one."""
        if not self._filling and not was_closed(self._image) and selected_box(self._image) != self._seen:
            self._seen = selected_box(self._image)
            self._captured = None
            self._changed()

    def _poll(self) -> bool:
        self._polls += 1
        if self._polls % POLLS_PER_LOOK == 0:
            self._watch_selection()
        # While a fill is made, its own loop reads what comes from the daemon.
        if self._service is not None and self._job is not None and not self._filling:
            try:
                for event in self._service.client.events(0.0):
                    self._on_event(event)
            except (DaemonError, ProtocolError) as error:
                self._job = None
                self._view.warn(str(problem.from_daemon(problem.as_daemon_error(error), "")))
        return True

    def _on_event(self, event: Event) -> None:
        if event.job != self._job:
            return
        if event.kind == "progress":
            self._view.say(stage_text(event))
        elif event.kind == "fill":
            picture = FillPicture.from_event(event)
            self._view.show_fill(picture)
            self._view.warn(_unknown_words(picture))
        elif event.kind == "error":
            error = DaemonError.from_event(event)
            if error.code not in ("superseded", "cancelled"):
                self._view.warn(str(problem.from_daemon(error, read_settings(self._config).model)))

    # -- the fill itself -------------------------------------------------------------------------------------

    def run(self) -> Gimp.Layer:
        """Show the window until there is a fill.

        Raises:
            Cancelled: The user closed it.
            Problem: The image was closed.
        """
        while self._window.run():
            layer = self._try()
            if layer is not None:
                return layer
        raise Cancelled

    def _try(self) -> Gimp.Layer | None:
        """Fill; on failure say why and return None, so that the user can change something."""
        try:
            return self._fill()
        except Cancelled:
            still_open(self._image)
            self._view.say(_("Stopped."))
            self._text.grab_focus()
        except Problem as reason:
            still_open(self._image)
            self._view.warn(str(reason))
            self._text.grab_focus()
        return None

    def _fill(self) -> Gimp.Layer:
        settings = check_caption(read_settings(self._config))
        self._job, self._stopped = None, False
        self._busy(True)
        try:
            service = self._require_service()
            settings = replace(settings, model=service.model(settings.model)["name"])
            self._captured = None  # the selection may have changed since the preview
            captured = self._capture(settings)
            result = service.fill(captured, settings, self._view.bar.set_text, self._pump)
            layer = place(self._image, captured, result.fills)
        finally:
            self._busy(False)
        Gimp.displays_flush()
        return layer

    def _busy(self, busy: bool) -> None:
        self._filling = busy
        self._inputs.set_sensitive(not busy)
        self._window.set_response_sensitive(Gtk.ResponseType.OK, not busy)
        self._view.bar.set_text(_("Filling…"))
        self._view.show_bar(busy)
        if busy:
            self._view.say("")

    def _pump(self) -> bool:
        """Keep the window alive while waiting; True when the fill is to be dropped."""
        self._view.bar.pulse()
        while Gtk.events_pending():
            Gtk.main_iteration_do(False)
        return self._stopped or was_closed(self._image)


def _text_of(buffer: Gtk.TextBuffer) -> str:
    return str(buffer.get_text(*buffer.get_bounds(), False))


def _unknown_words(picture: FillPicture) -> str:
    if not picture.unknown_words:
        return ""
    words = ", ".join(_("“{word}”").format(word=word) for word in picture.unknown_words)
    return _("The model does not know {words}. Describe in English, with words for what can be seen.").format(
        words=words
    )
