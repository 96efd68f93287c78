"""Inserting on Windows, with a system that does what Windows' documentation says."""

from __future__ import annotations

import os

import pytest

from app.output.contract import NotInserted, Target
from app.output.windows import WindowsCopy, WindowsFocus, WindowsKeys, WindowsPaste, letters_of

_UP, _UNICODE = 2, 4


class FakeWindows:
    """A window with a field, a keyboard and a clipboard."""

    def __init__(self) -> None:
        self.window, self.process, self.program = 7, 42, r"C:\Program Files\Word\WINWORD.EXE"
        self.field = ("RichEdit20W", 0)
        self.held_looks = 0  # for so many looks the user still holds Control
        self.text, self.pasted_with = "", []
        self.clipboard: str | None = "before"
        self.other_kinds = 0
        self.owned, self.asks = False, True
        self.taken_at_once = 10**6
        self.after_send = lambda: None
        self._half = b""
        self._pasted = False
        self.closed = False

    def foreground(self):
        return self.window

    def process_of(self, window):
        return window + 1, self.process

    def program_of(self, process):
        return self.program

    def area_of(self, window):
        return 10, 20, 110, 220

    def field_of(self, thread):
        return self.field

    def is_down(self, key):
        self.held_looks -= key == 0x11
        return key == 0x11 and self.held_looks >= 0

    def send(self, keys):
        for vk, scan, flags in keys[: self.taken_at_once]:
            if flags & _UNICODE and not flags & _UP:
                self._half += scan.to_bytes(2, "little")
                if not 0xD800 <= scan < 0xDC00:
                    self.text += self._half.decode("utf-16-le")
                    self._half = b""
            elif vk == 0x0D and not flags & _UP:
                self.text += "\n"
            elif vk in (0x56, 0x2D) and not flags & _UP:
                self._pasted = True
                self.pasted_with.append(vk)
        self.after_send()
        return min(len(keys), self.taken_at_once)

    def kinds(self):
        return self.other_kinds + (self.clipboard is not None)

    def read(self):
        return self.clipboard

    def offer(self, text, promised, unseen):
        self.clipboard, self.owned = text, True
        self.offered = (promised, unseen)
        return True

    def empty(self):
        self.clipboard = None

    def is_ours(self):
        return self.owned

    def pump(self, seconds):
        if self._pasted and self.asks:
            self.text += self.clipboard if not self._half else ""
            self._pasted, self._half = False, b"asked"
        return self._half == b"asked"

    def close(self):
        self.closed = True


@pytest.fixture
def windows():
    return FakeWindows()


@pytest.fixture
def focus(windows):
    return WindowsFocus(windows)


def test_the_target_is_told_with_its_program_and_place(windows, focus):
    assert focus.target() == Target("7", "winword", area=(10, 20, 100, 200))
    windows.window = 0
    assert focus.target() is None


def test_a_password_field_a_terminal_and_an_own_window_are_told(windows, focus):
    windows.field = ("Edit", 0x20)
    assert focus.target().is_secret
    windows.field = ("Chrome_RenderWidgetHostHWND", 0x20)
    assert not focus.target().is_secret, "other classes mean other things by that bit"
    windows.program = r"C:\x\WindowsTerminal.exe"
    assert focus.target().is_terminal
    windows.process = os.getpid()
    assert focus.target().is_own


def test_every_letter_arrives_by_keys_after_the_modifiers_are_let_go(windows, focus):
    windows.held_looks = 3
    text = "Grüße \U0001f600\n你好 \x1b" + "long " * 40
    WindowsKeys(windows, focus).insert(text, focus.target())
    assert windows.text == text.replace("\x1b", "")
    assert windows.held_looks < 0


def test_a_line_end_runs_nothing_in_a_terminal(windows, focus):
    windows.program = "cmd.exe"
    WindowsKeys(windows, focus).insert("dir\nend", focus.target())
    assert windows.text == "dir end"


def test_keys_stop_where_another_window_takes_the_keyboard(windows, focus):
    text = "word " * 40
    windows.after_send = lambda: setattr(windows, "window", 8)
    with pytest.raises(NotInserted) as error:
        WindowsKeys(windows, focus).insert(text, focus.target())
    assert windows.text + error.value.left == text and windows.text


def test_keys_that_windows_stops_are_told_with_what_is_left(windows, focus):
    windows.taken_at_once = 5
    with pytest.raises(NotInserted, match="administrator") as error:
        WindowsKeys(windows, focus).insert("hello", focus.target())
    assert error.value.left == "llo"
    assert letters_of("a\U0001f600b", 4) == 1


def test_a_paste_is_over_when_the_window_has_asked_and_the_clipboard_is_put_back(windows, focus):
    WindowsPaste(windows, focus).insert("hello", focus.target())
    assert windows.text == "hello" and windows.pasted_with == [0x56]
    assert windows.clipboard == "before"
    windows.program, windows.text, windows._half = "mintty.exe", "", b""
    windows.clipboard = None
    WindowsPaste(windows, focus).insert("hello", focus.target())
    assert windows.pasted_with == [0x56, 0x2D] and windows.clipboard is None


def test_what_somebody_copied_meanwhile_stays(windows, focus):
    def copied():
        windows.clipboard, windows.owned = "by the user", False

    windows.after_send = copied
    WindowsPaste(windows, focus).insert("hello", focus.target())
    assert windows.clipboard == "by the user"


def test_a_window_that_does_not_ask_is_told_and_the_clipboard_is_put_back(windows, focus):
    windows.asks = False
    with pytest.raises(NotInserted, match="did not take") as error:
        WindowsPaste(windows, focus).insert("hello", focus.target())
    assert error.value.left == "hello" and windows.clipboard == "before"


def test_a_picture_on_the_clipboard_is_not_lost(windows, focus):
    windows.clipboard, windows.other_kinds = None, 2
    with pytest.raises(NotInserted, match="put back"):
        WindowsPaste(windows, focus).insert("hello", focus.target())
    assert windows.text == ""


def test_nothing_is_pasted_into_another_window_or_a_password_field(windows, focus):
    target = focus.target()
    for name, value in (("field", ("Edit", 0x20)), ("window", 9)):
        setattr(windows, name, value)
        with pytest.raises(NotInserted):
            WindowsPaste(windows, focus).insert("hello", target)
    assert windows.pasted_with == [] and windows.clipboard == "before"


def test_a_copy_may_be_kept_by_the_clipboards_history(windows):
    WindowsCopy(windows).insert("hello", None)
    assert windows.clipboard == "hello" and windows.offered == (False, False)
