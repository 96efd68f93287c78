"""Which programs are terminals, and with what keys they paste."""

from __future__ import annotations

from dataclasses import dataclass

_CONTROL, _SHIFT, _INSERT, _V = 0xFFE3, 0xFFE1, 0xFF63, 0x76


@dataclass(frozen=True, slots=True)
class PasteKey:
    """A key with those that are held meanwhile, as keysyms, and the selections that it may read."""

    keys: tuple[int, ...]
    selections: tuple[str, ...] = ("CLIPBOARD",)


_EDITORS = PasteKey((_CONTROL, _V))
_TERMINALS = PasteKey((_CONTROL, _SHIFT, _V))
_OLD_TERMINALS = PasteKey((_SHIFT, _INSERT), ("PRIMARY", "CLIPBOARD"))

# As the window class says it, in lower case.
_OLD = frozenset(
    (
        "aterm", "eterm", "koi8rxterm", "lxterm", "mlterm", "mrxvt", "rxvt", "urxvt", "uxterm", "xterm",
        "xterm-256color", "zutty",
    )
)  # fmt: skip
_NEWER = frozenset(
    (
        "alacritty", "blackbox", "com.mitchellh.ghostty", "com.raggesilver.blackbox", "contour", "cool-retro-term",
        "deepin-terminal", "foot", "footclient", "ghostty", "gnome-terminal", "gnome-terminal-server", "guake", "hyper",
        "io.elementary.terminal", "kgx", "kitty", "konsole", "lxterminal", "mate-terminal", "org.gnome.console",
        "org.gnome.ptyxis", "org.gnome.terminal", "org.kde.konsole", "org.wezfurlong.wezterm", "pantheon-terminal",
        "ptyxis", "qterminal", "rio", "roxterm", "sakura", "st", "st-256color", "stterm", "tabby", "terminal",
        "terminator", "terminology", "termit", "tilda", "tilix", "wezterm", "wezterm-gui", "xfce4-terminal", "yakuake",
    )
)  # fmt: skip


def is_terminal(program: str) -> bool:
    """Whether a line end runs a command there."""
    return program in _OLD or program in _NEWER


def paste_key(program: str) -> PasteKey:
    """The key that pastes in the windows of `program`."""
    if program in _OLD:
        return _OLD_TERMINALS
    return _TERMINALS if program in _NEWER else _EDITORS
