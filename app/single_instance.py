"""One running window a user: the first start owns a lock and answers words, a later one asks it to come forward.

The lock is the system's own and ends with its process, however that ends; the socket, which stays behind after a crash,
only carries words. A word is a line of UTF-8, its argument behind a space; every line is answered by one line, "ok" or
"error" and a reason. Only programs of the same user can connect.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from app.errors import AppError
from app.file_lock import lock
from app.private_files import private_folder

_LONGEST = 1000  # bytes of a line
_PATIENCE_MS = 2000
_AGAIN_S = 0.02  # a program that has just started may have its lock, but not yet its socket


class Instance(QObject):
    """This process is the one; words are answered while Qt's event loop runs."""

    def __init__(self, folder: Path, lock: int) -> None:
        """`claim` makes it. `lock` is the number of the locked file, kept open until `close`."""
        super().__init__()
        self._lock = lock
        self._commands: dict[str, Callable[[str], None]] = {}
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._welcome)
        address = _address(folder)
        QLocalServer.removeServer(address)  # a crash left it: whoever owns the lock owns the socket
        if not self._server.listen(address):
            reason = self._server.errorString()
            self.close()
            raise _unusable(folder, reason)

    def answer(self, word: str, command: Callable[[str], None]) -> None:
        """Obey `word` from now on: `command` gets what stands behind it; an AppError of it is the answer."""
        self._commands[word] = command

    def close(self) -> None:
        """Another process may be the one."""
        self._server.close()
        os.close(self._lock)

    def _welcome(self) -> None:
        while (client := self._server.nextPendingConnection()) is not None:
            client.setReadBufferSize(2 * _LONGEST)
            client.readyRead.connect(lambda client=client: self._hear(client))
            client.disconnected.connect(client.deleteLater)
            self._hear(client)

    def _hear(self, client: QLocalSocket) -> None:
        while client.canReadLine():
            line = bytes(client.readLine().data())
            client.write(f"{self._reply(line)}\n".encode())
        if client.bytesAvailable() > _LONGEST:
            client.write(b"error the line is too long\n")
            client.disconnectFromServer()

    def _reply(self, line: bytes) -> str:
        word, _, argument = line.decode("utf-8", "replace").strip().partition(" ")
        command = self._commands.get(word)
        if command is None or len(line) > _LONGEST:
            return "error unknown word"
        try:
            command(argument)
        except AppError as error:
            return f"error {' '.join(str(error).split())}"
        return "ok"


def claim(folder: Path) -> Instance | None:
    """The right to be the one that runs, or None where another process has it. Raises AppError for a bad folder."""
    try:
        if not folder.exists():
            private_folder(folder)
        _check_owner(folder)
        number = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unusable(folder, error.strerror or str(error)) from None
    try:
        lock(number)
    except OSError:
        os.close(number)
        return None
    os.ftruncate(number, 0)
    os.lseek(number, 0, os.SEEK_SET)
    os.write(number, str(os.getpid()).encode())  # for the remedy of `ask`
    return Instance(folder, number)


def ask(folder: Path, line: str) -> str:
    """Say a word to the running program, which is where `claim` gives None, and give back its answer.

    Raises AppError where none comes in two seconds.
    """
    socket = QLocalSocket()
    until_s = time.monotonic() + _PATIENCE_MS / 1000

    def left_ms() -> int:
        return max(1, round(1000 * (until_s - time.monotonic())))

    socket.connectToServer(_address(folder))
    while not socket.waitForConnected(left_ms()) and time.monotonic() < until_s:
        time.sleep(_AGAIN_S)
        socket.connectToServer(_address(folder))
    if socket.state() == QLocalSocket.LocalSocketState.ConnectedState:
        socket.write(f"{line}\n".encode())
        while not socket.canReadLine() and socket.waitForReadyRead(left_ms()):
            pass
    answer = bytes(socket.readLine().data()) if socket.isOpen() else b""
    socket.abort()
    if not answer.endswith(b"\n"):
        raise AppError(f"Dictate is running{_process(folder)} but does not answer.", "Wait, or end it and start again.")
    return answer.decode("utf-8", "replace").strip()


def _address(folder: Path) -> str:
    """A pipe has no folder on Windows; its name says whose it is."""
    return str(folder / "socket") if os.name == "posix" else f"dictate-{os.environ.get('USERNAME', '')}"


def _check_owner(folder: Path) -> None:
    """Raises PermissionError for a folder that somebody else made or may write to: others could listen there."""
    if sys.platform == "win32":
        return
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(0, "it is not this user's alone")


def _process(folder: Path) -> str:
    with contextlib.suppress(OSError, ValueError):
        return f" (process {int((folder / 'lock').read_text())})"
    return ""


def _unusable(folder: Path, reason: str) -> AppError:
    remedy = f"Delete {folder} if nothing runs, so that a second start can find the first."
    return AppError(f"{folder} cannot be used ({reason}).", remedy)
