"""A connection to the desktop's portals: what a Wayland desktop lets a program do once its user has agreed.

Source: the XDG Desktop Portal documentation, https://flatpak.github.io/xdg-desktop-portal/docs/
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from jeepney import DBusAddress, HeaderFields, MatchRule, Message, MessageType, new_method_call
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

from app.errors import AppError

PROGRAM_ID = "dictate"
_NAME, _PATH = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
_PREFIX = "org.freedesktop.portal."
_ANSWER_S = 5.0  # a portal that has to be started first takes a second or two
_ASK_S = 120.0  # a user reads and clicks
_numbers = itertools.count(1)

Variants = dict[str, tuple[str, Any]]


class PortalError(AppError):
    """A portal that is missing, refuses or does not answer."""


class Portal:
    """One connection to the portals; one thread uses it."""

    def __init__(self, remedy: str) -> None:
        """Raises PortalError where there is no session bus; `remedy` is for whatever fails here."""
        self._remedy = remedy
        self._signals: deque[Message] = deque(maxlen=1000)
        try:
            self._bus = open_dbus_connection("SESSION")
        except (OSError, KeyError, ValueError) as error:
            raise PortalError(f"There is no session bus ({_reason(error)}).", remedy) from None
        name = self._bus.unique_name
        self._sender = name[1:].replace(".", "_")
        try:
            for rule in _rules():
                self._ask(message_bus.AddMatch(rule), _ANSWER_S)
            self._introduce()
        except PortalError:
            self.close()
            raise

    def property(self, interface: str, name: str) -> int:
        """A number that a portal tells of itself; 0 where that portal is missing."""
        at = DBusAddress(_PATH, _NAME, "org.freedesktop.DBus.Properties")
        try:
            value = self._ask(new_method_call(at, "Get", "ss", (_PREFIX + interface, name)), _ANSWER_S)[0][1]
        except PortalError:
            return 0
        return value if isinstance(value, int) else 0

    def call(self, method: str, signature: str, *arguments: Any) -> tuple[Any, ...]:
        """Call "Interface.Method" and wait for its answer. Raises PortalError."""
        return self._ask(self._message(method, signature, arguments), _ANSWER_S)

    def request(self, method: str, signature: str, *arguments: Any, options: Variants) -> Variants:
        """Call what may ask the user, with `options` as its last argument; the results. Raises PortalError."""
        token = f"dictate{next(_numbers)}"
        options = {**options, "handle_token": ("s", token)}
        wanted = f"{_PATH}/request/{self._sender}/{token}"
        handle = self._ask(self._message(method, signature + "a{sv}", (*arguments, options)), _ANSWER_S)[0]

        def answers(message: Message) -> bool:
            fields = message.header.fields
            return fields.get(HeaderFields.member) == "Response" and fields.get(HeaderFields.path) in (wanted, handle)

        try:
            body = self._take(answers, _ASK_S).body
        except TimeoutError:
            raise PortalError(f"Nobody has answered what the desktop asks ({method}).", self._remedy) from None
        code, results = body if len(body) == 2 else (2, {})
        if code == 1:
            raise PortalError(f"{method} was not allowed.", self._remedy)
        if code != 0:
            raise PortalError(f"The desktop refuses {method}.", self._remedy)
        return dict(results)

    def open_session(self, interface: str) -> str:
        """A new session of a portal: its path. Raises PortalError."""
        options: Variants = {"session_handle_token": ("s", f"dictate{next(_numbers)}")}
        results = self.request(f"{interface}.CreateSession", "", options=options)
        return str(results.get("session_handle", ("s", ""))[1])

    def close_session(self, session: str) -> None:
        """Let go of a session; one that has gone by itself, or never was, is no fault."""
        try:
            self._ask(new_method_call(DBusAddress(session, _NAME, f"{_PREFIX}Session"), "Close"), _ANSWER_S)
        except (PortalError, ValueError):
            return

    def signal(self, wait_s: float) -> tuple[str, tuple[Any, ...]] | None:
        """The next signal of any portal, its name and values, waiting at most so long. Raises PortalError.

        One is the bus's own: "NameOwnerChanged", where the portals have gone or come, and with them every session.
        """
        try:
            message = self._take(lambda message: message.header.message_type is MessageType.signal, wait_s)
        except TimeoutError:
            return None
        return str(message.header.fields.get(HeaderFields.member, "")), tuple(message.body)

    def close(self) -> None:
        """Leave the bus; sessions end with it."""
        self._bus.close()

    def _introduce(self) -> None:
        """Newer portals want to know which program outside a sandbox they speak with; older ones have no such call."""
        try:
            at = DBusAddress(_PATH, _NAME, "org.freedesktop.host.portal.Registry")
            self._ask(new_method_call(at, "Register", "sa{sv}", (PROGRAM_ID, {})), _ANSWER_S)
        except PortalError:
            return

    def _message(self, method: str, signature: str, arguments: tuple[Any, ...]) -> Message:
        interface, member = method.split(".")
        return new_method_call(DBusAddress(_PATH, _NAME, _PREFIX + interface), member, signature, arguments)

    def _ask(self, message: Message, wait_s: float) -> tuple[Any, ...]:
        serial = next(self._bus.outgoing_serial)
        try:
            self._bus.send(message, serial=serial)
            reply = self._take(lambda came: came.header.fields.get(HeaderFields.reply_serial) == serial, wait_s)
        except TimeoutError:
            raise PortalError("The desktop portal does not answer.", self._remedy) from None
        except OSError as error:
            raise PortalError(f"The session bus has gone ({_reason(error)}).", self._remedy) from None
        if reply.header.message_type is MessageType.error:
            why = reply.body[0] if reply.body else reply.header.fields.get(HeaderFields.error_name, "")
            raise PortalError(f"The desktop portal refuses ({' '.join(str(why).split())[:150]}).", self._remedy)
        return tuple(reply.body)

    def _take(self, wanted: Callable[[Message], bool], wait_s: float) -> Message:
        """The first message that is wanted; signals that come before it wait. Raises TimeoutError and PortalError."""
        for message in self._signals:
            if wanted(message):
                self._signals.remove(message)
                return message
        deadline = time.monotonic() + wait_s
        while True:
            try:
                message = self._bus.receive(timeout=max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                raise
            except (OSError, ValueError) as error:
                raise PortalError(f"The session bus has gone ({_reason(error)}).", self._remedy) from None
            if wanted(message):
                return message
            if message.header.message_type is MessageType.signal:
                self._signals.append(message)


def _rules() -> tuple[MatchRule, MatchRule]:
    """What is to be heard of the bus: what the portals tell, and that they go or come."""
    bus = "org.freedesktop.DBus"
    owner = MatchRule(type="signal", sender=bus, interface=bus, member="NameOwnerChanged")
    owner.add_arg_condition(0, _NAME)
    return MatchRule(type="signal", sender=_NAME), owner


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:150] or type(error).__name__
