"""What every way of inserting works with: one connection, its keyboard, a reader of selections, and a sharp aim."""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Callable
from typing import Any

from app.output.contract import NotInserted, Target
from app.output.x11.connection import FAILED, Place, connect, grabbed, place_of_keyboard
from app.output.x11.keyboard import Keyboard
from app.output.x11.keyboard_focus import target_id
from app.output.x11.selection_reader import SelectionReader

_FREE_S = 2.0
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

    def wait_until_free(self, text: str) -> None:
        """Raises NotInserted where the user goes on to hold a key."""
        if not self.keyboard.wait_until_free(_FREE_S):
            raise NotInserted("A key is held down.", "Let go of all keys, then insert the text again", text)

    def strike(self, place: Place, left: str, press: Callable[[], None]) -> None:
        """Press keys, which all arrive at `place`: nobody can move the keyboard between the look and the last key.

        Raises NotInserted before the first key where the keyboard is elsewhere or a key is held down."""
        while True:
            self.wait_until_free(left)
            with grabbed(self.display):
                if place_of_keyboard(self.display) != place:
                    raise moved(left)
                if not self.keyboard.keys_held():
                    press()
                    return

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
