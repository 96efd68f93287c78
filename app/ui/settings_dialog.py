"""The settings: one searchable window, whose choices hold at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.setting_paths import value_at, with_value
from app.settings import Settings
from app.ui.setting_editors import make_editor
from app.ui.setting_row import RowView
from app.ui.settings_notes import notes, refusal
from app.ui.settings_pages import PagesView, PageView
from app.ui.settings_rows import PAGES, Page, Row, page_rows

Labelled = Sequence[tuple[str, str]]
_TYPING_MS = 400  # a pause in typing; what is half typed is no choice yet
_TYPED = ("text", "lines", "pairs")
_TAKEN = "du"  # letters of the buttons


class SettingsDialog(QDialog):
    """Shows settings and tells of every change at once; it keeps nothing and closes without asking.

    inputs     (label, value) pairs of the sound devices
    shortcuts  (what it does, keys), only shown
    folders    (what is in it, path), only shown, with the history
    look       the captions' own letters and background, "#rrggbb", for the warning about contrast
    """

    changed = Signal(Settings)

    def __init__(
        self,
        settings: Settings,
        inputs: Labelled,
        shortcuts: Labelled,
        folders: Labelled = (),
        look: tuple[str, str] = ("#ffffff", "#000000"),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self.setMinimumSize(320, 240)
        self.resize(720, 600)
        self._settings = settings
        self._before: tuple[str, Any] | None = None  # a group as it was before its defaults
        self._page_before = 0  # of a search
        self._look = look
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typing.timeout.connect(self._tell)
        self._typed: dict[str, Any] = {}  # by path, not told yet
        self.search = QLineEdit()
        self.list = QListWidget()
        self._restore = QPushButton("Restore &defaults")
        self._undo = QPushButton("&Undo")
        facts = {"Keys": shortcuts, "History": folders}
        self.pages = PagesView([self._page(page, facts.get(page.title, ())) for page in PAGES])
        self.rows = {view.row.path: view for view in self.pages.rows if view.row.path}
        self._build()
        self.offer("sound.input", inputs)
        for path, view in self.rows.items():
            view.editor.show(value_at(settings, path))
        self._look_over()
        self.list.setCurrentRow(0)

    def show_settings(self, settings: Settings) -> None:
        """The settings have changed elsewhere; tells nobody. What is being typed stays."""
        for path, value in self._typed.items():
            settings = with_value(settings, path, value)
        before, self._settings = self._settings, settings
        if self._before is not None and value_at(settings, self._before[0]) != value_at(before, self._before[0]):
            self._forget_restore()
        for path, view in self.rows.items():
            if value_at(settings, path) != value_at(before, path):
                view.editor.show(value_at(settings, path))
                view.tell("")
        self._look_over()

    def offer(self, path: str, options: Labelled) -> None:
        """What a choice ("sound.input", "captions.screen") is of, as (label, value) pairs; the chosen one stays."""
        offer = self.rows[path].editor.offer
        assert offer is not None
        offer(options)

    def open_page(self, title: str) -> None:
        """Show a page of PAGES."""
        self.list.setCurrentRow([page.title for page in PAGES].index(title))

    def hideEvent(self, event: QHideEvent) -> None:
        self.settle()
        super().hideEvent(event)

    def settle(self) -> None:
        """Take what is typed but not entered, and put back what could not be taken."""
        focus = self.focusWidget()
        if focus is not None:
            focus.clearFocus()  # an open cell of a table is entered by that
        for path, view in self.rows.items():
            if view.editor.settle is not None:
                view.editor.settle()
            elif view.row.kind in ("text", "keys") and view.note.text():
                view.editor.show(value_at(self._settings, path))
                view.tell("")
        self._look_over()
        if self._typed:
            self._tell()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The wheel changes no value that it happens to pass; what has the keyboard is in sight; Esc ends a search."""
        if not isinstance(watched, QWidget):
            return False
        if event.type() == QEvent.Type.Wheel and not watched.hasFocus():
            event.ignore()  # the page scrolls
            return True
        if event.type() == QEvent.Type.FocusIn and watched is not self.search:
            self.pages.ensureWidgetVisible(watched)
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._key_in_search(event.key())
        return False

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit_list()
        elif event.type() == QEvent.Type.PaletteChange and self.search.text():
            self._search(self.search.text())

    def _page(self, page: Page, facts: Labelled) -> PageView:
        views = [self._row(row, page.title) for row in page_rows(page)]
        for label, text in facts:
            view = self._row(Row("", label, "", "shown", also=text), page.title)
            view.editor.show(text)
            views.append(view)
        return PageView(page, views, _TAKEN)

    def _row(self, row: Row, page: str) -> RowView:
        editor = make_editor(row, lambda value: self._take(row, value))
        editor.keyboard.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        editor.keyboard.installEventFilter(self)
        return RowView(row, editor, page)

    def _build(self) -> None:
        self.search.setPlaceholderText("Search the settings")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search the settings")
        self.search.setToolTip("Search the settings (Ctrl+F)")
        self.search.textChanged.connect(self._search)
        self.search.installEventFilter(self)
        self.list.setAccessibleName("Pages")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.addItems([page.title for page in PAGES])
        self.list.currentRowChanged.connect(self._turn)
        middle = QHBoxLayout()
        middle.addWidget(self.list)
        middle.addWidget(self.pages, 1)
        whole = QVBoxLayout(self)
        whole.addWidget(self.search)
        whole.addLayout(middle, 1)
        whole.addLayout(self._buttons())
        for keys, run in (
            (QKeySequence(QKeySequence.StandardKey.Find), self._go_to_search),
            (QKeySequence("Ctrl+PgDown"), lambda: self._step(1)),
            (QKeySequence("Ctrl+PgUp"), lambda: self._step(-1)),
        ):
            QShortcut(keys, self, run)
        self._fit_list()
        self.list.setFocus()

    def _buttons(self) -> QHBoxLayout:
        close = QPushButton("Close")
        self._restore.clicked.connect(self._restore_page)
        self._undo.clicked.connect(self._undo_restore)
        self._undo.hide()
        close.clicked.connect(self.close)
        close.setToolTip("Close (Esc)")
        row = QHBoxLayout()
        for button in (self._restore, self._undo, close):
            button.setAutoDefault(False)  # Enter belongs to the control that has the keyboard
            if button is close:
                row.addStretch(1)
            row.addWidget(button)
        return row

    def _fit_list(self) -> None:
        frame = 2 * self.list.frameWidth()
        self.list.setFixedWidth(self.list.sizeHintForColumn(0) + frame + self.fontMetrics().horizontalAdvance("mm"))

    def _turn(self, number: int) -> None:
        """Show the page that was chosen; a search is over then."""
        if number < 0:
            return
        self._page_before = number
        with QSignalBlocker(self.search):
            self.search.clear()
        self.pages.turn(number)
        self._restore.setEnabled(bool(PAGES[number].group))
        self._restore.setToolTip(f"All settings of the page {PAGES[number].title} as they were at first")

    def _step(self, by: int) -> None:
        self.list.setCurrentRow((max(0, self.list.currentRow()) + by) % len(PAGES))

    def _search(self, text: str) -> None:
        """Show what is found; with nothing to look for, the page that was there before."""
        if text.split():
            self.list.setCurrentRow(-1)
            self._restore.setEnabled(False)
            self.pages.search(text)
        elif self.list.currentRow() < 0:
            self.list.setCurrentRow(self._page_before)

    def _go_to_search(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _key_in_search(self, key: int) -> bool:
        """Esc empties the field, Down and Enter go on to what was found; returns whether the key was one of these."""
        if key == Qt.Key.Key_Escape and self.search.text():
            self.search.clear()
            return True
        if key in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.pages.enter()
            return True
        return False

    def _take(self, row: Row, value: Any) -> None:
        """The user has chosen `value`."""
        view = self.rows[row.path]
        refused = refusal(row, value)
        if refused:
            view.tell(refused)
            return
        view.tell("")
        if self._before is not None and row.path.startswith(f"{self._before[0]}."):
            self._forget_restore()
        if value == value_at(self._settings, row.path):
            return
        self._settings = with_value(self._settings, row.path, value)
        self._look_over()
        if row.kind in _TYPED:
            self._typed[row.path] = value
            self._typing.start()
        else:
            self._tell()

    def _tell(self) -> None:
        self._typing.stop()
        self._typed.clear()
        self.changed.emit(self._settings)

    def _restore_page(self) -> None:
        group = PAGES[self.list.currentRow()].group
        before = (group, value_at(self._settings, group))
        self._put_group(group, value_at(Settings(), group))
        self._before = before
        self._undo.setToolTip("Bring back what the page held before")
        self._undo.show()

    def _undo_restore(self) -> None:
        if self._before is not None:
            self._put_group(*self._before)
            self._forget_restore()
            self._restore.setFocus()

    def _forget_restore(self) -> None:
        self._before = None
        self._undo.hide()

    def _put_group(self, group: str, value: Any) -> None:
        self._settings = with_value(self._settings, group, value)
        for path, view in self.rows.items():
            if path.startswith(f"{group}."):
                view.editor.show(value_at(self._settings, path))
                view.tell("")
        self._look_over()
        self._tell()

    def _look_over(self) -> None:
        """What means nothing now is grey; what calls for a word gets it."""
        for view in self.rows.values():
            if view.row.needs:
                view.setEnabled(bool(value_at(self._settings, view.row.needs)))
        for path, note in notes(self._settings, self._look).items():
            self.rows[path].tell(note)
