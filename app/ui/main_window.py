"""The window: asks through signals and shows what it is told; it knows neither engine nor devices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.state import State
from app.ui.commands import build_menus
from app.ui.find_bar import FindBar
from app.ui.icons import icon
from app.ui.level_meter import LevelMeter
from app.ui.notice_bar import NoticeBar
from app.ui.tips import plain_tip
from app.ui.transcript_view import TranscriptView
from s2t_core.transcript import TranscriptDocument

_METER_MS = 33
_SAID_MS = 4000
_LAG_S = 3  # a smaller one is the ordinary way from sound to text
BESIDE = "What the computer plays is recorded as well"
_STATUS = {
    State.IDLE: "Ready.",
    State.ARMING: "Waiting for sound…",
    State.LISTENING: "Listening.",
    State.PAUSING: "Writing the last words…",
    State.PAUSED: "Paused.",
    State.DRAINING: "Writing the last words…",
    State.FAILED: "Not working.",
}


class MainWindow(QMainWindow):
    """Start, pause and stop, input, level, transcript; what else can be asked for are `actions`, by their names."""

    start_requested = Signal(str)  # the chosen input
    pause_requested = Signal()
    resume_requested = Signal(str)  # the chosen input
    stop_requested = Signal()
    level_requested = Signal()  # a tick of the meter
    input_chosen = Signal(str)
    closing = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("Dictate")
        self.setWindowIcon(icon("app"))
        letter = self.fontMetrics().averageCharWidth()
        self.setMinimumSize(60 * letter, 40 * letter)
        self.resize(max(820, 100 * letter), max(560, 70 * letter))
        self.actions_by_name: dict[str, QAction] = build_menus(self)
        self.before_closing: Callable[[], bool] = lambda: True  # whether it may close now
        self._state = State.IDLE
        self._model = ""
        self._lag_s = self._time_s = 0
        self.toggle, self.pause = QPushButton(), QPushButton()
        self.inputs = QComboBox()
        self._beside = QLabel("+ computer")
        self.meter = LevelMeter()
        self.notice = NoticeBar()
        self.hint = NoticeBar("hint")
        self.view = TranscriptView()
        self.find_bar = FindBar(self.view)
        self._status, self._lag, self._lost = QLabel(), QLabel(), QLabel()
        self._status.setTextFormat(Qt.TextFormat.PlainText)
        self._ticks = QTimer(self)
        self._ticks.setInterval(_METER_MS)
        self._ticks.timeout.connect(self.level_requested)
        self._said = QTimer(self)
        self._said.setSingleShot(True)
        self._said.timeout.connect(self._show_status)
        self._build()
        self._connect()
        self.show_state(State.IDLE)
        self.show_document(TranscriptDocument())

    def on(self, name: str, run: Callable[[], object]) -> None:
        """Call `run` whenever command `name` is asked for."""
        self.actions_by_name[name].triggered.connect(lambda *_: run())

    def show_inputs(self, names: Sequence[tuple[str, str]]) -> None:
        """Offer inputs as (label, value); the chosen one stays chosen if it is still there."""
        self.inputs.blockSignals(True)
        chosen = self.inputs.currentData()
        self.inputs.clear()
        for label, value in names:
            self.inputs.addItem(label, value)
        self.inputs.setCurrentIndex(max(0, self.inputs.findData(chosen)))
        self.inputs.blockSignals(False)

    def offered_inputs(self) -> list[tuple[str, str]]:
        """The inputs as (label, value)."""
        return [(self.inputs.itemText(place), self.inputs.itemData(place)) for place in range(self.inputs.count())]

    def choose_input(self, value: str) -> None:
        """Make it the chosen one, if it is there."""
        if self.inputs.findData(value) >= 0:
            self.inputs.setCurrentIndex(self.inputs.findData(value))

    def show_beside(self, heard: bool) -> None:
        """Whether a recording takes what the computer plays beside the chosen input."""
        self._beside.setVisible(heard)
        self.inputs.setAccessibleDescription(BESIDE if heard else "")

    def show_state(self, state: State) -> None:
        """Make everything look like `state`."""
        self._state = state
        begun = state.is_recording or state in (State.PAUSING, State.PAUSED)
        text, name = ("S&top", "stop") if begun else ("&Start", "record")
        toggle, pause = self.actions_by_name["toggle"], self.actions_by_name["pause"]
        toggle.setText(text)
        toggle.setEnabled(state not in (State.DRAINING, State.FAILED))
        pause.setText("&Resume" if state in (State.PAUSING, State.PAUSED) else "&Pause")
        pause.setEnabled(state.is_recording or state is State.PAUSED)
        for action, icon_name in ((toggle, name), (pause, "record" if state is State.PAUSED else "pause")):
            action.setIcon(icon(icon_name))
        self._mirror(self.toggle, toggle, "dictation")
        self._mirror(self.pause, pause, "dictation")
        for control in (self.inputs, self.actions_by_name["inputs"], self.actions_by_name["meeting"]):
            control.setEnabled(state in (State.IDLE, State.PAUSED))
        for name in ("new", "history"):
            self.actions_by_name[name].setEnabled(state in (State.IDLE, State.FAILED))
        if state.is_recording:
            self._ticks.start()
        else:
            self._ticks.stop()
            self.meter.reset()
        self._show_status()

    def show_model(self, description: str) -> None:
        """The model is loaded."""
        self._model = description
        self._show_status()

    def show_time(self, time_s: int) -> None:
        """So many seconds have been recorded."""
        self._time_s = time_s
        self._show_status()

    def show_lag(self, lag_s: int) -> None:
        """So many seconds of sound are not transcribed yet."""
        self._lag_s = lag_s
        self._lag.setVisible(bool(self._model) and lag_s >= _LAG_S)
        self._lag.setText(f"{lag_s} s behind")

    def show_lost(self, lost_s: float) -> None:
        """So much sound of this recording never arrived."""
        self._lost.setText(f"{max(lost_s, 0.1):.1f} s lost")  # however little it was, it was not nothing
        self._lost.setVisible(lost_s > 0)

    def show_document(self, document: TranscriptDocument) -> None:
        """Show the transcript."""
        self.view.show_document(document)
        has_text = bool(document.closed or document.open)
        for name in ("copy_all", "export"):
            self.actions_by_name[name].setEnabled(has_text)

    def say(self, text: str) -> None:
        """Tell in the status line, for a moment, that something has been done."""
        self._status.setText(text)
        self._said.start(_SAID_MS)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_status"):  # light became dark
            self.show_state(self._state)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.before_closing():
            event.ignore()
            return
        self.closing.emit()
        super().closeEvent(event)

    def _build(self) -> None:
        self.inputs.setAccessibleName("Input device")
        self.inputs.setToolTip("Where the sound comes from")
        self.inputs.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.inputs.setMinimumContentsLength(16)
        refresh = self._tool_button("inputs", Qt.ToolButtonStyle.ToolButtonIconOnly)
        self._beside.setToolTip(f"{BESIDE} ({self.actions_by_name['meeting'].shortcut().toString()})")
        self._beside.setAccessibleName(BESIDE)
        top = QHBoxLayout()
        for widget in (self.toggle, self.pause, self.inputs, self._beside, refresh, self.meter):
            top.addWidget(widget, 1 if widget is self.inputs else 0)
        bottom = QHBoxLayout()
        self._status.setAccessibleName("State")
        self._status.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        bottom.addWidget(self._status, 1)
        self._lag.setObjectName("badge")
        self._lag.setToolTip("Sound that waits to be transcribed. Nothing of it is lost.")
        self._lost.setObjectName("badge")
        self._lost.setProperty("alarm", True)
        self._lost.setToolTip("Sound of this recording that never arrived")
        bottom.addWidget(self._lag)
        bottom.addWidget(self._lost)
        for name in ("copy_all", "export"):
            bottom.addWidget(self._tool_button(name, Qt.ToolButtonStyle.ToolButtonTextBesideIcon))
        column = QVBoxLayout()
        column.addLayout(top)
        column.addWidget(self.notice)
        column.addWidget(self.hint)
        column.addWidget(self.view, 1)
        column.addWidget(self.find_bar)
        column.addLayout(bottom)
        page = QWidget()
        page.setLayout(column)
        self.setCentralWidget(page)
        self.show_beside(False)
        self.show_lag(0)
        self.show_lost(0.0)
        self.toggle.setFocus()

    def _connect(self) -> None:
        for button, name in ((self.toggle, "toggle"), (self.pause, "pause")):
            button.setMinimumWidth(14 * self.fontMetrics().averageCharWidth())
            button.clicked.connect(self.actions_by_name[name].trigger)
        self.on("toggle", self._toggle)
        self.on("pause", self._pause)
        self.on("copy_all", self._copy_text)
        self.on("find", self.find_bar.open)
        self.on("follow", self.view.follow)
        self.on("quit", self.close)
        self.actions_by_name["timestamps"].toggled.connect(self.view.show_timestamps)
        self.inputs.currentIndexChanged.connect(lambda: self.input_chosen.emit(self.inputs.currentData() or ""))

    def _tool_button(self, name: str, style: Qt.ToolButtonStyle) -> QToolButton:
        action = self.actions_by_name[name]
        button = QToolButton()
        button.setDefaultAction(action)
        button.setToolButtonStyle(style)
        button.setAutoRaise(True)
        button.setAccessibleName(action.text().replace("&", ""))
        return button

    def _mirror(self, button: QPushButton, action: QAction, what: str) -> None:
        """A button that looks like its action; pressing it triggers that."""
        plain = action.text().replace("&", "")
        button.setText(action.text())
        button.setIcon(action.icon())
        button.setEnabled(action.isEnabled())
        button.setAccessibleName(f"{plain} {what}")
        button.setToolTip(f"{plain} {what} ({action.shortcut().toString()})")

    def _show_status(self) -> None:
        loading = "" if self._model or self._state is State.FAILED else " The model is loading."
        model = f" Model: {self._model}." if self._model and self._state is State.IDLE else ""
        runs = self._state in (State.LISTENING, State.PAUSED)
        time = f" {self._time_s // 60}:{self._time_s % 60:02d}" if runs else ""
        text = _STATUS[self._state] + time + loading + model
        self._status.setText(text)
        self._status.setToolTip(plain_tip(text))

    def _toggle(self) -> None:
        if self._state is State.IDLE:
            self.start_requested.emit(self.inputs.currentData() or "")
        else:
            self.stop_requested.emit()

    def _pause(self) -> None:
        if self._state is State.PAUSED:
            self.resume_requested.emit(self.inputs.currentData() or "")
        else:
            self.pause_requested.emit()

    def _copy_text(self) -> None:
        QGuiApplication.clipboard().setText(self.view.toPlainText())
        self.say("Copied.")
