"""Closes the network to this process and to all that it starts, and tells who tried to use it.

Python's own calls are refused through audit hooks on every system. On Linux a seccomp filter stops the process at the
first network socket that native code asks the kernel for; sockets between programs of this computer stay open.
Sources: seccomp(2) and the kernel's documentation of seccomp filters; PEP 578 and Python's table of audit events.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import platform
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.errors import AppError

_UNIX, _NETLINK = 1, 16  # families of sockets that end inside this computer
_ASKED = (  # audit events of calls that name another computer
    "ftplib.connect", "http.client.connect", "imaplib.open", "poplib.connect", "smtplib.connect", "socket.getaddrinfo",
    "socket.gethostbyaddr", "socket.gethostbyname", "socket.getnameinfo", "urllib.Request",
)  # fmt: skip
_USED = ("socket.__new__", "socket.bind", "socket.connect", "socket.sendmsg", "socket.sendto")
_LIBRARY = str(Path(os.__file__).parent)
_FRAMES = 3  # of the way to a call that are told
# Machine: its number in audit.h, the number of its system call `socket`.
_MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_IO_URING_SETUP = 425  # would open sockets without that call
_X32 = 0x40000000  # system calls of another numbering begin here
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _TRAP, _NOT_THERE = 0x7FFF0000, 0x00030000, 0x00050000 | 38
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2


def close_network(report: Callable[[str], None], trace: Path) -> str:
    """Close it for good; returns in a line how tightly. Must come before the first thread.

    report  told of every call of Python that was refused, on its thread
    trace   the file for the way to native code that was stopped, the innermost call first; the process has ended then
    Raises AppError where a trial goes through all the same.
    """
    tried: list[str] = []
    told = tried.append

    def refuse(event: str, values: tuple[Any, ...]) -> None:
        if event in _ASKED or (event in _USED and _leads_out(event, values)):
            told(f"{event}{_plain(values)} by {_way()}")
            raise PermissionError(f"The network is closed: {event}")

    sys.addaudithook(refuse)
    try:
        socket.socket(socket.AF_INET).close()
    except PermissionError:
        told = report
    if not tried:
        raise AppError("Python's calls cannot be watched here.", "Please report this.")
    machine = _MACHINES.get(platform.machine())
    if not sys.platform.startswith("linux") or machine is None or not _hold(*machine):
        return "Python's calls are refused; native code is not watched on this system"
    _trial()
    faulthandler.register(signal.SIGSYS, file=trace.open("w"), all_threads=False, chain=True)
    return "the kernel stops every network socket, and Python's calls are refused"


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def _hold(machine: int, socket_call: int) -> bool:
    """Let the kernel stop this process at a network socket; whether it will. Threads and programs inherit it."""
    import resource  # not everywhere

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    code = b"".join(struct.pack("HBBI", *step) for step in _steps(machine, socket_call))
    memory = ctypes.create_string_buffer(code, len(code))
    found = _Filter(len(code) // 8, ctypes.addressof(memory))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    zero = ctypes.c_ulong(0)
    if prctl(_NO_NEW_PRIVILEGES, ctypes.c_ulong(1), zero, zero, zero) != 0:
        return False
    return bool(prctl(_SET_SECCOMP, ctypes.c_ulong(_FILTER), ctypes.byref(found), zero, zero) == 0)


def _steps(machine: int, socket_call: int) -> tuple[tuple[int, int, int, int], ...]:
    """The filter: what to do, how many steps to skip if it holds and if not, and with which number.

    It sees the system call's number at 0, the machine at 4 and the first argument, a socket's family, at 16.
    """
    return (
        (_LOAD, 0, 0, 4),
        (_EQUAL, 1, 0, machine),
        (_RETURN, 0, 0, _TRAP),
        (_LOAD, 0, 0, 0),
        (_AT_LEAST, 6, 0, _X32),
        (_EQUAL, 6, 0, _IO_URING_SETUP),
        (_EQUAL, 0, 3, socket_call),
        (_LOAD, 0, 0, 16),
        (_EQUAL, 1, 0, _UNIX),
        (_EQUAL, 0, 1, _NETLINK),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _TRAP),
        (_RETURN, 0, 0, _NOT_THERE),
    )


def _trial() -> None:
    """Raises AppError where a copy of this process opens a network socket and lives."""
    copy = os.fork()
    if copy == 0:
        ctypes.CDLL(None).socket(int(socket.AF_INET), int(socket.SOCK_STREAM), 0)
        os._exit(0)
    _, status = os.waitpid(copy, 0)
    if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGSYS:
        raise AppError("The kernel was asked to stop network sockets and does not.", "Please report this.")


def _leads_out(event: str, values: tuple[Any, ...]) -> bool:
    family = values[1] if event == "socket.__new__" else values[0].family
    return int(family) not in (_UNIX, _NETLINK)


def _is_python_s(file: str) -> bool:
    return file == __file__ or (file.startswith(_LIBRARY) and "site-packages" not in file)


def _plain(values: tuple[Any, ...]) -> str:
    """What was asked for, without the sockets themselves."""
    return f" {[value for value in values if isinstance(value, str | bytes | int | tuple)]}"


def _way() -> str:
    """The innermost calls that led here, Python's own library left out."""
    frames = [frame for frame in traceback.extract_stack() if not _is_python_s(frame.filename)]
    return " < ".join(f"{frame.name} ({frame.filename}:{frame.lineno})" for frame in reversed(frames[-_FRAMES:]))
