"""Global keys of X11, as the contract wants them: orders for a thread that listens, waited for but not for ever."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import TimeoutError as NoAnswer
from queue import SimpleQueue

from app.errors import AppError
from app.hotkey.contract import KeyChange
from app.hotkey.x11_keys import open_display
from app.hotkey.x11_listener import GONE, Listener, Order

_PATIENCE_S = 2.0


class X11Hotkeys:
    """Keys grabbed on a connection of its own, on a thread of its own."""

    name = "X11"
    asks = False

    def __init__(self) -> None:
        self._orders: SimpleQueue[Order] = SimpleQueue()
        self._wake = os.pipe()
        self._thread: Listener | None = None

    def fault(self) -> str:
        """Global keys need an X server with its input extension."""
        try:
            display = open_display()
        except AppError as error:
            return str(error)
        display.close()
        return ""

    def bind(self, keys: Mapping[str, str], changed: Callable[[KeyChange], None]) -> dict[str, str]:
        """Keys that stay the same are not let go for a moment, also while they are down."""
        if self._thread is None or not self._thread.is_alive():
            if not keys:
                return {}
            self._thread = Listener(self._orders, self._wake[0])
            self._thread.start()
        order = Order(dict(keys), changed)
        self._send(order)
        try:
            return order.told.result(_PATIENCE_S)
        except NoAnswer:
            return dict.fromkeys(keys, GONE)

    def close(self) -> None:
        """Every key is the other programs' again. A server that hangs is not waited for."""
        if self._wake[0] < 0:
            return
        if self._thread is not None and self._thread.is_alive():
            self._send(Order(None, None))
            self._thread.join(_PATIENCE_S)
        if self._thread is None or not self._thread.is_alive():
            for end in self._wake:
                os.close(end)
        self._wake = -1, -1

    def _send(self, order: Order) -> None:
        self._orders.put(order)
        os.write(self._wake[1], b"!")
