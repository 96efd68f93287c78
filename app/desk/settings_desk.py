"""The settings dialog joined with the desktop's settings."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from app.desk.desktop import Desktop
from app.paths import history_file, recordings_folder, settings_file
from app.ui.commands import shortcuts
from app.ui.key_field import KeyField
from app.ui.settings_dialog import SettingsDialog


class SettingsDesk(QObject):
    """One dialog at a time; what changes in it holds at once."""

    choosing_keys = Signal(bool)  # keys are pressed to be chosen, or no longer: meanwhile they mean nothing else

    def __init__(self, desktop: Desktop) -> None:
        super().__init__(desktop)
        self._desktop = desktop
        self._dialog: SettingsDialog | None = None
        desktop.window.on("settings", self.open)
        desktop.settings_changed.connect(self._follow)

    def open(self) -> None:
        """Show the dialog."""
        if self._dialog is None:
            desktop = self._desktop
            folders = [
                ("Settings", str(settings_file())),
                ("History", str(history_file())),
                ("Sound", str(recordings_folder())),
            ]
            inputs = desktop.window.offered_inputs()
            dialog = SettingsDialog(desktop.settings, inputs, shortcuts(), folders, parent=desktop.window)
            screens = [screen.name() for screen in QGuiApplication.screens()]
            dialog.offer("captions.screen", [("The main one", ""), *((name, name) for name in screens)])
            dialog.changed.connect(desktop.use)
            for field in dialog.findChildren(KeyField):
                field.listening.connect(self.choosing_keys)
            dialog.finished.connect(self._forget)
            self._dialog = dialog
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()

    def shut_down(self) -> None:
        """Take what was typed last."""
        if self._dialog is not None:
            self._dialog.settle()

    def _follow(self) -> None:
        if self._dialog is not None and self._dialog.isVisible():
            self._dialog.show_settings(self._desktop.settings)

    def _forget(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None
