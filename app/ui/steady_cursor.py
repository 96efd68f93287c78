"""Lets the program write into a text edit without disturbing the person who reads or writes there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QPlainTextEdit

PARAGRAPH_END = "\u2029"  # what Qt writes for a line's end in a selection


@contextmanager
def steady_cursor(edit: QPlainTextEdit) -> Iterator[None]:
    """Within it text may change anywhere: afterwards cursor and selection are where they were, and nothing scrolled."""
    cursor, scrolled = edit.textCursor(), edit.verticalScrollBar().value()
    anchor, position = cursor.anchor(), cursor.position()
    yield
    cursor = edit.textCursor()
    if (cursor.anchor(), cursor.position()) != (anchor, position):
        last = edit.document().characterCount() - 1
        cursor.setPosition(min(anchor, last))
        cursor.setPosition(min(position, last), QTextCursor.MoveMode.KeepAnchor)
        edit.setTextCursor(cursor)  # scrolls to it
        edit.verticalScrollBar().setValue(scrolled)


def selected_text(cursor: QTextCursor) -> str:
    """With line ends as Python writes them."""
    return cursor.selectedText().replace(PARAGRAPH_END, "\n")
