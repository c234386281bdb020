"""What the dialog's right half has beside GIMP's own widgets: the caption and the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")
gi.require_version("Pango", "1.0")
from gi.repository import Gimp, GimpUi, GLib, GObject, Gtk, Pango  # noqa: E402

from nigdt.text import Vocabulary  # noqa: E402
from nigdt_fill.completion import Completion  # noqa: E402
from nigdt_fill.plan import DEFAULT_MODEL, layer_name, model_title  # noqa: E402
from nigdt_fill.recent import Recent  # noqa: E402
from nigdt_fill.texts import _  # noqa: E402

TITLE_CHARS = 30
"""Width of the list of models."""


class CaptionBox:
    """A text of several lines with the last captions and completion.

    GIMP's own has no label, scrollbar or wrapping.
    """

    def __init__(self, config: Gimp.ProcedureConfig, mode: str) -> None:
        self._config, self._mode = config, mode
        self._recent = Recent(Path(Gimp.directory()) / "nigdt-fill.json")
        self._text = Gtk.TextView(
            wrap_mode=Gtk.WrapMode.WORD_CHAR, accepts_tab=False, left_margin=4, right_margin=4, top_margin=3
        )
        buffer = self._text.get_buffer()
        buffer.set_text(config.get_property("caption") or "")
        buffer.connect("changed", lambda _buffer: config.set_property("caption", self._written()))
        config.connect("notify::caption", self._on_caption)
        self._completion = Completion(self._text)
        self._model = ""

    def put_into(self, box: Gtk.Box) -> None:
        """Add label, list of the last captions and text at the top of a box."""
        label = Gtk.Label.new_with_mnemonic(self._config.find_property("caption").nick)
        label.set_xalign(0.0)
        label.set_mnemonic_widget(self._text)
        row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        row.pack_start(label, True, True, 0)
        captions = self._recent.captions(self._mode)
        if captions:
            row.pack_start(self._menu(captions), False, False, 0)
        scroller = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN)
        scroller.set_size_request(330, 60)
        scroller.add(self._text)
        for place, widget in enumerate((row, scroller, self._completion.row)):
            box.pack_start(widget, widget is scroller, True, 0)
            box.reorder_child(widget, place)

    def offer_words_of(self, model: dict[str, Any]) -> None:
        """Offer the words that a model knows while one is typed."""
        if model["name"] != self._model:
            self._model = model["name"]
            self._completion.vocabulary = Vocabulary(model.get("words", ()))

    @property
    def unfinished(self) -> str:
        """The word that is still being typed; empty if there is none."""
        return self._completion.unfinished

    def focus(self, *, select: bool = False) -> None:
        """Let the user type; with `select`, in place of what is there."""
        self._text.grab_focus()
        if select:
            buffer = self._text.get_buffer()
            buffer.select_range(*buffer.get_bounds())

    def remember(self) -> None:
        """Keep the caption among the last ones."""
        if written := self._written().strip():
            self._recent.add(self._mode, written)

    def _menu(self, captions: list[str]) -> Gtk.MenuButton:
        menu = Gtk.Menu()
        for caption in captions:
            item = Gtk.MenuItem.new_with_label(layer_name(caption, 60))
            item.connect("activate", lambda _item, caption=caption: self._take(caption))
            menu.append(item)
        menu.show_all()
        button = Gtk.MenuButton(
            popup=menu, image=Gtk.Image.new_from_icon_name("document-open-recent", Gtk.IconSize.MENU)
        )
        button.set_tooltip_text(_("Descriptions that were used before"))
        return button

    def _take(self, caption: str) -> None:
        self._config.set_property("caption", caption)
        self.focus()

    def _written(self) -> str:
        buffer = self._text.get_buffer()
        return str(buffer.get_text(*buffer.get_bounds(), False))

    def _on_caption(self, _config: Gimp.ProcedureConfig, _property: object) -> None:
        wanted = self._config.get_property("caption") or ""
        if wanted != self._written():
            self._text.get_buffer().set_text(wanted)


class ModelRow:
    """A list of the models that the service has."""

    def __init__(self, window: GimpUi.ProcedureDialog, config: Gimp.ProcedureConfig) -> None:
        self._config = config
        self._listed: list[dict[str, Any]] = []
        self._showing = False
        self._models = Gtk.ComboBoxText()
        for cell in self._models.get_cells():  # a long title does not widen the window
            cell.set_property("width-chars", TITLE_CHARS)
            cell.set_property("max-width-chars", TITLE_CHARS)
            cell.set_property("ellipsize", Pango.EllipsizeMode.END)
        self.show([])
        self._models.connect("changed", self._on_model)
        # Saved settings, and those to go back to, may name another one.
        config.connect("notify::model", lambda *_arguments: self.show(self._listed))
        label = Gtk.Label.new_with_mnemonic(config.find_property("model").nick)
        label.set_mnemonic_widget(self._models)
        label.set_xalign(0.0)
        self.widget = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        self.widget.pack_start(label, False, False, 0)
        self.widget.pack_start(self._models, True, True, 0)
        self._labels = Gtk.SizeGroup(mode=Gtk.SizeGroupMode.HORIZONTAL)
        numbers = [name for name in ("variants", "seed") if config.find_property(name)]
        for aligned in (label, *(entry(window, name).get_label() for name in numbers)):
            self._labels.add_widget(aligned)

    def show(self, models: list[dict[str, Any]]) -> None:
        """List models; the one that is wanted is among them even where the service does not know it."""
        wanted = self._config.get_property("model") or DEFAULT_MODEL
        self._listed = models
        self._showing = True
        self._models.remove_all()
        for model in models:
            self._models.append(str(model["name"]), str(model.get("title") or model["name"]))
            if wanted == DEFAULT_MODEL and model.get("default"):
                wanted = str(model["name"])
        if not self._models.set_active_id(wanted):
            self._models.append(wanted, model_title(wanted))
            self._models.set_active_id(wanted)
        self._showing = False

    def _on_model(self, combo: Gtk.ComboBoxText) -> None:
        if combo.get_active_id() and not self._showing:
            self._config.set_property("model", combo.get_active_id())


def entry(window: GimpUi.ProcedureDialog, name: str) -> GimpUi.LabelSpin:
    """Return the label and number field of a whole number."""
    return window.get_widget(name, GObject.TYPE_NONE)


def when_shown(window: Gtk.Window, do: Any) -> None:
    """Do something once a window is there."""
    window.connect_after("map", lambda _window: GLib.idle_add(do))
