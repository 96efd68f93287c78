"""Windows' own functions for the keyboard, the windows and the clipboard, one small call each. Never tried on Windows.

Source: Microsoft's documentation of winuser.h, https://learn.microsoft.com/windows/win32/api/winuser/
"""

from __future__ import annotations

import ctypes
import os
import time
from ctypes import POINTER, Structure, Union, byref, c_int, c_int32, c_size_t, c_ssize_t, c_uint16, c_uint32, c_void_p
from typing import Any

_UNICODETEXT = 13
_MOVEABLE = 0x0002
_RENDER, _RENDER_ALL, _DESTROYED = 0x0305, 0x0306, 0x0307  # messages to the owner of the clipboard
_MESSAGE_ONLY = -3
_REMOVE = 1
_STYLE = -16
_LIMITED_QUERY = 0x1000
_KEYBOARD = 1
_UNSEEN = ("ExcludeClipboardContentFromMonitorProcessing", "CanIncludeInClipboardHistory", "CanUploadToCloudClipboard")


class _Key(Structure):
    _fields_ = (("vk", c_uint16), ("scan", c_uint16), ("flags", c_uint32), ("time", c_uint32), ("extra", c_size_t))


class _Mouse(Structure):  # the largest member: it gives the union its size
    _fields_ = (
        *((name, c_int32) for name in ("dx", "dy")),
        *((name, c_uint32) for name in ("data", "flags", "time")),
        ("extra", c_size_t),
    )


class _Either(Union):
    _fields_ = (("key", _Key), ("mouse", _Mouse))


class _Input(Structure):
    _fields_ = (("type", c_uint32), ("either", _Either))


class _Rectangle(Structure):
    _fields_ = tuple((name, c_int32) for name in ("left", "top", "right", "bottom"))


class _ThreadInfo(Structure):
    _fields_ = (
        ("size", c_uint32),
        ("flags", c_uint32),
        *((name, c_void_p) for name in ("active", "focus", "capture", "menu", "moving", "caret")),
        ("caret_place", _Rectangle),
    )


class _Message(Structure):
    _fields_ = (
        ("window", c_void_p),
        ("message", c_uint32),
        ("wide", c_size_t),
        ("long", c_ssize_t),
        ("time", c_uint32),
        ("x", c_int32),
        ("y", c_int32),
    )


class WindowsCalls:
    """The calls. One thread uses it: the clipboard's window belongs to the thread that made it."""

    def __init__(self) -> None:
        """Raises OSError on another system."""
        if os.name != "nt":
            raise OSError("this is not Windows")
        libraries: Any = ctypes
        self._user = libraries.WinDLL("user32", use_last_error=True)
        self._kernel = libraries.WinDLL("kernel32", use_last_error=True)
        self._procedure_kind = libraries.WINFUNCTYPE(c_ssize_t, c_void_p, c_uint32, c_size_t, c_ssize_t)
        user, kernel = self._user, self._kernel
        user.GetForegroundWindow.restype = c_void_p
        user.GetClipboardOwner.restype = c_void_p
        user.GetWindowThreadProcessId.argtypes = (c_void_p, POINTER(c_uint32))
        user.GetWindowRect.argtypes = (c_void_p, POINTER(_Rectangle))
        user.GetClassNameW.argtypes = (c_void_p, c_void_p, c_int)
        user.GetWindowLongW.argtypes = (c_void_p, c_int)
        user.GetAsyncKeyState.restype = ctypes.c_int16
        user.SendInput.argtypes = (c_uint32, c_void_p, c_int)
        user.OpenClipboard.argtypes = (c_void_p,)
        user.GetClipboardData.restype = c_void_p
        user.SetClipboardData.argtypes, user.SetClipboardData.restype = (c_uint32, c_void_p), c_void_p
        user.DefWindowProcW.argtypes = (c_void_p, c_uint32, c_size_t, c_ssize_t)
        user.DefWindowProcW.restype = c_ssize_t
        user.CreateWindowExW.restype = c_void_p
        user.CreateWindowExW.argtypes = (
            c_uint32, ctypes.c_wchar_p, ctypes.c_wchar_p, c_uint32, *(c_int,) * 4, *(c_void_p,) * 4,
        )  # fmt: skip
        user.SetWindowLongPtrW.argtypes, user.SetWindowLongPtrW.restype = (c_void_p, c_int, c_void_p), c_void_p
        user.DestroyWindow.argtypes = (c_void_p,)
        kernel.OpenProcess.restype = c_void_p
        kernel.QueryFullProcessImageNameW.argtypes = (c_void_p, c_uint32, c_void_p, POINTER(c_uint32))
        kernel.CloseHandle.argtypes = (c_void_p,)
        kernel.GlobalAlloc.argtypes, kernel.GlobalAlloc.restype = (c_uint32, c_size_t), c_void_p
        for function in (kernel.GlobalLock, kernel.GlobalUnlock, kernel.GlobalSize):
            function.argtypes, function.restype = (c_void_p,), c_void_p
        self._window: int | None = None
        self._procedure: Any = None
        self._promised = ""
        self._was_read = False

    def foreground(self) -> int:
        """The window with the keyboard, 0 where there is none."""
        return self._user.GetForegroundWindow() or 0

    def process_of(self, window: int) -> tuple[int, int]:
        """The thread and the process that a window belongs to."""
        process = c_uint32()
        thread = self._user.GetWindowThreadProcessId(window, byref(process))
        return int(thread), process.value

    def program_of(self, process: int) -> str:
        """The path of a process's program; empty where that is not told."""
        handle = self._kernel.OpenProcess(_LIMITED_QUERY, 0, process)
        if not handle:
            return ""
        path, size = ctypes.create_unicode_buffer(1024), c_uint32(1024)
        told = self._kernel.QueryFullProcessImageNameW(handle, 0, path, byref(size))
        self._kernel.CloseHandle(handle)
        return path.value if told else ""

    def area_of(self, window: int) -> tuple[int, int, int, int] | None:
        """Left, top, right, bottom."""
        area = _Rectangle()
        if not self._user.GetWindowRect(window, byref(area)):
            return None
        return area.left, area.top, area.right, area.bottom

    def field_of(self, thread: int) -> tuple[str, int]:
        """The class and the style of the control with the keyboard; empty where a program draws its own."""
        info = _ThreadInfo(size=ctypes.sizeof(_ThreadInfo))
        if not self._user.GetGUIThreadInfo(thread, byref(info)) or not info.focus:
            return "", 0
        name = ctypes.create_unicode_buffer(256)
        self._user.GetClassNameW(info.focus, name, 256)
        return name.value, self._user.GetWindowLongW(info.focus, _STYLE)

    def is_down(self, key: int) -> bool:
        """Whether a key is held now."""
        return bool(self._user.GetAsyncKeyState(key) & 0x8000)

    def send(self, keys: list[tuple[int, int, int]]) -> int:
        """Press keys, (virtual key, scan code, flags) each; how many were taken."""
        inputs = (_Input * len(keys))()
        for place, (vk, scan, flags) in enumerate(keys):
            inputs[place].type = _KEYBOARD
            inputs[place].either.key = _Key(vk, scan, flags, 0, 0)
        return int(self._user.SendInput(len(keys), inputs, ctypes.sizeof(_Input)))

    def kinds(self) -> int:
        """How many kinds of content the clipboard holds."""
        return int(self._user.CountClipboardFormats())

    def read(self) -> str | None:
        """The clipboard's text; None where it holds none or somebody else has it open."""
        if not self._opened():
            return None
        try:
            handle = self._user.GetClipboardData(_UNICODETEXT)
            where = self._kernel.GlobalLock(handle) if handle else None
            if not where:
                return None
            units = (self._kernel.GlobalSize(handle) or 0) // 2
            text = ctypes.string_at(where, units * 2).decode("utf-16-le", errors="replace").split("\0")[0]
            self._kernel.GlobalUnlock(handle)
            return text
        finally:
            self._user.CloseClipboard()

    def offer(self, text: str, promised: bool, unseen: bool) -> bool:
        """Put a text on the clipboard; `promised`: give it only when asked, `unseen`: no history keeps it."""
        if not self._opened():
            return False
        try:
            self._user.EmptyClipboard()
            for name in _UNSEEN if unseen else ():
                self._user.SetClipboardData(self._user.RegisterClipboardFormatW(name), self._memory(bytes(4)))
            self._promised, self._was_read = text, False
            if promised:
                self._user.SetClipboardData(_UNICODETEXT, None)
                return True
            return bool(self._give(text))
        finally:
            self._user.CloseClipboard()

    def empty(self) -> None:
        """The clipboard holds nothing."""
        if self._opened():
            self._user.EmptyClipboard()
            self._user.CloseClipboard()

    def is_ours(self) -> bool:
        """Whether what the clipboard holds is what was offered last. Its sequence number would not tell: it changes
        when a promised text is given."""
        return self._window is not None and self._user.GetClipboardOwner() == self._window

    def pump(self, seconds: float) -> bool:
        """Let messages in for so long; whether somebody has asked for what was promised."""
        message = _Message()
        end = time.monotonic() + seconds
        while True:
            while self._user.PeekMessageW(byref(message), None, 0, 0, _REMOVE):
                self._user.DispatchMessageW(byref(message))
            if time.monotonic() >= end:
                return self._was_read
            time.sleep(0.005)

    def close(self) -> None:
        """Destroy the clipboard's window."""
        if self._window is not None:
            self._user.DestroyWindow(self._window)
            self._window = None

    def _opened(self) -> bool:
        """Other programs open the clipboard for an instant, too."""
        if self._window is None:
            self._window = self._user.CreateWindowExW(
                0, "STATIC", "dictate", 0, 0, 0, 0, 0, c_void_p(_MESSAGE_ONLY), None, None, None
            )
            self._procedure = self._procedure_kind(self._on_message)  # held: Windows calls it as long as there is one
            self._user.SetWindowLongPtrW(self._window, -4, ctypes.cast(self._procedure, c_void_p))
        for _ in range(20):
            if self._user.OpenClipboard(self._window):
                return True
            time.sleep(0.01)
        return False

    def _on_message(self, window: int, message: int, wide: int, long: int) -> int:
        if message == _RENDER and wide == _UNICODETEXT:
            self._was_read = True
            self._give(self._promised)
            return 0
        if message == _RENDER_ALL and self._user.OpenClipboard(window):
            self._give(self._promised)
            self._user.CloseClipboard()
            return 0
        if message == _DESTROYED:
            return 0
        return int(self._user.DefWindowProcW(window, message, wide, long))

    def _give(self, text: str) -> int:
        content = text.replace("\n", "\r\n").encode("utf-16-le", errors="replace") + bytes(2)
        return self._user.SetClipboardData(_UNICODETEXT, self._memory(content)) or 0

    def _memory(self, content: bytes) -> int:
        handle = self._kernel.GlobalAlloc(_MOVEABLE, len(content))
        ctypes.memmove(self._kernel.GlobalLock(handle), content, len(content))
        self._kernel.GlobalUnlock(handle)
        return int(handle)
