"""Words to go on with while one is typed: a row below the text, which leaves mouse and focus alone."""

from __future__ import annotations

import re

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, GLib, Gtk  # noqa: E402

from nigdt.text import TYPING_SECONDS, Vocabulary  # noqa: E402
from nigdt_fill.texts import _  # noqa: E402

_BEGUN = re.compile(r"\w+$")
_MOST = 5
_HEIGHT = 30


class Completion:
    """Offers words that the model knows; a click takes one, Tab the first.

    Attributes:
        row: The widget, which keeps its height when it is empty.
        vocabulary: What is offered from.
    """

    def __init__(self, text: Gtk.TextView) -> None:
        self.vocabulary = Vocabulary([])
        self._text, self._buffer = text, text.get_buffer()
        self._typed_at = 0
        self._words: list[str] = []
        self._box = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=2)
        # It scrolls rather than make the window wider.
        self.row = Gtk.ScrolledWindow(
            hscrollbar_policy=Gtk.PolicyType.EXTERNAL, vscrollbar_policy=Gtk.PolicyType.NEVER
        )
        self.row.set_size_request(-1, _HEIGHT)
        self.row.add(self._box)
        self._buffer.connect("changed", self._on_changed)
        self._buffer.connect("notify::cursor-position", lambda *_arguments: self._offer())
        text.connect("key-press-event", self._on_key)
        text.connect("focus-out-event", lambda *_arguments: self._show([]))

    @property
    def unfinished(self) -> str:
        """The word that is still being typed, too early to be called unknown; empty if there is none."""
        paused = GLib.get_monotonic_time() - self._typed_at > 1e6 * TYPING_SECONDS
        if paused or not self._text.has_focus():
            return ""
        written = self._buffer.get_text(*self._buffer.get_bounds(), False)
        return self.vocabulary.unfinished(written, self._buffer.get_property("cursor-position"))

    def _on_changed(self, _buffer: Gtk.TextBuffer) -> None:
        self._typed_at = GLib.get_monotonic_time()

    def _begun(self) -> str:
        """Return what of a word stands before the cursor, nothing in the middle of one."""
        cursor = self._buffer.get_iter_at_mark(self._buffer.get_insert())
        if self._buffer.get_has_selection() or cursor.inside_word():
            return ""
        before = self._buffer.get_text(self._buffer.get_start_iter(), cursor, False)
        found = _BEGUN.search(before)
        return found.group().lower() if found else ""

    def _offer(self) -> None:
        self._show(self.vocabulary.beginning_with(self._begun(), _MOST))

    def _show(self, words: list[str]) -> None:
        if words == self._words:
            return
        self._words = words
        for button in self._box.get_children():
            button.destroy()
        for word in words:
            button = Gtk.Button(label=word, relief=Gtk.ReliefStyle.NONE, can_focus=False)
            button.set_tooltip_text(_("A word that the model knows; Tab takes the first"))
            button.connect("clicked", lambda _button, word=word: self._take(word))
            self._box.pack_start(button, False, False, 0)
        self._box.show_all()

    def _on_key(self, _text: Gtk.TextView, event: Gdk.EventKey) -> bool:
        wanted = event.keyval == Gdk.KEY_Tab and bool(self._words)
        if wanted:
            self._take(self._words[0])
        return wanted

    def _take(self, word: str) -> None:
        """Put a word in the place of its beginning."""
        end = self._buffer.get_iter_at_mark(self._buffer.get_insert())
        start = end.copy()
        start.backward_chars(len(self._begun()))
        self._buffer.begin_user_action()
        self._buffer.delete(start, end)
        self._buffer.insert_at_cursor(f"{word} ")
        self._buffer.end_user_action()
