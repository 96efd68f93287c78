"""One line for what went wrong and what to do about it; no boxes that stand in the way."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget


class NoticeBar(QFrame):
    """Hidden while there is nothing to say."""

    dismissed = Signal()  # by the user

    def __init__(self, kind: str = "notice", parent: QWidget | None = None) -> None:
        """kind: "notice" for what went wrong, "hint" for what may help; the style sheet knows them."""
        super().__init__(parent)
        self.setObjectName(kind)
        self._label = QLabel(self)
        self._label.setWordWrap(True)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        # A path without a space must not make the window as wide as itself.
        self._label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.button = QPushButton(self)
        self._run: Callable[[], None] | None = None
        self.button.clicked.connect(self._do)
        close = QToolButton(self)
        close.setText("✕")
        close.setAutoRaise(True)
        close.setAccessibleName("Dismiss this notice")
        close.setToolTip("Dismiss this notice")
        close.clicked.connect(self._dismiss)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 6, 6)
        layout.addWidget(self._label, 1)
        layout.addWidget(self.button)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    @property
    def text(self) -> str:
        return self._label.text()

    def show_notice(self, text: str, offer: str = "", run: Callable[[], None] | None = None) -> None:
        """Say `text`; nothing hides the bar. `offer` is the label of a button that calls `run` and closes the bar."""
        self._label.setText(text)
        self._label.setAccessibleName(text)
        self._run = run
        self.button.setText(offer)
        self.button.setVisible(bool(offer))
        self.setVisible(bool(text))

    def _dismiss(self) -> None:
        self.show_notice("")
        self.dismissed.emit()

    def _do(self) -> None:
        run = self._run
        self.show_notice("")
        if run is not None:
            run()
