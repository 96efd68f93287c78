"""What every way of inserting sees to before it presses a key: the right place, no held key, no harmful letter."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from app.output.contract import Focus, NotInserted, Target

_TERMINALS = (
    "alacritty aterm blackbox com.mitchellh.ghostty com.raggesilver.blackbox contour cool-retro-term "
    "deepin-terminal eterm foot footclient ghostty gnome-terminal gnome-terminal-server guake hyper "
    "io.elementary.terminal kgx kitty koi8rxterm konsole lxterm lxterminal mate-terminal mlterm mrxvt "
    "org.codeberg.dnkl.foot org.gnome.console org.gnome.ptyxis org.gnome.terminal org.kde.konsole "
    "org.wezfurlong.wezterm pantheon-terminal ptyxis qterminal rio roxterm rxvt sakura st st-256color "
    "stterm tabby terminal terminator terminology termit termite tilda tilix urxvt uxterm warp wezterm "
    "wezterm-gui xfce4-terminal xterm xterm-256color yakuake zutty"
)
TERMINALS = frozenset(_TERMINALS.split(" "))  # programs as a desktop names them, small
_PATIENCE_S = 5.0
_LOOK_S = 0.02


def harmless(text: str, target: Target | None) -> str:
    """`text` without what does something instead of being written: control characters, in a terminal line ends too."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if target is not None and target.is_terminal:
        text = text.replace("\n", " ").replace("\t", " ")
    return "".join(letter for letter in text if letter in "\n\t" or not _is_control(letter))


def check_place(focus: Focus, target: Target | None, left: str) -> None:
    """Raises NotInserted where the keyboard is no longer with `target`. What is not told cannot be checked."""
    if target is None:
        return
    now = focus.target() or focus.target()  # a busy desktop may miss its tenth of a second
    if now is None or now.id != target.id:
        raise NotInserted("Another window has the keyboard now.", "Go back to where the text belongs.", left)
    if now.is_secret and not target.is_secret:
        raise NotInserted("A password field has the keyboard now.", "Go back to where the text belongs.", left)


def wait_released(is_held: Callable[[], bool], left: str, patience_s: float = _PATIENCE_S) -> None:
    """Wait until no modifier is held: with it every letter would be a command. Raises NotInserted."""
    deadline = time.monotonic() + patience_s
    while is_held():
        if time.monotonic() > deadline:
            raise NotInserted("A modifier key is held down.", "Let go of it.", left)
        time.sleep(_LOOK_S)


def parts(text: str, most: int) -> Iterator[tuple[str, str]]:
    """`text` in parts of at most so many letters, cut behind spaces if possible; with each all that is left with it."""
    while text:
        end = len(text)
        if end > most:
            end = text.rfind(" ", 1, most) + 1 or most
        yield text[:end], text
        text = text[end:]


def _is_control(letter: str) -> bool:
    return letter < " " or "\x7f" <= letter <= "\x9f" or letter in "\u2028\u2029"
