"""The transcript: settled text as it is, tentative text lighter, and only the tail of it ever rewritten."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtGui import QColor, QPalette, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QTextEdit, QWidget

from s2t_core.transcript import TranscriptDocument

# Share of the text's own colour in the tentative text; the rest is the background. 0.55 is a contrast of over 3:1
# on white and on dark grey, and still clearly lighter.
_TENTATIVE_INK = 0.55


class TranscriptView(QTextEdit):
    """Shows a TranscriptDocument. Text can be selected and copied; it follows the end unless scrolled away."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setAcceptRichText(False)
        self.setAccessibleName("Transcript")
        self.setPlaceholderText("Press Start and speak.")
        self.document().setDocumentMargin(14)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.35)
        self.setFont(font)
        self._settled = ""
        self._tentative = ""
        self._follows = True
        # More text or a smaller window changes the range, never the value; only somebody who scrolls changes that.
        self.verticalScrollBar().rangeChanged.connect(self._follow)
        self.verticalScrollBar().valueChanged.connect(self._see_where)

    def show_document(self, document: TranscriptDocument) -> None:
        """Append what has settled since the last call and replace the tentative end."""
        settled = document.settled_text
        if not settled.startswith(self._settled):  # another document
            self.clear()
            self._settled = self._tentative = ""
        new, self._settled = settled[len(self._settled) :], settled
        if (new, document.tentative_text) != ("", self._tentative):
            self._replace_end(new, document.tentative_text)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:  # light became dark
            self._replace_end("", self._tentative)

    def _replace_end(self, settled: str, tentative: str) -> None:
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.beginEditBlock()
        cursor.movePosition(
            QTextCursor.MoveOperation.Left, QTextCursor.MoveMode.KeepAnchor, _qt_length(self._tentative)
        )
        cursor.removeSelectedText()
        cursor.insertText(settled, QTextCharFormat())
        cursor.insertText(tentative, self._tentative_format())
        cursor.endEditBlock()
        self._tentative = tentative

    def _tentative_format(self) -> QTextCharFormat:
        look = QTextCharFormat()
        look.setForeground(tentative_colour(self.palette()))
        return look

    def _follow(self) -> None:
        bar = self.verticalScrollBar()
        if self._follows:
            bar.setValue(bar.maximum())

    def _see_where(self, value: int) -> None:
        self._follows = value >= self.verticalScrollBar().maximum() - 16


def tentative_colour(palette: QPalette) -> QColor:
    """Between the text's colour and the background's."""
    ink, paper = palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.Base)

    def mixed(a: int, b: int) -> int:
        return round(_TENTATIVE_INK * a + (1 - _TENTATIVE_INK) * b)

    return QColor(mixed(ink.red(), paper.red()), mixed(ink.green(), paper.green()), mixed(ink.blue(), paper.blue()))


def _qt_length(text: str) -> int:
    """Qt counts UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2
