"""Inserting on macOS, with a system that does what Apple's documentation says."""

from __future__ import annotations

import os

import pytest

from app.output import macos
from app.output.contract import NotInserted, Target
from app.output.macos import MacCopy, MacFocus, MacKeys, MacPaste, pieces


class FakeMac:
    """A window with a field, a keyboard and a clipboard."""

    def __init__(self) -> None:
        self.process, self.program, self.window = 42, "Notes", 7
        self.secret, self.trusted = False, True
        self.held_looks = 0
        self.text, self.carried = "", []
        self.clipboard: str | None = "before"
        self.other_kinds = 0
        self.count = 0
        self.after_key = lambda: None

    def front(self):
        return self.process, self.program

    def window_of(self, process):
        return self.window, (1, 2, 3, 4)

    def is_secret(self):
        return self.secret

    def is_trusted(self):
        return self.trusted

    def flags(self):
        self.held_looks -= 1
        return 0x40000 if self.held_looks >= 0 else 0x100  # a bit that is no modifier

    def type(self, text):
        self.carried.append(text)
        self.text += text
        self.after_key()

    def press(self, key, flags):
        self.text += {(9, 0x100000): self.clipboard, (36, 0): "\n", (48, 0): "\t"}[key, flags]
        self.after_key()

    def kinds(self):
        return self.other_kinds + (self.clipboard is not None)

    def read(self):
        return self.clipboard

    def offer(self, text, unseen):
        self.clipboard, self.unseen = text, unseen
        self.count += 1
        return True

    def empty(self):
        self.clipboard = None
        self.count += 1

    def changes(self):
        return self.count


@pytest.fixture
def mac(monkeypatch):
    monkeypatch.setattr(macos, "_PASTED_S", 0)
    return FakeMac()


@pytest.fixture
def focus(mac):
    return MacFocus(mac)


def test_the_target_is_the_foremost_window_of_the_front_program(mac, focus):
    assert focus.target() == Target("42:7", "notes", area=(1, 2, 3, 4))
    mac.secret, mac.program, mac.process = True, "iTerm2", os.getpid()
    target = focus.target()
    assert target.is_secret and target.is_terminal and target.is_own
    mac.process = 0
    assert focus.target() is None


def test_every_letter_arrives_by_keys_after_the_modifiers_are_let_go(mac, focus):
    mac.held_looks = 3
    text = "Grüße \U0001f600\n你好\t" + "long " * 40
    MacKeys(mac, focus).insert(text, focus.target())
    assert mac.text == text and mac.held_looks < 0
    assert all(len(piece.encode("utf-16-le")) <= 40 for piece in mac.carried)


def test_no_letter_is_cut_in_two():
    assert list(pieces("x" * 19 + "\U0001f600y\n\nz")) == ["x" * 19, "\U0001f600y", "\n", "\n", "z"]


def test_keys_stop_where_another_window_takes_the_keyboard(mac, focus):
    text = "word " * 40
    mac.after_key = lambda: setattr(mac, "window", 8)
    with pytest.raises(NotInserted) as error:
        MacKeys(mac, focus).insert(text, focus.target())
    assert mac.text + error.value.left == text and mac.text


def test_without_the_permission_nothing_is_pressed_and_the_remedy_is_said(mac, focus):
    mac.trusted = False
    for way in (MacKeys(mac, focus), MacPaste(mac, focus)):
        assert "Accessibility" in way.fault()
        with pytest.raises(NotInserted, match="Accessibility") as error:
            way.insert("hello", focus.target())
        assert error.value.left == "hello"
    assert mac.text == "" and mac.clipboard == "before"


@pytest.mark.parametrize("before", ["before", None])
def test_after_a_paste_the_clipboard_is_put_back(mac, focus, before):
    mac.clipboard = before
    MacPaste(mac, focus).insert("hello", focus.target())
    assert mac.text == "hello" and mac.clipboard == before


def test_what_somebody_copied_meanwhile_stays(mac, focus):
    mac.after_key = lambda: mac.offer("by the user", False)
    MacPaste(mac, focus).insert("hello", focus.target())
    assert mac.clipboard == "by the user"


def test_a_picture_on_the_clipboard_is_not_lost(mac, focus):
    mac.clipboard, mac.other_kinds = None, 2
    with pytest.raises(NotInserted, match="put back"):
        MacPaste(mac, focus).insert("hello", focus.target())


def test_nothing_is_pasted_into_another_window_or_a_password_field(mac, focus):
    target = focus.target()
    for name, value in (("secret", True), ("window", 9)):
        setattr(mac, name, value)
        with pytest.raises(NotInserted):
            MacPaste(mac, focus).insert("hello", target)
    assert mac.text == "" and mac.clipboard == "before"


def test_a_copy_may_be_kept_by_a_clipboard_history(mac):
    MacCopy(mac).insert("hello", None)
    assert mac.clipboard == "hello" and not mac.unseen
