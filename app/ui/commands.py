"""Everything that can be asked of the window, with its keys: one table for menus, shortcuts and the cheat-sheet."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow

from app.ui.icons import icon


@dataclass(frozen=True, slots=True)
class Command:
    """text: with its mnemonic; keys: as Qt writes them, empty where there are none; switch: it is on or off."""

    name: str
    text: str
    keys: str = ""
    icon: str = ""
    switch: bool = False


DIVIDER = Command("", "")
MENUS: dict[str, tuple[Command, ...]] = {
    "&File": (
        Command("new", "&New transcript", "Ctrl+N"),
        Command("files", "Transcribe &files…", "Ctrl+O"),
        Command("history", "&History…", "Ctrl+H"),
        DIVIDER,
        Command("export", "&Export…", "Ctrl+S", "save"),
        Command("copy_all", "&Copy all", "Ctrl+Shift+C", "copy"),
        DIVIDER,
        Command("quit", "&Quit", "Ctrl+Q"),
    ),
    "&Edit": (
        Command("undo", "&Undo", "Ctrl+Z"),
        Command("redo", "&Redo", "Ctrl+Shift+Z"),
        DIVIDER,
        Command("find", "&Find…", "Ctrl+F"),
        Command("settings", "&Settings…", "Ctrl+,"),
    ),
    "&View": (
        Command("captions", "&Captions", "Ctrl+Shift+L", switch=True),
        DIVIDER,
        Command("timestamps", "&Times", "Ctrl+T", switch=True),
        Command("larger", "&Larger text", "Ctrl++"),
        Command("smaller", "&Smaller text", "Ctrl+-"),
        Command("normal", "&Normal text", "Ctrl+0"),
        Command("follow", "&Follow the end", "Ctrl+End"),
    ),
    "&Dictation": (
        Command("toggle", "&Start", "Ctrl+R", "record"),
        Command("pause", "&Pause", "Ctrl+P", "pause"),
        Command("meeting", "&Meeting: hear the computer as well", "Ctrl+M", switch=True),
        Command("inputs", "&Look for input devices again", "F5", "refresh"),
    ),
    "&Help": (
        Command("cheats", "&What to say, what to press", "F1"),
        Command("doctor", "Check this &computer…"),
        Command("about", "&About"),
    ),
}


def build_menus(window: QMainWindow) -> dict[str, QAction]:
    """The window's menus; returns every command's action by its name."""
    actions: dict[str, QAction] = {}
    for title, commands in MENUS.items():
        menu = window.menuBar().addMenu(title)
        for command in commands:
            if command is DIVIDER:
                menu.addSeparator()
                continue
            action = QAction(command.text, window)
            action.setShortcut(QKeySequence(command.keys))
            action.setCheckable(command.switch)
            if command.icon:
                action.setIcon(icon(command.icon))
            menu.addAction(action)
            actions[command.name] = action
    return actions


def shortcuts() -> list[tuple[str, str]]:
    """(keys as this platform writes them, what they do) of every command that has keys."""
    return [(QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText), what) for keys, what in window_keys()]


def window_keys() -> list[tuple[str, str]]:
    """(keys, what they do) as the table writes them, on every platform alike."""
    return [(command.keys, _plain(command.text)) for commands in MENUS.values() for command in commands if command.keys]


def _plain(text: str) -> str:
    return text.replace("&", "").rstrip("…")
