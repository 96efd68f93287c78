"""Whether the field that has the keyboard takes a password, as far as accessibility (AT-SPI) tells.

Sources: at-spi2-core's xml/Accessible.xml, atspi-constants.h (roles, states).
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

from jeepney import DBusAddress, DBusErrorResponse, MessageType, new_method_call
from jeepney.io.blocking import DBusConnection, open_dbus_connection

_ASK_S = 0.07  # for all the questions about one window
_CONNECT_S = 0.05
_AGAIN_S = 30.0  # until a bus that was not there is looked for again
_OBJECTS = 300
_PASSWORD_TEXT = 40
_FOCUSED, _SHOWING, _ACTIVE = 1 << 12, 1 << 25, 1 << 1
_ACCESSIBLE = "org.a11y.atspi.Accessible"
_FAILED = (DBusErrorResponse, OSError, ValueError, KeyError, TimeoutError, EOFError)

Node = tuple[str, str]  # the name of its program on the bus, its path there


class SecretFields:
    """Asks the accessibility bus. Where there is none, or a program does not take part, no field is secret."""

    def __init__(self) -> None:
        self._bus: DBusConnection | None = None
        self._next_try = 0.0
        self._deadline = 0.0

    def has_keyboard(self, process: int) -> bool:
        """Whether a password field of that process has the keyboard; answers within a tenth of a second."""
        self._deadline = time.monotonic() + _ASK_S
        try:
            if self._bus is None and not self._found_bus():
                return False
            return any(self._is_secret(program) for program in self._programs_of(process))
        except _FAILED:
            if time.monotonic() < self._deadline:  # the bus itself has failed, not its time run out
                self.close()
            return False

    def close(self) -> None:
        if self._bus is not None:
            with contextlib.suppress(*_FAILED):
                self._bus.close()
        self._bus = None

    def _found_bus(self) -> bool:
        if time.monotonic() < self._next_try:
            return False
        self._next_try = time.monotonic() + _AGAIN_S
        # Where nobody has started accessibility, to ask for its bus would start it: look whether it has a name first.
        with contextlib.closing(open_dbus_connection("SESSION", auth_timeout=_CONNECT_S)) as session:
            bus = ("org.freedesktop.DBus", "/org/freedesktop/DBus")
            if not self._ask(session, bus, "org.freedesktop.DBus", "NameHasOwner", "s", ("org.a11y.Bus",))[0]:
                return False
            address = self._ask(session, ("org.a11y.Bus", "/org/a11y/bus"), "org.a11y.Bus", "GetAddress")[0]
        self._bus = open_dbus_connection(address, auth_timeout=_CONNECT_S)
        return True

    def _programs_of(self, process: int) -> list[Node]:
        desktop = ("org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root")
        bus = ("org.freedesktop.DBus", "/org/freedesktop/DBus")
        found = []
        for name, path in self._ask(self._bus, desktop, _ACCESSIBLE, "GetChildren")[0]:
            question = (self._bus, bus, "org.freedesktop.DBus", "GetConnectionUnixProcessID", "s", (name,))
            with contextlib.suppress(DBusErrorResponse):  # it has left
                if self._ask(*question)[0] == process:
                    found.append((name, path))
        return found

    def _is_secret(self, program: Node) -> bool:
        """Looks for the focused object among those that can be seen, first in the window that is active."""
        waiting = [program]
        for _ in range(_OBJECTS):
            if not waiting:
                return False
            node = waiting.pop()
            low = self._ask(self._bus, node, _ACCESSIBLE, "GetState")[0][0]
            if low & _FOCUSED and self._ask(self._bus, node, _ACCESSIBLE, "GetRole")[0] == _PASSWORD_TEXT:
                return True
            if node == program or low & (_SHOWING | _ACTIVE):
                children = self._ask(self._bus, node, _ACCESSIBLE, "GetChildren")[0]
                waiting.extend((name, path) for name, path in reversed(children))
        return False

    def _ask(
        self, bus: Any, node: Node, interface: str, method: str, kinds: str | None = None, values: tuple[Any, ...] = ()
    ) -> tuple[Any, ...]:
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        address = DBusAddress(node[1], bus_name=node[0], interface=interface)
        reply = bus.send_and_get_reply(new_method_call(address, method, kinds, values), timeout=left_s)
        if reply.header.message_type == MessageType.error:
            raise DBusErrorResponse(reply)
        return tuple(reply.body)
