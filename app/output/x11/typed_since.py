"""Whether the user has typed since a moment, as far as X tells: which keys went down, not what they did.

Source: The X Input Extension, version 2.3, raw events.
"""

from __future__ import annotations

from typing import Any

from Xlib import X
from Xlib.ext import xinput

from app.output.x11.connection import FAILED, connect

_SHIFT, _CONTROL, _ALT, _SUPER = {0xFFE1, 0xFFE2}, {0xFFE3, 0xFFE4}, {0xFFE7, 0xFFE8, 0xFFE9, 0xFFEA}, {0xFFEB, 0xFFEC}
_KEYCODE = 6  # where it lies in a raw event after what all events have: device, time, then the keycode
_NO_TEXT = (range(0xFFBE, 0xFFE1), range(0xFFE1, 0xFFEF), range(0x1008FF00, 0x10090000), (0xFF13, 0xFF14, 0xFF61))
_PASTES = 2  # the middle button of a mouse
_CLICKS = (1, 3)  # the others; what lies beyond scrolls


class TypedSince:
    """Listens on a connection of its own, which is read only when asked."""

    def __init__(self) -> None:
        """Raises NoX11."""
        self._display = connect()
        self._display.xinput_query_version()
        mask = xinput.RawKeyPressMask | xinput.RawKeyReleaseMask | xinput.RawButtonPressMask
        self._display.screen().root.xinput_select_events([(xinput.AllMasterDevices, mask)])
        self._display.sync()

    def anything(self, clicks: bool = False) -> bool:
        """Whether keys went down that may have changed a text, or, with `clicks`, moved the cursor.

        Shortcuts with Control and Alt, with Super, and keys that stand for no character are left out: with one of them
        the program itself is called."""
        down: set[int] = set()
        found = False
        while self._display.pending_events():
            seen = self._display.next_event()
            kind = getattr(seen, "evtype", None)
            detail = int.from_bytes(bytes(seen.data[_KEYCODE : _KEYCODE + 4]), "little") if kind is not None else 0
            if kind == xinput.RawButtonPress:
                found = found or detail == _PASTES or (clicks and detail in _CLICKS)
                continue
            symbol = self._display.keycode_to_keysym(detail, 0) if kind is not None else X.NoSymbol
            if kind == xinput.RawKeyPress:
                down.add(symbol)
                found = found or _may_be_text(symbol, down)
            elif kind == xinput.RawKeyRelease:
                down.discard(symbol)
        return found

    def close(self) -> None:
        try:
            self._display.close()
        except FAILED:
            return


def _may_be_text(symbol: int, down: set[int]) -> bool:
    if any(symbol in kind for kind in _NO_TEXT):
        return False
    return not (down & _SUPER or (down & _CONTROL and down & _ALT))


def has_raw_events(connection: Any) -> bool:
    """Whether the server can tell at all."""
    return connection.query_extension("XInputExtension") is not None
