"""The window: asks through signals and shows what it is told; it knows neither engine nor devices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QGuiApplication, QIcon, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.paths import resources
from app.state import State
from app.ui.level_meter import LevelMeter
from app.ui.notice_bar import NoticeBar
from app.ui.transcript_view import TranscriptView
from s2t_core.transcript import TranscriptDocument

_METER_MS = 33
_SAID_MS = 4000
_LAG_S = 3  # a smaller one is the ordinary way from sound to text
_STATUS = {
    State.IDLE: "Ready.",
    State.ARMING: "Waiting for sound…",
    State.LISTENING: "Listening.",
    State.DRAINING: "Writing the last words…",
    State.FAILED: "Not working.",
}


class MainWindow(QMainWindow):
    """Start/Stop, input, level, transcript, copy and save."""

    start_requested = Signal(str)  # the chosen input
    stop_requested = Signal()
    inputs_requested = Signal()  # look for devices again
    save_requested = Signal(str)  # path
    level_requested = Signal()  # a tick of the meter

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("Dictate")
        self.setWindowIcon(_icon("app"))
        self.setMinimumSize(480, 320)
        self.resize(760, 520)
        self._state = State.IDLE
        self._model = ""
        self._lag_s = 0
        self.toggle = QPushButton()
        self.inputs = QComboBox()
        self._refresh = QToolButton()
        self.meter = LevelMeter()
        self.notice = NoticeBar()
        self.view = TranscriptView()
        self._status = QLabel()
        self._ticks = QTimer(self)
        self._ticks.setInterval(_METER_MS)
        self._ticks.timeout.connect(self.level_requested)
        self._said = QTimer(self)
        self._said.setSingleShot(True)
        self._said.timeout.connect(self._show_status)
        self._copy = self._action("Copy", "copy", QKeySequence("Ctrl+Shift+C"), self._copy_text)
        self._save = self._action("Save…", "save", QKeySequence(QKeySequence.StandardKey.Save), self._ask_where)
        self._build()
        self.show_state(State.IDLE)
        self.show_document(TranscriptDocument())

    def show_inputs(self, names: Sequence[tuple[str, str]]) -> None:
        """Offer inputs as (label, value); the chosen one stays chosen if it is still there."""
        chosen = self.inputs.currentData()
        self.inputs.clear()
        for label, value in names:
            self.inputs.addItem(label, value)
        self.inputs.setCurrentIndex(max(0, self.inputs.findData(chosen)))

    def show_state(self, state: State) -> None:
        """Make everything look like `state`."""
        self._state = state
        recording = state in (State.ARMING, State.LISTENING)
        self.toggle.setText("Stop" if recording else "Start")
        self.toggle.setIcon(_icon("stop" if recording else "record"))
        self.toggle.setAccessibleName("Stop dictation" if recording else "Start dictation")
        self.toggle.setEnabled(state not in (State.DRAINING, State.FAILED))
        self.inputs.setEnabled(state is State.IDLE)
        self._refresh.setEnabled(state is State.IDLE)
        if recording:
            self._ticks.start()
        else:
            self._ticks.stop()
            self.meter.reset()
        self._show_status()

    def show_model(self, description: str) -> None:
        """The model is loaded."""
        self._model = description
        self._show_status()

    def show_lag(self, lag_s: int) -> None:
        """So many seconds of sound are not transcribed yet."""
        before, self._lag_s = self._lag_s, lag_s
        if max(before, lag_s) >= _LAG_S:
            self._show_status()

    def show_document(self, document: TranscriptDocument) -> None:
        """Show the transcript."""
        self.view.show_document(document)
        for action in (self._copy, self._save):
            action.setEnabled(bool(document.text))

    def say(self, text: str) -> None:
        """Tell in the status line, for a moment, that something has been done."""
        self._status.setText(text)
        self._said.start(_SAID_MS)

    def _build(self) -> None:
        # Not the button's own shortcut: Qt forgets that one whenever the text changes.
        QShortcut(QKeySequence("Ctrl+R"), self, self.toggle.click)
        self.toggle.setToolTip("Start or stop dictation (Ctrl+R)")
        self.toggle.setMinimumWidth(110)
        self.toggle.clicked.connect(self._toggle)
        self.inputs.setAccessibleName("Input device")
        self.inputs.setToolTip("Where the sound comes from")
        self.inputs.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.inputs.setMinimumContentsLength(16)
        self._refresh.setIcon(_icon("refresh"))
        self._refresh.setAutoRaise(True)
        self._refresh.setAccessibleName("Look for input devices again")
        self._refresh.setToolTip("Look for input devices again")
        self._refresh.clicked.connect(self.inputs_requested.emit)
        top = QHBoxLayout()
        for widget, stretch in ((self.toggle, 0), (self.inputs, 1), (self._refresh, 0), (self.meter, 0)):
            top.addWidget(widget, stretch)
        bottom = QHBoxLayout()
        bottom.addWidget(self._status, 1)
        for action in (self._copy, self._save):
            button = QToolButton()
            button.setDefaultAction(action)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setAutoRaise(True)
            bottom.addWidget(button)
        column = QVBoxLayout()
        column.addLayout(top)
        column.addWidget(self.notice)
        column.addWidget(self.view, 1)
        column.addLayout(bottom)
        page = QWidget()
        page.setLayout(column)
        self.setCentralWidget(page)
        self.toggle.setFocus()

    def _action(self, text: str, icon: str, shortcut: QKeySequence, run: Callable[[], None]) -> QAction:
        action = QAction(_icon(icon), text, self)
        action.setShortcut(shortcut)
        action.setToolTip(f"{text} ({shortcut.toString(QKeySequence.SequenceFormat.NativeText)})")
        action.triggered.connect(run)
        self.addAction(action)
        return action

    def _show_status(self) -> None:
        loading = "" if self._model or self._state is State.FAILED else " The model is loading."
        model = f" Model: {self._model}." if self._model and self._state is State.IDLE else ""
        behind = f" The text is {self._lag_s} s behind." if self._model and self._lag_s >= _LAG_S else ""
        self._status.setText(_STATUS[self._state] + loading + model + behind)

    def _toggle(self) -> None:
        if self._state in (State.ARMING, State.LISTENING):
            self.stop_requested.emit()
        else:
            self.start_requested.emit(self.inputs.currentData() or "")

    def _copy_text(self) -> None:
        QGuiApplication.clipboard().setText(self.view.toPlainText())
        self.say("Copied.")

    def _ask_where(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save the transcript", "dictation.txt", "Text (*.txt)")
        if path:
            self.save_requested.emit(path)


def _icon(name: str) -> QIcon:
    return QIcon(str(resources() / "icons" / f"{name}.svg"))
