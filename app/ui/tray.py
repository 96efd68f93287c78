"""The icon in the tray: shows what the program does while its window is out of sight, and starts and stops it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, SignalInstance
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from app.state import State
from app.ui.icons import icon

_LOOKS = {  # icon, what is said of it
    State.IDLE: ("app", "Ready"),
    State.ARMING: ("app-arming", "Waiting for sound"),
    State.LISTENING: ("app-listening", "Listening"),
    State.PAUSING: ("app-draining", "Writing the last words"),
    State.PAUSED: ("app-paused", "Paused"),
    State.DRAINING: ("app-draining", "Writing the last words"),
    State.FAILED: ("app-failed", "Not working"),
}


class TrayIcon(QObject):
    """Asks through signals; it looks as it is told. Hidden until `show_icon`."""

    toggle_requested = Signal()  # start or stop
    pause_requested = Signal()  # pause or resume
    captions_toggled = Signal(bool)
    click_through_toggled = Signal(bool)  # of the captions: the only way back for who cannot click on them
    window_requested = Signal()
    quit_requested = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.menu = QMenu()
        self.toggle = self.menu.addAction(icon("record"), "")
        self.pause = self.menu.addAction(icon("pause"), "")
        self.menu.addSeparator()
        self.captions = self._switch("&Captions", self.captions_toggled)
        self.click_through = self._switch("Captions let clicks &through", self.click_through_toggled)
        self.menu.addSeparator()
        window = self.menu.addAction(icon("app"), "Show &window")
        leave = self.menu.addAction("&Quit")
        self._icon = QSystemTrayIcon(self)
        self._icon.setContextMenu(self.menu)
        self._icon.activated.connect(self._answer)
        self.toggle.triggered.connect(lambda _: self.toggle_requested.emit())
        self.pause.triggered.connect(lambda _: self.pause_requested.emit())
        window.triggered.connect(lambda _: self.window_requested.emit())
        leave.triggered.connect(lambda _: self.quit_requested.emit())
        self.show_state(State.IDLE)
        self.show_captions(shown=False, click_through=False)

    @staticmethod
    def available() -> bool:
        """Whether this desktop has a tray: without one a hidden window could not be found again."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    @property
    def is_shown(self) -> bool:
        return self._icon.isVisible()

    @property
    def tooltip(self) -> str:
        return self._icon.toolTip()

    def show_icon(self, shown: bool) -> None:
        """Be in the tray, or not."""
        self._icon.setVisible(shown)

    def show_state(self, state: State) -> None:
        """Look like `state`, in icon, tooltip and menu."""
        name, said = _LOOKS[state]
        self._icon.setIcon(icon(name))
        self._icon.setToolTip(f"Dictate: {said}")
        begun = state.is_recording or state in (State.PAUSING, State.PAUSED)
        self.toggle.setText("&Stop" if begun else "&Start")
        self.toggle.setIcon(icon("stop" if begun else "record"))
        self.toggle.setEnabled(state not in (State.DRAINING, State.FAILED))
        rests = state in (State.PAUSING, State.PAUSED)
        self.pause.setText("&Resume" if rests else "&Pause")
        self.pause.setIcon(icon("record" if rests else "pause"))
        self.pause.setEnabled(state.is_recording or state is State.PAUSED)

    def show_captions(self, shown: bool, click_through: bool) -> None:
        """Tick what holds of the captions; no signal comes of it."""
        self.captions.setChecked(shown)
        self.click_through.setChecked(click_through)
        self.click_through.setEnabled(shown)

    def _switch(self, text: str, signal: SignalInstance) -> QAction:
        action = self.menu.addAction(text)
        action.setCheckable(True)
        action.triggered.connect(signal)
        return action

    def _answer(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason == QSystemTrayIcon.ActivationReason.Trigger:
            self.window_requested.emit()
        elif reason == QSystemTrayIcon.ActivationReason.MiddleClick:
            self.toggle_requested.emit()
