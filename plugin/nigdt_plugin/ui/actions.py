"""Menus and their keys."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction, QActionGroup, QKeySequence
from PyQt6.QtWidgets import QFileDialog, QInputDialog, QMenu

from nigdt.photo.formats import patterns
from nigdt_plugin.core import selection
from nigdt_plugin.core.files import told_apart
from nigdt_plugin.core.selection import save_mask
from nigdt_plugin.ui import modes
from nigdt_plugin.ui.language import LANGUAGES
from nigdt_plugin.ui.pick import PictureDialog
from nigdt_plugin.ui.tools import TOOLS
from nigdt_plugin.ui.turn import Turn
from nigdt_plugin.ui.widgets import menu_text, translate

if TYPE_CHECKING:
    from nigdt_plugin.ui.window import Window


USUAL_KEY = "usualKey"
"""Property of an action: its shortcut before the user changed it."""
BEFORE = (Qt.Key.Key_QuoteLeft, Qt.Key.Key_AsciiCircum, Qt.Key.Key_Dead_Circumflex)
"""Held, it shows the photo as it was: the key left of 1, on English and on German keyboards."""


class _Menus:
    """Adds actions to menus and keeps them by name; names that begin with "photo." need a photo."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.actions: dict[str, QAction] = {}
        self.menu: QMenu | None = None

    def begin(self, title: str) -> QMenu:
        bar = self.window.menuBar()
        assert bar is not None
        self.menu = bar.addMenu(title)
        assert self.menu is not None
        return self.menu

    def add(
        self,
        name: str,
        text: str,
        done: Callable[[], object],
        key: str | QKeySequence.StandardKey | None = None,
        *,
        checked: bool | None = None,
    ) -> QAction:
        action = QAction(text, self.window)
        if key is not None:
            action.setShortcut(QKeySequence(key))
        action.setProperty(USUAL_KEY, action.shortcut().toString())
        changed = self.window.session.settings.keys.get(name)
        if changed is not None:
            action.setShortcut(QKeySequence(changed))
        if checked is None:
            action.triggered.connect(lambda _checked=False: done())
        else:
            action.setCheckable(True)
            action.setChecked(checked)
            action.toggled.connect(lambda _checked=False: done())
        self.actions[name] = action
        assert self.menu is not None
        self.menu.addAction(action)
        return action

    def gap(self) -> None:
        assert self.menu is not None
        self.menu.addSeparator()


def build_menus(window: Window) -> dict[str, QAction]:
    """Fill the window's menu bar; returns its actions by name."""
    menus = _Menus(window)
    _file(menus, window)
    _edit(menus, window)
    _select(menus, window)
    _view(menus, window)
    _fill(menus, window)
    _help(menus, window)
    return menus.actions


def _file(menus: _Menus, window: Window) -> None:
    keys = QKeySequence.StandardKey
    menu = menus.begin(translate("Menus", "&File"))
    menus.add("open", translate("Menus", "Open …"), window.open_dialog, keys.Open)
    recent = menu.addMenu(translate("Menus", "Recent"))
    assert recent is not None
    recent.aboutToShow.connect(lambda: _fill_recent(recent, window))
    menus.add("paste", translate("Menus", "Paste as a new photo"), window.paste, keys.Paste)
    menus.gap()
    menus.add(
        "photo.next",
        translate("Menus", "Next photo in the folder"),
        partial(window.step_photo, 1),
        "Alt+Right",
    )
    menus.add(
        "photo.previous",
        translate("Menus", "Previous photo in the folder"),
        partial(window.step_photo, -1),
        "Alt+Left",
    )
    menus.gap()
    menus.add("photo.save", translate("Menus", "Save"), window.save, keys.Save)
    menus.add("photo.save_as", translate("Menus", "Save as …"), window.save_as, "Ctrl+Shift+S")
    menus.add("batch", translate("Menus", "Many photos …"), window.many_photos)
    menus.add("photo.export", translate("Menus", "Export …"), window.export, "Ctrl+E")
    menus.add(
        "provenance",
        translate("Menus", "Note in saved files what was filled"),
        lambda: setattr(window.session.settings, "provenance", menus.actions["provenance"].isChecked()),
        checked=window.session.settings.provenance,
    )
    menus.gap()
    menus.add("quit", translate("Menus", "Quit"), window.close, keys.Quit)


def _fill_recent(menu: QMenu, window: Window) -> None:
    menu.clear()
    recent = window.session.settings.recent
    for path, name in zip(recent, told_apart(recent), strict=True):
        menu.addAction(menu_text(name), lambda path=path: window.open_path(Path(path)))
    if not recent:
        nothing = menu.addAction(translate("Menus", "None yet"))
        if nothing is not None:
            nothing.setEnabled(False)


def _edit(menus: _Menus, window: Window) -> None:
    keys = QKeySequence.StandardKey
    menus.begin(translate("Menus", "&Edit"))
    menus.add("photo.undo", translate("Menus", "Undo"), window.session.undo, keys.Undo)
    menus.add("photo.redo", translate("Menus", "Redo"), window.session.redo, "Ctrl+Shift+Z")
    menus.gap()
    menus.add("photo.copy", translate("Menus", "Copy what is seen"), window.copy, keys.Copy)
    menus.gap()
    menus.add("photo.crop", translate("Menus", "Crop to the selection"), window.crop, "Ctrl+Shift+X")
    menus.add("photo.extend", translate("Menus", "Extend the canvas …"), window.extend, "Ctrl+Alt+C")
    menus.add("photo.colour", translate("Menus", "Make it a colour photo"), window.make_colour)


def _select(menus: _Menus, window: Window) -> None:
    session = window.session
    menu = menus.begin(translate("Menus", "&Select"))
    menus.add(
        "photo.all",
        translate("Menus", "Everything"),
        lambda: session.change_selection(selection.everything, "Select all"),
        "Ctrl+A",
    )
    menus.add("photo.none", translate("Menus", "Nothing"), window.deselect, "Ctrl+D")
    menus.add(
        "photo.invert",
        translate("Menus", "Invert"),
        lambda: session.change_selection(selection.inverted, "Invert"),
        "Ctrl+I",
    )
    menus.gap()

    def by_pixels(title: str, change: Callable[..., object], label: str, value: int) -> None:
        pixels, ok = QInputDialog.getInt(
            window, title.rstrip(" …"), translate("Menus", "Pixels:"), value, 1, 500
        )
        if ok:
            session.change_selection(lambda chosen: change(chosen, pixels), label)  # type: ignore[arg-type,return-value]

    for name, text, change, label, value, key in (
        ("photo.grow", translate("Menus", "Grow …"), selection.grown, "Grow", 8, "Ctrl+Shift+G"),
        ("photo.shrink", translate("Menus", "Shrink …"), selection.shrunk, "Shrink", 8, "Ctrl+Shift+K"),
        ("photo.feather", translate("Menus", "Feather …"), selection.feathered, "Feather", 6, "Ctrl+Shift+F"),
    ):
        menus.add(
            name,
            text,
            partial(by_pixels, text, change, label, value),
            key,
        )
    menus.gap()

    def load() -> None:
        kinds = translate("Menus", "Pictures") + f" ({patterns()} {patterns().upper()})"
        path = PictureDialog.ask(session.tasks, translate("Menus", "Load a selection"), "", kinds, window)
        if path is not None:
            session.load_selection(path, "Load selection")

    def save() -> None:
        path, _ = QFileDialog.getSaveFileName(
            window, translate("Menus", "Save the selection"), "selection.png", "PNG (*.png)"
        )
        document = session.document
        if path and document is not None:
            mask = document.selection.mask.copy()
            session.tasks.run(lambda: save_mask(mask, Path(path)), lambda _none: session.saved(Path(path)))

    menus.add("photo.load_mask", translate("Menus", "Load …"), load)
    menus.add("photo.save_mask", translate("Menus", "Save …"), save)
    menus.gap()
    tools = menu.addMenu(translate("Menus", "Tool"))
    assert tools is not None
    menus.menu = tools
    for name, title in window.tool_column.names().items():
        menus.add(f"tool.{name}", title, partial(window.use_tool, name), TOOLS[name].key)
    menus.add(
        "tool.smaller",
        translate("Menus", "Smaller brush"),
        lambda: window.options.resize_brush(1 / 1.25),
        "[",
    )
    menus.add(
        "tool.larger", translate("Menus", "Larger brush"), lambda: window.options.resize_brush(1.25), "]"
    )


def _view(menus: _Menus, window: Window) -> None:
    canvas, keys = window.canvas, QKeySequence.StandardKey
    menu = menus.begin(translate("Menus", "&View"))
    menus.add("photo.fit", translate("Menus", "Fit"), canvas.fit, "Ctrl+0")
    menus.add("photo.full", translate("Menus", "100 %"), lambda: canvas.zoom_percent(100), "Ctrl+1")
    menus.add(
        "photo.in", translate("Menus", "Zoom in"), lambda: canvas.zoom_to(canvas.scale * 1.25), keys.ZoomIn
    )
    menus.add(
        "photo.out", translate("Menus", "Zoom out"), lambda: canvas.zoom_to(canvas.scale / 1.25), keys.ZoomOut
    )

    def zoom_selection() -> None:
        if window.session.document is not None:
            canvas.zoom_region(window.session.document.selection.bounds)

    menus.add("photo.zoom_selection", translate("Menus", "Zoom to the selection"), zoom_selection, "Ctrl+2")
    menus.add(
        "photo.wipe",
        translate("Menus", "Before and after"),
        lambda: window.wipe(menus.actions["photo.wipe"].isChecked()),
        "Y",
        checked=False,
    )
    menus.add(
        "photo.loupe",
        translate("Menus", "Loupe at 100 %"),
        lambda: canvas.show_loupe(menus.actions["photo.loupe"].isChecked()),
        "Z",
        checked=False,
    )
    menus.gap()
    turns: tuple[tuple[str, str, Callable[[], Turn], str], ...] = (
        ("right", translate("Menus", "Turn the view right"), lambda: canvas.turn.turned(1), "Ctrl+R"),
        ("left", translate("Menus", "Turn the view left"), lambda: canvas.turn.turned(-1), "Ctrl+Shift+R"),
        ("flip", translate("Menus", "Mirror the view"), lambda: canvas.turn.flipped(), "Ctrl+Shift+M"),
        ("upright", translate("Menus", "Reset turn and mirror"), Turn, "Ctrl+3"),
    )
    for name, text, turn, key in turns:
        menus.add(f"photo.{name}", text, partial(lambda turn: canvas.turn_to(turn()), turn), key)
    menus.gap()

    def tint() -> None:
        canvas.show_tint = menus.actions["tint"].isChecked()
        canvas.selection_changed(canvas.selection.whole if canvas.selection else None)  # type: ignore[arg-type]

    def lines() -> None:
        canvas.show_selection = menus.actions["ants"].isChecked()
        canvas.update()

    menus.add("ants", translate("Menus", "Show the selection"), lines, "Ctrl+H", checked=True)
    menus.add("tint", translate("Menus", "Tint the selection"), tint, "Ctrl+T", checked=canvas.show_tint)
    menus.add(
        "context",
        translate("Menus", "Show what the model sees and where it blends"),
        lambda: window.overlays.show_context(menus.actions["context"].isChecked()),
        "Ctrl+K",
        checked=False,
    )
    menus.gap()
    themes = menu.addMenu(translate("Menus", "Appearance"))
    assert themes is not None
    menus.menu = themes
    group = QActionGroup(window)
    for choice, text in (
        ("system", translate("Menus", "Same as the system")),
        ("light", translate("Menus", "Light")),
        ("dark", translate("Menus", "Dark")),
    ):
        action = menus.add(f"theme.{choice}", text, partial(window.set_theme, choice))
        action.setCheckable(True)
        action.setChecked(window.session.settings.theme == choice)
        group.addAction(action)


def _fill(menus: _Menus, window: Window) -> None:
    menus.begin(translate("Menus", "F&ill"))
    menus.add("photo.fill", translate("Menus", "Fill"), window.side.describe.fill, "Ctrl+Return")
    menus.add("photo.apply", translate("Menus", "Apply"), window.side.apply, "Ctrl+Shift+Return")
    menus.add(
        "photo.compare",
        translate("Menus", "Several captions side by side …"),
        window.compare_captions,
        "Ctrl+Shift+C",
    )
    menus.add("photo.caption", translate("Menus", "Write the caption"), window.side.write_caption, "C")
    menus.gap()
    for mode, name in modes.names().items():
        menus.add(f"mode.{mode}", name, partial(window.side.pick_mode, mode), modes.KEYS[mode])
    menus.gap()
    menus.add("model", translate("Menus", "Choose a model …"), window.choose_model, "Ctrl+M")
    menus.add("train", translate("Menus", "Train on my photos …"), window.train)
    menus.gap()
    menus.add("clear_history", translate("Menus", "Forget the history"), window.forget_history)


def _help(menus: _Menus, window: Window) -> None:
    settings = window.session.settings
    menu = menus.begin(translate("Menus", "&Help"))

    def hints() -> None:
        settings.seen_hints = False
        window.hints.done = [False] * 3
        window.hints.refresh()

    menus.add("photo.hints", translate("Menus", "Show the hints again"), hints)
    menus.add("keys", translate("Menus", "Keys and mouse"), window.show_keys, "F1")
    menus.add("change_keys", translate("Menus", "Change keys …"), window.change_keys)
    menus.gap()
    languages = menu.addMenu(translate("Menus", "Language"))
    assert languages is not None
    menus.menu = languages
    group = QActionGroup(window)
    for code, name in {"system": translate("Menus", "Same as the system"), **LANGUAGES}.items():
        action = menus.add(f"language.{code}", name, partial(window.set_language, code))
        action.setCheckable(True)
        action.setChecked(settings.language == code)
        group.addAction(action)
    menus.menu = menu
    menus.add("diagnostics", translate("Menus", "Copy diagnostics"), window.copy_diagnostics)
    menus.add("about", translate("Menus", "About NIGDT"), window.about)
