"""A row of the settings dialog: a label beside a control, found by words and marked where they are."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFont, QMouseEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QBoxLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.ui.setting_editors import Editor
from app.ui.settings_rows import Row

_NARROW = 34  # widths of an "m": below that a control stands under its label
_BELOW = ("lines", "pairs")
_MARKED = '<span style="background-color: {}; color: {};">'


class RowLabel(QLabel):
    """The name of a setting; a click on it goes to the control, as its shortcut does."""

    clicked = Signal()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()


class RowView(QWidget):
    """A setting: its name, its control, what it does, and a note where the value calls for one."""

    def __init__(self, row: Row, editor: Editor, page: str) -> None:
        super().__init__()
        self.row = row
        self.editor = editor
        self._mnemonic = row.label
        self._marked: tuple[str, ...] = ()
        self._all_words = " ".join(
            (row.label, row.why, row.also, page, *(label for label, _ in row.options))
        ).casefold()
        self.label = RowLabel()
        self.label.setWordWrap(True)
        self.label.setBuddy(editor.keyboard)
        self.label.clicked.connect(self._go)
        bold = QFont()  # size and family stay the window's
        bold.setWeight(QFont.Weight.DemiBold)
        self.label.setFont(bold)
        self._why, self.note = QLabel(), QLabel()
        for text in (self._why, self.note):
            text.setWordWrap(True)
            text.setVisible(text is self._why and bool(row.why))
        editor.keyboard.setAccessibleName(row.label)
        editor.keyboard.setAccessibleDescription(row.why)
        slanted = QFont()
        slanted.setItalic(True)
        self.note.setFont(slanted)
        self._place()
        self.mark(())

    def finds(self, words: Iterable[str]) -> bool:
        """Whether each of these folded words is somewhere in what is said about the setting."""
        return all(word in self._all_words for word in words)

    def mark(self, words: Sequence[str]) -> None:
        """Highlight the words in label and explanation; none: as it is, with the shortcut's letter."""
        self._marked = tuple(words)
        if not words:
            self.label.setTextFormat(Qt.TextFormat.PlainText)
            self.label.setText(self._mnemonic)
            self._why.setTextFormat(Qt.TextFormat.PlainText)
            self._why.setText(self.row.why)
            return
        start = _MARKED.format(
            self._colour(QPalette.ColorRole.Highlight), self._colour(QPalette.ColorRole.HighlightedText)
        )
        for label, text in ((self.label, self.row.label), (self._why, self.row.why)):
            label.setTextFormat(Qt.TextFormat.RichText)
            label.setText(marked(text, words, start))

    def set_mnemonic(self, text: str) -> None:
        """The label with an "&" before the letter of its shortcut."""
        self._mnemonic = text
        self.mark(self._marked)

    def tell(self, note: str) -> None:
        """Say something about the value below the setting; "" says nothing."""
        self.note.setText(note)
        self.note.setVisible(bool(note))
        self.editor.keyboard.setAccessibleDescription(f"{self.row.why} {note}".strip())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        """Label and control share a line where there is room."""
        if self.row.kind != "switch":
            narrow = self.row.kind in _BELOW or self.width() < _NARROW * self.fontMetrics().horizontalAdvance("m")
            direction = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
            self._beside.setDirection(direction)
            for at, share in enumerate((0, 0) if narrow else (3, 2)):
                self._beside.setStretch(at, share)

    def _place(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(2)
        for text in (self.label, self._why, self.note):
            texts.addWidget(text)
        self._beside = QHBoxLayout(self)
        self._beside.setContentsMargins(0, 0, 0, 0)
        if self.row.kind == "switch":
            self._beside.addWidget(self.editor.widget, 0, Qt.AlignmentFlag.AlignTop)
            self._beside.addLayout(texts, 1)
        else:
            self._beside.addLayout(texts)
            self._beside.addWidget(self.editor.widget)

    def _go(self) -> None:
        keyboard = self.editor.keyboard
        if keyboard.isEnabled():
            keyboard.setFocus(Qt.FocusReason.ShortcutFocusReason)
            if isinstance(keyboard, QAbstractButton):
                keyboard.click()

    def _colour(self, role: QPalette.ColorRole) -> str:
        return self.palette().color(role).name()


def marked(text: str, words: Sequence[str], start: str) -> str:
    """`text` as HTML, every occurrence of a word, whatever its capitals, between `start` and </span>."""
    pattern = re.compile("|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)), re.IGNORECASE)
    made, at = "", 0
    for match in pattern.finditer(text):
        made += f"{html.escape(text[at : match.start()])}{start}{html.escape(match.group())}</span>"
        at = match.end()
    return made + html.escape(text[at:])
