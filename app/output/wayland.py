"""The ways of inserting on a Wayland desktop: keys by wtype, keys by the portal, the clipboard and a key, a copy."""

from __future__ import annotations

import shutil
import subprocess
import time

from app.output import compositor
from app.output import wayland_clipboard as clipboard
from app.output.care import check_place, harmless, parts
from app.output.contract import Focus, NotInserted, Target, Way
from app.output.remote_desktop import PortalTyping
from app.output.wayland_globals import DATA_CONTROL, VIRTUAL_KEYBOARD, offered

_PART = 80  # letters for one run of wtype, which takes five milliseconds for each
_WATCH_S = 0.03
_SETTLE_MS = 150  # before the first key: sooner, the window has not read the keymap, and the key is lost
_ANSWER_S = 10.0
_PASTED_S = 0.8  # wl-copy does not tell when it has been read; programs read within tens of milliseconds
_FRESH_S = 60.0
_MOST_BACK = 500
_NO_KEYS = "This compositor lets no program press keys (no virtual keyboard protocol). Use the desktop portal or copy."


def focus() -> Focus:
    """Who has the keyboard, where this compositor tells."""
    return compositor.focus()


def ways(where: Focus | None = None) -> tuple[Way, ...]:
    """The ways there are on Wayland, the best first; each says itself whether it works here."""
    where = where or focus()
    return WtypeKeys(where), WaylandPaste(where), PortalTyping(where), WaylandCopy()


class WtypeKeys:
    """Keys by wtype. It has a keyboard of its own with the letters it needs: what the user holds on another one does
    not change them, and which modifiers those are is not told."""

    name = "keys"

    def __init__(self, focus: Focus) -> None:
        self._focus = focus
        self._last: tuple[str, Target | None, float] = ("", None, 0.0)

    def fault(self) -> str:
        return wtype_fault()

    def insert(self, text: str, target: Target | None) -> None:
        text = harmless(text, target)
        for part, left in parts(text, _PART):
            check_place(self._focus, target, left)
            with _started(["-s", str(_SETTLE_MS), "--", part], left) as wtype:
                self._watch(wtype, target, left)
        self._last = (text, target, time.monotonic())

    def _watch(self, wtype: subprocess.Popen[bytes], target: Target | None, left: str) -> None:
        """Wait for the end of a run, and stop it once another window has the keyboard. How many letters it had pressed
        is not known then: all of its part is said to be left, rather too much than too little."""
        deadline = time.monotonic() + _ANSWER_S
        try:
            while wtype.poll() is None:
                check_place(self._focus, target, left)
                if time.monotonic() > deadline:
                    raise NotInserted("wtype does not end.", "Use another way.", left)
                time.sleep(_WATCH_S)
        except NotInserted:
            wtype.kill()
            raise
        _check_ended(wtype, left)

    def take_back(self, text: str, target: Target | None) -> bool:
        """Select as many letters as were inserted, look whether they are the text, and only then remove them."""
        last, place, inserted_s = self._last
        fresh = last == text and place == target and time.monotonic() - inserted_s < _FRESH_S
        if not fresh or target is None or target.is_terminal or not _is_countable(text) or clipboard.missing():
            return False
        if not DATA_CONTROL & (offered() or frozenset()):
            return False
        try:
            check_place(self._focus, target, text)
            clipboard.forget_selected()
            _wtype(["-s", str(_SETTLE_MS), "-M", "shift", *["-k", "Left"] * len(text), "-m", "shift"], text)
            is_it = _selects(text)
            check_place(self._focus, target, text)
            _wtype(["-s", str(_SETTLE_MS), "-k", "BackSpace" if is_it else "Right"], text)
        except NotInserted:
            return False
        self._last = ("", None, 0.0)
        return is_it

    def close(self) -> None:
        pass


class WaylandPaste:
    """The clipboard, and the key that pastes. What was on it is put back if nobody has copied anything since."""

    name = "paste"

    def __init__(self, focus: Focus) -> None:
        self._focus = focus

    def fault(self) -> str:
        fault = clipboard.missing() or wtype_fault()
        if fault:
            return fault
        if DATA_CONTROL & (offered() or frozenset()):
            return ""
        # Without it wl-copy opens a window for a moment, which takes the keyboard from the place of the text.
        return "This compositor lets no program use the clipboard unseen. Use the desktop portal or copy."

    def insert(self, text: str, target: Target | None) -> None:
        text = harmless(text, target)
        if not text:
            return
        check_place(self._focus, target, text)
        saved = clipboard.save()
        if saved is None:
            raise NotInserted("The clipboard holds what could not be put back.", "Use another way of inserting.", text)
        clipboard.put(text)
        try:
            check_place(self._focus, target, text)
            shift = target is not None and target.is_terminal
            before, behind = (["-M", "shift"], ["-m", "shift"]) if shift else ([], [])
            _wtype(["-s", str(_SETTLE_MS), "-M", "ctrl", *before, "-k", "v", *behind, "-m", "ctrl"], text)
            time.sleep(_PASTED_S)
        finally:
            clipboard.put_back(saved, text)

    def take_back(self, text: str, target: Target | None) -> bool:
        return False

    def close(self) -> None:
        pass


class WaylandCopy:
    """A copy alone: the user pastes it."""

    name = "copy"

    def fault(self) -> str:
        return clipboard.missing() or ("" if offered() is not None else _no_wayland())

    def insert(self, text: str, target: Target | None) -> None:
        if text:
            clipboard.put(text)

    def take_back(self, text: str, target: Target | None) -> bool:
        return False

    def close(self) -> None:
        pass


def wtype_fault() -> str:
    """Why wtype can press no keys here; it is not run for that."""
    if shutil.which("wtype") is None:
        return "wtype is not installed. Install it with: sudo apt install wtype"
    there = offered()
    if there is None:
        return _no_wayland()
    return "" if VIRTUAL_KEYBOARD in there else _NO_KEYS


def _no_wayland() -> str:
    return "No Wayland compositor answers. Start the program in a Wayland session."


def _wtype(words: list[str], left: str) -> None:
    """Raises NotInserted."""
    with _started(words, left) as wtype:
        try:
            wtype.wait(_ANSWER_S)
        except subprocess.TimeoutExpired:
            wtype.kill()
        _check_ended(wtype, left)


def _started(words: list[str], left: str) -> subprocess.Popen[bytes]:
    """Raises NotInserted."""
    try:
        quiet = subprocess.DEVNULL
        return subprocess.Popen(["wtype", *words], stdin=quiet, stdout=quiet, stderr=subprocess.PIPE)
    except OSError as error:
        raise NotInserted(f"wtype does not work ({type(error).__name__}).", "Use another way.", left) from None


def _check_ended(wtype: subprocess.Popen[bytes], left: str) -> None:
    """Raises NotInserted where it ended with an error, which it has before it presses a key."""
    said = wtype.communicate()[1].decode(errors="replace")
    if wtype.returncode == 0:
        return
    if "virtual keyboard protocol" in said:
        raise NotInserted(_NO_KEYS, "", left)
    raise NotInserted(f"wtype does not work ({' '.join(said.split())[:100]}).", "Use another way.", left)


def _selects(text: str) -> bool:
    """Whether exactly `text` becomes what is selected, soon."""
    for _ in range(10):
        if clipboard.holds(text, primary=True):
            return True
        time.sleep(0.03)
    return False


def _is_countable(text: str) -> bool:
    """Whether one key press goes over one letter of it, in every program."""
    return (
        0 < len(text) <= _MOST_BACK
        and all(letter.isascii() or letter.isalpha() for letter in text)
        and ("\n" not in text and "\t" not in text)
    )
