"""Removing the last insertion: select backwards what should be it, look whether it is, and only then delete."""

from __future__ import annotations

import select
import time

from Xlib.ext import xfixes

from app.output.contract import NotInserted, Target
from app.output.x11.connection import FAILED, NoX11, Place, client_of
from app.output.x11.graphemes import graphemes, is_plain
from app.output.x11.hands import Hands
from app.output.x11.keyboard import SHIFT
from app.output.x11.keyboard_focus import program_of
from app.output.x11.terminals import is_terminal
from app.output.x11.typed_since import TypedSince, has_raw_events

_LEFT, _RIGHT, _BACKSPACE = 0xFF51, 0xFF53, 0xFF08
_SELECTED_S = 0.7
_POLL_S = 0.02
_STEADY_S = 0.4  # a selection that changes no more
_ROUNDS = 6
_REMEMBERED = 2000
_TAPS = 50  # between two looks at who has the keyboard
_SPACES = str.maketrans({"\u2029": "\n", "\u2028": "\n", "\u00a0": " "})  # as some programs hold them


class TakeBack:
    """Remembers what stands before the cursor of a terminal, which cannot be selected and looked at."""

    def __init__(self) -> None:
        self._place: Place | None = None
        self._standing = ""
        self._typed: TypedSince | None = None

    def inserted(self, hands: Hands, text: str, place: Place) -> None:
        """A text has arrived."""
        goes_on = place == self._place and self._typed is not None and not self._typed.anything()
        self.close()
        if not is_terminal(program_of(hands.display, place.window)) or not has_raw_events(hands.display):
            return
        self._standing = (self._standing + text if goes_on else text)[-_REMEMBERED:]
        self._place, self._typed = place, TypedSince()

    def do(self, hands: Hands, text: str, target: Target | None) -> bool:
        """See `Way.take_back`."""
        if not text:
            return False
        try:
            place = hands.aim(text, target)
            hands.wait_until_free(text)
            with hands.keyboard.steady():
                if is_terminal(program_of(hands.display, place.window)):
                    return self._in_terminal(hands, text, place)
                return _in_field(hands, text, place)
        except (NotInserted, NoX11, *FAILED):
            return False

    def close(self) -> None:
        """Do not listen any longer to whether the user types."""
        if self._typed is not None:
            self._typed.close()
        self._typed = None

    def _in_terminal(self, hands: Hands, text: str, place: Place) -> bool:
        if place != self._place or not self._standing.endswith(text) or "\n" in text or not is_plain(text):
            return False
        if self._typed is None or self._typed.anything():
            return False
        _tap(hands, place, len(text), _BACKSPACE)
        self._standing = self._standing[: -len(text)]
        self.close()
        self._typed = TypedSince()
        return True


def _in_field(hands: Hands, text: str, place: Place) -> bool:
    wanted, selected = text.translate(_SPACES), ""
    change = Selected(hands, place)
    try:
        _tap(hands, place, graphemes(wanted), _LEFT, SHIFT)
        for _ in range(_ROUNDS):
            found = change.read(wanted)
            if found is None or found == selected:
                break  # the program does not tell, or goes no further
            selected = found
            if selected == wanted:
                _tap(hands, place, 1, _BACKSPACE)
                return True
            if wanted.endswith(selected):  # it steps over less at a time
                _tap(hands, place, graphemes(wanted[: -len(selected)]), _LEFT, SHIFT)
            elif selected.endswith(wanted):
                _tap(hands, place, graphemes(selected[: -len(wanted)]), _RIGHT, SHIFT)
            else:
                break
    finally:
        change.close()
    _tap(hands, place, 1, _RIGHT)  # no selection any more, and the cursor where it was
    return False


class Selected:
    """What is selected in a window, as PRIMARY tells; what it told before this watch began is no proof."""

    def __init__(self, hands: Hands, place: Place) -> None:
        self._hands, self._client, self._window = hands, client_of(hands.display, place.window), place.window
        self._primary = hands.display.intern_atom("PRIMARY")
        self._event = hands.display.query_extension("XFIXES").first_event
        self._told = False
        hands.display.xfixes_query_version()
        self._watch(xfixes.XFixesSetSelectionOwnerNotifyMask)

    def read(self, wanted: str) -> str | None:
        """The text, as soon as it is `wanted` or changes no more; None where the program does not tell it."""
        deadline = time.monotonic() + _SELECTED_S
        while not self._told:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return None
            select.select([self._hands.display.fileno()], [], [], left_s)
            while self._hands.display.pending_events():
                seen = self._hands.display.next_event()
                if seen.type & 0x7F == self._event and client_of(self._hands.display, seen.owner.id) == self._client:
                    self._told = True
        self._hands.keyboard.settle(self._window)
        return self._steady_text(wanted)

    def close(self) -> None:
        self._watch(0)

    def _steady_text(self, wanted: str) -> str | None:
        """Programs of several processes tell of a selection a little later than they have seen the keys."""
        last, since = None, time.monotonic()
        while time.monotonic() < since + _STEADY_S:
            found = self._hands.reader.text("PRIMARY")
            text = None if found is None else found.translate(_SPACES)
            if text == wanted:
                return text
            if text != last:
                last, since = text, time.monotonic()
            time.sleep(_POLL_S)
        return last

    def _watch(self, mask: int) -> None:
        root = self._hands.display.screen().root
        self._hands.display.xfixes_select_selection_input(root, self._primary, mask)
        self._hands.display.sync()


def _tap(hands: Hands, place: Place, count: int, key: int, *held: int) -> None:
    """Press a key so many times. Raises NotInserted where the keyboard has gone elsewhere."""
    hands.keyboard.lend((key, *held), place.window)
    while count > 0:
        now = min(count, _TAPS)
        hands.strike(place, "", lambda now=now: hands.keyboard.tap(key, *held, times=now))  # type: ignore[misc]
        count -= now
    hands.display.sync()
