"""Combinations of keys: one form for every spelling, and a reason for what cannot be one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QKeySequence

from app.hotkey.keys import KEYS, MODIFIERS, PATTERN, conflicts, fault_of, normal, read
from app.ui.commands import shortcuts

ODD = ("\u0131", "\u017fpace", "\u212a", "\xa0", "")
texts = st.lists(
    st.sampled_from([*KEYS, *MODIFIERS, "meta", "WIN", "escape", " ", "", *ODD]),
    min_size=1,
    max_size=5,
).map("+".join)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Ctrl+Alt+Space", "Ctrl+Alt+Space"),
        (" alt + CONTROL+space ", "Ctrl+Alt+Space"),
        ("Meta+escape", "Super+Esc"),
        ("win+ctrl+1", "Ctrl+Super+1"),
        ("f9", "F9"),
        ("shift+F12", "Shift+F12"),
        ("Scroll Lock", "ScrollLock"),
        ("media play", "Media Play"),
        ("ctrl+ctrl+a", "Ctrl+A"),
        ("Ctrl+,", "Ctrl+,"),
    ],
)
def test_every_spelling_has_one_form(text, written):
    assert str(read(text)) == written and normal(text) == written


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Space", "needed for typing.* Add Ctrl"),
        ("Shift+A", "needed for typing"),
        ("Ctrl+Alt", "modifier alone"),
        ("Ctrl+", "no key “”"),
        ("Ctrl+Nothing", "no key “nothing”"),
        ("A+B", "no key “a”"),
        ("Ctrl+C", "needed by every program"),
        ("Ctrl+Shift+V", "needed by every program"),  # we paste into terminals with it
        ("Ctrl+" + "x" * 500, "no key “x{30}”"),
    ],
)
def test_what_is_no_global_key_is_told_with_a_reason(text, says):
    assert re.search(says, fault_of(text)) and "\n" not in fault_of(text)


@pytest.mark.parametrize("text", ["", " ", "F9", "Pause", "Ctrl+Alt+V"])
def test_a_good_key_and_none_at_all_have_no_fault(text):
    assert fault_of(text) == ""


@given(texts | st.text(max_size=20))
def test_the_pattern_fits_what_can_be_read_and_nothing_else(text):
    fault = fault_of(text)
    assert (re.fullmatch(PATTERN, text) is not None) == (not fault or "needed by every program" in fault)


@given(st.sampled_from(KEYS), st.lists(st.sampled_from([*MODIFIERS]), min_size=1))
def test_what_is_written_is_read_again(key, modifiers):
    found = read("+".join([*modifiers, key]))
    assert read(str(found)) == found and normal(str(found)) == str(found)


@pytest.mark.parametrize("key", KEYS)
def test_every_key_has_a_name_that_qt_knows(key):
    sequence = QKeySequence(f"Ctrl+{key}")
    assert sequence.count() == 1
    assert normal(sequence.toString(QKeySequence.SequenceFormat.PortableText)) == f"Ctrl+{key}"


def test_a_key_for_two_things_or_of_the_window_is_told_once():
    window = [("Ctrl+R", "Start"), ("F5", "Look again")]
    told = conflicts({"toggle": "Ctrl+Alt+Space", "insert_last": "alt+ctrl+space", "take_back": "F5"}, window)
    assert set(told) == {"insert_last", "take_back"}
    assert "used twice" in told["insert_last"] and "“Look again” in the window" in told["take_back"]
    assert conflicts({"toggle": "", "insert_last": "", "take_back": "Space"}, window).keys() == {"take_back"}


def test_the_keys_of_a_fresh_machine_clash_with_nothing():
    ours = {"toggle": "Ctrl+Alt+Space", "insert_last": "Ctrl+Alt+V", "take_back": "Ctrl+Alt+Backspace"}
    assert conflicts(ours, shortcuts()) == {}
