"""A session bus of the test's own with portals that do as they are told: global shortcuts and remote desktop."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator

from jeepney import DBusAddress, HeaderFields, MessageType, new_error, new_method_return, new_signal
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

_DESKTOP = "/org/freedesktop/portal/desktop"
_PORTAL = "org.freedesktop.portal."


@contextlib.contextmanager
def session_bus(monkeypatch) -> Iterator[None]:
    """A bus that lives as long as the block."""
    assert shutil.which("dbus-daemon")
    command = ["dbus-daemon", "--session", "--nofork", "--print-address=1"]
    bus = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.stdout.readline().strip())
        yield
    finally:
        bus.kill()
        bus.wait()
        bus.stdout.close()


class FakePortals:
    """Answers on the bus as a desktop would.

    has      the interfaces that are there
    code     with which requests end: 0 allowed, 1 the user said no
    refuses  shortcuts that are not given
    """

    def __init__(self, has=("GlobalShortcuts", "RemoteDesktop"), code=0, refuses=()) -> None:
        self.has, self.code, self.refuses = has, code, refuses
        self.calls: list[tuple[str, tuple]] = []
        self.typed: list[tuple[int, int]] = []
        self.session = ""
        self.version, self.most_keys = 1, 10**6  # of every portal; how many keys are taken
        self._stop_read, self._stop_write = os.pipe()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> FakePortals:
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def __exit__(self, *_) -> None:
        os.write(self._stop_write, b"x")
        self._thread.join()
        os.close(self._stop_read)
        os.close(self._stop_write)

    def names(self) -> list[str]:
        return [name for name, _ in self.calls]

    def press(self, name: str, kind: str = "Activated") -> None:
        """Tell of a key from a thread of the test: a socket's sends do not mix up whole messages."""
        signal = (self.session, name, 0, {})
        self._send(new_signal(self._at("GlobalShortcuts"), kind, "osta{sv}", signal))

    def _at(self, interface: str, path: str = _DESKTOP) -> DBusAddress:
        return DBusAddress(path, interface=_PORTAL + interface)

    def _send(self, message) -> None:
        self._bus.send(message)

    def _serve(self) -> None:
        with open_dbus_connection() as self._bus:
            self._bus.send_and_get_reply(message_bus.RequestName(_PORTAL + "Desktop"))
            self._bus.selector.register(self._stop_read, 1)
            self._ready.set()
            while True:
                try:
                    message = self._bus.receive()
                except TimeoutError:  # only the pipe was readable
                    return
                if message.header.message_type is MessageType.method_call:
                    self._answer(message)

    def _answer(self, message) -> None:
        fields = message.header.fields
        interface, member = fields[HeaderFields.interface], fields[HeaderFields.member]
        self.calls.append((member, message.body))
        if member == "Get":
            there = message.body[0].removeprefix(_PORTAL) in self.has
            number = 1 if message.body[1] == "AvailableDeviceTypes" else self.version
            told = new_method_return(message, "v", (("u", number),))
            self._send(told if there else new_error(message, "org.x.No", "s", ("no",)))
        elif interface == _PORTAL + "Session":
            self._send(new_method_return(message))
        elif interface.removeprefix(_PORTAL) not in self.has or len(self.typed) >= self.most_keys:
            self._send(new_error(message, "org.freedesktop.DBus.Error.UnknownMethod", "s", ("no such interface",)))
        elif member == "NotifyKeyboardKeysym":
            self.typed.append(message.body[2:])
            self._send(new_method_return(message))
        else:
            self._respond(message, member)

    def _respond(self, message, member: str) -> None:
        options = message.body[-1]
        sender = message.header.fields[HeaderFields.sender][1:].replace(".", "_")
        handle = f"{_DESKTOP}/request/{sender}/{options['handle_token'][1]}"
        results = {}
        if member == "CreateSession":
            self.session = f"{_DESKTOP}/session/{sender}/{options['session_handle_token'][1]}"
            results = {"session_handle": ("s", self.session)}
        if member == "BindShortcuts":
            given = [(name, {}) for name, _ in message.body[1] if name not in self.refuses]
            results = {"shortcuts": ("a(sa{sv})", given)}
        if member == "Start":
            results = {"devices": ("u", 1), "restore_token": ("s", "token-1")}
        self._send(new_method_return(message, "o", (handle,)))
        code = self.code if member in ("BindShortcuts", "Start") else 0
        self._send(new_signal(self._at("Request", handle), "Response", "ua{sv}", (code, results)))
