"""Looks for words in a transcript while it may still grow."""

from __future__ import annotations

import bisect

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut, QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QWidget

from app.ui.transcript_layout import qt_length
from app.ui.transcript_view import TranscriptView

_MARKED = 300  # matches around the current one that are highlighted: more than a screen holds


class FindBar(QWidget):
    """A line to type in, the number of matches, and the way from one to the next. Hidden until `open`."""

    def __init__(self, view: TranscriptView) -> None:
        super().__init__()
        self._view = view
        self._matches: list[int] = []
        self._current = -1
        self.field = QLineEdit()
        self.field.setPlaceholderText("Find in the transcript")
        self.field.setAccessibleName("Find in the transcript")
        self.field.setClearButtonEnabled(True)
        self.count = QLabel()
        self.previous = _button("Previous match (Shift+Enter)", Qt.ArrowType.UpArrow)
        self.next = _button("Next match (Enter, F3)", Qt.ArrowType.DownArrow)
        close = _button("Close (Esc)", Qt.ArrowType.NoArrow)
        close.setText("✕")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (self.field, self.count, self.previous, self.next, close):
            row.addWidget(widget)
        self.field.textChanged.connect(self._search)
        self.field.returnPressed.connect(self._enter)
        self.previous.clicked.connect(lambda: self.step(-1))
        self.next.clicked.connect(lambda: self.step(1))
        close.clicked.connect(self.close_bar)
        QShortcut(QKeySequence(QKeySequence.StandardKey.FindNext), self, lambda: self.step(1))
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self.close_bar, context=_WITHIN)
        view.document().contentsChange.connect(self._follow_change)
        self.hide()

    def open(self) -> None:
        """Show it, with what is selected in the transcript."""
        selected = self._view.textCursor().selectedText()
        self.show()
        if selected and "\u2029" not in selected:
            self.field.setText(selected)
        self.field.setFocus()
        self.field.selectAll()
        self._search()

    def close_bar(self) -> None:
        """Hide it and go back to the text."""
        self.hide()
        self._view.show_matches([])
        self._view.setFocus()

    def step(self, by: int) -> None:
        """Go to the next match, or so many further; round at the ends."""
        if self._matches:
            self._current = (self._current + by) % len(self._matches)
            cursor = QTextCursor(self._view.document())
            cursor.setPosition(self._matches[self._current])
            self._view.setTextCursor(cursor)
            self._view.ensureCursorVisible()
        self._show()

    def _enter(self) -> None:
        back = QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier
        self.step(-1 if back else 1)

    def _search(self) -> None:
        """All of the text, from the cursor on."""
        self._matches = self._found_from(0)
        here = self._view.textCursor().selectionStart()
        self._current = bisect.bisect_left(self._matches, here) - 1
        self.step(1)

    def _follow_change(self, position: int, removed: int, added: int) -> None:
        """Text was written: what stands behind it is searched anew."""
        if self.isHidden() or not self.field.text():
            return
        begin = self._view.document().findBlock(position).position()
        before = self._matches[: bisect.bisect_left(self._matches, begin)]
        self._matches = before + self._found_from(begin)
        self._current = min(self._current, len(self._matches) - 1)
        self._show()

    def _found_from(self, position: int) -> list[int]:
        wanted = self.field.text().lower()
        found: list[int] = []
        block = self._view.document().findBlock(position)
        while wanted and block.isValid():
            text, before, position = block.text().lower(), 0, block.position()
            at = text.find(wanted)
            while at >= 0:
                position += qt_length(text[before:at])
                found.append(position)
                before, at = at, text.find(wanted, at + len(wanted))
            block = block.next()
        return found

    def _show(self) -> None:
        length = qt_length(self.field.text())
        around = self._matches[max(0, self._current - _MARKED) : self._current + _MARKED]
        end = self._view.document().characterCount() - 1
        self._view.show_matches([(at, min(at + length, end)) for at in around])
        if not self.field.text():
            self.count.setText("")
        else:
            self.count.setText(f"{self._current + 1} of {len(self._matches)}" if self._matches else "Not found")
        for button in (self.previous, self.next):
            button.setEnabled(len(self._matches) > 0)


_WITHIN = Qt.ShortcutContext.WidgetWithChildrenShortcut


def _button(name: str, arrow: Qt.ArrowType) -> QToolButton:
    button = QToolButton()
    button.setArrowType(arrow)
    button.setAutoRaise(True)
    button.setAccessibleName(name)
    button.setToolTip(name)
    return button
