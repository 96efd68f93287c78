"""macOS's own functions for the keyboard, the windows and the clipboard, one small call each. Never tried on a Mac.

Source: Apple's documentation of Quartz Event Services, NSWorkspace, NSPasteboard and the Accessibility API,
https://developer.apple.com/documentation/
"""

from __future__ import annotations

import ctypes
import platform
from ctypes import POINTER, c_bool, c_char_p, c_double, c_int, c_int32, c_long, c_uint16, c_uint32, c_uint64, c_void_p
from typing import Any

_FRAMEWORKS = "/System/Library/Frameworks/{0}.framework/{0}"
_ON_SCREEN_WITHOUT_DESKTOP = 1 | 16
_SESSION = 1  # events go in where those of the user's session do
_COMBINED = 0
_TEXT, _TRANSIENT, _CONCEALED = (
    "public.utf8-plain-text", "org.nspasteboard.TransientType", "org.nspasteboard.ConcealedType",
)  # fmt: skip
_BOUNDS = ("X", "Y", "Width", "Height")


class MacCalls:
    """The calls. NSWorkspace follows the front program only while the main thread's loop runs, as a window's does."""

    def __init__(self) -> None:
        """Raises OSError on another system."""
        if platform.system() != "Darwin":
            raise OSError("this is not macOS")
        load: Any = ctypes.CDLL
        self._objc = load("/usr/lib/libobjc.dylib")
        load(_FRAMEWORKS.format("AppKit"))
        self._services = load(_FRAMEWORKS.format("ApplicationServices"))
        self._carbon = load(_FRAMEWORKS.format("Carbon"))
        self._core = load(_FRAMEWORKS.format("CoreFoundation"))
        objc, services = self._objc, self._services
        for function in (objc.objc_getClass, objc.sel_registerName):
            function.argtypes, function.restype = (c_char_p,), c_void_p
        objc.objc_autoreleasePoolPush.restype = c_void_p
        objc.objc_autoreleasePoolPop.argtypes = (c_void_p,)
        self._core.CFRelease.argtypes = (c_void_p,)
        self._carbon.IsSecureEventInputEnabled.restype = c_bool
        services.AXIsProcessTrusted.restype = c_bool
        services.CGWindowListCopyWindowInfo.argtypes = (c_uint32, c_uint32)
        services.CGWindowListCopyWindowInfo.restype = c_void_p
        services.CGEventSourceFlagsState.argtypes = (c_int32,)
        services.CGEventSourceFlagsState.restype = c_uint64
        services.CGEventCreateKeyboardEvent.argtypes = (c_void_p, c_uint16, c_bool)
        services.CGEventCreateKeyboardEvent.restype = c_void_p
        services.CGEventKeyboardSetUnicodeString.argtypes = (c_void_p, c_long, POINTER(c_uint16))
        services.CGEventKeyboardSetUnicodeString.restype = None
        services.CGEventSetFlags.argtypes, services.CGEventSetFlags.restype = (c_void_p, c_uint64), None
        services.CGEventPost.argtypes, services.CGEventPost.restype = (c_uint32, c_void_p), None

    def front(self) -> tuple[int, str]:
        """The process with the keyboard and its program's name; 0 where there is none."""
        pool = self._objc.objc_autoreleasePoolPush()
        try:
            workspace = self._send(self._kind("NSWorkspace"), "sharedWorkspace")
            front = self._send(workspace, "frontmostApplication")
            if not front:
                return 0, ""
            return self._send(front, "processIdentifier", result=c_int), self._text(self._send(front, "localizedName"))
        finally:
            self._objc.objc_autoreleasePoolPop(pool)

    def window_of(self, process: int) -> tuple[int, tuple[int, int, int, int] | None]:
        """The number and place of a process's foremost window; 0 where it has none."""
        pool = self._objc.objc_autoreleasePoolPush()
        windows = self._services.CGWindowListCopyWindowInfo(_ON_SCREEN_WITHOUT_DESKTOP, 0)
        try:
            for place in range(self._send(windows, "count", result=c_long) if windows else 0):
                window = self._send(windows, "objectAtIndex:", (c_long, place))
                if self._number(window, "kCGWindowOwnerPID") != process or self._number(window, "kCGWindowLayer"):
                    continue
                bounds = self._value(window, "kCGWindowBounds")
                x, y, width, height = (self._number(bounds, name) for name in _BOUNDS)
                return self._number(window, "kCGWindowNumber"), (x, y, width, height)
            return 0, None
        finally:
            if windows:
                self._core.CFRelease(windows)
            self._objc.objc_autoreleasePoolPop(pool)

    def is_secret(self) -> bool:
        """Whether a password field has the keyboard, of whatever program."""
        return bool(self._carbon.IsSecureEventInputEnabled())

    def is_trusted(self) -> bool:
        """Whether the user lets this program press keys."""
        return bool(self._services.AXIsProcessTrusted())

    def flags(self) -> int:
        """The modifiers that are held now."""
        return int(self._services.CGEventSourceFlagsState(_COMBINED))

    def type(self, text: str) -> None:
        """One key press that carries up to twenty UTF-16 units."""
        content = text.encode("utf-16-le", errors="replace")
        units = (c_uint16 * (len(content) // 2)).from_buffer_copy(content)
        for is_down in (True, False):
            event = self._services.CGEventCreateKeyboardEvent(None, 0, is_down)
            self._services.CGEventKeyboardSetUnicodeString(event, len(units), units)
            self._post(event, 0)

    def press(self, key: int, flags: int) -> None:
        """A key of the keyboard, with modifiers, down and up."""
        for is_down in (True, False):
            self._post(self._services.CGEventCreateKeyboardEvent(None, key, is_down), flags)

    def kinds(self) -> int:
        """How many kinds of content the clipboard holds."""
        pool = self._objc.objc_autoreleasePoolPush()
        kinds = self._send(self._board(), "types")
        count = self._send(kinds, "count", result=c_long) if kinds else 0
        self._objc.objc_autoreleasePoolPop(pool)
        return int(count)

    def read(self) -> str | None:
        """The clipboard's text; None where it holds none."""
        pool = self._objc.objc_autoreleasePoolPush()
        found = self._send(self._board(), "stringForType:", (c_void_p, self._string(_TEXT)))
        text = self._text(found) if found else None
        self._objc.objc_autoreleasePoolPop(pool)
        return text

    def offer(self, text: str, unseen: bool) -> bool:
        """Put a text on the clipboard; `unseen`: well-behaved histories do not keep it."""
        pool = self._objc.objc_autoreleasePoolPush()
        board = self._board()
        self._send(board, "clearContents", result=c_long)
        done = self._put(board, text, _TEXT)
        for kind in (_TRANSIENT, _CONCEALED) if unseen else ():
            self._put(board, "", kind)
        self._objc.objc_autoreleasePoolPop(pool)
        return done

    def empty(self) -> None:
        """The clipboard holds nothing."""
        self._send(self._board(), "clearContents", result=c_long)

    def changes(self) -> int:
        """A number that changes whenever the clipboard does."""
        return int(self._send(self._board(), "changeCount", result=c_long))

    def _post(self, event: int, flags: int) -> None:
        self._services.CGEventSetFlags(event, flags)  # else it would have those that are held
        self._services.CGEventPost(_SESSION, event)
        self._core.CFRelease(event)

    def _board(self) -> int:
        return int(self._send(self._kind("NSPasteboard"), "generalPasteboard"))

    def _put(self, board: int, text: str, kind: str) -> bool:
        what, named = (c_void_p, self._string(text)), (c_void_p, self._string(kind))
        return bool(self._send(board, "setString:forType:", what, named, result=c_bool))

    def _kind(self, name: str) -> int:
        return int(self._objc.objc_getClass(name.encode()))

    def _string(self, text: str) -> int:
        content = text.encode("utf-8", errors="replace")
        return int(self._send(self._kind("NSString"), "stringWithUTF8String:", (c_char_p, content)))

    def _text(self, string: int | None) -> str:
        content = self._send(string, "UTF8String", result=c_char_p) if string else None
        return content.decode(errors="replace") if content else ""

    def _value(self, dictionary: int, name: str) -> int | None:
        found = self._send(dictionary, "objectForKey:", (c_void_p, self._string(name)))
        return int(found) if found else None

    def _number(self, dictionary: int | None, name: str) -> int:
        found = self._value(dictionary, name) if dictionary else None
        return int(self._send(found, "doubleValue", result=c_double)) if found else 0

    def _send(self, to: int | None, message: str, *arguments: tuple[Any, Any], result: Any = c_void_p) -> Any:
        """Send an object a message: the runtime's one function, as the kind of function that this message is."""
        kinds = [kind for kind, _ in arguments]
        function = ctypes.CFUNCTYPE(result, c_void_p, c_void_p, *kinds)(("objc_msgSend", self._objc))
        return function(to, self._objc.sel_registerName(message.encode()), *(value for _, value in arguments))
