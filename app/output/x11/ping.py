"""Whether a window has seen all that was sent to it: most answer the question by which window managers find hung ones.

Source: Extended Window Manager Hints, _NET_WM_PING.
"""

from __future__ import annotations

import itertools
import select
import time
from typing import Any

from Xlib import X
from Xlib.protocol import event

from app.output.x11.connection import numbers

_FIRST = 0x5332_0000  # far from the clock and the small numbers that window managers ask with
# Answers go to those who watch over the windows on the root; Qt's to those who watch over the root itself.
_ANSWERS = X.SubstructureNotifyMask | X.StructureNotifyMask


class Ping:
    """Asks on a connection that belongs to one thread; other events that come meanwhile are dropped."""

    def __init__(self, connection: Any) -> None:
        self._display = connection
        self._root = connection.screen().root
        self._numbers = itertools.count(_FIRST)
        self._protocols = connection.intern_atom("WM_PROTOCOLS")
        self._name = connection.intern_atom("_NET_WM_PING")

    def is_understood(self, window: int) -> bool:
        """Whether the program has said that it answers."""
        return self._name in numbers(self._display, self._window(window), "WM_PROTOCOLS")

    def answered(self, window: int, wait_s: float) -> bool:
        """Whether it answers in time."""
        number = next(self._numbers)
        self._root.change_attributes(event_mask=_ANSWERS)
        try:
            data = (32, [self._name, number, window, 0, 0])
            question = event.ClientMessage(window=self._window(window), client_type=self._protocols, data=data)
            self._window(window).send_event(question)
            self._display.flush()
            deadline = time.monotonic() + wait_s
            while not self._came(number):
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    return False
                select.select([self._display.fileno()], [], [], left_s)
            return True
        finally:
            self._root.change_attributes(event_mask=X.NoEventMask)
            self._display.sync()
            while self._display.pending_events():
                self._display.next_event()

    def _came(self, number: int) -> bool:
        while self._display.pending_events():
            seen = self._display.next_event()
            if seen.type & 0x7F == X.ClientMessage and seen.client_type == self._protocols:
                data = seen.data[1]
                if data[0] == self._name and data[1] == number:
                    return True
        return False

    def _window(self, window: int) -> Any:
        return self._display.create_resource_object("window", window)
