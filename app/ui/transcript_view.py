"""The transcript: settled text as it is, tentative text lighter; only what changed is ever written anew.

A plain text edit lays out a paragraph when it comes into sight and again when it changes, so hours of text cost no more
than a screenful; selection, copying and reading aloud are Qt's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFontInfo,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QResizeEvent,
    QTextCursor,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QWidget

from app.ui.follow_chip import FollowChip
from app.ui.steady_cursor import selected_text, steady_cursor
from app.ui.text_marks import Span, marks
from app.ui.time_gutter import TimeGutter
from app.ui.transcript_layout import Edit, TranscriptLayout, qt_length
from app.ui.transcript_runs import Run, closed_runs, new_runs, open_runs
from s2t_core.transcript import TranscriptDocument

_LETTERS = 1.35  # times the application's font


class TranscriptView(QPlainTextEdit):
    """Shows a TranscriptDocument, follows its end unless scrolled away, and lets closed text be written over."""

    edited = Signal(Edit)  # the owner answers with `show_document`
    undo_requested = Signal()
    redo_requested = Signal()
    word_chosen = Signal(int, int)  # closed item and word that are to be heard
    scale_requested = Signal(int)  # steps larger, or smaller

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setUndoRedoEnabled(False)  # Qt would undo what was dictated; the owner undoes what was edited
        self.setAccessibleName("Transcript")
        self.setTabChangesFocus(True)
        self.setAcceptDrops(False)  # files are for the window; text that is dragged would leave its place in the sound
        self.setPlaceholderText("Press Start and speak.")
        self.document().setDocumentMargin(14)
        self._layout = TranscriptLayout()
        self._tail: list[Run] = []
        self._tail_length = 0
        self._doubt = 0.0
        self._writes = False
        self._pending: tuple[int, int] | None = None  # of a change by hand: what stays before it, and behind it
        self._follows = True
        self._scale = 1.0
        self._playing: Sequence[Span] = ()
        self._found: Sequence[Span] = ()
        self.gutter = TimeGutter(self, lambda position: self._layout.time_at(position))
        self.chip = FollowChip(self)
        self.chip.clicked.connect(self.follow)
        self.set_text_scale(1.0)
        self.document().contentsChange.connect(self._note_change)
        self.textChanged.connect(self._take_change)
        # More text or a smaller window changes the range, never the value; only somebody who scrolls changes that.
        self.verticalScrollBar().rangeChanged.connect(self._keep_following)
        self.verticalScrollBar().valueChanged.connect(self._see_where)
        self.updateRequest.connect(self.gutter.follow_scroll)

    def show_document(self, document: TranscriptDocument) -> None:
        """Make the text that of `document`; what is the same stays as it is."""
        self._write(document)
        self._keep_following()

    def show_timestamps(self, shown: bool) -> None:
        """Show beside each paragraph when it was said."""
        self.gutter.setVisible(shown)
        self._place_gutter()

    def mark_doubt(self, below: float) -> None:
        """Underline words of less confidence; 0: none."""
        if below != self._doubt:
            self._doubt = below
            self._rewrite()

    def set_text_scale(self, scale: float) -> None:
        """Letters so many times as large as usual."""
        self._scale = scale
        font = QApplication.font()
        size_pt = QFontInfo(font).pointSizeF() * _LETTERS * scale  # a font may be given in pixels
        if abs(self.font().pointSizeF() - size_pt) > 0.01:
            font.setPointSizeF(size_pt)
            self.setFont(font)
            self._place_gutter()
            self._keep_following()

    def follow(self) -> None:
        """Go to the end and stay there."""
        self._follows = True
        self._keep_following()

    def show_playing(self, index: int, number: int) -> None:
        """Highlight a word of a closed item; nothing where `index` is negative."""
        self._playing = [self._layout.span_of(index, number)] if index >= 0 else []
        self._show_marks()

    def show_matches(self, spans: Sequence[Span]) -> None:
        """Mark what was found, each from a position to another."""
        self._found = spans
        self._show_marks()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and _undoes(event):
            event.ignore()  # the window's own undo takes it
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self._choose_word(self.textCursor().position())
        elif event.matches(QKeySequence.StandardKey.Undo):
            self.undo_requested.emit()
        elif event.matches(QKeySequence.StandardKey.Redo):
            self.redo_requested.emit()
        else:
            super().keyPressEvent(event)
            if event.matches(QKeySequence.StandardKey.MoveToEndOfDocument):
                self.follow()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        if event.modifiers() == Qt.KeyboardModifier.ControlModifier and event.button() == Qt.MouseButton.LeftButton:
            self._choose_word(self.cursorForPosition(event.position().toPoint()).position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        hears = event.modifiers() == Qt.KeyboardModifier.ControlModifier
        shape = Qt.CursorShape.PointingHandCursor if hears else Qt.CursorShape.IBeamCursor
        self.viewport().setCursor(shape)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.createStandardContextMenu()
        position = self.cursorForPosition(event.pos()).position()
        hear = menu.addAction("Hear this word\tCtrl+Space", lambda: self._choose_word(position))
        hear.setEnabled(self._layout.word_at(position) is not None)
        menu.exec(event.globalPos())
        menu.deleteLater()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.scale_requested.emit(1 if event.angleDelta().y() > 0 else -1)
        else:
            super().wheelEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_gutter()
        self.chip.place(not self._follows)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "chip"):  # light became dark
            self._rewrite()
        elif event.type() == QEvent.Type.ApplicationFontChange:
            self.set_text_scale(self._scale)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """What changes within is not the user's doing."""
        self._writes = True
        try:
            with steady_cursor(self):
                yield
        finally:
            self._writes = False

    def _write(self, document: TranscriptDocument) -> None:
        layout = self._layout
        head, tail = layout.same_items(document)
        length = len(layout.document.closed)
        begin = layout.end_of(head - 1) if head else 0
        behind = layout.end - (layout.end_of(length - tail - 1) if length > tail else 0)
        layout.replace(document, head, tail)
        indexes = range(head, len(document.closed) - tail)
        runs = [run for index in indexes for run in closed_runs(document, index, self.palette(), self._doubt)]
        closed_end = self.document().characterCount() - 1 - self._tail_length
        with self._writing():
            self._put(begin, closed_end - behind, runs)
            self._write_tail()

    def _write_tail(self) -> None:
        document, begin = self._layout.document, self._layout.end
        runs = [run for index in range(len(document.open)) for run in open_runs(document, index, self.palette())]
        last = self.document().characterCount() - 1
        kept, rest = new_runs(self._tail, runs) if last == begin + self._tail_length else (0, runs)
        if rest or last > begin + kept:
            self._put(begin + kept, last, rest)
        self._tail, self._tail_length = runs, sum(qt_length(text) for text, _ in runs)

    def _put(self, begin: int, end: int, runs: list[Run]) -> None:
        """Make the text from `begin` to `end` that of the runs; where it is so already only its look changes."""
        cursor = self._cursor(begin, end)
        if selected_text(cursor) == "".join(text for text, _ in runs):
            for text, look in runs:
                cursor = self._cursor(begin, begin + qt_length(text))
                cursor.setCharFormat(look)
                begin += qt_length(text)
            return
        cursor.beginEditBlock()
        cursor.removeSelectedText()
        for text, look in runs:
            cursor.insertText(text, look)
        cursor.endEditBlock()

    def _rewrite(self) -> None:
        """Everything anew, in other colours or after an edit that cannot be."""
        document = self._layout.document
        self._layout, self._tail, self._tail_length = TranscriptLayout(), [], 0
        with self._writing():
            self._put(0, self.document().characterCount() - 1, [])
        self.show_document(document)

    def _cursor(self, begin: int, end: int) -> QTextCursor:
        cursor = QTextCursor(self.document())
        cursor.setPosition(begin)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        return cursor

    def _note_change(self, position: int, removed: int, added: int) -> None:
        if self._writes:
            return
        behind = max(0, self.document().characterCount() - 1 - position - added)
        before, after = self._pending or (position, behind)
        self._pending = min(before, position), min(after, behind)

    def _take_change(self) -> None:
        """Somebody typed, pasted or deleted: tell the owner of closed text, take back the rest."""
        if self._pending is None:
            return
        (begin, behind), self._pending = self._pending, None
        end, last = self._layout.end, self.document().characterCount() - 1
        if begin <= end and self._tail_stands(last):
            behind = max(behind, self._tail_length)  # an input method tells of the whole paragraph
        old_end, new_end = end + self._tail_length - behind, last - behind
        if behind < self._tail_length:  # what is still spoken was touched as well: it is written anew
            old_end, new_end = end, new_end if begin <= end else end
            with self._writing():
                self._put(new_end, last, [])
            self._tail, self._tail_length = [], 0
        try:
            new = selected_text(self._cursor(begin, new_end)) if begin <= end else ""
            edit = self._layout.edit(begin, old_end - begin, new) if begin <= end else None
        except ValueError:  # a name
            self._rewrite()
            return
        if edit is not None:
            self.edited.emit(edit)
        else:
            self.show_document(self._layout.document)

    def _show_marks(self) -> None:
        self.setExtraSelections(marks(self.document(), self.palette(), self._found, self._playing))

    def _tail_stands(self, last: int) -> bool:
        """Whether the text still ends with what is open."""
        text = selected_text(self._cursor(max(0, last - self._tail_length), last))
        return text == "".join(text for text, _ in self._tail)

    def _choose_word(self, position: int) -> None:
        found = self._layout.word_at(position)
        if found is not None:
            self.word_chosen.emit(*found)

    def _keep_following(self) -> None:
        bar = self.verticalScrollBar()
        self._follows = self._follows or bar.maximum() == 0  # there is nothing else to see
        if self._follows:
            bar.setValue(bar.maximum())
        self.chip.place(not self._follows)

    def _see_where(self, value: int) -> None:
        if self._writes:
            return
        self._follows = value >= self.verticalScrollBar().maximum()
        self.chip.place(not self._follows)

    def _place_gutter(self) -> None:
        width = self.gutter.width_needed() if self.gutter.isVisibleTo(self) else 0
        self.setViewportMargins(width, 0, 0, 0)
        inside = self.contentsRect()
        self.gutter.setGeometry(inside.left(), inside.top(), width, inside.height())


def _undoes(event: QEvent) -> bool:
    keys = QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo
    return isinstance(event, QKeyEvent) and any(event.matches(one) for one in keys)
