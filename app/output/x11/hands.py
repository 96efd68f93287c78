"""What every way of inserting works with: one connection, its keyboard, a reader of selections, and a sharp aim."""

from __future__ import annotations

import contextlib
import time
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from app.output.contract import NotInserted, Target
from app.output.x11.connection import FAILED, Place, connect, grabbed, place_of_keyboard
from app.output.x11.keyboard import Keyboard
from app.output.x11.keyboard_focus import target_id
from app.output.x11.selection_reader import SelectionReader

_FREE_S = 2.0
_FINGER_S = 0.012  # Chromium loses one paste in fifteen of keys that go down and up at once
_AWAKE_S = 5.0
_OURS_S = 0.3  # the keys of this program hold the keyboard until just after they are let go
_POLL_S = 0.02
_KEPT = "Nothing is lost: copy it from the history, or put the cursor where it belongs and insert it again"


class Hands:
    """Belongs to one thread."""

    def __init__(self) -> None:
        """Raises NoX11."""
        self.display: Any = connect()
        self.keyboard = Keyboard(self.display)
        self.reader = SelectionReader(self.display)

    def aim(self, text: str, target: Target | None) -> Place:
        """Where the keyboard is. Raises NotInserted where that is not `target`, or nowhere."""
        place = place_of_keyboard(self.display)
        if place is None:
            raise NotInserted("No window has the keyboard.", _KEPT, text)
        if target is not None and target_id(place) != target.id:
            raise moved(text)
        return place

    def prepare(self, place: Place, text: str) -> None:
        """Raises NotInserted where keys would not do now what they should: one is held, somebody else takes them, or
        the window hangs. That one would obey them when nobody expects it, with the user's own clipboard."""
        self.wait_until_free(text)
        deadline = time.monotonic() + _OURS_S
        while self.keyboard.is_grabbed():
            if time.monotonic() > deadline:
                raise NotInserted("A menu or a locked screen takes the keys.", "Close it, then insert again", text)
            time.sleep(_POLL_S)
        if self.keyboard.understands_ping(place.window) and not self.keyboard.has_caught_up(place.window, _AWAKE_S):
            raise NotInserted("The window does not answer.", "Insert the text again once it does", text)

    def wait_until_free(self, text: str) -> None:
        """Raises NotInserted where the user goes on to hold a key."""
        if not self.keyboard.wait_until_free(_FREE_S):
            raise NotInserted("A key is held down.", "Let go of all keys, then insert the text again", text)

    def strike(self, place: Place, left: str, press: Callable[[], None]) -> None:
        """Press keys, which all arrive at `place`: nobody can move the keyboard between the look and the last key.

        Raises NotInserted before the first key where the keyboard is elsewhere or a key is held down."""
        while True:
            self.wait_until_free(left)
            with self._aimed(place, left):
                if not self.keyboard.keys_held():
                    press()
                    return

    def chord(self, place: Place, left: str, *symbols: int) -> None:
        """Press keys one after the other as fingers do, and let go of them; the last one arrives at `place`.

        Raises NotInserted like `strike`."""
        *held, last = symbols
        self.strike(place, left, lambda: self.keyboard.press(*held))
        try:
            time.sleep(_FINGER_S)
            with self._aimed(place, left):
                self.keyboard.press(last)
            time.sleep(_FINGER_S)
            self.keyboard.let_go(last)
            time.sleep(_FINGER_S)
        finally:
            self.keyboard.let_go(*held)

    @contextlib.contextmanager
    def _aimed(self, place: Place, left: str) -> Iterator[None]:
        with grabbed(self.display):
            if place_of_keyboard(self.display) != place:
                raise moved(left)
            yield

    def close(self) -> None:
        with contextlib.suppress(*FAILED):
            self.display.close()


def moved(left: str) -> NotInserted:
    """The error for text that belongs to another window."""
    return NotInserted("Another window has the keyboard now.", _KEPT, left)


def insertable(text: str) -> str:
    """The text without control characters, which a window would obey, and without halves of characters."""
    whole = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-16", "replace").decode("utf-16", "replace")
    return "".join(character for character in whole if character in "\n\t" or unicodedata.category(character) != "Cc")
