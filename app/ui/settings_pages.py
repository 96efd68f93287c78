"""The pages of the settings dialog: one is shown, or what a search finds on any of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from app.ui.setting_row import RowView
from app.ui.settings_rows import Page


class PageView(QWidget):
    """A page: its title, a few sentences, its rows."""

    def __init__(self, page: Page, rows: Sequence[RowView], taken: str) -> None:
        """taken: letters that have a meaning already in the window."""
        super().__init__()
        self.page = page
        self.rows = tuple(rows)
        self._title = QLabel(page.title)
        self._intro = QLabel(page.intro)
        self._intro.setWordWrap(True)
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._title)
        column.addWidget(self._intro)
        for row, text in zip(rows, with_mnemonics([row.row.label for row in rows], taken), strict=True):
            row.set_mnemonic(text)
            column.addWidget(row)
        self._fit()
        self.search(())

    def search(self, words: Sequence[str]) -> int:
        """Show only the rows that have all these words, none: every row; returns how many are shown."""
        found = [row for row in self.rows if row.finds(words)]
        for row in self.rows:
            row.setVisible(row in found)
            row.mark(words)
        self._intro.setVisible(bool(self.page.intro) and not words)
        return len(found)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        """Title and gaps follow the size of the letters."""
        large = QFont()
        large.setPointSizeF(1.25 * self.font().pointSizeF())
        large.setWeight(QFont.Weight.DemiBold)
        self._title.setFont(large)
        self._column.setSpacing(round(0.9 * self.fontMetrics().height()))


class PagesView(QScrollArea):
    """All pages one below the other, of which one is shown, or what a search finds on any of them."""

    def __init__(self, pages: Sequence[PageView]) -> None:
        super().__init__()
        self.pages = tuple(pages)
        self._found = QLabel()
        self._found.setWordWrap(True)
        self._found.hide()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setSpacing(self.fontMetrics().height())
        column.addWidget(self._found)
        for page in pages:
            column.addWidget(page)
        column.addStretch(1)
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its rows take the keyboard

    @property
    def rows(self) -> list[RowView]:
        """Of all pages."""
        return [row for page in self.pages for row in page.rows]

    def turn(self, number: int) -> None:
        """Show one page, all of it."""
        self._found.hide()
        for at, page in enumerate(self.pages):
            page.search(())
            page.setVisible(at == number)
        self.verticalScrollBar().setValue(0)

    def search(self, text: str) -> None:
        """Show what has all the words of `text`, from every page, and say how much that is."""
        words = text.casefold().split()
        found = 0
        for page in self.pages:
            count = page.search(words)
            page.setVisible(count > 0)
            found += count
        self._found.setText(f"{found} found" if found else f"Nothing found for “{text.strip()}”. Try another word.")
        self._found.show()
        self.verticalScrollBar().setValue(0)

    def enter(self) -> None:
        """The keyboard goes to the first row that is shown and means something."""
        for row in self.rows:
            if row.isVisible() and row.isEnabled():
                row.editor.keyboard.setFocus(Qt.FocusReason.TabFocusReason)
                return


def with_mnemonics(labels: Sequence[str], taken: str) -> list[str]:
    """Each label with "&" before a letter that no other has, nor `taken`, the beginning of a word where it can be."""
    used, made = set(taken.casefold()), []
    for label in labels:
        beginnings = [match.start() for match in re.finditer(r"\b\w", label)]
        for at in (*beginnings, *range(len(label))):
            letter = label[at].casefold()
            if letter.isascii() and letter.isalnum() and letter not in used:
                used.add(letter)
                made.append(f"{label[:at]}&{label[at:]}")
                break
        else:
            made.append(label)
    return made
