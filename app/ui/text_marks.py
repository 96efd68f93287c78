"""Stretches of a text that stand out for a while: what was found, and what is being played."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QPalette, QTextCursor, QTextDocument
from PySide6.QtWidgets import QTextEdit

Span = tuple[int, int]  # from a position to another


def marks(
    document: QTextDocument, palette: QPalette, found: Sequence[Span], playing: Sequence[Span]
) -> list[QTextEdit.ExtraSelection]:
    """As a text edit takes them; what is played stands out more."""
    role = QPalette.ColorRole
    made = []
    for spans, paper, ink in ((found, role.Midlight, role.Text), (playing, role.Highlight, role.HighlightedText)):
        for begin, end in spans:
            mark = QTextEdit.ExtraSelection()
            mark.cursor = QTextCursor(document)
            mark.cursor.setPosition(begin)
            mark.cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
            mark.format.setBackground(palette.color(paper))
            mark.format.setForeground(palette.color(ink))
            made.append(mark)
    return made
