"""One running window a user: the first start owns a lock and answers words, a later one asks it to come forward.

The lock is the system's own and ends with its process, however that ends; the socket, which stays behind after a crash,
only carries words. A word is a line of UTF-8, its argument behind a space; every line is answered by one line: "ok",
perhaps with what was asked for behind a space, or "error" and a reason. Only programs of the same user can connect, a
few at a time and for a few seconds.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from app.errors import AppError
from app.file_lock import lock
from app.private_files import private_folder
from app.running import address, process

_LONGEST = 1000  # bytes of a line
_PATIENCE_MS = 2000
_MOST_CLIENTS = 16  # each holds one of the numbers that the program has for its files
_STAY_MS = 10_000  # of a client, in all
_AGAIN_S = 0.02  # a program that has just started may have its lock, but not yet its socket


class Instance(QObject):
    """This process is the one; words are answered while Qt's event loop runs."""

    def __init__(self, folder: Path, lock: int) -> None:
        """`claim` makes it. `lock` is the number of the locked file, kept open until `close`."""
        super().__init__()
        self._lock = lock
        self._commands: dict[str, Callable[[str], str | None]] = {}
        self._clients: list[QLocalSocket] = []  # the longest here first
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._welcome)
        where = address(folder)
        QLocalServer.removeServer(where)  # a crash left it: whoever owns the lock owns the socket
        if not self._server.listen(where):
            reason = self._server.errorString()
            self.close()
            raise _unusable(folder, reason)

    def answer(self, word: str, command: Callable[[str], str | None]) -> None:
        """Obey `word` from now on: `command` gets what stands behind it, and what it returns is told; an AppError
        of it is the answer."""
        self._commands[word] = command

    def close(self) -> None:
        """Another process may be the one."""
        self._server.close()
        os.close(self._lock)

    def _welcome(self) -> None:
        # Connected by name: a lambda would keep this object alive inside its own client, to be deleted in the middle
        # of the client's deletion.
        while (client := self._server.nextPendingConnection()) is not None:
            client.disconnected.connect(self._forget)
            self._clients.append(client)
            if not _is_own(client):
                client.abort()
                continue
            if len(self._clients) > _MOST_CLIENTS:
                self._clients[0].abort()
            QTimer.singleShot(_STAY_MS, client, client.abort)
            client.setReadBufferSize(2 * _LONGEST)
            client.readyRead.connect(self._hear)
        self._hear()

    def _forget(self) -> None:
        gone = [one for one in self._clients if one.state() == QLocalSocket.LocalSocketState.UnconnectedState]
        for client in gone:
            self._clients.remove(client)
            client.deleteLater()

    def _hear(self) -> None:
        for client in list(self._clients):
            self._hear_one(client)

    def _hear_one(self, client: QLocalSocket) -> None:
        while client.canReadLine():
            if client.bytesToWrite() > _LONGEST:  # it asks without end and never reads an answer
                client.abort()
                return
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
            told = command(argument)
        except AppError as error:
            return f"error {' '.join(str(error).split())}"
        return " ".join(["ok", *(told or "").split()])


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
    server = QLocalSocket()
    until_s = time.monotonic() + _PATIENCE_MS / 1000

    def left_ms() -> int:
        return max(1, round(1000 * (until_s - time.monotonic())))

    server.connectToServer(address(folder))
    while not server.waitForConnected(left_ms()) and time.monotonic() < until_s:
        time.sleep(_AGAIN_S)
        server.connectToServer(address(folder))
    if server.state() == QLocalSocket.LocalSocketState.ConnectedState:
        server.write(f"{line}\n".encode())
        while not server.canReadLine() and server.waitForReadyRead(left_ms()):
            pass
    answer = bytes(server.readLine().data()) if server.isOpen() else b""
    server.abort()
    if not answer.endswith(b"\n"):
        raise AppError(f"Dictate is running{process(folder)} but does not answer.", "Wait, or end it and start again.")
    return answer.decode("utf-8", "replace").strip()


def _check_owner(folder: Path) -> None:
    """Raises PermissionError for a folder that somebody else made or may write to: others could listen there."""
    if sys.platform == "win32":
        return
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(0, "it is not this user's alone")


def _is_own(client: QLocalSocket) -> bool:
    """Whether the other end is this user's, where the system tells; elsewhere the folder's permissions must do."""
    if not sys.platform.startswith("linux"):
        return True
    with socket.socket(fileno=os.dup(int(client.socketDescriptor()))) as end:
        _, user, _ = struct.unpack("3i", end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return bool(user == os.getuid())


def _unusable(folder: Path, reason: str) -> AppError:
    remedy = f"Delete {folder} if nothing runs, so that a second start can find the first."
    return AppError(f"{folder} cannot be used ({reason}).", remedy)
