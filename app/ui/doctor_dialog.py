"""What works on this computer and what does not, as the checks come in."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.ui.icons import icon

_LAST_ROW = 1000  # takes what room the findings leave


class DoctorDialog(QDialog):
    """Shows findings one by one. Asks for another run through `run_requested`; the first one is the owner's."""

    run_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Check this computer")
        self.setWindowIcon(icon("app"))
        letters = self.fontMetrics()
        self.resize(88 * letters.averageCharWidth(), 22 * letters.lineSpacing())
        self._findings: list[tuple[str, bool, str]] = []
        self.status = QLabel()
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setAccessibleName("Findings")
        self.copy = QPushButton(icon("copy"), "&Copy")
        self.copy.setToolTip("Copy the findings as text")
        self.again = QPushButton(icon("refresh"), "&Run again")
        self.again.setToolTip("Check everything once more")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        for button in (self.copy, self.again):
            button.setAutoDefault(False)
            buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text))
        self.again.clicked.connect(self._run_again)
        column = QVBoxLayout(self)
        column.addWidget(self.status)
        column.addWidget(self._area, 1)
        column.addWidget(buttons)
        self.show_begun()

    @property
    def text(self) -> str:
        """The findings, a line each."""
        return "\n".join(f"{'ok' if ok else 'FAULT'}  {check}: {detail}" for check, ok, detail in self._findings)

    def show_begun(self) -> None:
        """A run has begun; earlier findings are gone."""
        self._findings = []
        self.status.setText("Checking…")
        self.again.setEnabled(False)
        self.copy.setEnabled(False)
        page = QWidget()
        self._rows = QGridLayout(page)
        self._rows.setColumnStretch(2, 1)
        self._rows.setRowStretch(_LAST_ROW, 1)
        self._area.setWidget(page)

    def show_finding(self, check: str, ok: bool, detail: str) -> None:
        """One check is over."""
        row = len(self._findings)
        self._findings.append((check, ok, detail))
        self.copy.setEnabled(True)
        sign = QLabel()
        height = self.fontMetrics().height()
        sign.setPixmap(icon("ok" if ok else "fault").pixmap(height, height))
        sign.setAccessibleName("in order" if ok else "fault")
        found = QLabel(detail)
        found.setTextFormat(Qt.TextFormat.PlainText)
        found.setWordWrap(True)
        for column, label in enumerate((sign, QLabel(check), found)):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._rows.addWidget(label, row, column, Qt.AlignmentFlag.AlignTop)

    def show_done(self) -> None:
        """The run is over."""
        faults = sum(not ok for _, ok, _ in self._findings)
        self.status.setText(
            f"{faults} of {len(self._findings)} checks found a fault." if faults else "All is in order."
        )
        self.again.setEnabled(True)

    def _run_again(self) -> None:
        self.show_begun()
        self.run_requested.emit()
